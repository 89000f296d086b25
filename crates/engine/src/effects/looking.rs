//! Looking through all that is to be done outside, again and again: what this process does not know
//! of, another one has left.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::limits::{LOOK_INTERVAL, LOOK_INTERVAL_MAX, LOOK_SHARE};

/// Looks for ever. `what` is what is looked for, as the log says it. A look that takes long is
/// followed by a long pause, so that looking never takes more than a small part of the time.
pub(super) async fn look_about<F, E>(
    what: &'static str,
    clock: Arc<dyn Clock>,
    look: impl Fn() -> F,
) where
    F: Future<Output = Result<usize, E>>,
    E: Display + PartialEq,
{
    let mut failure = None;
    loop {
        let began = clock.now();
        let outcome = look().await;
        // An outage is told once, not every time that it is tried.
        match &outcome {
            Ok(_) if failure.is_some() => tracing::info!(what, "is looked for again"),
            Err(error) if failure.as_ref() != Some(error) => {
                tracing::warn!(what, %error, "could not be looked for; will try again");
            }
            Ok(_) | Err(_) => {}
        }
        failure = outcome.err();
        let took_ms = clock.now().0.saturating_sub(began.0);
        tokio::time::sleep(pause(Duration::from_millis(u64::try_from(took_ms).unwrap_or(0)))).await;
    }
}

/// How long to wait after a look that took so long.
fn pause(took: Duration) -> Duration {
    took.saturating_mul(LOOK_SHARE).clamp(LOOK_INTERVAL, LOOK_INTERVAL_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_looks_are_seldom() {
        let check = |took_ms, expected| {
            assert_eq!(pause(Duration::from_millis(took_ms)), Duration::from_secs(expected));
        };
        check(0, 5);
        check(50, 5);
        check(120, 12);
        check(200, 20);
        check(9_000, 20);
    }
}
