//! The small numbers that stand for words in the tables. A number is never given a new meaning.

use ledger::document::Kind;
use ledger::{
    AccountStatus, AuthorizationKind, AuthorizationState, CardAuthenticationMethod, CardStatus,
    ChangeKind, Channel, ClearingChange, Contract, DeclineReason, EstateChange, House, Mount,
    PaymentsChange, PostingKind, TransactionKind,
};

/// What is stored as a small number.
pub(crate) trait Coded: Sized {
    /// Its number.
    fn code(self) -> i64;

    /// What a number stands for.
    fn of(code: i64) -> Option<Self>;
}

impl Coded for AuthorizationKind {
    fn code(self) -> i64 {
        match self {
            AuthorizationKind::Purchase => 0,
            AuthorizationKind::Reversal => 1,
            AuthorizationKind::CashWithdrawal => 2,
        }
    }

    fn of(code: i64) -> Option<Self> {
        match code {
            0 => Some(AuthorizationKind::Purchase),
            1 => Some(AuthorizationKind::Reversal),
            2 => Some(AuthorizationKind::CashWithdrawal),
            _ => None,
        }
    }
}

impl Coded for AuthorizationState {
    fn code(self) -> i64 {
        match self {
            AuthorizationState::Live => 0,
            AuthorizationState::Declined => 1,
            AuthorizationState::Cancelled => 2,
            AuthorizationState::Expired => 3,
        }
    }

    fn of(code: i64) -> Option<Self> {
        match code {
            0 => Some(AuthorizationState::Live),
            1 => Some(AuthorizationState::Declined),
            2 => Some(AuthorizationState::Cancelled),
            3 => Some(AuthorizationState::Expired),
            _ => None,
        }
    }
}

impl Coded for DeclineReason {
    fn code(self) -> i64 {
        match self {
            DeclineReason::AccountClosed => 0,
            DeclineReason::AccountBlocked => 1,
            DeclineReason::CardBlocked => 2,
            DeclineReason::CardExpired => 3,
            DeclineReason::InsufficientFunds => 4,
        }
    }

    fn of(code: i64) -> Option<Self> {
        match code {
            0 => Some(DeclineReason::AccountClosed),
            1 => Some(DeclineReason::AccountBlocked),
            2 => Some(DeclineReason::CardBlocked),
            3 => Some(DeclineReason::CardExpired),
            4 => Some(DeclineReason::InsufficientFunds),
            _ => None,
        }
    }
}

impl Coded for CardAuthenticationMethod {
    fn code(self) -> i64 {
        match self {
            CardAuthenticationMethod::ChipPin => 0,
            CardAuthenticationMethod::ChipSign => 1,
            CardAuthenticationMethod::PanCvcExpr => 2,
            CardAuthenticationMethod::RecurringToken => 3,
            CardAuthenticationMethod::MagStripePin => 4,
        }
    }

    fn of(code: i64) -> Option<Self> {
        match code {
            0 => Some(CardAuthenticationMethod::ChipPin),
            1 => Some(CardAuthenticationMethod::ChipSign),
            2 => Some(CardAuthenticationMethod::PanCvcExpr),
            3 => Some(CardAuthenticationMethod::RecurringToken),
            4 => Some(CardAuthenticationMethod::MagStripePin),
            _ => None,
        }
    }
}

impl Coded for Channel {
    fn code(self) -> i64 {
        match self {
            Channel::Pos => 0,
            Channel::UnattendedPos => 1,
            Channel::Ecom => 2,
        }
    }

    fn of(code: i64) -> Option<Self> {
        match code {
            0 => Some(Channel::Pos),
            1 => Some(Channel::UnattendedPos),
            2 => Some(Channel::Ecom),
            _ => None,
        }
    }
}

impl Coded for Mount {
    fn code(self) -> i64 {
        match self {
            Mount::CreditAccountAcquiring => 0,
            Mount::CardTransaction => 1,
            Mount::AcquirerFile => 2,
        }
    }

    fn of(code: i64) -> Option<Self> {
        match code {
            0 => Some(Mount::CreditAccountAcquiring),
            1 => Some(Mount::CardTransaction),
            2 => Some(Mount::AcquirerFile),
            _ => None,
        }
    }
}

impl Coded for TransactionKind {
    fn code(self) -> i64 {
        match self {
            TransactionKind::Posting(PostingKind::Purchase) => 0,
            TransactionKind::Posting(PostingKind::CashWithdrawal) => 1,
            TransactionKind::Posting(PostingKind::Reversal) => 2,
            TransactionKind::Correction(PostingKind::Purchase) => 3,
            TransactionKind::Correction(PostingKind::CashWithdrawal) => 4,
            TransactionKind::Correction(PostingKind::Reversal) => 5,
            TransactionKind::Cancellation => 6,
            TransactionKind::Expiry => 7,
            TransactionKind::Settlement => 8,
            TransactionKind::Fee => 9,
            TransactionKind::SettlementReturn => 10,
        }
    }

    fn of(code: i64) -> Option<Self> {
        match code {
            0 => Some(TransactionKind::Posting(PostingKind::Purchase)),
            1 => Some(TransactionKind::Posting(PostingKind::CashWithdrawal)),
            2 => Some(TransactionKind::Posting(PostingKind::Reversal)),
            3 => Some(TransactionKind::Correction(PostingKind::Purchase)),
            4 => Some(TransactionKind::Correction(PostingKind::CashWithdrawal)),
            5 => Some(TransactionKind::Correction(PostingKind::Reversal)),
            6 => Some(TransactionKind::Cancellation),
            7 => Some(TransactionKind::Expiry),
            8 => Some(TransactionKind::Settlement),
            9 => Some(TransactionKind::Fee),
            10 => Some(TransactionKind::SettlementReturn),
            _ => None,
        }
    }
}

impl Coded for ChangeKind {
    fn code(self) -> i64 {
        match self {
            ChangeKind::CompanyAdded => 0,
            ChangeKind::CompanyChanged => 1,
            ChangeKind::SellerAdded => 2,
            ChangeKind::PayableOpened => 3,
            ChangeKind::AccountOpened => 4,
            ChangeKind::AccountChanged => 5,
            ChangeKind::CardAdded => 6,
            ChangeKind::CardChanged => 7,
            ChangeKind::CredentialIssued => 8,
            ChangeKind::CredentialRevoked => 9,
            ChangeKind::Estate(change) => change.code(),
            ChangeKind::Payments(change) => change.code(),
            ChangeKind::Clearing(change) => change.code(),
            ChangeKind::HouseOpened => 59,
        }
    }

    fn of(code: i64) -> Option<Self> {
        match code {
            0 => Some(ChangeKind::CompanyAdded),
            1 => Some(ChangeKind::CompanyChanged),
            2 => Some(ChangeKind::SellerAdded),
            3 => Some(ChangeKind::PayableOpened),
            4 => Some(ChangeKind::AccountOpened),
            5 => Some(ChangeKind::AccountChanged),
            6 => Some(ChangeKind::CardAdded),
            7 => Some(ChangeKind::CardChanged),
            8 => Some(ChangeKind::CredentialIssued),
            9 => Some(ChangeKind::CredentialRevoked),
            59 => Some(ChangeKind::HouseOpened),
            _ => EstateChange::of(code)
                .map(ChangeKind::Estate)
                .or_else(|| PaymentsChange::of(code).map(ChangeKind::Payments))
                .or_else(|| ClearingChange::of(code).map(ChangeKind::Clearing)),
        }
    }
}

/// Numbers that follow those of the other kinds of change.
impl Coded for EstateChange {
    fn code(self) -> i64 {
        match self {
            EstateChange::CustomerAdded => 10,
            EstateChange::CustomerChanged => 11,
            EstateChange::RequestSubmitted => 12,
            EstateChange::RequestClaimed => 13,
            EstateChange::RequestApproved => 14,
            EstateChange::RequestRejected => 15,
            EstateChange::TerminalOrdered => 16,
            EstateChange::TerminalOnboarded => 17,
            EstateChange::TerminalChanged => 18,
            EstateChange::TerminalDeleted => 19,
            EstateChange::TerminalActivated => 20,
            EstateChange::ActivationLocked => 21,
            EstateChange::ActivationReset => 22,
            EstateChange::PackageAdded => 23,
            EstateChange::UpdateOrdered => 24,
            EstateChange::UpdateChanged => 25,
            EstateChange::RolloutStarted => 26,
            EstateChange::RolloutChanged => 27,
            EstateChange::OfflineUploaded => 28,
        }
    }

    fn of(code: i64) -> Option<Self> {
        EstateChange::ALL.into_iter().find(|change| change.code() == code)
    }
}

/// Numbers that follow those of the estate.
impl Coded for PaymentsChange {
    fn code(self) -> i64 {
        match self {
            PaymentsChange::PayeeChanged => 29,
            PaymentsChange::Initialized => 30,
            PaymentsChange::Moved => 31,
            PaymentsChange::CaptureAsked => 32,
            PaymentsChange::Raised => 33,
            PaymentsChange::Settled => 34,
            PaymentsChange::Reported => 35,
            PaymentsChange::EndpointAdded => 36,
            PaymentsChange::EndpointChanged => 37,
            PaymentsChange::EndpointRotated => 38,
            PaymentsChange::EndpointDisabled => 39,
            PaymentsChange::EndpointDeleted => 40,
            PaymentsChange::NotificationWritten => 41,
            PaymentsChange::NotificationFailed => 42,
            PaymentsChange::NotificationRedelivered => 43,
            PaymentsChange::CardKept => 44,
            PaymentsChange::CheckoutPrepared => 45,
        }
    }

    fn of(code: i64) -> Option<Self> {
        PaymentsChange::ALL.into_iter().find(|change| change.code() == code)
    }
}

/// Numbers that follow those of payments.
impl Coded for ClearingChange {
    fn code(self) -> i64 {
        match self {
            ClearingChange::FileAccepted => 46,
            ClearingChange::FileApplied => 47,
            ClearingChange::RowsPosted => 48,
            ClearingChange::ExceptionRaised => 49,
            ClearingChange::ExceptionTaken => 50,
            ClearingChange::ExceptionNoted => 51,
            ClearingChange::ExceptionResolved => 52,
            ClearingChange::Reconciled => 53,
            ClearingChange::TotalsReported => 54,
            ClearingChange::FeesChanged => 55,
            ClearingChange::PayoutAccountChanged => 56,
            ClearingChange::Settled => 57,
            ClearingChange::PaymentFileMade => 58,
            ClearingChange::FileReceived => 61,
            ClearingChange::MappingChanged => 60,
            ClearingChange::RunBegun => 62,
            ClearingChange::SettlementReturned => 63,
        }
    }

    fn of(code: i64) -> Option<Self> {
        ClearingChange::ALL.into_iter().find(|change| change.code() == code)
    }
}

impl Coded for Kind {
    fn code(self) -> i64 {
        match self {
            Kind::Numbers => 0,
            Kind::Customer => 1,
            Kind::Request => 2,
            Kind::Terminal => 3,
            Kind::Package => 4,
            Kind::Update => 5,
            Kind::Rollout => 6,
            Kind::Tally => 7,
            Kind::Payee => 8,
            Kind::Payment => 9,
            Kind::FirstAnswer => 10,
            Kind::BatchReport => 11,
            Kind::Endpoint => 12,
            Kind::Reception => 13,
            Kind::Notification => 14,
            Kind::Registration => 15,
            Kind::Checkout => 16,
            Kind::AcquirerFile => 17,
            Kind::FileRows => 18,
            Kind::Exception => 19,
            Kind::Reconciliation => 20,
            Kind::TerminalTotals => 21,
            Kind::SellerDay => 22,
            Kind::AcquirerBatch => 23,
            Kind::JournalMark => 24,
            Kind::FeeTable => 25,
            Kind::PayoutAccount => 26,
            Kind::Settlement => 27,
            Kind::ReportMapping => 28,
            Kind::TerminalDay => 29,
            Kind::PaymentFile => 30,
            Kind::PaymentMessage => 31,
        }
    }

    fn of(code: i64) -> Option<Self> {
        Kind::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

impl Coded for House {
    fn code(self) -> i64 {
        match self {
            House::Settlement => 0,
            House::Fees => 1,
        }
    }

    fn of(code: i64) -> Option<Self> {
        House::ALL.into_iter().find(|house| house.code() == code)
    }
}

impl Coded for AccountStatus {
    fn code(self) -> i64 {
        match self {
            AccountStatus::Active => 0,
            AccountStatus::Blocked => 1,
            AccountStatus::Closed => 2,
        }
    }

    fn of(code: i64) -> Option<Self> {
        match code {
            0 => Some(AccountStatus::Active),
            1 => Some(AccountStatus::Blocked),
            2 => Some(AccountStatus::Closed),
            _ => None,
        }
    }
}

impl Coded for CardStatus {
    fn code(self) -> i64 {
        match self {
            CardStatus::Active => 0,
            CardStatus::Blocked => 1,
        }
    }

    fn of(code: i64) -> Option<Self> {
        match code {
            0 => Some(CardStatus::Active),
            1 => Some(CardStatus::Blocked),
            _ => None,
        }
    }
}

impl Coded for Contract {
    fn code(self) -> i64 {
        match self {
            Contract::CardLedger => 0,
            Contract::Operator => 1,
            Contract::Access => 2,
            Contract::Terminals => 3,
            Contract::Aapay => 4,
            Contract::Payments => 5,
        }
    }

    fn of(code: i64) -> Option<Self> {
        match code {
            0 => Some(Contract::CardLedger),
            1 => Some(Contract::Operator),
            2 => Some(Contract::Access),
            3 => Some(Contract::Terminals),
            4 => Some(Contract::Aapay),
            5 => Some(Contract::Payments),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every number from 0 to `count - 1` has a meaning that has this number, and no other has
    /// one. Since `code` is an exhaustive match, every word has a number then.
    fn check<T: Coded>(count: i64) {
        for code in -1..128 {
            let expected = (0..count).contains(&code).then_some(code);
            assert_eq!(T::of(code).map(T::code), expected, "{}", std::any::type_name::<T>());
        }
    }

    #[test]
    fn numbers_and_words_match_one_to_one() {
        check::<AuthorizationKind>(3);
        check::<AuthorizationState>(4);
        check::<DeclineReason>(5);
        check::<CardAuthenticationMethod>(5);
        check::<Channel>(3);
        check::<Mount>(3);
        check::<TransactionKind>(11);
        check::<ChangeKind>(64);
        check::<AccountStatus>(3);
        check::<House>(2);
        check::<CardStatus>(2);
        check::<Contract>(6);
        check::<Kind>(32);
    }

    #[test]
    fn the_index_of_what_is_due_names_the_live_state() {
        assert_eq!(AuthorizationState::Live.code(), 0);
    }
}
