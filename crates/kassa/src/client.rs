//! A small HTTP/1.1 client, with which the demo plays its tour on itself, the benchmark waits for
//! its server, files are sent, and the virtual terminal calls home.
//!
//! Invariant: one request a connection, to a server of our own, with a time-out on every step.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

/// How long each step of a request may take.
const STEP_MAX: Duration = Duration::from_secs(30);

/// The longest answer that is read into memory, in bytes.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;

/// The longest head of an answer that is read piece by piece, in bytes.
const HEAD_BYTES_MAX: u64 = 64 * 1024;

/// How much of such an answer is read at a time, in bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'r> {
    pub(crate) method: &'r str,
    pub(crate) path: &'r str,
    /// The bearer token, where one is needed.
    pub(crate) token: &'r str,
    /// JSON unless a header says otherwise, or empty.
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

/// The head of an answer whose body is read piece by piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// The length of the body, in bytes.
    pub(crate) length: u64,
}

/// Where a server is that was given as `http://HOST:PORT`.
///
/// # Errors
/// When it was given otherwise, or nobody knows where it is.
pub(crate) fn resolve(url: &str) -> anyhow::Result<SocketAddr> {
    let Some(host) = url.strip_prefix("http://") else {
        bail!("{url} is no http:// address; this client speaks no TLS");
    };
    let host = host.strip_suffix('/').unwrap_or(host);
    ensure!(!host.contains('/'), "{url} has a path; give the server's address alone");
    let host = if host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    let mut found = host.to_socket_addrs().with_context(|| format!("{host} is not known"))?;
    found.next().with_context(|| format!("{host} has no address"))
}

/// Sends one request and reads its answer.
///
/// # Errors
/// When the server is not there, does not answer in time, or answers with something else.
pub(crate) fn send(address: SocketAddr, request: Request<'_>) -> anyhow::Result<Answer> {
    send_with(address, request, &[])
}

/// As [`send`], with more headers.
///
/// # Errors
/// As [`send`].
pub(crate) fn send_with(
    address: SocketAddr,
    request: Request<'_>,
    headers: &[(&str, &str)],
) -> anyhow::Result<Answer> {
    let stream = ask(address, request, headers)?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).context("could not read the answer")?;
    parse(&answer)
}

/// As [`send_with`], for an answer of any length: `take` gets its body as it comes.
///
/// # Errors
/// As [`send`], and what `take` says. `take` may have had a part of the body then.
pub(crate) fn fetch(
    address: SocketAddr,
    request: Request<'_>,
    headers: &[(&str, &str)],
    take: impl FnMut(&Head, &[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<Head> {
    read_pieces(ask(address, request, headers)?, take)
}

/// Sends a file of `length` bytes as it is read, and reads the answer, for which it waits as long
/// as `patience` says.
///
/// # Errors
/// As [`send`], and when the file cannot be read.
pub(crate) fn upload(
    address: SocketAddr,
    request: Request<'_>,
    (file, length): (&mut dyn Read, u64),
    patience: Duration,
) -> anyhow::Result<Answer> {
    let mut stream = connect(address)?;
    stream.set_read_timeout(Some(patience))?;
    let length = length.to_string();
    let headers = [("Content-Type", "application/octet-stream"), ("Content-Length", &*length)];
    let head = message(address, request, &headers);
    stream.write_all(head.as_bytes()).context("could not send")?;
    // A server that refuses before the end answers, and that is what one wants to know.
    let sent = std::io::copy(file, &mut stream);
    let mut answer = Vec::new();
    let read = stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer);
    if answer.is_empty() {
        sent.context("could not send the file")?;
        read.context("could not read the answer")?;
    }
    parse(&answer)
}

/// Sends one request.
fn ask(
    address: SocketAddr,
    request: Request<'_>,
    headers: &[(&str, &str)],
) -> anyhow::Result<TcpStream> {
    let mut stream = connect(address)?;
    stream.write_all(message(address, request, headers).as_bytes()).context("could not send")?;
    Ok(stream)
}

/// Connects, with a limit on every later step.
fn connect(address: SocketAddr) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, STEP_MAX)
        .with_context(|| format!("could not connect to {address}"))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(STEP_MAX))?;
    stream.set_write_timeout(Some(STEP_MAX))?;
    Ok(stream)
}

/// Reads the head of an answer, and gives its body to `take`.
fn read_pieces(
    stream: impl Read,
    mut take: impl FnMut(&Head, &[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<Head> {
    let mut stream = BufReader::with_capacity(PIECE_BYTES, stream.take(HEAD_BYTES_MAX));
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        let read = stream.read_until(b'\n', &mut text).context("could not read the answer")?;
        ensure!(read > 0, "the answer is cut off");
    }
    let head = parse_head(str::from_utf8(&text).context("the answer is no text")?)?;
    stream.get_mut().set_limit(u64::MAX);
    let mut left = head.length;
    while left > 0 {
        let piece = stream.fill_buf().context("could not read the answer")?;
        ensure!(!piece.is_empty(), "the answer is cut off");
        let fits = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
        take(&head, piece.get(..fits).unwrap_or_default())?;
        stream.consume(fits);
        left = left.saturating_sub(u64::try_from(fits).unwrap_or(left));
    }
    Ok(head)
}

fn parse_head(text: &str) -> anyhow::Result<Head> {
    let mut lines = text.lines();
    let status = status_line(&mut lines)?.1;
    let (mut length, mut is_chunked) = (None, false);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        is_chunked |= name.eq_ignore_ascii_case("transfer-encoding");
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok();
        }
    }
    ensure!(!is_chunked, "the answer comes in chunks, which this client does not read");
    Ok(Head { status, length: length.context("the answer does not say how long it is")? })
}

fn message(address: SocketAddr, request: Request<'_>, headers: &[(&str, &str)]) -> String {
    let Request { method, path, token, body } = request;
    let mut message =
        format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    if !token.is_empty() {
        message.extend(["Authorization: Bearer ", token, "\r\n"]);
    }
    for (name, value) in headers {
        message.extend([name, ": ", value, "\r\n"]);
    }
    let is_typed = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if !body.is_empty() && !is_typed {
        message.push_str("Content-Type: application/json\r\n");
    }
    let has_length = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    if method != "GET" && !has_length {
        message.extend(["Content-Length: ", &body.len().to_string(), "\r\n"]);
    }
    message + "\r\n" + body
}

/// Reads an answer that ends with its connection and says how long it is.
fn parse(answer: &[u8]) -> anyhow::Result<Answer> {
    let answer = str::from_utf8(answer).context("the answer is no text")?;
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer is cut off")?;
    let mut lines = head.lines();
    let (status_line, status) = status_line(&mut lines)?;
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

/// The status line without its version, and the status.
fn status_line<'l>(lines: &mut std::str::Lines<'l>) -> anyhow::Result<(&'l str, u16)> {
    let status_line = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
    let status_line = status_line.context("the answer is not HTTP/1.1")?;
    let status = status_line.get(..3).and_then(|status| status.parse().ok());
    Ok((status_line, status.context("the answer has no status")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_plain_http() {
        let at = |url| resolve(url).map(|address| address.to_string()).ok();
        assert_eq!(at("http://127.0.0.1:8080").as_deref(), Some("127.0.0.1:8080"));
        assert_eq!(at("http://127.0.0.1:8080/").as_deref(), Some("127.0.0.1:8080"));
        assert_eq!(at("http://127.0.0.1").as_deref(), Some("127.0.0.1:80"));
        assert_eq!(at("http://[::1]:8080").as_deref(), Some("[::1]:8080"));
        for bad in ["https://127.0.0.1", "127.0.0.1:8080", "http://127.0.0.1/kassa", "http://"] {
            assert_eq!(at(bad), None, "{bad}");
        }
    }

    #[test]
    fn requests_are_written_as_rfc_9112_says() {
        let address = "127.0.0.1:8080".parse().unwrap();
        let get = Request { method: "GET", path: "/livez", token: "", body: "" };
        assert_eq!(
            message(address, get, &[]),
            "GET /livez HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: close\r\n\r\n"
        );
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        let post = Request { method: "POST", path: "/a", token: "", body: "a=b" };
        let written = message(address, post, &form);
        assert!(written.matches("Content-Type").count() == 1 && written.contains("urlencoded"));
        let post = Request { method: "POST", path: "/a", token: "t", body: "{}" };
        assert_eq!(
            message(address, post, &[("Range", "bytes=1-")]),
            "POST /a HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: close\r\n\
             Authorization: Bearer t\r\nRange: bytes=1-\r\nContent-Type: application/json\r\n\
             Content-Length: 2\r\n\r\n{}"
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

    #[test]
    fn long_answers_are_read_in_pieces() {
        let read = |answer: &[u8]| {
            let mut body = Vec::new();
            let head = read_pieces(answer, |head, piece| {
                assert_eq!(head.status, 206);
                body.extend_from_slice(piece);
                Ok(())
            });
            (head.map(|head| head.length), body)
        };
        let long = vec![7; 200_000];
        let mut answer = b"HTTP/1.1 206 Partial\r\nContent-Length: 200000\r\n\r\n".to_vec();
        answer.extend_from_slice(&long);
        let (length, body) = read(&answer);
        assert_eq!((length.unwrap(), body.len()), (200_000, 200_000));
        let (cut, body) = read(&answer[..150_000]);
        assert!(cut.is_err() && body.len() > 100_000, "what has come is not lost");
        assert!(read(b"HTTP/1.1 206 P\r\n\r\n").0.is_err(), "without a length");
        assert!(read(b"HTTP/1.1 206 P\r\ntransfer-encoding: chunked\r\n\r\n").0.is_err());
        assert!(read(b"HTTP/1.1 206 P\r\n").0.is_err());
    }
}
