//! The decision to apply some rows of an acquirer's file: each is posted, found to be booked
//! already, or put on the list of exceptions. One commit for all of them, with the file's progress,
//! so that a row is applied once, whatever happens in between.

use std::collections::BTreeSet;

use ledger::books::cleared_key;
use ledger::cancel::cancel;
use ledger::correct::{correct, correction_key};
use ledger::post::{acquirer_key, post, posting_key};
use ledger::{
    AcquirerReferences, Answer as Booked, Basis, Books, Cancel, CardToken, Change, ChangeKind,
    ClearingChange, Code, Correct, Decimal, Key, Mount, OfflineClaims, OfflineInfo, Post, ReadSet,
    Refusal as No, RowId, Timestamp, Transaction, TransactionId,
};

use formats::rkha21::Row;

use crate::command::{Answer, Outcome};
use crate::exception::{Amount, NewException, Origin, Reason, raise};
use crate::file::{AcquirerFile, FileState};
use crate::receive::find;
use crate::refusal::Refusal;

/// Applies one chunk of a file. When it is not the one that comes next, nothing is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplyRows {
    /// The file.
    pub file: i64,
    /// The chunk, from 0.
    pub chunk: i64,
    /// The acquirer's batch, which is the file's.
    pub batch: String,
    /// The chunk's rows, prepared for the batch.
    pub rows: Vec<PreparedRow>,
}

/// A row with what it asks of the ledger, which whoever reads the rows makes of them: the writer,
/// who decides, has better things to do.
///
/// Invariant: the wish and its keys are the row's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedRow {
    placed: PlacedRow,
    /// None where no card has the row's token.
    wish: Option<(Wish, [Option<Key>; 2])>,
}

/// A row, and the ledger that it belongs to: that of its card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedRow {
    /// The row.
    pub row: Row,
    /// The company's number. `None` where no card has the row's token.
    pub company: Option<String>,
}

/// Releases what is left of the authorizations that the rows of some chunks have captured, once all
/// rows of the file are applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseRows {
    /// The file.
    pub file: i64,
    /// The first chunk, from 0.
    pub chunk: i64,
    /// The chunk after the last.
    pub next: i64,
    /// Their rows that name an authorization.
    pub rows: Vec<PlacedRow>,
}

/// What became of a row.
enum Fate {
    Posted,
    Matched(TransactionId),
    Refused(Box<NewException>),
}

/// What a row asks of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wish {
    Post(Box<Post>),
    Correct(Box<Correct>),
}

impl ApplyRows {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.push(AcquirerFile::id(self.file));
        reads.is_cleared_asked = true;
        for PreparedRow { placed, wish } in &self.rows {
            if let Some((wish, _)) = wish {
                wish.read(&placed.row, reads);
            }
        }
    }
}

impl PreparedRow {
    /// Prepares a row of a batch.
    pub fn new(placed: PlacedRow, batch: &str) -> PreparedRow {
        let wish = placed.company.as_deref().map(|company| {
            let wish = Wish::of(&placed.row, company, batch);
            let keys = wish.keys(&placed.row, company);
            (wish, keys)
        });
        PreparedRow { placed, wish }
    }
}

impl ReleaseRows {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.push(AcquirerFile::id(self.file));
        for placed in &self.rows {
            if let Some(command) = release_of(placed) {
                reads.keys.extend(source_key(placed));
                command.read(reads);
            }
        }
    }
}

/// Decides one chunk.
///
/// # Errors
/// [`Refusal::FileNotFound`].
pub fn apply_rows(
    command: &ApplyRows,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let mut file = find(books, command.file)?;
    if file.state != (FileState::Applying { chunk: command.chunk }) {
        return Ok(Answer::replayed(Outcome::File(Box::new(file))));
    }
    let mut cleared = BTreeSet::new();
    for row in &command.rows {
        let about = About { file: file.number, batch: &command.batch, cleared: &cleared };
        match apply(row, &about, books, now) {
            Fate::Posted => file.counts.posted = file.counts.posted.saturating_add(1),
            Fate::Matched(transaction) => {
                file.counts.matched = file.counts.matched.saturating_add(1);
                cleared.insert(transaction);
            }
            Fate::Refused(what) => {
                file.counts.refused = file.counts.refused.saturating_add(1);
                raise(books, *what, now);
            }
        }
    }
    let next = command.chunk.saturating_add(1);
    let kind = ChangeKind::Clearing(ClearingChange::RowsPosted);
    let change = Change::about(RowId(file.number), kind, "INTERNAL", now)
        .with("chunk", command.chunk.to_string())
        .with("posted", file.counts.posted.to_string())
        .with("matched", file.counts.matched.to_string())
        .with("refused", file.counts.refused.to_string());
    books.place_clearing(change, cleared);
    file.state = if next < file.chunks() {
        FileState::Applying { chunk: next }
    } else {
        FileState::Releasing { chunk: 0 }
    };
    books.put_document(file.document());
    Ok(Answer::new(Outcome::File(Box::new(file))))
}

/// Decides to release, for some chunks.
///
/// # Errors
/// [`Refusal::FileNotFound`].
pub fn release_rows(
    command: &ReleaseRows,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let mut file = find(books, command.file)?;
    if file.state != (FileState::Releasing { chunk: command.chunk }) {
        return Ok(Answer::replayed(Outcome::File(Box::new(file))));
    }
    for placed in &command.rows {
        let booked = source_key(placed).and_then(|key| books.transaction(key));
        // What was captured over the API may be captured again over the API.
        let is_by_file = booked.is_some_and(|booked| {
            booked.mount == Mount::AcquirerFile && booked.authorization.is_some()
        });
        if let Some(release) = release_of(placed).filter(|_| is_by_file) {
            // Another row may have released it, or nothing was left.
            drop(cancel(&release, books, now));
        }
    }
    if command.next < file.chunks() {
        let next = command.next.max(command.chunk.saturating_add(1));
        file.state = FileState::Releasing { chunk: next };
    } else {
        file.end(now);
        let kind = ChangeKind::Clearing(ClearingChange::FileApplied);
        let change = Change::about(RowId(file.number), kind, "INTERNAL", now)
            .with("posted", file.counts.posted.to_string())
            .with("matched", file.counts.matched.to_string())
            .with("refused", file.counts.refused.to_string());
        books.place_change(change, None);
    }
    books.put_document(file.document());
    Ok(Answer::new(Outcome::File(Box::new(file))))
}

/// What a row is judged by beside the books.
struct About<'a> {
    file: i64,
    batch: &'a str,
    /// The transactions that other rows of the chunk have matched.
    cleared: &'a BTreeSet<TransactionId>,
}

fn apply(row: &PreparedRow, about: &About<'_>, books: &mut Books, now: Timestamp) -> Fate {
    let PreparedRow { placed, wish } = row;
    let Some((wish, keys)) = wish else {
        let what = exception(placed, about, Reason::CardUnknown, "no card has this token");
        return Fate::Refused(Box::new(what));
    };
    let mut known = keys.iter().flatten().filter_map(|key| books.transaction(*key));
    if let Some(found) = known.next() {
        let is_one = known.all(|other| other.id == found.id);
        return compare(placed, about, found, is_one, books);
    }
    match wish.decide(books, now) {
        Ok(_) => Fate::Posted,
        Err(no) => {
            let what = exception(placed, about, reason_of(no, &placed.row), no.to_string());
            Fate::Refused(Box::new(what))
        }
    }
}

/// What a row is whose reference stands for a transaction that is booked. `is_one` says whether the
/// source id and the acquirer's reference stand for the same.
fn compare(
    placed: &PlacedRow,
    about: &About<'_>,
    found: &Transaction,
    is_one: bool,
    books: &Books,
) -> Fate {
    let row = &placed.row;
    let seller = books.directory.seller_by_id(found.seller);
    let is_sellers = seller.is_some_and(|seller| seller.number == row.seller);
    let card = CardToken::parse(&row.card_token).and_then(|token| books.cards.get(&token));
    let is_cards = found.card.is_none() || found.card == card.map(|card| card.id);
    let was_cleared = found.mount == Mount::AcquirerFile
        || about.cleared.contains(&found.id)
        || books.keys.contains_key(&cleared_key(found.id));
    let (reason, detail) = if was_cleared {
        (Reason::Duplicate, "an acquirer's file has told of this transaction before")
    } else if !is_one {
        (Reason::ReferenceDiffers, "the acquirer's reference is that of another transaction")
    } else if found.currency != row.currency {
        (Reason::CurrencyDiffers, "the transaction is booked in another currency")
    } else if found.posted != row.amount_minor {
        (Reason::AmountDiffers, "the transaction is booked with another amount")
    } else if !is_sellers {
        (Reason::ReferenceDiffers, "the transaction is booked for another seller")
    } else if !is_cards {
        (Reason::ReferenceDiffers, "the transaction is booked on another card")
    } else {
        return Fate::Matched(found.id);
    };
    let mut what = exception(placed, about, reason, detail);
    what.ours = Some(Amount { minor: found.posted, currency: found.currency });
    what.transaction = Some(found.id.0);
    Fate::Refused(Box::new(what))
}

fn exception(
    placed: &PlacedRow,
    about: &About<'_>,
    reason: Reason,
    detail: impl Into<String>,
) -> NewException {
    let row = &placed.row;
    let line = i64::try_from(row.line).unwrap_or(i64::MAX);
    NewException {
        company: placed.company.clone(),
        seller: Some(row.seller.clone()),
        batch: Some(about.batch.to_owned()),
        day: Some(row.date),
        kind: Some(row.kind.as_str().to_owned()),
        reference: Some(row.source.clone()),
        theirs: Some(Amount { minor: row.amount_minor, currency: row.currency }),
        ..NewException::new(Origin::FileRow { file: about.file, line }, reason, detail)
    }
}

impl Wish {
    fn of(row: &Row, company: &str, batch: &str) -> Wish {
        let references = AcquirerReferences {
            batch: Some(batch.to_owned()),
            transaction: Some(row.acquirer_reference.clone()),
        };
        let amount = Decimal::of_minor(row.amount_minor, row.currency);
        if let Some(corrected) = &row.corrects {
            return Wish::Correct(Box::new(Correct {
                company: company.to_owned(),
                seller_scope: None,
                mount: Mount::AcquirerFile,
                kind: row.kind.posting(),
                corrected: corrected.clone(),
                source: row.source.clone(),
                amount,
                references,
                value_date: Some(row.date),
            }));
        }
        Wish::Post(Box::new(Post {
            company: company.to_owned(),
            seller_scope: None,
            mount: Mount::AcquirerFile,
            kind: row.kind.posting(),
            basis: basis_of(row),
            offline_info: row.authorization.is_none(),
            claims: OfflineClaims::default(),
            source: row.source.clone(),
            amount,
            withdrawal: row.withdrawal_minor.map(|part| Decimal::of_minor(part, row.currency)),
            references,
            receipt: row.receipt.clone(),
            point_of_sale: row.point_of_sale.clone(),
            value_date: Some(row.date),
        }))
    }

    /// What it needs to be decided.
    fn read(&self, row: &Row, reads: &mut ReadSet) {
        reads.cards.extend(CardToken::parse(&row.card_token));
        match self {
            Wish::Post(command) => command.read(reads),
            Wish::Correct(command) => command.read(reads),
        }
    }

    fn decide(&self, books: &mut Books, now: Timestamp) -> Result<Booked, No> {
        match self {
            Wish::Post(command) => post(command, books, now),
            Wish::Correct(command) => correct(command, books, now),
        }
    }

    /// The keys of what may be booked already: of the source id, and of the acquirer's reference.
    fn keys(&self, row: &Row, company: &str) -> [Option<Key>; 2] {
        match self {
            Wish::Post(command) => [
                Some(posting_key(company, command.kind, &row.source)),
                acquirer_key(company, row.kind.as_str(), &command.references),
            ],
            Wish::Correct(command) => [
                Some(correction_key(company, command.kind, &row.source)),
                acquirer_key(company, row.kind.as_str(), &command.references),
            ],
        }
    }
}

fn basis_of(row: &Row) -> Basis {
    if let Some(authorization) = &row.authorization {
        return Basis::Authorization(Code::parse(authorization));
    }
    let currency = row.currency.code().to_owned();
    match CardToken::parse(&row.card_token) {
        Some(card) => Basis::Offline(OfflineInfo {
            card,
            seller: row.seller.clone(),
            currency,
            method: row.method,
            channel: row.channel,
        }),
        // A token that no card can have: the row has no company either, and is not asked for.
        None => Basis::Authorization(None),
    }
}

/// The keys that a row may have used already, for who looks before the chunk is applied.
pub fn keys_of(row: &Row, company: &str, batch: &str) -> impl Iterator<Item = Key> + use<> {
    Wish::of(row, company, batch).keys(row, company).into_iter().flatten()
}

/// The key of what a row has booked, by its source id.
fn source_key(placed: &PlacedRow) -> Option<Key> {
    let company = placed.company.as_deref()?;
    Some(posting_key(company, placed.row.kind.posting(), &placed.row.source))
}

/// The release of what is left of a row's authorization.
fn release_of(placed: &PlacedRow) -> Option<Cancel> {
    let code = placed.row.authorization.as_deref().and_then(Code::parse)?;
    Some(Cancel {
        company: placed.company.clone()?,
        seller_scope: None,
        mount: Mount::AcquirerFile,
        code: Some(code),
        value_date: Some(placed.row.date),
    })
}

/// What posting one row alone needs.
pub(crate) fn read_row(placed: &PlacedRow, batch: &str, reads: &mut ReadSet) {
    if let Some(company) = &placed.company {
        Wish::of(&placed.row, company, batch).read(&placed.row, reads);
    }
}

/// Posts one row alone; the key by which it is found.
///
/// # Errors
/// [`Refusal::Ledger`], also where it is booked already.
pub(crate) fn post_row(
    placed: &PlacedRow,
    batch: &str,
    books: &mut Books,
    now: Timestamp,
) -> Result<Key, Refusal> {
    let row = &placed.row;
    let company = placed.company.as_ref().ok_or(Refusal::Ledger(No::CardNotFound))?;
    let wish = Wish::of(row, company, batch);
    let again = match &wish {
        Wish::Post(command) => No::DuplicateTransaction(command.kind),
        Wish::Correct(_) => No::DuplicateCorrection,
    };
    let keys = wish.keys(row, company);
    if keys.iter().flatten().any(|key| books.keys.contains_key(key)) {
        return Err(Refusal::Ledger(again));
    }
    wish.decide(books, now).map_err(Refusal::Ledger)?;
    let [source, _] = keys;
    source.ok_or(Refusal::NothingToPost)
}

/// Why a row is an exception, where the ledger refuses it.
fn reason_of(no: No, row: &Row) -> Reason {
    match no {
        No::CardNotFound | No::AccountNotFound => Reason::CardUnknown,
        No::SellerNotRegistered => Reason::SellerUnknown,
        No::CompanyNotConfigured | No::CompanyIncomplete | No::NotFound => {
            Reason::CompanyNotConfigured
        }
        No::AuthorizationNotFound => Reason::AuthorizationUnknown,
        No::AuthorizationCancelled | No::AuthorizationUsedUp | No::AuthorizationExpired => {
            Reason::AuthorizationEnded
        }
        No::AuthorizationTypeMismatch => Reason::AuthorizationTypeMismatch,
        No::TransactionNotFound(_) => Reason::OriginalUnknown,
        No::InsufficientDebitedAmount { .. } if row.corrects.is_some() => Reason::OverCorrection,
        No::InsufficientDebitedAmount { .. } => Reason::OverCapture,
        No::CurrencyNotSupported => Reason::CurrencyNotSupported,
        No::DuplicateTransaction(_) | No::DuplicateCorrection => Reason::Duplicate,
        No::Amount(_)
        | No::WithdrawalAmount(_)
        | No::BalanceOutOfRange
        | No::ValidTo
        | No::Declined { .. }
        | No::DuplicateAuthorization
        | No::IdempotencyKeyReused
        | No::NameTaken
        | No::DuplicateSettlement
        | No::SettlementNotFound
        | No::SettlementReturned
        | No::StateConflict => Reason::AmountNotPossible,
    }
}
