//! The decision to pay out what a company owes a seller, and to keep the company's fee of it.
//!
//! How much is owed is not asked here: a payable account has no balance in its row, and its sums
//! are kept by whoever settles. What is booked here must be right by itself: two sides, once.

use crate::account::{Account, AccountKind, AccountStatus, Balance, House};
use crate::books::{Books, ReadSet};
use crate::change::{Change, ChangeKind};
use crate::directory::{Company, HouseAccount};
use crate::ids::{AccountId, Fingerprint, Hasher, Key, RowId, TransactionId};
use crate::limits::AMOUNT_MINOR_MAX;
use crate::money::{Currency, MoneyError};
use crate::refusal::Refusal;
use crate::time::{Date, Timestamp};
use crate::transaction::{Between, Transaction, TransactionKind};

/// Who opens a company's own accounts, as the journal names them.
const ACTOR: &str = "settlement";

/// Asks to settle with a seller in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayOut {
    /// The ledger, by number.
    pub company: String,
    /// Who is paid, by number.
    pub seller: String,
    /// In what.
    pub currency: Currency,
    /// What is paid out, in minor units; may be 0.
    pub net_minor: i64,
    /// What the company keeps, in minor units; may be 0.
    pub fee_minor: i64,
    /// The caller's id, unique per company.
    pub source: String,
    /// The day for which it counts.
    pub value_date: Date,
}

/// What a settlement came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaidOut {
    /// What was paid out; none where that is nothing.
    pub settlement: Option<TransactionId>,
    /// What was kept; none where that is nothing.
    pub fee: Option<TransactionId>,
    /// Whether it had been booked before, and nothing was written now.
    pub replayed: bool,
}

/// One of the two transactions that a settlement may consist of.
#[derive(Clone, Copy, Debug)]
struct Part {
    kind: TransactionKind,
    house: House,
    amount: i64,
    key: Key,
}

impl PayOut {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.company(&self.company);
        reads.keys.extend(self.parts().map(|part| part.key));
        reads.houses.push((self.company.clone(), self.currency));
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        let hash = Hasher::new("pay out")
            .text(&self.seller)
            .text(self.currency.code())
            .number(self.net_minor)
            .number(self.fee_minor)
            .number(i64::from(self.value_date.0))
            .finish();
        Fingerprint(hash)
    }

    fn parts(&self) -> [Part; 2] {
        let part = |kind, house, amount| {
            let key = settlement_key(&self.company, kind, &self.source);
            Part { kind, house, amount, key }
        };
        [
            part(TransactionKind::Settlement, House::Settlement, self.net_minor),
            part(TransactionKind::Fee, House::Fees, self.fee_minor),
        ]
    }
}

/// What the source id of a settlement, of its fee or of its return uses up.
pub fn settlement_key(company: &str, kind: TransactionKind, source: &str) -> Key {
    Key(Hasher::new(kind.as_str()).text(company).text(source).finish())
}

/// Decides one settlement and places it in the books: what is paid out and what is kept, or
/// neither. Where it is refused the books are as they were.
///
/// # Errors
/// [`Refusal::DuplicateSettlement`] where the source id stands for another one;
/// [`Refusal::Amount`] where a part is negative or too much, or both are nothing;
/// [`Refusal::CompanyNotConfigured`], [`Refusal::SellerNotRegistered`],
/// [`Refusal::CurrencyNotSupported`], [`Refusal::BalanceOutOfRange`].
pub fn pay_out(command: &PayOut, books: &mut Books, now: Timestamp) -> Result<PaidOut, Refusal> {
    let (parts, fingerprint) = (command.parts(), command.fingerprint());
    if parts.iter().any(|part| books.keys.contains_key(&part.key)) {
        return repeated(books, parts, fingerprint);
    }
    check_amounts(parts)?;
    let parties = parties(command, books)?;
    check_balances(command, parts, books)?;
    let [settlement, fee] = parts;
    let mut place = |part: Part| -> Result<Option<TransactionId>, Refusal> {
        if part.amount == 0 {
            return Ok(None);
        }
        let account = house_account(command, part.house, books, now)?;
        let between = Between { account, ..parties };
        let row = Transaction {
            source: command.source.clone(),
            fingerprint,
            posted: part.amount,
            ..Transaction::bare(part.kind, between, command.value_date, now)
        };
        books.place_transaction(row, &[part.key]).map(Some)
    };
    Ok(PaidOut { settlement: place(settlement)?, fee: place(fee)?, replayed: false })
}

/// The settlement that has used these keys, if it is the same.
fn repeated(books: &Books, parts: [Part; 2], fingerprint: Fingerprint) -> Result<PaidOut, Refusal> {
    let found = parts.map(|part| books.transaction(part.key));
    if found.into_iter().flatten().any(|found| found.fingerprint != fingerprint) {
        return Err(Refusal::DuplicateSettlement);
    }
    let [settlement, fee] = found.map(|found| found.map(|found| found.id));
    Ok(PaidOut { settlement, fee, replayed: true })
}

fn check_amounts(parts: [Part; 2]) -> Result<(), Refusal> {
    let refuse = |error| Err(Refusal::Amount(error));
    if parts.iter().any(|part| part.amount < 0) {
        return refuse(MoneyError::Negative);
    }
    let is_nothing = parts.iter().all(|part| part.amount == 0);
    if is_nothing || parts.iter().any(|part| part.amount > AMOUNT_MINOR_MAX) {
        return refuse(MoneyError::OutOfRange);
    }
    Ok(())
}

/// Everyone that a settlement names. Without its account, which may still have to be opened.
fn parties(command: &PayOut, books: &Books) -> Result<Between, Refusal> {
    let directory = &books.directory;
    let company = directory.company(&command.company).ok_or(Refusal::CompanyNotConfigured)?;
    let seller = directory.seller(company.id, &command.seller);
    let seller = seller.ok_or(Refusal::SellerNotRegistered)?;
    let payable = seller.payable(command.currency).ok_or(Refusal::CurrencyNotSupported)?;
    let (account, currency) = (AccountId(0), command.currency);
    Ok(Between { company: company.id, seller: seller.id, account, payable, currency })
}

/// Both parts must fit before either is placed. What is not open yet holds nothing.
fn check_balances(command: &PayOut, parts: [Part; 2], books: &Books) -> Result<(), Refusal> {
    let company = books.directory.company(&command.company).ok_or(Refusal::CompanyNotConfigured)?;
    for part in parts {
        let account = company.house(part.house, command.currency);
        if let Some(account) = account.and_then(|id| books.accounts.get(&id)) {
            account.debt_after(part.amount.saturating_neg())?;
        }
    }
    Ok(())
}

/// The company's own account, which is opened where this is its first settlement in the currency.
fn house_account(
    command: &PayOut,
    house: House,
    books: &mut Books,
    now: Timestamp,
) -> Result<AccountId, Refusal> {
    let currency = command.currency;
    let found = books.directory.company(&command.company);
    let found = found.ok_or(Refusal::CompanyNotConfigured)?;
    if let Some(account) = found.house(house, currency) {
        return Ok(account);
    }
    let mut company = Company::clone(found);
    let account = AccountId(books.coming_id().0);
    let change = Change::about(RowId(0), ChangeKind::HouseOpened, ACTOR, now)
        .with("company_number", company.number.as_str())
        .with("house", house.as_str())
        .with("currency", currency.code());
    books.put_account(Account {
        id: account,
        company: company.id,
        currency,
        kind: AccountKind::House(house),
        status: AccountStatus::Active,
        holder: String::new(),
        credit_limit: 0,
        balance: Balance::default(),
        last: RowId(0),
        last_at: now,
    });
    books.place_change(Change { account: Some(account), ..change }, None);
    company.houses.push(HouseAccount { house, currency, account });
    books.put_company(company);
    Ok(account)
}

#[cfg(test)]
mod tests {
    use crate::account::House;
    use crate::limits::{AMOUNT_MINOR_MAX, BALANCE_MINOR_MAX};
    use crate::world::{World, check};
    use crate::{Currency, Row, TransactionKind};

    #[test]
    fn the_first_reason_decides() {
        check(
            "
            before  | request                                   | answer               | balance
            pay-out | pay-out net=-1 company=999                | Amount(Negative)     |
            pay-out | pay-out net=-1                            | DuplicateSettlement  |
                    | pay-out net=-1 company=999                | Amount(Negative)     |
                    | pay-out fee=-1 company=999                | Amount(Negative)     |
                    | pay-out net=0 fee=0 company=999           | Amount(OutOfRange)   |
                    | pay-out net=1000000000000001              | Amount(OutOfRange)   |
                    | pay-out fee=1000000000000001              | Amount(OutOfRange)   |
                    | pay-out company=999 seller=1              | CompanyNotConfigured |
                    | pay-out seller=1 currency=EUR             | SellerNotRegistered  |
                    | pay-out company=200 seller=655            | SellerNotRegistered  |
                    | pay-out currency=EUR                      | CurrencyNotSupported |
                    | pay-out company=300                       | CurrencyNotSupported |
                    | pay-out                                   | nothing              | S -900 0
            ",
        );
    }

    #[test]
    fn what_is_owed_goes_to_the_bank_and_to_the_company() {
        check(
            "
            before  | request                                     | answer        | balance
                    | pay-out                                     | nothing       | S -900 0
                    | pay-out                                     | nothing       | E -100 0
                    | pay-out fee=0                               | nothing       | S -900 0
                    | pay-out net=0                               | nothing       | E -100 0
                    | pay-out net=1000000000000000                | nothing       | written
                    | pay-out + pay-out source=s2                 | nothing       | S -1800 0
                    | pay-out + pay-out source=s2 seller=655      | nothing       | E -200 0
                    | pay-out fee=0 + pay-out source=s2 net=0     | nothing       | E -100 0
            pay-out | pay-out source=s2 net=1 fee=2               | nothing       | S -901 0
            pay-out | pay-out company=200                         | nothing       | S -900 0
            pay-out | pay-out source=s2 currency=JPY              | nothing       | S -900 0
            purchase offline amount=10 | pay-out net=2000 fee=0   | nothing       | S -2000 0
            ",
        );
    }

    #[test]
    fn a_settlement_is_booked_once() {
        check(
            "
            before        | request                       | answer              | balance
            pay-out       | pay-out                       | nothing again       |
            pay-out fee=0 | pay-out fee=0                 | nothing again       |
            pay-out net=0 | pay-out net=0                 | nothing again       |
                          | pay-out + pay-out             | nothing again       | S -900 0
            pay-out       | pay-out net=901               | DuplicateSettlement |
            pay-out       | pay-out fee=101               | DuplicateSettlement |
            pay-out       | pay-out fee=0                 | DuplicateSettlement |
            pay-out fee=0 | pay-out                       | DuplicateSettlement |
            pay-out net=0 | pay-out                       | DuplicateSettlement |
            pay-out net=0 | pay-out fee=0                 | DuplicateSettlement |
            pay-out       | pay-out seller=655            | DuplicateSettlement |
            pay-out       | pay-out currency=JPY          | DuplicateSettlement |
            pay-out       | pay-out date=2026-11-21       | DuplicateSettlement |
            pay-out; change-company name=Butik | pay-out  | nothing again       |
            purchase offline source=s1 | pay-out          | nothing             | S -900 0
            ",
        );
    }

    #[test]
    fn nobody_else_uses_the_accounts_of_the_house() {
        check(
            "
            before  | request                                | answer          | balance
            pay-out | authorize account=S                    | AccountNotFound |
            pay-out | authorize account=E kind=reversal      | AccountNotFound |
            pay-out | change account=S limit=100             | AccountNotFound |
            pay-out | change account=E status=closed         | AccountNotFound |
            pay-out | add-card account=S token=t             | AccountNotFound |
            pay-out | add-card account=E token=t             | AccountNotFound |
            ",
        );
    }

    #[test]
    fn accounts_are_opened_by_the_first_settlement_and_only_then() {
        let mut world = World::new();
        assert_eq!(world.house("100", House::Settlement), None);
        world.run_all("pay-out net=0 source=s1");
        assert_eq!(world.house("100", House::Settlement), None);
        world.run_all("pay-out source=s2 + pay-out source=s3; pay-out source=s4");
        world.run_all("pay-out company=200; pay-out source=s5 currency=JPY");
        let opened: Vec<(&str, &str)> = world
            .rows
            .values()
            .filter_map(|row| match row {
                Row::Change(row) => Some((row.field("company_number")?, row.field("house")?)),
                Row::Authorization(_) | Row::Transaction(_) => None,
            })
            .collect();
        let (fees, settlement) = (("100", "fees"), ("100", "settlement"));
        let others = [("200", "settlement"), ("200", "fees"), settlement, fees];
        assert_eq!(opened, [&[fees, settlement][..], &others].concat());
        let company = world.directory.company("100").unwrap();
        assert_eq!(company.houses.len(), 4);
        for held in &company.houses {
            assert_eq!(company.house(held.house, held.currency), Some(held.account));
            assert_eq!(world.accounts[&held.account].currency, held.currency);
        }
        assert!(world.verify().is_ok(), "{:#?}", world.verify());
    }

    #[test]
    fn both_parts_are_booked_alike() {
        let mut world = World::new();
        world.run_all("pay-out");
        let rows = world.rows.values().filter_map(|row| match row {
            Row::Transaction(row) => Some(row),
            Row::Authorization(_) | Row::Change(_) => None,
        });
        let rows: Vec<_> = rows.collect();
        let company = world.directory.company("100").unwrap();
        let seller = world.directory.seller(company.id, "654").unwrap();
        let payable = seller.payable(Currency::SEK).unwrap();
        let kinds = [TransactionKind::Settlement, TransactionKind::Fee];
        for ((row, kind), house) in rows.iter().zip(kinds).zip(House::ALL) {
            let account = company.house(house, Currency::SEK).unwrap();
            assert_eq!((row.kind, row.account, row.payable), (kind, account, payable));
            assert_eq!(row.debit_and_credit(), (payable, account));
            assert_eq!(row.fingerprint, rows[0].fingerprint);
        }
        assert_eq!(rows.len(), 2);
    }

    #[test]
    fn a_settlement_that_does_not_fit_changes_nothing() {
        for name in ["S", "E"] {
            let mut world = World::new();
            world.run_all("pay-out");
            let id = world.account(name);
            let most = AMOUNT_MINOR_MAX - BALANCE_MINOR_MAX - 1;
            world.accounts.get_mut(&id).unwrap().balance.debt = most;
            let before = world.clone();
            let most = AMOUNT_MINOR_MAX;
            let answers = world.run_all(&format!("pay-out source=s2 net={most} fee={most}"));
            assert_eq!(answers, ["BalanceOutOfRange"]);
            assert_eq!((&world.accounts, &world.rows), (&before.accounts, &before.rows));
            assert_eq!((&world.keys, &world.directory), (&before.keys, &before.directory));
        }
    }
}
