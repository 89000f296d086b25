//! A keep-alive HTTP/1.1 client that tells a request which surely did not arrive from one whose
//! fate is unknown.

use std::fmt;
use std::io::{BufRead, BufReader, ErrorKind, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a connection may take to open.
const CONNECT_MAX: Duration = Duration::from_secs(2);

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'r> {
    pub(super) method: &'r str,
    pub(super) path: &'r str,
    /// The bearer token, or empty.
    pub(super) token: &'r str,
    /// JSON, or empty.
    pub(super) body: &'r str,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// Whether it is marked as the answer of an earlier request.
    pub(super) is_replayed: bool,
    pub(super) body: String,
}

impl Reply {
    /// The first text called `name` in the body: all that is read from JSON here.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.body.split_once(&format!("\"{name}\""))?;
        let (value, _) =
            rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?.split_once('"')?;
        Some(value)
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nobody could be reached: nothing was sent.
    NotSent(std::io::Error),
    /// It was sent, at least in part, and may have been done.
    Unknown(std::io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::NotSent(error) => write!(formatter, "could not be sent: {error}"),
            Failure::Unknown(error) => write!(formatter, "got no answer: {error}"),
        }
    }
}

impl std::error::Error for Failure {}

/// A connection that opens itself, and opens itself again after it was lost.
pub(super) struct Connection {
    address: SocketAddr,
    /// How long an answer may take.
    answer_max: Duration,
    stream: Option<BufReader<TcpStream>>,
}

impl Connection {
    pub(super) fn new(address: SocketAddr, answer_max: Duration) -> Connection {
        Connection { address, answer_max, stream: None }
    }

    /// Sends one request and reads its answer. After a failure the connection is closed.
    pub(super) fn call(&mut self, request: Request<'_>) -> Result<Reply, Failure> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => BufReader::new(self.open().map_err(Failure::NotSent)?),
        };
        let Request { method, path, token, body } = request;
        let length = body.len();
        let message = format!(
            "{method} {path} HTTP/1.1\r\nHost: kassa\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let sent = stream.get_mut().write_all(message.as_bytes());
        let (reply, is_last) =
            sent.and_then(|()| read_reply(&mut stream)).map_err(Failure::Unknown)?;
        if !is_last {
            self.stream = Some(stream);
        }
        Ok(reply)
    }

    fn open(&self) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect_timeout(&self.address, CONNECT_MAX)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(self.answer_max))?;
        stream.set_write_timeout(Some(self.answer_max))?;
        Ok(stream)
    }
}

/// Reads one answer, and whether its sender closes the connection after it.
fn read_reply(stream: &mut impl BufRead) -> std::io::Result<(Reply, bool)> {
    let mut line = String::new();
    read_line(stream, &mut line)?;
    let version = line.get(..9).filter(|version| version.starts_with("HTTP/1."));
    let status = line.get(9..12).filter(|_| version.is_some());
    let status = status.and_then(|status| status.parse().ok()).ok_or(ErrorKind::InvalidData)?;
    let mut is_last = version == Some("HTTP/1.0 ");
    let (mut is_replayed, mut length) = (false, 0);
    loop {
        read_line(stream, &mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().map_err(|_| ErrorKind::InvalidData)?,
            "idempotent-replayed" => is_replayed = value == "true",
            "connection" => is_last |= value.eq_ignore_ascii_case("close"),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    let body = String::from_utf8(body).map_err(|_| ErrorKind::InvalidData)?;
    Ok((Reply { status, is_replayed, body }, is_last))
}

fn read_line(stream: &mut impl BufRead, line: &mut String) -> std::io::Result<()> {
    line.clear();
    stream.read_line(line)?;
    if line.ends_with("\r\n") { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_whole_or_not_at_all() {
        let whole = "HTTP/1.1 201 Created\r\nIdempotent-Replayed: true\r\n\
                     Content-Length: 13\r\n\r\n{\"@id\": \"/a\"}";
        let (reply, is_last) = read_reply(&mut whole.as_bytes()).unwrap();
        assert_eq!((reply.status, reply.is_replayed, is_last), (201, true, false));
        assert_eq!((reply.text("@id"), reply.text("id")), (Some("/a"), None));
        for cut_off in ["", "HTTP/1.1 201", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{"] {
            assert!(read_reply(&mut cut_off.as_bytes()).is_err(), "{cut_off}");
        }
    }

    #[test]
    fn nobody_there_means_that_nothing_was_sent() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let mut connection = Connection::new(address, Duration::from_secs(1));
        let request = Request { method: "GET", path: "/", token: "", body: "" };
        assert!(matches!(connection.call(request), Err(Failure::NotSent(_))));
    }
}
