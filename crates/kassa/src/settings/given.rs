//! What was given: flags as clap found them, variables, the file; and what they come to.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, anyhow, bail};
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::{BENCH, CONFIG, Environment, FILE_DEFAULT, SETTINGS, Setting};

/// Flags by their names.
pub(super) type Flags = BTreeMap<&'static str, String>;

/// The flags of a command that works on a store beside the server.
#[derive(Clone, Default)]
pub(crate) struct ForStore(pub(super) Flags);

/// The flags of the server.
#[derive(Clone, Default)]
pub(crate) struct ForServe(pub(super) Flags);

/// The flags of a benchmark.
#[derive(Clone, Default)]
pub(crate) struct ForBench(pub(super) Flags);

/// The value of each setting that has one.
pub(super) struct Values(BTreeMap<&'static str, String>);

impl Setting {
    /// Its name in the file.
    pub(super) fn key(&self) -> String {
        self.flag.replace('-', "_")
    }

    fn argument(&self) -> Arg {
        let argument = self.argument_only();
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        argument.help(format!("{help} [env: {}]", self.variable))
    }

    /// As [`Setting::argument`], where the variable is not looked at.
    fn argument_only(&self) -> Arg {
        let default = match self.default {
            "" => String::new(),
            default => format!(" [default: {default}]"),
        };
        let help = format!("{}{default}", self.meaning);
        Arg::new(self.flag).long(self.flag).value_name(self.value).help(help)
    }
}

/// Adds a flag for each of the settings, where `command` has none of that name.
fn with_flags(command: Command, wanted: fn(&Setting) -> bool) -> Command {
    command.args(SETTINGS.iter().filter(|setting| wanted(setting)).map(Setting::argument))
}

fn flags(matches: &ArgMatches, wanted: fn(&Setting) -> bool) -> Flags {
    let given = SETTINGS.iter().filter(|setting| wanted(setting)).filter_map(|setting| {
        Some((setting.flag, matches.get_one::<String>(setting.flag)?.clone()))
    });
    given.collect()
}

impl Args for ForStore {
    fn augment_args(command: Command) -> Command {
        with_flags(command, |setting| setting.is_of_store)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ForStore {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(ForStore(flags(matches, |setting| setting.is_of_store)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for ForServe {
    fn augment_args(command: Command) -> Command {
        with_flags(command, |_| true)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ForServe {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(ForServe(flags(matches, |_| true)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for ForBench {
    fn augment_args(command: Command) -> Command {
        let known = SETTINGS.iter().filter(|setting| BENCH.contains(&setting.flag));
        command.args(known.map(Setting::argument_only))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ForBench {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(ForBench(flags(matches, |setting| BENCH.contains(&setting.flag))))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Which settings were given; their values may be secrets.
fn names(values: &Flags, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.debug_set().entries(values.keys()).finish()
}

impl fmt::Debug for ForStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        names(&self.0, f)
    }
}

impl fmt::Debug for ForServe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        names(&self.0, f)
    }
}

impl fmt::Debug for ForBench {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        names(&self.0, f)
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        names(&self.0, f)
    }
}

impl Values {
    /// Reads the file that flag or environment name, and merges all.
    pub(super) fn collect(flags: &Flags, environment: Environment<'_>) -> anyhow::Result<Values> {
        let named = flags.get(CONFIG).cloned();
        let named = named.or_else(|| environment("KASSA_CONFIG").filter(|path| !path.is_empty()));
        let path = named.as_deref().unwrap_or(FILE_DEFAULT);
        let file = match std::fs::read_to_string(path) {
            Ok(file) => file,
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                String::new()
            }
            Err(error) => {
                return Err(error).with_context(|| format!("could not read configuration {path}"));
            }
        };
        Values::merge(flags, environment, &file).with_context(|| format!("configuration {path}"))
    }

    /// Takes each setting from the first source that has it.
    pub(super) fn merge(
        flags: &Flags,
        environment: Environment<'_>,
        file: &str,
    ) -> anyhow::Result<Values> {
        let file = file_values(file)?;
        let mut values = BTreeMap::new();
        for setting in &SETTINGS {
            let value = flags
                .get(setting.flag)
                .cloned()
                .or_else(|| environment(setting.variable).filter(|value| !value.is_empty()))
                .or_else(|| file.get(setting.flag).cloned())
                .unwrap_or_else(|| setting.default.to_owned());
            if !value.is_empty() {
                values.insert(setting.flag, value);
            }
        }
        Ok(Values(values))
    }

    /// A setting that has a default.
    pub(super) fn text(&self, flag: &str) -> String {
        self.0.get(flag).cloned().unwrap_or_default()
    }

    /// A setting that need not be set.
    pub(super) fn optional(&self, flag: &str) -> Option<String> {
        self.0.get(flag).cloned()
    }

    /// A setting of another type; `what` is what its text must be.
    pub(super) fn parsed<T: FromStr>(&self, flag: &str, what: &str) -> anyhow::Result<T> {
        let text = self.text(flag);
        text.parse().map_err(|_| anyhow!("`{text}` is not {what}")).with_context(|| flag.to_owned())
    }

    /// A whole number in a range, its ends included.
    pub(super) fn number<T>(&self, flag: &str, least: T, most: T) -> anyhow::Result<T>
    where
        T: Copy + FromStr + PartialOrd + fmt::Display,
    {
        let what = format!("a number from {least} to {most}");
        let number: T = self.parsed(flag, &what)?;
        if number < least || number > most {
            return Err(anyhow!("`{number}` is not {what}")).with_context(|| flag.to_owned());
        }
        Ok(number)
    }
}

fn file_values(file: &str) -> anyhow::Result<BTreeMap<&'static str, String>> {
    let table: toml::Table = file.parse().map_err(|error| not_toml(file, &error))?;
    let known = || SETTINGS.iter().filter(|setting| setting.flag != CONFIG);
    let mut values = BTreeMap::new();
    for (key, value) in &table {
        let Some(setting) = known().find(|setting| setting.key() == *key) else {
            let names: Vec<String> = known().map(Setting::key).collect();
            bail!("`{key}` is no setting; there are: {}", names.join(", "));
        };
        let text = match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(choice) => choice.to_string(),
            toml::Value::Float(_)
            | toml::Value::Datetime(_)
            | toml::Value::Array(_)
            | toml::Value::Table(_) => {
                bail!("`{key}` must be a text, a number or true or false")
            }
        };
        values.insert(setting.flag, text);
    }
    Ok(values)
}

/// Says what is wrong and where, and shows nothing of the file: it may hold a password.
fn not_toml(file: &str, error: &toml::de::Error) -> anyhow::Error {
    let before = error.span().and_then(|span| file.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count().saturating_add(1);
    anyhow!("not TOML: line {line}: {}", error.message())
}
