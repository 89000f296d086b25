//! A small HTTP/1.1 client, with which the demo plays its tour on itself and the benchmark waits
//! for its server.
//!
//! Invariant: one request a connection, to a server of our own, with a time-out on every step.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

/// How long each step of a request may take.
const STEP_MAX: Duration = Duration::from_secs(30);

/// The longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'r> {
    pub(crate) method: &'r str,
    pub(crate) path: &'r str,
    /// The bearer token, where one is needed.
    pub(crate) token: &'r str,
    /// JSON, or empty.
    pub(crate) body: &'r str,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// As in `201 Created`.
    pub(crate) status_line: String,
    pub(crate) body: String,
}

/// Sends one request and reads its answer.
///
/// # Errors
/// When the server is not there, does not answer in time, or answers with something else.
pub(crate) fn send(address: SocketAddr, request: Request<'_>) -> anyhow::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&address, STEP_MAX)
        .with_context(|| format!("could not connect to {address}"))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(STEP_MAX))?;
    stream.set_write_timeout(Some(STEP_MAX))?;
    stream.write_all(message(address, request).as_bytes()).context("could not send")?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).context("could not read the answer")?;
    parse(&answer)
}

fn message(address: SocketAddr, request: Request<'_>) -> String {
    let Request { method, path, token, body } = request;
    let mut message =
        format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    if !token.is_empty() {
        message.extend(["Authorization: Bearer ", token, "\r\n"]);
    }
    if !body.is_empty() {
        message.push_str("Content-Type: application/json\r\n");
    }
    if method != "GET" {
        message.extend(["Content-Length: ", &body.len().to_string(), "\r\n"]);
    }
    message + "\r\n" + body
}

/// Reads an answer that ends with its connection and says how long it is.
fn parse(answer: &[u8]) -> anyhow::Result<Answer> {
    let answer = str::from_utf8(answer).context("the answer is no text")?;
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer is cut off")?;
    let mut lines = head.lines();
    let status_line = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
    let status_line = status_line.context("the answer is not HTTP/1.1")?;
    let status = status_line.get(..3).and_then(|status| status.parse().ok());
    let status = status.context("the answer has no status")?;
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("transfer-encoding") {
            bail!("the answer comes in chunks, which this client does not read");
        }
        if name.eq_ignore_ascii_case("content-length") {
            ensure!(value.trim().parse() == Ok(body.len()), "the answer is cut off");
        }
    }
    Ok(Answer { status, status_line: status_line.to_owned(), body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_written_as_rfc_9112_says() {
        let address = "127.0.0.1:8080".parse().unwrap();
        let get = Request { method: "GET", path: "/livez", token: "", body: "" };
        assert_eq!(
            message(address, get),
            "GET /livez HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: close\r\n\r\n"
        );
        let post = Request { method: "POST", path: "/a", token: "t", body: "{}" };
        assert_eq!(
            message(address, post),
            "POST /a HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: close\r\n\
             Authorization: Bearer t\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\
             \r\n{}"
        );
    }

    #[test]
    fn answers_are_read_whole_or_not_at_all() {
        let whole = parse(b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}").unwrap();
        assert_eq!((whole.status, whole.body.as_str()), (201, "{}"));
        assert_eq!(whole.status_line, "201 Created");
        for bad in [
            "",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            "SSH-2.0-x\r\n\r\n",
            "HTTP/1.1 x\r\n\r\n",
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
