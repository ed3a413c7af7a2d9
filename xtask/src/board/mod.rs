//! `cargo xtask board`: tasks on the board: its daemon, the emulated Zynq, the DMA, the device tree.

pub mod arm;
mod bitstream;
pub mod cost;
pub mod device_tree;
pub mod dist;
mod dma;
pub mod dma_faults;
pub mod engines;
pub mod fed_rate;
pub mod firmware;
pub mod flash;
pub mod hls_csim;
pub mod ps7;
mod runner;
pub mod verilog;
pub mod vivado_check;
pub mod zynq;

use anyhow::Result;
use clap::Subcommand;

/// Tasks of this group.
#[derive(Subcommand)]
pub enum Task {
    /// Build the board daemon for armhf Linux, and run the portable tests under qemu-arm
    Arm(arm::Arguments),
    /// Boot Linux on a Zynq in QEMU, with the daemon on the Verilated logic behind UIO, and stream to it
    Zynq(zynq::Arguments),
    /// Run one suite of records over every engine, and compare snapshots and replies
    Engines(engines::Arguments),
    /// Put every fault of the AXI DMA, its wiring and its configuration before the driver
    DmaFaults(dma_faults::Arguments),
    /// Simulate how much of the 64-bit port the AXI DMA uses
    FedRate(fed_rate::Arguments),
    /// Compile the device tree overlays and compare what they make of a Zynq with the abi crate
    DeviceTree,
    /// Build the bare-metal image, set what `--set` names, and print its sections
    Fw(firmware::Arguments),
    /// Decode the log of the bare-metal image from standard input, the bytes of its UART
    FwLog(firmware::LogArguments),
    /// Boot the bare-metal image in QEMU with the Verilated logic, stream to it, and make every fault of its table
    FwTest(firmware::test::Arguments),
    /// Count bytes, instructions until the first event and instructions an event of the bare-metal image, in unicorn
    FwCost(firmware::cost::Arguments),
    /// Count the instructions of the copies into and out of the DMA's buffers, in the bare-metal image
    CopyCost(firmware::copy_cost::Arguments),
    /// Count the instructions that an event costs the board's processor in the daemon, by path and function
    Cost(cost::Arguments),
    /// Simulate the fingerprint kernel for Vitis HLS in C, against the crate crc32c, and find planted faults
    HlsCsim(hls_csim::Arguments),
    /// Run the Tcl of the bitstream without Vivado, judge the design that it makes, and find planted faults
    VivadoCheck(vivado_check::Arguments),
    /// Assemble what a board boots: BOOT.BIN, bitstream, device tree, checksums
    Dist(dist::Arguments),
    /// Load the bitstream over JTAG, or copy what a board boots onto a card
    Flash(flash::Arguments),
}

/// Runs a task of this group.
pub fn run(task: Task) -> Result<()> {
    match task {
        Task::Arm(arguments) => arm::run(&arguments),
        Task::Zynq(arguments) => zynq::run(&arguments),
        Task::Engines(arguments) => engines::run(&arguments),
        Task::DmaFaults(arguments) => dma_faults::run(&arguments),
        Task::FedRate(arguments) => fed_rate::run(&arguments),
        Task::DeviceTree => device_tree::run(),
        Task::Fw(arguments) => firmware::run(&arguments),
        Task::FwLog(arguments) => firmware::log(&arguments),
        Task::FwTest(arguments) => firmware::test::run(&arguments),
        Task::FwCost(arguments) => firmware::cost::run(&arguments),
        Task::CopyCost(arguments) => firmware::copy_cost::run(&arguments),
        Task::Cost(arguments) => cost::run(&arguments),
        Task::HlsCsim(arguments) => hls_csim::run(&arguments),
        Task::VivadoCheck(arguments) => vivado_check::run(&arguments),
        Task::Dist(arguments) => dist::run(&arguments),
        Task::Flash(arguments) => flash::run(&arguments),
    }
}
