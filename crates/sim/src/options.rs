//! How far a run goes and which one it is: numbers that travel in environment variables, because
//! a test takes no arguments.

/// The number in a variable, where it is set.
///
/// # Panics
/// When it is set to something else.
pub(crate) fn number(variable: &str) -> Option<u64> {
    let text = std::env::var_os(variable)?;
    let text = text.to_string_lossy();
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is {text:?}, which is no number")))
}

/// The seeds to run: the one that was asked for, or as many as the test wants.
pub(crate) fn seeds(count: u64) -> Vec<u64> {
    match number("KASSA_SIM_SEED") {
        Some(seed) => vec![seed],
        None => (1..=count).collect(),
    }
}

/// Says which seed to run again when a test fails inside it.
pub(crate) struct Announce {
    pub(crate) seed: u64,
    pub(crate) step: u64,
}

impl Drop for Announce {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Announce { seed, step } = self;
            eprintln!("failed at step {step}; repeat with KASSA_SIM_SEED={seed}");
        }
    }
}
