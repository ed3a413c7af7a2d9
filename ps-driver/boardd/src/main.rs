//! `deltascope-boardd`: see `deltascope-boardd --help`.

use clap::Parser;
use deltascope_boardd::cli::Cli;
use deltascope_boardd::daemon::{Daemon, log};
use deltascope_boardd::{engines, raw};
use std::error::Error;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<(), Box<dyn Error>> {
    let mut engine = engines::open(cli.engine)?;
    if let Some(path) = &cli.raw {
        return Ok(raw::run(path, &mut engine)?);
    }
    Ok(Daemon::start(cli, engine)?.run()?)
}
