//! `deltascope doctor`.

use std::net::{IpAddr, ToSocketAddrs};
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use deltascope_agent::accounting::Options;
use deltascope_agent::doctor::{Machine, State, board, examine, render};
use deltascope_agent::signals;

use super::engine::EngineArguments;
use super::exit::Failure;

/// Longest time for the board server to answer, seconds.
const ANSWER: u64 = 10;

/// Options of the command.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Read /proc and /sys below this folder instead of those of this machine; nothing is tried then
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    engine: EngineArguments,
}

/// Examines the machine, and with --connect the board server too.
pub fn run(arguments: &Arguments) -> Result<()> {
    let stop = signals::catch()?;
    let machine = match &arguments.root {
        Some(root) if !root.is_dir() => {
            bail!("--root {}: expected a folder with proc and sys, found none", root.display());
        }
        Some(root) => Machine::tree(root),
        None => Machine::this(),
    };
    let address = arguments.engine.address();
    let mut examination = examine(&machine, address.and_then(resolve));
    if let Some(address) = address {
        let session = arguments.engine.with_outage(ANSWER).open(Options::default(), &stop);
        examination.add(board(address, session.map(|(_, session)| session).map_err(|error| error.to_string())));
    }
    if arguments.json {
        super::print_json(&examination, false)?;
    } else {
        super::print(&render(&examination))?;
    }
    let count = |state: State| examination.checks.iter().filter(|check| check.state == state).count();
    match examination.worst {
        State::Failed => Err(Failure::ChecksFailed(count(State::Failed)).into()),
        State::Warning => Err(Failure::Warnings(count(State::Warning)).into()),
        State::Ok | State::Unknown => Ok(()),
    }
}

/// The first address of HOST:PORT; an address that cannot be used is reported by the attempt to connect.
fn resolve(address: &str) -> Option<IpAddr> {
    address.to_socket_addrs().ok()?.next().map(|address| address.ip())
}
