//! The number of starts in the flash of QEMU's board, over starts of QEMU.

use anyhow::{Context, Result, ensure};
use deltascope_firmware_core::boot_count::LAST_REGION;
use deltascope_protocol::frame::{self, Message};
use deltascope_testkit::frames::{encode, hello, take};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use super::machine::{FLASH_BYTES, Machine, Plan};
use super::programs::{LIMIT, Programs};

/// Where the image keeps the count unless its settings name another place.
const REGION: usize = LAST_REGION as usize;
/// Bytes of a record.
const RECORD: usize = 16;

/// Connects and returns the boot id. The nonce is always the same.
fn boot_id(port: u16) -> Result<u64> {
    let mut peer = TcpStream::connect(("127.0.0.1", port))?;
    peer.set_read_timeout(Some(LIMIT))?;
    peer.write_all(&encode(&Message::Hello(hello(1, 0, 0))))?;
    let (mut stream, mut part) = (Vec::new(), [0; 4096]);
    loop {
        while let Some(bytes) = take(&mut stream) {
            if let Message::Welcome(welcome) = frame::decode(&bytes)? {
                return Ok(welcome.boot_id);
            }
        }
        let count = peer.read(&mut part)?;
        ensure!(count > 0, "expected a Welcome, found the end of the connection");
        stream.extend_from_slice(&part[..count]);
    }
}

/// Boots with the flash as it is; returns the line about the count, and the boot id.
fn start(programs: &Programs, flash: &Path) -> Result<(String, u64)> {
    let elf = programs.elf("boot-count", &[])?;
    let mut machine = Machine::start(&Plan { flash: Some(flash), ..programs.plan("boot-count", &elf) })?;
    let line = machine.wait_for("BOOT COUNT", LIMIT)?;
    machine.wait_for_server(LIMIT)?;
    let id = boot_id(machine.port)?;
    machine.finish()?;
    Ok((line, id))
}

fn expect(line: &str, text: &str) -> Result<()> {
    ensure!(line.contains(text), "expected {text:?}, found {line:?}");
    Ok(())
}

/// Changes bytes of the flash while no board runs.
fn change(flash: &PathBuf, at: usize, with: &[u8]) -> Result<()> {
    let mut bytes = fs::read(flash).with_context(|| format!("reading {}", flash.display()))?;
    bytes[at..at + with.len()].copy_from_slice(with);
    Ok(fs::write(flash, bytes)?)
}

/// Two starts have two counts and two boot ids; a write that was cut, data of others, and an erased flash.
pub fn boot_count(programs: &Programs) -> Result<Value> {
    let flash = programs.folder.join("flash.bin");
    fs::write(&flash, vec![0xFF; FLASH_BYTES]).with_context(|| format!("writing {}", flash.display()))?;
    let (first, first_id) = start(programs, &flash)?;
    expect(&first, "BOOT COUNT 1, kept in flash")?;
    let (second, second_id) = start(programs, &flash)?;
    expect(&second, "BOOT COUNT 2, kept in flash")?;
    ensure!(first_id != second_id, "two starts with one nonce: expected two boot ids, found {first_id:#x} twice");
    // What a power cut leaves of the third record: its first bytes.
    change(&flash, REGION + 2 * RECORD, b"DLTC\x03")?;
    let (cut, _) = start(programs, &flash)?;
    expect(&cut, "BOOT COUNT 4, kept in flash")?;
    change(&flash, REGION, &[0xFF; 4 * RECORD])?;
    change(&flash, REGION + 0x1234, b"data of others")?;
    let before = fs::read(&flash)?;
    let (occupied, _) = start(programs, &flash)?;
    expect(&occupied, "BOOT COUNT not kept: ")?;
    expect(&occupied, "found others at 0xf81234")?;
    ensure!(fs::read(&flash)? == before, "data of others in flash: expected it untouched");
    fs::write(&flash, vec![0xFF; FLASH_BYTES])?;
    let (erased, erased_id) = start(programs, &flash)?;
    expect(&erased, "BOOT COUNT 1, kept in flash")?;
    ensure!(erased_id == first_id, "the same count and nonce: expected {first_id:#x}, found {erased_id:#x}");
    fs::remove_file(&flash)?;
    Ok(json!({
        "fault": "power off, a cut write, data of others and an erased flash",
        "seen": [first, second, cut, occupied, erased],
        "boot_ids": [format!("{first_id:016x}"), format!("{second_id:016x}"), format!("{erased_id:016x}")],
    }))
}
