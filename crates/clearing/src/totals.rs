//! What a terminal says that its day came to, against what is booked of it.
//!
//! What is booked is counted by the estate, in the commit that books an upload. So totals and
//! uploads have one order, and what is compared is what was booked until then.

use estate::customer::Merchant;
use estate::terminal_day::TerminalDayKey;
use estate::{Customer, Terminal};
use ledger::document::Kind;
use ledger::{
    Books, Change, ChangeKind, ClearingChange, Currency, Date, Document, DocumentId, Fields,
    ReadSet, RowId, Timestamp,
};

use crate::command::{Answer, Outcome};
use crate::exception::{Amount, Exception, NewException, Origin, Reason, raise};
use crate::refusal::Refusal;

/// What a terminal has sold offline.
const PURCHASES: &str = "purchases";

/// What it has given back.
const REFUNDS: &str = "refunds";

/// What a terminal says that its day came to, in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalTotals {
    /// The row that told it.
    pub number: i64,
    /// Which day of which terminal.
    pub key: TerminalDayKey,
    /// What people call the terminal.
    pub terminal_id: String,
    /// What it has sold offline.
    pub purchases: Total,
    /// What it has given back.
    pub refunds: Total,
    /// What was booked of its purchases when it told.
    pub booked: Total,
    /// When it told.
    pub told_at: Timestamp,
}

/// How many, and how much in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// How many.
    pub count: i64,
    /// The sum, in minor units.
    pub minor: i64,
}

/// A terminal says what its day came to (device API, POST totals).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportTotals {
    /// The terminal's number, from its token.
    pub terminal: i64,
    /// SHA-256 of its token: 64 hexadecimal digits.
    pub token_hash: String,
    /// The day, where the terminal is.
    pub day: Date,
    /// The currency.
    pub currency: Currency,
    /// What it has sold offline.
    pub purchases: Total,
    /// What it has given back.
    pub refunds: Total,
}

/// Looks again whether a terminal's totals are what is booked, after it has uploaded more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecheckTotals {
    /// The terminal's number.
    pub terminal: i64,
    /// What people call it.
    pub terminal_id: String,
    /// The days and currencies that it has uploaded something of.
    pub days: Vec<(Date, Currency)>,
}

impl TerminalTotals {
    /// Names its document.
    pub fn id(number: i64) -> DocumentId {
        Kind::TerminalTotals.id(number)
    }

    /// The name by which it is found.
    pub fn document_name(key: &TerminalDayKey) -> String {
        format!("terminal_totals:{}/{}/{}", key.terminal, key.day, key.currency.code())
    }

    /// The list of all that a terminal has told.
    pub fn terminal_list(terminal: i64) -> String {
        format!("terminal_totals.of:{terminal}")
    }

    /// Whether what it told is what was booked.
    pub fn agrees(&self) -> bool {
        self.purchases == self.booked && self.refunds == Total::default()
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<TerminalTotals> {
        let fields = &document.fields;
        Some(TerminalTotals {
            number: document.id.number,
            key: TerminalDayKey {
                terminal: fields.number("terminal")?,
                day: Date::parse(fields.text("day")?)?,
                currency: Currency::parse(fields.text("currency")?)?,
            },
            terminal_id: fields.text("terminal_id")?.to_owned(),
            purchases: Total::of(fields, "purchases")?,
            refunds: Total::of(fields, "refunds")?,
            booked: Total::of(fields, "booked")?,
            told_at: fields.time("told_at")?,
        })
    }

    /// Its document.
    pub fn document(&self) -> Document {
        let mut fields = Fields::default()
            .with("terminal", Some(self.key.terminal.to_string()))
            .with("day", Some(self.key.day.to_string()))
            .with("currency", Some(self.key.currency.code()))
            .with("terminal_id", Some(&self.terminal_id))
            .with("told_at", Some(self.told_at.0.to_string()));
        let totals =
            [("purchases", self.purchases), ("refunds", self.refunds), ("booked", self.booked)];
        for (name, total) in totals {
            fields.set(format!("{name}.count"), Some(total.count.to_string()));
            fields.set(format!("{name}.minor"), Some(total.minor.to_string()));
        }
        let mut document = Document::new(Self::id(self.number), fields);
        document.names.insert(Self::document_name(&self.key));
        document.lists.insert(Self::terminal_list(self.key.terminal));
        document
    }
}

impl Total {
    fn of(fields: &Fields, name: &str) -> Option<Total> {
        let number = |what: &str| fields.number(&format!("{name}.{what}"));
        Some(Total { count: number("count")?, minor: number("minor")? })
    }
}

impl ReportTotals {
    fn key(&self) -> TerminalDayKey {
        let ReportTotals { terminal, day, currency, .. } = *self;
        TerminalDayKey { terminal, day, currency }
    }

    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        let key = self.key();
        reads.documents.push(Terminal::id(self.terminal));
        reads.names.extend([key.name(), TerminalTotals::document_name(&key)]);
    }
}

/// Decides to keep what a terminal says, once for each day and currency, and holds it against what
/// is booked. The same figures again are a repeat.
///
/// # Errors
/// [`Refusal::NotThisDevice`], [`Refusal::NoMerchant`], [`Refusal::TotalsTold`].
pub fn report_totals(
    command: &ReportTotals,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let found = books.document(Terminal::id(command.terminal)).and_then(Terminal::of);
    let terminal = found.filter(|terminal| terminal.is_device(&command.token_hash));
    let terminal = terminal.ok_or(Refusal::NotThisDevice)?;
    let customer = Customer::find(&books.directory, terminal.customer);
    let merchant = customer.and_then(|customer| customer.merchant).ok_or(Refusal::NoMerchant)?;
    let key = command.key();
    let told = books.named(&TerminalTotals::document_name(&key)).and_then(TerminalTotals::of);
    if let Some(told) = told {
        let is_same = told.purchases == command.purchases && told.refunds == command.refunds;
        let same = is_same.then(|| Answer::replayed(Outcome::Totals(Box::new(told))));
        return same.ok_or(Refusal::TotalsTold);
    }
    let booked = key.find(books).map(|day| Total { count: day.count, minor: day.minor });
    let kind = ChangeKind::Clearing(ClearingChange::TotalsReported);
    let actor = format!("terminal {}", terminal.terminal_id);
    let change = Change::about(RowId(0), kind, &actor, now)
        .with("terminal", terminal.terminal_id.clone())
        .with("day", key.day.to_string())
        .with("currency", key.currency.code());
    let totals = TerminalTotals {
        number: books.place_change(change, None).id.0,
        key,
        terminal_id: terminal.terminal_id,
        purchases: command.purchases,
        refunds: command.refunds,
        booked: booked.unwrap_or_default(),
        told_at: now,
    };
    hold(&totals, &merchant, books, now);
    books.put_document(totals.document());
    Ok(Answer::new(Outcome::Totals(Box::new(totals))))
}

/// Holds what a terminal said against what is booked.
fn hold(totals: &TerminalTotals, merchant: &Merchant, books: &mut Books, now: Timestamp) {
    let lines =
        [(PURCHASES, totals.booked, totals.purchases), (REFUNDS, Total::default(), totals.refunds)];
    for (word, booked, told) in lines {
        let Some(mut what) = difference(totals, word, booked, told) else { continue };
        let known = books.named(&what.origin.name()).and_then(Exception::of);
        if known.is_some_and(|known| known.resolution.is_some())
            && let Origin::Comparison { item, .. } = &mut what.origin
        {
            // Somebody has dealt with another difference of the day.
            item.extend(["/".to_owned(), booked.count.to_string()]);
        }
        let (company, seller) = (&merchant.company_number, &merchant.seller_number);
        let (company, seller) = (Some(company.clone()), Some(seller.clone()));
        raise(books, NewException { company, seller, ..what }, now);
    }
}

impl RecheckTotals {
    fn keys(&self) -> impl Iterator<Item = TerminalDayKey> {
        let key = |(day, currency)| TerminalDayKey { terminal: self.terminal, day, currency };
        self.days.iter().copied().map(key)
    }

    /// The names by which what the terminal has told of the days is found.
    pub fn told_names(&self) -> Vec<String> {
        self.keys().map(|key| TerminalTotals::document_name(&key)).collect()
    }

    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.push(Terminal::id(self.terminal));
        reads.names.extend(self.keys().map(|key| key.name()));
        reads.names.extend(self.told_names());
        for key in self.keys() {
            let reasons = [Reason::Missing, Reason::Extra, Reason::AmountDiffers];
            let origins = reasons.into_iter().flat_map(|reason| {
                [PURCHASES, REFUNDS].map(|word| origin(&self.terminal_id, &key, reason, word))
            });
            reads.names.extend(origins.map(|origin| origin.name()));
        }
    }
}

/// Decides whether what was booked since a terminal told its totals makes a difference. What was
/// found before stays on the list.
///
/// # Errors
/// [`Refusal::NotThisDevice`] where there is no such terminal, [`Refusal::NoMerchant`].
pub fn recheck_totals(
    command: &RecheckTotals,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let found = books.document(Terminal::id(command.terminal)).and_then(Terminal::of);
    let terminal = found.ok_or(Refusal::NotThisDevice)?;
    let customer = Customer::find(&books.directory, terminal.customer);
    let merchant = customer.and_then(|customer| customer.merchant).ok_or(Refusal::NoMerchant)?;
    for key in command.keys() {
        let told = books.named(&TerminalTotals::document_name(&key)).and_then(TerminalTotals::of);
        let Some(told) = told else { continue };
        let booked = key.find(books).map(|day| Total { count: day.count, minor: day.minor });
        let booked = booked.unwrap_or_default();
        if booked == told.booked {
            continue;
        }
        let totals = TerminalTotals { booked, ..told };
        hold(&totals, &merchant, books, now);
        books.put_document(totals.document());
    }
    Ok(Answer::nothing())
}

/// What people have to look at, where what is booked is not what was told.
fn difference(
    totals: &TerminalTotals,
    word: &str,
    booked: Total,
    told: Total,
) -> Option<NewException> {
    let reason = match (booked, told) {
        _ if booked == told => return None,
        (_, Total { count: 0, .. }) => Reason::Missing,
        (Total { count: 0, .. }, _) => Reason::Extra,
        _ => Reason::AmountDiffers,
    };
    let TerminalDayKey { day, currency, .. } = totals.key;
    let origin = origin(&totals.terminal_id, &totals.key, reason, word);
    let detail = format!(
        "the terminal counts {} {word}, and {} of them are booked",
        told.count, booked.count
    );
    let amount = |total: Total| Some(Amount { minor: total.minor, currency });
    Some(NewException {
        day: Some(day),
        kind: Some(format!("terminal-{word}")),
        reference: Some(totals.terminal_id.clone()),
        ours: amount(booked),
        theirs: amount(told),
        ..NewException::new(origin, reason, detail)
    })
}

/// Names a difference.
fn origin(terminal_id: &str, key: &TerminalDayKey, reason: Reason, word: &str) -> Origin {
    Origin::Comparison {
        scope: format!("terminal:{terminal_id}/{}", key.day),
        item: format!("{}/{word}/{}", reason.as_str(), key.currency.code()),
    }
}
