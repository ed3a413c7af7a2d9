//! Agent and board server as processes of their own, over real sockets, with everything going wrong at once; a third
//! process knows the reference. See README.md.

mod campaign;
mod disk;
mod flood;
mod intruders;
mod job;
mod planted_fault;
mod process;
mod recording;
mod sweep;
#[cfg(test)]
mod tests;
mod totals;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use campaign::Plan;
use clap::{Args, Parser, Subcommand};
use job::Size;
use planted_fault::PlantedFault;
use serde_json::{Value, json};
use totals::Totals;

#[derive(Parser)]
#[command(about = "Kills, cuts, stalls, floods and crowds agent and board server, and compares with the reference")]
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
    /// Every fault, at least N kills, and a cut after each byte of a connection
    Run {
        #[command(flatten)]
        programs: Programs,
        /// kill -9 of agents and daemon, at least
        #[arg(long, value_name = "N", default_value_t = 200)]
        kills: u64,
        /// Short: one cut every 16 bytes, 1,000 connections, no long jump of the clock
        #[arg(long)]
        quick: bool,
        /// Put in a fault, which the run must find: it fails then, as it must
        #[arg(long = "fault", value_enum)]
        planted_fault: Option<PlantedFault>,
    },
    /// The same with TLS and without in turns, several agents on one board, for a time
    Soak {
        #[command(flatten)]
        programs: Programs,
        /// Minutes
        #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100_000))]
        minutes: u64,
    },
    /// Floods of ClientHellos: what a connected session keeps, and how long agents take to get in
    Flood {
        #[command(flatten)]
        programs: Programs,
        /// Pairs of rates that are compared
        #[arg(long, value_name = "N", default_value_t = 9, value_parser = clap::value_parser!(u64).range(1..=1_000))]
        pairs: u64,
        /// ClientHellos a second
        #[arg(long, value_name = "N", default_value_t = 30_000)]
        rate: u64,
    },
    /// The process of a flood: ClientHellos until standard input ends
    ClientHellos {
        /// Daemon
        #[arg(long)]
        target: SocketAddr,
        /// Address of its sockets
        #[arg(long)]
        source: IpAddr,
        /// ClientHellos a second
        #[arg(long)]
        rate: u64,
        /// Folder for keys
        #[arg(long)]
        folder: PathBuf,
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
        /// Reference to make, as JSON
        #[arg(long)]
        reference: PathBuf,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Generate { seed, events, file, reference } => {
            recording::generate(seed, events, &file, &reference).map(|()| true)
        }
        Command::Run { programs, kills, quick, planted_fault } => chaos(&programs, kills, quick, planted_fault),
        Command::Soak { programs, minutes } => soak(&programs, minutes),
        Command::Flood { programs, pairs, rate } => flooded(&programs, pairs, rate),
        Command::ClientHellos { target, source, rate, folder } => {
            flood::send_client_hellos(target, source, rate, &folder).map(|()| true)
        }
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
        planted_fault: None,
    }
}

fn chaos(programs: &Programs, kills: u64, quick: bool, planted_fault: Option<PlantedFault>) -> Result<bool> {
    let begun = Instant::now();
    let totals = Mutex::new(Totals::default());
    let folder = tempfile::tempdir().context("a folder")?;
    let calm = planted_fault.is_some();
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
        planted_fault,
        ..plan(programs)
    };
    campaign::run(&plan, folder.path(), &totals)?;
    print(
        programs,
        totals,
        begun,
        json!({"plant": planted_fault.map(|planted_fault| format!("{planted_fault:?}").to_lowercase())}),
        |totals| totals.kills >= plan.kills,
    )
}

fn soak(programs: &Programs, minutes: u64) -> Result<bool> {
    let begun = Instant::now();
    let end = begun + Duration::from_secs(60 * minutes);
    let totals = Mutex::new(Totals::default());
    let mut rounds = 0;
    while Instant::now() < end && totals.lock().map_err(|_| anyhow!("a thread failed"))?.failures.is_empty() {
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
        campaign::run(&plan, folder.path(), &totals)?;
    }
    print(programs, totals, begun, json!({"minutes": minutes, "rounds": rounds}), |_| true)
}

fn flooded(programs: &Programs, pairs: u64, rate: u64) -> Result<bool> {
    let folder = tempfile::tempdir().context("a folder")?;
    let plan = flood::Plan { agent: &programs.agent, boardd: &programs.boardd, pairs: pairs as usize, rate };
    let (report, holds) = flood::run(&plan, folder.path())?;
    if programs.json {
        println!("{report}");
    } else {
        println!("{report:#}");
    }
    Ok(holds)
}

/// Prints what was seen and gives whether everything held.
fn print(
    programs: &Programs,
    totals: Mutex<Totals>,
    begun: Instant,
    more: Value,
    enough: impl Fn(&Totals) -> bool,
) -> Result<bool> {
    let totals = totals.into_inner().map_err(|_| anyhow!("a thread failed"))?;
    let holds = totals.holds() && enough(&totals);
    let mut report = serde_json::to_value(&totals)?;
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
