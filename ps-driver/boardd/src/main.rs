//! `deltascope-boardd`: see `deltascope-boardd --help`.

use clap::Parser;
use deltascope_boardd::cli::{Cli, Command};
use deltascope_boardd::daemon::Daemon;
use deltascope_boardd::engines::EngineName;
use deltascope_boardd::{bench, check, engines, fingerprint, info, logging, raw, selftest, signals};
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let cli = Cli::parse();
    logging::start(cli.log);
    match run(&cli) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Does what was asked for; gives whether all was well.
fn run(cli: &Cli) -> Result<bool, Box<dyn Error>> {
    if cli.raw.is_some() && cli.command.is_some() {
        return Err("--raw: expected no subcommand beside it, found one; give one of the two".into());
    }
    if let Some(Command::Check { json, report }) = &cli.command {
        return Ok(check::run(&cli.board, report.as_deref(), *json)?);
    }
    if cli.board.engine == EngineName::Uio {
        signals::arm()?;
    }
    if let Some(Command::Info { json }) = cli.command {
        return Ok(info::run(&cli.board, json)?);
    }
    if let Some(Command::Selftest { json, fingerprint: true, packets, .. }) = cli.command {
        return Ok(fingerprint::run(cli.board.engine, &cli.board.options(), packets, json)?);
    }
    let mut engine = engines::open(cli.board.engine, &cli.board.options())?;
    if let Some(Command::Selftest { json, records, .. }) = cli.command {
        return Ok(selftest::run(&mut engine, records, json)?);
    }
    if let Some(Command::Bench { json, time }) = cli.command {
        bench::run(&mut engine, Duration::from_millis(time), json)?;
        return Ok(true);
    }
    match &cli.raw {
        Some(path) => raw::run(path, &mut engine)?,
        None => Daemon::start(cli, engine)?.run()?,
    }
    Ok(true)
}
