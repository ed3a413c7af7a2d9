//! `deltascope config check`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::layers::{Layers, Origin, Setting};
use crate::cli::run;

/// What to do with settings.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Check the settings of `deltascope run` and print each with where it comes from; the output is such a file itself
    Check(Box<Check>),
}

/// Options of the command.
#[derive(Args, Debug)]
pub struct Check {
    /// The file [default: that of --config or DELTASCOPE_CONFIG]
    #[arg(value_name = "SETTINGS", conflicts_with = "config")]
    settings_file: Option<PathBuf>,
    /// Print one JSON object by name
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    run: run::Arguments,
}

/// One setting as JSON has it.
#[derive(Serialize)]
struct SettingJson<'a> {
    /// One value or several; null where it is not set.
    value: Option<&'a [String]>,
    /// Where it comes from.
    origin: String,
}

/// Prints the settings as they count. They have been checked when the command line was read.
pub fn check(action: &Action, layers: &Layers) -> Result<()> {
    let Action::Check(check) = action;
    if check.json {
        let settings: std::collections::BTreeMap<_, _> = layers
            .settings
            .iter()
            .map(|(name, setting)| {
                let value = Some(setting.values.as_slice()).filter(|values| !values.is_empty());
                (name, SettingJson { value, origin: setting.origin.to_string() })
            })
            .collect();
        return crate::cli::print_json(&settings, false);
    }
    crate::cli::print(&text(layers))
}

/// The settings as a file of settings, with the origin of each as a comment.
pub fn text(layers: &Layers) -> String {
    let lines: Vec<(String, String)> = layers.settings.iter().map(|(name, setting)| line(name, setting)).collect();
    let width = lines.iter().map(|(line, _)| line.chars().count()).filter(|width| *width <= 60).max().unwrap_or(0);
    lines.into_iter().map(|(line, origin)| format!("{line:<width$}  # {origin}\n")).collect()
}

fn line(name: &str, setting: &Setting) -> (String, String) {
    let mut origin = match (&setting.origin, setting.values.is_empty() && !setting.is_switch) {
        (Origin::Default, true) => "not set".to_owned(),
        (origin, _) => origin.to_string(),
    };
    if let Some((place, by)) = &setting.left_out {
        origin += &format!("; that of {place} is left out for --{by}");
    }
    let values: Vec<String> = setting.values.iter().map(|value| toml_value(value)).collect();
    let value = match (setting.is_switch, setting.is_list, values.first()) {
        (true, _, first) => first.cloned().unwrap_or_else(|| "false".to_owned()),
        (_, true, Some(_)) => format!("[{}]", values.join(", ")),
        // An option without its value.
        (_, _, Some(first)) if first == "\"\"" => "true".to_owned(),
        (_, _, Some(first)) => first.clone(),
        (_, _, None) => return (format!("# {name}"), origin),
    };
    (format!("{name} = {value}"), origin)
}

/// A value as toml has it: a number, true or false, or a text between quotation marks.
fn toml_value(value: &str) -> String {
    let is_number = |value: &str| {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let whole = |part: &str| digits(part) && (part == "0" || !part.starts_with('0'));
        value.split_once('.').map_or(whole(value), |(before, after)| whole(before) && digits(after))
    };
    if matches!(value, "true" | "false") || (is_number(value) && value.len() < 18) {
        return value.to_owned();
    }
    let mut text = String::from("\"");
    for character in value.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            '\u{0}'..='\u{1f}' | '\u{7f}' => text += &format!("\\u{:04x}", character as u32),
            character => text.push(character),
        }
    }
    text + "\""
}
