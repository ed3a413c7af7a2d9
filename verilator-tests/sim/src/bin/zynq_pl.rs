//! Serves the programmable logic of an emulated Zynq.
//!
//! Makes the file of its memory, prints `serving` on standard output, connects to QEMU's sockets, and serves until its standard
//! input ends. Then it prints what it did as one JSON object.

use std::error::Error;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Parser, ValueEnum};
use deltascope_sim::axi_dma::DmaConfig;
use deltascope_sim::zynq::line::Line;
use deltascope_sim::zynq::serve::{Places, Server};

/// Serves the programmable logic of an emulated Zynq
#[derive(Parser)]
struct Arguments {
    /// Mode of the AXI DMA
    mode: Mode,
    /// File of the memory, which is made
    ddr: PathBuf,
    /// Socket of QEMU's machine protocol
    qmp: PathBuf,
    /// Socket of QEMU's test protocol
    qtest: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    Direct,
    Sg,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("zynq_pl: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let Arguments { mode, ddr, qmp, qtest } = arguments;
    let scatter_gather = mode == Mode::Sg;
    let places = Places { ddr, qmp, qtest };
    let mut server = Server::new(&places, DmaConfig::board(scatter_gather))?;
    println!("serving");
    std::io::stdout().flush()?;
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    std::thread::spawn(move || {
        // Any input, and an error too, means that the parent has ended.
        let _ = std::io::stdin().lock().read(&mut [0]);
        flag.store(true, Ordering::Relaxed);
    });
    let mut line = Line::connect(&places.qmp, &places.qtest)?;
    let outcome = server.run(&mut line, &stop);
    println!("{}", server.report(&line));
    Ok(outcome?)
}
