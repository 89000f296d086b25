//! A request's body that must arrive in time.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::BoxError;
use engine::limits::REQUEST_READ_MAX;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Sleep, sleep};

/// A body that fails when it is not there [`REQUEST_READ_MAX`] after the first wait for it.
pub(super) struct TimedBody {
    body: Incoming,
    /// Set when the body first had to be waited for; most come with their head.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl TimedBody {
    pub(super) fn new(body: Incoming) -> TimedBody {
        TimedBody { body, deadline: None }
    }
}

impl Body for TimedBody {
    type Data = <Incoming as Body>::Data;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(BoxError::from)));
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
