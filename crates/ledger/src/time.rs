//! Instants, days, and the zones that turn one into the other.

use jiff::tz::TimeZone;

/// Milliseconds since the Unix epoch, UTC. Always an argument: only `kassa` reads the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// A day of the proleptic Gregorian calendar, as days since 1970-01-01; years 1 to 9999.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub i32);

/// A time zone by its IANA name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Timestamp {
    /// Adds milliseconds; stays at the ends of the range.
    #[must_use]
    pub fn plus_ms(self, milliseconds: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(milliseconds))
    }

    /// RFC 3339 in UTC with milliseconds, as our APIs show time.
    pub fn rfc3339(self) -> String {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(timestamp) => format!("{timestamp:.3}"),
            Err(_) => self.0.to_string(),
        }
    }

    /// Reads RFC 3339 with any offset; finer parts than milliseconds are cut off.
    pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
        let timestamp: jiff::Timestamp = text.parse().ok()?;
        Some(Timestamp(timestamp.as_millisecond()))
    }
}

impl Date {
    const EPOCH: jiff::civil::Date = jiff::civil::Date::constant(1970, 1, 1);

    /// Reads `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Date> {
        let bytes = text.as_bytes();
        let shaped = bytes.len() == 10
            && bytes.iter().enumerate().all(|(at, byte)| match at {
                4 | 7 => *byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !shaped {
            return None;
        }
        let year: i16 = text.get(0..4)?.parse().ok()?;
        let month: i8 = text.get(5..7)?.parse().ok()?;
        let day: i8 = text.get(8..10)?.parse().ok()?;
        if year == 0 {
            return None;
        }
        Some(Date::from_civil(jiff::civil::Date::new(year, month, day).ok()?))
    }

    /// Some days later; stays at the ends of the range.
    #[must_use]
    pub fn plus_days(self, days: i32) -> Date {
        Date(self.0.saturating_add(days))
    }

    fn from_civil(date: jiff::civil::Date) -> Date {
        let days = date.since(Date::EPOCH).map_or(0, |span| span.get_days());
        Date(days)
    }

    fn civil(self) -> jiff::civil::Date {
        let span = jiff::Span::new().try_days(self.0).unwrap_or_default();
        Date::EPOCH.saturating_add(span)
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let date = self.civil();
        write!(f, "{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
    }
}

impl Zone {
    /// The zone of a company that names none (card ledger: Swedish ledgers).
    pub const DEFAULT_NAME: &'static str = "Europe/Stockholm";

    /// Looks up an IANA name in the bundled database.
    pub fn parse(name: &str) -> Option<Zone> {
        TimeZone::get(name).ok().filter(|zone| zone.iana_name().is_some()).map(Zone)
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The day it is in this zone.
    pub fn day_of(&self, at: Timestamp) -> Date {
        match jiff::Timestamp::from_millisecond(at.0) {
            Ok(timestamp) => Date::from_civil(self.0.to_datetime(timestamp).date()),
            Err(_) => Date(i32::MAX),
        }
    }

    /// What the calendar and the clock on the wall show: `2026-11-20 12:00:00`.
    pub fn wall_clock(&self, at: Timestamp) -> String {
        match jiff::Timestamp::from_millisecond(at.0) {
            Ok(timestamp) => {
                self.0.to_datetime(timestamp).strftime("%Y-%m-%d %H:%M:%S").to_string()
            }
            Err(_) => at.rfc3339(),
        }
    }

    /// When the clock on the wall shows a full hour, 0 to 23, of a day. Where it never does, right
    /// after the gap; where it does so twice, the first time.
    pub fn at_hour(&self, day: Date, hour: i64) -> Timestamp {
        let hour = i8::try_from(hour.clamp(0, 23)).unwrap_or_default();
        self.instant(day.civil().at(hour, 0, 0, 0))
    }

    /// The first instant after a day: what is valid through the day ends before it.
    pub fn end_of(&self, day: Date) -> Timestamp {
        let midnight = day.plus_days(1).civil().to_datetime(jiff::civil::Time::midnight());
        self.instant(midnight)
    }

    fn instant(&self, local: jiff::civil::DateTime) -> Timestamp {
        match self.0.to_timestamp(local) {
            Ok(timestamp) => Timestamp(timestamp.as_millisecond()),
            Err(_) => Timestamp(i64::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_strictly_and_shown_the_same() {
        for good in ["1970-01-01", "2026-11-20", "2024-02-29", "9999-12-31", "0001-01-01"] {
            assert_eq!(Date::parse(good).unwrap().to_string(), good);
        }
        for bad in
            ["", "2026-1-01", "2026-02-30", "2025-02-29", "20261120", "0000-01-01", "+026-01-01"]
        {
            assert_eq!(Date::parse(bad), None, "{bad}");
        }
        assert_eq!(Date::parse("1970-01-02"), Some(Date(1)));
        assert_eq!(Date::parse("2024-02-28").unwrap().plus_days(2).to_string(), "2024-03-01");
    }

    #[test]
    fn days_end_at_local_midnight() {
        let stockholm = Zone::parse("Europe/Stockholm").unwrap();
        check(&stockholm, "2026-11-20", "2026-11-20T23:00:00.000Z");
        check(&stockholm, "2026-07-01", "2026-07-01T22:00:00.000Z");
        // The clocks change on these two nights: a day of 23 hours, and one of 25.
        check(&stockholm, "2026-03-28", "2026-03-28T23:00:00.000Z");
        check(&stockholm, "2026-03-29", "2026-03-29T22:00:00.000Z");
        check(&stockholm, "2026-10-25", "2026-10-25T23:00:00.000Z");
        check(&Zone::parse("UTC").unwrap(), "2026-12-31", "2027-01-01T00:00:00.000Z");
        assert_eq!(Zone::parse("Nowhere/Land"), None);
    }

    #[test]
    fn hours_are_those_on_the_wall() {
        let stockholm = Zone::parse("Europe/Stockholm").unwrap();
        for (day, hour, at) in [
            ("2026-11-20", 0, "2026-11-19T23:00:00.000Z"),
            ("2026-11-20", 23, "2026-11-20T22:00:00.000Z"),
            ("2026-07-01", 12, "2026-07-01T10:00:00.000Z"),
            // The hour that is left out, and the hour that comes twice.
            ("2026-03-29", 2, "2026-03-29T01:00:00.000Z"),
            ("2026-10-25", 2, "2026-10-25T00:00:00.000Z"),
        ] {
            assert_eq!(stockholm.at_hour(Date::parse(day).unwrap(), hour).rfc3339(), at, "{day}");
        }
        assert_eq!(Zone::parse("us/pacific").unwrap().name(), "US/Pacific");
    }

    #[test]
    fn the_clock_on_the_wall_is_where_the_zone_is() {
        let stockholm = Zone::parse("Europe/Stockholm").unwrap();
        for (at, shown) in [
            ("2026-11-20T11:00:00.999Z", "2026-11-20 12:00:00"),
            ("2026-07-01T22:30:01Z", "2026-07-02 00:30:01"),
            ("2026-10-25T01:30:00Z", "2026-10-25 02:30:00"),
        ] {
            assert_eq!(stockholm.wall_clock(Timestamp::parse_rfc3339(at).unwrap()), shown);
        }
        assert_eq!(stockholm.wall_clock(Timestamp(i64::MAX)), i64::MAX.to_string());
    }

    #[track_caller]
    fn check(zone: &Zone, day: &str, end: &str) {
        let day = Date::parse(day).unwrap();
        let ends_at = zone.end_of(day);
        assert_eq!(ends_at.rfc3339(), end);
        assert_eq!(zone.day_of(ends_at.plus_ms(-1)), day);
        assert_eq!(zone.day_of(ends_at), day.plus_days(1));
    }

    #[test]
    fn timestamps_are_rfc_3339_in_utc() {
        let at = Timestamp::parse_rfc3339("2026-11-20T12:00:00.1239+01:00").unwrap();
        assert_eq!(at.rfc3339(), "2026-11-20T11:00:00.123Z");
        assert_eq!(Timestamp::parse_rfc3339("2026-11-20"), None);
    }

    #[test]
    fn times_beyond_the_calendar_stay_at_its_end() {
        let stockholm = Zone::parse(Zone::DEFAULT_NAME).unwrap();
        let far = Timestamp(i64::MAX);
        assert_eq!(far.plus_ms(1), far);
        assert_eq!(far.rfc3339(), i64::MAX.to_string());
        assert_eq!(stockholm.day_of(far), Date(i32::MAX));
        assert_eq!(Date(i32::MAX).plus_days(1), Date(i32::MAX));
        assert_eq!(stockholm.name(), "Europe/Stockholm");
    }
}
