//! Exit statuses of the program, as the tables in `docs/scan.md`, `docs/operator.md` and `docs/doctor.md` have them.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use deltascope_agent::report::{ScanJson, not_seen_text};

use super::config::ParseError;

/// An end of the program with a status of its own; any other error is 1, and a wrong command line 2.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// Nothing could be looked at, or not everything that was asked for by number; an agent is not ready.
    #[error("{0}")]
    NothingSeen(String),
    /// An agent is ready and something of it needs attention.
    #[error("{0}")]
    Attention(String),
    /// A check of the machine ended with a warning, and none failed.
    #[error("{0} of the checks ended with a warning")]
    Warnings(usize),
    /// A check of the machine failed.
    #[error("{0} of the checks failed")]
    ChecksFailed(usize),
    /// The reader of the output has gone (`| head`): the status is that of a program ended by SIGPIPE.
    #[error("the reader of standard output has gone")]
    ReaderGone,
    /// The output cannot be written.
    #[error("cannot write to standard output: {0}; give it somewhere to write to")]
    Output(#[source] std::io::Error),
}

impl Failure {
    /// Sorts an error of standard output.
    pub fn output(error: std::io::Error) -> Failure {
        match error.kind() {
            ErrorKind::BrokenPipe => Failure::ReaderGone,
            _ => Failure::Output(error),
        }
    }

    /// A failure if a scan could not look at anything, or not at everything that was asked for by number.
    pub fn of_scan(scan: Option<&ScanJson>) -> Result<(), Failure> {
        scan.and_then(not_seen_text).map_or(Ok(()), |text| Err(Failure::NothingSeen(text)))
    }

    fn status(&self) -> u8 {
        match self {
            Failure::Output(_) => 1,
            Failure::NothingSeen(_) => 3,
            Failure::Attention(_) | Failure::Warnings(_) => 4,
            Failure::ChecksFailed(_) => 5,
            Failure::ReaderGone => 128 + 13,
        }
    }
}

/// Prints why the command line cannot be used, or the help that was asked for, and returns the status.
pub fn wrong_command_line(error: &ParseError) -> ExitCode {
    match error {
        ParseError::Clap { error, origins } => {
            // A help text has its own stream and status.
            let _ = error.print();
            for origin in origins {
                let _ = writeln!(std::io::stderr(), "deltascope: {origin}");
            }
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        }
        ParseError::Config(error) => {
            let _ = writeln!(std::io::stderr(), "deltascope: {error}");
            ExitCode::from(2)
        }
    }
}

/// Prints what went wrong and returns the status. Where the message has no reader either, there is nothing to do.
pub fn report(error: &anyhow::Error) -> ExitCode {
    let failure = error.downcast_ref::<Failure>();
    if !matches!(failure, Some(Failure::ReaderGone)) {
        // Every error holds its cause in its own text.
        let _ = writeln!(std::io::stderr(), "deltascope: {error}");
    }
    ExitCode::from(failure.map_or(1, Failure::status))
}
