//! Exceptions: what does not agree between the ledger and somebody else, until people have dealt
//! with it.

use ledger::document::Kind;
use ledger::{
    Books, Change, ChangeKind, ClearingChange, Currency, Date, Document, DocumentId, Fields, RowId,
    Timestamp,
};

/// The list of exceptions that nobody has dealt with.
pub const EXCEPTIONS_OPEN: &str = "exceptions.open";

/// The list of those that somebody has.
pub const EXCEPTIONS_RESOLVED: &str = "exceptions.resolved";

/// One thing that does not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The row that raised it.
    pub number: i64,
    /// What does not agree.
    pub what: NewException,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// Who looks at it.
    pub owner: Option<String>,
    /// What is known of it, oldest first. At most [`crate::limits::NOTES_MAX`].
    pub notes: Vec<Note>,
    /// How it was dealt with. `None` while it is open.
    pub resolution: Option<Resolution>,
}

/// What does not agree. Amounts are minor units; what is not known is absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewException {
    /// Where it was found. The same thing is found once.
    pub origin: Origin,
    /// What is wrong.
    pub reason: Reason,
    /// What is wrong, for people.
    pub detail: String,
    /// The company's number.
    pub company: Option<String>,
    /// The seller's number.
    pub seller: Option<String>,
    /// The acquirer's batch.
    pub batch: Option<String>,
    /// The day it is about.
    pub day: Option<Date>,
    /// The word of its kind: `purchase`, `cash-withdrawal-correction`, `payment`, ...
    pub kind: Option<String>,
    /// The reference by which it was looked for.
    pub reference: Option<String>,
    /// What the ledger, or the payment, says.
    pub ours: Option<Amount>,
    /// What the other side says.
    pub theirs: Option<Amount>,
    /// The ledger's transaction that it is about.
    pub transaction: Option<i64>,
    /// The payment that it is about.
    pub payment: Option<i64>,
}

/// Where an exception was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A row of an acquirer's file.
    FileRow {
        /// The file's number.
        file: i64,
        /// The line, from 1, which is the header.
        line: i64,
    },
    /// A comparison: with what, and what in it. Two runs of one comparison find the same thing.
    Comparison {
        /// What was compared, as `batch:200206885020` or `psp:SWISH/2026-11-30`.
        scope: String,
        /// What was found, as the reference and the reason.
        item: String,
    },
}

/// An amount as one side tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    /// Minor units.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

/// Something that is known of an exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// When it was written.
    pub at: Timestamp,
    /// Who wrote it.
    pub actor: String,
    /// What.
    pub text: String,
}

/// How an exception was dealt with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// In which way.
    pub means: Means,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub actor: String,
    /// Why, for people.
    pub note: String,
    /// The ledger's transaction that was posted for it.
    pub transaction: Option<i64>,
}

/// The ways to deal with an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// Nothing has to be done here.
    Accepted,
    /// The row of the file was posted after all.
    Posted,
    /// The ledger's transaction was corrected.
    Corrected,
}

/// What does not agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// No card has the row's token.
    CardUnknown,
    /// The company of the card has no such seller.
    SellerUnknown,
    /// The company cannot book.
    CompanyNotConfigured,
    /// No authorization has the row's id.
    AuthorizationUnknown,
    /// The authorization was cancelled, is used up or has expired.
    AuthorizationEnded,
    /// The authorization is for another kind of transaction.
    AuthorizationTypeMismatch,
    /// The row takes more than remains of the authorization.
    OverCapture,
    /// The ledger does not know what the row corrects.
    OriginalUnknown,
    /// The row takes back more than remains.
    OverCorrection,
    /// The company or the account does not use the currency.
    CurrencyNotSupported,
    /// The ledger cannot book the amount.
    AmountNotPossible,
    /// Both sides have it, with different amounts.
    AmountDiffers,
    /// Both sides have it, in different currencies.
    CurrencyDiffers,
    /// Both sides have it, and differ in something else: kind, seller or card.
    ReferenceDiffers,
    /// The other side tells of it more than once.
    Duplicate,
    /// We have it, and the other side does not.
    Missing,
    /// The other side has it, and we do not.
    Extra,
}

impl Reason {
    /// All of them.
    pub const ALL: [Reason; 17] = [
        Reason::CardUnknown,
        Reason::SellerUnknown,
        Reason::CompanyNotConfigured,
        Reason::AuthorizationUnknown,
        Reason::AuthorizationEnded,
        Reason::AuthorizationTypeMismatch,
        Reason::OverCapture,
        Reason::OriginalUnknown,
        Reason::OverCorrection,
        Reason::CurrencyNotSupported,
        Reason::AmountNotPossible,
        Reason::AmountDiffers,
        Reason::CurrencyDiffers,
        Reason::ReferenceDiffers,
        Reason::Duplicate,
        Reason::Missing,
        Reason::Extra,
    ];

    /// The word used in APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::CardUnknown => "card-unknown",
            Reason::SellerUnknown => "seller-unknown",
            Reason::CompanyNotConfigured => "company-not-configured",
            Reason::AuthorizationUnknown => "authorization-unknown",
            Reason::AuthorizationEnded => "authorization-ended",
            Reason::AuthorizationTypeMismatch => "authorization-type-mismatch",
            Reason::OverCapture => "over-capture",
            Reason::OriginalUnknown => "original-unknown",
            Reason::OverCorrection => "over-correction",
            Reason::CurrencyNotSupported => "currency-not-supported",
            Reason::AmountNotPossible => "amount-not-possible",
            Reason::AmountDiffers => "amount-differs",
            Reason::CurrencyDiffers => "currency-differs",
            Reason::ReferenceDiffers => "reference-differs",
            Reason::Duplicate => "duplicate",
            Reason::Missing => "missing",
            Reason::Extra => "extra",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Reason> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

impl Means {
    /// All of them.
    pub const ALL: [Means; 3] = [Means::Accepted, Means::Posted, Means::Corrected];

    /// The word used in APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            Means::Accepted => "accepted",
            Means::Posted => "posted",
            Means::Corrected => "corrected",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Means> {
        Self::ALL.into_iter().find(|means| means.as_str() == word)
    }
}

impl Origin {
    /// The name by which the exception is found.
    pub fn name(&self) -> String {
        match self {
            Origin::FileRow { file, line } => format!("exception:file/{file}/{line}"),
            Origin::Comparison { scope, item } => format!("exception:{scope}/{item}"),
        }
    }

    /// The list of the exceptions of the same file or comparison.
    pub fn list(&self) -> String {
        match self {
            Origin::FileRow { file, .. } => Self::file_list(*file),
            Origin::Comparison { scope, .. } => Self::comparison_list(scope),
        }
    }

    /// The list of the exceptions of a file.
    pub fn file_list(file: i64) -> String {
        format!("exceptions.file:{file}")
    }

    /// The list of the exceptions of a comparison.
    pub fn comparison_list(scope: &str) -> String {
        format!("exceptions.of:{scope}")
    }
}

impl Exception {
    /// Names its document.
    pub fn id(number: i64) -> DocumentId {
        Kind::Exception.id(number)
    }

    /// The list of a batch's exceptions.
    pub fn batch_list(batch: &str) -> String {
        format!("exceptions.batch:{batch}")
    }

    /// The list of a merchant's exceptions.
    pub fn merchant_list(company: &str, seller: &str) -> String {
        format!("exceptions.merchant:{company}/{seller}")
    }

    /// The list of a company's exceptions that are about a day.
    pub fn day_list(company: &str, day: Date) -> String {
        format!("exceptions.day:{company}/{day}")
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<Exception> {
        let fields = &document.fields;
        Some(Exception {
            number: document.id.number,
            what: NewException::of(fields)?,
            raised_at: fields.time("raised_at")?,
            owner: fields.owned("owner"),
            notes: notes(fields),
            resolution: Resolution::of(fields),
        })
    }

    /// Its document.
    pub fn document(&self) -> Document {
        let mut fields = self
            .what
            .fields()
            .with("raised_at", Some(self.raised_at.0.to_string()))
            .with("owner", self.owner.as_ref());
        for (at, note) in self.notes.iter().enumerate() {
            fields.set(format!("note.{at:03}.at"), Some(note.at.0.to_string()));
            fields.set(format!("note.{at:03}.actor"), Some(note.actor.clone()));
            fields.set(format!("note.{at:03}.text"), Some(note.text.clone()));
        }
        let fields = match &self.resolution {
            Some(resolution) => fields.with_all("resolution.", &resolution.fields()),
            None => fields,
        };
        let mut document = Document::new(Self::id(self.number), fields);
        document.names.insert(self.what.origin.name());
        let is_open = self.resolution.is_none();
        let list = if is_open { EXCEPTIONS_OPEN } else { EXCEPTIONS_RESOLVED };
        document.lists.extend([list.to_owned(), self.what.origin.list()]);
        document.lists.extend(self.what.batch.as_deref().map(Self::batch_list));
        if let (Some(company), Some(seller)) = (&self.what.company, &self.what.seller) {
            document.lists.insert(Self::merchant_list(company, seller));
        }
        if let (Some(company), Some(day)) = (&self.what.company, self.what.day) {
            document.lists.insert(Self::day_list(company, day));
        }
        document
    }
}

impl NewException {
    /// Something found, of which nothing else is known yet.
    pub fn new(origin: Origin, reason: Reason, detail: impl Into<String>) -> NewException {
        NewException {
            origin,
            reason,
            detail: detail.into(),
            company: None,
            seller: None,
            batch: None,
            day: None,
            kind: None,
            reference: None,
            ours: None,
            theirs: None,
            transaction: None,
            payment: None,
        }
    }

    fn of(fields: &Fields) -> Option<NewException> {
        let origin = match (fields.number("file"), fields.number("line")) {
            (Some(file), Some(line)) => Origin::FileRow { file, line },
            (Some(_) | None, _) => {
                Origin::Comparison { scope: fields.owned("scope")?, item: fields.owned("item")? }
            }
        };
        Some(NewException {
            origin,
            reason: Reason::parse(fields.text("reason")?)?,
            detail: fields.owned("detail")?,
            company: fields.owned("company"),
            seller: fields.owned("seller"),
            batch: fields.owned("batch"),
            day: fields.text("day").and_then(Date::parse),
            kind: fields.owned("kind"),
            reference: fields.owned("reference"),
            ours: Amount::of(fields, "ours"),
            theirs: Amount::of(fields, "theirs"),
            transaction: fields.number("transaction"),
            payment: fields.number("payment"),
        })
    }

    fn fields(&self) -> Fields {
        let number = |number: Option<i64>| number.map(|number| number.to_string());
        let (file, line, scope, item) = match &self.origin {
            Origin::FileRow { file, line } => (Some(*file), Some(*line), None, None),
            Origin::Comparison { scope, item } => (None, None, Some(scope), Some(item)),
        };
        let fields = Fields::default()
            .with("file", number(file))
            .with("line", number(line))
            .with("scope", scope)
            .with("item", item)
            .with("reason", Some(self.reason.as_str()))
            .with("detail", Some(&self.detail))
            .with("company", self.company.as_ref())
            .with("seller", self.seller.as_ref())
            .with("batch", self.batch.as_ref())
            .with("day", self.day.map(|day| day.to_string()))
            .with("kind", self.kind.as_ref())
            .with("reference", self.reference.as_ref())
            .with("transaction", number(self.transaction))
            .with("payment", number(self.payment));
        [("ours", self.ours), ("theirs", self.theirs)].into_iter().fold(fields, |fields, side| {
            let (name, amount) = side;
            fields
                .with(format!("{name}.minor"), number(amount.map(|amount| amount.minor)))
                .with(format!("{name}.currency"), amount.map(|amount| amount.currency.code()))
        })
    }
}

impl Amount {
    fn of(fields: &Fields, name: &str) -> Option<Amount> {
        Some(Amount {
            minor: fields.number(&format!("{name}.minor"))?,
            currency: Currency::parse(fields.text(&format!("{name}.currency"))?)?,
        })
    }
}

impl Resolution {
    fn of(fields: &Fields) -> Option<Resolution> {
        let fields = fields.under("resolution.");
        Some(Resolution {
            means: Means::parse(fields.text("means")?)?,
            at: fields.time("at")?,
            actor: fields.owned("actor")?,
            note: fields.owned("note")?,
            transaction: fields.number("transaction"),
        })
    }

    fn fields(&self) -> Fields {
        Fields::default()
            .with("means", Some(self.means.as_str()))
            .with("at", Some(self.at.0.to_string()))
            .with("actor", Some(&self.actor))
            .with("note", Some(&self.note))
            .with("transaction", self.transaction.map(|number| number.to_string()))
    }
}

fn notes(fields: &Fields) -> Vec<Note> {
    let note = |at: usize| {
        let fields = fields.under(&format!("note.{at:03}."));
        let (actor, text) = (fields.owned("actor")?, fields.owned("text")?);
        Some(Note { at: fields.time("at")?, actor, text })
    };
    (0..).map_while(note).collect()
}

/// Places an exception in the books, unless the same thing was found before: then nothing is
/// written. Who calls it has asked to read the origin's name, where it can have been found before.
pub fn raise(books: &mut Books, what: NewException, now: Timestamp) -> Option<Exception> {
    if books.named(&what.origin.name()).is_some() {
        return None;
    }
    let kind = ChangeKind::Clearing(ClearingChange::ExceptionRaised);
    let mut change = Change::about(RowId(0), kind, "INTERNAL", now)
        .with("origin", what.origin.name())
        .with("reason", what.reason.as_str());
    if let Some(transaction) = what.transaction {
        change = change.with("transaction", transaction.to_string());
    }
    let number = books.place_change(change, None).id.0;
    let exception = Exception {
        number,
        what,
        raised_at: now,
        owner: None,
        notes: Vec::new(),
        resolution: None,
    };
    books.put_document(exception.document());
    Some(exception)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let sek = Currency::parse("SEK").unwrap();
        let mut what = NewException::new(
            Origin::FileRow { file: 7, line: 3 },
            Reason::AmountDiffers,
            "the ledger has another amount",
        );
        what.ours = Some(Amount { minor: 100, currency: sek });
        what.theirs = Some(Amount { minor: 200, currency: sek });
        (what.company, what.seller) = (Some("100".to_owned()), Some("654".to_owned()));
        what.day = Date::parse("2026-11-30");
        let note =
            |text: &str| Note { at: Timestamp(2), actor: "Åsa".to_owned(), text: text.to_owned() };
        let mut exception = Exception {
            number: 9,
            what,
            raised_at: Timestamp(1),
            owner: Some("Åsa".to_owned()),
            notes: vec![note("a"), note("b")],
            resolution: None,
        };
        assert_eq!(Exception::of(&exception.document()), Some(exception.clone()));
        assert!(exception.document().lists.contains(EXCEPTIONS_OPEN));
        exception.what.origin =
            Origin::Comparison { scope: "psp:SWISH".to_owned(), item: "a/extra".to_owned() };
        exception.resolution = Some(Resolution {
            means: Means::Corrected,
            at: Timestamp(3),
            actor: "Åsa".to_owned(),
            note: "paid back".to_owned(),
            transaction: Some(12),
        });
        assert_eq!(Exception::of(&exception.document()), Some(exception.clone()));
        assert!(!exception.document().lists.contains(EXCEPTIONS_OPEN));
    }

    #[test]
    fn words_tell_reasons_apart() {
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.as_str()), Some(reason));
        }
        for means in Means::ALL {
            assert_eq!(Means::parse(means.as_str()), Some(means));
        }
    }
}
