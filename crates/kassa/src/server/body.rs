//! A request's body that must arrive in time.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::BoxError;
use axum::body::Bytes;
use engine::limits::{BODY_BYTES_STEP, REQUEST_READ_MAX};
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// A body that fails when [`REQUEST_READ_MAX`] after the first wait for it neither it is there nor
/// [`BODY_BYTES_STEP`] more of it are: an upload may take long, but not for ever.
pub(super) struct TimedBody<B> {
    body: B,
    /// Set when the body had to be waited for; most come with their head.
    deadline: Option<Pin<Box<Sleep>>>,
    /// The bytes that have come since there was no deadline.
    bytes: u64,
}

impl<B> TimedBody<B> {
    pub(super) fn new(body: B) -> TimedBody<B> {
        TimedBody { body, deadline: None, bytes: 0 }
    }

    /// Counts what has come; after enough of it, time begins anew with the next wait.
    fn count(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        if self.bytes >= BODY_BYTES_STEP {
            self.bytes = 0;
            self.deadline = None;
        }
    }
}

impl<B> Body for TimedBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            if let Some(Ok(frame)) = &frame {
                self.count(frame.data_ref().map_or(0, Bytes::len));
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(REQUEST_READ_MAX)));
        ready!(deadline.as_mut().poll(context));
        Poll::Ready(Some(Err("the body took too long".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::Body as AnyBody;
    use tokio::time::Instant;

    use super::*;

    /// A body of pieces, each of which comes `pause` after the one before.
    struct Slow {
        pieces: Vec<Bytes>,
        pause: Duration,
        wait: Option<Pin<Box<Sleep>>>,
    }

    impl Body for Slow {
        type Data = Bytes;
        type Error = BoxError;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
            let pause = self.pause;
            ready!(self.wait.get_or_insert_with(|| Box::pin(sleep(pause))).as_mut().poll(context));
            self.wait = None;
            Poll::Ready(self.pieces.pop().map(|piece| Ok(Frame::data(piece))))
        }
    }

    /// Reads `count` pieces of `size` bytes; says how many bytes came, or that it took too long.
    async fn read(count: usize, size: u64, pause: Duration) -> Result<usize, ()> {
        let piece = Bytes::from(vec![7; usize::try_from(size).unwrap()]);
        let slow = Slow { pieces: vec![piece; count], pause, wait: None };
        let read = axum::body::to_bytes(AnyBody::new(TimedBody::new(slow)), usize::MAX).await;
        read.map(|bytes| bytes.len()).map_err(drop)
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_body_may_take_long_when_it_is_fast_enough() {
        let begun = Instant::now();
        let step = BODY_BYTES_STEP;
        let (count, pause) = (20, REQUEST_READ_MAX.mul_f32(0.4));
        let read_bytes = read(count, step / 2, pause).await.unwrap();
        assert_eq!(read_bytes, usize::try_from(step / 2).unwrap() * count);
        assert!(begun.elapsed() > REQUEST_READ_MAX * 5);
        assert_eq!(read(count, step / 4, pause).await, Err(()), "half as fast");
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_body_has_its_time_and_no_more() {
        assert_eq!(read(3, 1, REQUEST_READ_MAX.mul_f32(0.24)).await, Ok(3));
        assert_eq!(read(3, 1, REQUEST_READ_MAX.mul_f32(0.4)).await, Err(()));
        assert_eq!(read(1, 1, REQUEST_READ_MAX.mul_f32(1.1)).await, Err(()));
    }
}
