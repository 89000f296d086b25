//! The decisions to add a card to an account and to block or unblock it.

use crate::account::{AccountKind, AccountNo, AccountStatus};
use crate::books::{Answer, Books, Done, ReadSet};
use crate::card::{Card, CardExpiry, CardStatus, CardToken, MaskedPan, PanFingerprint};
use crate::change::{Change, ChangeKind, Idempotency};
use crate::ids::{CardId, Hasher, Key, RowId};
use crate::refusal::Refusal;
use crate::time::Timestamp;

/// Asks to add a card (operator API, POST accounts/{no}/cards). The number itself never gets here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCard {
    /// On which account.
    pub account: AccountNo,
    /// What clients shall send; unique in the installation.
    pub token: CardToken,
    /// What may be kept of the card's number, and its keyed hash: one number, one card.
    pub pan: Option<(MaskedPan, PanFingerprint)>,
    /// The last month in which it is good.
    pub expiry: Option<CardExpiry>,
    /// Who asks.
    pub actor: String,
    /// The caller's key for this request.
    pub idempotency: Option<Idempotency>,
}

/// Asks to change a card's status (operator API, PATCH cards).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeCard {
    /// Which card.
    pub token: CardToken,
    /// Its new status.
    pub status: CardStatus,
    /// Who asks.
    pub actor: String,
}

impl AddCard {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.is_anybodys = true;
        reads.accounts.push(self.account.id());
        reads.cards.push(self.token.clone());
        reads.keys.extend(self.pan_key());
        reads.keys.extend(self.idempotency.map(|idempotency| idempotency.key));
    }

    fn pan_key(&self) -> Option<Key> {
        self.pan.as_ref().map(|(_, fingerprint)| pan_key(*fingerprint))
    }
}

impl ChangeCard {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.is_anybodys = true;
        reads.cards.push(self.token.clone());
    }
}

/// What a card number uses up: the row behind it is the change that added its card.
pub fn pan_key(fingerprint: PanFingerprint) -> Key {
    let halves = fingerprint.0.split_at(16);
    let hasher = [halves.0, halves.1].iter().fold(Hasher::new("pan"), |hasher, half| {
        half.iter().fold(hasher, |hasher, byte| hasher.number(i64::from(*byte)))
    });
    Key(hasher.finish())
}

/// Decides one addition and places it in the books.
///
/// # Errors
/// [`Refusal`], in its order of precedence; a token or number in use is [`Refusal::NameTaken`].
pub fn add_card(command: &AddCard, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
    if let Some(answer) = books.repeated(command.idempotency)? {
        return Ok(answer);
    }
    let account = books.accounts.get(&command.account.id());
    let account = account.filter(|found| found.kind == AccountKind::Credit);
    let account = account.ok_or(Refusal::AccountNotFound)?;
    let pan_key = command.pan_key();
    let pan_taken = pan_key.is_some_and(|key| books.keys.contains_key(&key));
    if pan_taken || books.cards.contains_key(&command.token) {
        return Err(Refusal::NameTaken);
    }
    if account.status == AccountStatus::Closed {
        return Err(Refusal::StateConflict);
    }
    let mut change = Change::about(RowId(0), ChangeKind::CardAdded, &command.actor, now)
        .with("account_no", account.number().to_string())
        .with("card_token", command.token.as_str());
    if let Some((pan, _)) = &command.pan {
        change = change.with("bin", pan.bin.as_str()).with("last4", pan.last4.as_str());
    }
    if let Some(expiry) = command.expiry {
        change = change.with("expiry", expiry.to_string());
    }
    let (account, company) = (account.id, account.company);
    let change = Change { account: Some(account), ..change };
    let change = books.place_change(change, command.idempotency);
    if let Some(key) = pan_key {
        books.use_key(key, change.id);
    }
    books.put_card(Card {
        id: CardId(change.id.0),
        account,
        company,
        token: command.token.clone(),
        status: CardStatus::Active,
        pan: command.pan.as_ref().map(|(pan, _)| pan.clone()),
        fingerprint: command.pan.as_ref().map(|(_, fingerprint)| *fingerprint),
        expiry: command.expiry,
    });
    Ok(Answer::new(Done::Changed(change)))
}

/// Decides one change and places it in the books. A change to what is already so does nothing.
///
/// # Errors
/// [`Refusal::CardNotFound`].
pub fn change_card(
    command: &ChangeCard,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let card = books.cards.get(&command.token).ok_or(Refusal::CardNotFound)?;
    if card.status == command.status {
        return Ok(Answer::new(Done::Nothing));
    }
    let change = Change::about(RowId(card.id.0), ChangeKind::CardChanged, &command.actor, now)
        .with("card_token", card.token.as_str())
        .with("status_before", card.status.as_str())
        .with("status", command.status.as_str());
    let change = Change { account: Some(card.account), ..change };
    let card = Card { status: command.status, ..card.clone() };
    books.put_card(card);
    Ok(Answer::new(Done::Changed(books.place_change(change, None))))
}

#[cfg(test)]
mod tests {
    use crate::world::{World, check};

    #[test]
    fn the_first_reason_decides() {
        check(
            "
            before | request                               | answer               | balance
            add-card token=t key=k | add-card token=u key=k account=0 | IdempotencyKeyReused |
                   | add-card account=0 token=card-a       | AccountNotFound      |
                   | add-card account=payable token=t      | AccountNotFound      |
                   | add-card account=C token=card-a       | NameTaken            |
                   | add-card account=C token=t            | StateConflict        |
                   | add-card token=card-a                 | NameTaken            |
                   | add-card token=card-f                 | NameTaken            |
            add-card token=t pan=4111111111111111 | \
                     add-card token=u pan=4111111111111111 | NameTaken            |
            add-card token=t pan=4111111111111111 | \
                     add-card account=F token=u pan=4111111111111111 | NameTaken            |
            ",
        );
    }

    #[test]
    fn a_card_draws_on_its_account() {
        check(
            "
            before     | request                             | answer                     | balance
                       | add-card token=t                    | changed                    | written
                       | add-card token=t pan=4111111111111111 expiry=2027-01 | changed | written
                       | add-card account=D token=t          | changed                    | written
                       | add-card token=t + add-card token=t | NameTaken                  | written
            add-card token=t key=k | add-card token=t key=k | changed again |
            add-card token=t pan=4111111111111111 key=k | \
                         add-card token=t pan=4111111111111111 key=k | changed again              |
            add-card token=t key=k | add-card token=u key=k | IdempotencyKeyReused |
            open key=k | add-card token=t key=k              | IdempotencyKeyReused       |
            add-card token=t account=B | \
                         authorize card=t amount=1           | declined InsufficientFunds | B 0 0
            add-card token=t | authorize card=t | authorized | A 0 30000
            add-card token=t expiry=2026-10 | authorize card=t | declined CardExpired | A 0 0
            ",
        );
    }

    #[test]
    fn a_card_is_blocked_and_unblocked() {
        check(
            "
            before      | request                                | answer               | balance
                        | change-card token=nobody               | CardNotFound         |
                        | change-card token=stolen               | nothing              |
                        | change-card token=card-a status=active | nothing              |
                        | change-card                            | changed              | written
                        | change-card token=stolen status=active | changed              | written
                        | change-card + change-card              | nothing              | written
            change-card | authorize                              | declined CardBlocked | A 0 0
            change-card; change-card status=active | authorize | authorized | A 0 30000
            ",
        );
    }

    #[test]
    fn the_journal_keeps_no_more_of_a_number_than_may_be_kept() {
        let mut world = World::new();
        world.run_all("add-card token=t pan=4111111111111111 expiry=2027-01");
        let row = format!("{:?}", world.rows.values().next_back());
        assert!(row.contains("411111") && row.contains("2027-01"), "{row}");
        assert!(!row.contains("4111111"), "{row}");
    }
}
