//! The layouts that an installation knows, by their names.
//!
//! Rows are kept as they came. So a layout that files have come in stays known when another takes
//! its place.

use super::Profile;

/// Layouts: one for files that come, others for rows that came before, and always
/// [`Profile::open_v1`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profiles {
    /// The first is for files that come. No two have the same name.
    all: Vec<Profile>,
}

/// Two layouts have the same name, by which rows are kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("two profiles are called `{0}`")]
pub struct NameTaken(pub String);

impl Profiles {
    /// The layouts that are given, the first for files that come.
    ///
    /// # Errors
    /// [`NameTaken`], also by a layout that has the open profile's name and is another.
    pub fn new(given: Vec<Profile>) -> Result<Profiles, NameTaken> {
        let mut profiles = Profiles { all: Vec::new() };
        for profile in given {
            if profiles.named(profile.name()).is_some() {
                return Err(NameTaken(profile.name().to_owned()));
            }
            profiles.all.push(profile);
        }
        match profiles.named(Profile::open_v1().name()) {
            None => profiles.all.push(Profile::open_v1().clone()),
            Some(known) if known == Profile::open_v1() => {}
            Some(known) => return Err(NameTaken(known.name().to_owned())),
        }
        Ok(profiles)
    }

    /// The one for files that come.
    pub fn current(&self) -> &Profile {
        self.all.first().unwrap_or_else(|| Profile::open_v1())
    }

    /// The one of this name.
    pub fn named(&self, name: &str) -> Option<&Profile> {
        self.all.iter().find(|profile| profile.name() == name)
    }
}

impl Default for Profiles {
    /// The open profile alone.
    fn default() -> Profiles {
        Profiles { all: vec![Profile::open_v1().clone()] }
    }
}
