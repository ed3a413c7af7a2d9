//! `cargo xtask board copy-cost`: instructions of the processor's copies into and out of the DMA's buffers, with the
//! maintenance of the caches by line.
//!
//! The bare-metal image measures itself in QEMU with `-icount shift=0`, where an instruction takes a nanosecond and a tick
//! of the global timer ten. Neither caches nor buses are simulated: what an access to uncached memory costs beyond its
//! instruction does not show, so the table counts the transfers on the bus beside.

use anyhow::{Context, Result};
use serde_json::json;
use std::time::Duration;

use super::image::{self, Image};
use super::machine::{Machine, Network, Plan};
use crate::board::arm::cross::Compiler;
use crate::cargo::{build, release_folder};
use crate::document::Table;
use crate::emulator;

/// Where the table goes.
const TABLE: Table = Table { page: "docs/performance.md", name: "copy-cost", tools: &[] };
/// Longest time for the image to measure itself, on a machine that does much else.
const LIMIT: Duration = Duration::from_secs(180);
/// Instructions of a tick: the timer counts at 100 MHz.
const INSTRUCTIONS_PER_TICK: f64 = 10.0;
/// Bytes of a record, and of a cache line of the Cortex-A9.
const RECORD: f64 = 16.0;
const LINE: f64 = 32.0;

/// Options of the task.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Where the ARM core library comes from; by default what is there
    #[arg(long, value_enum)]
    compiler: Option<Compiler>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Instructions: of a record for the copies, of a line for the maintenance.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Costs {
    copy_out: f64,
    hand_to_device: f64,
    hand_to_cpu: f64,
    copy_in: f64,
}

/// Reads the lines that the image logs.
fn parse(lines: &[String]) -> Result<Costs> {
    let cost = |name: &str, each: f64| -> Result<f64> {
        let numbers = lines.iter().find_map(|line| {
            let (bytes, rest) = line.split_once(&format!("COPY {name} "))?.1.split_once(" bytes ")?;
            let ticks = rest.split_once(" ticks")?.0;
            Some((bytes.parse::<f64>().ok()?, ticks.parse::<f64>().ok()?))
        });
        let (bytes, ticks) =
            numbers.with_context(|| format!("expected a line `COPY {name} N bytes N ticks`, found none"))?;
        Ok(ticks * INSTRUCTIONS_PER_TICK * each / bytes)
    };
    Ok(Costs {
        copy_out: cost("out", RECORD)?,
        hand_to_device: cost("hand-to-device", LINE)?,
        hand_to_cpu: cost("hand-to-cpu", LINE)?,
        copy_in: cost("in", RECORD)?,
    })
}

fn measure(compiler: Option<Compiler>) -> Result<Costs> {
    emulator::provide(emulator::SYSTEM_ARM)?;
    let image = Image::build(compiler)?;
    build(&["-p", "deltascope-firmware-log"])?;
    let folder = image::folder().join("run");
    std::fs::create_dir_all(&folder)?;
    let elf = image.with_settings(&["engine=mailbox", "test=copy"])?.write("copy.elf")?;
    let decoder = release_folder()?.join("deltascope-firmware-log");
    let plan = Plan {
        elf: &elf,
        first_stage: None,
        decoder: &decoder,
        logic: None,
        name: "copy",
        folder: &folder,
        network: Network::Direct,
        flash: None,
        counts_instructions: true,
        ends_at_reset: false,
    };
    let mut machine = Machine::start(&plan)?;
    machine.wait_for("COPY end", LIMIT)?;
    parse(&machine.logged)
}

fn table(costs: &Costs) -> String {
    let Costs { copy_out, hand_to_device, hand_to_cpu, copy_in } = costs;
    let records = LINE / RECORD;
    format!(
        "| buffer | instructions for 32 bytes of records | for 32 bytes of replies | transfers on the bus, each way |\n\
         |---|---|---|---|\n\
         | uncached window | {:.1} | {:.1} | 8 of a word |\n\
         | cached, maintained by line | {:.1} + {hand_to_device:.1} | {:.1} + {hand_to_cpu:.1} | 1 of a line |\n",
        copy_out * records,
        copy_in * records,
        copy_out * records,
        copy_in * records,
    )
}

/// Measures, and writes or compares the table.
pub fn document(check: bool) -> Result<()> {
    TABLE.put(&table(&measure(None)?), check)
}

/// Measures and prints.
pub fn run(arguments: &Arguments) -> Result<()> {
    let costs = measure(arguments.compiler)?;
    if !arguments.json {
        print!("simulated, QEMU -icount; no times\n\n{}", table(&costs));
        return Ok(());
    }
    let Costs { copy_out, hand_to_device, hand_to_cpu, copy_in } = costs;
    println!(
        "{}",
        json!({"label": "simulated", "simulated_instructions": {
            "copy_of_a_record_into_the_buffer": copy_out,
            "maintenance_of_a_line_before_the_dma": hand_to_device,
            "maintenance_of_a_line_before_the_processor": hand_to_cpu,
            "copy_of_a_reply_out_of_the_buffer": copy_in,
        }})
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Costs, parse, table};

    #[test]
    fn ticks_become_instructions_of_a_record_and_of_a_line() {
        let line = |name: &str, ticks: u32| format!("0.1 INFO COPY {name} 65536 bytes {ticks} ticks");
        let lines = [line("out", 4096), line("hand-to-device", 2048), line("hand-to-cpu", 1024), line("in", 8192)];
        let costs = parse(&lines).expect("every line");
        assert_eq!(costs, Costs { copy_out: 10.0, hand_to_device: 10.0, hand_to_cpu: 5.0, copy_in: 20.0 });
        assert!(table(&costs).contains("| cached, maintained by line | 20.0 + 10.0 | 40.0 + 5.0 |"));
        assert!(parse(&lines[1..]).expect_err("a line is missing").to_string().contains("COPY out"));
    }
}
