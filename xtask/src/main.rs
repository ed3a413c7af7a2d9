//! One door to every task: `cargo xtask TASK`.

mod arm;
mod bench;
mod cargo;
mod chaos;
mod coverage;
mod debian;
mod demo;
mod device_tree;
mod dma;
mod dma_faults;
mod document;
mod engines;
mod fed_rate;
mod formal;
mod fuzz;
mod generate;
mod kmod_test;
mod loopback;
mod mutate;
mod prove;
mod replay;
mod rtl;
mod setup;
mod sim_net;
mod stages;
mod synth;
mod test;
mod zynq_qemu;

use anyhow::Result;
use clap::{Parser, Subcommand};
use demo::Engine;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "One door to every task of Deltascope", version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run the main job on real input: a workload and this machine, scanned, counted by an engine, read back
    Demo {
        /// Engine that counts
        #[arg(long, value_enum, default_value_t = Engine::Model)]
        engine: Engine,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Run every test of the bounded tier (sets up the machine first)
    Test,
    /// Run every bar at full length
    Full,
    /// Install the tools that the tests need (as root), or print the line that does
    Setup,
    /// Write what is generated from the abi crate
    Gen {
        /// Only compare, and fail when something is stale
        #[arg(long)]
        check: bool,
    },
    /// Compile the device tree overlays of the board and compare what they make of a Zynq with the abi crate
    DeviceTree,
    /// Replay a file of bare 16-byte records into an engine and print its counters and replies
    Replay {
        /// File of records
        #[arg(long)]
        raw: std::path::PathBuf,
        /// Engine that counts
        #[arg(long, value_enum, default_value_t = Engine::Model)]
        engine: Engine,
        /// Print one JSON object (the only format there is)
        #[arg(long)]
        json: bool,
    },
    /// Time what there is to time
    Bench {
        /// Short runs
        #[arg(long)]
        quick: bool,
    },
    /// Emit the Verilog from the rust-hdl sources
    Emit {
        /// Only compare with the committed Verilog, and fail when it is stale
        #[arg(long)]
        check: bool,
    },
    /// Lint the sources and the emitted Verilog
    Lint,
    /// Estimate size and depth of the default build, and of builds with other numbers of lanes, in yosys
    Synth(document::Arguments),
    /// Count which lines and bits of the emitted Verilog the lockstep traffic reaches
    Coverage(document::Arguments),
    /// Draw the waveforms of rtl/docs from traces of the Verilated engine
    Waves {
        /// Only compare with the committed pictures, and fail when one is stale
        #[arg(long)]
        check: bool,
    },
    /// Check the proofs of the algebra in Coq, and that none of them rests on an assumption
    Prove {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Prove the properties in rtl/formal about the emitted Verilog
    Formal(formal::Arguments),
    /// Put faults into the emitted Verilog, and demand that lockstep or a proof sees each, or that it is none
    Mutate(document::Arguments),
    /// Run the capture module in a real kernel in QEMU, with the agent in the guest and the board server on this host
    KmodTest(kmod_test::Arguments),
    /// Install, build with DKMS, sign and configure the capture module for real, and try it in a guest with udev (as root)
    KmodPackage {
        /// Kernel: 6.1 or 6.12
        #[arg(long, value_name = "VERSION")]
        kernel: String,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Count the instructions that the capture module adds to a fault and to a send, for docs/performance.md
    KmodCost {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Time the stream over loopback, plain and through TLS, with the daemon as its own process
    Loopback {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
        /// Seconds of each measurement
        #[arg(long, default_value_t = 10)]
        seconds: u64,
    },
    /// Build the board daemon for armhf Linux, and run the portable tests under qemu-arm
    Arm {
        /// Where the ARM standard library comes from; by default what is there
        #[arg(long, value_enum)]
        compiler: Option<arm::cross::Compiler>,
    },
    /// Boot Linux on a Zynq in QEMU, with the daemon on the Verilated logic behind UIO, and stream to it
    ZynqQemu {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Run both ends of the protocol over a simulated, faulty network
    SimNet {
        /// Number of schedules
        #[arg(long, default_value_t = 10_000)]
        schedules: u64,
        /// First seed; a failing one is printed and repeats exactly
        #[arg(long)]
        seed: Option<u64>,
        /// Fault to plant between the two ends; it must be found
        #[arg(long)]
        plant: Option<String>,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Kill, cut, stall, flood and crowd agent and board server over real sockets, and compare with a third process
    Chaos(chaos::Arguments),
    /// The same with TLS and without in turns and several agents on one board, for a time
    Soak {
        /// Minutes
        #[arg(long, default_value_t = 10)]
        minutes: u64,
        /// Start of the random numbers
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Fuzz every decoder and both ends of the protocol
    Fuzz {
        /// Seconds in all
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// Put every fault of the AXI DMA, its wiring and its configuration before the driver
    DmaFaults {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Simulate how much of the 64-bit port the AXI DMA uses, for docs/performance.md
    FedRate {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
        /// Only compare the table in the document, and fail when it is stale
        #[arg(long)]
        check: bool,
    },
    /// Run one suite of records over every engine, and compare snapshots and replies
    Engines {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Run the emitted Verilog in lockstep with the model
    Lockstep {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
        /// The full length of the bar
        #[arg(long)]
        long: bool,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().task {
        Task::Demo { engine, json } => demo::run(engine, json),
        Task::Test => test::bounded(),
        Task::Full => test::full(),
        Task::Setup => setup::with_kernels(),
        Task::Gen { check } => generate::run(check),
        Task::DeviceTree => device_tree::run(),
        Task::Replay { raw, engine, json: _ } => replay::run(&raw, engine),
        Task::Bench { quick } => bench::run(quick),
        Task::Emit { check } => rtl::emit(check),
        Task::Lint => rtl::lint(),
        Task::Synth(arguments) => synth::run(&arguments),
        Task::Coverage(arguments) => coverage::run(&arguments),
        Task::Waves { check } => coverage::waves(check),
        Task::Prove { json } => prove::run(json),
        Task::Formal(arguments) => formal::execute(&arguments),
        Task::Mutate(arguments) => mutate::run(&arguments),
        Task::KmodTest(arguments) => kmod_test::run(&arguments),
        Task::KmodPackage { kernel, json } => kmod_test::packaging::package(&kernel, json),
        Task::KmodCost { json } => kmod_test::cost::cost(json),
        Task::Loopback { json, seconds } => loopback::run(json, seconds),
        Task::Arm { compiler } => arm::run(compiler),
        Task::ZynqQemu { json } => zynq_qemu::run(json),
        Task::SimNet { schedules, seed, plant, json } => sim_net::run(schedules, seed, plant.as_deref(), json),
        Task::Chaos(arguments) => chaos::run(&arguments),
        Task::Soak { minutes, seed, json } => chaos::soak(minutes, seed, json),
        Task::Fuzz { seconds } => fuzz::run(seconds),
        Task::DmaFaults { json } => dma_faults::execute(json),
        Task::FedRate { json, check } => fed_rate::execute(json, check),
        Task::Engines { json } => engines::execute(json, zynq_qemu::runners()?),
        Task::Lockstep { json, long } => rtl::lockstep(json, long),
    }
}
