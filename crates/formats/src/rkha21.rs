//! RKHA21: the file in which a card acquirer tells of a day's transactions.
//!
//! Only its header is public. The rows and the trailer are laid out by a [`Profile`], which is
//! data; [`Profile::open_v1`] is a layout of our own. `docs/formats/rkha21.md` has it in full.

mod decode;
mod encode;
mod error;
mod profile;
mod profiles;
mod read;
mod row;
mod table;
#[cfg(test)]
mod tests;
mod write;

pub use error::{Reason, RowError};
pub use profile::{Name, Profile, ProfileError};
pub use profiles::{NameTaken, Profiles};
pub use read::{Line, Reader, read_row};
pub use row::{Group, Header, Row, RowKeys, RowKind, Summary};
pub use table::{TableError, TableReader, TableReason};
pub use write::{WriteError, Writer, write_row};
