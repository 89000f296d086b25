//! The fixed content of the demo: one company, a partner and its merchant with two terminals, three
//! accounts with a card each, and credentials that everybody knows.
//!
//! Invariant: seeding a second time changes nothing, and `kassa serve` never gets here.

use anyhow::Context as _;
use engine::effects::notifications::Purpose;
use engine::{Command, Handle, SubmitError};
use estate::application::{
    Address, Agreement, Application, LanguageChoice, TerminalOrder, TransactionType,
    TransactionTypeChoice,
};
use estate::change_customer::{AddCustomer, ChangeCustomer};
use estate::command::Outcome;
use estate::review::{ApproveRequest, ChosenIdentities, Reviewer};
use estate::submit::SubmitRequest;
use estate::{Customer, Draw, Layer};
use ledger::books::Done;
use ledger::ids::Hasher;
use ledger::limits::AUTHORIZATION_DAYS_DEFAULT;
use ledger::{
    AccountId, AddCard, AddCompany, AddSeller, CardToken, Contract, CredentialId, Currency,
    Decimal, Fingerprint, Idempotency, IssueCredential, Key, OpenAccount, Refusal, Scope, Zone,
};
use payments::{AddEndpoint, CardNumber, ChangePayee, Endpoint, Payee, Psp, TermStep};
use surfaces::Platform;
use surfaces::http::secrets::secret_hash;

/// The company.
pub(super) const COMPANY: &str = "100";
/// Its seller.
pub(super) const SELLER: &str = "654";
/// The card with room: 50 000.00 SEK.
pub(super) const CARD: &str = "5646735165";
/// The card with little room: 500.00 SEK.
pub(super) const SMALL_CARD: &str = "546415646315";
/// The bearer token of the card ledger, bound to the company.
pub(super) const LEDGER_TOKEN: &str = "demo-ledger-token-000000000000000";
/// The key of the operator API.
pub(super) const OPERATOR_KEY: &str = "demo-operator-key-00000000000000";

/// The API key of Access, bound to the partner.
pub(super) const ACCESS_KEY: &str = "demo-access-key-0000000000000000000000000000000000";
/// The application of the Terminals contract, bound to the partner.
pub(super) const APP_ID: &str = "121212";
/// Its token.
pub(super) const APP_TOKEN: &str = "demo_app_token_0000000000000000";
/// The partner's number in Access.
pub(super) const PARTNER: i64 = 1;
/// The merchant's number in Access.
pub(super) const MERCHANT: i64 = 2;
/// The merchant in the Terminals contract.
pub(super) const ACCOUNT_ID: &str = "00000000-0000-4000-8000-000000000002";
/// The consumer's key in alternative payments, bound to the partner.
pub(super) const CONSUMER_KEY: &str = "demo";
/// Its secret.
pub(super) const CONSUMER_SECRET: &str = "demo-consumer-secret";
/// The merchant in alternative payments.
pub(super) const MERCHANT_ID: &str = "DEMO-MERCHANT";
/// The merchant in payments v3.
pub(super) const ENTITY_ID: &str = "00000000000000000000000000000d30";
/// The bearer token of payments v3.
pub(super) const PAYMENTS_TOKEN: &str = "demo-payments-token-0000000000000";
/// The merchant's terminals, of this model.
const TERMINAL_MODEL: i64 = 9;
/// See [`TERMINAL_MODEL`].
pub(super) const TERMINALS: i64 = 2;

const ACTOR: &str = "demo";

/// The card with which the demo's terminals are played with, so that the others stay as they are.
pub(super) const TERMINAL_CARD: &str = "546415646323";

/// The card that is known by its number, which nobody has.
const NUMBERED_CARD: &str = "546415646331";
/// Its number.
pub(super) const CARD_NUMBER: &str = "4444333322221111";

/// A holder, the limit in major units, the card, and its number where it is known.
const HOLDERS: [(&str, &str, &str, Option<&str>); 4] = [
    ("Alma Demo", "50000", CARD, None),
    ("Bo Demo", "500", SMALL_CARD, None),
    ("Cia Demo", "10000", TERMINAL_CARD, None),
    ("Dag Demo", "20000", NUMBERED_CARD, Some(CARD_NUMBER)),
];

/// Puts the demo's content into the store, as far as it is not there.
///
/// # Errors
/// When the store fails.
pub(super) fn seed(platform: &Platform) -> anyhow::Result<()> {
    let engine = &platform.engine;
    unless_taken(engine, Command::AddCompany(company()?))?;
    unless_taken(engine, Command::AddSeller(seller()))?;
    let scope = Scope::Company { number: COMPANY.to_owned(), seller: None };
    unless_taken(engine, credential(Contract::CardLedger, scope, LEDGER_TOKEN))?;
    unless_taken(engine, credential(Contract::Operator, Scope::Installation, OPERATOR_KEY))?;
    unless_taken(engine, credential(Contract::Access, Scope::Customer(PARTNER), ACCESS_KEY))?;
    unless_taken(engine, credential(Contract::Terminals, Scope::Customer(PARTNER), APP_TOKEN))?;
    unless_taken(engine, credential(Contract::Aapay, Scope::Customer(PARTNER), CONSUMER_SECRET))?;
    unless_taken(
        engine,
        credential(Contract::Payments, Scope::Customer(MERCHANT), PAYMENTS_TOKEN),
    )?;
    for (holder, limit, card, number) in HOLDERS {
        let number = number.and_then(CardNumber::parse);
        let pan =
            number.map(|it| (it.masked().clone(), platform.secrets.pan_fingerprint(it.reveal())));
        let opening = Command::OpenAccount(account(holder, limit)?);
        let opened = engine.submit_blocking(opening).context("could not open an account")?;
        let Done::Changed(change) = opened.done else {
            anyhow::bail!("opening an account changed nothing")
        };
        let card = AddCard {
            account: ledger::AccountNo::of(AccountId(change.id.0)),
            token: CardToken::parse(card).context("the demo's card token")?,
            pan,
            expiry: None,
            actor: ACTOR.to_owned(),
            idempotency: None,
        };
        unless_taken(engine, Command::AddCard(card))?;
    }
    if Customer::find(&engine.directory(), MERCHANT).is_none() {
        partner_and_merchant(engine)?;
    }
    agreements(platform)?;
    endpoint(platform)
}

/// What the merchant's notifications are signed with.
pub(super) const NOTIFICATION_SECRET: &str = "whsec_a2Fzc2EtZGVtby1ub3RpZmljYXRpb24tc2VjcmV0";

/// Lets the merchant's payments bring along where they are told (`notificationUrl`).
fn endpoint(platform: &Platform) -> anyhow::Result<()> {
    let engine = &platform.engine;
    if Endpoint::all(&engine.directory(), MERCHANT).iter().any(|endpoint| endpoint.url.is_none()) {
        return Ok(());
    }
    let (vault, chance) = (&platform.vault, platform.randomness.as_ref());
    let secret = vault.seal_for_endpoint(chance, MERCHANT, Purpose::Signing, NOTIFICATION_SECRET);
    let add = AddEndpoint {
        customer: MERCHANT,
        url: None,
        secret: secret.context("no vault key")?,
        key: None,
        actor: ACTOR.to_owned(),
        idempotency: None,
    };
    let answer = engine.submit_blocking(payments::Command::AddEndpoint(add));
    answer.context("could not let the demo's payments bring an address along")?;
    Ok(())
}

/// What the merchant has from each PSP. The stand-ins take anything.
const AGREEMENTS: [(Psp, &str, &str); 7] = [
    (Psp::Swish, "SWISH_ID", "1234679304"),
    (Psp::Klarna, "KLARNA_MERCHANT_ID", "K000000_demo"),
    (Psp::Klarna, "KLARNA_PASSWORD", "demo-klarna-password"),
    (Psp::Easy, "EASY_SECRET_KEY", "demo-easy-secret-key"),
    (Psp::Easy, "EASY_CHECKOUT_KEY", "demo-easy-checkout-key"),
    (Psp::Santander, "SANTANDER_MERCHANT_ID", "demo-merchant"),
    (Psp::Santander, "SANTANDER_SECRET", "demo-santander-secret"),
];

/// Gives the merchant its agreements with PSPs, unless it has some.
fn agreements(platform: &Platform) -> anyhow::Result<()> {
    if !Payee::find(&platform.engine.directory(), MERCHANT).agreements.is_empty() {
        return Ok(());
    }
    let mut terms = Vec::new();
    for (psp, name, value) in AGREEMENTS {
        let (vault, chance) = (&platform.vault, platform.randomness.as_ref());
        let sealed = vault.seal(chance, MERCHANT, psp, name, value).context("no vault key")?;
        terms.push((psp, name.to_owned(), TermStep::Set(sealed)));
    }
    let change = ChangePayee {
        customer: MERCHANT,
        city: Some("Stockholm".to_owned()),
        country: Some("SE".to_owned()),
        return_origins: Some(vec!["https://*".to_owned(), "loopback".to_owned()]),
        terms,
        actor: ACTOR.to_owned(),
        ..ChangePayee::default()
    };
    let command = payments::Command::ChangePayee(change);
    let answer = platform.engine.submit_blocking(command);
    answer.context("could not give the demo's merchant its agreements")?;
    Ok(())
}

/// The partner, and the merchant that it has asked for and an operator approved.
fn partner_and_merchant(engine: &Handle) -> anyhow::Result<()> {
    submit(engine, estate::Command::AddCustomer(partner()))?;
    let request = SubmitRequest {
        application: Box::new(application()),
        customer: None,
        root: PARTNER,
        credential: CredentialId(0),
        actor: ACTOR.to_owned(),
    };
    let Outcome::Request(request) = submit(engine, estate::Command::SubmitRequest(request))? else {
        anyhow::bail!("submitting the demo's merchant came to something else")
    };
    let approve = ApproveRequest {
        request: request.number,
        identities: ChosenIdentities {
            company_number: Some(COMPANY.to_owned()),
            seller_number: Some(SELLER.to_owned()),
            account_id: Some(ACCOUNT_ID.to_owned()),
            merchant_id: Some(MERCHANT_ID.to_owned()),
            entity_id: Some(ENTITY_ID.to_owned()),
        },
        draw: Draw([0xd3; 32]),
        reviewer: Reviewer { credential: CredentialId(-1), actor: ACTOR.to_owned() },
        idempotency: None,
    };
    submit(engine, estate::Command::ApproveRequest(approve))?;
    let mut settings = Layer::default();
    for (setting, value) in OFFLINE_SETTINGS {
        settings.choose(setting, value);
    }
    let change =
        ChangeCustomer { customer: MERCHANT, name: None, settings, actor: ACTOR.to_owned() };
    submit(engine, estate::Command::ChangeCustomer(change))?;
    Ok(())
}

/// What the merchant's terminals may accept without asking: amounts in minor units.
const OFFLINE_SETTINGS: [(&str, &str); 5] = [
    ("deferred_authorization.enabled", "true"),
    ("deferred_authorization.max_transaction_count", "20"),
    ("deferred_authorization.max_transaction_amount", "12500"),
    ("deferred_authorization.max_total_amount", "250000"),
    ("deferred_authorization.supported_card_entry_modes", "chip,contactless"),
];

fn submit(engine: &Handle, command: estate::Command) -> anyhow::Result<Outcome> {
    let answer = engine.submit_blocking(command);
    Ok(answer.context("could not put the demo's merchant into the store")?.done)
}

fn partner() -> AddCustomer {
    AddCustomer {
        parent: 0,
        name: "Demo Partner".to_owned(),
        organisation_number: "556000-0001".to_owned(),
        draw: Draw([0xd1; 32]),
        actor: ACTOR.to_owned(),
        idempotency: None,
    }
}

/// What the partner says of its merchant.
pub(crate) fn application() -> Application {
    let text = str::to_owned;
    Application {
        notes: None,
        parent: PARTNER,
        organisation_number: text("556000-0002"),
        address: Address {
            company_name: text("Demo Shop"),
            street: text("Storgatan 1"),
            zip_code: text("11122"),
            city: text("Stockholm"),
            country: text("Sweden"),
            contact_name: text("Alma Demo"),
            contact_phone: text("08-000000"),
            contact_email: text("alma@example.com"),
        },
        transaction_types: vec![TransactionTypeChoice {
            kind: TransactionType::Purchase,
            is_active: true,
            wants_password: false,
        }],
        agreements: vec![Agreement { card_brand: 1, number: text("1000"), acquirer: 6 }],
        languages: vec![LanguageChoice { language: 1, is_default: true }],
        site_language: text("sv-SE"),
        mcc: text("5411"),
        country_numeric: text("752"),
        currency: text("SEK"),
        end_of_day: text("01:00"),
        password_hash: None,
        receipt_name: text("Demo Shop"),
        support_phone: None,
        receipt_phone: None,
        tipping: false,
        signature: false,
        order: Some(TerminalOrder {
            quantity: TERMINALS,
            model: TERMINAL_MODEL,
            operating_mode: 2,
            notes: None,
        }),
    }
}

/// Submits what has a name of its own: where the name is taken, it was there before.
fn unless_taken(engine: &Handle, command: Command) -> anyhow::Result<()> {
    match engine.submit_blocking(command) {
        Ok(_) | Err(SubmitError::Refused(Refusal::NameTaken)) => Ok(()),
        Err(error) => Err(error).context("could not put the demo's content into the store"),
    }
}

fn company() -> anyhow::Result<AddCompany> {
    let currencies = ["SEK", "EUR"].into_iter().filter_map(Currency::parse).collect();
    Ok(AddCompany {
        number: COMPANY.to_owned(),
        name: "Demo Credit".to_owned(),
        zone: Zone::parse(Zone::DEFAULT_NAME).context("the demo's time zone")?,
        currencies,
        authorization_days: AUTHORIZATION_DAYS_DEFAULT,
        actor: ACTOR.to_owned(),
        idempotency: None,
    })
}

fn seller() -> AddSeller {
    AddSeller {
        company: COMPANY.to_owned(),
        number: SELLER.to_owned(),
        name: "Demo Shop".to_owned(),
        actor: ACTOR.to_owned(),
        idempotency: None,
    }
}

fn credential(contract: Contract, scope: Scope, secret: &str) -> Command {
    Command::IssueCredential(IssueCredential {
        login: match contract {
            Contract::Terminals => Some(APP_ID.to_owned()),
            Contract::Aapay => Some(CONSUMER_KEY.to_owned()),
            Contract::CardLedger | Contract::Operator | Contract::Access | Contract::Payments => {
                None
            }
        },
        contract,
        label: "demo".to_owned(),
        scope,
        secret_hash: secret_hash(secret),
        salt: [0; 16],
        expires_at: None,
        actor: ACTOR.to_owned(),
        idempotency: None,
    })
}

/// Accounts have no name of their own, so a key tells that one was opened before.
fn account(holder: &str, credit_limit: &str) -> anyhow::Result<OpenAccount> {
    let name = Hasher::new("demo account").text(holder).finish();
    Ok(OpenAccount {
        company: COMPANY.to_owned(),
        currency: "SEK".to_owned(),
        credit_limit: Decimal::parse(credit_limit).context("the demo's credit limit")?,
        holder: holder.to_owned(),
        actor: ACTOR.to_owned(),
        idempotency: Some(Idempotency { key: Key(name), fingerprint: Fingerprint(name) }),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::SystemClock;
    use crate::installation::{Installation, Opening, Running};
    use crate::notices::NoticeSettings;
    use crate::psp::PspSettings;
    use crate::scratch::Scratch;
    use crate::settings::StoreSettings;

    #[test]
    fn seeding_twice_is_seeding_once() {
        let folder = Scratch::new("seed").unwrap();
        let settings = StoreSettings::embedded(folder.path());
        let installation = Installation::open(&settings, &Opening::default()).unwrap();
        let source = installation.store.source();
        let running = installation.start(
            Arc::new(SystemClock),
            None,
            &PspSettings::default(),
            &NoticeSettings::default(),
        );
        let Running { platform, engine: threads } = running.unwrap();
        let rows = || source.open().unwrap().rows_after(ledger::RowId(0), 1_000).unwrap();
        seed(&platform).unwrap();
        let first = rows();
        seed(&platform).unwrap();
        assert_eq!(rows(), first);
        let directory = platform.engine.directory();
        let company = directory.company(COMPANY).unwrap().clone();
        let codes: Vec<&str> = company.currencies.iter().map(|found| found.code()).collect();
        assert_eq!(codes, ["SEK", "EUR"]);
        assert!(directory.seller(company.id, SELLER).is_some());
        assert!(Psp::ALL.into_iter().all(|psp| Payee::find(&directory, MERCHANT).has(psp)));
        let accounts = source.open().unwrap().accounts_before(AccountId(i64::MAX), 10).unwrap();
        let mut limits: Vec<i64> = accounts.iter().map(|account| account.credit_limit).collect();
        limits.sort_unstable();
        // Four holders' accounts, and what is owed to the seller in two currencies.
        assert_eq!(limits, [0, 0, 50_000, 1_000_000, 2_000_000, 5_000_000]);
        platform.engine.close();
        threads.join().unwrap();
    }
}
