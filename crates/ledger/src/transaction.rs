//! Transactions: what moves money, and what gives reserved money free.

use crate::account::{AccountKind, Balance, House};
use crate::authorization::{CardAuthenticationMethod, Channel};
use crate::ids::{
    AccountId, AuthorizationId, CardId, CompanyId, Fingerprint, RowId, SellerId, TransactionId,
};
use crate::money::Currency;
use crate::time::{Date, Timestamp};

/// One entry of the ledger: `posted` moves from the credited to the debited account, and
/// `released` stops being reserved on the holder's account. One side is the seller's payable
/// account; the other, whose chain the entry is part of, is a holder's or one of the company's own.
///
/// All fields but `corrected` and `last_child` are written once. Amounts are minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Its position in the journal.
    pub id: TransactionId,
    /// When it was booked.
    pub at: Timestamp,
    /// Whose ledger.
    pub company: CompanyId,
    /// Who sold.
    pub seller: SellerId,
    /// The holder's account, or the company's own.
    pub account: AccountId,
    /// The seller's payable account.
    pub payable: AccountId,
    /// The card, where one is known.
    pub card: Option<CardId>,
    /// What happened.
    pub kind: TransactionKind,
    /// The authorization it was made on; none for what happened offline.
    pub authorization: Option<AuthorizationId>,
    /// What a correction takes back.
    pub corrects: Option<TransactionId>,
    /// The caller's id, unique per company and kind. Empty for cancellations and expiries.
    pub source: String,
    /// What was asked, hashed, to tell a repeat from a conflict.
    pub fingerprint: Fingerprint,
    /// How much moved.
    pub posted: i64,
    /// How much stopped being reserved.
    pub released: i64,
    /// The cash part of a purchase (`withdrawalAmount`), inside `posted`.
    pub withdrawal: Option<i64>,
    /// The account's currency.
    pub currency: Currency,
    /// The acquirer's references.
    pub references: AcquirerReferences,
    /// The seller's receipt (`sellerReceiptId`).
    pub receipt: Option<String>,
    /// Where it happened, for people.
    pub point_of_sale: Option<String>,
    /// How the holder was authenticated, for what happened offline.
    pub method: Option<CardAuthenticationMethod>,
    /// Through what channel, for what happened offline.
    pub channel: Option<Channel>,
    /// The day for which it counts, in the company's zone.
    pub value_date: Date,
    /// The name of the contract under which it was made.
    pub mount: Mount,
    /// Whether the request carried `offlineInfo`.
    pub offline_info: bool,
    /// Booked although the account then owed more than its limit.
    pub over_limit: bool,
    /// Booked although the card or account was blocked, closed or expired.
    pub despite_block: bool,
    /// The account's balance right after.
    pub balance: Balance,
    /// The account's row before this one.
    pub previous: RowId,
    /// The transaction before this one on the same authorization, or the correction before this
    /// one of the same transaction. 0 is none.
    pub sibling: RowId,
    /// How much of it has been corrected.
    pub corrected: i64,
    /// Its newest correction. 0 is none.
    pub last_child: RowId,
}

/// Between whom a transaction is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Between {
    pub(crate) company: CompanyId,
    pub(crate) seller: SellerId,
    /// The holder's account, or the company's own.
    pub(crate) account: AccountId,
    /// The seller's payable account.
    pub(crate) payable: AccountId,
    /// In which both are.
    pub(crate) currency: Currency,
}

/// What a caller can post: the three monetary transactions (card ledger).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PostingKind {
    /// A sale: debits the holder.
    Purchase,
    /// Cash given out: debits the holder.
    CashWithdrawal,
    /// A refund without reference: credits the holder.
    Reversal,
}

/// What a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionKind {
    /// A monetary transaction.
    Posting(PostingKind),
    /// Takes back a monetary transaction of this kind, or part of it.
    Correction(PostingKind),
    /// Ends an authorization for the merchant; moves nothing.
    Cancellation,
    /// Ends an authorization by time; moves nothing.
    Expiry,
    /// The company pays out what it owes a seller.
    Settlement,
    /// The company keeps its fee of what it owes a seller.
    Fee,
    /// The bank sent a settlement back: all of it is owed to the seller again.
    SettlementReturn,
}

/// Which side an entry is on, of the account whose chain it is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The holder owes more.
    Debit,
    /// The holder owes less; or the company has more on the account.
    Credit,
}

/// The acquirer's names for a transaction (card ledger, `additionalReferences`). Together they
/// are unique per company and kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AcquirerReferences {
    /// `acquirerBatchId`.
    pub batch: Option<String>,
    /// `acquirerTransactionId`.
    pub transaction: Option<String>,
}

/// By what name, or from where, something came. The card-ledger contract has two names; a repeat
/// gets the links of the first request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mount {
    /// `/ledger/credit-account-acquiring/v1`.
    CreditAccountAcquiring,
    /// `/ledger/card-transaction/v1`.
    CardTransaction,
    /// No request: a row of an acquirer's file (card ledger, RKHA21).
    AcquirerFile,
}

impl Transaction {
    /// One that moves nothing, names nothing further and is in no chain yet. What the books know
    /// (its id, its balance, what it is linked to) they fill in when it is placed.
    pub(crate) fn bare(
        kind: TransactionKind,
        between: Between,
        value_date: Date,
        now: Timestamp,
    ) -> Transaction {
        let Between { company, seller, account, payable, currency } = between;
        Transaction {
            id: TransactionId(0),
            at: now,
            company,
            seller,
            account,
            payable,
            card: None,
            kind,
            authorization: None,
            corrects: None,
            source: String::new(),
            fingerprint: Fingerprint::default(),
            posted: 0,
            released: 0,
            withdrawal: None,
            currency,
            references: AcquirerReferences::default(),
            receipt: None,
            point_of_sale: None,
            method: None,
            channel: None,
            value_date,
            mount: Mount::CardTransaction,
            offline_info: false,
            over_limit: false,
            despite_block: false,
            balance: Balance::default(),
            previous: RowId(0),
            sibling: RowId(0),
            corrected: 0,
            last_child: RowId(0),
        }
    }

    /// Between whom it is.
    pub(crate) fn between(&self) -> Between {
        let Transaction { company, seller, account, payable, currency, .. } = *self;
        Between { company, seller, account, payable, currency }
    }

    /// The entry's side on its account; none where nothing moves.
    pub fn direction(&self) -> Option<Direction> {
        self.kind.direction()
    }

    /// The accounts that are debited and credited with `posted`.
    pub fn debit_and_credit(&self) -> (AccountId, AccountId) {
        match self.direction() {
            Some(Direction::Debit) | None => (self.account, self.payable),
            Some(Direction::Credit) => (self.payable, self.account),
        }
    }

    /// What can still be taken back, in minor units.
    pub fn correctable(&self) -> i64 {
        match self.kind.taken_back_by() {
            Some(_) => self.posted.saturating_sub(self.corrected),
            None => 0,
        }
    }
}

impl PostingKind {
    /// All kinds.
    pub const ALL: [PostingKind; 3] =
        [PostingKind::Purchase, PostingKind::CashWithdrawal, PostingKind::Reversal];

    /// Its side on the holder's account.
    pub fn direction(self) -> Direction {
        match self {
            PostingKind::Purchase | PostingKind::CashWithdrawal => Direction::Debit,
            PostingKind::Reversal => Direction::Credit,
        }
    }

    /// The word used in keys, rows and our own APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            PostingKind::Purchase => "purchase",
            PostingKind::CashWithdrawal => "cash-withdrawal",
            PostingKind::Reversal => "reversal",
        }
    }
}

impl TransactionKind {
    /// All kinds.
    pub const ALL: [TransactionKind; 11] = [
        TransactionKind::Posting(PostingKind::Purchase),
        TransactionKind::Posting(PostingKind::CashWithdrawal),
        TransactionKind::Posting(PostingKind::Reversal),
        TransactionKind::Correction(PostingKind::Purchase),
        TransactionKind::Correction(PostingKind::CashWithdrawal),
        TransactionKind::Correction(PostingKind::Reversal),
        TransactionKind::Cancellation,
        TransactionKind::Expiry,
        TransactionKind::Settlement,
        TransactionKind::Fee,
        TransactionKind::SettlementReturn,
    ];

    /// The kind of account that it is booked on, opposite the seller's payable account.
    pub fn account_kind(self) -> AccountKind {
        match self {
            TransactionKind::Posting(_)
            | TransactionKind::Correction(_)
            | TransactionKind::Cancellation
            | TransactionKind::Expiry => AccountKind::Credit,
            TransactionKind::Settlement | TransactionKind::SettlementReturn => {
                AccountKind::House(House::Settlement)
            }
            TransactionKind::Fee => AccountKind::House(House::Fees),
        }
    }

    /// What takes such a transaction back, if anything does: what says so in `corrects`.
    pub fn taken_back_by(self) -> Option<TransactionKind> {
        match self {
            TransactionKind::Posting(kind) => Some(TransactionKind::Correction(kind)),
            TransactionKind::Settlement => Some(TransactionKind::SettlementReturn),
            TransactionKind::Correction(_)
            | TransactionKind::Cancellation
            | TransactionKind::Expiry
            | TransactionKind::Fee
            | TransactionKind::SettlementReturn => None,
        }
    }

    /// The entry's side on its account; none where nothing moves.
    pub fn direction(self) -> Option<Direction> {
        match self {
            TransactionKind::Posting(kind) => Some(kind.direction()),
            TransactionKind::Correction(kind) => Some(match kind.direction() {
                Direction::Debit => Direction::Credit,
                Direction::Credit => Direction::Debit,
            }),
            TransactionKind::Cancellation | TransactionKind::Expiry => None,
            TransactionKind::Settlement | TransactionKind::Fee => Some(Direction::Credit),
            TransactionKind::SettlementReturn => Some(Direction::Debit),
        }
    }

    /// The word used in rows and our own APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            TransactionKind::Posting(PostingKind::Purchase) => "purchase",
            TransactionKind::Posting(PostingKind::CashWithdrawal) => "cash-withdrawal",
            TransactionKind::Posting(PostingKind::Reversal) => "reversal",
            TransactionKind::Correction(PostingKind::Purchase) => "purchase-correction",
            TransactionKind::Correction(PostingKind::CashWithdrawal) => {
                "cash-withdrawal-correction"
            }
            TransactionKind::Correction(PostingKind::Reversal) => "reversal-correction",
            TransactionKind::Cancellation => "cancellation",
            TransactionKind::Expiry => "expiry",
            TransactionKind::Settlement => "settlement",
            TransactionKind::Fee => "fee",
            TransactionKind::SettlementReturn => "settlement-return",
        }
    }
}

impl Direction {
    /// `amount` as a change of the holder's debt, in minor units.
    pub fn signed(self, amount: i64) -> i64 {
        match self {
            Direction::Debit => amount,
            Direction::Credit => amount.saturating_neg(),
        }
    }

    /// The word used in our own APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Debit => "debit",
            Direction::Credit => "credit",
        }
    }
}

impl AcquirerReferences {
    /// Both names, when both were given: then they may be used once.
    pub fn both(&self) -> Option<(&str, &str)> {
        self.batch.as_deref().zip(self.transaction.as_deref())
    }
}

impl Mount {
    /// The path segment; of what came from a file, the word used in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Mount::CreditAccountAcquiring => "credit-account-acquiring",
            Mount::CardTransaction => "card-transaction",
            Mount::AcquirerFile => "acquirer-file",
        }
    }

    /// The name under which the contract shows it.
    #[must_use]
    pub fn shown(self) -> Mount {
        match self {
            Mount::CreditAccountAcquiring => Mount::CreditAccountAcquiring,
            Mount::CardTransaction | Mount::AcquirerFile => Mount::CardTransaction,
        }
    }

    /// Reads the path segment.
    pub fn parse(segment: &str) -> Option<Mount> {
        match segment {
            "credit-account-acquiring" => Some(Mount::CreditAccountAcquiring),
            "card-transaction" => Some(Mount::CardTransaction),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_word_and_its_side() {
        let shown: Vec<String> = TransactionKind::ALL
            .iter()
            .map(|kind| format!("{} {:?}", kind.as_str(), kind.direction().map(Direction::as_str)))
            .collect();
        assert_eq!(
            shown,
            [
                "purchase Some(\"debit\")",
                "cash-withdrawal Some(\"debit\")",
                "reversal Some(\"credit\")",
                "purchase-correction Some(\"credit\")",
                "cash-withdrawal-correction Some(\"credit\")",
                "reversal-correction Some(\"debit\")",
                "cancellation None",
                "expiry None",
                "settlement Some(\"credit\")",
                "fee Some(\"credit\")",
                "settlement-return Some(\"debit\")",
            ]
        );
        for kind in PostingKind::ALL {
            assert_eq!(TransactionKind::Posting(kind).as_str(), kind.as_str());
        }
        assert_eq!((Direction::Debit.signed(5), Direction::Credit.signed(5)), (5, -5));
    }

    #[test]
    fn what_is_debited_is_credited_elsewhere() {
        let mut world = crate::world::World::new();
        world.run_all("purchase offline amount=3");
        let Some(crate::Row::Transaction(purchase)) = world.rows.into_values().next_back() else {
            panic!("nothing was booked");
        };
        let (account, payable) = (purchase.account, purchase.payable);
        for kind in TransactionKind::ALL {
            let row = Transaction { kind, corrected: 100, ..purchase.clone() };
            let sides = match kind.direction() {
                Some(Direction::Credit) => (payable, account),
                Some(Direction::Debit) | None => (account, payable),
            };
            assert_eq!(row.debit_and_credit(), sides, "{kind:?}");
            let may_be = matches!(kind, TransactionKind::Posting(_) | TransactionKind::Settlement);
            assert_eq!(row.correctable(), if may_be { 200 } else { 0 }, "{kind:?}");
        }
    }

    #[test]
    fn mounts_are_read_again() {
        for mount in [Mount::CreditAccountAcquiring, Mount::CardTransaction] {
            assert_eq!(Mount::parse(mount.as_str()), Some(mount));
        }
        assert_eq!(Mount::parse("card-transactions"), None);
    }
}
