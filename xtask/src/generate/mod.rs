//! `cargo xtask gen`: everything that is generated, and the check that what is committed is fresh.

mod agent_pages;
mod c_header;
mod device_tree;
mod emulated_tree;
mod picture;
mod proof_header;
mod registers_page;
mod tcl;
mod vectors;
mod wrapper;

use crate::cargo::root;
use crate::{bench, board, kmod, rtl};
use anyhow::{Context, Result, bail};
use std::fs;
use std::time::Instant;

/// Something that is generated.
struct Generated {
    /// Name for `--only`.
    name: &'static str,
    /// What it is.
    what: &'static str,
    /// It needs a measurement, a simulation or proofs that take minutes.
    measured: bool,
    /// Writes it, or with `true` compares it.
    make: fn(bool) -> Result<()>,
}

/// Everything, in the order in which it is made.
const ALL: [Generated; 18] = [
    Generated { name: "abi", what: "headers, pages and device trees of the abi crate", measured: false, make: abi },
    Generated { name: "vectors", what: "protocol/vectors", measured: false, make: vectors::vectors },
    Generated {
        name: "agent-pages",
        what: "host-agent/man, host-agent/completions",
        measured: false,
        make: agent_pages::pages,
    },
    Generated { name: "verilog", what: "rtl/verilog", measured: false, make: rtl::committed_verilog },
    Generated { name: "waves", what: "rtl/docs/waves", measured: false, make: rtl::coverage::waves },
    Generated { name: "picture", what: "docs/img/demo.svg", measured: false, make: picture::picture },
    Generated {
        name: "ladder",
        what: "tables of rates, from bench/results/latest.json",
        measured: false,
        make: bench::tables,
    },
    Generated { name: "proofs", what: "table of proofs", measured: false, make: rtl::formal::document::names },
    Generated { name: "formal", what: "table of proofs, times", measured: true, make: rtl::formal::document_times },
    Generated { name: "mutate", what: "table of faults", measured: true, make: rtl::mutate::document },
    Generated { name: "coverage", what: "table of coverage", measured: true, make: rtl::coverage::document },
    Generated { name: "synth", what: "tables of size and depth", measured: true, make: rtl::synth::document },
    Generated { name: "fed-rate", what: "table of the fed rate", measured: true, make: board::fed_rate::document },
    Generated {
        name: "copy-cost",
        what: "table of copies",
        measured: true,
        make: board::firmware::copy_cost::document,
    },
    Generated {
        name: "firmware-cost",
        what: "table of the bare-metal image: bytes and instructions",
        measured: true,
        make: board::firmware::cost::document,
    },
    Generated {
        name: "board-cost",
        what: "table of instructions of the board",
        measured: true,
        make: board::cost::document,
    },
    Generated { name: "kmod-cost", what: "table of instructions", measured: true, make: kmod::cost::document },
    Generated { name: "demo", what: "docs/img/demo.txt", measured: true, make: picture::output },
];

/// Options of the task.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Only compare, and fail when something is stale
    #[arg(long)]
    pub check: bool,
    /// Also the tables whose figures need a measurement, a simulation or proofs: hours in all
    #[arg(long)]
    pub measured: bool,
    /// Only these, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', conflicts_with = "measured", value_parser = names())]
    pub only: Vec<String>,
}

fn names() -> clap::builder::PossibleValuesParser {
    ALL.iter().map(|part| clap::builder::PossibleValue::new(part.name).help(part.what)).collect::<Vec<_>>().into()
}

/// Writes or compares what the options name.
pub fn run(arguments: &Arguments) -> Result<()> {
    let wanted = |part: &&Generated| match arguments.only.is_empty() {
        true => arguments.measured || !part.measured,
        false => arguments.only.iter().any(|name| name == part.name),
    };
    for part in ALL.iter().filter(wanted) {
        let start = Instant::now();
        (part.make)(arguments.check).with_context(|| format!("gen --only {}", part.name))?;
        let state = if arguments.check { "fresh" } else { "written" };
        println!("{}: {state} in {:.1} s ({})", part.name, start.elapsed().as_secs_f64(), part.what);
    }
    Ok(())
}

/// Compares one part.
pub fn check(name: &str) -> Result<()> {
    run(&Arguments { check: true, measured: false, only: vec![name.to_owned()] })
}

/// Writes the files that are made from the abi crate, or with `check` compares them.
fn abi(check: bool) -> Result<()> {
    let files = [
        ("docs/registers.md", registers_page::text()),
        ("abi/include/deltascope_ring.h", c_header::text()),
        ("host-agent/bpf/deltascope_ring.h", c_header::text()),
        ("host-agent/bpf/deltascope_bpf.h", c_header::bpf_text()),
        ("rtl/formal/generated/deltascope_abi.svh", proof_header::text()),
        ("vivado/generated/deltascope_abi.tcl", tcl::text()),
        ("boards/zynq7020/generated/engine.dtsi", device_tree::engine_node()),
        ("boards/zynq7020/generated/engine-udmabuf.dtsi", device_tree::engine_node_without_buffers()),
        ("boards/zynq7020/generated/udmabuf.dtsi", device_tree::udmabuf_node()),
        ("boards/zynq7020/generated/fingerprint.dtsi", device_tree::fingerprint_node()),
        ("boards/zynq7020/generated/bitstream.dtsi", device_tree::bitstream_property()),
        ("boards/zynq7020/generated/buffers.dtsi", device_tree::buffers_node()),
        ("boards/zynq7020/generated/clock.dtsi", device_tree::clock_property()),
        ("boards/zynq7020/qemu/generated/mailbox.dtsi", emulated_tree::mailbox_node()),
        ("boards/zynq7020/qemu/generated/mailbox-memory.dtsi", emulated_tree::mailbox_memory()),
        ("boards/zynq7020/qemu/generated/ddr.dtsi", emulated_tree::ddr_node()),
        ("vivado/generated/deltascope_board.v", wrapper::text()?),
        ("vivado/generated/sources.txt", wrapper::sources()?),
        ("vivado/generated/deltascope_fingerprint.v", wrapper::fingerprint()?),
        ("vivado/generated/fingerprint_sources.txt", wrapper::fingerprint_sources()?),
    ];
    let mut stale = Vec::new();
    for (name, text) in &files {
        let path = root().join(name);
        if fs::read_to_string(&path).ok().as_ref() == Some(text) {
            continue;
        }
        if check {
            stale.push(*name);
        } else {
            fs::create_dir_all(path.parent().unwrap_or(&path))?;
            fs::write(&path, text).with_context(|| format!("writing {name}"))?;
            println!("wrote {name}");
        }
    }
    if !stale.is_empty() {
        bail!("not what the abi crate declares: {}; run `cargo xtask gen` and commit the result", stale.join(", "));
    }
    Ok(())
}
