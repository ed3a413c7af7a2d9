//! The table of the first stage: register accesses that set up a board, calculated from `boards/zynq7020/BOARD/ps7.txt`.
//!
//! Registers and rules are those of UG585 (v1.13) and, for the memory, JESD79-3F. The results were compared with what
//! Vivado writes for the same settings: U-Boot's `board/xilinx/zynq/zynq-zybo-z7/ps7_init_gpl.c` (Zybo Z7-20) and the
//! registers of a PYNQ-Z2; `tests.rs` has what differs and why.

mod clocks;
mod ddr;
mod mio;
#[cfg(test)]
mod tests;

use anyhow::{Context, Result, bail};
use deltascope_ps7::table::{self, BYTES, Row};
use std::collections::BTreeMap;

use super::vivado_check::Tree;
use super::vivado_check::board_data::Board;

/// System-level control registers.
const SLCR: u32 = 0xF800_0000;

/// Settings of a board.
struct Settings<'a> {
    board: &'a str,
    values: &'a BTreeMap<String, String>,
}

impl<'a> Settings<'a> {
    fn find(&self, name: &str) -> Option<&'a str> {
        self.values.get(&format!("PCW_{name}")).map(String::as_str)
    }

    fn get(&self, name: &str) -> Result<&'a str> {
        self.find(name).with_context(|| format!("{}/ps7.txt: expected PCW_{name}, found none", self.board))
    }

    /// A number, whatever unit follows it.
    fn number(&self, name: &str) -> Result<f64> {
        let text = self.get(name)?;
        let number = text.split_whitespace().next().unwrap_or_default();
        number
            .parse()
            .with_context(|| format!("{}/ps7.txt: expected a number for PCW_{name}, found {text}", self.board))
    }

    fn whole(&self, name: &str) -> Result<u32> {
        let number = self.number(name)?;
        if number.fract() != 0.0 || !(0.0..1e9).contains(&number) {
            bail!("{}/ps7.txt: expected a whole number for PCW_{name}, found {number}", self.board);
        }
        Ok(number as u32)
    }

    fn is_on(&self, name: &str) -> bool {
        self.find(name) == Some("1")
    }

    /// Fails unless a setting has the one value that these rules are for.
    fn require(&self, name: &str, expected: &str) -> Result<()> {
        match self.get(name)? {
            found if found == expected => Ok(()),
            found => {
                bail!("{}/ps7.txt: the first stage knows {expected} for PCW_{name} only, found {found}", self.board)
            }
        }
    }

    /// First and last pin of a setting such as `MIO 16 .. 27`.
    fn pins(&self, name: &str) -> Result<(u32, u32)> {
        let text = self.get(name)?;
        let pins = text.strip_prefix("MIO ").map(|pins| pins.split_once(" .. ").unwrap_or((pins, pins)));
        let pins = pins.and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
        pins.with_context(|| format!("{}/ps7.txt: expected pins for PCW_{name}, found {text}", self.board))
    }
}

/// Writes every bit of a register.
fn write(address: u32, value: u32) -> Row {
    Row::Write { address, mask: u32::MAX, value }
}

/// Writes a part of a register.
fn set(address: u32, mask: u32, value: u32) -> Row {
    Row::Write { address, mask, value }
}

/// Rows of each phase, and the base address of the console.
struct Rows {
    console: u32,
    phases: [Vec<Row>; table::PHASES],
}

/// Calculates the rows of a board.
fn rows(board: &str, values: &BTreeMap<String, String>) -> Result<Rows> {
    let settings = Settings { board, values };
    let uart = mio::uart(&settings)?;
    let unlock = [write(SLCR + 0x008, 0xDF0D)];
    let console = [
        &unlock[..],
        &mio::rows(&settings)?,
        &clocks::bypass(),
        &clocks::console(uart, settings.number("CRYSTAL_PERIPHERAL_FREQMHZ")?, 1),
    ];
    let setup = [
        clocks::plls(&settings)?,
        clocks::peripherals(&settings)?,
        clocks::console(uart, clocks::IO_PLL_MHZ / f64::from(clocks::UART_DIVIDER), clocks::UART_DIVIDER),
        ddr::rows(&settings)?,
        linear_flash(),
    ];
    let end = vec![
        // The controller off and out of linear mode; the image sets it up again.
        write(QSPI + 0x14, 0),
        set(QSPI + 0xA0, 1 << 31, 0),
        write(SLCR + 0x004, 0x767B),
    ];
    Ok(Rows { console: mio::UARTS[uart], phases: [console.concat(), setup.concat(), end] })
}

/// The QSPI controller.
const QSPI: u32 = 0xE000_D000;

/// Linear mode (UG585, section 12.5.2) with the command that every flash has: READ, on one data line, at 200 MHz / 8.
fn linear_flash() -> Vec<Row> {
    vec![
        write(QSPI + 0x14, 0),
        // Flash interface, HOLD driven, chip select 0 of four, FIFOs of 32 bits, divider 8, master.
        write(QSPI, 0x8008_38D1),
        write(QSPI + 0xA0, 0x8000_0003),
        write(QSPI + 0x14, 1),
    ]
}

/// Calculates the table of a board, as a block of the first stage.
pub fn block(name: &str) -> Result<[u8; BYTES]> {
    let board = Board::load(&Tree::checkout(), name)?;
    if board.ps7.is_empty() {
        bail!(
            "first stage: expected boards/zynq7020/{name}/ps7.txt, found none: only Vivado has the settings of this board; \
             start the image after an FSBL or SPL"
        );
    }
    let rows = rows(name, &board.ps7)?;
    let [console, setup, end] = &rows.phases;
    let count = console.len() + setup.len() + end.len();
    table::block(name, rows.console, [console, setup, end])
        .with_context(|| format!("first stage: expected at most {} rows, found {count}", table::ROWS))
}

/// The same table without its waits for the memory, for a machine that has no DDR controller.
pub fn without_memory(name: &str) -> Result<[u8; BYTES]> {
    let board = Board::load(&Tree::checkout(), name)?;
    let mut rows = rows(name, &board.ps7)?;
    for phase in &mut rows.phases {
        phase.retain(|row| !matches!(row, Row::Wait { address: DCI_STATUS | DDR_STATUS, .. }));
    }
    let [console, setup, end] = &rows.phases;
    table::block(name, rows.console, [console, setup, end]).context("first stage: too many rows")
}

use deltascope_ps7::setup::{DCI_STATUS, DDR_STATUS};
