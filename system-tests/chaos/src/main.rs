//! Agent and board server as processes of their own, over real sockets, with everything going wrong at once; a third
//! process knows the truth. See README.md.

mod campaign;
mod dice;
mod disk;
mod intruders;
mod job;
mod plant;
mod process;
mod proxy;
mod sweep;
mod tally;
#[cfg(test)]
mod tests;
mod truth;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use campaign::Plan;
use clap::{Args, Parser, Subcommand};
use job::Size;
use plant::Plant;
use serde_json::{Value, json};
use tally::Tally;

#[derive(Parser)]
#[command(about = "Kills, cuts, stalls, floods and crowds agent and board server, and compares with the truth")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Args)]
struct Programs {
    /// The agent's program
    #[arg(long, value_name = "PATH")]
    agent: PathBuf,
    /// The daemon's program
    #[arg(long, value_name = "PATH")]
    boardd: PathBuf,
    /// Start of the random numbers
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Every fault, at least so many kills, and a cut after each byte of a connection
    Run {
        #[command(flatten)]
        programs: Programs,
        /// kill -9 of agents and daemon, at least
        #[arg(long, value_name = "N", default_value_t = 200)]
        kills: u64,
        /// Short: one cut every 16 bytes, 1,000 connections, no long jump of the clock
        #[arg(long)]
        quick: bool,
        /// Plant a fault, which the run must find: it fails then, as it must
        #[arg(long, value_enum)]
        plant: Option<Plant>,
    },
    /// The same with TLS and without in turns, several agents on one board, for a time
    Soak {
        #[command(flatten)]
        programs: Programs,
        /// Minutes
        #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100_000))]
        minutes: u64,
    },
    /// The third process: write a recording and what must be counted of it
    Generate {
        /// Start of the random numbers
        #[arg(long)]
        seed: u64,
        /// Events
        #[arg(long)]
        events: u64,
        /// Recording to make
        #[arg(long)]
        file: PathBuf,
        /// Truth to make, as JSON
        #[arg(long)]
        truth: PathBuf,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Generate { seed, events, file, truth } => truth::generate(seed, events, &file, &truth).map(|()| true),
        Command::Run { programs, kills, quick, plant } => chaos(&programs, kills, quick, plant),
        Command::Soak { programs, minutes } => soak(&programs, minutes),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("deltascope-chaos: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn plan(programs: &Programs) -> Plan {
    Plan {
        agent: programs.agent.clone(),
        boardd: programs.boardd.clone(),
        seed: programs.seed,
        kills: 0,
        time: Duration::ZERO,
        lanes: 3,
        tls: false,
        step: 0,
        crowd: 0,
        long_jump: Duration::ZERO,
        disk: false,
        size: Size { events: 300_000, rate: 5 << 20, faults: 10 },
        plant: None,
    }
}

fn chaos(programs: &Programs, kills: u64, quick: bool, plant: Option<Plant>) -> Result<bool> {
    let begun = Instant::now();
    let tally = Mutex::new(Tally::default());
    let folder = tempfile::tempdir().context("a folder")?;
    let calm = plant.is_some();
    let plan = Plan {
        kills: if calm { 0 } else { kills },
        time: if calm { Duration::from_secs(1) } else { Duration::ZERO },
        step: if calm {
            0
        } else if quick {
            16
        } else {
            1
        },
        crowd: if calm {
            0
        } else if quick {
            1_000
        } else {
            10_000
        },
        // Longer than the 30 s that the server waits for a sign of life.
        long_jump: if calm || quick { Duration::ZERO } else { Duration::from_secs(35) },
        disk: !calm,
        plant,
        ..plan(programs)
    };
    campaign::run(&plan, folder.path(), &tally)?;
    tell(programs, tally, begun, json!({"plant": plant.map(|plant| format!("{plant:?}").to_lowercase())}), |tally| {
        tally.kills >= plan.kills
    })
}

fn soak(programs: &Programs, minutes: u64) -> Result<bool> {
    let begun = Instant::now();
    let end = begun + Duration::from_secs(60 * minutes);
    let tally = Mutex::new(Tally::default());
    let mut rounds = 0;
    while Instant::now() < end && tally.lock().map_err(|_| anyhow!("a thread failed"))?.failures.is_empty() {
        rounds += 1;
        let folder = tempfile::tempdir().context("a folder")?;
        let left = end.saturating_duration_since(Instant::now());
        let plan = Plan {
            seed: programs.seed + rounds,
            time: left.min(Duration::from_secs(60)),
            lanes: 4,
            tls: rounds % 2 == 1,
            step: 16,
            crowd: 10_000,
            long_jump: if left > Duration::from_secs(60) { Duration::from_secs(35) } else { Duration::ZERO },
            disk: rounds % 2 == 0,
            ..plan(programs)
        };
        campaign::run(&plan, folder.path(), &tally)?;
    }
    tell(programs, tally, begun, json!({"minutes": minutes, "rounds": rounds}), |_| true)
}

/// Prints what was seen and gives whether everything held.
fn tell(
    programs: &Programs,
    tally: Mutex<Tally>,
    begun: Instant,
    more: Value,
    enough: impl Fn(&Tally) -> bool,
) -> Result<bool> {
    let tally = tally.into_inner().map_err(|_| anyhow!("a thread failed"))?;
    let holds = tally.holds() && enough(&tally);
    let mut report = serde_json::to_value(&tally)?;
    if let (Some(report), Value::Object(more)) = (report.as_object_mut(), more) {
        report.extend(more);
        report.insert("label".into(), "measured".into());
        report.insert("seed".into(), programs.seed.into());
        report.insert("seconds".into(), begun.elapsed().as_secs_f64().into());
        report.insert("agent_rss_bound_bytes".into(), campaign::AGENT_RSS.into());
        report.insert("boardd_rss_bound_bytes".into(), campaign::BOARDD_RSS.into());
        report.insert("holds".into(), holds.into());
    }
    if programs.json {
        println!("{report}");
    } else {
        println!("{report:#}");
    }
    Ok(holds)
}
