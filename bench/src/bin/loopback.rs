//! Throughput over a real socket: the agent's uplink in this process, the daemon with the golden
//! engine in another one, over the loopback interface, without TLS and with it.
//!
//! Every rate is counted events over the time from the first record to a snapshot that holds them all. Processor time
//! is what the kernel charges to each process, that of its system calls included. A machine that others use shows
//! in the shares: a process that waited for a processor has less than it could use. The estimate beside each rate is
//! what the slower of the two processes would do with a processor of its own.

use anyhow::{Context, Result, ensure};
use clap::Parser;
use deltascope_abi::record::Record;
use deltascope_agent::report::columns;
use deltascope_agent::uplink::{Options, Tls, Uplink};
use deltascope_bench::daemon::Daemon;
use deltascope_bench::usage::{self, Usage};
use deltascope_bench::workload;
use deltascope_testkit::memory::peak_resident;
use deltascope_tls::{Authority, Role, Validity};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Lengths of the batches that a source hands over.
const BATCHES: [usize; 7] = [1, 4, 16, 64, 256, 1_024, 4_096];
/// Batch of the two main figures: half a coalesced frame.
const MAIN_BATCH: usize = 2_048;
/// Time between two records of the slow source.
const TRICKLE: Duration = Duration::from_micros(300);

#[derive(Parser)]
#[command(about = "Times agent, wire, board server and golden engine over the loopback interface")]
struct Arguments {
    /// The daemon's program
    #[arg(long, value_name = "PATH")]
    boardd: PathBuf,
    /// Seconds of each main figure; a figure by batch takes a fifth of it
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What one run showed.
struct Figure {
    batch: usize,
    events_per_s: f64,
    agent: Usage,
    daemon: Usage,
    events: f64,
    seconds: f64,
    longest_wait: Duration,
}

impl Figure {
    fn json(&self) -> Value {
        json!({
            "batch": self.batch,
            "events_per_s": self.events_per_s,
            "agent_ns_per_event": self.agent.nanoseconds / self.events,
            "agent_system_share": self.agent.system_share,
            "boardd_ns_per_event": self.daemon.nanoseconds / self.events,
            "agent_cpu_share": self.agent.nanoseconds / 1e9 / self.seconds,
            "boardd_cpu_share": self.daemon.nanoseconds / 1e9 / self.seconds,
            "events_per_s_unshared_estimated": 1e9 * self.events / self.agent.nanoseconds.max(self.daemon.nanoseconds),
            "longest_wait_us": self.longest_wait.as_micros() as u64,
        })
    }
}

fn connect(address: SocketAddr, tls: Option<&Tls>) -> Result<Uplink<()>> {
    let timeout = Duration::from_secs(30);
    let (groups, contexts) = (workload::GROUPS, workload::CONTEXTS);
    let options = Options { timeout, tls: tls.cloned(), groups, contexts, ..Options::default() };
    Ok(Uplink::connect(address, options, ())?)
}

/// Events in the totals.
fn counted(client: &Uplink<()>) -> u64 {
    client.totals().iter().map(|row| row.events).sum()
}

/// Hands batches over as fast as they are taken, for `time`, and checks that each event was counted.
fn stream(daemon: &Daemon, tls: Option<&Tls>, records: &[Record], batch: usize, time: Duration) -> Result<Figure> {
    let mut client = connect(daemon.address, tls)?;
    let (agent, served) = (Usage::of_self()?, daemon.usage()?);
    let start = Instant::now();
    let mut admitted = 0;
    while start.elapsed() < time {
        for batch in records[..1 << 16].chunks(batch) {
            client.admit_all(batch)?;
        }
        admitted += 1 << 16;
    }
    client.snapshot()?;
    let elapsed = start.elapsed().as_secs_f64();
    let (agent, served) = (Usage::of_self()?.since(&agent), daemon.usage()?.since(&served));
    ensure!(counted(&client) == admitted, "counted {} of {admitted} events", counted(&client));
    let longest_wait = client.longest_wait();
    client.finish()?;
    let events = admitted as f64;
    let events_per_s = events / elapsed;
    Ok(Figure { batch, events_per_s, agent, daemon: served, events, seconds: elapsed, longest_wait })
}

/// One record now and then: how long does it wait for others.
fn trickle(daemon: &Daemon, records: &[Record], time: Duration) -> Result<(u64, Duration)> {
    let mut client = connect(daemon.address, None)?;
    let start = Instant::now();
    let (mut due, mut count) = (start, 0);
    while start.elapsed() < time {
        if Instant::now() >= due {
            client.admit_all(&records[count as usize % records.len()..][..1])?;
            (due, count) = (due + TRICKLE, count + 1);
        }
        client.idle()?;
    }
    client.snapshot()?;
    ensure!(counted(&client) == count, "counted {} of {count} events", counted(&client));
    let wait = client.longest_wait();
    client.finish()?;
    Ok((count, wait))
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let time = Duration::from_secs(arguments.seconds);
    let records = workload::records();
    let keys = tempfile::tempdir().context("making a folder for keys")?;
    let authority = Authority::create(&keys.path().join("keys"), Validity::days(1))?;
    let server = authority.issue(Role::Server, "localhost", &[[127, 0, 0, 1].into()], Validity::days(1))?;
    let agent = authority.issue(Role::Agent, "loopback", &[], Validity::days(1))?;
    let tls = Tls::new(agent, authority.certificate(), "127.0.0.1")?;

    let daemon = Daemon::start(&arguments.boardd, &[])?;
    let plain = stream(&daemon, None, &records, MAIN_BATCH, time)?;
    let mut by_batch = Vec::new();
    for batch in BATCHES {
        by_batch.push(stream(&daemon, None, &records, batch, time / 5)?);
    }
    let (trickled, wait) = trickle(&daemon, &records, (time / 5).min(Duration::from_secs(2)))?;
    drop(daemon);
    let arguments_tls =
        ["--tls".into(), server.into_os_string(), "--authority".into(), authority.certificate().into_os_string()];
    let daemon = Daemon::start(&arguments.boardd, &arguments_tls)?;
    let secret = stream(&daemon, Some(&tls), &records, MAIN_BATCH, time)?;
    let rss = peak_resident(std::process::id()).context("/proc/self/status")?;
    let boardd_rss = peak_resident(daemon.id()).context("the daemon has ended")?;

    let report = json!({
        "label": "measured",
        "engine": "model",
        "seconds": arguments.seconds,
        "load_average": usage::load_average()?,
        "events_per_s": plain.events_per_s,
        "tls_events_per_s": secret.events_per_s,
        "agent_ns_per_event": plain.agent.nanoseconds / plain.events,
        "tls_agent_ns_per_event": secret.agent.nanoseconds / secret.events,
        "agent_rss_bytes": rss,
        "boardd_rss_bytes": boardd_rss,
        "coalescing_delay_us_bound": deltascope_protocol::agent::Config::default().max_delay.as_micros() as u64,
        "coalescing_delay_us_max": wait.as_micros() as u64,
        "coalescing_records": trickled,
        "plain": plain.json(),
        "tls": secret.json(),
        "by_batch": by_batch.iter().map(Figure::json).collect::<Vec<_>>(),
    });
    if arguments.json {
        println!("{report}");
        return Ok(());
    }
    println!("measured: agent and board server over the loopback interface, golden engine");
    let row = |name: String, figure: &Figure| {
        let numbers = [
            figure.events_per_s / 1e6,
            figure.agent.nanoseconds / figure.events,
            figure.daemon.nanoseconds / figure.events,
        ];
        [name].into_iter().chain(numbers.map(|number| format!("{number:.1}"))).collect()
    };
    let mut rows = vec![["", "M events/s", "agent ns/event", "boardd ns/event"].map(str::to_owned).to_vec()];
    rows.push(row(String::from("plain"), &plain));
    rows.push(row(String::from("TLS 1.3"), &secret));
    rows.extend(by_batch.iter().map(|figure| row(format!("batches of {}", figure.batch), figure)));
    print!("{}", columns(&rows));
    println!("resident: agent {} KiB, board server {} KiB", rss / 1024, boardd_rss / 1024);
    println!("longest wait for coalescing: {} us", wait.as_micros());
    Ok(())
}
