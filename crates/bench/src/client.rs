//! One keep-alive HTTP/1.1 connection that sends ready-made requests.
//!
//! Invariant: one request is under way at a time; an answer is read to its end before the next.
//!
//! It knows as much of HTTP/1.1 (RFC 9112) as the own server's answers need: a status line,
//! `Content-Length`, `Connection: close`. Anything else is an error, never a guess.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The longest status line with all headers, in bytes.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;
/// The longest body, in bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Room made for each read, in bytes; an answer of the ledger has less than half of it.
const READ_BYTES: usize = 4096;

/// A connection that opens itself at the first exchange, and again after it was lost.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    received: Vec<u8>,
}

/// An answer, borrowed from its connection until the next exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The body, whole.
    pub body: &'a [u8],
}

/// Why an exchange gave no answer. The server may or may not have seen the request.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Connecting, writing or reading failed.
    #[error("transport failed: {0}")]
    Io(#[from] io::Error),
    /// The server closed the connection before the answer's end.
    #[error("the server closed the connection")]
    Closed,
    /// The answer is not one that this client reads.
    #[error("the answer is malformed: {0}")]
    Malformed(#[from] ParseError),
    /// More bytes came than one answer has, though nothing more was asked.
    #[error("the server sent more than one answer")]
    Unasked,
}

impl Connection {
    /// A connection to `address`, not yet open.
    pub fn new(address: SocketAddr) -> Connection {
        Connection { address, stream: None, received: Vec::with_capacity(READ_BYTES) }
    }

    /// Opens the connection unless it is open.
    ///
    /// # Errors
    /// [`ClientError::Io`].
    pub async fn open(&mut self) -> Result<(), ClientError> {
        let stream = self.take_stream().await?;
        self.stream = Some(stream);
        Ok(())
    }

    /// Sends `request`, a whole HTTP/1.1 message, and reads its answer.
    ///
    /// # Errors
    /// Any [`ClientError`]; the connection is then closed and the next exchange opens a new one.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>, ClientError> {
        // Taken, so that each early return leaves the connection closed.
        let mut stream = self.take_stream().await?;
        stream.write_all(request).await?;
        self.received.clear();
        let frame = loop {
            self.received.reserve(READ_BYTES);
            if stream.read_buf(&mut self.received).await? == 0 {
                return Err(ClientError::Closed);
            }
            if let Some(frame) = parse_frame(&self.received)? {
                break frame;
            }
        };
        if self.received.len() > frame.length {
            return Err(ClientError::Unasked);
        }
        if frame.keep_alive {
            self.stream = Some(stream);
        }
        let body = self.received.get(frame.body_start..frame.length).unwrap_or_default();
        Ok(Answer { status: frame.status, body })
    }

    async fn take_stream(&mut self) -> Result<TcpStream, ClientError> {
        if let Some(stream) = self.stream.take() {
            return Ok(stream);
        }
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

/// Where an answer's parts are in the bytes received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The HTTP status.
    pub status: u16,
    /// Offset of the body's first byte.
    pub body_start: usize,
    /// Bytes of the whole answer; what follows belongs to the next one.
    pub length: usize,
    /// Whether the server keeps the connection open.
    pub keep_alive: bool,
}

/// Why bytes are not an answer that this client reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Not `HTTP/1.1` with a final status of three digits.
    #[error("bad status line")]
    StatusLine,
    /// A header line without a name or a colon.
    #[error("bad header")]
    Header,
    /// `Content-Length` is not one number.
    #[error("bad content length")]
    ContentLength,
    /// Neither a length nor a status without a body; chunks are not read.
    #[error("no content length")]
    LengthMissing,
    /// More than [`HEAD_BYTES_MAX`] or [`BODY_BYTES_MAX`].
    #[error("too long")]
    TooLong,
}

/// Finds the first answer in `received`; `None` while it is not complete.
///
/// # Errors
/// [`ParseError`], as soon as the bytes cannot become an answer.
pub fn parse_frame(received: &[u8]) -> Result<Option<Frame>, ParseError> {
    let Some(head_length) = received.windows(4).position(|window| window == b"\r\n\r\n") else {
        let too_long = received.len() > HEAD_BYTES_MAX;
        return if too_long { Err(ParseError::TooLong) } else { Ok(None) };
    };
    if head_length > HEAD_BYTES_MAX {
        return Err(ParseError::TooLong);
    }
    let head = received.get(..head_length).unwrap_or_default();
    let mut lines = head.split(|byte| *byte == b'\n').map(without_carriage_return);
    let status = parse_status(lines.next().unwrap_or_default())?;
    let mut content_length = None;
    let mut keep_alive = true;
    for line in lines {
        let (name, value) = parse_header(line)?;
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = parse_length(value)?;
            if content_length.is_some_and(|earlier| earlier != length) {
                return Err(ParseError::ContentLength);
            }
            content_length = Some(length);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            return Err(ParseError::LengthMissing);
        } else if name.eq_ignore_ascii_case(b"connection") {
            keep_alive = !value.eq_ignore_ascii_case(b"close");
        }
    }
    let bodiless = matches!(status, 204 | 304);
    let body_length = match content_length {
        Some(_) | None if bodiless => 0,
        Some(length) => length,
        None => return Err(ParseError::LengthMissing),
    };
    let body_start = head_length + 4;
    let length = body_start + body_length;
    let complete = received.len() >= length;
    Ok(complete.then_some(Frame { status, body_start, length, keep_alive }))
}

fn without_carriage_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Reads `HTTP/1.1 201 Created`. Interim answers (1xx) are refused: the client never asks for one.
fn parse_status(line: &[u8]) -> Result<u16, ParseError> {
    let rest = line.strip_prefix(b"HTTP/1.1 ").ok_or(ParseError::StatusLine)?;
    let (code, reason) = rest.split_at_checked(3).ok_or(ParseError::StatusLine)?;
    if !matches!(reason.first(), None | Some(b' ')) {
        return Err(ParseError::StatusLine);
    }
    let status = parse_digits(code).ok_or(ParseError::StatusLine)?;
    match u16::try_from(status) {
        Ok(status @ 200..=599) => Ok(status),
        Ok(_) | Err(_) => Err(ParseError::StatusLine),
    }
}

fn parse_header(line: &[u8]) -> Result<(&[u8], &[u8]), ParseError> {
    let colon = line.iter().position(|byte| *byte == b':').ok_or(ParseError::Header)?;
    let (name, value) = line.split_at_checked(colon).ok_or(ParseError::Header)?;
    if name.is_empty() || name.iter().any(u8::is_ascii_whitespace) {
        return Err(ParseError::Header);
    }
    Ok((name, value.strip_prefix(b":").unwrap_or(value).trim_ascii()))
}

fn parse_length(value: &[u8]) -> Result<usize, ParseError> {
    let length = parse_digits(value).ok_or(ParseError::ContentLength)?;
    if length > BODY_BYTES_MAX { Err(ParseError::TooLong) } else { Ok(length) }
}

/// A number of ASCII digits only: no sign, no white space.
fn parse_digits(digits: &[u8]) -> Option<usize> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATED: &[u8] = b"HTTP/1.1 201 Created\r\ncontent-length: 4\r\n\r\nbody";

    fn check(received: &str, expected: Result<Option<(u16, &str, bool)>, ParseError>) {
        let frame = parse_frame(received.as_bytes());
        let seen = frame.map(|frame| {
            frame.map(|frame| {
                let body = &received[frame.body_start..frame.length];
                (frame.status, body, frame.keep_alive)
            })
        });
        assert_eq!(seen, expected, "{received:?}");
    }

    #[test]
    fn lengths_are_read_in_each_spelling() {
        let answer = |headers: &str| format!("HTTP/1.1 201 Created\r\n{headers}\r\n\r\nbody");
        for headers in [
            "content-length: 4",
            "Content-Length:4",
            "CONTENT-LENGTH: \t4 ",
            "date: today\r\ncontent-length: 0004\r\nserver: kassa: 1",
            "content-length: 4\r\ncontent-length: 4",
        ] {
            check(&answer(headers), Ok(Some((201, "body", true))));
        }
        check(&answer("content-length: 4\r\nConnection: Close"), Ok(Some((201, "body", false))));
        check("HTTP/1.1 204\r\n\r\n", Ok(Some((204, "", true))));
        check("HTTP/1.1 204 \r\na: b\r\n\r\n", Ok(Some((204, "", true))));
        check("HTTP/1.1 304\r\ncontent-length: 7\r\n\r\n", Ok(Some((304, "", true))));
    }

    #[test]
    fn an_answer_is_found_once_its_last_byte_is_there() {
        for length in 0..CREATED.len() {
            assert_eq!(parse_frame(&CREATED[..length]), Ok(None), "{length} bytes");
        }
        let frame = parse_frame(CREATED).unwrap().unwrap();
        assert_eq!((frame.status, frame.length), (201, CREATED.len()));
    }

    #[test]
    fn leftovers_belong_to_the_next_answer() {
        let two = [CREATED, b"HTTP/1.1 422 No\r\ncontent-length: 0\r\n\r\n"].concat();
        let first = parse_frame(&two).unwrap().unwrap();
        assert_eq!((first.status, first.length), (201, CREATED.len()));
        let second = parse_frame(&two[first.length..]).unwrap().unwrap();
        assert_eq!((second.status, first.length + second.length), (422, two.len()));
    }

    #[test]
    fn bad_input_is_an_error() {
        let head = |headers: &str| format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n");
        for (received, expected) in [
            ("ICY 200 OK\r\na: b\r\n\r\n".to_owned(), ParseError::StatusLine),
            ("HTTP/1.0 200 OK\r\na: b\r\n\r\n".to_owned(), ParseError::StatusLine),
            ("HTTP/1.1 2x0 OK\r\na: b\r\n\r\n".to_owned(), ParseError::StatusLine),
            ("HTTP/1.1 2000 OK\r\na: b\r\n\r\n".to_owned(), ParseError::StatusLine),
            ("HTTP/1.1 100 Continue\r\na: b\r\n\r\n".to_owned(), ParseError::StatusLine),
            ("HTTP/1.1 20\r\na: b\r\n\r\n".to_owned(), ParseError::StatusLine),
            ("\r\n\r\n".to_owned(), ParseError::StatusLine),
            (head("no colon"), ParseError::Header),
            (head(": nameless"), ParseError::Header),
            (head("spaced name: 1"), ParseError::Header),
            (head("content-length: -1"), ParseError::ContentLength),
            (head("content-length: +1"), ParseError::ContentLength),
            (head("content-length: 1, 1"), ParseError::ContentLength),
            (head("content-length:"), ParseError::ContentLength),
            (head("content-length: 1\r\ncontent-length: 2"), ParseError::ContentLength),
            (head("content-length: 99999999999999999999"), ParseError::ContentLength),
            (head("content-length: 1048577"), ParseError::TooLong),
            (head("transfer-encoding: chunked"), ParseError::LengthMissing),
            (head("date: today"), ParseError::LengthMissing),
            ("x".repeat(HEAD_BYTES_MAX + 1), ParseError::TooLong),
            (head(&format!("a: {}", "x".repeat(HEAD_BYTES_MAX))), ParseError::TooLong),
        ] {
            check(&received, Err(expected));
        }
    }
}
