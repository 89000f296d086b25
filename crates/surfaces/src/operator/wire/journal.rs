//! Events and the verification.

use engine::queries::events::Event;
use ledger::audit::Verification;
use ledger::ids::Code;
use ledger::money::format_minor;
use ledger::transaction::Direction;
use ledger::{
    Account, AccountKind, Authorization, Change, ChangeKind, CompanyId, Directory, Row, RowId,
    Transaction, TransactionKind,
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::accounts::seller_number;

/// A part of the feed.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::operator) struct EventList {
    /// What happened, oldest first.
    pub(in crate::operator) items: Vec<EventBody>,
    /// What to send as `after` to go on. `null` only while nothing has ever happened.
    pub(in crate::operator) next: Option<String>,
}

/// One thing that happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(in crate::operator) struct EventBody {
    /// Its position in the journal.
    id: String,
    /// When it was decided.
    at: String,
    /// What it is, like `authorization.created`, `purchase.posted` or `account.opened`.
    #[schema(example = "purchase.posted")]
    kind: String,
    /// In whose ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    company_number: Option<String>,
    /// On which account.
    #[serde(skip_serializing_if = "Option::is_none")]
    account_no: Option<String>,
    /// What else there is to say; depends on `kind`.
    #[schema(value_type = Object)]
    data: Map<String, Value>,
}

/// What a verification found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Verification)]
pub(in crate::operator) struct VerificationBody {
    /// Whether every invariant holds.
    ok: bool,
    /// All invariants.
    invariants: Vec<InvariantBody>,
}

/// Something that must always hold.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invariant)]
struct InvariantBody {
    /// Its name.
    #[schema(example = "chain-unbroken")]
    name: &'static str,
    /// Whether it holds.
    ok: bool,
    /// How many times it was checked; for `postings-sum-to-zero`, what is left over.
    figure: i64,
    /// The first record that breaks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_broken: Option<String>,
}

impl VerificationBody {
    /// A verification as clients see it.
    pub(in crate::operator) fn of(verification: Verification) -> VerificationBody {
        let ok = verification.is_ok();
        let invariants = verification.invariants.into_iter().map(|invariant| InvariantBody {
            name: invariant.name,
            ok: invariant.ok,
            figure: invariant.figure,
            first_broken: invariant.first_broken,
        });
        VerificationBody { ok, invariants: invariants.collect() }
    }
}

impl EventBody {
    /// An event as clients see it.
    pub(in crate::operator) fn of(event: Event, directory: &Directory) -> EventBody {
        let Event { row, account, card, corrected } = event;
        let mut data = Data::default();
        let (kind, company) = match &row {
            Row::Authorization(row) => {
                data.authorization(row, directory);
                let outcome = if row.declined.is_some() { "declined" } else { "created" };
                (format!("authorization.{outcome}"), Some(row.company))
            }
            Row::Transaction(row) => {
                data.transaction(row, corrected, directory);
                (transaction_kind(row.kind), Some(row.company))
            }
            Row::Change(row) => {
                data.change(row, account.as_ref());
                (row.kind.as_str().to_owned(), account.as_ref().map(|account| account.company))
            }
        };
        data.optional("card_token", card.map(|card| card.token.as_str().to_owned()));
        let number = |id: CompanyId| Some(directory.company_by_id(id)?.number.clone());
        let (named_company, named_account) = (data.take("company_number"), data.take("account_no"));
        let credit = account.filter(|account| account.kind == AccountKind::Credit);
        let account_no = credit.map(|account| account.number().to_string());
        EventBody {
            id: row.id().0.to_string(),
            at: row.at().rfc3339(),
            kind,
            company_number: company.and_then(number).or(named_company),
            account_no: account_no.or(named_account),
            data: data.0,
        }
    }
}

/// What the subject of a change of a document is called, where it is shown by its number.
fn subject_name(kind: ChangeKind) -> Option<&'static str> {
    let (ChangeKind::Estate(_) | ChangeKind::Payments(_) | ChangeKind::Clearing(_)) = kind else {
        return None;
    };
    let (subject, _) = kind.as_str().split_once('.')?;
    [
        ("customer", "customer_id"),
        ("request", "request_id"),
        ("package", "package_id"),
        ("update", "update_id"),
        ("rollout", "rollout_id"),
        ("payee", "customer_id"),
        ("payment", "payment_id"),
        ("payments", "report_id"),
        ("endpoint", "endpoint_id"),
        ("notification", "notification_id"),
        ("acquirer_file", "file_id"),
        ("exception", "exception_id"),
        ("reconciliation", "reconciliation_id"),
        ("totals", "totals_id"),
        ("fees", "fees_id"),
        ("payout_account", "payout_account_id"),
        ("settlement", "settlement_id"),
    ]
    .into_iter()
    .find_map(|(word, name)| (word == subject).then_some(name))
}

/// Whether a field of a change is for others. What secrets are derived from, and what they are
/// compared with, is for nobody.
fn is_told(name: &str) -> bool {
    !name.ends_with("_salt") && !name.ends_with("_hash") && !name.starts_with("inherited.")
}

fn transaction_kind(kind: TransactionKind) -> String {
    match kind {
        TransactionKind::Posting(kind) => format!("{}.posted", kind.as_str()),
        TransactionKind::Correction(kind) => format!("{}.corrected", kind.as_str()),
        TransactionKind::Cancellation => "authorization.cancelled".to_owned(),
        TransactionKind::Expiry => "authorization.expired".to_owned(),
        TransactionKind::Settlement => "settlement.posted".to_owned(),
        TransactionKind::Fee => "fee.posted".to_owned(),
        TransactionKind::SettlementReturn => "settlement.returned".to_owned(),
    }
}

/// What an event says besides what every event says.
#[derive(Default)]
struct Data(Map<String, Value>);

impl Data {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn optional(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    fn take(&mut self, name: &str) -> Option<String> {
        match self.0.remove(name) {
            Some(Value::String(text)) => Some(text),
            Some(_) | None => None,
        }
    }

    fn authorization(&mut self, row: &Authorization, directory: &Directory) {
        self.put("authorization_id", row.code().as_str());
        self.put("source_authorization_transaction_id", row.source.as_str());
        self.put("type", row.kind.as_str());
        self.put("amount", format_minor(row.amount, row.currency));
        self.put("currency", row.currency.code());
        self.put("seller_number", seller_number(row.seller, directory));
        self.put("point_of_sale", row.point_of_sale.as_str());
        self.put("valid_to", row.valid_to.to_string());
        self.optional("reason", row.declined.map(|reason| reason.as_str().to_owned()));
    }

    fn transaction(
        &mut self,
        row: &Transaction,
        corrected: Option<Transaction>,
        directory: &Directory,
    ) {
        let code = row.authorization.map(|id| Code::of(RowId(id.0)).as_str().to_owned());
        self.optional("authorization_id", code);
        self.put("currency", row.currency.code());
        self.put("seller_number", seller_number(row.seller, directory));
        self.put("value_date", row.value_date.to_string());
        self.put("released_amount", format_minor(row.released, row.currency));
        let Some(direction) = row.direction() else { return };
        self.put("source_transaction_id", row.source.as_str());
        self.put("direction", Direction::as_str(direction));
        self.put("amount", format_minor(row.posted, row.currency));
        self.put("over_limit", row.over_limit);
        self.put("despite_block", row.despite_block);
        self.optional("corrected_source_transaction_id", corrected.map(|row| row.source));
    }

    /// Changes keep amounts in minor units; here they are shown in major ones.
    fn change(&mut self, row: &Change, account: Option<&Account>) {
        self.put("actor", row.actor.as_str());
        if matches!(row.kind, ChangeKind::CredentialIssued | ChangeKind::CredentialRevoked) {
            self.put("credential_id", row.subject.0.to_string());
        }
        if let Some(name) = subject_name(row.kind) {
            self.put(name, row.subject.0);
        }
        for (name, value) in row.fields.iter().filter(|(name, _)| is_told(name)) {
            let amount = value.parse().ok().filter(|_| name.starts_with("credit_limit"));
            let shown =
                amount.zip(account).map(|(minor, account)| format_minor(minor, account.currency));
            let name = if name == "company" { "company_number" } else { name };
            self.put(name, shown.unwrap_or_else(|| value.clone()));
        }
    }
}
