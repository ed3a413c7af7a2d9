//! `cargo xtask board fw-cost`: what the bare-metal image costs: bytes by section, instructions until the first accepted
//! event, and instructions for an event by what they do.
//!
//! The image runs in unicorn on the Verilated logic and counts the events of an agent. Two runs differ in their number of
//! events; the difference is what an event costs, without start and handshake. An instruction is no clock: caches and buses
//! are not simulated.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::fmt::Write;

use super::cosim::Cosim;
use super::image::{Image, Section};
use crate::board::arm::cross::Compiler;
use crate::board::cost::profile::{self, Profile};
use crate::document::Table;
use crate::setup;

/// Where the table goes.
const PAGE: &str = "docs/firmware.md";
const NAME: &str = "firmware-cost";
/// Events of the two runs.
const EVENTS: [u64; 2] = [1 << 15, 3 << 15];
/// What functions do, by a part of their name; the first that fits counts. What fits none is `other`.
const STAGES: [(&str, &[&str]); 6] = [
    ("CRC32C", &["crc32c", "abi::crc"]),
    ("copies", &["memcpy", "memmove", "__aeabi_mem", "memset", "compiler_builtins::mem"]),
    ("TCP/IP and Ethernet", &["smoltcp", "rings::", "eth::", "station::"]),
    ("cache maintenance", &["cache::", "CachedBuffer::maintain", "CachedBuffer>::maintain"]),
    ("engine and DMA drivers", &["deltascope_driver"]),
    ("frames and checks", &["deltascope_protocol", "deltascope_abi", "deltascope_model"]),
];
/// Functions that are named in the output, the most expensive first.
const NAMED: usize = 16;

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

/// What was counted.
struct Cost {
    image: Image,
    sections: Vec<Section>,
    /// The report of the shorter run.
    run: Value,
    per_event: Profile,
}

impl Cost {
    fn measure(compiler: Option<Compiler>) -> Result<Cost> {
        setup::provide(setup::ARM)?;
        let cosim = Cosim::build(compiler)?;
        let [few, many] = EVENTS;
        let (run, before) = cosim.stream(few)?;
        let (_, after) = cosim.stream(many)?;
        let program = cosim.image.write("cost.elf")?;
        let (before, after) = (profile::read(&program, &before)?, profile::read(&program, &after)?);
        let per_event = profile::per_event(&before, &after, many - few);
        Ok(Cost { sections: cosim.image.sections()?, image: cosim.image, run, per_event })
    }

    /// Instructions of an event by stage, in the order of [`STAGES`], then the rest.
    fn stages(&self) -> Vec<(&'static str, f64)> {
        stages(&self.per_event)
    }

    fn instructions(&self) -> f64 {
        self.per_event.values().sum()
    }

    /// Instructions from the first one to a moment of the run.
    fn until(&self, moment: &str) -> Result<u64> {
        self.run[moment]["instructions"].as_u64().with_context(|| format!("expected instructions until `{moment}`"))
    }

    fn loaded(&self) -> u64 {
        self.sections.iter().filter(|section| section.is_loaded).map(|section| section.bytes).sum()
    }

    fn dearest(&self) -> Vec<(&str, f64)> {
        let mut functions: Vec<_> = self.per_event.iter().map(|(name, count)| (name.as_str(), *count)).collect();
        functions.sort_by(|a, b| b.1.total_cmp(&a.1));
        functions.truncate(NAMED);
        functions
    }

    fn json(&self) -> Value {
        let sections = self.sections.iter();
        let sections: Vec<_> =
            sections.map(|row| json!({"section": row.name, "bytes": row.bytes, "loaded": row.is_loaded})).collect();
        let stages: serde_json::Map<_, _> =
            self.stages().into_iter().map(|(name, count)| (name.to_owned(), json!(count))).collect();
        let functions: serde_json::Map<_, _> =
            self.dearest().into_iter().map(|(name, count)| (name.to_owned(), json!(count))).collect();
        json!({
            "label": "simulated", "compiler": self.image.compiler,
            "sections": sections, "loaded_bytes": self.loaded(), "run": self.run,
            "simulated_instructions_per_event": self.instructions(), "by_stage": stages, "functions": functions,
        })
    }

    fn table(&self) -> Result<String> {
        let mut text = String::from("| what | count |\n|---|---|\n");
        let mut row = |name: &str, count: String| writeln!(text, "| {name} | {count} |");
        for section in self.sections.iter().filter(|section| section.is_loaded) {
            row(&format!("bytes of `{}`", section.name), section.bytes.to_string())?;
        }
        row("bytes that are loaded", self.loaded().to_string())?;
        let millions = |count: u64| format!("{:.1} M", count as f64 / 1e6);
        row("instructions until `SERVING`", millions(self.until("serving")?))?;
        row("instructions until the first event is accepted", millions(self.until("first_accepted")?))?;
        for (name, count) in self.stages() {
            row(&format!("instructions an event: {name}"), format!("{count:.0}"))?;
        }
        row("instructions an event", format!("{:.0}", self.instructions()))?;
        Ok(text)
    }
}

fn stages(per_event: &Profile) -> Vec<(&'static str, f64)> {
    let mut stages: Vec<_> = STAGES.iter().map(|(name, _)| (*name, 0.0)).chain([("other", 0.0)]).collect();
    for (function, count) in per_event {
        let fits = |(_, words): &(&str, &[&str])| words.iter().any(|word| function.contains(word));
        stages[STAGES.iter().position(fits).unwrap_or(STAGES.len())].1 += count;
    }
    stages
}

/// Measures, and writes or compares the table.
pub fn document(check: bool) -> Result<()> {
    let cost = Cost::measure(None)?;
    let table = Table { page: PAGE, name: NAME, tools: cost.image.tools };
    table.put(&cost.table()?, check)
}

/// Instructions an event, as the table has them.
pub fn written() -> Result<f64> {
    let table = Table { page: PAGE, name: NAME, tools: &[] }.written()?;
    let count = table.lines().find_map(|line| line.strip_prefix("| instructions an event |"));
    let count = count.and_then(|count| count.trim_matches([' ', '|']).parse().ok());
    count.with_context(|| format!("{PAGE}: expected a row `instructions an event`, found none"))
}

/// Measures and prints.
pub fn run(arguments: &Arguments) -> Result<()> {
    let cost = Cost::measure(arguments.compiler)?;
    if arguments.json {
        println!("{:#}", cost.json());
        return Ok(());
    }
    print!("simulated in unicorn on the Verilated logic; no times\n\n{}\n", cost.table()?);
    cost.dearest().iter().for_each(|(function, count)| println!("{count:9.2}  {function}"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::stages;

    #[test]
    fn functions_are_put_under_what_they_do() {
        let functions = [
            ("smoltcp::iface::interface::Interface::poll".to_owned(), 30.0),
            ("deltascope_driver::engine::submit".to_owned(), 20.0),
            ("<deltascope_protocol::server::Server<E>>::receive".to_owned(), 40.0),
            ("main".to_owned(), 2.0),
        ];
        let found = stages(&functions.into());
        let stage = |name: &str| found.iter().find(|(stage, _)| *stage == name).map(|(_, count)| *count);
        assert_eq!(stage("TCP/IP and Ethernet"), Some(30.0));
        assert_eq!(stage("engine and DMA drivers"), Some(20.0));
        assert_eq!((stage("frames and checks"), stage("other")), (Some(40.0), Some(2.0)));
    }
}
