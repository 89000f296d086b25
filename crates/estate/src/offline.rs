//! The decision to book what a terminal has accepted without asking anyone.

use ledger::{Books, CardToken, Currency, Decimal, ReadSet, Timestamp, TransactionId};

use crate::command::Answer;
use crate::refusal::Refusal;
use crate::terminal::Terminal;

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

impl PostOffline {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.push(Terminal::id(self.terminal));
    }
}

/// Decides one upload and places it in the books, item by item, in one commit.
///
/// # Errors
/// [`Refusal::NotThisDevice`], [`Refusal::TerminalNotActive`], [`Refusal::CannotHaveTerminals`].
pub fn post_offline(
    command: &PostOffline,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let _ = (command, books, now);
    Err(Refusal::Unbuilt)
}
