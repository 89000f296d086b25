//! Record layouts as data: which field stands where, and what it may hold.
//!
//! A profile is read from a text, strictly, so that another layout can be dropped in without
//! touching a reader. Its fields cover every position of a row once, and its records have all that
//! a [`Header`](super::Header), a [`Row`](super::Row) and a trailer need.

mod parse;

use std::fmt;
use std::sync::LazyLock;

use ledger::{CardAuthenticationMethod, Channel};

use super::row::RowKind;

/// The layout of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    name: String,
    length: usize,
    code_length: usize,
    header: Record,
    rows: Vec<Record>,
    trailer: Record,
}

/// The layout of one or several kinds of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// The record codes, with what each makes of a row; the kind is none for header and trailer.
    pub(super) codes: Vec<(String, Option<RowKind>)>,
    /// In the order of positions, without gap or overlap.
    pub(super) fields: Vec<Field>,
}

/// Some positions of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// What it is; none for fillers.
    pub(super) name: Option<Name>,
    /// Its first position, from 0.
    pub(super) start: usize,
    /// How many positions it has.
    pub(super) length: usize,
    /// What it may hold.
    pub(super) kind: Kind,
}

/// What a field may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The record code.
    Code,
    /// One of these texts, each as long as the field.
    OneOf(Vec<String>),
    /// Digits in every position, kept as a text.
    Digits,
    /// A number, filled with zeros from the left.
    Number,
    /// `YYMMDD`, of the years 2000 to 2099.
    Date,
    /// `+` debits the holder, `-` credits.
    Sign,
    /// ISO 4217, three letters.
    Currency,
    /// ISO 8859-1, from the left; blank is absent.
    Text,
    /// Visible ASCII without spaces, from the left; blank is absent.
    Word,
    /// A channel for each text; blank is absent.
    Channel(Vec<(String, Channel)>),
    /// A method for each text; blank is absent.
    Method(Vec<(String, CardAuthenticationMethod)>),
    /// Spaces.
    Blank,
    /// Anything; written as spaces.
    Ignored,
}

/// What a field is. As text, the word that profiles have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// The record code.
    Code,
    /// The processing date of a header or trailer, the day of a row's transaction.
    Date,
    /// Who sent the file.
    Sender,
    /// The cycle of the day.
    Cycle,
    /// The serial number of the file.
    Serial,
    /// The acquirer's reference.
    AcquirerReference,
    /// The sign.
    Sign,
    /// The amount, in minor units.
    Amount,
    /// The currency.
    Currency,
    /// The authorization; blank when offline.
    Authorization,
    /// The cash part of a purchase, in minor units; zero when there is none.
    Withdrawal,
    /// The seller number where it is digits and fits, else zeros.
    SellerShort,
    /// The seller number.
    Seller,
    /// The card.
    CardToken,
    /// The sender's own id of the transaction.
    Source,
    /// Where it was made.
    PointOfSale,
    /// Through what channel.
    Channel,
    /// How the holder was authenticated.
    Method,
    /// The source id of what is corrected.
    Corrects,
    /// The seller's receipt.
    Receipt,
    /// How many rows there are.
    Rows,
    /// What the rows that debit sum up to, in minor units.
    Debit,
    /// What the rows that credit sum up to, in minor units.
    Credit,
}

/// Why a text is no profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the profile: {what}")]
pub struct ProfileError {
    /// The line of the text, from 1; 0 for the text as a whole.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl Profile {
    /// Our own layout: the contract's header, and rows and a trailer of our making
    /// (`docs/formats/rkha21.md`).
    pub fn open_v1() -> &'static Profile {
        #[expect(clippy::expect_used, reason = "the text is a constant, and a test reads it")]
        static OPEN_V1: LazyLock<Profile> = LazyLock::new(|| {
            Profile::parse(include_str!("../../profiles/rkha21-open-v1.txt")).expect("a profile")
        });
        &OPEN_V1
    }

    /// Reads a profile.
    ///
    /// # Errors
    /// With the first line that is wrong, or with what the whole lacks.
    pub fn parse(text: &str) -> Result<Profile, ProfileError> {
        parse::profile(text)
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many characters a row has.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The first position of a field in rows of a kind, from 1; 1 where they have no such field.
    pub fn column(&self, kind: RowKind, name: Name) -> u32 {
        let has = |record: &&Record| record.codes.iter().any(|(_, known)| *known == Some(kind));
        self.rows.iter().find(has).map_or(1, |record| record.column(name))
    }

    /// How many characters a record code has.
    pub(super) fn code_length(&self) -> usize {
        self.code_length
    }

    pub(super) fn header(&self) -> &Record {
        &self.header
    }

    pub(super) fn rows(&self) -> &[Record] {
        &self.rows
    }

    pub(super) fn trailer(&self) -> &Record {
        &self.trailer
    }
}

impl Record {
    /// The code that makes a row of this kind.
    pub(super) fn code(&self, kind: Option<RowKind>) -> Option<&str> {
        let code = self.codes.iter().find(|(_, known)| *known == kind);
        code.map(|(code, _)| code.as_str())
    }

    /// The first position of a field, from 1; 1 where there is none of that name.
    pub(super) fn column(&self, name: Name) -> u32 {
        let field = self.fields.iter().find(|field| field.name == Some(name));
        field.map_or(1, Field::column)
    }
}

impl Field {
    /// Its first position, from 1.
    pub(super) fn column(&self) -> u32 {
        u32::try_from(self.start).unwrap_or(u32::MAX).saturating_add(1)
    }
}

impl Name {
    /// All names.
    pub const ALL: [Name; 23] = [
        Name::Code,
        Name::Date,
        Name::Sender,
        Name::Cycle,
        Name::Serial,
        Name::AcquirerReference,
        Name::Sign,
        Name::Amount,
        Name::Currency,
        Name::Authorization,
        Name::Withdrawal,
        Name::SellerShort,
        Name::Seller,
        Name::CardToken,
        Name::Source,
        Name::PointOfSale,
        Name::Channel,
        Name::Method,
        Name::Corrects,
        Name::Receipt,
        Name::Rows,
        Name::Debit,
        Name::Credit,
    ];

    /// The word that profiles have.
    pub fn as_str(self) -> &'static str {
        match self {
            Name::Code => "code",
            Name::Date => "date",
            Name::Sender => "sender",
            Name::Cycle => "cycle",
            Name::Serial => "serial",
            Name::AcquirerReference => "acquirer-reference",
            Name::Sign => "sign",
            Name::Amount => "amount",
            Name::Currency => "currency",
            Name::Authorization => "authorization",
            Name::Withdrawal => "withdrawal",
            Name::SellerShort => "seller-short",
            Name::Seller => "seller",
            Name::CardToken => "card-token",
            Name::Source => "source",
            Name::PointOfSale => "point-of-sale",
            Name::Channel => "channel",
            Name::Method => "method",
            Name::Corrects => "corrects",
            Name::Receipt => "receipt",
            Name::Rows => "rows",
            Name::Debit => "debit",
            Name::Credit => "credit",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Name> {
        Self::ALL.into_iter().find(|name| name.as_str() == word)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
