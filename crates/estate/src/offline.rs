//! The decision to book what a terminal has accepted without asking anyone.

use std::collections::{BTreeMap, BTreeSet};

use ledger::money::format_minor;
use ledger::post::{post, posting_key};
use ledger::{
    AcquirerReferences, Basis, Books, CardToken, Change, ChangeKind, Currency, Decimal,
    EstateChange, Mount, OfflineClaims, OfflineInfo, Post, PostingKind, ReadSet, RowId, Timestamp,
    TransactionId, Zone,
};

use crate::activate::device;
use crate::command::{Answer, Outcome};
use crate::customer::Customer;
use crate::refusal::Refusal;
use crate::settings::{Effective, effective};
use crate::terminal::{Terminal, TerminalStatus};
use crate::terminal_day::{self, TerminalDayKey};

/// A device uploads offline purchases (device API, POST transactions).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostOffline {
    /// The terminal's number, from its token.
    pub terminal: i64,
    /// SHA-256 of its token: 64 hexadecimal digits.
    pub token_hash: String,
    /// The ledger's company that the terminal's merchant belongs to, as the directory has it. What
    /// is booked is decided by the customer as it is in the books.
    pub company: String,
    /// What it accepted, in order.
    pub items: Vec<OfflineItem>,
}

/// An offline purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfflineItem {
    /// The device's own id of it; unique for the terminal.
    pub id: String,
    /// The card.
    pub card: CardToken,
    /// The amount, in major units.
    pub amount: Decimal,
    /// Its currency.
    pub currency: Currency,
    /// How the card was read.
    pub entry_mode: EntryMode,
    /// When the device accepted it, by its own clock.
    pub accepted_at: Timestamp,
    /// The number on the receipt.
    pub receipt: Option<String>,
}

/// How a card was read (Terminals, `supported_card_entry_modes`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryMode {
    /// By its chip.
    Chip,
    /// Without contact.
    Contactless,
    /// By its magnetic stripe.
    MagneticStripe,
    /// Typed in.
    Manual,
}

impl EntryMode {
    /// All of them.
    pub const ALL: [EntryMode; 4] =
        [EntryMode::Chip, EntryMode::Contactless, EntryMode::MagneticStripe, EntryMode::Manual];

    /// The word used in settings and APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            EntryMode::Chip => "chip",
            EntryMode::Contactless => "contactless",
            EntryMode::MagneticStripe => "magnetic_stripe",
            EntryMode::Manual => "manual",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<EntryMode> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == word)
    }
}

/// What became of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OfflineOutcome {
    /// It is booked.
    Posted {
        /// As what.
        transaction: TransactionId,
        /// Whether it had been booked before.
        replayed: bool,
    },
    /// It is not, and the merchant bears the loss.
    Refused(OfflineRefusal),
}

/// Why an offline purchase is not booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OfflineRefusal {
    /// The terminal must not accept anything offline.
    NotAllowed,
    /// More items than the terminal may store.
    CountExceeded,
    /// More money than the terminal may store.
    TotalExceeded,
    /// More than one transaction may be.
    AmountExceeded,
    /// The card was read in a way that the terminal must not accept offline.
    EntryMode,
    /// It is in another currency than the terminal's.
    Currency,
    /// The ledger refuses it.
    Ledger(ledger::Refusal),
}

/// Where what is uploaded happened, as the ledger needs it.
struct Place {
    terminal_id: String,
    company: String,
    seller: String,
    /// `None` where it is only asked what to read: the day is not looked for.
    zone: Option<Zone>,
}

/// What may be accepted offline, and what an upload has come to so far. Each upload is what the
/// terminal had stored, so the limits are those of one upload.
struct Allowance<'e> {
    effective: &'e Effective,
    /// The items that are counted. One that stands twice in an upload is one.
    counted: BTreeSet<&'e str>,
    count: i64,
    total_minor: i64,
}

impl PostOffline {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.push(Terminal::id(self.terminal));
        // The seller is not looked for either.
        let place = Place {
            terminal_id: Terminal::terminal_id_of(RowId(self.terminal)),
            company: self.company.clone(),
            seller: String::new(),
            zone: None,
        };
        let mut days = BTreeSet::new();
        for item in &self.items {
            place.post_of(item).read(reads);
            // On which day it is where the terminal is, is found when it is booked.
            let (at, currency) = (item.accepted_at, item.currency);
            let around = TerminalDayKey::around(self.terminal, at, currency);
            days.extend(around.map(|day| day.name()));
        }
        reads.names.extend(days);
    }
}

/// Decides one upload and places it in the books, item by item, in one commit.
///
/// What is booked stays booked, whatever the settings say by now: a repeated upload gets the same
/// answers.
///
/// # Errors
/// [`Refusal::NotThisDevice`], [`Refusal::TerminalNotActive`], [`Refusal::CannotHaveTerminals`],
/// [`Refusal::CompanyNotConfigured`].
pub fn post_offline(
    command: &PostOffline,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let terminal = device(books, command.terminal, &command.token_hash)?;
    if terminal.status != TerminalStatus::Active {
        return Err(Refusal::TerminalNotActive);
    }
    let place = Place::of(&terminal, command, books)?;
    let effective = effective(&books.directory, &terminal);
    let mut allowance =
        Allowance { effective: &effective, counted: BTreeSet::new(), count: 0, total_minor: 0 };
    let mut outcomes = Vec::with_capacity(command.items.len());
    for item in &command.items {
        let outcome = book(item, &place, &mut allowance, books, now);
        place.count(terminal.number, item, &outcome, books);
        outcomes.push(outcome);
    }
    place_upload(&terminal, command, &outcomes, books, now);
    Ok(Answer::new(Outcome::Offline(outcomes)))
}

/// Decides one item.
fn book<'e>(
    item: &'e OfflineItem,
    place: &Place,
    allowance: &mut Allowance<'e>,
    books: &mut Books,
    now: Timestamp,
) -> OfflineOutcome {
    let command = place.post_of(item);
    let key = posting_key(&command.company, command.kind, &command.source);
    let was_known = books.transaction(key).is_some();
    if !was_known && let Err(refusal) = allowance.check(item) {
        return OfflineOutcome::Refused(refusal);
    }
    match post(&command, books, now) {
        Ok(answer) => {
            allowance.use_up(item);
            let booked = books.transaction(key).map_or(TransactionId(0), |booked| booked.id);
            OfflineOutcome::Posted { transaction: booked, replayed: answer.replayed }
        }
        Err(refusal) => OfflineOutcome::Refused(OfflineRefusal::Ledger(refusal)),
    }
}

/// Leaves a row in the journal where something was booked. It says how much, and of whom nothing.
fn place_upload(
    terminal: &Terminal,
    command: &PostOffline,
    outcomes: &[OfflineOutcome],
    books: &mut Books,
    now: Timestamp,
) {
    let (mut posted, mut replayed) = (0_usize, 0_usize);
    let mut sums = BTreeMap::<&str, (i64, Currency)>::new();
    for (outcome, item) in outcomes.iter().zip(&command.items) {
        match outcome {
            OfflineOutcome::Posted { replayed: false, .. } => {
                posted = posted.saturating_add(1);
                let minor = item.amount.minor(item.currency).unwrap_or(0);
                let sum = sums.entry(item.currency.code()).or_insert((0, item.currency));
                sum.0 = sum.0.saturating_add(minor);
            }
            OfflineOutcome::Posted { replayed: true, .. } => replayed = replayed.saturating_add(1),
            OfflineOutcome::Refused(_) => {}
        }
    }
    if posted == 0 {
        return;
    }
    let refused = outcomes.len().saturating_sub(posted).saturating_sub(replayed);
    let kind = ChangeKind::Estate(EstateChange::OfflineUploaded);
    let mut change = Change::about(RowId(terminal.number), kind, &terminal.actor(), now)
        .with("posted", posted.to_string())
        .with("replayed", replayed.to_string())
        .with("refused", refused.to_string());
    for (code, (sum, currency)) in sums {
        change = change.with(&format!("total.{code}"), format_minor(sum, currency));
    }
    books.place_change(change, None);
}

impl Place {
    /// Where the terminal's merchant sells.
    fn of(terminal: &Terminal, command: &PostOffline, books: &Books) -> Result<Place, Refusal> {
        let customer = Customer::find(&books.directory, terminal.customer);
        let merchant = customer.and_then(|customer| customer.merchant);
        let merchant = merchant.ok_or(Refusal::CannotHaveTerminals)?;
        // Only what belongs to the company that was named has been loaded.
        let company = books.directory.company(&merchant.company_number);
        let company = company.filter(|company| company.number == command.company);
        let company = company.ok_or(Refusal::CompanyNotConfigured)?;
        Ok(Place {
            // As it was when it was asked what to read.
            terminal_id: Terminal::terminal_id_of(RowId(terminal.number)),
            company: merchant.company_number,
            seller: merchant.seller_number,
            zone: Some(company.zone.clone()),
        })
    }

    /// Counts an item that is booked now.
    fn count(
        &self,
        terminal: i64,
        item: &OfflineItem,
        outcome: &OfflineOutcome,
        books: &mut Books,
    ) {
        let OfflineOutcome::Posted { transaction, replayed: false } = outcome else { return };
        let Some(zone) = &self.zone else { return };
        let (day, currency) = (zone.day_of(item.accepted_at), item.currency);
        let minor = item.amount.minor(currency).unwrap_or(0);
        let key = TerminalDayKey { terminal, day, currency };
        terminal_day::count(key, transaction.0, minor, books);
    }

    /// What the ledger is asked to book for an item.
    fn post_of(&self, item: &OfflineItem) -> Post {
        Post {
            company: self.company.clone(),
            seller_scope: None,
            mount: Mount::CardTransaction,
            kind: PostingKind::Purchase,
            basis: Basis::Offline(OfflineInfo {
                card: item.card.clone(),
                seller: self.seller.clone(),
                currency: item.currency.code().to_owned(),
                method: None,
                channel: None,
            }),
            offline_info: true,
            claims: OfflineClaims::default(),
            source: format!("{}-{}", self.terminal_id, item.id),
            amount: item.amount,
            withdrawal: None,
            references: AcquirerReferences::default(),
            receipt: item.receipt.clone(),
            point_of_sale: Some(self.terminal_id.clone()),
            value_date: self.zone.as_ref().map(|zone| zone.day_of(item.accepted_at)),
        }
    }
}

impl<'e> Allowance<'e> {
    /// Whether one more item may be booked. A limit that nobody has set is none.
    fn check(&self, item: &OfflineItem) -> Result<(), OfflineRefusal> {
        let limit = |name: &str| self.setting(name).and_then(|text| text.parse().ok());
        let is_over = |number: i64, limit: Option<i64>| limit.is_some_and(|limit| number > limit);
        if self.setting("enabled") != Some("true") {
            return Err(OfflineRefusal::NotAllowed);
        }
        let modes = self.setting("supported_card_entry_modes").unwrap_or_default();
        if !modes.split(',').any(|mode| mode == item.entry_mode.as_str()) {
            return Err(OfflineRefusal::EntryMode);
        }
        let currency = self.effective.text("currency");
        if currency.is_some_and(|currency| currency != item.currency.code()) {
            return Err(OfflineRefusal::Currency);
        }
        let minor = item.amount.minor(item.currency);
        let minor =
            minor.map_err(|error| OfflineRefusal::Ledger(ledger::Refusal::Amount(error)))?;
        if is_over(minor, limit("max_transaction_amount")) {
            return Err(OfflineRefusal::AmountExceeded);
        }
        if is_over(self.count.saturating_add(1), limit("max_transaction_count")) {
            return Err(OfflineRefusal::CountExceeded);
        }
        if is_over(self.total_minor.saturating_add(minor), limit("max_total_amount")) {
            return Err(OfflineRefusal::TotalExceeded);
        }
        Ok(())
    }

    /// Counts an item that is booked, now or before.
    fn use_up(&mut self, item: &'e OfflineItem) {
        if !self.counted.insert(&item.id) {
            return;
        }
        let minor = item.amount.minor(item.currency).unwrap_or(0);
        self.count = self.count.saturating_add(1);
        self.total_minor = self.total_minor.saturating_add(minor);
    }

    fn setting(&self, name: &str) -> Option<&str> {
        self.effective.text(&format!("deferred_authorization.{name}"))
    }
}

#[cfg(test)]
mod tests;
