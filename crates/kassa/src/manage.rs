//! The commands that set an installation up: while no server runs on it, or beside the servers of a
//! database. They go the same way as requests do: a command, decided and written by the engine.

use anyhow::{Context as _, anyhow, bail, ensure};
use engine::{Clock as _, Command, Randomness as _, Verb as _, run_batch, run_work};
use estate::change_customer::AddCustomer;
use estate::command::Outcome;
use estate::limits::CUSTOMER_NAME_CHARS_MAX;
use estate::{Customer, Draw};
use ledger::limits::{
    AUTHORIZATION_DAYS_MAX, COMPANY_NUMBER_CHARS_MAX, CURRENCIES_PER_COMPANY_MAX, NAME_CHARS_MAX,
    SELLER_NUMBER_CHARS_MAX,
};
use ledger::{
    AddCompany, AddSeller, Answer, Contract, Credential, CredentialId, Currency, Directory,
    IssueCredential, ReadSet, Refusal, RevokeCredential, Scope, Timestamp, Zone,
};
use store::Store;
use surfaces::Secrets;
use surfaces::http::secrets::{login, secret_hash};

use crate::clock::{OsRandomness, SystemClock};
use crate::command_line::{CompanyOptions, CustomerOptions, IssueOptions, SellerOptions};
use crate::installation::{InUse, Installation, Opening, open_for_reading};
use crate::settings::StoreSettings;
use crate::terminal::{note, say};

/// Who the journal says it was.
const ACTOR: &str = "command line";

/// Issues a key for the operator API and prints it, and nothing else.
///
/// # Errors
/// When the store is in use, or refuses.
pub(crate) fn issue_operator_key(settings: &StoreSettings, label: &str) -> anyhow::Result<()> {
    let mut installation = open(settings, "POST /operator/v1/credentials")?;
    let wanted = Wanted {
        contract: Contract::Operator,
        scope: Scope::Installation,
        label: name(label, "label")?,
        expires_at: None,
    };
    let (_, secret) = issue(&mut installation, wanted)?;
    say(&secret);
    Ok(())
}

/// Issues a credential for partners or merchants, and prints what its bearer sends.
///
/// # Errors
/// When the store is in use, or refuses; when an option is none, or there is no such customer.
pub(crate) fn issue_credential(
    settings: &StoreSettings,
    options: &IssueOptions,
) -> anyhow::Result<()> {
    let expires_at = options.expires_at.as_deref().map(|text| {
        Timestamp::parse_rfc3339(text)
            .with_context(|| format!("expires-at: `{text}` is not a time as 2030-01-01T00:00:00Z"))
    });
    let contract = Contract::parse(&options.contract).context("contract")?;
    let label = options.label.as_deref().unwrap_or(match contract {
        Contract::CardLedger => "card ledger token",
        Contract::Access => "access key",
        Contract::Terminals => "terminals application",
        Contract::Aapay => "alternative payments consumer",
        Contract::Payments => "payments token",
        Contract::Operator => "operator key",
    });
    let (label, expires_at) = (name(label, "label")?, expires_at.transpose()?);
    let reach = Reach::of(contract, options)?;
    let mut installation = open(settings, "POST /operator/v1/credentials")?;
    let scope = reach.scope(&installation.store.directory())?;
    let wanted = Wanted { contract, scope, label, expires_at };
    let (login, secret) = issue(&mut installation, wanted)?;
    match login {
        None => say(&secret),
        Some(login) if contract == Contract::Aapay => {
            say(&format!("consumer key: {login}\nconsumer secret: {secret}"));
        }
        Some(login) => say(&format!("App-Id: {login}\nApp-Token: {secret}")),
    }
    Ok(())
}

/// What a new credential shall reach, as the options say it.
enum Reach {
    /// A customer and all below it.
    Subtree(i64),
    /// The company and the seller of a merchant.
    Merchant(i64),
    /// A company, and perhaps one seller of it.
    Company(Scope),
}

impl Reach {
    fn of(contract: Contract, options: &IssueOptions) -> anyhow::Result<Reach> {
        let is_of_ledger = contract == Contract::CardLedger;
        match (&options.company, options.customer) {
            (None, Some(customer)) if is_of_ledger => Ok(Reach::Merchant(customer)),
            (None, Some(customer)) => Ok(Reach::Subtree(customer)),
            (Some(company), _) if is_of_ledger => {
                let seller = options.seller.as_deref();
                let seller = seller.map(|text| number(text, "seller", SELLER_NUMBER_CHARS_MAX));
                Ok(Reach::Company(Scope::Company {
                    number: number(company, "company", COMPANY_NUMBER_CHARS_MAX)?,
                    seller: seller.transpose()?,
                }))
            }
            (None, None) if is_of_ledger => bail!("say which --company, or which --customer"),
            (_, None) => bail!("say which --customer"),
            (Some(_), Some(_)) => bail!("--company and --customer do not go together"),
        }
    }

    fn scope(self, directory: &Directory) -> anyhow::Result<Scope> {
        let found = |customer: i64| {
            let found = Customer::find(directory, customer);
            found.with_context(|| format!("there is no customer {customer}"))
        };
        match self {
            Reach::Subtree(customer) => Ok(Scope::Customer(found(customer)?.number)),
            Reach::Merchant(customer) => {
                let merchant = found(customer)?.merchant;
                let merchant =
                    merchant.with_context(|| format!("customer {customer} is no merchant"))?;
                let (number, seller) = (merchant.company_number, Some(merchant.seller_number));
                Ok(Scope::Company { number, seller })
            }
            Reach::Company(scope) => Ok(scope),
        }
    }
}

/// Lists all credentials, oldest first.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn list_credentials(settings: &StoreSettings) -> anyhow::Result<()> {
    let mut reader = open_for_reading(settings)?.open().context("could not read the store")?;
    let books = reader.load(&ReadSet::default()).context("could not read the store")?;
    let now = SystemClock.now();
    say(&format!("{:>8}  {:11}  {:8}  {:24}  label", "id", "contract", "state", "reaches"));
    for credential in books.directory.credentials() {
        say(&credential_line(credential, now));
    }
    Ok(())
}

fn credential_line(credential: &Credential, now: Timestamp) -> String {
    let state = match (credential.revoked_at, credential.is_good(now)) {
        (Some(_), _) => "revoked",
        (None, true) => "good",
        (None, false) => "expired",
    };
    let reaches = match &credential.scope {
        Scope::Installation => "everything".to_owned(),
        Scope::Customer(number) => format!("customer {number}"),
        Scope::Company { number, seller: None } => format!("company {number}"),
        Scope::Company { number, seller: Some(seller) } => format!("company {number} / {seller}"),
    };
    format!(
        "{:>8}  {:11}  {state:8}  {reaches:24}  {}",
        credential.id.0,
        credential.contract.as_str(),
        credential.label
    )
}

/// Revokes a credential.
///
/// # Errors
/// When the store is in use, or there is no such credential.
pub(crate) fn revoke_credential(settings: &StoreSettings, id: i64) -> anyhow::Result<()> {
    let mut installation = open(settings, "DELETE /operator/v1/credentials/{id}")?;
    let command = RevokeCredential { credential: CredentialId(id), actor: ACTOR.to_owned() };
    submit(installation.store.as_mut(), &Command::RevokeCredential(command))
        .with_context(|| format!("credential {id}"))?;
    say(&format!("revoked {id}"));
    Ok(())
}

/// Configures a company.
///
/// # Errors
/// When the store is in use, an option is none, or the number is taken.
pub(crate) fn add_company(
    settings: &StoreSettings,
    options: &CompanyOptions,
) -> anyhow::Result<()> {
    let mut currencies = Vec::new();
    for code in &options.currencies {
        let currency = Currency::parse(code);
        let currency = currency.with_context(|| format!("`{code}` is no currency"))?;
        if !currencies.contains(&currency) {
            currencies.push(currency);
        }
    }
    ensure!(
        currencies.len() <= CURRENCIES_PER_COMPANY_MAX,
        "a company has at most {CURRENCIES_PER_COMPANY_MAX} currencies"
    );
    let days = options.authorization_days;
    ensure!(
        (0..=AUTHORIZATION_DAYS_MAX).contains(&days),
        "authorization-days must be from 0 to {AUTHORIZATION_DAYS_MAX}"
    );
    let zone = Zone::parse(&options.time_zone);
    let command = AddCompany {
        number: number(&options.number, "number", COMPANY_NUMBER_CHARS_MAX)?,
        name: name(&options.name, "name")?,
        zone: zone.with_context(|| format!("`{}` is no time zone", options.time_zone))?,
        currencies,
        authorization_days: days,
        actor: ACTOR.to_owned(),
        idempotency: None,
    };
    let mut installation = open(settings, "POST /operator/v1/companies")?;
    submit(installation.store.as_mut(), &Command::AddCompany(command))?;
    say(&format!("added company {}", options.number));
    Ok(())
}

/// Registers a seller.
///
/// # Errors
/// When the store is in use, an option is none, or the number is taken.
pub(crate) fn add_seller(settings: &StoreSettings, options: &SellerOptions) -> anyhow::Result<()> {
    let command = AddSeller {
        company: options.company.clone(),
        number: number(&options.number, "number", SELLER_NUMBER_CHARS_MAX)?,
        name: name(&options.name, "name")?,
        actor: ACTOR.to_owned(),
        idempotency: None,
    };
    let mut installation = open(settings, "POST /operator/v1/companies/{company_number}/sellers")?;
    submit(installation.store.as_mut(), &Command::AddSeller(command))?;
    say(&format!("added seller {} of company {}", options.number, options.company));
    Ok(())
}

/// Adds a customer to the tree.
///
/// # Errors
/// When the store is in use, an option is none, or there is no such parent.
pub(crate) fn add_customer(
    settings: &StoreSettings,
    options: &CustomerOptions,
) -> anyhow::Result<()> {
    let text = |text: &str, what| name_of(text, what, CUSTOMER_NAME_CHARS_MAX);
    let parent = options.parent.unwrap_or(0);
    ensure!(parent > 0 || options.parent.is_none(), "parent: there is no customer {parent}");
    let mut draw = Draw([0; 32]);
    OsRandomness.fill(&mut draw.0);
    let command = AddCustomer {
        parent,
        name: text(&options.name, "name")?,
        organisation_number: text(&options.organisation_number, "organisation-number")?,
        draw,
        actor: ACTOR.to_owned(),
        idempotency: None,
    };
    let mut installation = open(settings, "POST /operator/v1/customers")?;
    let work = estate::Command::AddCustomer(command).work();
    let decisions = run_work(installation.store.as_mut(), [&work], SystemClock.now());
    let decision = decisions.context("the store failed")?.into_iter().next();
    let answer = estate::Command::reply(decision.context("there was no reply")?);
    let answer = answer.with_context(|| format!("nobody was added below customer {parent}"))?;
    let Outcome::Customer(customer) = answer.done else { bail!("the answer is of another kind") };
    say(&format!("added customer {}", customer.number));
    Ok(())
}

/// Opens the store, or says how the same is done while a server has it.
fn open(settings: &StoreSettings, call: &str) -> anyhow::Result<Installation> {
    let installation = Installation::open(settings, &Opening::default()).map_err(|error| {
        if error.is::<InUse>() {
            error.context(format!("stop the server first, or ask it: {call}"))
        } else {
            error
        }
    })?;
    if let Some(path) = &installation.new_shared_key {
        note(&format!(
            "kassa: made the installation key {}: each server of this database needs a copy of it",
            path.display()
        ));
    }
    Ok(installation)
}

struct Wanted {
    contract: Contract,
    scope: Scope,
    label: String,
    expires_at: Option<Timestamp>,
}

/// Issues a credential and returns its login, where it has one, and its secret, which is shown this
/// once.
fn issue(
    installation: &mut Installation,
    wanted: Wanted,
) -> anyhow::Result<(Option<String>, String)> {
    let directory = installation.store.directory();
    let is_free = |login: &String| directory.credential_by_login(wanted.contract, login).is_none();
    let has_login = matches!(wanted.contract, Contract::Terminals | Contract::Aapay);
    let drawn = has_login.then(|| std::iter::repeat_with(|| login(&OsRandomness)).find(is_free));
    let mut salt = [0; 16];
    OsRandomness.fill(&mut salt);
    let secret = Secrets::new(installation.key).credential_secret(&salt);
    let command = IssueCredential {
        login: drawn.flatten(),
        contract: wanted.contract,
        label: wanted.label,
        scope: wanted.scope,
        secret_hash: secret_hash(&secret),
        salt,
        expires_at: wanted.expires_at,
        actor: ACTOR.to_owned(),
        idempotency: None,
    };
    let login = command.login.clone();
    submit(installation.store.as_mut(), &Command::IssueCredential(command))?;
    Ok((login, secret))
}

/// Runs one command as a batch of its own.
fn submit(store: &mut dyn Store, command: &Command) -> anyhow::Result<Answer> {
    let replies = run_batch(store, [command], SystemClock.now()).context("the store failed")?;
    let reply = replies.into_iter().next().context("there was no reply")?;
    reply.map_err(|refusal| {
        let is_taken = refusal == Refusal::NameTaken;
        if is_taken { anyhow!("that number is taken") } else { anyhow!(refusal) }
    })
}

/// A number as the operator API takes it, which may have letters.
fn number(text: &str, what: &str, chars_max: usize) -> anyhow::Result<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !(1..=chars_max).contains(&text.len()) || !text.bytes().all(is_plain) {
        bail!("{what}: `{text}` is not 1 to {chars_max} letters, digits, `-` and `_`");
    }
    Ok(text.to_owned())
}

fn name(text: &str, what: &str) -> anyhow::Result<String> {
    name_of(text, what, NAME_CHARS_MAX)
}

fn name_of(text: &str, what: &str, chars_max: usize) -> anyhow::Result<String> {
    let trimmed = text.trim();
    let fits = (1..=chars_max).contains(&trimmed.chars().count());
    ensure!(fits, "{what} must have from 1 to {chars_max} characters");
    ensure!(!trimmed.chars().any(char::is_control), "{what} must be one line");
    Ok(trimmed.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_checked_before_the_store_is_opened() {
        assert_eq!(number("100", "company", 15).unwrap(), "100");
        assert_eq!(number("SE-1_a", "company", 15).unwrap(), "SE-1_a");
        for bad in ["", "1 a", "1234567890123456", "a/b", "٣"] {
            assert!(number(bad, "company", 15).is_err(), "{bad}");
        }
        assert_eq!(name(" Shop ", "name").unwrap(), "Shop");
        assert!(name(" ", "name").is_err());
        assert!(name(&"x".repeat(NAME_CHARS_MAX + 1), "name").is_err());
    }
}
