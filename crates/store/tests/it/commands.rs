//! Commands with usual parameters.

use engine::Command;
use ledger::credentials::NoteUses;
use ledger::{
    AccountId, AccountNo, AcquirerReferences, AddCard, AddCompany, AddSeller, AuthorizationId,
    AuthorizationKind, Authorize, Basis, Cancel, CardAuthenticationMethod, CardExpiry, CardStatus,
    CardToken, ChangeCard, Channel, Code, Contract, Correct, CredentialId, Currency, Date, Decimal,
    Document, DocumentId, Expire, Fingerprint, Idempotency, Instrument, IssueCredential, Key,
    MaskedPan, Mount, OfflineClaims, OfflineInfo, OpenAccount, PanFingerprint, Post, PostingKind,
    RowId, Scope, Timestamp, Zone,
};

use crate::subject::Subject;

/// 2026-11-20, noon in UTC.
pub(crate) const NOW: Timestamp = Timestamp(1_795_176_000_000);

/// The company's number.
pub(crate) const COMPANY: &str = "100";

/// What a world has.
pub(crate) struct World {
    pub(crate) accounts: Vec<AccountId>,
    pub(crate) tokens: Vec<CardToken>,
}

/// A company with one seller, two currencies, `accounts` holders' accounts, and a card on each.
pub(crate) fn world(subject: &mut Subject, accounts: u32) -> World {
    subject.grant(company(COMPANY));
    subject.grant(seller(COMPANY, "1"));
    let mut world = World { accounts: Vec::new(), tokens: Vec::new() };
    for number in 0..accounts {
        let id = AccountId(subject.grant(account("1000.00")).0);
        let token = token(&format!("card-{number}"));
        subject.grant(card(id, &token));
        world.accounts.push(id);
        world.tokens.push(token);
    }
    world
}

pub(crate) fn company(number: &str) -> Command {
    Command::AddCompany(AddCompany {
        number: number.to_owned(),
        name: "Handelsbolaget Åäö".to_owned(),
        zone: Zone::parse("Europe/Stockholm").unwrap(),
        currencies: vec![Currency::SEK, Currency::parse("JPY").unwrap()],
        authorization_days: 7,
        actor: "test".to_owned(),
        idempotency: None,
    })
}

pub(crate) fn seller(company: &str, number: &str) -> Command {
    Command::AddSeller(AddSeller {
        company: company.to_owned(),
        number: number.to_owned(),
        name: "Butiken".to_owned(),
        actor: "test".to_owned(),
        idempotency: None,
    })
}

pub(crate) fn account(limit: &str) -> Command {
    Command::OpenAccount(OpenAccount {
        company: COMPANY.to_owned(),
        currency: "SEK".to_owned(),
        credit_limit: decimal(limit),
        holder: "Kim Ö".to_owned(),
        actor: "test".to_owned(),
        idempotency: None,
    })
}

/// A card with nothing but its token.
pub(crate) fn card(account: AccountId, token: &CardToken) -> Command {
    Command::AddCard(AddCard {
        account: AccountNo::of(account),
        token: token.clone(),
        pan: None,
        expiry: None,
        actor: "test".to_owned(),
        idempotency: None,
    })
}

/// A card with all there is to a card, under an idempotency key.
pub(crate) fn full_card(account: AccountId, token: &CardToken, key: u8) -> Command {
    Command::AddCard(AddCard {
        account: AccountNo::of(account),
        token: token.clone(),
        pan: Some((MaskedPan::of("4111111111111111").unwrap(), PanFingerprint([key; 32]))),
        expiry: CardExpiry::parse("2031-12"),
        actor: "test".to_owned(),
        idempotency: Some(idempotency(key)),
    })
}

pub(crate) fn idempotency(key: u8) -> Idempotency {
    Idempotency { key: Key([key; 16]), fingerprint: Fingerprint([key; 16]) }
}

pub(crate) fn block(token: &CardToken) -> Command {
    let (token, status) = (token.clone(), CardStatus::Blocked);
    Command::ChangeCard(ChangeCard { token, status, actor: "test".to_owned() })
}

/// An authorization with nothing optional.
pub(crate) fn authorize(source: &str, instrument: Instrument, amount: &str) -> Command {
    Command::Authorize(plain_authorize(source, instrument, amount))
}

pub(crate) fn plain_authorize(source: &str, instrument: Instrument, amount: &str) -> Authorize {
    Authorize {
        company: COMPANY.to_owned(),
        mount: Mount::CardTransaction,
        source: source.to_owned(),
        seller: "1".to_owned(),
        instrument,
        kind: AuthorizationKind::Purchase,
        point_of_sale: String::new(),
        amount: decimal(amount),
        currency: "SEK".to_owned(),
        valid_to: None,
        method: None,
        channel: None,
    }
}

/// An authorization with everything.
pub(crate) fn full_authorize(source: &str, token: &CardToken, amount: &str) -> Command {
    Command::Authorize(Authorize {
        mount: Mount::CreditAccountAcquiring,
        point_of_sale: "Storgatan 1 \u{1f600}".to_owned(),
        valid_to: Date::parse("2026-12-24"),
        method: Some(CardAuthenticationMethod::MagStripePin),
        channel: Some(Channel::Ecom),
        ..plain_authorize(source, Instrument::Card(token.clone()), amount)
    })
}

/// A purchase on an authorization, with nothing optional.
pub(crate) fn capture(row: RowId, source: &str, amount: &str) -> Command {
    let basis = Basis::Authorization(Some(Code::of(row)));
    Command::Post(plain_post(PostingKind::Purchase, basis, source, amount))
}

pub(crate) fn plain_post(kind: PostingKind, basis: Basis, source: &str, amount: &str) -> Post {
    Post {
        company: COMPANY.to_owned(),
        seller_scope: None,
        mount: Mount::CardTransaction,
        kind,
        basis,
        offline_info: false,
        claims: OfflineClaims::default(),
        source: source.to_owned(),
        amount: decimal(amount),
        withdrawal: None,
        references: AcquirerReferences::default(),
        receipt: None,
        point_of_sale: None,
        value_date: None,
    }
}

/// An offline purchase with everything.
pub(crate) fn offline(source: &str, token: &CardToken, amount: &str) -> Command {
    let info = OfflineInfo {
        card: token.clone(),
        seller: "1".to_owned(),
        currency: "SEK".to_owned(),
        method: Some(CardAuthenticationMethod::ChipSign),
        channel: Some(Channel::UnattendedPos),
    };
    let plain = plain_post(PostingKind::Purchase, Basis::Offline(info), source, amount);
    Command::Post(Post {
        offline_info: true,
        withdrawal: Some(decimal("1.00")),
        references: references(source),
        receipt: Some("kvitto \"7\"".to_owned()),
        point_of_sale: Some("kassa 3".to_owned()),
        value_date: Date::parse("2026-11-19"),
        ..plain
    })
}

fn references(source: &str) -> AcquirerReferences {
    AcquirerReferences { batch: Some("b'1".to_owned()), transaction: Some(source.to_owned()) }
}

pub(crate) fn correct(corrected: &str, source: &str, amount: &str) -> Command {
    Command::Correct(Correct {
        company: COMPANY.to_owned(),
        seller_scope: None,
        mount: Mount::CardTransaction,
        kind: PostingKind::Purchase,
        corrected: corrected.to_owned(),
        source: source.to_owned(),
        amount: decimal(amount),
        references: AcquirerReferences::default(),
        value_date: None,
    })
}

pub(crate) fn cancel(row: RowId) -> Command {
    Command::Cancel(Cancel {
        company: COMPANY.to_owned(),
        seller_scope: None,
        mount: Mount::CardTransaction,
        code: Some(Code::of(row)),
        value_date: None,
    })
}

pub(crate) fn expire(row: RowId) -> Command {
    Command::Expire(Expire { authorization: AuthorizationId(row.0) })
}

pub(crate) fn credential(scope: Scope, seed: u8, expires_at: Option<Timestamp>) -> Command {
    Command::IssueCredential(IssueCredential {
        login: matches!(scope, Scope::Customer(_)).then(|| format!("program {seed}")),
        contract: match (&scope, seed.is_multiple_of(2)) {
            (Scope::Customer(_), _) => Contract::Terminals,
            (_, true) => Contract::CardLedger,
            (_, false) => Contract::Operator,
        },
        label: format!("nyckel {seed}"),
        scope,
        secret_hash: [seed; 32],
        salt: [seed; 16],
        expires_at,
        actor: "test".to_owned(),
        idempotency: Some(idempotency(100 + seed)),
    })
}

/// A document with fields that say what it is, and with these names and lists.
pub(crate) fn document(id: DocumentId, says: &str, names: &[&str], lists: &[&str]) -> Document {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let fields = [("says", says), ("åäö \u{1f98a}", "\"quoted\"\n")].into_iter().collect();
    Document { id, fields, names: owned(names), lists: owned(lists) }
}

pub(crate) fn note_use(row: RowId, at: Timestamp) -> Command {
    Command::NoteUses(NoteUses { uses: vec![(CredentialId(row.0), at)] })
}

pub(crate) fn token(text: &str) -> CardToken {
    CardToken::parse(text).unwrap()
}

pub(crate) fn by_card(token: &CardToken) -> Instrument {
    Instrument::Card(token.clone())
}

pub(crate) fn by_account(id: AccountId) -> Instrument {
    Instrument::Account(Some(AccountNo::of(id)))
}

pub(crate) fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}
