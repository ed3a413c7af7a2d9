//! Pins of the processing system (UG585, section 2.5.4 and appendix B.28, MIO_PIN_00 to MIO_PIN_53).

use super::{Row, SLCR, Settings, set};
use anyhow::{Result, bail};
use std::collections::BTreeMap;

/// Base addresses of the UARTs.
pub const UARTS: [u32; 2] = [0xE000_0000, 0xE000_1000];

/// First pin register.
const PIN: u32 = SLCR + 0x700;
/// Bits of a pin register.
const BITS: u32 = 0x3FFF;
/// An input only.
const INPUT: u32 = 1;
/// Selections of the multiplexers: Ethernet and QSPI, USB, SD and MDIO, UART.
const LEVEL_0: u32 = 0x02;
const LEVEL_1: u32 = 0x04;
const SD_OR_MDIO: u32 = 0x80;
const UART: u32 = 0xE0;

/// The UART that is the console: the one that the board has.
pub fn uart(settings: &Settings) -> Result<usize> {
    match [0, 1].map(|index| settings.is_on(&format!("UART{index}_PERIPHERAL_ENABLE"))) {
        [true, false] => Ok(0),
        [false, true] => Ok(1),
        found => bail!("{}/ps7.txt: expected one UART, found {found:?}", settings.board),
    }
}

/// What each pin is used for.
fn functions(settings: &Settings) -> Result<BTreeMap<u32, u32>> {
    let mut pins = BTreeMap::new();
    let mut all = |range: (u32, u32), function: u32, inputs: &[u32]| {
        for pin in range.0..=range.1 {
            let is_input = inputs.contains(&(pin - range.0));
            pins.insert(pin, function | if is_input { INPUT } else { 0 });
        }
    };
    let index = uart(settings)?;
    // Received data are the first pin of UART 0 and the second of UART 1 (UG585, table 2-4).
    all(settings.pins(&format!("UART{index}_UART{index}_IO"))?, UART, &[index as u32]);
    if settings.is_on("ENET0_PERIPHERAL_ENABLE") {
        all(settings.pins("ENET0_ENET0_IO")?, LEVEL_0, &[6, 7, 8, 9, 10, 11]);
        // AX7020's settings name no group: these are the only pins that MDIO has (UG585, table 2-4).
        let management =
            settings.find("ENET0_GRP_MDIO_IO").map_or(Ok((52, 53)), |_| settings.pins("ENET0_GRP_MDIO_IO"));
        all(management?, SD_OR_MDIO, &[]);
    }
    if settings.is_on("QSPI_PERIPHERAL_ENABLE") {
        all(settings.pins("QSPI_QSPI_IO")?, LEVEL_0, &[]);
        if settings.is_on("QSPI_GRP_FBCLK_ENABLE") {
            all(settings.pins("QSPI_GRP_FBCLK_IO")?, LEVEL_0, &[]);
        }
    }
    if settings.is_on("SD0_PERIPHERAL_ENABLE") {
        all(settings.pins("SD0_SD0_IO")?, SD_OR_MDIO, &[]);
        all(settings.pins("SD0_GRP_CD_IO")?, 0, &[0]);
    }
    if settings.is_on("USB0_PERIPHERAL_ENABLE") {
        // DIR, NXT and CLK.
        all(settings.pins("USB0_USB0_IO")?, LEVEL_1, &[1, 3, 8]);
    }
    Ok(pins)
}

/// Every pin: voltage, slew, pull-up and use.
pub fn rows(settings: &Settings) -> Result<Vec<Row>> {
    let functions = functions(settings)?;
    let mut rows = Vec::new();
    let mut has_hstl = false;
    for pin in 0..54 {
        let function = functions.get(&pin).copied().unwrap_or(0);
        let standard = match settings.get(&format!("MIO_{pin}_IOTYPE"))? {
            "LVCMOS 1.8V" => 1,
            "LVCMOS 2.5V" => 2,
            "LVCMOS 3.3V" => 3,
            "HSTL 1.8V" => 4,
            found => bail!("{}/ps7.txt: expected a standard of MIO {pin}, found {found}", settings.board),
        };
        let is_hstl = standard == 4;
        has_hstl |= is_hstl;
        let is_fast = settings.get(&format!("MIO_{pin}_SLEW"))? == "fast";
        // Pins that select the boot mode have no line.
        let is_pulled = settings.find(&format!("MIO_{pin}_PULLUP")) == Some("enabled");
        // The receiver of HSTL takes current; an output of Ethernet needs none.
        let is_output = is_hstl && function == LEVEL_0;
        let value = u32::from(is_output) << 13
            | u32::from(is_pulled) << 12
            | standard << 9
            | u32::from(is_fast) << 8
            | function;
        rows.push(set(PIN + 4 * pin, BITS, value));
    }
    if settings.is_on("SD0_PERIPHERAL_ENABLE") {
        rows.push(set(SLCR + 0x830, 0x3F << 16, settings.pins("SD0_GRP_CD_IO")?.0 << 16));
    }
    if has_hstl {
        // GPIOB_CTRL: the reference voltage of HSTL, before the pins that use it.
        rows.insert(0, set(SLCR + 0xB00, 0x71, 1));
    }
    Ok(rows)
}
