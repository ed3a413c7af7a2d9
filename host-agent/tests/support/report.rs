//! Reports in lines of JSON, of which a long one is several.

use deltascope_testkit::reports;
use serde_json::Value;

/// Returns the next report of some lines, put together from its parts; `None` at the end.
pub fn next(lines: impl FnMut() -> Option<String>) -> Option<Value> {
    reports::next(lines).map(|report| report.expect("a report"))
}

/// Returns the last report of an output.
pub fn last(output: &str) -> Value {
    reports::all(output).expect("reports").pop().unwrap_or_else(|| panic!("no report in {output:?}"))
}
