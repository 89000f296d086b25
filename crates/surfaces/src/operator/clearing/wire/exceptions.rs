//! Exceptions.

use clearing::exception::{
    Amount, EXCEPTIONS_OPEN, EXCEPTIONS_RESOLVED, Exception, Means, Note, Origin, Reason,
    Resolution,
};
use clearing::limits::{NOTE_CHARS_MAX, OWNER_CHARS_MAX};
use ledger::Decimal;
use ledger::limits::SOURCE_ID_CHARS_MAX;
use ledger::money::format_minor;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::body::number_in_path;
use crate::http::fields::{FromObject, Object, Params, decimal, lines, parsed, text};

/// Which exceptions are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::operator) struct ExceptionFilter {
    /// `open` or `resolved`; both when absent.
    #[param(value_type = Option<String>, pattern = "^(open|resolved)$")]
    status: Option<Status>,
    /// Those of this acquirer's file.
    #[param(value_type = Option<String>)]
    file_id: Option<i64>,
    /// Those of this acquirer's batch.
    #[param(example = "200206885020")]
    batch: Option<String>,
    /// Those that this comparison has found.
    #[param(example = "batch:200206885020")]
    comparison: Option<String>,
    /// Those of this company.
    company_number: Option<String>,
    /// Those of this seller.
    seller_number: Option<String>,
    /// Those with this reason.
    #[param(value_type = Option<String>, example = "card-unknown")]
    reason: Option<Reason>,
    /// Those that this person looks at.
    owner: Option<String>,
}

/// Whether somebody has dealt with an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Open,
    Resolved,
}

/// Who looks at an exception.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct Taking {
    /// Who; the caller when absent.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100, example = "Åsa")]
    pub(in crate::operator) owner: Option<String>,
}

/// What is known of an exception.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct NewNote {
    /// What, for people.
    #[schema(min_length = 1, max_length = 1_000, example = "The shop says it was a test")]
    pub(in crate::operator) text: String,
}

/// How an exception is dealt with.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct NewResolution {
    /// `accepted`: nothing has to be done here. `posted`: the row of the file is posted after all,
    /// now. `corrected`: an amount of the transaction is taken back.
    #[schema(value_type = String, pattern = "^(accepted|posted|corrected)$", example = "accepted")]
    pub(in crate::operator) means: Means,
    /// Why, for people.
    #[schema(min_length = 1, max_length = 1_000, example = "Case 4711")]
    pub(in crate::operator) note: String,
    /// With `posted`: whether the row is posted as if it had been made offline, though it names an
    /// authorization.
    #[schema(value_type = Option<bool>, default = false)]
    pub(in crate::operator) without_authorization: bool,
    /// With `corrected`: how much is taken back, in major units of the transaction's currency.
    #[schema(value_type = Option<String>, pattern = "^[0-9]+(\\.[0-9]+)?$", example = "300.00")]
    pub(in crate::operator) amount: Option<Decimal>,
    /// With `corrected`: the source id of the correction; `exc-` and the exception's id when
    /// absent.
    #[schema(max_length = 50)]
    pub(in crate::operator) source_id: Option<String>,
}

/// What does not agree.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Exception)]
pub(in crate::operator) struct ExceptionBody {
    /// Names it.
    id: String,
    /// `open` or `resolved`.
    #[schema(example = "open")]
    status: &'static str,
    /// What is wrong, in one word that does not change.
    #[schema(example = "card-unknown")]
    reason: &'static str,
    /// What is wrong, for people.
    detail: String,
    /// The acquirer's file that has the row.
    #[serde(skip_serializing_if = "Option::is_none")]
    file_id: Option<String>,
    /// The row: the line of the file; the header is 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<i64>,
    /// The comparison that has found it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "batch:200206885020")]
    comparison: Option<String>,
    /// The acquirer's batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    acquirer_batch_id: Option<String>,
    /// The company.
    #[serde(skip_serializing_if = "Option::is_none")]
    company_number: Option<String>,
    /// The seller.
    #[serde(skip_serializing_if = "Option::is_none")]
    seller_number: Option<String>,
    /// The day that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    day: Option<String>,
    /// What it is about: `purchase`, `reversal-correction`, `payment`, `refund`, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    /// The reference by which it was looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// What we have.
    #[serde(skip_serializing_if = "Option::is_none")]
    ours: Option<AmountBody>,
    /// What the other side has.
    #[serde(skip_serializing_if = "Option::is_none")]
    theirs: Option<AmountBody>,
    /// The transaction that it is about: its position in the journal.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<String>,
    /// The payment that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_id: Option<String>,
    /// When it was found.
    raised_at: String,
    /// Who looks at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    /// What is known of it, oldest first.
    notes: Vec<NoteBody>,
    /// How it was dealt with.
    #[serde(skip_serializing_if = "Option::is_none")]
    resolution: Option<ResolutionBody>,
}

/// An amount as one side tells it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SideAmount)]
struct AmountBody {
    /// In major units.
    #[schema(example = "300.00")]
    amount: String,
    /// ISO 4217.
    #[schema(example = "SEK")]
    currency: &'static str,
}

/// Something that is known of an exception.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExceptionNote)]
struct NoteBody {
    /// When it was written.
    at: String,
    /// Who wrote it.
    actor: String,
    /// What.
    text: String,
}

/// How an exception was dealt with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExceptionResolution)]
struct ResolutionBody {
    /// `accepted`, `posted` or `corrected`.
    #[schema(example = "posted")]
    means: &'static str,
    /// When.
    at: String,
    /// Who did it.
    actor: String,
    /// Why, for people.
    note: String,
    /// What was booked for it: its position in the journal.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<String>,
}

impl Status {
    fn parse(word: &str) -> Option<Status> {
        match word {
            "open" => Some(Status::Open),
            "resolved" => Some(Status::Resolved),
            _ => None,
        }
    }

    fn list(self) -> String {
        match self {
            Status::Open => EXCEPTIONS_OPEN.to_owned(),
            Status::Resolved => EXCEPTIONS_RESOLVED.to_owned(),
        }
    }
}

impl ExceptionFilter {
    /// Takes its parameters.
    pub(in crate::operator) fn take(params: &mut Params) -> Option<ExceptionFilter> {
        let any = |text: &str| Some(text.to_owned());
        let status = params.optional("status", "open or resolved", Status::parse);
        let file_id = params.optional("file_id", "the id of a file", number_in_path);
        let batch = params.optional("batch", "an acquirer's batch", any);
        let comparison = params.optional("comparison", "what is compared", any);
        let company_number = params.optional("company_number", "a company's number", any);
        let seller_number = params.optional("seller_number", "a seller's number", any);
        let reason = params.optional("reason", "a reason of exceptions", Reason::parse);
        let owner = params.optional("owner", "a name", any);
        Some(ExceptionFilter {
            status: status?,
            file_id: file_id?,
            batch: batch?,
            comparison: comparison?,
            company_number: company_number?,
            seller_number: seller_number?,
            reason: reason?,
            owner: owner?,
        })
    }

    /// The lists that have all that are meant, the shortest first. Where nothing narrows it down,
    /// exceptions are on one of two lists.
    pub(in crate::operator) fn lists(&self) -> Vec<String> {
        if let Some(file) = self.file_id {
            return vec![Origin::file_list(file)];
        }
        if let Some(scope) = &self.comparison {
            return vec![Origin::comparison_list(scope)];
        }
        if let Some(batch) = &self.batch {
            return vec![Exception::batch_list(batch)];
        }
        if let (Some(company), Some(seller)) = (&self.company_number, &self.seller_number) {
            return vec![Exception::merchant_list(company, seller)];
        }
        match self.status {
            Some(status) => vec![status.list()],
            None => [Status::Open, Status::Resolved].map(Status::list).into(),
        }
    }

    /// Whether an exception is meant.
    pub(in crate::operator) fn suits(&self, exception: &Exception) -> bool {
        let what = &exception.what;
        let status = if exception.resolution.is_none() { Status::Open } else { Status::Resolved };
        let (file, scope) = match &what.origin {
            Origin::FileRow { file, .. } => (Some(*file), None),
            Origin::Comparison { scope, .. } => (None, Some(scope.clone())),
        };
        let is = |wanted: &Option<String>, own: &Option<String>| wanted.is_none() || wanted == own;
        self.status.is_none_or(|wanted| wanted == status)
            && self.file_id.is_none_or(|wanted| Some(wanted) == file)
            && self.reason.is_none_or(|wanted| wanted == what.reason)
            && is(&self.batch, &what.batch)
            && is(&self.comparison, &scope)
            && is(&self.company_number, &what.company)
            && is(&self.seller_number, &what.seller)
            && is(&self.owner, &exception.owner)
    }
}

impl FromObject for Taking {
    fn from_object(object: &mut Object) -> Option<Taking> {
        Some(Taking { owner: object.optional("owner", text(OWNER_CHARS_MAX))? })
    }
}

impl FromObject for NewNote {
    fn from_object(object: &mut Object) -> Option<NewNote> {
        Some(NewNote { text: object.required("text", lines(NOTE_CHARS_MAX))? })
    }
}

impl FromObject for NewResolution {
    fn from_object(object: &mut Object) -> Option<NewResolution> {
        let words = "accepted, posted or corrected";
        let means = object.required("means", parsed(words, Means::parse));
        let note = object.required("note", lines(NOTE_CHARS_MAX));
        let without = object.optional("without_authorization", |value| {
            value.as_bool().ok_or_else(|| "must be true or false".to_owned())
        });
        let amount = object.optional("amount", decimal);
        let source_id = object.optional("source_id", text(SOURCE_ID_CHARS_MAX));
        let (means, without, amount, source_id) = (means?, without?, amount?, source_id?);
        let is_corrected = means == Means::Corrected;
        if is_corrected && amount.is_none_or(Decimal::is_zero) {
            object.refuse("amount", "must say how much is taken back, more than 0");
        }
        if !is_corrected && amount.is_some() {
            object.refuse("amount", "is for means corrected only");
        }
        if !is_corrected && source_id.is_some() {
            object.refuse("source_id", "is for means corrected only");
        }
        if means != Means::Posted && without.is_some() {
            object.refuse("without_authorization", "is for means posted only");
        }
        let without_authorization = without.unwrap_or(false);
        Some(NewResolution { means, note: note?, without_authorization, amount, source_id })
    }
}

impl ExceptionBody {
    /// An exception as operators see it.
    pub(in crate::operator) fn of(exception: &Exception) -> ExceptionBody {
        let what = &exception.what;
        let (file_id, row, comparison) = match &what.origin {
            Origin::FileRow { file, line } => (Some(file.to_string()), Some(*line), None),
            Origin::Comparison { scope, .. } => (None, None, Some(scope.clone())),
        };
        let is_open = exception.resolution.is_none();
        ExceptionBody {
            id: exception.number.to_string(),
            status: if is_open { "open" } else { "resolved" },
            reason: what.reason.as_str(),
            detail: what.detail.clone(),
            file_id,
            row,
            comparison,
            acquirer_batch_id: what.batch.clone(),
            company_number: what.company.clone(),
            seller_number: what.seller.clone(),
            day: what.day.map(|day| day.to_string()),
            kind: what.kind.clone(),
            reference: what.reference.clone(),
            ours: what.ours.map(AmountBody::of),
            theirs: what.theirs.map(AmountBody::of),
            transaction_id: what.transaction.map(|number| number.to_string()),
            payment_id: what.payment.map(|number| number.to_string()),
            raised_at: exception.raised_at.rfc3339(),
            owner: exception.owner.clone(),
            notes: exception.notes.iter().map(NoteBody::of).collect(),
            resolution: exception.resolution.as_ref().map(ResolutionBody::of),
        }
    }
}

impl AmountBody {
    fn of(amount: Amount) -> AmountBody {
        let Amount { minor, currency } = amount;
        AmountBody { amount: format_minor(minor, currency), currency: currency.code() }
    }
}

impl NoteBody {
    fn of(note: &Note) -> NoteBody {
        NoteBody { at: note.at.rfc3339(), actor: note.actor.clone(), text: note.text.clone() }
    }
}

impl ResolutionBody {
    fn of(resolution: &Resolution) -> ResolutionBody {
        ResolutionBody {
            means: resolution.means.as_str(),
            at: resolution.at.rfc3339(),
            actor: resolution.actor.clone(),
            note: resolution.note.clone(),
            transaction_id: resolution.transaction.map(|number| number.to_string()),
        }
    }
}
