//! Who exists and how they stand, as the journal has told so far.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::checks::Check;
use crate::account::{AccountKind, AccountNo, AccountStatus, House};
use crate::authorization::DeclineReason;
use crate::card::{CardExpiry, CardStatus};
use crate::change::{Change, ChangeKind};
use crate::ids::{AccountId, CardId, CompanyId, RowId, SellerId};
use crate::money::Currency;
use crate::time::{Timestamp, Zone};

/// Everyone, up to the row that is audited.
#[derive(Debug, Default)]
pub(super) struct Standing {
    companies: HashMap<CompanyId, CompanyNow>,
    company_ids: HashMap<String, CompanyId>,
    sellers: HashMap<SellerId, CompanyId>,
    seller_ids: HashMap<(CompanyId, String), SellerId>,
    cards: HashMap<CardId, CardNow>,
    accounts: HashMap<AccountId, AccountNow>,
    /// The companies' own accounts, of which there is one of each.
    houses: HashSet<(CompanyId, House, &'static str)>,
}

#[derive(Debug)]
struct CompanyNow {
    number: String,
    zone: Zone,
}

#[derive(Debug)]
struct CardNow {
    account: AccountId,
    status: CardStatus,
    expiry: Option<CardExpiry>,
}

/// An account. Sums are wider than amounts, so that nothing shown can overflow them.
#[derive(Debug)]
pub(super) struct AccountNow {
    pub(super) company: CompanyId,
    pub(super) currency: Currency,
    pub(super) kind: AccountKind,
    pub(super) status: AccountStatus,
    pub(super) limit: i64,
    /// The sum of its entries.
    pub(super) debt: i128,
    /// What was reserved less what was released.
    pub(super) reserved: i128,
    /// What its authorizations, as they are stored now, still hold.
    pub(super) open: i128,
    pub(super) last: RowId,
    /// When that was.
    pub(super) last_at: Timestamp,
    is_shown: bool,
}

/// Everyone that a row names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Party {
    pub(super) row: RowId,
    pub(super) company: CompanyId,
    pub(super) seller: SellerId,
    pub(super) account: AccountId,
    /// What that account must be.
    pub(super) kind: AccountKind,
    pub(super) card: Option<CardId>,
    pub(super) currency: Currency,
}

impl AccountNow {
    fn opened(company: CompanyId, currency: Currency, kind: AccountKind, limit: i64) -> AccountNow {
        AccountNow {
            company,
            currency,
            kind,
            status: AccountStatus::Active,
            limit,
            debt: 0,
            reserved: 0,
            open: 0,
            last: RowId(0),
            last_at: Timestamp(i64::MIN),
            is_shown: false,
        }
    }

    pub(super) fn available(&self) -> i128 {
        i128::from(self.limit).saturating_sub(self.debt).saturating_sub(self.reserved)
    }
}

impl Standing {
    pub(super) fn company_number(&self, company: CompanyId) -> Option<&str> {
        self.companies.get(&company).map(|company| company.number.as_str())
    }

    pub(super) fn account_mut(&mut self, id: AccountId) -> Option<&mut AccountNow> {
        self.accounts.get_mut(&id)
    }

    /// The account that is now shown as stored; none when there is none, or it was shown before.
    pub(super) fn show_account(&mut self, id: AccountId) -> Option<&AccountNow> {
        let account = self.accounts.get_mut(&id).filter(|account| !account.is_shown)?;
        account.is_shown = true;
        Some(account)
    }

    /// The payable account of a row's seller, if that is what the row names.
    pub(super) fn payable(&mut self, party: &Party, id: AccountId) -> Option<&mut AccountNow> {
        let kind = AccountKind::Payable(party.seller);
        self.accounts.get_mut(&id).filter(|payable| {
            payable.kind == kind
                && payable.company == party.company
                && payable.currency == party.currency
        })
    }

    /// Why the account or the card of a row is blocked, if one is; an error when the row names
    /// someone who does not exist or belongs to another.
    pub(super) fn resolve(
        &self,
        party: &Party,
        at: Timestamp,
    ) -> Result<Option<DeclineReason>, String> {
        let row = party.row.0;
        let no = |what: &str, id: i64| format!("row {row} names {what} {id}, which is none of its");
        let company = self.companies.get(&party.company);
        let company = company.ok_or_else(|| no("company", party.company.0))?;
        let seller = self.sellers.get(&party.seller).filter(|owner| **owner == party.company);
        seller.ok_or_else(|| no("seller", party.seller.0))?;
        let card = party.card.map(|id| (id, self.cards.get(&id)));
        let card = card.map(|(id, card)| {
            card.filter(|card| card.account == party.account).ok_or_else(|| no("card", id.0))
        });
        let card = card.transpose()?;
        let account = self.accounts.get(&party.account).filter(|account| {
            account.kind == party.kind
                && account.company == party.company
                && account.currency == party.currency
        });
        let account = account.ok_or_else(|| no("account", party.account.0))?;
        Ok(match account.status {
            AccountStatus::Closed => Some(DeclineReason::AccountClosed),
            AccountStatus::Blocked => Some(DeclineReason::AccountBlocked),
            AccountStatus::Active => card.and_then(|card| card.blocked(at, &company.zone)),
        })
    }

    /// Every account must have been shown.
    pub(super) fn finish(&self, check: &mut Check) {
        let missing = self.accounts.iter().filter(|(_, account)| !account.is_shown);
        if let Some(first) = missing.map(|(id, _)| id.0).min() {
            check.that(false, || format!("account {first} was opened and is not there"));
        }
    }

    /// The sum of all accounts' entries, holders', payable and companies' own, by company and
    /// currency. What one account is debited another is credited, so every sum is zero.
    pub(super) fn trial_balance(&self) -> BTreeMap<(CompanyId, &'static str), i128> {
        self.accounts.values().fold(BTreeMap::new(), |mut sums, account| {
            let sum: &mut i128 =
                sums.entry((account.company, account.currency.code())).or_default();
            *sum = sum.saturating_add(account.debt);
            sums
        })
    }

    /// Takes note of a change.
    pub(super) fn apply(&mut self, change: &Change) -> Result<(), String> {
        let applied = match change.kind {
            ChangeKind::CompanyAdded => self.company_added(change),
            ChangeKind::SellerAdded => self.seller_added(change),
            ChangeKind::AccountOpened | ChangeKind::PayableOpened => self.account_opened(change),
            ChangeKind::HouseOpened => self.house_opened(change),
            ChangeKind::AccountChanged => self.account_changed(change),
            ChangeKind::CardAdded => self.card_added(change),
            ChangeKind::CardChanged => self.card_changed(change),
            ChangeKind::CompanyChanged => {
                self.companies.get(&CompanyId(change.subject.0)).map(|_| ())
            }
            ChangeKind::CredentialIssued
            | ChangeKind::CredentialRevoked
            | ChangeKind::Estate(_)
            | ChangeKind::Payments(_)
            | ChangeKind::Clearing(_) => Some(()),
        };
        applied.ok_or_else(|| format!("change {} does not follow", change.id.0))
    }

    fn company_added(&mut self, change: &Change) -> Option<()> {
        let id = CompanyId(itself(change)?.0);
        let number = change.field("company_number")?.to_owned();
        let zone = Zone::parse(change.field("time_zone")?)?;
        let before = self.company_ids.insert(number.clone(), id);
        self.companies.insert(id, CompanyNow { number, zone });
        before.is_none().then_some(())
    }

    fn seller_added(&mut self, change: &Change) -> Option<()> {
        let id = SellerId(itself(change)?.0);
        let company = *self.company_ids.get(change.field("company_number")?)?;
        let number = change.field("seller_number")?.to_owned();
        self.sellers.insert(id, company);
        self.seller_ids.insert((company, number), id).is_none().then_some(())
    }

    fn account_opened(&mut self, change: &Change) -> Option<()> {
        let id = AccountId(itself(change)?.0);
        let company = *self.company_ids.get(change.field("company_number")?)?;
        let (kind, limit) = match change.field("seller_number") {
            Some(number) => {
                let seller = self.seller_ids.get(&(company, number.to_owned()))?;
                (AccountKind::Payable(*seller), 0)
            }
            None => (AccountKind::Credit, change.field("credit_limit")?.parse().ok()?),
        };
        let currency = Currency::parse(change.field("currency")?)?;
        self.accounts.insert(id, AccountNow::opened(company, currency, kind, limit));
        (change.account == Some(id)).then_some(())
    }

    fn house_opened(&mut self, change: &Change) -> Option<()> {
        let id = AccountId(itself(change)?.0);
        let company = *self.company_ids.get(change.field("company_number")?)?;
        let house = House::parse(change.field("house")?)?;
        let currency = Currency::parse(change.field("currency")?)?;
        let kind = AccountKind::House(house);
        self.accounts.insert(id, AccountNow::opened(company, currency, kind, 0));
        let is_first = self.houses.insert((company, house, currency.code()));
        (is_first && change.account == Some(id)).then_some(())
    }

    fn account_changed(&mut self, change: &Change) -> Option<()> {
        let account = self.accounts.get_mut(&AccountId(change.subject.0));
        let account = account.filter(|account| account.kind == AccountKind::Credit)?;
        let before: i64 = change.field("credit_limit_before")?.parse().ok()?;
        let status_before = AccountStatus::parse(change.field("status_before")?)?;
        let follows = before == account.limit && status_before == account.status;
        account.limit = change.field("credit_limit")?.parse().ok()?;
        account.status = AccountStatus::parse(change.field("status")?)?;
        (follows && change.account == Some(AccountId(change.subject.0))).then_some(())
    }

    fn card_added(&mut self, change: &Change) -> Option<()> {
        let id = CardId(itself(change)?.0);
        let account = AccountNo::parse(change.field("account_no")?)?.id();
        let expiry = match change.field("expiry") {
            Some(expiry) => Some(CardExpiry::parse(expiry)?),
            None => None,
        };
        self.cards.insert(id, CardNow { account, status: CardStatus::Active, expiry });
        let account = self.accounts.get(&account);
        account.filter(|account| account.kind == AccountKind::Credit).map(|_| ())
    }

    fn card_changed(&mut self, change: &Change) -> Option<()> {
        let card = self.cards.get_mut(&CardId(change.subject.0))?;
        let follows = CardStatus::parse(change.field("status_before")?)? == card.status;
        card.status = CardStatus::parse(change.field("status")?)?;
        follows.then_some(())
    }
}

impl CardNow {
    fn blocked(&self, at: Timestamp, zone: &Zone) -> Option<DeclineReason> {
        match self.status {
            CardStatus::Blocked => Some(DeclineReason::CardBlocked),
            CardStatus::Active => self
                .expiry
                .filter(|expiry| expiry.is_past(zone.day_of(at)))
                .map(|_| DeclineReason::CardExpired),
        }
    }
}

/// The row of a change that brings its own subject into being.
fn itself(change: &Change) -> Option<RowId> {
    (change.subject == change.id).then_some(change.id)
}
