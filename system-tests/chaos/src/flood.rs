//! Peers that send ClientHellos and nothing else: what a connected session keeps, and how long an agent waits to get in.
//!
//! A session's rate is compared with its rate during the same flood at another daemon, in turns, because the flood itself
//! takes a part of the machine whatever it is sent to.

mod client_hellos;
mod entry;

pub use client_hellos::flood as send_client_hellos;

use std::net::IpAddr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::process::{Board, Keys, Program};
use entry::Entry;

/// Address of the flood's sockets when it is not to be the agent's. All of 127.0.0.0/8 is this machine.
const OTHER_ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));
const OWN_ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
/// Least share of its rate that a session keeps.
const LEAST_SHARE: f64 = 0.8;
/// Agents that try to get in.
const AGENTS: usize = 60;
/// Most time that an agent takes to get in, on another address than the flood and on the same. The first holds beside a session
/// at full speed and for sessions that resume too.
const LIMITS: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(30)];
/// Time of a session before its flood, and of the flood.
const BEFORE: Duration = Duration::from_millis(2_500);
const FLOOD: Duration = Duration::from_millis(4_000);

/// Time of a session whose rate is measured, and of one beside which agents come, which is ended before.
const SESSION: Duration = Duration::from_secs(8);
const BUSY: Duration = Duration::from_secs(3_600);

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// The agent's program.
    pub agent: &'a Path,
    /// The daemon's program.
    pub boardd: &'a Path,
    /// Pairs of rates that are compared.
    pub pairs: usize,
    /// ClientHellos a second.
    pub rate: u64,
}

/// Measures everything; returns the report and whether every bar holds.
pub fn run(plan: &Plan<'_>, folder: &Path) -> Result<(Value, bool)> {
    let [here, elsewhere] = ["here", "elsewhere"].map(|name| {
        let folder = folder.join(name);
        std::fs::create_dir(&folder)?;
        Board::start(plan.boardd, &folder, Some(Keys::new(&folder)?))
    });
    let (here, elsewhere) = (here?, elsewhere?);
    let mut pairs = Vec::new();
    for number in 0..plan.pairs {
        // The order alternates, so that a machine that grows busier favours neither.
        let order = if number % 2 == 0 { [&elsewhere, &here] } else { [&here, &elsewhere] };
        let mut rates = Vec::new();
        for target in order {
            rates.push(session_rate(plan, &here, target, folder)?);
        }
        if number % 2 == 1 {
            rates.swap(0, 1);
        }
        pairs.push((rates[0], rates[1]));
    }
    let mut shares: Vec<f64> = pairs.iter().map(|(elsewhere, here)| here.records / elsewhere.records).collect();
    shares.sort_by(f64::total_cmp);
    let share = shares.get(shares.len() / 2).copied();
    let is_exact = pairs.iter().all(|(elsewhere, here)| elsewhere.is_exact && here.is_exact);
    let mut holds = is_exact && share.is_none_or(|share| share >= LEAST_SHARE);
    let mut entries = Vec::new();
    // Addresses of the flood, whether a session works at full speed meanwhile, and how agents come.
    let rounds = [
        (OTHER_ADDRESS, false, Entry::New),
        (OWN_ADDRESS, false, Entry::New),
        (OTHER_ADDRESS, true, Entry::New),
        (OTHER_ADDRESS, true, Entry::Resumed),
    ];
    for (address, is_busy, entry) in rounds {
        let limit = if address == OTHER_ADDRESS { LIMITS[0] } else { LIMITS[1] };
        let session = is_busy.then(|| start_session(plan, &here, BUSY, folder)).transpose()?;
        let flood = client_hellos::Flood::start(here.address, address, plan.rate, folder)?;
        let before = here.status()?;
        let mut times = entry::times(&here, AGENTS, limit, entry)?;
        let after = here.status()?;
        let sent = flood.stop()?;
        drop(session);
        times.sort();
        let is_in = times.iter().filter(|time| **time <= limit).count();
        let records = |status: &Value| status["records_total"].as_u64().unwrap_or_default();
        let session_records = records(&after).saturating_sub(records(&before));
        // Beside a session that did not work nothing is shown.
        holds &= is_in == AGENTS && (!is_busy || session_records > 0);
        entries.push(json!({
            "flood_address": address.to_string(),
            "agent_address": OWN_ADDRESS.to_string(),
            "busy_session": is_busy,
            "session_records": session_records,
            "resumed": entry == Entry::Resumed,
            "connections_tried_per_second": sent.tried.round(),
            "client_hellos_per_second": sent.sent.round(),
            "agents": AGENTS,
            "in_time": is_in,
            "limit_seconds": limit.as_secs_f64(),
            "median_seconds": times.get(AGENTS / 2).map(Duration::as_secs_f64),
            "longest_seconds": times.last().map(Duration::as_secs_f64),
        }));
    }
    let list = |pick: fn(&(Measured, Measured)) -> Measured| -> Vec<f64> {
        pairs.iter().map(|pair| (pick(pair).records / 1e6 * 1e3).round() / 1e3).collect()
    };
    let rates =
        |pick: fn(&(Measured, Measured)) -> f64| -> Vec<f64> { pairs.iter().map(|pair| pick(pair).round()).collect() };
    let report = json!({
        "label": "measured",
        "pairs": pairs.len(),
        "session_mrecords_per_second": {"flood_elsewhere": list(|pair| pair.0), "flood_here": list(|pair| pair.1)},
        "connections_tried_per_second": {
            "flood_elsewhere": rates(|pair| pair.0.flood.tried), "flood_here": rates(|pair| pair.1.flood.tried),
        },
        "client_hellos_per_second": {
            "flood_elsewhere": rates(|pair| pair.0.flood.sent), "flood_here": rates(|pair| pair.1.flood.sent),
        },
        "session_share_median": share,
        "session_share_bar": LEAST_SHARE,
        "exact": is_exact,
        "agents": entries,
        "rejected_peers_total": here.status()?["rejected_peers_total"],
        "holds": holds,
    });
    Ok((report, holds))
}

/// A session during a flood.
#[derive(Clone, Copy, Debug)]
struct Measured {
    /// Records a second that were counted.
    records: f64,
    /// The flood meanwhile.
    flood: client_hellos::Rate,
    /// Everything captured was counted.
    is_exact: bool,
}

/// Starts an agent that sends at full speed for a time.
fn start_session(plan: &Plan<'_>, board: &Board, time: Duration, folder: &Path) -> Result<Program> {
    let fixed = ["run", "--source", "synth", "--events", "0", "--interval", "0.5", "--json-lines", "--timeout", "60"];
    let mut options: Vec<String> = fixed.iter().map(|&part| part.to_owned()).collect();
    options.extend(["--duration".into(), time.as_secs().to_string()]);
    options.extend(board.options(board.address));
    Program::start(plan.agent, &options, folder.join("session"))
}

/// Measures a session with `board` while `target` is flooded.
fn session_rate(plan: &Plan<'_>, board: &Board, target: &Board, folder: &Path) -> Result<Measured> {
    let mut agent = start_session(plan, board, SESSION, folder)?;
    thread::sleep(BEFORE);
    let flood = client_hellos::Flood::start(target.address, OWN_ADDRESS, plan.rate, folder)?;
    let begun = Instant::now();
    let first = agent.reports()?.len();
    thread::sleep(FLOOD);
    let last = agent.reports()?.len();
    let sent = flood.stop()?;
    ensure!(
        begun.elapsed() < FLOOD * 2,
        "the machine is too busy to measure: a pause of 4 s took {:?}",
        begun.elapsed()
    );
    let code = agent.wait(Duration::from_secs(120))?;
    ensure!(code == Some(0), "the agent ended with {code:?}: {}", agent.errors());
    let lines = agent.reports()?;
    // The samples that lie wholly within the flood.
    let within = lines.get(first + 1..last).unwrap_or_default();
    let number = |line: &Value, key: &str| line[key].as_f64().with_context(|| format!("{key} in {line}"));
    let (Some(from), Some(to)) = (within.first(), within.last()) else {
        anyhow::bail!("expected two samples of the session during the flood, found {}", within.len());
    };
    let time = number(to, "seconds")? - number(from, "seconds")?;
    ensure!(time > 0.0, "expected two samples of the session during the flood, found one");
    let records = (number(to, "counted")? - number(from, "counted")?) / time;
    let is_exact = lines.iter().all(|line| line["conserved"] == true);
    Ok(Measured { records, flood: sent, is_exact })
}
