//! Accounts: whose money, how much of it is owed, reserved and available.

use crate::ids::{AccountId, CompanyId, RowId, SellerId};
use crate::money::Currency;
use crate::time::Timestamp;

/// An account. One side of every entry is one; the other side is another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The row that opened it.
    pub id: AccountId,
    /// The ledger it belongs to.
    pub company: CompanyId,
    /// The only currency it can hold.
    pub currency: Currency,
    /// What it is for.
    pub kind: AccountKind,
    /// Whether it may be used.
    pub status: AccountStatus,
    /// The holder's name, for people. Empty on accounts that no holder has.
    pub holder: String,
    /// How much the holder may owe, in minor units.
    pub credit_limit: i64,
    /// What is owed and reserved now.
    pub balance: Balance,
    /// The newest row of this account's chain, from which a statement walks back.
    pub last: RowId,
    /// When that was decided. Along the chain, time never goes back.
    pub last_at: Timestamp,
}

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// A card holder's credit account.
    Credit,
    /// What a company owes one of its sellers. Its balance is the sum of its entries and is not
    /// kept in the row: every sale of the seller would contend for it.
    Payable(SellerId),
    /// The company's own: where what it owed a seller has gone.
    House(House),
}

/// A company's own accounts, of which it has one for each currency that it has settled in. What
/// is credited there lowers the debt: a balance of -500 is 500 that were put there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum House {
    /// Money on its way to sellers' banks.
    Settlement,
    /// Fees that the company has earned.
    Fees,
}

/// Whether an account may be used for new authorizations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountStatus {
    /// Open.
    Active,
    /// New authorizations are declined; what is authorized can still be captured.
    Blocked,
    /// Closed for good: as blocked, and never opened again.
    Closed,
}

/// Debt and reservations, in minor units of the account's currency.
///
/// Invariant: `reserved >= 0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// What the holder owes; negative is a surplus.
    pub debt: i64,
    /// The sum of what live authorizations still hold.
    pub reserved: i64,
}

/// The number an account is known by: 12 digits derived from its id, and a Luhn check digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountNo(u64);

impl Account {
    /// What a new authorization may still take: limit − debt − reserved, in minor units.
    pub fn available(&self) -> i64 {
        self.credit_limit.saturating_sub(self.balance.debt).saturating_sub(self.balance.reserved)
    }

    /// Whether it is a holder's account of this company.
    pub fn is_credit_of(&self, company: CompanyId) -> bool {
        self.company == company && self.kind == AccountKind::Credit
    }

    /// The number that clients know it by.
    pub fn number(&self) -> AccountNo {
        AccountNo::of(self.id)
    }
}

impl House {
    /// All of them.
    pub const ALL: [House; 2] = [House::Settlement, House::Fees];

    /// The word used in rows and our own APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            House::Settlement => "settlement",
            House::Fees => "fees",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<House> {
        Self::ALL.into_iter().find(|house| house.as_str() == word)
    }
}

impl AccountStatus {
    /// The word used in APIs and rows.
    pub fn as_str(self) -> &'static str {
        match self {
            AccountStatus::Active => "active",
            AccountStatus::Blocked => "blocked",
            AccountStatus::Closed => "closed",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<AccountStatus> {
        match word {
            "active" => Some(AccountStatus::Active),
            "blocked" => Some(AccountStatus::Blocked),
            "closed" => Some(AccountStatus::Closed),
            _ => None,
        }
    }
}

const NUMBERS: i128 = 1_000_000_000_000;
/// Coprime with [`NUMBERS`], so that ids and numbers match one to one.
const FACTOR: i128 = 618_033_988_743;
/// Inverse of [`FACTOR`] modulo [`NUMBERS`]; a test proves it.
const FACTOR_INVERSE: i128 = 560_504_631_607;

impl AccountNo {
    /// The number of an account.
    pub fn of(id: AccountId) -> AccountNo {
        AccountNo(permute(i128::from(id.0), FACTOR))
    }

    /// Reads a number; the check digit must be right.
    pub fn parse(text: &str) -> Option<AccountNo> {
        if text.len() != 13 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (body, check) = text.split_at(12);
        let number = AccountNo(body.parse().ok()?);
        (luhn_digit(body) == check.parse().ok()?).then_some(number)
    }

    /// The account it names, which may not exist.
    pub fn id(self) -> AccountId {
        let id = permute(i128::from(self.0), FACTOR_INVERSE);
        AccountId(i64::try_from(id).unwrap_or(0))
    }
}

impl std::fmt::Display for AccountNo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body = format!("{:012}", self.0);
        write!(f, "{body}{}", luhn_digit(&body))
    }
}

fn permute(number: i128, factor: i128) -> u64 {
    let product = number.saturating_mul(factor).rem_euclid(NUMBERS);
    u64::try_from(product).unwrap_or(0)
}

/// The digit that makes `body` followed by it pass the Luhn check (ISO/IEC 7812-1, annex B).
pub(crate) fn luhn_digit(body: &str) -> u32 {
    let sum = body.bytes().rev().enumerate().fold(0_u32, |sum, (place, byte)| {
        let digit = u32::from(byte.saturating_sub(b'0'));
        let doubled = if place.is_multiple_of(2) { digit.saturating_mul(2) } else { digit };
        sum.saturating_add(if doubled > 9 { doubled.saturating_sub(9) } else { doubled })
    });
    10_u32.saturating_sub(sum.rem_euclid(10)).rem_euclid(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_name_their_accounts() {
        assert_eq!((FACTOR * FACTOR_INVERSE).rem_euclid(NUMBERS), 1);
        for id in (1..2_000).chain([999_999_999_999]) {
            let number = AccountNo::of(AccountId(id));
            assert_eq!(number.id(), AccountId(id));
            assert_eq!(AccountNo::parse(&number.to_string()), Some(number));
        }
    }

    #[test]
    fn a_mistyped_number_is_no_number() {
        let number = AccountNo::of(AccountId(7)).to_string();
        for at in 0..number.len() {
            let mut typed = number.clone().into_bytes();
            typed[at] = if typed[at] == b'9' { b'0' } else { typed[at] + 1 };
            assert_eq!(AccountNo::parse(str::from_utf8(&typed).unwrap()), None);
        }
        assert_eq!(AccountNo::parse(""), None);
        assert_eq!(luhn_digit("7992739871"), 3);
    }

    #[test]
    fn available_is_limit_less_debt_less_reserved() {
        let account = Account {
            id: AccountId(1),
            company: CompanyId(1),
            currency: Currency::SEK,
            kind: AccountKind::Credit,
            status: AccountStatus::Active,
            holder: String::new(),
            credit_limit: 1_000,
            balance: Balance { debt: 300, reserved: 200 },
            last: RowId(0),
            last_at: Timestamp(0),
        };
        assert_eq!(account.available(), 500);
    }

    #[test]
    fn words_are_read_again() {
        for status in [AccountStatus::Active, AccountStatus::Blocked, AccountStatus::Closed] {
            assert_eq!(AccountStatus::parse(status.as_str()), Some(status));
        }
        assert_eq!(AccountStatus::parse("Active"), None);
        for house in House::ALL {
            assert_eq!(House::parse(house.as_str()), Some(house));
        }
        assert_eq!(House::parse("payable"), None);
    }
}
