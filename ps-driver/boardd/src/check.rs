//! `check`: whether the programmable logic may be touched.

use crate::cli::{BoardArguments, invocation};
use crate::error::{DaemonError, system};
use deltascope_linux::logic::{self, Finding, Look};
use deltascope_linux::{Trust, access, checks};
use serde_json::{Map, Value, json};
use std::io::{self, Write};
use std::path::Path;

/// Looks at the logic without touching it, prints what was found, and writes the report where one is asked for. Returns
/// whether the logic may be touched.
///
/// # Errors
/// Standard output failed.
pub fn run(board: &BoardArguments, report: Option<&Path>, json: bool) -> Result<bool, DaemonError> {
    let roots = board.roots();
    let looks = match access::is_emulated(&roots, &board.uio) {
        true => Vec::new(),
        false => logic::looks(&roots),
    };
    let found: Map<String, Value> = looks.iter().map(of_look).collect();
    // Not its own report: what is asked here is what can be seen.
    let trust = Trust { assume_configured: board.assume_configured, report: None };
    let judged = match report {
        Some(path) => checks::write(path, &invocation(), looks, &trust),
        None => checks::judge(looks, &trust),
    };
    let (is_well, rest) = match &judged {
        Ok(assumed) => (true, json!({"assumed": assumed})),
        Err(error) => (false, json!({"error": error.to_string()})),
    };
    let mut out = io::stdout().lock();
    let text = match json {
        true => {
            let mut value = json!({"ok": is_well, "logic": found});
            if let (Some(value), Value::Object(rest)) = (value.as_object_mut(), rest) {
                value.extend(rest);
            }
            value.to_string()
        }
        false => lines(&found, &judged),
    };
    system("standard output", writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush()))?;
    Ok(is_well)
}

/// One look as name and object.
pub fn of_look(look: &Look) -> (String, Value) {
    let value = match &look.finding {
        Finding::Good(found) => json!({"state": "good", "found": found}),
        Finding::Unknown(why) => json!({"state": "unknown", "why": why}),
        Finding::Bad { expected, found, remedy } => {
            json!({"state": "bad", "expected": expected, "found": found, "remedy": remedy})
        }
    };
    (look.what.to_owned(), value)
}

/// For a reader: one line for each look, then the verdict.
fn lines(found: &Map<String, Value>, judged: &Result<Vec<String>, deltascope_linux::LinuxError>) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let line = |(name, look): (&String, &Value)| {
        let about = match look["state"].as_str() {
            Some("good") => text(&look["found"]),
            Some("unknown") => text(&look["why"]),
            _ => format!("expected {}, found {}", text(&look["expected"]), text(&look["found"])),
        };
        format!("{name:16} {:8} {about}\n", text(&look["state"]))
    };
    let looks: String = found.iter().map(line).collect();
    let verdict = match judged {
        Ok(assumed) if assumed.is_empty() => "the programmable logic may be touched".to_owned(),
        Ok(assumed) => format!("{}\nthe programmable logic may be touched, if that is so", assumed.join("\n")),
        Err(error) => format!("the programmable logic may not be touched: {error}"),
    };
    format!("{looks}{verdict}\n")
}
