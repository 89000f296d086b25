//! PSPs as the program sees them: where they are, how they are called, and the keys with which
//! merchants' agreements are sealed.

mod identity;
mod settings;
mod stage;
mod transport;
mod vault_keys;

use std::sync::Arc;

use anyhow::Context as _;
use engine::effects::notifications::{Opener as _, Purpose};
use engine::{Clock, Desk, Handle, Office, Queries, Vault as _};
use estate::Customer;
use estate::customer::CUSTOMERS;
use payments::endpoint::ENDPOINTS;
use payments::{ChangeEndpoint, ChangePayee, Command, Endpoint, Payee, Psp, TermStep};
use surfaces::{Platform, PspAddresses, PublicUrl, Secrets, Vault, VaultKey};
use zeroize::Zeroizing;

pub(crate) use settings::{PspSettings, VaultKeys, base};
pub(crate) use stage::Stage;
use transport::NetworkTransport;

/// What the sealed texts of an installation without keys of its own call the key.
const OWN_KEY_ID: &str = "installation";

/// What a platform has for PSPs.
pub(crate) struct Counter {
    pub(crate) desk: Desk,
    pub(crate) vault: Arc<Vault>,
    pub(crate) public_url: Arc<PublicUrl>,
}

impl Counter {
    /// Brings together what payments over PSPs need.
    ///
    /// # Errors
    /// When a file cannot be read, or there is no client to be had.
    pub(crate) fn open(
        settings: &PspSettings,
        engine: &Handle,
        queries: &Queries,
        clock: &Arc<dyn Clock>,
        secrets: &Arc<Secrets>,
    ) -> anyhow::Result<Counter> {
        let authorities = match &settings.ca_file {
            None => Vec::new(),
            Some(path) => {
                let read = std::fs::read(path);
                read.with_context(|| format!("could not read {}", path.display()))?
            }
        };
        let own = VaultKey { id: OWN_KEY_ID.to_owned(), key: Zeroizing::new(secrets.vault_key()) };
        let mut keys = vault_keys::parse(&settings.vault_keys)?;
        keys.push(own);
        let vault = Arc::new(Vault::new(keys));
        let public_url = Arc::new(match &settings.public_url {
            Some(url) => PublicUrl::known(url),
            None => PublicUrl::default(),
        });
        let addresses = PspAddresses {
            public_url: Arc::clone(&public_url),
            psps: settings.bases.clone(),
            secrets: Arc::clone(secrets),
        };
        let transport = NetworkTransport::new(settings.bases.clone(), authorities)?;
        let office = Office {
            transport: Arc::new(transport),
            vault: Arc::<Vault>::clone(&vault),
            addresses: Arc::new(move |payment| addresses.of(payment)),
        };
        let desk = Desk::new(engine.clone(), queries.clone(), Arc::clone(clock), office);
        Ok(Counter { desk, vault, public_url })
    }
}

/// Seals anew what older keys have sealed, so that they can be taken out. What another process
/// changes meanwhile stays as it is. Returns how many values were sealed anew.
///
/// # Errors
/// When the engine refuses or fails.
pub(crate) async fn seal_anew(platform: &Platform) -> anyhow::Result<usize> {
    let directory = platform.engine.directory();
    let mut sealed = 0_usize;
    for customer in directory.documents_on(CUSTOMERS).filter_map(|found| Customer::of(found)) {
        let payee = Payee::find(&directory, customer.number);
        let terms: Vec<_> = old_terms(platform, &payee).collect();
        if terms.is_empty() {
            continue;
        }
        sealed = sealed.saturating_add(terms.len());
        let change = ChangePayee {
            customer: customer.number,
            terms,
            actor: "vault".to_owned(),
            ..ChangePayee::default()
        };
        let answer = platform.engine.submit(Command::ChangePayee(change)).await;
        answer.context("could not seal an agreement anew")?;
    }
    for endpoint in directory.documents_on(ENDPOINTS).filter_map(|found| Endpoint::of(found)) {
        let texts: Vec<_> = old_texts(platform, &endpoint).collect();
        if texts.is_empty() {
            continue;
        }
        sealed = sealed.saturating_add(texts.len());
        let change = ChangeEndpoint {
            endpoint: endpoint.number,
            sealed: texts,
            actor: "vault".to_owned(),
            ..ChangeEndpoint::default()
        };
        let answer = platform.engine.submit(Command::ChangeEndpoint(change)).await;
        answer.context("could not seal an endpoint anew")?;
    }
    Ok(sealed)
}

/// What an endpoint has that older keys have sealed, as it was and sealed anew.
fn old_texts<'p>(
    platform: &'p Platform,
    endpoint: &'p Endpoint,
) -> impl Iterator<Item = (String, String)> + 'p {
    let old = endpoint.sealed().filter(|sealed| !platform.vault.is_current(sealed));
    old.filter_map(|before| {
        let (vault, customer) = (&platform.vault, endpoint.customer);
        let is_key = endpoint.key.as_deref() == Some(before);
        let purpose = if is_key { Purpose::Enciphering } else { Purpose::Signing };
        let text = Zeroizing::new(vault.open_sealed(customer, purpose, before)?);
        let randomness = platform.randomness.as_ref();
        let after = vault.seal_for_endpoint(randomness, customer, purpose, &text)?;
        Some((before.to_owned(), after))
    })
}

/// The values of a merchant's agreements that older keys have sealed, sealed anew.
fn old_terms<'p>(
    platform: &'p Platform,
    payee: &'p Payee,
) -> impl Iterator<Item = (Psp, String, TermStep)> + 'p {
    let terms = payee.agreements.iter().flat_map(|(psp, terms)| {
        terms.iter().map(|(name, term)| (*psp, name.as_str(), term.sealed.as_str()))
    });
    let old = terms.filter(|(_, _, sealed)| !platform.vault.is_current(sealed));
    old.filter_map(|(psp, name, before)| {
        let (vault, customer) = (&platform.vault, payee.customer);
        let value = Zeroizing::new(vault.open(customer, psp, name, before)?);
        let after = vault.seal(platform.randomness.as_ref(), customer, psp, name, &value)?;
        Some((psp, name.to_owned(), TermStep::Replace { before: before.to_owned(), after }))
    })
}
