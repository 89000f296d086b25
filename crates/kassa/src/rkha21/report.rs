//! What is said of a file that was checked.

use engine::imports::Faults;
use formats::rkha21::Summary;
use ledger::money::format_minor;

use super::table;

/// The faults as a table, as far as they are told.
pub(super) fn faults(faults: &Faults) -> Vec<String> {
    let mut lines = vec![format!("{:>9}  {:>6}  {}", "row", "column", "reason")];
    for fault in &faults.first {
        lines.push(format!("{:>9}  {:>6}  {}", fault.line, fault.column, fault.reason));
    }
    lines.extend(count(faults.first.len(), faults.count, "the file would be refused"));
    lines
}

/// The faults of a table, as far as they are told.
pub(super) fn faults_of_table(faults: &table::Faults) -> Vec<String> {
    let mut lines = vec![format!("{:>9}  {:<21}  {}", "line", "column", "reason")];
    for fault in &faults.first {
        lines.push(format!("{:>9}  {:<21}  {}", fault.line, fault.column, fault.reason));
    }
    lines.extend(count(faults.first.len(), faults.count, "no file was made"));
    lines
}

/// How many faults there are, and what that means.
fn count(told: usize, all: u64, what: &str) -> Vec<String> {
    let told = u64::try_from(told).unwrap_or(u64::MAX);
    let more = all.saturating_sub(told);
    let more = (more > 0).then(|| format!("and {more} more"));
    let noun = if all == 1 { "fault" } else { "faults" };
    more.into_iter().chain([String::new(), format!("{all} {noun}: {what}.")]).collect()
}

/// What a whole file comes to, for each kind and currency.
pub(super) fn summary(summary: &Summary) -> Vec<String> {
    let mut lines = vec![
        format!("{}, acquirer batch {}", summary.header.name(), summary.header.acquirer_batch_id()),
        String::new(),
        format!("{:<26}  {:<8}  {:>9}  {:>20}", "kind", "currency", "rows", "amount"),
    ];
    for group in &summary.groups {
        let amount = format_minor(group.amount_minor, group.currency);
        let (kind, code) = (group.kind.as_str(), group.currency.code());
        lines.push(format!("{kind:<26}  {code:<8}  {:>9}  {amount:>20}", group.rows));
    }
    let total = |what: &str, minor: i64| format!("{what:<26}  {:<8}  {:>9}  {minor:>20}", "", "");
    lines.push(String::new());
    lines.push(format!("{:<26}  {:<8}  {:>9}", "all", "", summary.rows));
    lines.push(total("debit, in minor units", summary.debit_minor));
    lines.push(total("credit, in minor units", summary.credit_minor));
    lines.push(String::new());
    lines.push("The file is in order.".to_owned());
    lines
}

#[cfg(test)]
mod tests {
    use formats::rkha21::{Group, Header, Reason, RowError, RowKind};
    use ledger::{Currency, Date};

    use super::*;

    #[test]
    fn faults_are_a_table() {
        let fault = |line, column, reason| RowError { line, column, reason };
        let first = vec![fault(2, 30, Reason::ZeroAmount), fault(11, 1, Reason::BlankLine)];
        let told = faults(&Faults { first: first.clone(), count: 5 });
        assert_eq!(
            told.join("\n"),
            "      row  column  reason\n\
             \x20       2      30  the amount must be above zero\n\
             \x20      11       1  the line is empty\n\
             and 3 more\n\n\
             5 faults: the file would be refused."
        );
        let one = faults(&Faults { first: first.into_iter().take(1).collect(), count: 1 });
        assert_eq!(one.last().unwrap(), "1 fault: the file would be refused.");
    }

    #[test]
    fn a_summary_is_a_table() {
        let group = |kind, code, rows, amount_minor| Group {
            kind,
            currency: Currency::parse(code).unwrap(),
            rows,
            amount_minor,
        };
        let whole = Summary {
            header: Header {
                date: Date::parse("2020-02-06").unwrap(),
                sender: "8850".to_owned(),
                cycle: "20".to_owned(),
                serial: 17,
            },
            rows: 3,
            debit_minor: 30_105,
            credit_minor: 7,
            groups: vec![
                group(RowKind::Purchase, "SEK", 2, 30_105),
                group(RowKind::CashWithdrawalCorrection, "JPY", 1, 7),
            ],
        };
        let lines = summary(&whole);
        assert_eq!(
            lines.join("\n"),
            "200206-8850-20-000017, acquirer batch 200206885020\n\n\
             kind                        currency       rows                amount\n\
             purchase                    SEK               2                301.05\n\
             cash-withdrawal-correction  JPY               1                     7\n\n\
             all                                           3\n\
             debit, in minor units                                           30105\n\
             credit, in minor units                                              7\n\n\
             The file is in order."
        );
    }
}
