//! What the rows of a file come to, to be held against its trailer.

use ledger::Currency;
use ledger::transaction::Direction;

use crate::rkha21::profile::Name;
use crate::rkha21::row::{Group, Header, RowKind, Summary};

#[derive(Clone, Debug, Default)]
pub(super) struct Totals {
    rows: u64,
    /// Rows that could not be read, so that the sums are those of the others only.
    spoilt: bool,
    debit_minor: i64,
    credit_minor: i64,
    groups: Vec<Group>,
}

impl Totals {
    /// Counts a row. Sums stay at the end of the range, which no trailer can say.
    pub(super) fn add(&mut self, kind: RowKind, currency: Currency, amount_minor: i64) {
        self.rows = self.rows.saturating_add(1);
        let sum = match kind.direction() {
            Direction::Debit => &mut self.debit_minor,
            Direction::Credit => &mut self.credit_minor,
        };
        *sum = sum.saturating_add(amount_minor);
        let is_it = |group: &&mut Group| group.kind == kind && group.currency == currency;
        if let Some(group) = self.groups.iter_mut().find(is_it) {
            group.rows = group.rows.saturating_add(1);
            group.amount_minor = group.amount_minor.saturating_add(amount_minor);
        } else {
            self.groups.push(Group { kind, currency, rows: 1, amount_minor });
        }
    }

    /// Counts a line that stands where a row should, but is none.
    pub(super) fn spoil(&mut self) {
        self.rows = self.rows.saturating_add(1);
        self.spoilt = true;
    }

    /// A figure of the trailer; none where it cannot be told.
    pub(super) fn figure(&self, name: Name) -> Option<i64> {
        if name == Name::Rows {
            return i64::try_from(self.rows).ok();
        }
        let sum = if name == Name::Debit { self.debit_minor } else { self.credit_minor };
        Some(sum).filter(|_| !self.spoilt)
    }

    pub(super) fn summary(&self, header: Header) -> Summary {
        let mut groups = self.groups.clone();
        groups.sort_by_key(|group| (group.kind, group.currency.code()));
        Summary {
            header,
            rows: self.rows,
            debit_minor: self.debit_minor,
            credit_minor: self.credit_minor,
            groups,
        }
    }
}
