//! Named stages with their times, so that a slow test run reports where the time went.

use crate::columns::columns;
use anyhow::{Context, Result};
use std::time::{Duration, Instant};

/// A run of stages, one after the other, that stops at the first failure.
#[derive(Default)]
pub struct Stages {
    done: Vec<(String, Duration)>,
}

impl Stages {
    /// Runs one stage.
    pub fn run(&mut self, name: &str, stage: impl FnOnce() -> Result<()>) -> Result<()> {
        println!("== {name}");
        let start = Instant::now();
        let outcome = stage().with_context(|| format!("stage `{name}`"));
        self.done.push((name.to_owned(), start.elapsed()));
        if outcome.is_err() {
            self.print();
        }
        outcome
    }

    /// Prints the table of times.
    pub fn print(&self) {
        println!("== times (measured)");
        let all = ("in all".to_owned(), self.done.iter().map(|(_, time)| *time).sum());
        let rows = self.done.iter().chain([&all]);
        let rows = rows.map(|(name, time)| vec![format!("{:.1} s", time.as_secs_f64()), name.clone()]);
        print!("{}", columns(rows, &[0]));
    }
}
