//! Reading a profile from its text.

use super::{Profile, ProfileError};

pub(super) fn profile(text: &str) -> Result<Profile, ProfileError> {
    Err(ProfileError { line: 0, what: text.to_owned() })
}
