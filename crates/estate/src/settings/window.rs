//! When a terminal may be kept busy with maintenance, by the clock on its wall.

use ledger::{Timestamp, Zone};

use super::Effective;

/// Some hours of every day of a terminal's own zone.
///
/// A window opens when the clock on the wall shows its hour, and stays open for as long as it
/// lasts, whatever the clock is put to meanwhile. Where the hour does not exist on a day, it opens
/// right after the gap; where it comes twice, at the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    hour: i64,
    duration_hours: i64,
    zone: Zone,
}

const HOUR_MS: i64 = 3_600_000;

/// The maintenance window of a terminal. `None`: any time will do.
pub fn window(effective: &Effective) -> Option<Window> {
    let hour = effective.number("maintenance_window.start")?;
    let duration_hours = effective.number("maintenance_window.duration")?;
    let zone = effective.text("timezone").and_then(Zone::parse)?;
    Some(Window { hour, duration_hours, zone })
}

impl Window {
    /// Whether it is open at `now`.
    pub fn is_open(&self, now: Timestamp) -> bool {
        // A window of a whole day has no gap on a day of 25 hours.
        self.duration_hours >= 24 || self.starts(now, -1..=0).any(|start| self.contains(start, now))
    }

    /// When it opens next: `now` where it is open.
    pub fn opens_at(&self, now: Timestamp) -> Timestamp {
        if self.is_open(now) {
            return now;
        }
        self.starts(now, 0..=2).find(|start| *start > now).unwrap_or(now)
    }

    fn contains(&self, start: Timestamp, now: Timestamp) -> bool {
        start <= now && now < start.plus_ms(self.duration_hours.saturating_mul(HOUR_MS))
    }

    /// Its beginnings on days around `now`, in order.
    fn starts(
        &self,
        now: Timestamp,
        days: std::ops::RangeInclusive<i32>,
    ) -> impl Iterator<Item = Timestamp> {
        let today = self.zone.day_of(now);
        days.map(move |days| self.zone.at_hour(today.plus_days(days), self.hour))
    }
}

#[cfg(test)]
mod tests {
    use ledger::Directory;

    use super::*;
    use crate::settings::{Layer, inherited, with_own};

    fn open(start: &str, duration: &str, zone: &str) -> Window {
        let mut layer = Layer::default();
        layer.choose("maintenance_window.start", start);
        layer.choose("maintenance_window.duration", duration);
        layer.choose("timezone", zone);
        window(&with_own(&Directory::default(), 0, &layer)).unwrap()
    }

    /// `opens_at` is the answer at `now`; the window is open when they are the same.
    #[track_caller]
    fn check(window: &Window, now: &str, opens_at: &str) {
        let at = |text: &str| Timestamp::parse_rfc3339(text).unwrap();
        assert_eq!(window.opens_at(at(now)).rfc3339(), at(opens_at).rfc3339(), "{now}");
        assert_eq!(window.is_open(at(now)), at(now) == at(opens_at), "{now}");
    }

    #[test]
    fn without_one_any_time_will_do() {
        assert_eq!(window(&inherited(&Directory::default(), 0)), None);
    }

    #[test]
    fn it_opens_by_the_clock_on_the_wall() {
        let pacific = open("0", "1", "US/Pacific");
        check(&pacific, "2026-11-20T07:59:59.999Z", "2026-11-20T08:00:00Z");
        check(&pacific, "2026-11-20T08:00:00Z", "2026-11-20T08:00:00Z");
        check(&pacific, "2026-11-20T08:59:59.999Z", "2026-11-20T08:59:59.999Z");
        check(&pacific, "2026-11-20T09:00:00Z", "2026-11-21T08:00:00Z");
        // By summer time it is an hour earlier.
        check(&pacific, "2026-07-01T12:00:00Z", "2026-07-02T07:00:00Z");
    }

    #[test]
    fn it_may_go_over_midnight() {
        let night = open("22", "4", "Europe/Stockholm");
        check(&night, "2026-11-20T20:59:00Z", "2026-11-20T21:00:00Z");
        check(&night, "2026-11-20T23:30:00Z", "2026-11-20T23:30:00Z");
        check(&night, "2026-11-21T00:59:59Z", "2026-11-21T00:59:59Z");
        check(&night, "2026-11-21T01:00:00Z", "2026-11-21T21:00:00Z");
    }

    #[test]
    fn it_lasts_as_long_when_the_clocks_change() {
        let early = open("2", "2", "Europe/Stockholm");
        // 02:00 does not exist on 29 March 2026: it opens at 03:00, which is 01:00 UTC.
        check(&early, "2026-03-29T00:59:00Z", "2026-03-29T01:00:00Z");
        check(&early, "2026-03-29T02:59:00Z", "2026-03-29T02:59:00Z");
        check(&early, "2026-03-29T03:00:00Z", "2026-03-30T00:00:00Z");
        // 02:00 comes twice on 25 October 2026: it opens at the first, which is 00:00 UTC.
        check(&early, "2026-10-24T23:59:00Z", "2026-10-25T00:00:00Z");
        check(&early, "2026-10-25T01:59:00Z", "2026-10-25T01:59:00Z");
        check(&early, "2026-10-25T02:00:00Z", "2026-10-26T01:00:00Z");
    }

    #[test]
    fn a_whole_day_never_ends() {
        let always = open("5", "24", "Europe/Stockholm");
        for hour in 0..72 {
            let begin = Timestamp::parse_rfc3339("2026-10-24T00:00:00Z").unwrap();
            assert!(always.is_open(begin.plus_ms(hour * HOUR_MS)), "{hour}");
        }
    }
}
