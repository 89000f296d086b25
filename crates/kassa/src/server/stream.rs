//! A stream whose other end must go on taking what it is sent.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use engine::limits::ANSWER_STALL_MAX;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A stream that fails when nothing could be written to it for [`ANSWER_STALL_MAX`]: a client that
/// asks and does not read keeps its connection no longer than that.
pub(super) struct TimedStream<S> {
    stream: S,
    /// Set while a write has to wait.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> TimedStream<S> {
    pub(super) fn new(stream: S) -> TimedStream<S> {
        TimedStream { stream, deadline: None }
    }
}

impl<S: AsyncWrite + Unpin> TimedStream<S> {
    fn poll_in_time<T>(
        &mut self,
        context: &mut Context<'_>,
        poll: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<Result<T>>,
    ) -> Poll<Result<T>> {
        if let Poll::Ready(outcome) = poll(Pin::new(&mut self.stream), context) {
            self.deadline = None;
            return Poll::Ready(outcome);
        }
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(ANSWER_STALL_MAX)));
        ready!(deadline.as_mut().poll(context));
        Poll::Ready(Err(Error::from(ErrorKind::TimedOut)))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        self.poll_in_time(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        self.poll_in_time(context, |stream, context| stream.poll_write_vectored(context, slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.poll_in_time(context, S::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.poll_in_time(context, S::poll_shutdown)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_reads_nothing_is_given_up() {
        let (stream, _unread) = duplex(8);
        let started = Instant::now();
        let error = TimedStream::new(stream).write_all(&[7; 9]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(started.elapsed() >= ANSWER_STALL_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_slowly_is_waited_for() {
        let (stream, mut reader) = duplex(1);
        let writing = tokio::spawn(async move {
            let mut stream = TimedStream::new(stream);
            stream.write_all(&[7; 5]).await
        });
        let mut bytes = [0; 5];
        for byte in &mut bytes {
            sleep(ANSWER_STALL_MAX.mul_f32(0.9)).await;
            *byte = reader.read_u8().await.unwrap();
        }
        writing.await.unwrap().unwrap();
        assert_eq!(bytes, [7; 5]);
    }
}
