//! Serves the programmable logic of an emulated Zynq: `zynq_pl MODE DDR QMP QTEST`, with MODE `direct` or `sg`.
//!
//! Makes the file DDR, says `serving` on standard output, connects to QEMU's sockets, and serves until its standard
//! input ends. Then it prints what it did as one JSON object.

use std::error::Error;
use std::io::{Read, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use deltascope_sim::axi_dma::DmaConfig;
use deltascope_sim::zynq::line::Line;
use deltascope_sim::zynq::serve::{Places, Server};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("zynq_pl: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [mode, ddr, qmp, qtest] = arguments.as_slice() else {
        return Err(format!("expected MODE DDR QMP QTEST, found {} arguments", arguments.len()).into());
    };
    let scatter_gather = match mode.as_str() {
        "direct" => false,
        "sg" => true,
        other => return Err(format!("MODE: expected direct or sg, found {other:?}").into()),
    };
    let places = Places { ddr: ddr.into(), qmp: qmp.into(), qtest: qtest.into() };
    let mut server = Server::new(&places, DmaConfig::board(scatter_gather))?;
    println!("serving");
    std::io::stdout().flush()?;
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    std::thread::spawn(move || {
        // Whatever is said, and an error too, means that nobody is left who wants more.
        let _ = std::io::stdin().lock().read(&mut [0]);
        told.store(true, Ordering::Relaxed);
    });
    let mut line = Line::connect(&places.qmp, &places.qtest)?;
    let outcome = server.run(&mut line, &stop);
    println!("{}", server.report(&line));
    Ok(outcome?)
}
