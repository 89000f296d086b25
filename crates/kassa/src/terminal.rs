//! What the program says to the person who started it: results on stdout, all else on stderr.

use std::io::{Write as _, stderr, stdout};

/// A line of the result. Who closed the pipe does not want it, which is no error of ours.
pub(crate) fn say(line: &str) {
    let mut out = stdout().lock();
    drop(writeln!(out, "{line}").and_then(|()| out.flush()));
}

/// A line beside the result: progress, advice, errors.
pub(crate) fn note(line: &str) {
    drop(writeln!(stderr().lock(), "{line}"));
}

/// A line on a terminal that takes the place of the one before.
pub(crate) fn redraw(line: &str) {
    let mut err = stderr().lock();
    // Back to the left margin; what the line before had more is erased.
    drop(write!(err, "\r{line}\x1b[K").and_then(|()| err.flush()));
}
