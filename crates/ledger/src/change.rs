//! Changes: the journal's rows about accounts, cards, companies and credentials themselves.

use crate::account::Balance;
use crate::ids::{AccountId, Fingerprint, Key, RowId};
use crate::time::Timestamp;

/// An administrative event. Written once; carries no personal data and no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its position in the journal.
    pub id: RowId,
    /// When it was made.
    pub at: Timestamp,
    /// What happened.
    pub kind: ChangeKind,
    /// The company, seller, account, card or credential that it is about.
    pub subject: RowId,
    /// Who did it: a credential's label, or the program itself.
    pub actor: String,
    /// What was asked, hashed, where the request carried an idempotency key.
    pub fingerprint: Fingerprint,
    /// The account whose chain this row is part of.
    pub account: Option<AccountId>,
    /// That account's row before this one.
    pub previous: RowId,
    /// That account's balance, which a change never moves.
    pub balance: Balance,
    /// Names and new values, in the order in which they are shown. Amounts are minor units.
    pub fields: Vec<(String, String)>,
}

/// The kinds of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// A company was configured.
    CompanyAdded,
    /// A company's configuration changed.
    CompanyChanged,
    /// A seller was registered.
    SellerAdded,
    /// An account for what a seller is owed was opened.
    PayableOpened,
    /// One of a company's own accounts was opened.
    HouseOpened,
    /// A holder's account was opened.
    AccountOpened,
    /// An account's limit or status changed.
    AccountChanged,
    /// A card was added.
    CardAdded,
    /// A card's status changed.
    CardChanged,
    /// A credential was issued.
    CredentialIssued,
    /// A credential was revoked.
    CredentialRevoked,
    /// What is configured, ordered or reviewed changed: the subject is a document's number.
    Estate(EstateChange),
    /// A payment over a PSP, or what a merchant has agreed for them, changed: the subject is a
    /// document's number.
    Payments(PaymentsChange),
    /// Files of acquirers, what does not agree, or what sellers are paid changed: the subject is a
    /// document's number.
    Clearing(ClearingChange),
}

/// The kinds of change of payments over PSPs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentsChange {
    /// What a merchant has agreed, or whether it is active, changed.
    PayeeChanged,
    /// A payment, refund or reversal was created.
    Initialized,
    /// Its state changed.
    Moved,
    /// It was asked for to take what is reserved.
    CaptureAsked,
    /// People have to look at it.
    Raised,
    /// People have looked at it.
    Settled,
    /// A merchant's payments were taken into a batch report.
    Reported,
    /// A merchant wants to be notified somewhere.
    EndpointAdded,
    /// Where it is notified, or how, changed.
    EndpointChanged,
    /// An endpoint got a new secret.
    EndpointRotated,
    /// Nothing is sent to an endpoint any more: it was told so, or it has failed too long.
    EndpointDisabled,
    /// An endpoint was deleted.
    EndpointDeleted,
    /// There is something that a merchant has to be told.
    NotificationWritten,
    /// A notification was given up.
    NotificationFailed,
    /// A notification is sent again because somebody asked for it.
    NotificationRedelivered,
    /// A card is kept to be paid with again, or no more.
    CardKept,
    /// A checkout was prepared, or changed.
    CheckoutPrepared,
}

/// The kinds of change of clearing: acquirers' files, reconciliation, settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClearingChange {
    /// An acquirer's file has come, and is in order.
    FileReceived,
    /// An acquirer's file was accepted: it will be applied.
    FileAccepted,
    /// All rows of an acquirer's file have been applied.
    FileApplied,
    /// Some rows of an acquirer's file were applied.
    RowsPosted,
    /// Something does not agree, and people have to look at it.
    ExceptionRaised,
    /// Somebody looks at it.
    ExceptionTaken,
    /// Somebody wrote down what is known of it.
    ExceptionNoted,
    /// Somebody has dealt with it.
    ExceptionResolved,
    /// What two sides say of a batch or day is being compared, or was.
    Reconciled,
    /// A terminal said what its day came to.
    TotalsReported,
    /// What a merchant pays for what it is paid changed.
    FeesChanged,
    /// Where a merchant's money is sent changed.
    PayoutAccountChanged,
    /// What a merchant is owed was put on its way to its bank.
    Settled,
    /// Settlements were written into a file for the bank.
    PaymentFileMade,
    /// What the columns of a PSP's reports mean changed.
    MappingChanged,
    /// Somebody asked to settle with all sellers of a company.
    RunBegun,
    /// A bank could not pay a settlement.
    SettlementReturned,
}

/// The kinds of change of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EstateChange {
    /// A customer was added to the tree.
    CustomerAdded,
    /// A customer's name or settings changed.
    CustomerChanged,
    /// A merchant asked to be onboarded.
    RequestSubmitted,
    /// An operator began to review a request.
    RequestClaimed,
    /// A request was approved.
    RequestApproved,
    /// A request was rejected.
    RequestRejected,
    /// A terminal id was given out.
    TerminalOrdered,
    /// A terminal was onboarded with its configuration.
    TerminalOnboarded,
    /// A terminal's configuration or status changed.
    TerminalChanged,
    /// A terminal was deleted.
    TerminalDeleted,
    /// A device activated itself as a terminal.
    TerminalActivated,
    /// Activation was locked after too many wrong codes.
    ActivationLocked,
    /// A terminal got a new activation code.
    ActivationReset,
    /// Software for terminals was uploaded.
    PackageAdded,
    /// Terminals were ordered to install a package.
    UpdateOrdered,
    /// A terminal said how far an update is.
    UpdateChanged,
    /// A rollout was started.
    RolloutStarted,
    /// A rollout went on, halted, paused, resumed, was rolled back or ended.
    RolloutChanged,
    /// A terminal uploaded what it accepted offline.
    OfflineUploaded,
}

/// A caller's key for a request, scoped to caller and endpoint, and what was asked under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The key.
    pub key: Key,
    /// The request.
    pub fingerprint: Fingerprint,
}

impl Change {
    /// The value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(named, _)| named == name).map(|(_, value)| value.as_str())
    }
}

impl ChangeKind {
    /// The kinds that are about accounts and who may use them.
    const LEDGER: [ChangeKind; 11] = [
        ChangeKind::CompanyAdded,
        ChangeKind::CompanyChanged,
        ChangeKind::SellerAdded,
        ChangeKind::PayableOpened,
        ChangeKind::HouseOpened,
        ChangeKind::AccountOpened,
        ChangeKind::AccountChanged,
        ChangeKind::CardAdded,
        ChangeKind::CardChanged,
        ChangeKind::CredentialIssued,
        ChangeKind::CredentialRevoked,
    ];

    /// All kinds.
    pub fn all() -> impl Iterator<Item = ChangeKind> {
        let estate = EstateChange::ALL.into_iter().map(ChangeKind::Estate);
        let payments = PaymentsChange::ALL.into_iter().map(ChangeKind::Payments);
        let clearing = ClearingChange::ALL.into_iter().map(ChangeKind::Clearing);
        Self::LEDGER.into_iter().chain(estate).chain(payments).chain(clearing)
    }

    /// The word used in rows and our own APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            ChangeKind::CompanyAdded => "company.added",
            ChangeKind::CompanyChanged => "company.changed",
            ChangeKind::SellerAdded => "seller.added",
            ChangeKind::PayableOpened => "payable.opened",
            ChangeKind::HouseOpened => "house_account.opened",
            ChangeKind::AccountOpened => "account.opened",
            ChangeKind::AccountChanged => "account.changed",
            ChangeKind::CardAdded => "card.added",
            ChangeKind::CardChanged => "card.changed",
            ChangeKind::CredentialIssued => "credential.issued",
            ChangeKind::CredentialRevoked => "credential.revoked",
            ChangeKind::Estate(change) => change.as_str(),
            ChangeKind::Payments(change) => change.as_str(),
            ChangeKind::Clearing(change) => change.as_str(),
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<ChangeKind> {
        Self::all().find(|kind| kind.as_str() == word)
    }
}

impl PaymentsChange {
    /// All kinds.
    pub const ALL: [PaymentsChange; 17] = [
        PaymentsChange::PayeeChanged,
        PaymentsChange::Initialized,
        PaymentsChange::Moved,
        PaymentsChange::CaptureAsked,
        PaymentsChange::Raised,
        PaymentsChange::Settled,
        PaymentsChange::Reported,
        PaymentsChange::EndpointAdded,
        PaymentsChange::EndpointChanged,
        PaymentsChange::EndpointRotated,
        PaymentsChange::EndpointDisabled,
        PaymentsChange::EndpointDeleted,
        PaymentsChange::NotificationWritten,
        PaymentsChange::NotificationFailed,
        PaymentsChange::NotificationRedelivered,
        PaymentsChange::CardKept,
        PaymentsChange::CheckoutPrepared,
    ];

    /// The word used in rows and our own APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            PaymentsChange::PayeeChanged => "payee.changed",
            PaymentsChange::Initialized => "payment.initialized",
            PaymentsChange::Moved => "payment.moved",
            PaymentsChange::CaptureAsked => "payment.capture-asked",
            PaymentsChange::Raised => "payment.raised",
            PaymentsChange::Settled => "payment.settled",
            PaymentsChange::Reported => "payments.reported",
            PaymentsChange::EndpointAdded => "endpoint.added",
            PaymentsChange::EndpointChanged => "endpoint.changed",
            PaymentsChange::EndpointRotated => "endpoint.rotated",
            PaymentsChange::EndpointDisabled => "endpoint.disabled",
            PaymentsChange::EndpointDeleted => "endpoint.deleted",
            PaymentsChange::NotificationWritten => "notification.written",
            PaymentsChange::NotificationFailed => "notification.failed",
            PaymentsChange::NotificationRedelivered => "notification.redelivered",
            PaymentsChange::CardKept => "card.kept",
            PaymentsChange::CheckoutPrepared => "checkout.prepared",
        }
    }
}

impl ClearingChange {
    /// All kinds.
    pub const ALL: [ClearingChange; 17] = [
        ClearingChange::FileReceived,
        ClearingChange::FileAccepted,
        ClearingChange::FileApplied,
        ClearingChange::RowsPosted,
        ClearingChange::ExceptionRaised,
        ClearingChange::ExceptionTaken,
        ClearingChange::ExceptionNoted,
        ClearingChange::ExceptionResolved,
        ClearingChange::Reconciled,
        ClearingChange::TotalsReported,
        ClearingChange::FeesChanged,
        ClearingChange::PayoutAccountChanged,
        ClearingChange::Settled,
        ClearingChange::PaymentFileMade,
        ClearingChange::MappingChanged,
        ClearingChange::RunBegun,
        ClearingChange::SettlementReturned,
    ];

    /// The word used in rows and our own APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            ClearingChange::FileAccepted => "acquirer_file.accepted",
            ClearingChange::FileApplied => "acquirer_file.applied",
            ClearingChange::RowsPosted => "acquirer_file.rows-posted",
            ClearingChange::ExceptionRaised => "exception.raised",
            ClearingChange::ExceptionTaken => "exception.taken",
            ClearingChange::ExceptionNoted => "exception.noted",
            ClearingChange::ExceptionResolved => "exception.resolved",
            ClearingChange::Reconciled => "reconciliation.changed",
            ClearingChange::TotalsReported => "totals.reported",
            ClearingChange::FeesChanged => "fees.changed",
            ClearingChange::PayoutAccountChanged => "payout_account.changed",
            ClearingChange::Settled => "settlement.made",
            ClearingChange::PaymentFileMade => "settlement.payment-file-made",
            ClearingChange::FileReceived => "acquirer_file.received",
            ClearingChange::MappingChanged => "report_mapping.changed",
            ClearingChange::RunBegun => "settlement.run-begun",
            ClearingChange::SettlementReturned => "settlement.returned",
        }
    }
}

impl EstateChange {
    /// All kinds.
    pub const ALL: [EstateChange; 19] = [
        EstateChange::CustomerAdded,
        EstateChange::CustomerChanged,
        EstateChange::RequestSubmitted,
        EstateChange::RequestClaimed,
        EstateChange::RequestApproved,
        EstateChange::RequestRejected,
        EstateChange::TerminalOrdered,
        EstateChange::TerminalOnboarded,
        EstateChange::TerminalChanged,
        EstateChange::TerminalDeleted,
        EstateChange::TerminalActivated,
        EstateChange::ActivationLocked,
        EstateChange::ActivationReset,
        EstateChange::PackageAdded,
        EstateChange::UpdateOrdered,
        EstateChange::UpdateChanged,
        EstateChange::RolloutStarted,
        EstateChange::RolloutChanged,
        EstateChange::OfflineUploaded,
    ];

    /// The word used in rows and our own APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            EstateChange::CustomerAdded => "customer.added",
            EstateChange::CustomerChanged => "customer.changed",
            EstateChange::RequestSubmitted => "request.submitted",
            EstateChange::RequestClaimed => "request.claimed",
            EstateChange::RequestApproved => "request.approved",
            EstateChange::RequestRejected => "request.rejected",
            EstateChange::TerminalOrdered => "terminal.ordered",
            EstateChange::TerminalOnboarded => "terminal.onboarded",
            EstateChange::TerminalChanged => "terminal.changed",
            EstateChange::TerminalDeleted => "terminal.deleted",
            EstateChange::TerminalActivated => "terminal.activated",
            EstateChange::ActivationLocked => "terminal.activation-locked",
            EstateChange::ActivationReset => "terminal.activation-reset",
            EstateChange::PackageAdded => "package.added",
            EstateChange::UpdateOrdered => "update.ordered",
            EstateChange::UpdateChanged => "update.changed",
            EstateChange::RolloutStarted => "rollout.started",
            EstateChange::RolloutChanged => "rollout.changed",
            EstateChange::OfflineUploaded => "terminal.offline-uploaded",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_again() {
        for kind in ChangeKind::all() {
            assert_eq!(ChangeKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(ChangeKind::parse("account"), None);
    }

    #[test]
    fn fields_are_found_by_name() {
        let change = Change::about(RowId(1), ChangeKind::CardAdded, "operator", Timestamp(1));
        let change = change.with("one", "1").with("two", "2");
        assert_eq!((change.field("two"), change.field("three")), (Some("2"), None));
    }
}
