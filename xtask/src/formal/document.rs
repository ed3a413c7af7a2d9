//! The generated tables of `docs/verification.md`.

use super::Report;
use super::faults::PLANTS;
use super::jobs::{JOBS, Job};
use super::solve::Design;
use crate::cargo::root;
use crate::document;
use anyhow::{Result, bail, ensure};

const PAGE: &str = "docs/verification.md";
const NAME: &str = "formal";

/// What stands in the place of times when pages are compared.
const ANY_TIME: &str = "?";

/// Writes both tables, with the times of `reports` rounded to 1, 2 or 5 times a power of ten.
pub fn write(reports: &[Report]) -> Result<()> {
    ensure!(reports.len() == JOBS.len(), "the table needs every job: leave `--quick` out");
    let time = |job: &Job| {
        let seconds = reports.iter().find(|r| r.job.name == job.name).map_or(0.0, |r| r.took.as_secs_f64());
        format!("{} s", round(seconds))
    };
    document::put(PAGE, NAME, &tables(time)?, false)?;
    eprintln!("wrote {PAGE}");
    Ok(())
}

/// Fails unless the page says what the tables of jobs and faults say, times apart.
pub fn check() -> Result<()> {
    let written = document::section(PAGE, NAME)?;
    let without_times: String = written.lines().map(|line| format!("{}\n", without_time(line))).collect();
    if without_times != tables(|_| ANY_TIME.to_owned())? {
        bail!("{PAGE} is stale: run `cargo xtask formal --write` and commit the result");
    }
    Ok(())
}

/// A row of the table of jobs without its time, which is the last cell and ends in ` s`.
fn without_time(line: &str) -> String {
    let cells: Vec<_> = line.split(" | ").collect();
    match cells.split_last() {
        Some((last, rest)) if last.ends_with(" s |") => format!("{} | {ANY_TIME} |", rest.join(" | ")),
        _ => line.to_owned(),
    }
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
    text.push_str("\nPlanted faults, each found by its job (`cargo xtask formal --plant`):\n\n");
    text.push_str("| fault | in | job that fails |\n|---|---|---|\n");
    for plant in PLANTS {
        text.push_str(&format!("| {} | {} | {} |\n", plant.what, plant.file, plant.job));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_every_job() {
        check().unwrap();
    }

    #[test]
    fn times_do_not_make_a_page_stale() {
        assert_eq!(without_time("| a | b | z3 | 20 s |"), "| a | b | z3 | ? |");
        assert_eq!(without_time("| a | b | c |"), "| a | b | c |");
        assert_eq!([0.1, 1.0, 1.1, 3.0, 7.0, 90.0].map(round), [1, 1, 2, 5, 10, 100]);
    }
}
