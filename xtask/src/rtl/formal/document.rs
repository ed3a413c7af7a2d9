//! The generated tables of `docs/verification.md`.

use super::Report;
use super::jobs::{JOBS, Job};
use super::solve::Design;
use crate::cargo::root;
use crate::document::Table;
use anyhow::Result;
use deltascope_faults::proved_rows;

/// Where jobs, faults and times are written down.
const TABLE: Table = Table { page: "docs/verification.md", name: "formal", tools: &[] };

/// What a job has in the place of its time when it was never timed.
const NO_TIME: &str = "-";

/// Writes both tables, with the times of `reports` rounded to 1, 2 or 5 times a power of ten.
pub(super) fn times(reports: &[Report]) -> Result<()> {
    let time = |job: &Job| {
        let seconds = reports.iter().find(|r| r.job.name == job.name).map_or(0.0, |r| r.took.as_secs_f64());
        format!("{} s", round(seconds))
    };
    TABLE.put(&tables(time)?, false)
}

/// Writes both tables with the times that they have, or with `check` compares them, times left out.
pub fn names(check: bool) -> Result<()> {
    let written = TABLE.written()?;
    let text = tables(|job| written_time(&written, job.name).unwrap_or(NO_TIME).to_owned())?;
    TABLE.put(&text, check)
}

/// Returns the last cell of a job's row.
fn written_time<'a>(table: &'a str, job: &str) -> Option<&'a str> {
    let row =
        table.lines().find(|line| line.strip_prefix("| ").is_some_and(|line| line.split(" | ").next() == Some(job)))?;
    row.strip_suffix(" |")?.rsplit(" | ").next()
}

fn round(seconds: f64) -> u64 {
    let steps = (0..4).flat_map(|power| [1, 2, 5].map(|step| step * 10_u64.pow(power)));
    steps.into_iter().find(|step| seconds <= *step as f64).unwrap_or(10_000)
}

fn size(job: &Job) -> Result<String> {
    if !job.settings.is_empty() {
        return Ok(job.settings.replace(',', ", "));
    }
    let settings = Design::read(&root().join("rtl/verilog"), job.block)?.settings;
    let words: Vec<_> = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Ok(if words.is_empty() { "no settings".to_owned() } else { words.join(", ") })
}

fn tables(time: impl Fn(&Job) -> String) -> Result<String> {
    let mut text = String::from("| job | shows | size | engine | time |\n|---|---|---|---|---|\n");
    for job in JOBS {
        let row = [job.name.to_owned(), job.shows.to_owned(), size(job)?, job.engine(), time(job)];
        text.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    text.push_str("\nPlanted faults, each found by its job (`cargo xtask rtl formal --faults`):\n\n");
    text.push_str("| fault | in | job that fails |\n|---|---|---|\n");
    for (job, row) in proved_rows() {
        text.push_str(&format!("| {} | {}.v | {job} |\n", row.fault.what, row.block));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_names_every_job() {
        names(true).unwrap();
    }

    #[test]
    fn time_is_the_last_cell_of_its_row() {
        let table = "| job | time |\n| a | b | 20 s |\n| ab | c | 5 s |\n";
        assert_eq!(["a", "ab", "b"].map(|job| written_time(table, job)), [Some("20 s"), Some("5 s"), None]);
        assert_eq!([0.1, 1.0, 1.1, 3.0, 7.0, 90.0].map(round), [1, 1, 2, 5, 10, 100]);
    }
}
