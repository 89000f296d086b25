//! The figures of a rehearsal, as text, and the verdict.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::ensure;

use super::Fault;
use super::load::{Outcomes, Settled};

/// One fault, and when it struck, counted from the start of the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cycle {
    pub(super) fault: Fault,
    pub(super) struck_at: Duration,
}

/// All that is known at the end.
pub(super) struct Report {
    pub(super) cycles: Vec<Cycle>,
    pub(super) outcomes: Outcomes,
    pub(super) settled: Settled,
    /// How long the clients sent.
    pub(super) load: Duration,
    /// The last line of `kassa verify`, or why it failed.
    pub(super) verify: Result<String, String>,
}

impl Report {
    /// The table.
    pub(super) fn text(&self) -> String {
        let Report { outcomes, settled, load, .. } = self;
        let acknowledged = outcomes.acknowledged.len();
        let mut text = format!("\n{:<44}{:>12}\n", "cycles", self.cycles.len());
        let mut line = |name: &str, value: &dyn std::fmt::Display| {
            writeln!(text, "{name:<44}{value:>12}").ok();
        };
        line("seconds of load", &load.as_secs());
        line("acknowledged", &acknowledged);
        line("  of them lost (must be 0)", &settled.lost.len());
        line("unknown at first", &outcomes.unknown.len());
        line("  of them committed, found by repeating", &settled.committed);
        line("not sent, no server there", &outcomes.unsent);
        line("refused (must be 0)", &outcomes.refused.len());
        line("accounts with a wrong sum (must be 0)", &settled.wrong_accounts.len());
        let gaps = gaps(&self.cycles, outcomes, *load);
        writeln!(text, "\nlongest time between two acknowledgements, seconds").ok();
        writeln!(text, "{:<44}{:>12}{:>8}{:>8}", "", "cycles", "p50", "max").ok();
        for fault in Fault::ALL {
            let of_fault =
                gaps.iter().filter(|(of, _)| *of == fault).map(|(_, gap)| *gap).collect();
            writeln!(text, "{}", row(fault.description(), of_fault)).ok();
        }
        let all = gaps.iter().map(|(_, gap)| *gap).collect();
        writeln!(text, "{}\n", row("all", all)).ok();
        let verify = self.verify.as_ref().unwrap_or_else(|failure| failure);
        writeln!(text, "kassa verify: {verify}").ok();
        text
    }

    /// An error when anything was lost, doubled, refused, or does not add up.
    pub(super) fn verdict(&self) -> anyhow::Result<()> {
        let Settled { lost, wrong_accounts, .. } = &self.settled;
        ensure!(lost.is_empty(), "{} lost: {}", lost.len(), first(lost));
        let refused = &self.outcomes.refused;
        ensure!(refused.is_empty(), "{} refused: {}", refused.len(), first(refused));
        let wrong = wrong_accounts.len();
        ensure!(wrong == 0, "{wrong} accounts are wrong: {}", first(wrong_accounts));
        ensure!(self.verify.is_ok(), "kassa verify failed");
        Ok(())
    }
}

fn first(texts: &[String]) -> &str {
    texts.first().map_or("", String::as_str)
}

/// The longest time without an acknowledgement from each fault to the next.
fn gaps(cycles: &[Cycle], outcomes: &Outcomes, end: Duration) -> Vec<(Fault, Duration)> {
    let mut times: Vec<Duration> = outcomes.acknowledged.values().map(|(_, at)| *at).collect();
    times.sort_unstable();
    let ends = cycles.iter().skip(1).map(|next| next.struck_at).chain([end]);
    let gap = |(cycle, end): (&Cycle, Duration)| {
        let after = times.partition_point(|at| *at < cycle.struck_at);
        let until = times.partition_point(|at| *at < end);
        // The one before the fault begins the gap.
        let during = times.get(after.saturating_sub(1)..until).unwrap_or_default();
        let pairs = during.iter().zip(during.iter().skip(1));
        let longest = pairs.map(|(one, next)| next.saturating_sub(*one)).max();
        (cycle.fault, longest.unwrap_or_else(|| end.saturating_sub(cycle.struck_at)))
    };
    cycles.iter().zip(ends).map(gap).collect()
}

fn row(name: &str, mut gaps: Vec<Duration>) -> String {
    gaps.sort_unstable();
    let seconds = |gap: Option<&Duration>| {
        gap.map_or("-".to_owned(), |gap| format!("{:.1}", gap.as_secs_f64()))
    };
    let (count, p50, max) = (gaps.len(), gaps.get(gaps.len() / 2), gaps.last());
    format!("{name:<44}{count:>12}{:>8}{:>8}", seconds(p50), seconds(max))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(acknowledged_at_ms: &[u64], struck_at_ms: &[u64]) -> Report {
        let millis = Duration::from_millis;
        let mut outcomes = Outcomes::default();
        for (number, at) in (0..).zip(acknowledged_at_ms) {
            outcomes.acknowledged.insert(number, ("a".to_owned(), millis(*at)));
        }
        let cycle = |at: &u64| Cycle { fault: Fault::Machine, struck_at: millis(*at) };
        Report {
            cycles: struck_at_ms.iter().map(cycle).collect(),
            outcomes,
            settled: Settled::default(),
            load: millis(10_000),
            verify: Ok("all hold".to_owned()),
        }
    }

    #[test]
    fn a_gap_belongs_to_the_fault_before_its_end() {
        let report = report(&[100, 200, 2_200, 2_300, 5_000, 5_100], &[150, 2_400, 6_000]);
        let gaps = gaps(&report.cycles, &report.outcomes, report.load);
        let millis: Vec<u128> = gaps.iter().map(|(_, gap)| gap.as_millis()).collect();
        assert_eq!(millis, [2_000, 2_700, 4_000]);
        assert!(report.text().contains(" 3     2.7     4.0"), "{}", report.text());
    }

    #[test]
    fn what_is_lost_or_wrong_fails() {
        assert!(report(&[1], &[]).verdict().is_ok());
        let mut lost = report(&[1], &[]);
        lost.settled.lost.push("7: gone".to_owned());
        assert_eq!(lost.verdict().unwrap_err().to_string(), "1 lost: 7: gone");
        let mut wrong = report(&[1], &[]);
        wrong.settled.wrong_accounts.push("A: 1".to_owned());
        assert_eq!(wrong.verdict().unwrap_err().to_string(), "1 accounts are wrong: A: 1");
        let mut refused = report(&[1], &[]);
        refused.outcomes.refused.push("2: 409".to_owned());
        assert_eq!(refused.verdict().unwrap_err().to_string(), "1 refused: 2: 409");
        let mut broken = report(&[1], &[]);
        broken.verify = Err("a seal".to_owned());
        assert!(broken.verdict().is_err() && broken.text().ends_with("kassa verify: a seal\n"));
    }
}
