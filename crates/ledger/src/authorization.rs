//! Authorizations: pending transfers that reserve money on an account.

use crate::account::Balance;
use crate::ids::{
    AccountId, AuthorizationId, CardId, Code, CompanyId, Fingerprint, RowId, SellerId,
};
use crate::money::Currency;
use crate::time::{Date, Timestamp};
use crate::transaction::{Mount, PostingKind};

/// One authorization. Its pending transfer (account to seller) is this row, not another.
///
/// All fields but `state`, `taken` and `last_child` are written once. Amounts are minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// Its position in the journal.
    pub id: AuthorizationId,
    /// When it was decided.
    pub at: Timestamp,
    /// Whose ledger.
    pub company: CompanyId,
    /// Who sells.
    pub seller: SellerId,
    /// Whose money.
    pub account: AccountId,
    /// The card it was made with, if it was not made by account number.
    pub card: Option<CardId>,
    /// The caller's id, unique per company (`sourceAuthorizationTransactionId`).
    pub source: String,
    /// What was asked, hashed, to tell a repeat from a conflict.
    pub fingerprint: Fingerprint,
    /// What it allows.
    pub kind: AuthorizationKind,
    /// How much was asked and, unless declined, granted.
    pub amount: i64,
    /// The account's currency.
    pub currency: Currency,
    /// Where it happened, for people (`pointOfSale`).
    pub point_of_sale: String,
    /// How the holder was authenticated.
    pub method: Option<CardAuthenticationMethod>,
    /// Through what channel.
    pub channel: Option<Channel>,
    /// The last day on which it can be used, in the company's zone (`validToDate`).
    pub valid_to: Date,
    /// The end of that day.
    pub expires_at: Timestamp,
    /// The name of the contract under which it was made.
    pub mount: Mount,
    /// Why it was declined, if it was.
    pub declined: Option<DeclineReason>,
    /// The account's balance right after.
    pub balance: Balance,
    /// The account's row before this one.
    pub previous: RowId,
    /// Whether it is still of use.
    pub state: AuthorizationState,
    /// How much has been purchased, withdrawn or reversed on it.
    pub taken: i64,
    /// Its newest transaction; older ones follow from there. 0 is none.
    pub last_child: RowId,
}

/// What an authorization allows (card ledger, `type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorizationKind {
    /// Purchases; reserves.
    Purchase,
    /// Reversals, which credit the account; reserves nothing.
    Reversal,
    /// Cash withdrawals; reserves.
    CashWithdrawal,
}

/// The life of an authorization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorizationState {
    /// Granted; usable while something remains and its day has not ended.
    Live,
    /// Refused for a reason of the account or card; nothing was reserved.
    Declined,
    /// Ended by the merchant; what remained was released.
    Cancelled,
    /// Ended by time; what remained was released.
    Expired,
}

/// Why an authorization was declined, in the order in which it is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeclineReason {
    /// The account is closed.
    AccountClosed,
    /// The account is blocked.
    AccountBlocked,
    /// The card is blocked.
    CardBlocked,
    /// The card's last month has passed.
    CardExpired,
    /// Less is available than asked.
    InsufficientFunds,
}

/// How the card holder was authenticated (card ledger, `cardAuthenticationMethod`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardAuthenticationMethod {
    /// Chip and PIN.
    ChipPin,
    /// Chip and signature.
    ChipSign,
    /// Card number, CVC and expiry.
    PanCvcExpr,
    /// A recurring token.
    RecurringToken,
    /// Magnetic stripe and PIN.
    MagStripePin,
}

/// Through what channel the card was used (card ledger, `channel`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Attended point of sale.
    Pos,
    /// Unattended point of sale.
    UnattendedPos,
    /// Electronic commerce.
    Ecom,
}

impl Authorization {
    /// What clients call `authorizationId`.
    pub fn code(&self) -> Code {
        Code::of(RowId(self.id.0))
    }

    /// What can still be taken at `now`, in minor units; 0 once it has ended in any way.
    pub fn remaining(&self, now: Timestamp) -> i64 {
        if self.state == AuthorizationState::Live && now < self.expires_at {
            self.amount.saturating_sub(self.taken)
        } else {
            0
        }
    }

    /// What it holds on the account, in minor units. An authorization past its day holds until
    /// the expiry is booked.
    pub fn reserved(&self) -> i64 {
        if self.state == AuthorizationState::Live && self.kind.reserves() {
            self.amount.saturating_sub(self.taken)
        } else {
            0
        }
    }
}

impl AuthorizationKind {
    /// All kinds.
    pub const ALL: [AuthorizationKind; 3] = [
        AuthorizationKind::Purchase,
        AuthorizationKind::Reversal,
        AuthorizationKind::CashWithdrawal,
    ];

    /// Whether it holds money until it is taken.
    pub fn reserves(self) -> bool {
        match self {
            AuthorizationKind::Purchase | AuthorizationKind::CashWithdrawal => true,
            AuthorizationKind::Reversal => false,
        }
    }

    /// The kind of transaction that it allows.
    pub fn allows(self) -> PostingKind {
        match self {
            AuthorizationKind::Purchase => PostingKind::Purchase,
            AuthorizationKind::Reversal => PostingKind::Reversal,
            AuthorizationKind::CashWithdrawal => PostingKind::CashWithdrawal,
        }
    }

    /// The word used in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            AuthorizationKind::Purchase => "purchase",
            AuthorizationKind::Reversal => "reversal",
            AuthorizationKind::CashWithdrawal => "cash-withdrawal",
        }
    }

    /// Reads the contract's words, old and new: case and hyphens do not matter.
    pub fn parse(word: &str) -> Option<AuthorizationKind> {
        let folded: String =
            word.chars().filter(|c| *c != '-').map(|c| c.to_ascii_lowercase()).collect();
        match folded.as_str() {
            "purchase" => Some(AuthorizationKind::Purchase),
            "reversal" => Some(AuthorizationKind::Reversal),
            "cashwithdrawal" => Some(AuthorizationKind::CashWithdrawal),
            _ => None,
        }
    }
}

impl AuthorizationState {
    /// The word used in rows and our own APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            AuthorizationState::Live => "live",
            AuthorizationState::Declined => "declined",
            AuthorizationState::Cancelled => "cancelled",
            AuthorizationState::Expired => "expired",
        }
    }
}

impl DeclineReason {
    /// The word used in the contract's `Reason`.
    pub fn as_str(self) -> &'static str {
        match self {
            DeclineReason::AccountClosed => "account-closed",
            DeclineReason::AccountBlocked => "account-blocked",
            DeclineReason::CardBlocked => "card-blocked",
            DeclineReason::CardExpired => "card-expired",
            DeclineReason::InsufficientFunds => "insufficient-funds",
        }
    }
}

impl CardAuthenticationMethod {
    /// All methods.
    pub const ALL: [CardAuthenticationMethod; 5] = [
        CardAuthenticationMethod::ChipPin,
        CardAuthenticationMethod::ChipSign,
        CardAuthenticationMethod::PanCvcExpr,
        CardAuthenticationMethod::RecurringToken,
        CardAuthenticationMethod::MagStripePin,
    ];

    /// The word used in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            CardAuthenticationMethod::ChipPin => "ChipPin",
            CardAuthenticationMethod::ChipSign => "ChipSign",
            CardAuthenticationMethod::PanCvcExpr => "PanCvcExpr",
            CardAuthenticationMethod::RecurringToken => "RecurringToken",
            CardAuthenticationMethod::MagStripePin => "MagStripePin",
        }
    }

    /// Reads that word, in any case.
    pub fn parse(word: &str) -> Option<CardAuthenticationMethod> {
        Self::ALL.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(word))
    }
}

impl Channel {
    /// All channels.
    pub const ALL: [Channel; 3] = [Channel::Pos, Channel::UnattendedPos, Channel::Ecom];

    /// The word used in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Channel::Pos => "POS",
            Channel::UnattendedPos => "UnattendedPOS",
            Channel::Ecom => "Ecom",
        }
    }

    /// Reads that word, in any case.
    pub fn parse(word: &str) -> Option<Channel> {
        Self::ALL.into_iter().find(|channel| channel.as_str().eq_ignore_ascii_case(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_again_in_any_case() {
        for kind in AuthorizationKind::ALL {
            assert_eq!(AuthorizationKind::parse(kind.as_str()), Some(kind));
        }
        for word in ["CashWithdrawal", "cashWithdrawal", "CASH-WITHDRAWAL"] {
            assert_eq!(AuthorizationKind::parse(word), Some(AuthorizationKind::CashWithdrawal));
        }
        assert_eq!(AuthorizationKind::parse("refund"), None);
        for method in CardAuthenticationMethod::ALL {
            let word = method.as_str().to_lowercase();
            assert_eq!(CardAuthenticationMethod::parse(&word), Some(method));
        }
        assert_eq!(CardAuthenticationMethod::parse("Chip"), None);
        for channel in Channel::ALL {
            assert_eq!(Channel::parse(&channel.as_str().to_uppercase()), Some(channel));
        }
        assert_eq!(Channel::parse("Mail"), None);
    }

    #[test]
    fn states_and_reasons_have_words_of_their_own() {
        let states = [
            AuthorizationState::Live,
            AuthorizationState::Declined,
            AuthorizationState::Cancelled,
            AuthorizationState::Expired,
        ];
        let words: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
        assert_eq!(words, ["live", "declined", "cancelled", "expired"]);
        let reasons = [
            DeclineReason::AccountClosed,
            DeclineReason::AccountBlocked,
            DeclineReason::CardBlocked,
            DeclineReason::CardExpired,
            DeclineReason::InsufficientFunds,
        ];
        assert!(reasons.is_sorted(), "in the order in which they are checked");
        let words: Vec<&str> = reasons.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(
            words,
            [
                "account-closed",
                "account-blocked",
                "card-blocked",
                "card-expired",
                "insufficient-funds"
            ]
        );
    }

    #[test]
    fn what_remains_and_what_is_held() {
        check(
            "
            kind       state     taken  now   remaining  reserved
            purchase   live      0      9     300        300
            purchase   live      100    9     200        200
            purchase   live      300    9     0          0
            purchase   live      100    10    0          200
            purchase   declined  0      9     0          0
            purchase   cancelled 100    9     0          0
            purchase   expired   100    10    0          0
            reversal   live      100    9     200        0
            ",
        );
    }

    /// It asked for 300 and lasts until 10.
    #[track_caller]
    fn check(table: &str) {
        let mut world = crate::world::World::new();
        world.run_all("authorize");
        let Some(crate::Row::Authorization(granted)) = world.rows.into_values().next_back() else {
            panic!("nothing was placed");
        };
        for row in table.trim().lines().skip(1) {
            let cells: Vec<&str> = row.split_whitespace().collect();
            let authorization = Authorization {
                kind: AuthorizationKind::parse(cells[0]).unwrap(),
                state: match cells[1] {
                    "live" => AuthorizationState::Live,
                    "declined" => AuthorizationState::Declined,
                    "cancelled" => AuthorizationState::Cancelled,
                    _ => AuthorizationState::Expired,
                },
                amount: 300,
                taken: cells[2].parse().unwrap(),
                expires_at: Timestamp(10),
                ..granted.clone()
            };
            let now = Timestamp(cells[3].parse().unwrap());
            assert_eq!(authorization.remaining(now).to_string(), cells[4], "{row}");
            assert_eq!(authorization.reserved().to_string(), cells[5], "{row}");
            assert_eq!(authorization.code(), Code::of(RowId(authorization.id.0)));
        }
    }
}
