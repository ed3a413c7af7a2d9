//! Why settings cannot be used.

use std::path::PathBuf;

use super::place::Place;

/// A mistake in a file of settings or in the environment.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: expected a file of settings, found {source}; name one that this user can read", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The file is not toml.
    #[error("{place}: {message}")]
    Syntax {
        /// Where.
        place: Place,
        /// What the parser states.
        message: String,
    },
    /// A key is not a setting.
    #[error("{place}: expected a setting, found {key:?}; {advice}")]
    UnknownKey {
        /// Where.
        place: Place,
        /// What is there.
        key: String,
        /// The setting that was meant, or where all are.
        advice: String,
    },
    /// A value is of another kind than the setting.
    #[error("{place}: {key}: expected {expected}, found {found}")]
    Kind {
        /// Where.
        place: Place,
        /// The setting.
        key: String,
        /// The kind of the setting.
        expected: &'static str,
        /// The kind of the value.
        found: &'static str,
    },
    /// A value is not one of the setting. `place` is that in a file, or the name of a variable.
    #[error("{place}: {message}")]
    Value {
        /// Where.
        place: String,
        /// What the option states of it.
        message: String,
    },
}
