//! Lines out of bytes that come in pieces, none longer than a row.

/// How many bytes are looked at together.
const CHUNK_BYTES: usize = 64;

/// Cuts bytes into lines, ended by LF or CR LF, or by the end of the file.
#[derive(Debug)]
pub(super) struct Lines {
    /// How many bytes a row has.
    length: usize,
    /// What was fed; from `at` on, not yet asked for.
    fed: Vec<u8>,
    at: usize,
    /// How much of it, from `at`, is known to have no end of a line.
    scanned: usize,
    /// Within a line that is too long and was told to be.
    skipping: bool,
    closed: bool,
}

/// What is at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// A line, filled up with spaces.
    Line,
    /// A line is longer than it may be.
    TooLong,
    /// More bytes are needed.
    Nothing,
    /// There are no more lines.
    End,
}

impl Lines {
    pub(super) fn new(length: usize) -> Lines {
        Lines { length, fed: Vec::new(), at: 0, scanned: 0, skipping: false, closed: false }
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.fed.drain(..self.at.min(self.fed.len()));
        self.at = 0;
        self.fed.extend_from_slice(bytes);
    }

    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    /// Moves the next line into `row`.
    pub(super) fn next(&mut self, row: &mut Vec<u8>) -> Cut {
        loop {
            let rest = self.fed.get(self.at..).unwrap_or_default();
            let fresh = rest.get(self.scanned..).unwrap_or_default();
            let (line, next) = match line_feed(fresh) {
                Some(end) => {
                    let end = self.scanned.saturating_add(end);
                    (rest.get(..end).unwrap_or_default(), end.saturating_add(1))
                }
                None if self.closed && rest.is_empty() => return Cut::End,
                None if self.closed => (rest, rest.len()),
                None => return self.without_end(rest.len()),
            };
            let text = line.strip_suffix(b"\r").unwrap_or(line);
            let is_long = text.len() > self.length;
            row.clear();
            if !is_long {
                row.extend_from_slice(text);
                row.resize(self.length, b' ');
            }
            self.at = self.at.saturating_add(next);
            self.scanned = 0;
            if std::mem::replace(&mut self.skipping, false) {
                continue;
            }
            return if is_long { Cut::TooLong } else { Cut::Line };
        }
    }

    /// No end of a line is in sight. What is more than a row and its carriage return is dropped.
    fn without_end(&mut self, rest: usize) -> Cut {
        if !self.skipping && rest <= self.length.saturating_add(1) {
            self.scanned = rest;
            return Cut::Nothing;
        }
        self.at = self.fed.len();
        self.scanned = 0;
        let is_told = std::mem::replace(&mut self.skipping, true);
        if is_told { Cut::Nothing } else { Cut::TooLong }
    }
}

/// Where the first line feed is. Whole chunks are looked through without a way out in between, so
/// that many bytes are compared at once.
fn line_feed(bytes: &[u8]) -> Option<usize> {
    let has_one =
        |chunk: &[u8]| chunk.iter().fold(0, |found, byte| found | u8::from(*byte == b'\n')) != 0;
    let chunk = bytes.chunks(CHUNK_BYTES).position(has_one)?;
    let before = chunk.saturating_mul(CHUNK_BYTES);
    let rest = bytes.get(before..)?.iter().position(|byte| *byte == b'\n')?;
    Some(before.saturating_add(rest))
}
