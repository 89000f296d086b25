//! Shows a person how far something long is.

use std::time::{Duration, Instant};

use crate::terminal::{note, redraw};

/// How often a terminal shows something new, and how often a log has another line.
const TERMINAL_PAUSE: Duration = Duration::from_millis(200);
const LOG_PAUSE: Duration = Duration::from_secs(5);

/// How long the bar is.
const BAR_CHARS: u64 = 24;

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    /// What is being done: `copying`.
    pub(crate) word: &'static str,
    /// What is counted, in the plural.
    pub(crate) unit: &'static str,
    pub(crate) done: u64,
    pub(crate) total: u64,
}

/// A bar on a terminal, and a line now and then where there is none.
pub(crate) struct Bar {
    is_terminal: bool,
    /// Since when the word is shown, and what was done then.
    begun: Option<(&'static str, Instant, u64)>,
    shown: Option<Instant>,
}

impl Bar {
    pub(crate) fn new(is_terminal: bool) -> Bar {
        Bar { is_terminal, begun: None, shown: None }
    }

    /// Shows `progress`, unless the last was shown just before.
    pub(crate) fn show(&mut self, progress: Progress, now: Instant) {
        let is_new = self.begun.is_none_or(|(word, ..)| word != progress.word);
        if is_new {
            self.begun = Some((progress.word, now, progress.done));
        }
        let pause = if self.is_terminal { TERMINAL_PAUSE } else { LOG_PAUSE };
        let is_soon = self.shown.is_some_and(|shown| now.duration_since(shown) < pause);
        if is_soon && !is_new {
            return;
        }
        self.shown = Some(now);
        let since = self
            .begun
            .map(|(_, at, done)| (now.duration_since(at), progress.done.saturating_sub(done)));
        let (duration, done) = since.unwrap_or_default();
        let per_second = per_second(done, duration);
        if self.is_terminal {
            redraw(&line(progress, per_second));
        } else {
            note(&line(progress, per_second));
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if self.is_terminal && self.shown.is_some() {
            note("");
        }
    }
}

fn per_second(done: u64, duration: Duration) -> u64 {
    let ms = duration.as_millis();
    let rate = u128::from(done).saturating_mul(1_000).checked_div(ms);
    u64::try_from(rate.unwrap_or(0)).unwrap_or(u64::MAX)
}

/// One line that says how far it is.
fn line(progress: Progress, per_second: u64) -> String {
    let Progress { word, unit, done, total } = progress;
    let part =
        |whole: u64| done.saturating_mul(whole).checked_div(total).unwrap_or(whole).min(whole);
    let full = part(BAR_CHARS);
    let mut bar = String::new();
    for place in 0..BAR_CHARS {
        bar.push(if place < full { '#' } else { '.' });
    }
    let rate = match per_second {
        0 => String::new(),
        rate => format!(", {rate} a second"),
    };
    format!("{word:8} [{bar}] {:3} %  {done} of {total} {unit}{rate}", part(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_it_is() {
        let check = |word, done, total, rate, expected| {
            let progress = Progress { word, unit: "records", done, total };
            assert_eq!(line(progress, rate), expected);
        };
        check("copying", 0, 10, 0, "copying  [........................]   0 %  0 of 10 records");
        check(
            "copying",
            5,
            10,
            7,
            "copying  [############............]  50 %  5 of 10 records, 7 a second",
        );
        check("checking", 0, 0, 0, "checking [########################] 100 %  0 of 0 records");
        assert_eq!(per_second(10, Duration::from_millis(500)), 20);
        assert_eq!(per_second(10, Duration::ZERO), 0);
    }
}
