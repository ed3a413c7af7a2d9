//! The DDR3 controller, its PHY and its pins (UG585, chapter 10, appendices B.7 and B.28; JESD79-3F).
//!
//! The rules are for DDR3 at up to 533 MHz with CAS latency 7 and CAS write latency 6, 8 banks and 10 column addresses;
//! other memory is refused. Registers that the rules do not change with rate, width or size have the values that UG585
//! gives for DDR3.

use super::{Row, SLCR, Settings, set, write};
use anyhow::{Result, bail, ensure};
use deltascope_ps7::setup::{DCI_STATUS, DDR_STATUS};

/// The controller.
const DDRC: u32 = 0xF800_6000;
/// CAS latency and CAS write latency in clocks.
const CL: u32 = 7;
const CWL: u32 = 6;
/// Clocks of a burst of 8.
const BURST: u32 = 4;
/// Clocks of tCKE and tCCD that the controller counts (DDR3-1066).
const CKE: u32 = 4;
const CCD: u32 = 4;

/// Times of DDR3-1066F in nanoseconds (JESD79-3F, tables 62 and 68): write recovery, write to read, read to precharge, exit from
/// power-down, activate to activate with pages of 2 KiB, RAS to CAS and precharge.
const WR: f64 = 15.0;
const WTR: f64 = 7.5;
const RTP: f64 = 7.5;
const XP: f64 = 7.5;
const RRD: f64 = 10.0;
const RCD_RP: f64 = 13.125;
/// Refresh interval.
const REFI: f64 = 7_800.0;

/// What the settings say of the memory.
struct Memory {
    /// Clocks in a microsecond.
    megahertz: f64,
    /// 16 or 32 bits.
    is_half: bool,
    rows: u32,
    /// tRC, tRAS, tFAW and tRFC in nanoseconds.
    row_cycle: f64,
    row_active: f64,
    four_activates: f64,
    refresh: f64,
}

impl Memory {
    fn of(settings: &Settings) -> Result<Memory> {
        let part = settings.get("UIPARAM_DDR_PARTNO")?;
        // The settings of AX7020 name a part and not its times; those of Arty Z7-20 have them for the same part.
        let is_known = part == "MT41J256M16 RE-125";
        let time = |name: &str, known: f64| match settings.find(name) {
            None if is_known => Ok(known),
            _ => settings.number(name),
        };
        for (name, expected) in [("CL", CL), ("CWL", CWL), ("BANK_ADDR_COUNT", 3), ("COL_ADDR_COUNT", 10)] {
            let found = time(&format!("UIPARAM_DDR_{name}"), expected.into())?;
            ensure!(found == f64::from(expected), "{}: expected {name} {expected}, found {found}", settings.board);
        }
        settings.require("UIPARAM_DDR_BL", "8")?;
        settings.require("UIPARAM_DDR_AL", "0")?;
        ensure!(settings.get("UIPARAM_DDR_MEMORY_TYPE")?.starts_with("DDR 3"), "expected DDR 3");
        for training in ["WRITE_LEVEL", "READ_GATE", "DATA_EYE"] {
            settings.require(&format!("UIPARAM_DDR_TRAIN_{training}"), "1")?;
        }
        let rows = time("UIPARAM_DDR_ROW_ADDR_COUNT", 15.0)? as u32;
        // tRFC by density (JESD79-3F, table 61), with 16 data lines a part and 8 banks of 2^10 columns.
        let refresh = match rows {
            13 => 110.0,
            14 => 160.0,
            15 => 300.0,
            _ => bail!("{}: expected 13 to 15 row addresses, found {rows}", settings.board),
        };
        let megahertz = settings.number("UIPARAM_DDR_FREQ_MHZ")?;
        ensure!((303.0..534.0).contains(&megahertz), "expected memory at 303 to 533 MHz, found {megahertz}");
        Ok(Memory {
            megahertz,
            is_half: match settings.get("UIPARAM_DDR_BUS_WIDTH")? {
                "16 Bit" => true,
                "32 Bit" => false,
                found => bail!("{}: expected a memory of 16 or 32 bits, found {found}", settings.board),
            },
            rows,
            row_cycle: time("UIPARAM_DDR_T_RC", 48.91)?,
            row_active: time("UIPARAM_DDR_T_RAS_MIN", 35.0)?,
            four_activates: time("UIPARAM_DDR_T_FAW", 40.0)?,
            refresh,
        })
    }

    /// Clocks that a time takes at least. A millionth of a clock is the rounding of the settings' rates.
    fn at_least(&self, nanoseconds: f64) -> u32 {
        (nanoseconds * self.megahertz / 1e3 - 1e-6).ceil() as u32
    }

    /// Whole units of `clocks` in a time.
    fn units(&self, nanoseconds: f64, clocks: f64) -> u32 {
        (nanoseconds * self.megahertz / 1e3 / clocks) as u32
    }

    /// A delay in steps of the PHY, 256 a clock.
    fn steps(&self, nanoseconds: f64) -> i32 {
        (nanoseconds * self.megahertz / 1e3 * 256.0) as i32
    }
}

/// Everything, up to the controller's normal operation.
pub fn rows(settings: &Settings) -> Result<Vec<Row>> {
    let memory = Memory::of(settings)?;
    Ok([pins(&memory), controller(&memory), phy(settings, &memory)?, start(&memory)].concat())
}

/// Pins, and their calibration (UG585, section 10.6.3).
fn pins(memory: &Memory) -> Vec<Row> {
    // Lanes that are not connected are off and pulled up.
    let upper = |value| if memory.is_half { 0x800 } else { value };
    let buffers = [0x600, 0x600, 0x672, upper(0x672), 0x674, upper(0x674), 0x600];
    let mut rows: Vec<Row> =
        (0..).zip(buffers).map(|(index, value)| set(SLCR + 0xB40 + 4 * index, 0xFFF, value)).collect();
    // Drive and slew of addresses, data, strobes and clock.
    for (offset, value) in [(0xB5C, 0x18_C068), (0xB60, 0xF9_8068), (0xB64, 0xF9_8068), (0xB68, 0xF9_8068)] {
        rows.push(write(SLCR + offset, value));
    }
    rows.extend([
        // Reference voltage from outside.
        set(SLCR + 0xB6C, 0x7FFF, 0x260),
        // Calibration: reset, and on.
        set(SLCR + 0xB70, 1, 1),
        set(SLCR + 0xB70, 0x21, 0x20),
        set(SLCR + 0xB70, 0x07FE_FFFF, 0x823),
    ]);
    rows
}

/// Width of the bus, as the control register has it.
fn control(memory: &Memory) -> u32 {
    0x80 | u32::from(memory.is_half) << 2
}

/// The controller, in reset.
fn controller(memory: &Memory) -> Vec<Row> {
    let clocks = |time| memory.at_least(time);
    let (recovery, to_read) = (clocks(WR), clocks(WTR).max(4));
    let row_to_column = clocks(RCD_RP);
    // Mode registers 0 to 3 (JESD79-3F, section 3.4.3): burst of 8, CAS latency, reset of the DLL, write recovery; RZQ/4; CAS
    // write latency.
    let mode_0 = (recovery - 4) << 9 | 1 << 8 | (CL - 4) << 4;
    let (mode_1, mode_2) = (1 << 2, (CWL - 5) << 3);
    let bank = if memory.is_half { 6 } else { 7 };
    let row = bank - 1;
    // Bits 12 to 15 of the row's address, where there are that many.
    let upper: u32 = (12..16).map(|bit| if bit < memory.rows { row } else { 0xF } << (4 * (bit - 9))).sum();
    let registers = [
        (0x000, 0x1_FFFF, control(memory)),
        (0x004, 0x7_FFFF, 1 << 12 | memory.units(REFI, 32.0)),
        (0x008, 0x03FF_FFFF, 0x03C0_780F),
        (0x00C, 0x03FF_FFFF, 0x0200_1001),
        (0x010, 0x03FF_FFFF, 0x0001_4001),
        (0x014, 0x001F_FFFF, 0x10 << 14 | clocks(memory.refresh) << 6 | clocks(memory.row_cycle)),
        (
            0x018,
            0xF7FF_FFFF,
            CKE << 28
                | clocks(memory.row_active) << 22
                | memory.units(9.0 * REFI, 1024.0) << 16
                | clocks(memory.four_activates) << 10
                | 6 << 5
                | (CWL + BURST + recovery),
        ),
        (
            0x01C,
            u32::MAX,
            row_to_column << 28
                | clocks(RTP).max(4) << 23
                | clocks(XP).max(3) << 15
                | (CWL + BURST + to_read) << 10
                | (CL + BURST + 2 - CWL) << 5
                | (CWL - 1),
        ),
        (
            0x020,
            0x7FDF_FFFC,
            1 << 29 | CL << 24 | 8 << 16 | row_to_column << 12 | 2 << 8 | clocks(RRD).max(4) << 5 | CCD << 2,
        ),
        (0x024, 0x0FFF_FFC3, 0),
        (0x028, 0x3FFF, 0x2007),
        (0x02C, u32::MAX, mode_2),
        (0x030, u32::MAX, mode_1 << 16 | mode_0),
        // CKE low for 700 us; a burst of 8.
        (0x034, 0x13FF_3FFF, 1 << 16 | memory.at_least(700e3).div_ceil(1024) << 4 | 4),
        (0x038, 3, 0),
        (0x03C, 0xF_FFFF, bank << 8 | bank << 4 | bank),
        (0x040, u32::MAX, if memory.is_half { 0xFFFF_0000 } else { 0xFFF0_0000 }),
        (0x044, 0x0FFF_FFFF, upper | row << 8 | row << 4 | row),
        (0x048, 0x3_F03F, 0x3_C008),
        (0x050, 0xFF0F_8FFF, 0x7701_0800),
        (0x058, 0x1_0000, 0),
        (0x05C, 0xFFFF, 0x5003),
        (0x060, 0x17FF, 0x3E),
        (0x064, 0x2_1FE0, 0x2_0000),
        // Write levelling and training of reads.
        (0x068, 0x03FF_FFFF, 0x0028_4141),
        (0x06C, 0xFFFF, 0x1610),
        (0x078, 0x03FF_FFFF, 0x0046_6111),
        (0x07C, 0xF_FFFF, 0x3_2222),
        (0x0A4, u32::MAX, 0x1020_0802),
        // Reset of the memory for 200 us; calibration each 100 ms.
        (0x0A8, 0x0FFF_FFFF, memory.at_least(200e3).div_ceil(1024) << 20 | memory.units(100e6, 1024.0)),
        (0x0AC, 0x1FF, 0x1FE),
        (0x0B0, 0x1FFF_FFFF, 0x1CFF_FFFF),
        (0x0B4, 0x200, 0x200),
        (0x0B8, 0x01FF_FFFF, 0x0020_0066),
        // No error correction.
        (0x0C4, 3, 0),
        (0x0F4, 0xF, 8),
        // Priorities of the ports.
        (0x204, u32::MAX, 0),
        (0x208, 0x7_03FF, 0x3FF),
        (0x20C, 0x7_03FF, 0x3FF),
        (0x210, 0x7_03FF, 0x3FF),
        (0x214, 0x7_03FF, 0x3FF),
        (0x218, 0xF_03FF, 0x3FF),
        (0x21C, 0xF_03FF, 0x3FF),
        (0x220, 0xF_03FF, 0x3FF),
        (0x224, 0xF_03FF, 0x3FF),
        // No LPDDR2.
        (0x2A8, 0xFF5, 0),
    ];
    registers.map(|(offset, mask, value)| set(DDRC + offset, mask, value)).to_vec()
}

/// The PHY: where training begins, for each of the four bytes (UG585, section 10.6.7).
fn phy(settings: &Settings, memory: &Memory) -> Result<Vec<Row>> {
    let mut rows = vec![set(DDRC + 0x114, 0xFF, 0)];
    for byte in 0..4u32 {
        let skew = memory.steps(settings.number(&format!("UIPARAM_DDR_DQS_TO_CLK_DELAY_{byte}"))?);
        let delay = memory.steps(2.0 * settings.number(&format!("UIPARAM_DDR_BOARD_DELAY{byte}"))?);
        ensure!((-128..128).contains(&skew) && (0..512).contains(&delay), "byte {byte}: expected delays below a clock");
        let is_used = byte < 2 || !memory.is_half;
        let level = skew.max(0) as u32;
        let gate = 96 + delay as u32;
        let strobe = (128 + skew) as u32;
        let at = |offset: u32| DDRC + offset + 4 * byte;
        rows.extend([
            set(at(0x118), 0x7FFF_FFCF, 1 << 30 | u32::from(is_used)),
            set(at(0x12C), 0xF_FFFF, gate << 10 | level),
            set(at(0x140), 0xF_FFFF, 0x35),
            set(at(0x154), 0xF_FFFF, strobe),
            set(at(0x168), 0x1F_FFFF, gate + 0x55),
            set(at(0x17C), 0xF_FFFF, strobe + 0x40),
        ]);
    }
    rows.extend([set(DDRC + 0x190, 0x6FFF_FEFE, 0x0004_0080), set(DDRC + 0x194, 0xF_FFFF, 0x1_FC82)]);
    Ok(rows)
}

/// Calibrated pins, the controller out of reset, the memory initialised and trained.
fn start(memory: &Memory) -> Vec<Row> {
    let mut rows = vec![
        Row::Wait { address: DCI_STATUS, mask: 1 << 13 },
        set(DDRC, 0x1_FFFF, control(memory) | 1),
        Row::Wait { address: DDR_STATUS, mask: 7 },
    ];
    // Receivers and termination off while nothing is read.
    rows.extend((0..4).map(|index| set(SLCR + 0xB48 + 4 * index, 0x180, 0x180)));
    rows
}
