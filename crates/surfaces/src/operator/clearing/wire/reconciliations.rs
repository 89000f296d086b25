//! Comparisons.

use clearing::matching::Outcome;
use clearing::reconciliation::{Reconciliation, Scope, Sum};
use ledger::Currency;
use ledger::money::format_minor;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::fields::{FromObject, Object, name};

/// Longest name of an acquirer's batch, in characters.
const BATCH_CHARS_MAX: usize = 50;

/// What to compare.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct NewReconciliation {
    /// The acquirer's batch: the ledger is compared with all files of it.
    #[schema(min_length = 1, max_length = 50, example = "200206885020")]
    pub(in crate::operator) batch: String,
}

/// A comparison, and what it came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reconciliation)]
pub(in crate::operator) struct ReconciliationBody {
    /// Names it.
    id: String,
    /// `acquirer-batch`: the ledger with an acquirer's files. `psp-report`: payments with a PSP's
    /// report.
    #[schema(example = "acquirer-batch")]
    kind: &'static str,
    /// What is compared; what it has found is at `/exceptions?comparison=`.
    #[schema(example = "batch:200206885020")]
    comparison: String,
    /// The acquirer's batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    acquirer_batch_id: Option<String>,
    /// The mapping by which the report was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    mapping: Option<String>,
    /// The day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    day: Option<String>,
    /// `running` or `ended`. One that was cut off stays `running`, and may be started again.
    #[schema(example = "ended")]
    status: &'static str,
    /// What was found, by outcome and currency.
    outcomes: Vec<OutcomeBody>,
    /// What the PSP's report says that it has kept, by currency: lines that are fees, and fees in a
    /// column of their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fees: Vec<KeptBody>,
    /// Who started it.
    actor: String,
    /// When it was started last.
    started_at: String,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<String>,
}

/// What a PSP has kept in a currency.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReconciliationFee)]
struct KeptBody {
    /// ISO 4217.
    #[schema(example = "SEK")]
    currency: &'static str,
    /// How much, in major units; below zero is what it gave back.
    #[schema(example = "12.50")]
    amount: String,
}

/// What was found alike.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReconciliationOutcome)]
struct OutcomeBody {
    /// `matched`; `missing`: the other side does not have it; `extra`: we do not; `duplicate`: the
    /// other side has it more often; `amount-differs`, `currency-differs`; `known`: it was an
    /// exception before; `not-due`: it may be in the report of another day.
    #[schema(example = "matched")]
    outcome: &'static str,
    /// ISO 4217; ours, where the two differ.
    #[schema(example = "SEK")]
    currency: String,
    /// How many.
    count: i64,
    /// What they sum up to with us.
    #[schema(example = "300.00")]
    ours: String,
    /// What they sum up to with the other side.
    #[schema(example = "300.00")]
    theirs: String,
}

impl FromObject for NewReconciliation {
    fn from_object(object: &mut Object) -> Option<NewReconciliation> {
        Some(NewReconciliation { batch: object.required("batch", name(BATCH_CHARS_MAX))? })
    }
}

impl ReconciliationBody {
    /// A comparison as operators see it.
    pub(in crate::operator) fn of(found: &Reconciliation) -> ReconciliationBody {
        let (batch, mapping, day) = match &found.scope {
            Scope::Batch(batch) => (Some(batch.clone()), None, None),
            Scope::Psp { mapping, day } => (None, Some(mapping.clone()), Some(day.to_string())),
        };
        ReconciliationBody {
            id: found.number.to_string(),
            kind: found.scope.kind(),
            comparison: found.scope.name(),
            acquirer_batch_id: batch,
            mapping,
            day,
            status: if found.is_ended { "ended" } else { "running" },
            outcomes: found.sums.iter().map(OutcomeBody::of).collect(),
            fees: found.fees.iter().map(KeptBody::of).collect(),
            actor: found.actor.clone(),
            started_at: found.started_at.rfc3339(),
            ended_at: found.ended_at.map(ledger::Timestamp::rfc3339),
        }
    }

    /// Whether it is done.
    pub(in crate::operator) fn is_ended(&self) -> bool {
        self.ended_at.is_some()
    }
}

impl KeptBody {
    fn of((code, minor): (&&'static str, &i64)) -> KeptBody {
        KeptBody { currency: code, amount: major(*minor, code) }
    }
}

/// An amount in major units of the currency with a code.
fn major(minor: i64, code: &str) -> String {
    match Currency::parse(code) {
        Some(currency) => format_minor(minor, currency),
        None => minor.to_string(),
    }
}

impl OutcomeBody {
    fn of(((outcome, code), sum): (&(Outcome, &'static str), &Sum)) -> OutcomeBody {
        OutcomeBody {
            outcome: outcome.as_str(),
            currency: (*code).to_owned(),
            count: sum.count,
            ours: major(sum.ours_minor, code),
            theirs: major(sum.theirs_minor, code),
        }
    }
}
