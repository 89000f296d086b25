//! The ledger again, written from the contract as naively as possible: plain maps, one command at
//! a time, every balance a sum over everything that ever happened, no hashes, no chains.
//!
//! Invariant: shares with the real ledger its requests, answers and words, and no decision.

use std::collections::{BTreeMap, BTreeSet};

use engine::{Command, Reply};
use ledger::books::Done;
use ledger::change::ChangeKind;
use ledger::{
    AccountStatus, AddCard, AddCompany, AddSeller, AuthorizationId, AuthorizationKind, Authorize,
    Basis, Cancel, CardExpiry, CardStatus, ChangeAccount, ChangeCard, ChangeCompany, Code, Correct,
    Currency, Decimal, DeclineReason, Idempotency, Instrument, Key, Money, MoneyError, Mount,
    OpenAccount, Post, PostingKind, Refusal, RowId, Timestamp, TransactionId,
};

use crate::traffic::ZONES;

const DAY_MS: i64 = 86_400_000;
const LARGEST_AMOUNT: i128 = 1_000_000_000_000_000;
const LARGEST_DEBT: i128 = (i64::MAX / 4) as i128;

#[derive(Default)]
pub(crate) struct Reference {
    companies: BTreeMap<String, Company>,
    pub(crate) accounts: BTreeMap<i64, Account>,
    cards: BTreeMap<String, Card>,
    pub(crate) authorizations: BTreeMap<i64, Authorization>,
    codes: BTreeMap<String, i64>,
    authorization_sources: BTreeMap<(String, String), i64>,
    pub(crate) postings: BTreeMap<(String, PostingKind, String), Posting>,
    corrections: BTreeMap<(String, PostingKind, String), Correction>,
    references: BTreeSet<[String; 4]>,
    idempotent: BTreeMap<Key, (Idempotency, RowId, ChangeKind)>,
    /// How many rows there are.
    pub(crate) rows: i64,
}

struct Company {
    currencies: Vec<Currency>,
    sellers: BTreeSet<String>,
    name: String,
    days: i32,
    offset_ms: i64,
}

pub(crate) struct Account {
    pub(crate) company: String,
    pub(crate) currency: Currency,
    pub(crate) limit: i128,
    pub(crate) status: AccountStatus,
    /// What changed its debt, in order.
    entries: Vec<i128>,
    authorizations: Vec<i64>,
    /// Every row about it, with debt and reservations right after.
    pub(crate) history: Vec<(i64, i128, i128)>,
}

struct Card {
    id: i64,
    account: i64,
    company: String,
    status: CardStatus,
    expiry: Option<CardExpiry>,
}

pub(crate) struct Authorization {
    request: Authorize,
    pub(crate) account: i64,
    pub(crate) amount: i128,
    currency: Currency,
    /// The first day on which it can no longer be used begins here.
    ends_ms: i64,
    declined: Option<DeclineReason>,
    pub(crate) ended: Option<Ended>,
    /// Every transaction on it, oldest first, with what it took.
    pub(crate) children: Vec<(i64, i128)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Cancelled,
    Expired,
}

pub(crate) struct Posting {
    request: Post,
    pub(crate) row: i64,
    authorization: Option<i64>,
    account: i64,
    seller: String,
    currency: Currency,
    pub(crate) amount: i128,
    pub(crate) corrections: Vec<(i64, i128)>,
    pub(crate) over_limit: bool,
    pub(crate) despite_block: bool,
}

struct Correction {
    request: Correct,
}

/// What the reference says to a command.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Done; and whether it had been done before.
    Done(Done, bool),
    /// An administrative change with this row; and whether it had been made before.
    Changed(RowId, ChangeKind, bool),
    /// Not done.
    Refused(Refusal),
}

impl From<Refusal> for Verdict {
    fn from(refusal: Refusal) -> Verdict {
        Verdict::Refused(refusal)
    }
}

impl Verdict {
    /// What it comes to in a word, to see that a test saw it.
    pub(crate) fn word(&self) -> String {
        let name =
            |shown: String| shown.split([' ', '(', '{']).next().unwrap_or_default().to_owned();
        match self {
            Verdict::Done(done, false) => name(format!("{done:?}")),
            Verdict::Changed(_, kind, false) => format!("{kind:?}"),
            Verdict::Done(..) | Verdict::Changed(..) => "Replayed".to_owned(),
            Verdict::Refused(Refusal::Declined { reason, replayed: false, .. }) => {
                format!("{reason:?}")
            }
            Verdict::Refused(Refusal::Declined { .. }) => "DeclinedAgain".to_owned(),
            Verdict::Refused(refusal) => name(format!("{refusal:?}")),
        }
    }

    /// Whether the real ledger says the same.
    pub(crate) fn agrees_with(&self, reply: &Reply) -> bool {
        match (self, reply) {
            (Verdict::Refused(mine), Err(theirs)) => mine == theirs,
            (Verdict::Done(done, replayed), Ok(answer)) => {
                *done == answer.done && *replayed == answer.replayed
            }
            (Verdict::Changed(id, kind, replayed), Ok(answer)) => match &answer.done {
                Done::Changed(change) => {
                    change.id == *id && change.kind == *kind && *replayed == answer.replayed
                }
                Done::Authorized { .. }
                | Done::Posted { .. }
                | Done::Corrected { .. }
                | Done::Cancelled { .. }
                | Done::Expired(_)
                | Done::Nothing => false,
            },
            _ => false,
        }
    }
}

impl Account {
    pub(crate) fn debt(&self) -> i128 {
        self.entries.iter().sum()
    }
}

impl Authorization {
    pub(crate) fn taken(&self) -> i128 {
        self.children.iter().map(|(_, taken)| taken).sum()
    }

    pub(crate) fn is_live(&self) -> bool {
        self.declined.is_none() && self.ended.is_none()
    }

    pub(crate) fn is_declined(&self) -> bool {
        self.declined.is_some()
    }

    pub(crate) fn remaining(&self, now: Timestamp) -> i128 {
        if self.is_live() && now.0 < self.ends_ms { self.amount - self.taken() } else { 0 }
    }

    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.is_live() && now.0 >= self.ends_ms && self.taken() < self.amount
    }

    fn holds(&self) -> i128 {
        match self.request.kind {
            AuthorizationKind::Purchase | AuthorizationKind::CashWithdrawal if self.is_live() => {
                self.amount - self.taken()
            }
            AuthorizationKind::Purchase
            | AuthorizationKind::CashWithdrawal
            | AuthorizationKind::Reversal => 0,
        }
    }

    /// Cancelled, used up, expired: in this order.
    fn check_usable(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.ended == Some(Ended::Cancelled) {
            return Err(Refusal::AuthorizationCancelled);
        }
        if self.taken() == self.amount {
            return Err(Refusal::AuthorizationUsedUp);
        }
        if self.ended == Some(Ended::Expired) || now.0 >= self.ends_ms {
            return Err(Refusal::AuthorizationExpired);
        }
        Ok(())
    }
}

impl Posting {
    pub(crate) fn corrected(&self) -> i128 {
        self.corrections.iter().map(|(_, amount)| amount).sum()
    }
}

impl Company {
    fn today(&self, now: Timestamp) -> i32 {
        i32::try_from((now.0 + self.offset_ms).div_euclid(DAY_MS)).unwrap()
    }

    fn end_of(&self, day: i32) -> i64 {
        (i64::from(day) + 1) * DAY_MS - self.offset_ms
    }
}

impl Reference {
    /// Does what a command asks, or says why not.
    pub(crate) fn decide(&mut self, command: &Command, now: Timestamp) -> Verdict {
        let verdict = match command {
            Command::Authorize(command) => self.authorize(command, now),
            Command::Post(command) => self.post(command, now),
            Command::Correct(command) => self.correct(command),
            Command::Cancel(command) => self.cancel(command, now),
            Command::Expire(command) => self.expire(command.authorization, now),
            Command::OpenAccount(command) => self.open_account(command),
            Command::ChangeAccount(command) => self.change_account(command),
            Command::AddCard(command) => self.add_card(command),
            Command::ChangeCard(command) => self.change_card(command),
            Command::AddCompany(command) => self.add_company(command),
            Command::ChangeCompany(command) => self.change_company(command),
            Command::AddSeller(command) => self.add_seller(command),
            Command::IssueCredential(_) | Command::RevokeCredential(_) | Command::NoteUses(_) => {
                unreachable!("the traffic has no credentials")
            }
        };
        verdict.unwrap_or_else(Verdict::from)
    }

    /// The sum of what live authorizations still hold.
    pub(crate) fn reserved(&self, account: i64) -> i128 {
        let authorizations = self.accounts[&account].authorizations.iter();
        authorizations.map(|id| self.authorizations[id].holds()).sum()
    }

    pub(crate) fn available(&self, account: i64) -> i128 {
        self.accounts[&account].limit - self.accounts[&account].debt() - self.reserved(account)
    }

    /// When the next live authorization ends.
    pub(crate) fn next_end(&self, now: Timestamp) -> Option<Timestamp> {
        let live = self.authorizations.values().filter(|row| row.is_live());
        live.map(|row| Timestamp(row.ends_ms)).filter(|end| *end > now).min()
    }

    fn row(&mut self) -> i64 {
        self.rows += 1;
        self.rows
    }

    /// A new row about an account, whose balance may just have changed.
    fn row_on(&mut self, account: i64) -> i64 {
        let row = self.row();
        self.note(account, row);
        row
    }

    fn note(&mut self, account: i64, row: i64) {
        let (debt, reserved) = (self.accounts[&account].debt(), self.reserved(account));
        self.accounts.get_mut(&account).unwrap().history.push((row, debt, reserved));
    }

    fn company(&self, number: &str) -> Result<&Company, Refusal> {
        self.companies.get(number).ok_or(Refusal::CompanyNotConfigured)
    }

    fn complete_company(&self, number: &str) -> Result<&Company, Refusal> {
        let company = self.company(number)?;
        if company.currencies.is_empty() {
            return Err(Refusal::CompanyIncomplete);
        }
        Ok(company)
    }

    /// Decision 16's order; decision 15's declined answers.
    fn authorize(&mut self, command: &Authorize, now: Timestamp) -> Result<Verdict, Refusal> {
        let source = (command.company.clone(), command.source.clone());
        let earlier = self.authorization_sources.get(&source).copied();
        if let Some(id) = earlier {
            let (first, name) = (&self.authorizations[&id], AuthorizationId(id));
            if first.request == (Authorize { mount: first.request.mount, ..command.clone() }) {
                return match first.declined {
                    Some(reason) => Err(declined(reason, Some(id), true)),
                    None => Ok(Verdict::Done(authorized(name, first.request.mount), true)),
                };
            }
        }
        let currency = Currency::parse(&command.currency);
        let amount = amount(command.amount, currency)?;
        let company = self.complete_company(&command.company)?;
        let today = company.today(now);
        let last_day = command.valid_to.map_or(today + company.days, |day| day.0);
        if !(today..=today + 400).contains(&last_day) {
            return Err(Refusal::ValidTo);
        }
        if !company.sellers.contains(&command.seller) {
            return Err(Refusal::SellerNotRegistered);
        }
        let (account, card) = self.instrument(&command.instrument, &command.company)?;
        let currency = self.supported(currency, company, account)?;
        let ends_ms = company.end_of(last_day);
        let reserves = command.kind != AuthorizationKind::Reversal;
        let reason = self.blocked(account, card, today).or({
            let short = reserves && amount > self.available(account);
            short.then_some(DeclineReason::InsufficientFunds)
        });
        match (earlier, reason) {
            (Some(_), Some(reason)) => return Err(declined(reason, None, false)),
            (Some(_), None) => return Err(Refusal::DuplicateAuthorization),
            (None, _) => {}
        }
        let id = self.row();
        self.authorization_sources.insert(source, id);
        self.codes.insert(Code::of(RowId(id)).as_str().to_owned(), id);
        let (request, children) = (command.clone(), Vec::new());
        let (declined_for, ended) = (reason, None);
        let row = Authorization {
            request,
            account,
            amount,
            currency,
            ends_ms,
            declined: declined_for,
            ended,
            children,
        };
        self.authorizations.insert(id, row);
        self.accounts.get_mut(&account).unwrap().authorizations.push(id);
        self.note(account, id);
        match reason {
            Some(reason) => Err(declined(reason, Some(id), false)),
            None => Ok(Verdict::Done(authorized(AuthorizationId(id), command.mount), false)),
        }
    }

    /// The account, and the card where it is one.
    fn instrument(
        &self,
        instrument: &Instrument,
        company: &str,
    ) -> Result<(i64, Option<&Card>), Refusal> {
        match instrument {
            Instrument::Card(token) => {
                let card = self.card(token.as_str(), company)?;
                Ok((card.account, Some(card)))
            }
            Instrument::Account(number) => {
                let id = number.ok_or(Refusal::AccountNotFound)?.id().0;
                let account = self.accounts.get(&id).ok_or(Refusal::AccountNotFound)?;
                if account.company != company {
                    return Err(Refusal::AccountNotFound);
                }
                Ok((id, None))
            }
        }
    }

    fn card(&self, token: &str, company: &str) -> Result<&Card, Refusal> {
        let card = self.cards.get(token).ok_or(Refusal::CardNotFound)?;
        if card.company == company { Ok(card) } else { Err(Refusal::CardNotFound) }
    }

    fn supported(
        &self,
        currency: Option<Currency>,
        company: &Company,
        account: i64,
    ) -> Result<Currency, Refusal> {
        let currency = currency.ok_or(Refusal::CurrencyNotSupported)?;
        let held = self.accounts[&account].currency;
        if company.currencies.contains(&currency) && held == currency {
            Ok(currency)
        } else {
            Err(Refusal::CurrencyNotSupported)
        }
    }

    fn blocked(&self, account: i64, card: Option<&Card>, today: i32) -> Option<DeclineReason> {
        match self.accounts[&account].status {
            AccountStatus::Closed => Some(DeclineReason::AccountClosed),
            AccountStatus::Blocked => Some(DeclineReason::AccountBlocked),
            AccountStatus::Active => {
                let card = card?;
                if card.status == CardStatus::Blocked {
                    return Some(DeclineReason::CardBlocked);
                }
                let expiry = card.expiry?;
                let month = i64::from(expiry.year) * 12 + i64::from(expiry.month);
                (month_of(today) > month).then_some(DeclineReason::CardExpired)
            }
        }
    }

    /// The authorization that a company's client calls so, if a caller of this scope may see it.
    fn authorization(
        &self,
        company: &str,
        code: Option<Code>,
        scope: Option<&str>,
    ) -> Result<i64, Refusal> {
        let id = code.and_then(|code| self.codes.get(code.as_str()).copied());
        let id = id.ok_or(Refusal::AuthorizationNotFound)?;
        let found = &self.authorizations[&id];
        let visible = found.request.company == company
            && found.declined.is_none()
            && scope.is_none_or(|seller| found.request.seller == seller);
        if visible { Ok(id) } else { Err(Refusal::AuthorizationNotFound) }
    }

    fn post(&mut self, command: &Post, now: Timestamp) -> Result<Verdict, Refusal> {
        let source = (command.company.clone(), command.kind, command.source.clone());
        let scope = command.seller_scope.as_deref();
        if let Some(first) = self.postings.get(&source) {
            let Post { mount, seller_scope, .. } = first.request.clone();
            let is_visible = scope.is_none_or(|seller| first.seller == seller);
            if is_visible && first.request == (Post { mount, seller_scope, ..command.clone() }) {
                return Ok(Verdict::Done(posted(command, first.request.mount), true));
            }
        }
        let mut posting = self.posting(command, now)?;
        let reference = reference(&command.company, command.kind.as_str(), &command.references);
        let taken = reference.as_ref().is_some_and(|taken| self.references.contains(taken));
        if taken || self.postings.contains_key(&source) {
            return Err(Refusal::DuplicateTransaction(command.kind));
        }
        if let Some(id) = posting.authorization {
            check_remaining(&self.authorizations[&id], command.kind, posting.amount, now)?;
        }
        let debit = command.kind != PostingKind::Reversal;
        let moved = if debit { posting.amount } else { -posting.amount };
        self.check_debt(posting.account, moved)?;
        posting.row = self.row();
        self.references.extend(reference);
        if let Some(id) = posting.authorization {
            let children = &mut self.authorizations.get_mut(&id).unwrap().children;
            children.push((posting.row, posting.amount));
        }
        self.accounts.get_mut(&posting.account).unwrap().entries.push(moved);
        self.note(posting.account, posting.row);
        // What an authorization held was available when it was authorized.
        let is_offline = posting.authorization.is_none();
        posting.over_limit = debit && is_offline && self.available(posting.account) < 0;
        self.postings.insert(source, posting);
        Ok(Verdict::Done(posted(command, command.mount), false))
    }

    /// What would be posted, with everything that a command names found.
    fn posting(&self, command: &Post, now: Timestamp) -> Result<Posting, Refusal> {
        let named = match &command.basis {
            Basis::Authorization(_) => None,
            Basis::Offline(info) => Currency::parse(&info.currency),
        };
        amounts(command, named)?;
        let company = self.complete_company(&command.company)?;
        let scope = command.seller_scope.as_deref();
        let (authorization, account, seller, currency, despite_block) = match &command.basis {
            Basis::Authorization(code) => {
                let id = self.authorization(&command.company, *code, scope)?;
                let found = &self.authorizations[&id];
                (Some(id), found.account, &found.request.seller, found.currency, false)
            }
            Basis::Offline(info) => {
                let is_foreign = scope.is_some_and(|seller| info.seller != seller);
                if is_foreign || !company.sellers.contains(&info.seller) {
                    return Err(Refusal::SellerNotRegistered);
                }
                let card = self.card(info.card.as_str(), &command.company)?;
                let currency = self.supported(named, company, card.account)?;
                let today = company.today(now);
                let despite_block = self.blocked(card.account, Some(card), today).is_some();
                (None, card.account, &info.seller, currency, despite_block)
            }
        };
        Ok(Posting {
            request: command.clone(),
            row: 0,
            authorization,
            account,
            seller: seller.clone(),
            currency,
            amount: amounts(command, Some(currency))?,
            corrections: Vec::new(),
            over_limit: false,
            despite_block,
        })
    }

    fn check_debt(&self, account: i64, moved: i128) -> Result<(), Refusal> {
        let debt = self.accounts[&account].debt() + moved;
        if debt.abs() > LARGEST_DEBT { Err(Refusal::BalanceOutOfRange) } else { Ok(()) }
    }

    fn correct(&mut self, command: &Correct) -> Result<Verdict, Refusal> {
        let source = (command.company.clone(), command.kind, command.source.clone());
        let corrected = (command.company.clone(), command.kind, command.corrected.clone());
        let unknown = Refusal::TransactionNotFound(command.kind);
        let scope = command.seller_scope.as_deref();
        let sees = |posting: &Posting| scope.is_none_or(|seller| posting.seller == seller);
        if let Some(first) = self.corrections.get(&source) {
            let Correct { mount, seller_scope, .. } = first.request.clone();
            let visible = self.postings.get(&corrected).is_some_and(sees);
            if visible && first.request == (Correct { mount, seller_scope, ..command.clone() }) {
                return Ok(Verdict::Done(corrected_by(command, first.request.mount), true));
            }
        }
        amount(command.amount, None)?;
        self.company(&command.company)?;
        let posting = self.postings.get(&corrected).filter(|posting| sees(posting));
        let posting = posting.ok_or(unknown)?;
        let amount = positive(command.amount, posting.currency)?;
        let word = format!("correction of {}", command.kind.as_str());
        let reference = reference(&command.company, &word, &command.references);
        let taken = reference.as_ref().is_some_and(|taken| self.references.contains(taken));
        if taken || self.corrections.contains_key(&source) {
            return Err(Refusal::DuplicateCorrection);
        }
        let (account, left) = (posting.account, posting.amount - posting.corrected());
        // Taking a reversal back debits the holder, who cannot be made to owe more than allowed.
        let (limit, moved) = match command.kind {
            PostingKind::Reversal => (left.min(self.available(account).max(0)), amount),
            PostingKind::Purchase | PostingKind::CashWithdrawal => (left, -amount),
        };
        if amount > limit {
            return Err(insufficient(limit, posting.currency));
        }
        self.check_debt(account, moved)?;
        self.accounts.get_mut(&account).unwrap().entries.push(moved);
        let row = self.row_on(account);
        self.references.extend(reference);
        self.postings.get_mut(&corrected).unwrap().corrections.push((row, amount));
        self.corrections.insert(source, Correction { request: command.clone() });
        Ok(Verdict::Done(corrected_by(command, command.mount), false))
    }

    fn cancel(&mut self, command: &Cancel, now: Timestamp) -> Result<Verdict, Refusal> {
        self.company(&command.company)?;
        let scope = command.seller_scope.as_deref();
        let id = self.authorization(&command.company, command.code, scope)?;
        self.authorizations[&id].check_usable(now)?;
        let row = self.end(id, Ended::Cancelled);
        let (authorization, cancellation) = (AuthorizationId(id), TransactionId(row));
        let done = Done::Cancelled { authorization, cancellation, mount: command.mount };
        Ok(Verdict::Done(done, false))
    }

    fn end(&mut self, id: i64, ended: Ended) -> i64 {
        let account = self.authorizations[&id].account;
        let row = self.row();
        let authorization = self.authorizations.get_mut(&id).unwrap();
        authorization.ended = Some(ended);
        authorization.children.push((row, 0));
        self.note(account, row);
        row
    }

    fn expire(&mut self, id: AuthorizationId, now: Timestamp) -> Result<Verdict, Refusal> {
        let found = self.authorizations.get(&id.0).ok_or(Refusal::AuthorizationNotFound)?;
        if !found.is_due(now) {
            return Ok(Verdict::Done(Done::Nothing, false));
        }
        self.end(id.0, Ended::Expired);
        Ok(Verdict::Done(Done::Expired(id), false))
    }

    /// The change that an idempotency key stands for.
    fn earlier(&self, idempotency: Option<Idempotency>) -> Result<Option<Verdict>, Refusal> {
        let earlier = idempotency.and_then(|asked| Some((asked, self.idempotent.get(&asked.key)?)));
        match earlier {
            None => Ok(None),
            Some((asked, (first, id, kind))) if asked.fingerprint == first.fingerprint => {
                Ok(Some(Verdict::Changed(*id, *kind, true)))
            }
            Some(_) => Err(Refusal::IdempotencyKeyReused),
        }
    }

    fn changed(&mut self, row: i64, kind: ChangeKind, asked: Option<Idempotency>) -> Verdict {
        if let Some(asked) = asked {
            self.idempotent.insert(asked.key, (asked, RowId(row), kind));
        }
        Verdict::Changed(RowId(row), kind, false)
    }

    fn open_account(&mut self, command: &OpenAccount) -> Result<Verdict, Refusal> {
        if let Some(earlier) = self.earlier(command.idempotency)? {
            return Ok(earlier);
        }
        let company = self.company(&command.company)?;
        let currency = Currency::parse(&command.currency);
        let currency = currency.filter(|currency| company.currencies.contains(currency));
        let currency = currency.ok_or(Refusal::CurrencyNotSupported)?;
        let limit = minor(command.credit_limit, currency).map_err(Refusal::Amount)?;
        let id = self.row();
        let account = Account {
            company: command.company.clone(),
            currency,
            limit,
            status: AccountStatus::Active,
            entries: Vec::new(),
            authorizations: Vec::new(),
            history: vec![(id, 0, 0)],
        };
        self.accounts.insert(id, account);
        Ok(self.changed(id, ChangeKind::AccountOpened, command.idempotency))
    }

    fn change_account(&mut self, command: &ChangeAccount) -> Result<Verdict, Refusal> {
        let id = command.account.id().0;
        let account = self.accounts.get(&id).ok_or(Refusal::AccountNotFound)?;
        let limit = match command.credit_limit {
            Some(limit) => minor(limit, account.currency).map_err(Refusal::Amount)?,
            None => account.limit,
        };
        let (before, after) = (account.status, command.status.unwrap_or(account.status));
        let closes = after == AccountStatus::Closed;
        if (before == AccountStatus::Closed && !closes) || (closes && self.reserved(id) != 0) {
            return Err(Refusal::StateConflict);
        }
        if limit == account.limit && before == after {
            return Ok(Verdict::Done(Done::Nothing, false));
        }
        let account = self.accounts.get_mut(&id).unwrap();
        (account.limit, account.status) = (limit, after);
        let row = self.row_on(id);
        Ok(self.changed(row, ChangeKind::AccountChanged, None))
    }

    fn add_card(&mut self, command: &AddCard) -> Result<Verdict, Refusal> {
        if let Some(earlier) = self.earlier(command.idempotency)? {
            return Ok(earlier);
        }
        let id = command.account.id().0;
        let account = self.accounts.get(&id).ok_or(Refusal::AccountNotFound)?;
        if self.cards.contains_key(command.token.as_str()) {
            return Err(Refusal::NameTaken);
        }
        if account.status == AccountStatus::Closed {
            return Err(Refusal::StateConflict);
        }
        let company = account.company.clone();
        let row = self.row_on(id);
        let (status, expiry) = (CardStatus::Active, command.expiry);
        let card = Card { id: row, account: id, company, status, expiry };
        self.cards.insert(command.token.as_str().to_owned(), card);
        Ok(self.changed(row, ChangeKind::CardAdded, command.idempotency))
    }

    fn change_card(&mut self, command: &ChangeCard) -> Result<Verdict, Refusal> {
        let card = self.cards.get_mut(command.token.as_str()).ok_or(Refusal::CardNotFound)?;
        if card.status == command.status {
            return Ok(Verdict::Done(Done::Nothing, false));
        }
        card.status = command.status;
        assert!(card.id > 0, "a card has a row");
        let account = card.account;
        let row = self.row_on(account);
        Ok(self.changed(row, ChangeKind::CardChanged, None))
    }

    fn add_company(&mut self, command: &AddCompany) -> Result<Verdict, Refusal> {
        if let Some(earlier) = self.earlier(command.idempotency)? {
            return Ok(earlier);
        }
        if self.companies.contains_key(&command.number) {
            return Err(Refusal::NameTaken);
        }
        let zone = ZONES.iter().find(|(name, _)| *name == command.zone.name()).unwrap();
        let company = Company {
            currencies: command.currencies.clone(),
            sellers: BTreeSet::new(),
            name: command.name.clone(),
            days: command.authorization_days,
            offset_ms: zone.1 * 60_000,
        };
        self.companies.insert(command.number.clone(), company);
        let row = self.row();
        Ok(self.changed(row, ChangeKind::CompanyAdded, command.idempotency))
    }

    fn change_company(&mut self, command: &ChangeCompany) -> Result<Verdict, Refusal> {
        self.company(&command.number)?;
        let company = self.companies.get_mut(&command.number).unwrap();
        let name = command.name.clone().unwrap_or(company.name.clone());
        let days = command.authorization_days.unwrap_or(company.days);
        let before = company.currencies.len();
        for currency in &command.currencies {
            if !company.currencies.contains(currency) {
                company.currencies.push(*currency);
            }
        }
        let added = company.currencies.len() - before;
        if name == company.name && days == company.days && added == 0 {
            return Ok(Verdict::Done(Done::Nothing, false));
        }
        (company.name, company.days) = (name, days);
        let payables = i64::try_from(added * company.sellers.len()).unwrap();
        let row = self.row();
        self.rows += payables;
        Ok(self.changed(row, ChangeKind::CompanyChanged, None))
    }

    fn add_seller(&mut self, command: &AddSeller) -> Result<Verdict, Refusal> {
        if let Some(earlier) = self.earlier(command.idempotency)? {
            return Ok(earlier);
        }
        self.company(&command.company)?;
        let company = self.companies.get_mut(&command.company).unwrap();
        if !company.sellers.insert(command.number.clone()) {
            return Err(Refusal::NameTaken);
        }
        let payables = i64::try_from(company.currencies.len()).unwrap();
        let row = self.row();
        self.rows += payables;
        Ok(self.changed(row, ChangeKind::SellerAdded, command.idempotency))
    }
}

fn authorized(authorization: AuthorizationId, mount: Mount) -> Done {
    Done::Authorized { authorization, mount }
}

fn posted(command: &Post, mount: Mount) -> Done {
    Done::Posted { kind: command.kind, source: command.source.clone(), mount }
}

fn corrected_by(command: &Correct, mount: Mount) -> Done {
    let (corrected, source) = (command.corrected.clone(), command.source.clone());
    Done::Corrected { kind: command.kind, corrected, source, mount }
}

fn declined(reason: DeclineReason, row: Option<i64>, replayed: bool) -> Refusal {
    Refusal::Declined { reason, authorization: row.map(AuthorizationId), replayed }
}

fn insufficient(available: i128, currency: Currency) -> Refusal {
    let available = i64::try_from(available).unwrap();
    let available = Money::from_minor(available, currency).unwrap();
    Refusal::InsufficientDebitedAmount { available }
}

fn check_remaining(
    authorization: &Authorization,
    kind: PostingKind,
    amount: i128,
    now: Timestamp,
) -> Result<(), Refusal> {
    let allowed = match authorization.request.kind {
        AuthorizationKind::Purchase => PostingKind::Purchase,
        AuthorizationKind::Reversal => PostingKind::Reversal,
        AuthorizationKind::CashWithdrawal => PostingKind::CashWithdrawal,
    };
    if kind != allowed {
        return Err(Refusal::AuthorizationTypeMismatch);
    }
    authorization.check_usable(now)?;
    let remaining = authorization.remaining(now);
    if amount > remaining {
        return Err(insufficient(remaining, authorization.currency));
    }
    Ok(())
}

fn minor(amount: Decimal, currency: Currency) -> Result<i128, MoneyError> {
    let (digits, decimals) = amount.parts();
    let places = match currency.code() {
        "JPY" => 0,
        "KWD" => 3,
        _ => 2,
    };
    if decimals > places {
        return Err(MoneyError::NotExact);
    }
    let minor = i128::from(digits) * 10_i128.pow(places - decimals);
    if minor > LARGEST_AMOUNT { Err(MoneyError::OutOfRange) } else { Ok(minor) }
}

fn positive(amount: Decimal, currency: Currency) -> Result<i128, Refusal> {
    match minor(amount, currency) {
        Ok(0) => Err(Refusal::Amount(MoneyError::OutOfRange)),
        Ok(minor) => Ok(minor),
        Err(error) => Err(Refusal::Amount(error)),
    }
}

/// What is wrong with an amount is said first, as far as its currency is known.
fn amount(amount: Decimal, currency: Option<Currency>) -> Result<i128, Refusal> {
    match currency {
        Some(currency) => positive(amount, currency),
        None if amount.is_zero() => Err(Refusal::Amount(MoneyError::OutOfRange)),
        None => Ok(0),
    }
}

/// The whole amount; the cash part must fit into it.
fn amounts(command: &Post, currency: Option<Currency>) -> Result<i128, Refusal> {
    let amount = amount(command.amount, currency)?;
    if let (Some(withdrawal), Some(currency)) = (command.withdrawal, currency) {
        let part = minor(withdrawal, currency).map_err(Refusal::WithdrawalAmount)?;
        if part > amount {
            return Err(Refusal::WithdrawalAmount(MoneyError::OutOfRange));
        }
    }
    Ok(amount)
}

fn reference(
    company: &str,
    word: &str,
    references: &ledger::AcquirerReferences,
) -> Option<[String; 4]> {
    let (batch, transaction) = (references.batch.as_ref()?, references.transaction.as_ref()?);
    Some([company.to_owned(), word.to_owned(), batch.clone(), transaction.clone()])
}

/// Months since year 0, January being 1, of a day since 1970. By Hinnant's `civil_from_days`.
fn month_of(day: i32) -> i64 {
    let shifted = i64::from(day) + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let leap_days = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    year * 12 + month
}
