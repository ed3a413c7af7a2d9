//! Settings of the commands that make rounds: options, `DELTASCOPE_*` of the environment, and a file, in this order.

mod check;
mod error;
mod file;
mod layers;
mod place;
mod reload;
#[cfg(test)]
mod tests;

pub use check::{Action, check};
pub use error::ConfigError;
pub use layers::{Given, Layers, Origin};
pub use reload::Settings;

use clap::{ArgMatches, Command as ClapCommand, CommandFactory, FromArgMatches};

use super::Arguments;

/// Why a command line cannot be used.
#[derive(Debug)]
pub enum ParseError {
    /// As the command line itself reports it; each of `origins` is where an option comes from that was not on it.
    Clap {
        /// What is wrong, or a help text.
        error: clap::Error,
        /// See above.
        origins: Vec<String>,
    },
    /// A file or a variable.
    Config(ConfigError),
}

/// The command whose options are the settings, and the one that was given.
fn commands(whole: &ClapCommand, matches: &ArgMatches) -> Option<(ClapCommand, ClapCommand, ArgMatches)> {
    let run = whole.find_subcommand("run")?.clone();
    let (name, matches) = matches.subcommand()?;
    match name {
        "run" | "top" | "attrs" => Some((run, whole.find_subcommand(name)?.clone(), matches.clone())),
        "config" => {
            let (action, matches) = matches.subcommand().filter(|(action, _)| *action == "check")?;
            let command = whole.find_subcommand(name)?.find_subcommand(action)?.clone();
            Some((run, command, matches.clone()))
        }
        _ => None,
    }
}

/// Parses a command line. Where the command has settings, what it leaves open is taken from the environment and the file.
pub fn parse(given: &Given) -> Result<(Arguments, Layers), ParseError> {
    let clap = |error, origins| ParseError::Clap { error, origins };
    let mut whole = Arguments::command();
    let mut relaxed = whole.clone().ignore_errors(true);
    whole.build();
    let layers = match relaxed.try_get_matches_from_mut(&given.arguments) {
        Ok(matches) => match commands(&whole, &matches) {
            Some((run, command, matches)) => {
                let file = ["settings_file", "config"].into_iter().find_map(|id| {
                    let found = matches.try_get_one::<std::path::PathBuf>(id).ok().flatten();
                    found.map(std::path::PathBuf::as_path)
                });
                layers::gather(given, &run, &command, &matches, file).map_err(ParseError::Config)?
            }
            None => Layers::default(),
        },
        // A help text or the version, which the whole parse gives again.
        Err(_) => Layers::default(),
    };
    let matches = Arguments::command().try_get_matches_from(layers.command_line(given));
    let parsed = matches.and_then(|matches| Arguments::from_arg_matches(&matches));
    match parsed {
        Ok(arguments) => Ok((arguments, layers)),
        Err(error) => {
            let origins = layers.named_in(&error.to_string());
            Err(clap(error, origins))
        }
    }
}
