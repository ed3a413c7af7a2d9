//! The README's tables of workloads.

use super::list::{Kind, WORKLOADS, Workload};
use crate::document::Table;
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Where they are written down.
const TABLE: Table = Table { page: "README.md", name: "workloads", tools: &[] };

/// Writes what a whole run has found.
pub fn write(rows: &[Value]) -> Result<()> {
    TABLE.put(&text(rows)?, false)
}

fn number(row: &Value, pointer: &str) -> Result<u64> {
    row.pointer(pointer).and_then(Value::as_u64).with_context(|| format!("{pointer}: expected a number, found {row}"))
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let parts: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|part| str::from_utf8(part).ok()).collect();
    parts.join(",")
}

fn percent(part: u64, whole: u64) -> String {
    match whole {
        0 => "-".to_owned(),
        _ => format!("{:.1} %", part as f64 * 100.0 / whole as f64),
    }
}

fn text(rows: &[Value]) -> Result<String> {
    let mut programs = BTreeMap::new();
    for row in rows {
        for (program, version) in row["programs"].as_object().into_iter().flatten() {
            programs.insert(program.as_str(), version.as_str().unwrap_or_default());
        }
    }
    let programs: Vec<String> = programs.iter().map(|(program, version)| format!("{program} {version}")).collect();
    let mut text = format!("*Measured* with {}.\n\n", programs.join(", "));
    text.push_str(
        "| processes | pages that differ in the family | born after the fork | inherited copies | equal to their source | \
         equal to a sibling only |\n|---|---|---|---|---|---|\n",
    );
    let of_kind = |wanted: fn(Kind) -> bool| {
        let named = |name: &str| rows.iter().find(|row| row["name"] == name).with_context(|| format!("no row {name}"));
        let workloads = WORKLOADS.iter().filter(move |workload| wanted(workload.kind));
        workloads.map(move |workload| -> Result<(&Workload, &Value)> { Ok((workload, named(workload.name)?)) })
    };
    for pair in of_kind(|kind| matches!(kind, Kind::Copies | Kind::CopiesBeside(_))) {
        let (workload, row) = pair?;
        let [copies, born, unknown] = ["/copies", "/born_after_fork", "/origin_unknown"].map(|name| number(row, name));
        let (copies, born) = (copies?, born?);
        let all = copies + born + unknown?;
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            workload.what,
            grouped(all),
            percent(born, all),
            grouped(copies),
            percent(number(row, "/equal_to_source")?, copies),
            percent(number(row, "/equal_to_sibling")?, copies),
        )?;
    }
    text.push_str(
        "\n| sends of | bodies | bytes of bodies | again to the same peer | again in the container | again on the \
         connection | judged of all bytes |\n|---|---|---|---|---|---|---|\n",
    );
    for pair in of_kind(|kind| kind == Kind::Sends) {
        let (workload, row) = pair?;
        let body_bytes = number(row, "/server/body_bytes")?;
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            workload.what,
            grouped(number(row, "/server/bodies")?),
            grouped(body_bytes),
            percent(number(row, "/server/peer/bytes_redundant")?, body_bytes),
            percent(number(row, "/server/container/bytes_redundant")?, body_bytes),
            percent(number(row, "/server/connection/bytes_redundant")?, body_bytes),
            percent(body_bytes, body_bytes + number(row, "/server/not_judged_bytes")?),
        )?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{TABLE, WORKLOADS, grouped};
    use crate::host::workloads::list::Kind;

    #[test]
    fn readme_has_every_workload() {
        let written = TABLE.written().expect("marks in the README");
        for workload in WORKLOADS.iter().filter(|workload| workload.kind != Kind::CaptureCost) {
            assert!(written.contains(&format!("| {} |", workload.what)), "{}: {written}", workload.name);
        }
    }

    #[test]
    fn digits_are_in_groups_of_three() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
