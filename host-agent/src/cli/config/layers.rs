//! Settings from the command line, the environment and a file, in this order: what is first counts.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::error::ConfigError;
use super::file::{self, Entry, Value};
use super::place::Place;

/// What the names of variables begin with.
pub const PREFIX: &str = "DELTASCOPE_";
/// The variable that names the file.
const FILE_VARIABLE: &str = "DELTASCOPE_CONFIG";
/// Options of `run` that are no settings, those of events that are made up among them.
pub(super) const NO_SETTINGS: [&str; 9] =
    ["help", "config", "events", "seed", "containers", "senders", "sockets", "sends", "redundant"];

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An option.
    CommandLine,
    /// A variable.
    Environment(String),
    /// The file.
    File(Place),
    /// Neither of them.
    Default,
}

impl Origin {
    /// What is larger comes before what is smaller.
    fn rank(&self) -> u8 {
        match self {
            Origin::CommandLine => 3,
            Origin::Environment(_) => 2,
            Origin::File(_) => 1,
            Origin::Default => 0,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::CommandLine => f.write_str("command line"),
            Origin::Environment(name) => write!(f, "environment {name}"),
            Origin::File(place) => write!(f, "{place}"),
            Origin::Default => f.write_str("default"),
        }
    }
}

/// One setting as it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its values: one of most, none where it is not set.
    pub values: Vec<String>,
    /// Whether it is a flag, whose value is `true` or `false`.
    pub is_switch: bool,
    /// Whether it may have several values.
    pub is_list: bool,
    /// Where it comes from.
    pub origin: Origin,
    /// Where a value was that does not count because a setting that excludes it comes before it.
    pub left_out: Option<(Origin, String)>,
}

/// What a process was started with.
#[derive(Clone, Debug)]
pub struct Given {
    /// The command line with the name of the program.
    pub arguments: Vec<OsString>,
    /// The environment.
    pub environment: Vec<(OsString, OsString)>,
}

impl Given {
    /// That of this process.
    pub fn this() -> Given {
        Given { arguments: std::env::args_os().collect(), environment: std::env::vars_os().collect() }
    }

    fn variable(&self, name: &str) -> Option<String> {
        let (_, value) = self.environment.iter().find(|(found, _)| found == name)?;
        // A variable that is empty is none, as units of systemd write it.
        Some(value.to_string_lossy().into_owned()).filter(|value| !value.is_empty())
    }
}

/// The settings of one command.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// The file, if there is one.
    pub file: Option<PathBuf>,
    /// Every setting of the command by name.
    pub settings: BTreeMap<String, Setting>,
}

/// The options of a command that are settings, by name.
fn options<'a>(run: &Command, command: &'a Command) -> impl Iterator<Item = (&'a str, &'a Arg)> {
    let known: HashSet<String> = names(run).map(str::to_owned).collect();
    command
        .get_arguments()
        .filter_map(|arg| Some((arg.get_long()?, arg)))
        .filter(move |(name, _)| known.contains(*name))
}

/// The names of all settings.
fn names(run: &Command) -> impl Iterator<Item = &str> {
    run.get_arguments().filter_map(Arg::get_long).filter(|name| !NO_SETTINGS.contains(name))
}

/// The variable of a setting.
pub fn variable(name: &str) -> String {
    PREFIX.to_owned() + &name.replace('-', "_").to_uppercase()
}

/// Gathers the settings of a command. `run` is the command that has all of them, `matches` what options say, and `file` the
/// file as an option names it.
pub fn gather(
    given: &Given,
    run: &Command,
    command: &Command,
    matches: &ArgMatches,
    file: Option<&Path>,
) -> Result<Layers, ConfigError> {
    let file = file.map(Path::to_path_buf).or_else(|| given.variable(FILE_VARIABLE).map(PathBuf::from));
    let mut entries = BTreeMap::new();
    for entry in file.as_deref().map_or(Ok(Vec::new()), file::read)? {
        let Some(arg) = run.get_arguments().find(|arg| names(run).any(|name| name == entry.key) && is(arg, &entry.key))
        else {
            let advice = advice(&entry.key, run);
            return Err(ConfigError::UnknownKey { place: entry.place, key: entry.key, advice });
        };
        let values = values_of(arg, &entry)?;
        check(run, arg, &values, || entry.value_place.to_string())?;
        entries.insert(entry.key, (entry.place, values));
    }
    let mut settings = BTreeMap::new();
    for (name, arg) in options(run, command) {
        let (values, origin) = if matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine) {
            let raw = matches.get_raw(arg.get_id().as_str()).unwrap_or_default();
            (raw.map(|value| value.to_string_lossy().into_owned()).collect(), Origin::CommandLine)
        } else if let Some(text) = given.variable(&variable(name)) {
            let values = of_variable(arg, &text)?;
            check(run, arg, &values, || variable(name))?;
            (values, Origin::Environment(variable(name)))
        } else if let Some((place, values)) = entries.remove(name) {
            (values, Origin::File(place))
        } else {
            let defaults = arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned());
            (if is_switch(arg) { Vec::new() } else { defaults.collect() }, Origin::Default)
        };
        let (is_switch, is_list) = (is_switch(arg), is_list(arg));
        settings.insert(name.to_owned(), Setting { values, is_switch, is_list, origin, left_out: None });
    }
    let mut layers = Layers { file, settings };
    layers.leave_out(command);
    Ok(layers)
}

fn is(arg: &Arg, name: &str) -> bool {
    arg.get_long() == Some(name)
}

fn is_switch(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::SetTrue)
}

fn is_list(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append)
}

/// Whether an option may be given without its value.
fn is_optional(arg: &Arg) -> bool {
    arg.get_num_args().is_some_and(|count| count.min_values() == 0) && !is_switch(arg)
}

/// The values that an entry of a file gives to an option.
fn values_of(arg: &Arg, entry: &Entry) -> Result<Vec<String>, ConfigError> {
    let wrong = |expected, found| {
        let (place, key) = (entry.value_place.clone(), entry.key.clone());
        Err(ConfigError::Kind { place, key, expected, found })
    };
    match &entry.value {
        Value::Switch(on) if is_switch(arg) => Ok(vec![on.to_string()]),
        Value::Switch(true) if is_optional(arg) => Ok(vec![String::new()]),
        Value::Switch(false) if is_optional(arg) => Ok(Vec::new()),
        Value::Many(values) if is_list(arg) => Ok(values.clone()),
        Value::One(value) if !is_switch(arg) && !is_list(arg) => Ok(vec![value.clone()]),
        Value::One(_) if is_switch(arg) => wrong("true or false", "a text or a number"),
        Value::Many(_) if is_switch(arg) => wrong("true or false", "a list"),
        Value::Many(_) => wrong("a text or a number", "a list"),
        Value::Switch(_) if is_list(arg) => wrong("a list", "true or false"),
        Value::Switch(_) => wrong("a text or a number", "true or false"),
        Value::One(_) => wrong("a list", "a text or a number"),
    }
}

/// The values that a variable gives to an option.
fn of_variable(arg: &Arg, text: &str) -> Result<Vec<String>, ConfigError> {
    let name = arg.get_long().unwrap_or_default();
    match text {
        "true" | "1" if is_switch(arg) => Ok(vec!["true".to_owned()]),
        "false" | "0" if is_switch(arg) => Ok(vec!["false".to_owned()]),
        "true" if is_optional(arg) => Ok(vec![String::new()]),
        "false" if is_optional(arg) => Ok(Vec::new()),
        _ if is_switch(arg) => {
            let message = format!("expected true or false, found {text:?}");
            Err(ConfigError::Value { place: variable(name), message })
        }
        _ if is_list(arg) => Ok(text.split(',').map(|value| value.trim().to_owned()).collect()),
        _ => Ok(vec![text.to_owned()]),
    }
}

/// The words that give values to an option.
fn words(name: &str, setting: &Setting) -> Vec<OsString> {
    let word = |value: &String| match (setting.is_switch, value.as_str()) {
        (true, "true") | (false, "") => Some(format!("--{name}").into()),
        (true, _) => None,
        (false, value) => Some(format!("--{name}={value}").into()),
    };
    setting.values.iter().filter_map(word).collect()
}

/// Lets the option judge its values.
fn check(run: &Command, arg: &Arg, values: &[String], place: impl Fn() -> String) -> Result<(), ConfigError> {
    let name = arg.get_long().unwrap_or_default();
    let (is_switch, is_list) = (is_switch(arg), is_list(arg));
    let setting = Setting { values: values.to_vec(), is_switch, is_list, origin: Origin::Default, left_out: None };
    let words = std::iter::once(OsString::from("run")).chain(words(name, &setting));
    let Err(error) = run.clone().try_get_matches_from(words) else { return Ok(()) };
    match error.kind() {
        // What it needs or excludes is judged with all others.
        ErrorKind::MissingRequiredArgument | ErrorKind::ArgumentConflict => Ok(()),
        _ => Err(ConfigError::Value { place: place(), message: first_paragraph(&error) }),
    }
}

/// What an error of the command line states, without how the command is used.
pub fn first_paragraph(error: &clap::Error) -> String {
    let text = error.to_string();
    let lines = text.trim_start_matches("error: ").lines().map(str::trim).take_while(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

/// The setting whose name is most like a key, or where to find all of them.
fn advice(key: &str, run: &Command) -> String {
    let plain = key.replace('_', "-");
    let likeness = |name: &&str| strsim::jaro(&plain, name);
    let nearest = names(run).max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match nearest.filter(|name| likeness(name) > 0.7) {
        Some(name) => format!("the nearest one is {name:?}"),
        None => "`deltascope config check` lists all of them".to_owned(),
    }
}

impl Layers {
    /// Leaves out what is excluded by a setting that comes before it.
    fn leave_out(&mut self, command: &Command) {
        let by_name: Vec<(&str, &Arg)> =
            command.get_arguments().filter_map(|arg| Some((arg.get_long()?, arg))).collect();
        let is_set = |setting: &Setting| !words("", setting).is_empty();
        let mut excluded = Vec::new();
        for &(name, arg) in &by_name {
            for other in command.get_arg_conflicts_with(arg) {
                let Some(other) = other.get_long() else { continue };
                let (Some(one), Some(two)) = (self.settings.get(name), self.settings.get(other)) else { continue };
                if !is_set(one) || !is_set(two) || one.origin.rank() == 0 || two.origin.rank() == 0 {
                    continue;
                }
                match one.origin.rank().cmp(&two.origin.rank()) {
                    std::cmp::Ordering::Less => excluded.push((name, other)),
                    std::cmp::Ordering::Greater => excluded.push((other, name)),
                    std::cmp::Ordering::Equal => {}
                }
            }
        }
        for (name, by) in excluded {
            let default = by_name.iter().find(|(found, _)| *found == name).map(|(_, arg)| arg.get_default_values());
            if let Some(setting) = self.settings.get_mut(name).filter(|setting| setting.origin != Origin::Default) {
                setting.left_out = Some((setting.origin.clone(), by.to_owned()));
                setting.origin = Origin::Default;
                setting.values = default.unwrap_or_default().iter().map(|v| v.to_string_lossy().into_owned()).collect();
            }
        }
    }

    /// The command line with what the environment and the file add.
    pub fn command_line(&self, given: &Given) -> Vec<OsString> {
        let added = self.settings.iter().filter(|(_, setting)| matches!(setting.origin.rank(), 1 | 2));
        let added = added.flat_map(|(name, setting)| words(name, setting));
        let end = given.arguments.iter().position(|word| word == "--").unwrap_or(given.arguments.len());
        let (before, after) = given.arguments.split_at(end);
        before.iter().cloned().chain(added).chain(after.iter().cloned()).collect()
    }

    /// Where a setting comes from.
    pub fn origin(&self, name: &str) -> Origin {
        self.settings.get(name).map_or(Origin::CommandLine, |setting| setting.origin.clone())
    }

    /// Settings that are named in a text, each with where it comes from.
    pub fn named_in(&self, text: &str) -> Vec<String> {
        let named = |name: &str| {
            text.match_indices(&format!("--{name}")).any(|(at, found)| {
                text[at + found.len()..].chars().next().is_none_or(|next| !next.is_alphanumeric() && next != '-')
            })
        };
        let added =
            self.settings.iter().filter(|(name, setting)| matches!(setting.origin.rank(), 1 | 2) && named(name));
        added.map(|(name, setting)| format!("--{name} is from {}", setting.origin)).collect()
    }
}
