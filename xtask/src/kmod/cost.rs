//! `cargo xtask kmod cost`: the instructions that the module adds to a fault and to a send.
//!
//! QEMU's `-icount shift=0` gives the guest a clock that moves by one nanosecond, and a time-stamp counter that moves
//! by one, with every instruction. The workload reads that counter around its events. These are instruction counts of
//! a simulated machine, and no times: caches, misses and the width of the pipeline are not in them.

use anyhow::{Context, Result, bail};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use super::guest::Guest;
use super::packages::{self, Kernel};
use super::{file_system, programs};
use crate::cargo::root;
use crate::document::Table;
use crate::{emulator, setup};

/// Where the counts are written down. They are of the kernels, not of a tool.
const TABLE: Table = Table { page: "docs/performance.md", name: "kmod-cost", tools: &[] };
const LIMIT: Duration = Duration::from_secs(300);
const MODES: [&str; 6] = ["without", "off", "left_out", "captured", "hashed", "content"];
const EVENTS: [(&str, &str); 7] = [
    ("copy_1000", "fault that copies a page"),
    ("reuse_1000", "write fault that copies nothing"),
    ("exit_1000", "copied page, with its share of fork, exit and judgement"),
    ("send_100", "send of 100 bytes"),
    ("send_1000", "send of 1,000 bytes"),
    ("send_16000", "send of 16,000 bytes"),
    ("response_1000", "send of 1,000 bytes, an HTTP head of 200 among them"),
];

/// Instructions per event, by event and mode.
type Costs = BTreeMap<(String, String), f64>;

fn parse(console: &str) -> Result<Costs> {
    let mut costs = Costs::new();
    for line in console.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        if let ["COST", mode, event, "ticks", ticks, "events", events] = words.as_slice() {
            let each = ticks.parse::<u64>()? as f64 / events.parse::<u64>()? as f64;
            let least = costs.entry(((*event).to_owned(), (*mode).to_owned())).or_insert(f64::INFINITY);
            *least = least.min(each);
        }
    }
    for (event, _) in EVENTS {
        for mode in MODES {
            let key = (event.to_owned(), mode.to_owned());
            if !costs.contains_key(&key) {
                bail!("expected a line `COST {mode} {event}` on the console, found none");
            }
        }
    }
    Ok(costs)
}

fn measure(kernel: Kernel) -> Result<Costs> {
    let unpacked = packages::unpack(kernel)?;
    let folder = packages::cache().join(format!("cost-{}", kernel.name()));
    std::fs::create_dir_all(&folder)?;
    let workload = folder.join("workload");
    programs::workload(&workload)?;
    let files = [
        ("deltascope.ko".to_owned(), programs::module(&unpacked, &folder.join("module"))?),
        ("bin/workload".to_owned(), workload),
    ];
    let initrd = folder.join("initrd");
    std::fs::write(&initrd, file_system(&unpacked, &files, &root().join("kmod/test/init-cost.sh"))?)?;
    let console = folder.join("console.log");
    let guest = Guest {
        image: &unpacked.image,
        initrd: &initrd,
        console: &console,
        environment: &[],
        counted: true,
        limit: LIMIT,
    };
    parse(&guest.run()?).with_context(|| format!("console {}", console.display()))
}

fn table(kernels: &[(Kernel, Costs)]) -> String {
    let mut text = String::from(
        "| kernel | event | without the module | capture off | unit left out by sampling | captured \
         | captured, `send_limit` 16384 | the same by content | added when captured |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for (kernel, costs) in kernels {
        for (event, name) in EVENTS {
            let cost = |mode: &str| costs.get(&(event.to_owned(), mode.to_owned())).copied().unwrap_or(f64::NAN);
            let cells = MODES.map(|mode| format!("{:.0}", cost(mode))).join(" | ");
            // Without the sign of a zero.
            let added = (cost("captured") - cost("without")).round() + 0.0;
            // Writing to a String cannot fail.
            let _ = writeln!(text, "| {} | {name} | {cells} | {added:.0} |", kernel.name());
        }
    }
    text
}

/// Options of the task.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Counts the instructions of every event on every kernel.
fn count() -> Result<Vec<(Kernel, Costs)>> {
    setup::provide(setup::CAPTURE)?;
    emulator::provide(emulator::SYSTEM_X86)?;
    let mut kernels = Vec::new();
    for kernel in [Kernel::V6_1, Kernel::V6_12] {
        kernels.push((kernel, measure(kernel)?));
    }
    Ok(kernels)
}

/// Counts, and writes or compares the table.
pub fn document(check: bool) -> Result<()> {
    TABLE.put(&table(&count()?), check)
}

/// Counts and prints.
pub fn run(arguments: &Arguments) -> Result<()> {
    let kernels = count()?;
    if !arguments.json {
        print!("instructions an event (simulated, QEMU -icount; no times)\n\n{}", table(&kernels));
        return Ok(());
    }
    let rows: Vec<_> = kernels
        .iter()
        .flat_map(|(kernel, costs)| {
            costs.iter().map(|((event, mode), each)| {
                json!({"kernel": kernel.name(), "event": event, "mode": mode, "instructions": each})
            })
        })
        .collect();
    println!("{}", json!({"simulated_instructions_per_event": rows}));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{EVENTS, MODES, parse};

    #[test]
    fn the_least_of_several_runs_counts_and_a_missing_one_is_an_error() {
        let mut console = String::new();
        for (event, _) in EVENTS {
            for mode in MODES {
                for ticks in [300, 200, 400] {
                    console.push_str(&format!("COST {mode} {event} ticks {ticks} events 100\n"));
                }
            }
        }
        let costs = parse(&console).expect("all lines");
        assert!(costs.len() == EVENTS.len() * MODES.len() && costs.values().all(|&each| each == 2.0));
        let missing = console.replace("COST off send_100 ", "COST off send_101 ");
        assert!(parse(&missing).expect_err("a line is missing").to_string().contains("off send_100"));
    }
}
