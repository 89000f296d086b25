//! The decision to begin a run: to settle with all sellers of a company, each by a commit of its
//! own. This one notes who asked for it, and under which key.

use ledger::{
    Books, Change, ChangeKind, ClearingChange, Date, Idempotency, ReadSet, RowId, Timestamp,
};

use crate::command::{Answer, Outcome, repeated};
use crate::refusal::Refusal;

/// Asks to settle with all sellers of a company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeginRun {
    /// The company's number.
    pub company: String,
    /// The last day that is settled.
    pub day: Date,
    /// Whether all that was booked before the day's end was found to be summed up.
    pub is_summed_up: bool,
    /// Who asks for it.
    pub actor: String,
    /// The caller's key for the request.
    pub idempotency: Option<Idempotency>,
}

impl BeginRun {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.keys.extend(self.idempotency.map(|idempotency| idempotency.key));
    }
}

/// Decides to begin a run. Under a key that was used for the same run it is a repeat.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::CompanyNotFound`], [`Refusal::DayNotEnded`],
/// [`Refusal::NotSummedUp`]; always with the books unchanged.
pub fn begin_run(command: &BeginRun, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
    if let Some(number) = repeated(books, command.idempotency)? {
        return Ok(Answer::replayed(Outcome::Run(number)));
    }
    let company = books.directory.company(&command.company).ok_or(Refusal::CompanyNotFound)?;
    if company.zone.end_of(command.day) > now {
        return Err(Refusal::DayNotEnded);
    }
    if !command.is_summed_up {
        return Err(Refusal::NotSummedUp);
    }
    let kind = ChangeKind::Clearing(ClearingChange::RunBegun);
    let change = Change::about(RowId(0), kind, &command.actor, now)
        .with("company", command.company.as_str())
        .with("day", command.day.to_string());
    Ok(Answer::new(Outcome::Run(books.place_change(change, command.idempotency).id.0)))
}

#[cfg(test)]
mod tests {
    use ledger::{Fingerprint, Key};

    use super::*;
    use crate::command::Command;
    use crate::settle::world::{COMPANY, World};

    fn idempotency(key: u8, request: u8) -> Idempotency {
        Idempotency { key: Key([key; 16]), fingerprint: Fingerprint([request; 16]) }
    }

    #[test]
    fn the_first_reason_decides_and_a_key_stands_for_one_run() {
        let mut world = World::new();
        let ended = world.day();
        world.next_day();
        let (going_on, other) = (world.day(), "101");
        let reused = Err(Refusal::IdempotencyKeyReused);
        for (company, day, is_summed_up, key, expected) in [
            (other, going_on, false, None, Err(Refusal::CompanyNotFound)),
            (COMPANY, going_on, false, None, Err(Refusal::DayNotEnded)),
            (COMPANY, ended, false, None, Err(Refusal::NotSummedUp)),
            (COMPANY, ended, true, None, Ok(false)),
            // What is refused uses up no key.
            (COMPANY, going_on, true, Some(idempotency(1, 1)), Err(Refusal::DayNotEnded)),
            (COMPANY, ended, true, Some(idempotency(1, 2)), Ok(false)),
            (COMPANY, ended, true, Some(idempotency(1, 2)), Ok(true)),
            (COMPANY, ended, false, Some(idempotency(1, 2)), Ok(true)),
            (other, going_on, false, Some(idempotency(1, 3)), reused),
            (COMPANY, ended, true, Some(idempotency(2, 3)), Ok(false)),
            (COMPANY, ended, true, None, Ok(false)),
        ] {
            let rows = world.rows().len();
            let command = BeginRun {
                company: company.to_owned(),
                day,
                is_summed_up,
                actor: "test".to_owned(),
                idempotency: key,
            };
            let answer = world.clear(&Command::BeginRun(command));
            assert_eq!(answer.map(|answer| answer.replayed), expected);
            let written = usize::from(expected == Ok(false));
            assert_eq!(world.rows().len(), rows.saturating_add(written), "{expected:?}");
        }
    }
}
