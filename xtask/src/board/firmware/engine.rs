//! The engine of an image in QEMU, for the suite over every engine.

use anyhow::{Context, Result};
use deltascope_firmware_core::remote::{self, RemoteEngine};
use deltascope_model::Engine;
use deltascope_model::raw::replay_raw_within;
use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::programs::{LIMIT, Programs};
use crate::board::runner::Runner;

/// Returns the image as an engine. It boots when it is asked for the first time.
pub fn runner() -> Result<Runner> {
    let programs = Programs::build(None)?;
    let machine = RefCell::new(None);
    Ok(Runner::new("firmware, scatter-gather", move |records| {
        let mut machine = machine.borrow_mut();
        if machine.is_none() {
            let mut booted = programs.boot("engine", &["test=engine"])?;
            booted.wait_for_server(LIMIT)?;
            *machine = Some(booted);
        }
        let port = machine.as_ref().map(|machine| machine.port).context("expected an image, found none")?;
        let records = std::fs::read(records).with_context(|| format!("reading {}", records.display()))?;
        replay(port, &records)
    }))
}

/// Connects to the engine of an image. QEMU accepts a connection before the image does, and the image has one socket,
/// which listens again a moment after the last connection: so the first question may be asked again.
fn connect(port: u16) -> Result<impl Engine> {
    let end = Instant::now() + LIMIT;
    loop {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_nodelay(true)?;
        let exchange = move |request: &[u8]| {
            let mut exchange = || -> std::io::Result<(u8, Vec<u8>)> {
                stream.write_all(request)?;
                let mut head = [0; remote::HEAD];
                stream.read_exact(&mut head)?;
                let bytes = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
                let mut body = vec![0; bytes as usize];
                stream.read_exact(&mut body)?;
                Ok((head[0], body))
            };
            exchange().map_err(|error| error.to_string())
        };
        match RemoteEngine::open(exchange) {
            Ok(engine) => return Ok(engine),
            Err(error) if Instant::now() > end => return Err(error.into()),
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// Replays bare records into the engine of an image, and gives the report that `deltascope-boardd --raw` prints.
fn replay(port: u16, records: &[u8]) -> Result<Vec<u8>> {
    let mut engine = connect(port)?;
    let report = replay_raw_within(&mut &*records, &mut engine, LIMIT)?;
    let mut text = Vec::new();
    report.write_json(&mut text)?;
    // The daemon ends its report with a line of its own.
    text.push(b'\n');
    Ok(text)
}
