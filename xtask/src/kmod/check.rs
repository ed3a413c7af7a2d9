//! A comparison, and the end of a task that made some.

use anyhow::{Result, bail};
use serde_json::{Value, json};

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was compared.
    pub name: String,
    /// What must be.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl Check {
    /// A comparison.
    pub fn new(name: impl Into<String>, expected: impl ToString, found: impl ToString) -> Check {
        Check { name: name.into(), expected: expected.to_string(), found: found.to_string() }
    }

    /// Whether it holds.
    pub fn ok(&self) -> bool {
        self.expected == self.found
    }

    /// As an object of the report.
    pub fn json(&self) -> Value {
        json!({"name": self.name, "ok": self.ok(), "expected": self.expected, "found": self.found})
    }
}

/// Prints a report with `more` in it, and fails when a check does.
pub fn conclude(title: &str, checks: &[Check], as_json: bool, mut more: Value) -> Result<()> {
    let failed: Vec<&Check> = checks.iter().filter(|check| !check.ok()).collect();
    if as_json {
        more["checks_passed"] = json!(checks.len() - failed.len());
        more["checks_failed"] = json!(failed.len());
        more["checks"] = checks.iter().map(Check::json).collect();
        println!("{more}");
    } else {
        println!("{title}: {} checks, {} failed", checks.len(), failed.len());
    }
    if let Some(first) = failed.first() {
        for check in &failed {
            eprintln!("{}: expected {}, found {}", check.name, check.expected, check.found);
        }
        bail!("{title}: {} of {} checks failed, {} first", failed.len(), checks.len(), first.name);
    }
    Ok(())
}
