//! The tables of `docs/performance.md` that are made from a run.

use anyhow::{Context, Result};
use serde_json::Value;
use std::fmt::Write;

fn word<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    value[key].as_str().with_context(|| format!("expected a text in `{key}`, found {value}"))
}

fn number(value: &Value, key: &str) -> Result<f64> {
    value[key].as_f64().with_context(|| format!("expected a number in `{key}`, found {value}"))
}

fn rows<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    value[key].as_array().with_context(|| format!("expected `{key}`, found {value}"))
}

/// Millions a second, or the range from the least to the most.
fn range(value: &Value) -> Result<String> {
    let rates: [f64; 2] = serde_json::from_value(value["rates"].clone()).context("expected two rates")?;
    let [least, most] = rates.map(|rate| format!("{:.1}", rate / 1e6));
    Ok(if least == most { format!("{least} M/s") } else { format!("{least} to {most} M/s") })
}

/// Each step beside its rival.
pub fn ladder(run: &Value) -> Result<String> {
    let mut text =
        String::from("| what | rate | beside | its rate | ratio | noise | bar |\n|---|---|---|---|---|---|---|\n");
    for step in rows(run, "steps")? {
        let rate = |value: f64| match word(step, "unit") {
            Ok("bytes") => format!("{:.2} GB/s", value / 1e9),
            _ => format!("{:.1} M/s", value / 1e6),
        };
        let ratio = number(step, "ratio")?;
        let bar = step["bar"]
            .as_f64()
            .map_or(String::from("-"), |bar| format!("{bar}, {}", if ratio >= bar { "met" } else { "**missed**" }));
        writeln!(
            text,
            "| {} | {} | {} | {} | {ratio:.2} | {:.2} | {bar} |",
            word(step, "what")?,
            rate(number(step, "rate")?),
            word(step, "rival")?,
            rate(number(step, "rival_rate")?),
            number(step, "spread")?,
        )?;
    }
    Ok(text)
}

/// Each stage of the way to the engine.
pub fn way(run: &Value) -> Result<String> {
    let mut text = String::from("| stage | events a second | label | from |\n|---|---|---|---|\n");
    for stage in rows(&run["way"], "stages")? {
        let (name, label, source) = (word(stage, "name")?, word(stage, "label")?, word(stage, "source")?);
        writeln!(text, "| {name} | {} | *{label}* | {source} |", range(stage)?)?;
    }
    let clocks = number(&run["way"]["facts"], "clocks_per_query")?;
    let queries = number(&run["way"], "queries_per_s_estimated")? / 1e6;
    writeln!(text, "| engine, QUERY only | {queries:.1} M/s | *estimated* | {clocks} clocks a query (Verilated) |")?;
    Ok(text)
}

/// What limits each configuration.
pub fn limits(run: &Value) -> Result<String> {
    let mut text = String::from("| configuration | events a second | limited by | cure |\n|---|---|---|---|\n");
    for limit in rows(&run["way"], "limits")? {
        let [least, most]: [String; 2] =
            serde_json::from_value(limit["stages"].clone()).context("expected two stages")?;
        let stages = if least == most { least } else { format!("{least}; at the most {most}") };
        let (name, cure) = (word(limit, "configuration")?, word(limit, "cure")?);
        writeln!(text, "| {name} | {} | {stages} | {cure} |", range(limit)?)?;
    }
    Ok(text)
}

/// What an event costs the host.
pub fn stages(run: &Value) -> Result<String> {
    let mut text = String::from("| stage | ns an event |\n|---|---|\n");
    for cost in rows(run, "stages")? {
        writeln!(text, "| {} | {:.1} |", word(cost, "stage")?, number(cost, "ns_per_event")?)?;
    }
    let stall = &run["scan_stall"];
    let (mib, scanned) = (number(stall, "mib")?, number(stall, "longest_scanned_us")?);
    let idle = number(stall, "longest_idle_us")?;
    writeln!(
        text,
        "\nA process of the scanned family of {mib} MiB waited at most {scanned} us to map a page, and {idle} us without a scan (*measured*, the least of three)."
    )?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{ladder, limits};
    use serde_json::json;

    #[test]
    fn missed_bar_is_bold_and_a_range_has_both_ends() {
        let step = |ratio: f64| json!({"what": "a", "rival": "b", "unit": "bytes", "rate": 1e9, "rival_rate": 2e9, "ratio": ratio, "spread": 0.01, "bar": 0.5});
        let run = json!({
            "steps": [step(0.5), step(0.4)],
            "way": {"limits": [
                {"configuration": "c", "rates": [1e6, 2e6], "stages": ["s", "t"], "cure": "d"},
                {"configuration": "e", "rates": [1e6, 1e6], "stages": ["s", "s"], "cure": "d"},
            ]},
        });
        let table = ladder(&run).expect("a table");
        assert!(table.contains("| 0.50 | 0.01 | 0.5, met |") && table.contains("| 0.40 | 0.01 | 0.5, **missed** |"));
        let table = limits(&run).expect("a table");
        assert!(table.contains("| c | 1.0 to 2.0 M/s | s; at the most t | d |"), "{table}");
        assert!(table.contains("| e | 1.0 M/s | s | d |"), "{table}");
    }
}
