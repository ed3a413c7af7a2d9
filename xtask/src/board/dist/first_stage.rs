//! The first stage of the boot: an ELF that the boot ROM can load, that is, one in on-chip memory.
//!
//! bootgen packs an ELF at any address as `[bootloader]`. The boot ROM copies the first stage into on-chip memory, which
//! is at 0 while it runs, and takes at most 192 KiB (UG585 v1.13, section 6.3.1 and table 6-5).

use anyhow::{Result, bail, ensure};

/// On-chip memory that the boot ROM fills, from 0.
pub const OCM_BYTES: u32 = 0x3_0000;

/// An ELF of the first stage.
#[derive(Debug, PartialEq, Eq)]
pub struct FirstStage {
    /// Address of its first instruction.
    pub entry: u32,
    /// First address and the one after the last of what is loaded.
    pub range: (u32, u32),
}

/// Whether a file is an ELF.
pub fn is_elf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7FELF")
}

fn half(bytes: &[u8], at: usize) -> Result<u32> {
    match bytes.get(at..at + 2) {
        Some(word) => Ok(u32::from(u16::from_le_bytes([word[0], word[1]]))),
        None => bail!("expected an ELF of more than {at} bytes, found {}", bytes.len()),
    }
}

fn word(bytes: &[u8], at: usize) -> Result<u32> {
    match bytes.get(at..at + 4) {
        Some(word) => Ok(u32::from_le_bytes([word[0], word[1], word[2], word[3]])),
        None => bail!("expected an ELF of more than {at} bytes, found {}", bytes.len()),
    }
}

/// Refuses what is not an ELF for the board's processor: 32 bits, little-endian, machine 40.
pub fn arm_elf(bytes: &[u8], what: &str) -> Result<()> {
    let (class, data, machine) = (bytes.get(4), bytes.get(5), half(bytes, 18)?);
    ensure!(
        class == Some(&1) && data == Some(&1) && machine == 40,
        "{what}: expected a 32-bit little-endian ELF for ARM, found class {class:?}, data {data:?}, machine {machine}"
    );
    Ok(())
}

/// Returns how many partitions bootgen makes of an ELF: one for each segment that has bytes in the file.
pub fn segments(bytes: &[u8]) -> Result<usize> {
    let (table, size, count) = (word(bytes, 28)? as usize, half(bytes, 42)? as usize, half(bytes, 44)?);
    let mut found = 0;
    for n in 0..count as usize {
        let at = table.saturating_add(n * size);
        found += usize::from(word(bytes, at)? == 1 && word(bytes, at + 16)? != 0);
    }
    Ok(found)
}

impl FirstStage {
    /// Reads an ELF and refuses one that the boot ROM cannot load.
    pub fn read(bytes: &[u8]) -> Result<FirstStage> {
        ensure!(is_elf(bytes), "first stage: expected an ELF (fsbl.elf or spl/u-boot-spl), found another file");
        arm_elf(bytes, "first stage")?;
        let entry = word(bytes, 24)?;
        let (table, size, count) = (word(bytes, 28)? as usize, half(bytes, 42)? as usize, half(bytes, 44)?);
        ensure!(size >= 32, "first stage: expected program headers of 32 bytes, found {size}");
        let mut range: Option<(u32, u32)> = None;
        for n in 0..count as usize {
            let at = table.saturating_add(n * size);
            let (kind, address, bytes_in_file) = (word(bytes, at)?, word(bytes, at + 12)?, word(bytes, at + 16)?);
            // PT_LOAD. What has no bytes in the file is not loaded: SPL clears its variables in DDR by itself.
            if kind != 1 || bytes_in_file == 0 {
                continue;
            }
            let in_file = u64::from(word(bytes, at + 4)?) + u64::from(bytes_in_file);
            ensure!(
                in_file <= bytes.len() as u64,
                "first stage: expected a file of at least {in_file} bytes for its segments, found {}; copy it again",
                bytes.len()
            );
            let end = u64::from(address) + u64::from(bytes_in_file);
            ensure!(
                end <= u64::from(OCM_BYTES),
                "first stage: expected every segment in on-chip memory, 0 to {OCM_BYTES:#x}, found one at {address:#x} to \
                 {end:#x}; the boot ROM loads nothing elsewhere, link it there"
            );
            let end = end as u32;
            range = Some(range.map_or((address, end), |(first, last)| (first.min(address), last.max(end))));
        }
        let Some(range) = range else { bail!("first stage: expected a segment to load, found none") };
        ensure!(
            (range.0..range.1).contains(&entry),
            "first stage: expected its entry in {:#x} to {:#x}, found {entry:#x}",
            range.0,
            range.1
        );
        Ok(FirstStage { entry, range })
    }
}

/// Makes an ELF with one segment, for tests.
pub fn synthetic(address: u32, bytes: usize) -> Vec<u8> {
    let mut elf = b"\x7FELF\x01\x01\x01".to_vec();
    elf.resize(16, 0);
    let mut put = |values: &[(u32, usize)]| {
        for (value, width) in values {
            elf.extend(&value.to_le_bytes()[..*width]);
        }
    };
    // Executable for ARM, entry at its first byte, one program header after this one, no sections; EABI 5.
    put(&[(2, 2), (40, 2), (1, 4), (address, 4), (52, 4), (0, 4), (0x0500_0000, 4)]);
    put(&[(52, 2), (32, 2), (1, 2), (40, 2), (0, 2), (0, 2)]);
    // PT_LOAD, readable and executable.
    put(&[(1, 4), (84, 4), (address, 4), (address, 4), (bytes as u32, 4), (bytes as u32, 4), (5, 4), (4, 4)]);
    // Branches to themselves.
    elf.extend((0..bytes.div_ceil(4)).flat_map(|_| 0xEAFF_FFFE_u32.to_le_bytes()));
    elf
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(bytes: &[u8]) -> String {
        FirstStage::read(bytes).expect_err("it must be refused").to_string()
    }

    #[test]
    fn elf_in_on_chip_memory_is_accepted() {
        let stage = FirstStage::read(&synthetic(0, 4096)).expect("a first stage");
        assert_eq!(stage, FirstStage { entry: 0, range: (0, 4096) });
    }

    #[test]
    fn elf_in_ddr_is_refused() {
        assert!(refusal(&synthetic(0x10_0000, 4096)).contains("found one at 0x100000"));
        assert!(refusal(&synthetic(0, OCM_BYTES as usize + 4)).contains("on-chip memory"));
        assert!(refusal(&synthetic(0xFFFF_FFF0, 4096)).contains("on-chip memory"));
    }

    #[test]
    fn other_files_are_refused() {
        assert!(refusal(b"#!/bin/sh").contains("expected an ELF"));
        let mut other = synthetic(0, 64);
        other[18] = 62;
        assert!(refusal(&other).contains("machine 62"));
    }

    #[test]
    fn every_truncation_is_an_error() {
        let elf = synthetic(0, 64);
        for end in 0..elf.len() {
            assert!(FirstStage::read(&elf[..end]).is_err(), "{end} bytes");
        }
    }
}
