//! A keep-alive HTTP/1.1 client over a socket, which shows every byte of an answer.

use std::io::{BufReader, ErrorKind, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// No step of a request may take longer.
const STEP_MAX: Duration = Duration::from_secs(30);

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    /// A header's value; names are in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether it is marked as the answer of an earlier request.
    pub(crate) fn is_replayed(&self) -> bool {
        self.header("idempotent-replayed") == Some("true")
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The last part of the link to what was made.
    #[track_caller]
    pub(crate) fn id(&self) -> String {
        let answer = self.json();
        let link = answer["@id"].as_str().unwrap_or_else(|| panic!("no @id in {}", self.body));
        link.rsplit('/').next().unwrap().to_owned()
    }
}

/// A connection that opens itself again after it was lost.
pub(crate) struct Connection {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

impl Connection {
    pub(crate) fn new(address: SocketAddr) -> Connection {
        Connection { address, stream: None }
    }

    pub(crate) fn get(&mut self, path: &str, token: &str) -> std::io::Result<Reply> {
        self.call("GET", path, token, "")
    }

    pub(crate) fn post(&mut self, path: &str, token: &str, body: &str) -> std::io::Result<Reply> {
        self.call("POST", path, token, body)
    }

    /// Sends JSON and reads the answer. After an error the connection is closed.
    pub(crate) fn call(
        &mut self,
        method: &str,
        path: &str,
        token: &str,
        body: &str,
    ) -> std::io::Result<Reply> {
        let authorization = format!("Bearer {token}");
        let headers =
            [("Content-Type", "application/json"), ("Authorization", authorization.as_str())];
        let sent = if token.is_empty() { 1 } else { 2 };
        self.send(method, path, &headers[..sent], body)
    }

    /// Sends one request with headers and reads its answer. After an error the connection is
    /// closed.
    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> std::io::Result<Reply> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => BufReader::new(connect(self.address)?),
        };
        let length = body.len().to_string();
        let mut message = format!("{method} {path} HTTP/1.1\r\nHost: kassa\r\n");
        for (name, value) in headers.iter().chain(&[("Content-Length", length.as_str())]) {
            message.extend([*name, ": ", *value, "\r\n"]);
        }
        message.extend(["\r\n", body]);
        stream.get_mut().write_all(message.as_bytes())?;
        let reply = read_reply(&mut stream)?;
        if reply.header("connection") != Some("close") {
            self.stream = Some(stream);
        }
        Ok(reply)
    }
}

/// Connects, with a limit on every later step.
pub(crate) fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, STEP_MAX)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(STEP_MAX))?;
    stream.set_write_timeout(Some(STEP_MAX))?;
    Ok(stream)
}

/// Reads one answer: status line, headers, and as many bytes as `Content-Length` says.
pub(crate) fn read_reply(stream: &mut impl std::io::BufRead) -> std::io::Result<Reply> {
    let cut_off = || std::io::Error::from(ErrorKind::UnexpectedEof);
    let strange = |line: &str| std::io::Error::new(ErrorKind::InvalidData, line.to_owned());
    let mut line = String::new();
    stream.read_line(&mut line)?;
    if !line.ends_with("\r\n") {
        return Err(cut_off());
    }
    let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let status = status.ok_or_else(|| strange(&line))?;
    let mut headers = Vec::new();
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        if !line.ends_with("\r\n") {
            return Err(cut_off());
        }
        if line == "\r\n" {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| strange(&line))?;
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    let body = String::from_utf8(body).map_err(|_| strange("the body is no text"))?;
    Ok(Reply { status, headers, body })
}
