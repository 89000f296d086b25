//! `kassa bench ledger`.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use bench::{LedgerOptions, Target, run_ledger};
use ledger::{CardToken, Contract, Currency, Scope};
use store::Store;

use super::seed::{COMPANY, SELLER, add_card, company, credential, open_account, opened, seller};
use super::{each_batch, on_server, pace, print};
use crate::command_line::LedgerBenchOptions;
use crate::terminal::note;

const TOKEN: &str = "bench-ledger-token-00000000000000";

/// The cards of the one account that takes all load in its phase.
pub(super) const HOT_CARDS: u64 = 16;

/// Runs the benchmark and prints its report.
///
/// # Errors
/// When the store cannot be filled, the server does not start, or a phase has no answer at all.
pub(crate) fn ledger(options: &LedgerBenchOptions) -> anyhow::Result<()> {
    let filling = Filling { accounts: options.accounts, cards: options.cards };
    on_server(
        &options.run.ground,
        &BTreeMap::new(),
        |mut installation| fill(installation.store.as_mut(), filling),
        |server, ()| {
            let target = Target {
                server,
                bearer_token: TOKEN.to_owned(),
                company_number: COMPANY.to_owned(),
                seller_number: SELLER.to_owned(),
                write_card_token,
                hot_cards: (0..HOT_CARDS).map(|card| options.cards.saturating_add(card)).collect(),
                source_prefix: "bench-".to_owned(),
            };
            let Filling { accounts, cards } = filling;
            let ledger_options = LedgerOptions { pace: pace(&options.run), accounts, cards };
            let report = run_ledger(&target, &ledger_options, &mut note)?;
            print(options.run.json, &report, || serde_json::to_string(&report))
        },
    )
}

/// Appends the token of a card: spread like a random one, and never the same twice.
pub(super) fn write_card_token(card: u64, token: &mut Vec<u8>) {
    // An odd factor maps 64-bit numbers one to one; this one scatters neighbours (2⁶⁴ / φ).
    let scattered = card.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    token.extend_from_slice(format!("{scattered:016x}").as_bytes());
}

fn card_token(card: u64) -> anyhow::Result<CardToken> {
    let mut token = Vec::new();
    write_card_token(card, &mut token);
    let token = str::from_utf8(&token).ok().and_then(CardToken::parse);
    token.context("a card token of the benchmark")
}

/// What a store is filled with, beside the hot account and its cards.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filling {
    pub(super) accounts: u64,
    /// Spread over the accounts.
    pub(super) cards: u64,
}

/// Fills the store the way that requests would, in large batches.
pub(super) fn fill(store: &mut dyn Store, options: Filling) -> anyhow::Result<()> {
    ensure!(options.accounts <= options.cards, "there must be a card for each account");
    note(&format!("filling the store: {} accounts, {} cards", options.accounts, options.cards));
    let scope = Scope::Company { number: COMPANY.to_owned(), seller: None };
    let caller = credential(Contract::CardLedger, scope, TOKEN);
    let settings = [company(&[Currency::SEK])?, seller(SELLER), caller];
    each_batch(store, "settings", settings.into_iter().map(Ok), &mut |_| {})?;
    let hot = options.accounts;
    let mut accounts = Vec::new();
    let openings = (0..=hot).map(|_| open_account(Currency::SEK));
    each_batch(store, "accounts", openings, &mut |answer| accounts.extend(opened(&answer)))?;
    ensure!(accounts.len() > 1, "no account was opened");
    let hot_account = accounts.pop().context("no account was opened")?;
    let cards = (0..options.cards).map(|card| {
        let account = card.checked_rem(options.accounts).and_then(|at| usize::try_from(at).ok());
        let account = account.and_then(|at| accounts.get(at)).context("a card has no account")?;
        Ok(add_card(*account, card_token(card)?))
    });
    let hot_cards = (0..HOT_CARDS).map(|card| {
        let token = card_token(options.cards.saturating_add(card))?;
        Ok(add_card(hot_account, token))
    });
    each_batch(store, "cards", cards.chain(hot_cards), &mut |_| {})
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use ledger::AccountId;

    use super::*;

    #[test]
    fn tokens_are_spread_and_never_meet() {
        let tokens: HashSet<String> =
            (0..10_000).map(|card| card_token(card).unwrap().as_str().to_owned()).collect();
        assert_eq!(tokens.len(), 10_000);
        let starts: HashSet<&str> = tokens.iter().map(|token| &token[..2]).collect();
        assert_eq!(starts.len(), 256);
    }

    #[test]
    fn a_store_is_filled_as_asked() {
        let mut store = store::MemoryStore::default();
        fill(&mut store, Filling { accounts: 3, cards: 2_500 }).unwrap();
        let mut reader = store.source().open().unwrap();
        let accounts = reader.accounts_before(AccountId(i64::MAX), 10).unwrap();
        // Three, the hot one, and the seller's.
        assert_eq!(accounts.len(), 5);
        let reads = ledger::ReadSet {
            cards: [0, 2_499, 2_500, 2_515].map(|card| card_token(card).unwrap()).to_vec(),
            ..ledger::ReadSet::default()
        };
        assert_eq!(reader.load(&reads).unwrap().cards.len(), 4);
    }
}
