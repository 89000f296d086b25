//! A body that is read from a file while it is sent, a piece at a time.
//!
//! Invariant: it ends after the bytes it was promised to have, or fails; it never has others.

use std::fs::File;
use std::io::{Error, ErrorKind, Read as _, Result, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

/// How much is read at a time, in bytes: what one client can make us hold.
const PIECE_BYTES: u64 = 64 * 1024;

/// Some bytes of a file.
pub(super) struct FileBody {
    /// `None` while a piece is being read, and after an error.
    file: Option<File>,
    reading: Option<JoinHandle<(File, Result<Bytes>)>>,
    left: u64,
}

impl FileBody {
    /// Opens a file that must be `length` bytes long, to send `count` bytes from `first` on.
    ///
    /// # Errors
    /// When there is no such file, or it is not as long.
    pub(super) async fn open(
        path: PathBuf,
        length: u64,
        first: u64,
        count: u64,
    ) -> Result<FileBody> {
        let open = move || {
            let mut file = File::open(path)?;
            if file.metadata()?.len() != length {
                return Err(Error::new(ErrorKind::InvalidData, "the file has another length"));
            }
            file.seek(SeekFrom::Start(first))?;
            Ok(file)
        };
        let file = spawn_blocking(open).await.map_err(Error::other)??;
        Ok(FileBody { file: Some(file), reading: None, left: count })
    }
}

/// Reads the next piece. A file that is shorter than it was has lost something.
fn read_piece(mut file: File, bytes: u64) -> (File, Result<Bytes>) {
    let mut piece = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0));
    let read = (&mut file).take(bytes).read_to_end(&mut piece);
    let piece = match read {
        Ok(read) if u64::try_from(read) == Ok(bytes) => Ok(Bytes::from(piece)),
        Ok(_) => Err(Error::from(ErrorKind::UnexpectedEof)),
        Err(error) => Err(error),
    };
    (file, piece)
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        if self.reading.is_none() {
            let Some(file) = self.file.take() else { return Poll::Ready(None) };
            let bytes = self.left.min(PIECE_BYTES);
            self.reading = Some(spawn_blocking(move || read_piece(file, bytes)));
        }
        let Some(reading) = self.reading.as_mut() else { return Poll::Ready(None) };
        let outcome = ready!(Pin::new(reading).poll(context));
        self.reading = None;
        let piece = match outcome {
            Ok((file, Ok(piece))) => {
                self.file = Some(file);
                piece
            }
            Ok((_, Err(error))) => return Poll::Ready(Some(Err(error))),
            Err(error) => return Poll::Ready(Some(Err(Error::other(error)))),
        };
        let sent = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        self.left = self.left.saturating_sub(sent);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
