//! The program's environment: the only place that reads it.

/// A variable, where it is set and is text.
#[expect(clippy::disallowed_methods, reason = "the settings ask for the environment here")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
