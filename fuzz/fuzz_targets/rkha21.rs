//! Acquirers' files: any bytes are a file or have faults, however they are cut into pieces, and
//! rows that were read are written and read again the same.

#![no_main]

use formats::rkha21::{Line, Profile, Reader, Summary, read_row, write_row};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, &[u8])| {
    let (piece, bytes) = input;
    let (lines, summary) = read(bytes, usize::from(piece).max(1));
    assert_eq!(read(bytes, bytes.len().max(1)), (lines.clone(), summary.clone()));
    let has_faults = lines.iter().any(|line| matches!(line, Line::Error(_)));
    assert_eq!(summary.is_some(), !has_faults);
    for line in &lines {
        if let Line::Row(row) = line {
            let text = write_row(Profile::open_v1(), row).expect("what is read can be written");
            assert_eq!(read_row(Profile::open_v1(), row.line, &text).as_ref(), Ok(row));
        }
    }
});

fn read(bytes: &[u8], piece: usize) -> (Vec<Line>, Option<Summary>) {
    let mut reader = Reader::new(Profile::open_v1());
    let mut lines = Vec::new();
    for piece in bytes.chunks(piece) {
        reader.feed(piece);
        lines.extend(std::iter::from_fn(|| reader.next_line()));
    }
    reader.close();
    lines.extend(std::iter::from_fn(|| reader.next_line()));
    (lines, reader.summary())
}
