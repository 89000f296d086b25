//! Where money goes and where it comes from: sellers' accounts at banks, and their companies' own.
//!
//! A seller may be a person, so that an account is personal data: it is in the document alone, and
//! the journal has the last four characters of it.

use formats::pain001::{Party, fitting};
use ledger::document::Kind;
use ledger::{
    Books, Change, ChangeKind, ClearingChange, Directory, Document, DocumentId, Fields, RowId,
    Timestamp,
};

use crate::command::{Answer, Outcome};
use crate::refusal::Refusal;
use formats::limits::PAIN_NAME_CHARS_MAX;

/// Somebody's account at a bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutAccount {
    /// The row that began it.
    pub number: i64,
    /// Whose.
    pub owner: AccountOwner,
    /// The account.
    pub account: BankAccount,
}

/// A seller, who is paid, or a company, which pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountOwner {
    /// The company's number.
    pub company: String,
    /// The seller's number. `None` for the account that the company pays from.
    pub seller: Option<String>,
}

/// An account at a bank, in the form that banks want.
#[derive(Clone, PartialEq, Eq)]
pub struct BankAccount {
    /// Who has it.
    pub holder: String,
    /// Without spaces; its check digits are right.
    pub iban: String,
    /// The bank, where it is said.
    pub bic: Option<String>,
}

/// Sets an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetPayoutAccount {
    /// Whose.
    pub owner: AccountOwner,
    /// The account.
    pub account: BankAccount,
    /// Who sets it.
    pub actor: String,
}

impl AccountOwner {
    /// The name by which its account is found.
    fn name(&self) -> String {
        match &self.seller {
            Some(seller) => format!("payout_account:{}/{seller}", self.company),
            None => format!("payout_account:{}", self.company),
        }
    }
}

impl BankAccount {
    /// The last four characters of the account: enough to tell two of them apart.
    pub fn last_four(&self) -> &str {
        let at = self.iban.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
        self.iban.get(at..).unwrap_or_default()
    }

    /// As a payment names it. `fallback` is the name where nothing of the holder's can be written.
    pub fn party(&self, fallback: &str) -> Party {
        let name = fitting(&self.holder, PAIN_NAME_CHARS_MAX);
        Party {
            name: if name.is_empty() { fallback.to_owned() } else { name },
            iban: self.iban.clone(),
            bic: self.bic.clone(),
        }
    }
}

/// It is in commands, which may be logged.
impl std::fmt::Debug for BankAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BankAccount(…{})", self.last_four())
    }
}

impl PayoutAccount {
    /// Names its document.
    pub fn id(number: i64) -> DocumentId {
        Kind::PayoutAccount.id(number)
    }

    /// The account of somebody.
    pub fn find(directory: &Directory, owner: &AccountOwner) -> Option<PayoutAccount> {
        directory.document_named(&owner.name()).and_then(|found| PayoutAccount::of(found))
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<PayoutAccount> {
        let text = |name: &str| document.fields.owned(name);
        Some(PayoutAccount {
            number: document.id.number,
            owner: AccountOwner { company: text("company")?, seller: text("seller") },
            account: BankAccount { holder: text("holder")?, iban: text("iban")?, bic: text("bic") },
        })
    }

    fn document(&self) -> Document {
        let fields = Fields::default()
            .with("company", Some(&self.owner.company))
            .with("seller", self.owner.seller.as_ref())
            .with("holder", Some(&self.account.holder))
            .with("iban", Some(&self.account.iban))
            .with("bic", self.account.bic.as_ref());
        let mut document = Document::new(PayoutAccount::id(self.number), fields);
        document.names.insert(self.owner.name());
        document
    }
}

/// Decides to set an account. It holds for payment files that are made from then on. The same
/// account again changes nothing.
///
/// # Errors
/// [`Refusal::CompanyNotFound`], [`Refusal::SellerNotFound`].
pub fn set_payout_account(
    command: &SetPayoutAccount,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let AccountOwner { company, seller } = &command.owner;
    let found = books.directory.company(company).ok_or(Refusal::CompanyNotFound)?;
    if let Some(number) = seller {
        books.directory.seller(found.id, number).ok_or(Refusal::SellerNotFound)?;
    }
    let before = PayoutAccount::find(&books.directory, &command.owner);
    let mut account = PayoutAccount {
        number: before.as_ref().map_or(0, |before| before.number),
        owner: command.owner.clone(),
        account: command.account.clone(),
    };
    if before.as_ref() == Some(&account) {
        return Ok(Answer::replayed(Outcome::PayoutAccount(account)));
    }
    let kind = ChangeKind::Clearing(ClearingChange::PayoutAccountChanged);
    let mut change = Change::about(RowId(account.number), kind, &command.actor, now)
        .with("company", company.as_str());
    if let Some(seller) = seller {
        change = change.with("seller", seller.as_str());
    }
    let change = change.with("last_four", command.account.last_four());
    account.number = books.place_change(change, None).subject.0;
    books.put_document(account.document());
    Ok(Answer::new(Outcome::PayoutAccount(account)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_read_again_and_shown_by_their_ends() {
        for (seller, bic) in [(None, None), (Some("654"), Some("NDEASESS"))] {
            let owner =
                AccountOwner { company: "100".to_owned(), seller: seller.map(str::to_owned) };
            let account = BankAccount {
                holder: "Åsa's shop".to_owned(),
                iban: "SE4550000000058398257466".to_owned(),
                bic: bic.map(str::to_owned),
            };
            assert_eq!(format!("{account:?}"), "BankAccount(…7466)");
            let account = PayoutAccount { number: 3, owner, account };
            assert_eq!(PayoutAccount::of(&account.document()), Some(account.clone()));
            let mut directory = Directory::default();
            directory.put_document(account.document());
            assert_eq!(PayoutAccount::find(&directory, &account.owner), Some(account));
        }
        let short = BankAccount { holder: String::new(), iban: "SE4".to_owned(), bic: None };
        assert_eq!(short.last_four(), "SE4");
    }
}
