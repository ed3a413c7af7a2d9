//! `cargo xtask board fw-test`: the image in QEMU with the Verilated logic behind the mailbox.
//!
//! The agent of this machine replays a recording into it, and what the image counted is compared with what the golden
//! model counts of the same recording.

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::boot_chain::boot_chain;
use super::boot_count::boot_count;
use super::cosim::Cosim;
use super::counts::{FEW, compare, still_counts};
use super::machine::Network;
use super::programs::{LIMIT, Programs, finish};
use crate::board::arm::cross::Compiler;
use crate::board::engines;
use crate::cargo::root;

/// Events of the long stream.
const EVENTS: u32 = 1_000_000;

/// Options of the task.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Where the ARM core library comes from; by default what is there
    #[arg(long, value_enum)]
    compiler: Option<Compiler>,
    /// Run this part only; may be given again
    #[arg(long, value_parser = PARTS.map(|(name, _)| name))]
    only: Vec<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Seconds since start of a log line: its first word.
fn guest_seconds(line: &str) -> Option<f64> {
    line.split_whitespace().next()?.parse().ok()
}

/// One long stream, with the cable out in the middle.
fn stream(programs: &Programs) -> Result<Value> {
    let recording = programs.record(EVENTS)?;
    let expected = programs.expected(&recording)?;
    let started = Instant::now();
    let mut machine = programs.boot("stream", &[])?;
    let serving = machine.wait_for_server(LIMIT)?;
    let boot = started.elapsed();
    let idle = machine.accesses()?;
    let started = Instant::now();
    let agent = programs.start_replay(&recording, &["--connect", &format!("127.0.0.1:{}", machine.port)])?;
    machine.wait_for("served", LIMIT)?;
    let end = Instant::now() + LIMIT;
    // A batch takes some accesses: records are on their way through the engine.
    while machine.accesses()?.wrapping_sub(idle) < 100 {
        ensure!(Instant::now() < end, "expected the engine to be used within {LIMIT:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
    machine.set_link(false)?;
    let cut = machine.wait_for("LINK down", LIMIT)?;
    let at_cut = machine.accesses()?;
    machine.set_link(true)?;
    machine.wait_for("LINK up", LIMIT)?;
    let found = finish(agent)?;
    let seconds = started.elapsed().as_secs_f64();
    compare(&found, &expected, EVENTS)?;
    let end = machine.accesses()?;
    ensure!(end.wrapping_sub(at_cut) > 100, "expected the cut in the middle of the stream, found it at its end");
    machine.wait_for("gone", LIMIT)?;
    let status = machine.wait_for("STATUS", LIMIT)?;
    let logic = machine.finish()?;
    Ok(json!({
        "captured": found["captured"], "counted": found["counted"], "lost": found["lost"],
        "conserved": found["conserved"], "equal_to_model": true,
        "boot_measured_seconds": boot.as_secs_f64(), "boot_guest_seconds": guest_seconds(&serving),
        "stream_measured_seconds": seconds, "cut": cut, "status": status, "logic": logic,
    }))
}

/// A panic and a loop that hangs: the image resets, the next start reports it, and counts.
fn resets(programs: &Programs, test: &str, trigger: &str) -> Result<Value> {
    let mut machine = programs.boot(test, &[&format!("test={test}")])?;
    machine.wait_for_server(LIMIT)?;
    // The first peer triggers it.
    let _peer = TcpStream::connect(("127.0.0.1", machine.port))?;
    machine.wait_for(trigger, LIMIT)?;
    let last = machine.wait_for("LAST RUN", LIMIT)?;
    machine.wait_for_server(LIMIT)?;
    still_counts(programs, &machine)?;
    machine.finish()?;
    Ok(json!({"fault": test, "seen": last, "then": "counts as the model"}))
}

/// A panic while the DMA runs: the image has stopped it by the time of its own reset, before any next start could.
fn panic_stops_the_dma(programs: &Programs) -> Result<Value> {
    let mut machine = programs.start("panic-dma", &["test=panic"], Network::Direct, true)?;
    machine.wait_for_server(LIMIT)?;
    let _peer = TcpStream::connect(("127.0.0.1", machine.port))?;
    let seen = machine.wait_for("PANIC", LIMIT)?;
    machine.wait_for_end(LIMIT)?;
    let logic = machine.finish()?;
    let is_stopped = &logic["dma_stopped"];
    ensure!(is_stopped == true, "dma_stopped after a panic: expected true, found {is_stopped}");
    Ok(json!({"fault": "panic while the DMA runs", "seen": seen, "dma_stopped": is_stopped}))
}

/// A peer that the settings do not name is cut off before a byte of it is read.
fn not_allowed(programs: &Programs) -> Result<Value> {
    let mut machine = programs.boot("peers", &["peers=link-local"])?;
    machine.wait_for_server(LIMIT)?;
    let mut peer = TcpStream::connect(("127.0.0.1", machine.port))?;
    peer.set_read_timeout(Some(LIMIT))?;
    let seen = machine.wait_for("not allowed", LIMIT)?;
    let mut bytes = Vec::new();
    // An end or a reset: both say that there is no server.
    let _ = peer.read_to_end(&mut bytes);
    ensure!(bytes.is_empty(), "a peer that is not allowed: expected no byte, found {}", bytes.len());
    machine.finish()?;
    Ok(json!({"fault": "peer not allowed", "seen": seen}))
}

/// No DHCP server, and then one: the image reports what it waits for and asks again. A link that was down costs neither
/// address nor lease.
fn dhcp(programs: &Programs) -> Result<Value> {
    let mut machine = programs.start("dhcp", &["address=dhcp"], Network::Hub, false)?;
    let waits = machine.wait_for("DHCP waits since", LIMIT)?;
    ensure!(waits.contains("a server's lease"), "no DHCP server: expected that it is waited for, found {waits:?}");
    machine.plug_hub()?;
    let leased = machine.wait_for("DHCP leased", LIMIT)?;
    // QEMU's network (its documentation, "Using the user mode network stack").
    ensure!(leased.contains("10.0.2.15/24 of 10.0.2.2"), "expected a lease of QEMU's server, found {leased:?}");
    machine.wait_for_server(LIMIT)?;
    still_counts(programs, &machine)?;
    machine.set_link(false)?;
    machine.wait_for("LINK down", LIMIT)?;
    machine.set_link(true)?;
    let renewed = machine.wait_for("DHCP renewed 10.0.2.15", LIMIT)?;
    still_counts(programs, &machine)?;
    ensure!(!machine.logged.iter().any(|line| line.contains("DHCP lost")), "expected that the address stays");
    machine.finish()?;
    Ok(json!({
        "fault": "no DHCP server, and a link that was down", "seen": [waits, leased, renewed],
        "then": "counts as the model",
    }))
}

/// Logic that is not there: the image reports it and touches nothing of it.
fn no_logic(programs: &Programs) -> Result<Value> {
    let mut machine = programs.boot("logic", &["engine=logic"])?;
    let seen = machine.wait_for("STOPPED", LIMIT)?;
    machine.finish()?;
    ensure!(seen.contains("programmable logic"), "logic that is not configured: found {seen:?}");
    Ok(json!({"fault": "logic not configured", "seen": seen}))
}

/// The corpus of the fuzzer, each file on a connection of its own.
fn garbage(programs: &Programs) -> Result<Value> {
    let mut machine = programs.boot("garbage", &[])?;
    machine.wait_for_server(LIMIT)?;
    let corpus = root().join("system-tests/fuzz/corpus");
    let (mut files, mut bytes) = (0u32, 0u64);
    for target in ["server", "frame_stream", "frame"] {
        for entry in std::fs::read_dir(corpus.join(target)).with_context(|| format!("reading {}", corpus.display()))? {
            let text = std::fs::read(entry?.path())?;
            let mut peer = TcpStream::connect(("127.0.0.1", machine.port))?;
            peer.set_read_timeout(Some(LIMIT))?;
            // The image may end the connection at any byte.
            let sent = peer.write_all(&text);
            let _ = sent.and_then(|()| peer.shutdown(std::net::Shutdown::Write));
            let _ = peer.read_to_end(&mut Vec::new());
            files += 1;
            bytes += text.len() as u64;
        }
    }
    ensure!(files > 0, "{}: expected a corpus, found none", corpus.display());
    still_counts(programs, &machine)?;
    machine.finish()?;
    Ok(json!({"fault": "garbage on the wire", "files": files, "bytes": bytes, "then": "counts as the model"}))
}

/// A part of the test: its name for `--only`, and what runs it.
type Part = (&'static str, fn(&Programs) -> Result<Value>);

/// A stream, logic that is off or faulty, a boot from power-on, and the suite of every engine, in unicorn: true accesses to registers of the
/// Verilated logic, and true interrupts.
fn cosim(programs: &Programs) -> Result<Value> {
    let cosim = Cosim::of(programs.image.clone())?;
    // Processes of their own, on two processors.
    std::thread::scope(|scope| {
        let suite = scope.spawn(|| engines::compare_with_model(cosim.clone().runner()?));
        let (stream, _) = cosim.stream(FEW.into())?;
        let cases = cosim.cases()?;
        let boot = cosim.boot(programs.compiler, FEW.into())?;
        let suite = suite.join().map_err(|_| anyhow!("the suite: expected an outcome, found a panic"))??;
        Ok(json!({"in_unicorn": stream, "cases": cases, "boot": boot, "suite": suite}))
    })
}

/// Every part, in the order in which they run. The first is the long stream.
const PARTS: [Part; 11] = [
    ("stream", stream),
    ("garbage", garbage),
    ("peers", not_allowed),
    ("panic", |programs| resets(programs, "panic", "PANIC")),
    ("panic-dma", panic_stops_the_dma),
    ("hang", |programs| resets(programs, "hang", "HANG")),
    ("dhcp", dhcp),
    ("logic", no_logic),
    ("boot-count", boot_count),
    ("first-stage", boot_chain),
    ("cosim", cosim),
];

/// Runs everything, or the parts that were asked for.
pub fn run(arguments: &Arguments) -> Result<()> {
    let programs = Programs::build(arguments.compiler)?;
    let started = Instant::now();
    let is_asked = |name: &str| arguments.only.is_empty() || arguments.only.iter().any(|only| only == name);
    let (mut streamed, mut faults) = (Value::Null, Vec::new());
    for (name, part) in PARTS.iter().filter(|(name, _)| is_asked(name)) {
        let found = part(&programs).with_context(|| format!("part {name}"))?;
        if *name == "stream" {
            streamed = found;
        } else {
            faults.push(found);
        }
    }
    let report = json!({
        "compiler": programs.image.compiler, "stream": streamed, "faults": faults,
        "measured_seconds": started.elapsed().as_secs_f64(),
    });
    if arguments.json {
        println!("{report}");
        return Ok(());
    }
    if streamed.is_object() {
        let seconds = streamed["stream_measured_seconds"].as_f64().unwrap_or_default();
        println!(
            "stream: captured {} == counted {} + lost, as the model; {seconds:.1} s (measured)",
            streamed["captured"], streamed["counted"]
        );
    }
    faults.iter().for_each(|fault| println!("{fault}"));
    Ok(())
}
