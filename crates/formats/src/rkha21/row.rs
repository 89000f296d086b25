//! What a file says, once it is read: its header, its rows, its totals.

use ledger::ids::Hasher;
use ledger::transaction::Direction;
use ledger::{CardAuthenticationMethod, Channel, Currency, Date, Key, PostingKind};

/// What the file is (card ledger, "RKHA21 file header row description").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The processing date.
    pub date: Date,
    /// Who sent it: `8850`.
    pub sender: String,
    /// The cycle of the day: `10` or `20`.
    pub cycle: String,
    /// The serial number of the file.
    pub serial: u32,
}

/// A transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line of the file; the header is 1.
    pub line: u64,
    /// What it is.
    pub kind: RowKind,
    /// When it was made.
    pub date: Date,
    /// The acquirer's own reference ("BABS reference number"): eleven digits.
    pub acquirer_reference: String,
    /// How much, in minor units: above zero. The kind says in which direction.
    pub amount_minor: i64,
    /// The currency.
    pub currency: Currency,
    /// The authorization, as the card ledger calls it; none for what was made offline.
    pub authorization: Option<String>,
    /// The cash part of a purchase, inside the amount, in minor units: above zero.
    pub withdrawal_minor: Option<i64>,
    /// The seller, by number.
    pub seller: String,
    /// The card.
    pub card_token: String,
    /// The sender's own id of the transaction.
    pub source: String,
    /// Where it was made, for people.
    pub point_of_sale: Option<String>,
    /// Through what channel.
    pub channel: Option<Channel>,
    /// How the holder was authenticated.
    pub method: Option<CardAuthenticationMethod>,
    /// For a correction, and only for one: the source id of what it takes back.
    pub corrects: Option<String>,
    /// The seller's receipt ("retrieval reference number").
    pub receipt: Option<String>,
}

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKind {
    /// A sale: debits the holder.
    Purchase,
    /// Cash given out: debits the holder.
    CashWithdrawal,
    /// A refund without reference: credits the holder.
    Reversal,
    /// Takes back a purchase or part of it: credits the holder.
    PurchaseCorrection,
    /// Takes back a cash withdrawal or part of it: credits the holder.
    CashWithdrawalCorrection,
    /// Takes back a reversal or part of it: debits the holder.
    ReversalCorrection,
}

/// What must be unique among the rows of a file: 128-bit hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowKeys {
    /// Of the kind and the source id.
    pub source: Key,
    /// Of the kind and the acquirer's reference.
    pub acquirer_reference: Key,
}

/// A file that was read to its end and is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// What it is.
    pub header: Header,
    /// How many rows lie between header and trailer.
    pub rows: u64,
    /// The sum of what debits holders, in minor units of whatever currency: a control figure.
    pub debit_minor: i64,
    /// The sum of what credits holders, in the same way.
    pub credit_minor: i64,
    /// The rows of each kind and currency, in the order of kinds, then of codes.
    pub groups: Vec<Group>,
}

/// The rows of one kind in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// The kind.
    pub kind: RowKind,
    /// The currency.
    pub currency: Currency,
    /// How many.
    pub rows: u64,
    /// What they sum up to, in minor units.
    pub amount_minor: i64,
}

impl Header {
    /// `AcquirerBatchId`: processing date, sender and cycle (card ledger, "RKHA21 format").
    pub fn acquirer_batch_id(&self) -> String {
        format!("{}{}{}", yymmdd(self.date), self.sender, self.cycle)
    }

    /// The file's name: date, sender, cycle and serial number, as `200206-8850-20-000017`. No
    /// two files may have the same.
    pub fn name(&self) -> String {
        format!("{}-{}-{}-{:06}", yymmdd(self.date), self.sender, self.cycle, self.serial)
    }
}

/// A date as the header has it.
pub(super) fn yymmdd(date: Date) -> String {
    let text = date.to_string();
    text.bytes().skip(2).filter(u8::is_ascii_digit).map(char::from).collect()
}

impl Row {
    /// What must be unique among the rows of a file.
    pub fn keys(&self) -> RowKeys {
        let key =
            |purpose, text| Key(Hasher::new(purpose).text(self.kind.as_str()).text(text).finish());
        RowKeys {
            source: key("rkha21 source", &self.source),
            acquirer_reference: key("rkha21 acquirer reference", &self.acquirer_reference),
        }
    }
}

impl RowKind {
    /// All kinds.
    pub const ALL: [RowKind; 6] = [
        RowKind::Purchase,
        RowKind::CashWithdrawal,
        RowKind::Reversal,
        RowKind::PurchaseCorrection,
        RowKind::CashWithdrawalCorrection,
        RowKind::ReversalCorrection,
    ];

    /// The word used in profiles, documents and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            RowKind::Purchase => "purchase",
            RowKind::CashWithdrawal => "cash-withdrawal",
            RowKind::Reversal => "reversal",
            RowKind::PurchaseCorrection => "purchase-correction",
            RowKind::CashWithdrawalCorrection => "cash-withdrawal-correction",
            RowKind::ReversalCorrection => "reversal-correction",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<RowKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The monetary transaction that it is, or takes back.
    pub fn posting(self) -> PostingKind {
        match self {
            RowKind::Purchase | RowKind::PurchaseCorrection => PostingKind::Purchase,
            RowKind::CashWithdrawal | RowKind::CashWithdrawalCorrection => {
                PostingKind::CashWithdrawal
            }
            RowKind::Reversal | RowKind::ReversalCorrection => PostingKind::Reversal,
        }
    }

    /// Whether it takes back another row's transaction.
    pub fn is_correction(self) -> bool {
        match self {
            RowKind::Purchase | RowKind::CashWithdrawal | RowKind::Reversal => false,
            RowKind::PurchaseCorrection
            | RowKind::CashWithdrawalCorrection
            | RowKind::ReversalCorrection => true,
        }
    }

    /// Which of the holder's sides it is on.
    pub fn direction(self) -> Direction {
        match self {
            RowKind::Purchase | RowKind::CashWithdrawal | RowKind::ReversalCorrection => {
                Direction::Debit
            }
            RowKind::Reversal | RowKind::PurchaseCorrection | RowKind::CashWithdrawalCorrection => {
                Direction::Credit
            }
        }
    }

    /// The sign that says so.
    pub(super) fn sign(self) -> char {
        match self.direction() {
            Direction::Debit => '+',
            Direction::Credit => '-',
        }
    }
}
