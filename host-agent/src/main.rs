//! The agent's program, `deltascope`.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    // The demonstration runs this program again as its workload, before anything else may have started a thread.
    if let Some(code) = deltascope_agent::workload::child_entry() {
        return ExitCode::from(u8::try_from(code).unwrap_or(1));
    }
    cli::main()
}
