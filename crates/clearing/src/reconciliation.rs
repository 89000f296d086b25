//! Comparisons: what is compared with what, how far it is, and what it came to.
//!
//! Invariant: what a comparison finds has a name that follows from what was found, so that the same
//! comparison may be made again, after a crash or for any other reason, and finds nothing twice.

use std::collections::BTreeMap;

use ledger::document::Kind;
use ledger::ids::Hasher;
use ledger::{
    Books, Change, ChangeKind, ClearingChange, Currency, Date, Document, DocumentId, Fields,
    Fingerprint, Idempotency, Key, ReadSet, RowId, Timestamp,
};

use crate::command::{Answer, Outcome, repeated};
use crate::exception::{NewException, Origin, raise};
use crate::file::AcquirerFile;
use crate::matching::{Finding, Item, Outcome as Found};
use crate::refusal::Refusal;

/// The list of all comparisons.
pub const RECONCILIATIONS: &str = "reconciliations";

/// One comparison. There is one document for each scope, however often it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconciliation {
    /// The row that began it first.
    pub number: i64,
    /// What is compared.
    pub scope: Scope,
    /// Whether its last run has ended. One that a crash cut off never does, and may be begun again.
    pub is_ended: bool,
    /// SHA-256 of what the other side sent, where it sent a file for it.
    pub sha256: Option<String>,
    /// What it came to, by what was found and the code of the currency.
    pub sums: Sums,
    /// What the other side says that it has kept.
    pub fees: Fees,
    /// When its last run was begun.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Who began it.
    pub actor: String,
}

/// What is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// The ledger with an acquirer's files, for one of its batches.
    Batch(String),
    /// Payments with a PSP's report.
    Psp {
        /// The mapping by which the report was read.
        mapping: String,
        /// The day, where the merchants are.
        day: Date,
    },
}

/// How many findings there are, and what they sum up to.
pub type Sums = BTreeMap<(Found, &'static str), Sum>;

/// What a PSP says that it has kept, in minor units, by the code of the currency.
pub type Fees = BTreeMap<&'static str, i64>;

/// Findings of one outcome and currency. Amounts are minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many.
    pub count: i64,
    /// The sum of our items, of whatever side where there are none.
    pub ours_minor: i64,
    /// The sum of the other side's.
    pub theirs_minor: i64,
}

/// Begins a comparison, for the first time or again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeginReconciliation {
    /// What is compared.
    pub scope: Scope,
    /// SHA-256 of what the other side sent. The same again is not compared again.
    pub sha256: Option<String>,
    /// Who asks for it.
    pub actor: String,
    /// The caller's key for the request.
    pub idempotency: Option<Idempotency>,
}

/// Puts what was found on the list of exceptions. What is there already stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RaiseFindings {
    /// At most [`crate::limits::RAISED_AT_ONCE_MAX`].
    pub findings: Vec<NewException>,
}

/// Ends a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndReconciliation {
    /// The comparison.
    pub reconciliation: i64,
    /// What it came to.
    pub sums: Sums,
    /// What the other side says that it has kept.
    pub fees: Fees,
    /// The acquirer's files that the ledger was compared with: they await it no more.
    pub files: Vec<i64>,
}

impl Scope {
    /// How it is written in names: `batch:200206885020`, `psp:swish/2026-11-30`.
    pub fn name(&self) -> String {
        match self {
            Scope::Batch(batch) => format!("batch:{batch}"),
            Scope::Psp { mapping, day } => format!("psp:{mapping}/{day}"),
        }
    }

    /// Reads what [`Scope::name`] wrote.
    pub fn parse(text: &str) -> Option<Scope> {
        if let Some(batch) = text.strip_prefix("batch:") {
            return Some(Scope::Batch(batch.to_owned()));
        }
        let (mapping, day) = text.strip_prefix("psp:")?.rsplit_once('/')?;
        Some(Scope::Psp { mapping: mapping.to_owned(), day: Date::parse(day)? })
    }

    /// The word of its kind, used in APIs.
    pub fn kind(&self) -> &'static str {
        match self {
            Scope::Batch(_) => "acquirer-batch",
            Scope::Psp { .. } => "psp-report",
        }
    }

    /// What people have to look at of a finding. `None` where they need not.
    pub fn exception(&self, finding: &Finding) -> Option<NewException> {
        let reason = finding.outcome.reason()?;
        let item = finding.item()?;
        let nth = if finding.nth > 1 { format!("/{}", finding.nth) } else { String::new() };
        let within = if item.within.is_empty() { "" } else { &format!("{}/", item.within) };
        let Item { kind, reference, .. } = item;
        let name = format!("{}/{kind}/{within}{reference}{nth}", reason.as_str());
        let origin = Origin::Comparison { scope: self.name(), item: name };
        let mut what = NewException::new(origin, reason, self.detail(finding));
        let either = |pick: fn(&Item) -> &Option<String>| {
            let mut sides = [&finding.ours, &finding.theirs].into_iter().flatten();
            sides.find_map(|item| pick(item).clone())
        };
        (what.company, what.seller) = (either(|it| &it.company), either(|it| &it.seller));
        what.day = item.day;
        what.kind = Some(item.kind.clone());
        what.reference = Some(item.reference.clone());
        what.ours = finding.ours.as_ref().map(Item::amount);
        what.theirs = finding.theirs.as_ref().map(Item::amount);
        let ours = finding.ours.as_ref().map(|item| item.number);
        match self {
            Scope::Batch(batch) => {
                (what.batch, what.transaction) = (Some(batch.clone()), ours);
            }
            Scope::Psp { day, .. } => {
                (what.day, what.payment) = (item.day.or(Some(*day)), ours);
            }
        }
        Some(what)
    }

    fn detail(&self, finding: &Finding) -> String {
        let (here, there) = match self {
            Scope::Batch(_) => ("the ledger", "the acquirer's files"),
            Scope::Psp { .. } => ("our payments", "the PSP's report"),
        };
        let places = [&finding.ours, &finding.theirs].into_iter().flatten();
        let places: Vec<&str> = places.map(|item| item.place.as_str()).collect();
        let what = match finding.outcome {
            Found::Matched | Found::NotDue | Found::Known => "nothing has to be done".to_owned(),
            Found::Missing => format!("it is in {here}, and not in {there}"),
            Found::Extra => format!("it is in {there}, and not in {here}"),
            Found::AmountDiffers => format!("{here} and {there} have different amounts"),
            Found::CurrencyDiffers => format!("{here} and {there} have different currencies"),
            Found::Duplicate => format!("it is in {there} more often than in {here}"),
        };
        let places = places.join(", ");
        if places.is_empty() { what } else { format!("{what} ({places})") }
    }
}

/// Counts a finding.
pub fn count(sums: &mut Sums, finding: &Finding) {
    let Some(item) = finding.item() else { return };
    let sum = sums.entry((finding.outcome, item.currency.code())).or_default();
    let minor = |item: &Option<Item>| item.as_ref().map_or(0, |item| item.amount_minor);
    sum.count = sum.count.saturating_add(1);
    sum.ours_minor = sum.ours_minor.saturating_add(minor(&finding.ours));
    sum.theirs_minor = sum.theirs_minor.saturating_add(minor(&finding.theirs));
}

impl Reconciliation {
    /// Names its document.
    pub fn id(number: i64) -> DocumentId {
        Kind::Reconciliation.id(number)
    }

    /// The name by which the comparison of a scope is found.
    pub fn document_name(scope: &Scope) -> String {
        format!("reconciliation:{}", scope.name())
    }

    /// Whether it is still to be compared with what has this SHA-256, or with what comes without a
    /// file.
    pub fn waits_for(&self, sha256: Option<&str>) -> bool {
        !self.is_ended && self.sha256.as_deref() == sha256
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<Reconciliation> {
        let fields = &document.fields;
        let text = |name: &str| fields.owned(name);
        Some(Reconciliation {
            number: document.id.number,
            scope: Scope::parse(fields.text("scope")?)?,
            is_ended: fields.is_true("is_ended"),
            sha256: text("sha256"),
            sums: sums(&fields.under("sum."))?,
            fees: fees(&fields.under("fee.")),
            started_at: fields.time("started_at")?,
            ended_at: fields.time("ended_at"),
            actor: text("actor")?,
        })
    }

    /// Its document.
    pub fn document(&self) -> Document {
        let time = |at: Timestamp| at.0.to_string();
        let mut fields = Fields::default()
            .with("scope", Some(self.scope.name()))
            .with("is_ended", self.is_ended.then_some("true"))
            .with("sha256", self.sha256.as_ref())
            .with("started_at", Some(time(self.started_at)))
            .with("ended_at", self.ended_at.map(time))
            .with("actor", Some(&self.actor));
        for ((outcome, code), sum) in &self.sums {
            let value = format!("{} {} {}", sum.count, sum.ours_minor, sum.theirs_minor);
            fields.set(format!("sum.{} {code}", outcome.as_str()), Some(value));
        }
        for (code, minor) in &self.fees {
            fields.set(format!("fee.{code}"), Some(minor.to_string()));
        }
        let mut document = Document::new(Self::id(self.number), fields);
        document.names.insert(Self::document_name(&self.scope));
        document.lists.insert(RECONCILIATIONS.to_owned());
        document
    }
}

fn sums(fields: &Fields) -> Option<Sums> {
    let sum = |(name, value): (&str, &str)| {
        let (outcome, code) = name.split_once(' ')?;
        let mut numbers = value.split(' ').map(|number| number.parse().ok());
        let mut number = || numbers.next().flatten();
        let sum = Sum { count: number()?, ours_minor: number()?, theirs_minor: number()? };
        Some(((Found::parse(outcome)?, Currency::parse(code)?.code()), sum))
    };
    fields.iter().map(sum).collect()
}

fn fees(fields: &Fields) -> Fees {
    let fee = |(code, _): (&str, &str)| Some((Currency::parse(code)?.code(), fields.number(code)?));
    fields.iter().filter_map(fee).collect()
}

impl BeginReconciliation {
    /// What is begun after a file was applied: once, however often it is tried.
    pub fn after(file: &AcquirerFile) -> BeginReconciliation {
        let hasher = || Hasher::new("comparison after an import").number(file.number);
        BeginReconciliation {
            scope: Scope::Batch(file.identity.batch.clone()),
            sha256: None,
            actor: "imports".to_owned(),
            idempotency: Some(Idempotency {
                key: Key(hasher().finish()),
                fingerprint: Fingerprint(hasher().finish()),
            }),
        }
    }

    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.names.push(Reconciliation::document_name(&self.scope));
        reads.keys.extend(self.idempotency.map(|idempotency| idempotency.key));
    }
}

impl RaiseFindings {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.names.extend(self.findings.iter().map(|what| what.origin.name()));
    }
}

impl EndReconciliation {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.push(Reconciliation::id(self.reconciliation));
        reads.documents.extend(self.files.iter().map(|file| AcquirerFile::id(*file)));
    }
}

/// Decides to compare. Replayed where the same file was compared before, to the end, and under a
/// key that was used for it: the comparison is then as it is now, which may not be at its end.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`].
pub fn begin_reconciliation(
    command: &BeginReconciliation,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let name = Reconciliation::document_name(&command.scope);
    let known = books.named(&name).and_then(Reconciliation::of);
    if let Some(number) = repeated(books, command.idempotency)? {
        // The request is the same, and so is what it compares.
        let known = known.filter(|known| known.number == number);
        let known = known.ok_or(Refusal::IdempotencyKeyReused)?;
        return Ok(Answer::replayed(Outcome::Reconciliation(Box::new(known))));
    }
    let is_same = |known: &&Reconciliation| {
        known.is_ended && known.sha256.is_some() && known.sha256 == command.sha256
    };
    if let Some(known) = known.as_ref().filter(is_same) {
        if command.idempotency.is_some() {
            // Nothing is compared, and yet the key stands for this request from now on.
            let change = change(known.number, &command.scope, "repeated", &command.actor, now);
            books.place_change(change, command.idempotency);
        }
        return Ok(Answer::replayed(Outcome::Reconciliation(Box::new(known.clone()))));
    }
    let number = known.map_or(0, |known| known.number);
    let change = change(number, &command.scope, "running", &command.actor, now);
    let reconciliation = Reconciliation {
        number: books.place_change(change, command.idempotency).subject.0,
        scope: command.scope.clone(),
        is_ended: false,
        sha256: command.sha256.clone(),
        sums: Sums::new(),
        fees: Fees::new(),
        started_at: now,
        ended_at: None,
        actor: command.actor.clone(),
    };
    books.put_document(reconciliation.document());
    Ok(Answer::new(Outcome::Reconciliation(Box::new(reconciliation))))
}

/// Decides which findings are new.
///
/// # Errors
/// None.
pub fn raise_findings(
    command: &RaiseFindings,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    for what in &command.findings {
        raise(books, what.clone(), now);
    }
    Ok(Answer::nothing())
}

/// Decides that a comparison has ended.
///
/// # Errors
/// [`Refusal::ReconciliationNotFound`].
pub fn end_reconciliation(
    command: &EndReconciliation,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let found = books.document(Reconciliation::id(command.reconciliation));
    let mut reconciliation =
        found.and_then(Reconciliation::of).ok_or(Refusal::ReconciliationNotFound)?;
    reconciliation.sums.clone_from(&command.sums);
    reconciliation.fees.clone_from(&command.fees);
    (reconciliation.is_ended, reconciliation.ended_at) = (true, Some(now));
    let scope = &reconciliation.scope;
    let change = change(reconciliation.number, scope, "ended", &reconciliation.actor, now);
    books.place_change(change, None);
    books.put_document(reconciliation.document());
    for file in &command.files {
        let file = books.document(AcquirerFile::id(*file)).and_then(AcquirerFile::of);
        if let Some(file) = file.filter(|file| file.awaits_comparison) {
            books.put_document(AcquirerFile { awaits_comparison: false, ..file }.document());
        }
    }
    Ok(Answer::new(Outcome::Reconciliation(Box::new(reconciliation))))
}

fn change(number: i64, scope: &Scope, status: &str, actor: &str, now: Timestamp) -> Change {
    let kind = ChangeKind::Clearing(ClearingChange::Reconciled);
    Change::about(RowId(number), kind, actor, now)
        .with("scope", scope.name())
        .with("status", status)
}

#[cfg(test)]
mod tests;
