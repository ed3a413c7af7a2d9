//! The file of settings: toml whose keys are the long options of `deltascope run`.

use std::ops::Range;
use std::path::Path;

use deltascope_system::file;
use toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use super::place::Place;

/// Longest file that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// What a file has for one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Of a flag, or of an option that may have no value.
    Switch(bool),
    /// A text or a number.
    One(String),
    /// Of an option that may be given more than once.
    Many(Vec<String>),
}

/// One key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key is.
    pub place: Place,
    /// The value.
    pub value: Value,
    /// Where the value is.
    pub value_place: Place,
}

/// Reads a file, without knowing which keys there are.
pub fn read(path: &Path) -> Result<Vec<Entry>, ConfigError> {
    let text = file::read(path, LONGEST).map_err(|source| ConfigError::Read { path: path.to_path_buf(), source })?;
    let text = String::from_utf8(text).map_err(|error| {
        let valid = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]).into_owned();
        let place = Place::of(path, &valid, valid.len());
        ConfigError::Syntax { place, message: "expected UTF-8, found other bytes".to_owned() }
    })?;
    parse(path, &text)
}

/// Reads a text as [`read`] does; `path` is for messages.
pub fn parse(path: &Path, text: &str) -> Result<Vec<Entry>, ConfigError> {
    let place = |span: Range<usize>| Place::of(path, text, span.start);
    let table = DeTable::parse(text).map_err(|error| {
        let place = place(error.span().unwrap_or(0..0));
        ConfigError::Syntax { place, message: error.message().to_owned() }
    })?;
    let mut entries = Vec::new();
    for (key, value) in table.into_inner() {
        let (key_place, value_place) = (place(key.span()), place(value.span()));
        let key = key.into_inner().into_owned();
        let value = value_of(&key, value.get_ref(), &value_place)?;
        entries.push(Entry { key, place: key_place, value, value_place });
    }
    // In the order of the file: the first mistake is the one to report.
    entries.sort_by_key(|entry| (entry.place.line, entry.place.column));
    Ok(entries)
}

fn value_of(key: &str, value: &DeValue<'_>, place: &Place) -> Result<Value, ConfigError> {
    Ok(match value {
        DeValue::Boolean(on) => Value::Switch(*on),
        DeValue::Array(values) => {
            Value::Many(values.iter().map(|value| scalar(key, value.get_ref(), place)).collect::<Result<_, _>>()?)
        }
        value => Value::One(scalar(key, value, place)?),
    })
}

fn scalar(key: &str, value: &DeValue<'_>, place: &Place) -> Result<String, ConfigError> {
    let found = match value {
        DeValue::String(text) => return Ok(text.clone().into_owned()),
        DeValue::Integer(number) if number.radix() == 10 => return Ok(number.as_str().to_owned()),
        DeValue::Float(number) => return Ok(number.as_str().to_owned()),
        DeValue::Integer(_) => "a number of another base than ten",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table; keys are whole options, as scan-cpu",
    };
    let (place, key, expected) = (place.clone(), key.to_owned(), "a text or a number");
    Err(ConfigError::Kind { place, key, expected, found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_have_their_places() {
        let text = "# comment\ninterval = 2.5\n  source= \"auto\"\njson-lines = true\npid = [1,\n 2]\n";
        let entries = parse(Path::new("f"), text).expect("it is toml");
        let found: Vec<_> = entries
            .iter()
            .map(|entry| (&*entry.key, entry.place.to_string(), entry.value_place.to_string(), entry.value.clone()))
            .collect();
        let one = |text: &str| Value::One(text.to_owned());
        assert_eq!(
            found,
            [
                ("interval", "f:2:1".to_owned(), "f:2:12".to_owned(), one("2.5")),
                ("source", "f:3:3".to_owned(), "f:3:11".to_owned(), one("auto")),
                ("json-lines", "f:4:1".to_owned(), "f:4:14".to_owned(), Value::Switch(true)),
                ("pid", "f:5:1".to_owned(), "f:5:7".to_owned(), Value::Many(vec!["1".to_owned(), "2".to_owned()])),
            ]
        );
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        for (text, message) in [
            ("interval = 1\nsource = \n", "f:2:10: string values must be quoted"),
            ("interval = 1\ninterval = 2\n", "f:2:1: duplicate key"),
            ("a = 1\n\nb = 0x10", "f:3:5: b: expected a text or a number, found a number of another base than ten"),
            ("[scan]\ncpu = 1", "f:1:1: scan: expected a text or a number, found a table; keys are"),
            ("a = [[1]]", "f:1:5: a: expected a text or a number, found a list"),
            ("ü = ", "f:1:1: "),
        ] {
            let error = parse(Path::new("f"), text).expect_err(text).to_string();
            assert!(error.starts_with(message), "{text:?}: {error}");
        }
    }
}
