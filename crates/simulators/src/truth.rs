//! What a simulator knows of a merchant's reference, for tests to compare with.

/// What became of all payments with one reference, or of all refunds with one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Truth {
    /// Where it stands. Of several payments one that moved money counts, and otherwise the latest.
    pub standing: Standing,
    /// What was set aside.
    pub reserved: Effect,
    /// What was taken from the payer.
    pub captured: Effect,
    /// What was given back.
    pub refunded: Effect,
}

/// Where a payment or refund stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// There is none.
    #[default]
    Unknown,
    /// Nothing is decided.
    Waiting,
    /// Money is set aside, and none is taken.
    Reserved,
    /// Money was taken, in part or whole; a refund has given it back.
    Paid,
    /// The payer said no.
    Declined,
    /// The PSP refused at once.
    Refused,
    /// The payer or the merchant gave it up.
    Cancelled,
    /// Time was up.
    Expired,
    /// The PSP failed.
    Failed,
}

/// How often money was moved, and how much of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// So often.
    pub times: u32,
    /// Altogether, in minor units.
    pub amount_minor: i64,
}

impl Effect {
    /// Once.
    pub(crate) fn once(amount_minor: i64) -> Effect {
        Effect { times: 1, amount_minor }
    }

    /// Both.
    #[must_use]
    pub(crate) fn and(self, other: Effect) -> Effect {
        Effect {
            times: self.times.saturating_add(other.times),
            amount_minor: self.amount_minor.saturating_add(other.amount_minor),
        }
    }

    /// One for each amount.
    pub(crate) fn of(amounts: impl IntoIterator<Item = i64>) -> Effect {
        amounts.into_iter().fold(Effect::default(), |sum, amount| sum.and(Effect::once(amount)))
    }
}

impl Truth {
    /// Where something stands that has moved no money.
    pub(crate) fn standing(standing: Standing) -> Truth {
        Truth { standing, ..Truth::default() }
    }

    /// The truth of all, oldest first; `None` where there is none.
    pub(crate) fn of_all(all: impl IntoIterator<Item = Truth>) -> Option<Truth> {
        all.into_iter().reduce(|before, after| {
            let has_moved =
                |truth: &Truth| matches!(truth.standing, Standing::Reserved | Standing::Paid);
            let is_kept = has_moved(&before) && !has_moved(&after);
            Truth {
                standing: if is_kept { before.standing } else { after.standing },
                reserved: before.reserved.and(after.reserved),
                captured: before.captured.and(after.captured),
                refunded: before.refunded.and(after.refunded),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_counts_before_the_latest_word() {
        let paid = Truth { captured: Effect::once(5), ..Truth::standing(Standing::Paid) };
        let waiting = Truth::standing(Standing::Waiting);
        assert_eq!(Truth::of_all([]), None);
        assert_eq!(Truth::of_all([paid, waiting]), Some(paid));
        assert_eq!(Truth::of_all([waiting, paid]), Some(paid));
        let twice = Truth::of_all([paid, paid]).unwrap();
        assert_eq!(twice.captured, Effect { times: 2, amount_minor: 10 });
        let declined = Truth::standing(Standing::Declined);
        assert_eq!(Truth::of_all([waiting, declined]), Some(declined));
    }
}
