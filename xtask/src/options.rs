//! Reads `--name NUMBER` and `--name=NUMBER`, which is all that this tool's commands take.

use anyhow::{Context, bail};

/// The options of one command, in the order in which they were typed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options(Vec<(String, u64)>);

impl Options {
    /// Reads `arguments`, in which only the options in `known` may appear.
    ///
    /// A missing value, a value that is no number and an option given twice are errors.
    pub(crate) fn read(arguments: &[String], known: &[&str]) -> anyhow::Result<Self> {
        let mut options = Self::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let (name, inline) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (argument.as_str(), None),
            };
            if !known.contains(&name) {
                bail!("unknown argument `{name}`; {}", allowed(known));
            }
            if options.get(name).is_some() {
                bail!("`{name}` is given twice");
            }
            let value = match inline {
                Some(value) => value,
                None => rest.next().with_context(|| format!("`{name}` wants a number"))?,
            };
            let number = value
                .replace('_', "")
                .parse()
                .with_context(|| format!("`{name}` wants a number, not `{value}`"))?;
            options.0.push((name.to_owned(), number));
        }
        Ok(options)
    }

    /// The number given for `name`, if it was given.
    pub(crate) fn get(&self, name: &str) -> Option<u64> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, number)| *number)
    }
}

fn allowed(known: &[&str]) -> String {
    if known.is_empty() {
        "this command takes none".to_owned()
    } else {
        format!("known: {}", known.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::Options;

    /// `expected` is the seed and the number of seeds, or a part of the error text.
    fn check(arguments: &str, expected: Result<(Option<u64>, Option<u64>), &str>) {
        let arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
        match (Options::read(&arguments, &["--seed", "--seeds"]), expected) {
            (Ok(options), Ok(numbers)) => {
                assert_eq!((options.get("--seed"), options.get("--seeds")), numbers);
            }
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (read, expected) => panic!("{arguments:?}: {read:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn options_are_read_or_refused() {
        check("", Ok((None, None)));
        check("--seed 7", Ok((Some(7), None)));
        check("--seed=7 --seeds 1_000", Ok((Some(7), Some(1_000))));
        check("--seed", Err("wants a number"));
        check("--seed x", Err("not `x`"));
        check("--seed -1", Err("not `-1`"));
        check("--seed 1 --seed 2", Err("twice"));
        check("--cycles 3", Err("known: --seed, --seeds"));
        check("7", Err("unknown argument `7`"));
    }

    #[test]
    fn a_command_without_options_refuses_all() {
        let error = Options::read(&["--seed=1".to_owned()], &[]).unwrap_err();
        assert_eq!(error.to_string(), "unknown argument `--seed`; this command takes none");
    }
}
