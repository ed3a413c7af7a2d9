//! A fixed number of events through the agent's uplink to a daemon of its own, for those who count what an event costs
//! the daemon.

use anyhow::{Context, Result, ensure};
use clap::Parser;
use deltascope_agent::uplink::{Options, Tls, Uplink};
use deltascope_bench::daemon::Daemon;
use deltascope_bench::workload;
use deltascope_tls::{Authority, Role, Validity};
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Parser)]
#[command(about = "Starts a daemon, sends it a fixed number of events, waits until all are counted, and stops it")]
struct Arguments {
    /// The daemon's program
    #[arg(long, value_name = "PATH")]
    boardd: PathBuf,
    /// Events to send
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    events: u64,
    /// Records that are handed over at once
    #[arg(long, value_name = "N", default_value_t = 2_048, value_parser = clap::value_parser!(u64).range(1..=65_536))]
    batch: u64,
    /// Speak TLS with this cipher, by its name for `deltascope-boardd --tls-cipher`
    #[arg(long, value_name = "CIPHER")]
    cipher: Option<String>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let records = workload::records();
    let keys = tempfile::tempdir().context("making a folder for keys")?;
    let (mut options, mut tls) = (Vec::new(), None);
    if let Some(cipher) = arguments.cipher {
        let authority = Authority::create(&keys.path().join("keys"), Validity::days(1))?;
        let server = authority.issue(Role::Server, "localhost", &[[127, 0, 0, 1].into()], Validity::days(1))?;
        let agent = authority.issue(Role::Agent, "feed", &[], Validity::days(1))?;
        tls = Some(Tls::new(agent, authority.certificate(), "127.0.0.1")?);
        let certificate = authority.certificate().into_os_string();
        options = vec!["--tls".into(), server.into_os_string(), "--authority".into(), certificate];
        options.extend(["--tls-cipher".into(), cipher.into()]);
    }
    let daemon = Daemon::start(&arguments.boardd, &options)?;
    let (groups, contexts) = (workload::GROUPS, workload::CONTEXTS);
    let options = Options { timeout: Duration::from_secs(600), tls, groups, contexts, ..Options::default() };
    let mut uplink = Uplink::connect(daemon.address, options, ()).context("connecting")?;
    let mut left = arguments.events;
    for batch in records.chunks(usize::try_from(arguments.batch)?).cycle() {
        let count = left.min(batch.len() as u64);
        uplink.admit_all(&batch[..usize::try_from(count)?])?;
        left -= count;
        if left == 0 {
            break;
        }
    }
    uplink.snapshot()?;
    let counted: u64 = uplink.totals().iter().map(|row| row.events).sum();
    ensure!(counted == arguments.events, "counted {counted} of {} events", arguments.events);
    uplink.finish()?;
    daemon.stop()?;
    println!("{}", json!({"captured": arguments.events, "counted": counted}));
    Ok(())
}
