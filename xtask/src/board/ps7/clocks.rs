//! PLLs and clocks (UG585, chapter 25 and appendix B.28).

use super::mio::UARTS;
use super::{Row, SLCR, Settings, set, write};
use anyhow::{Result, ensure};
use deltascope_ps7::setup::PLL_STATUS;

/// Rate of the I/O PLL, from which Ethernet gets 125 MHz.
pub const IO_PLL_MHZ: f64 = 1000.0;
/// The UART's clock is the I/O PLL by this.
pub const UART_DIVIDER: u32 = 10;
const BAUD: f64 = 115_200.0;

/// Control registers of the PLLs, in the order of their bits in the status.
const ARM: u32 = 0;
const DDR: u32 = 1;
const IO: u32 = 2;

/// Bits of a control register.
const RESET: u32 = 1;
const POWER_DOWN: u32 = 1 << 1;
const BYPASS: u32 = 1 << 4;
const FEEDBACK: u32 = 0x7F << 12;

fn control(pll: u32) -> u32 {
    SLCR + 0x100 + 4 * pll
}

/// Charge pump, resistor and lock count for a feedback divider (UG585, table 25-6).
fn loop_filter(divider: u32) -> Result<u32> {
    let (pump, resistor, count) = match divider {
        13 => (2, 6, 750),
        14 => (2, 6, 700),
        15 => (2, 6, 650),
        16 => (2, 10, 625),
        17 => (2, 10, 575),
        18 => (2, 10, 550),
        19 => (2, 10, 525),
        20 => (2, 12, 500),
        21 => (2, 12, 475),
        22 => (2, 12, 450),
        23 => (2, 12, 425),
        24 | 25 => (2, 12, 400),
        26 => (2, 12, 375),
        27 | 28 => (2, 12, 350),
        29 | 30 => (2, 12, 325),
        31..=33 => (2, 2, 300),
        34..=36 => (2, 2, 275),
        37..=40 => (2, 2, 250),
        41..=47 => (3, 12, 250),
        48..=66 => (2, 4, 250),
        _ => anyhow::bail!("PLL: expected a feedback divider of 13 to 66, found {divider}"),
    };
    Ok(count << 12 | pump << 8 | resistor << 4)
}

/// The sequence of UG585, section 25.10.4: set it up, bypass, reset, wait for the lock, leave the bypass.
fn pll(pll: u32, divider: u32) -> Result<Vec<Row>> {
    Ok(vec![
        set(SLCR + 0x110 + 4 * pll, 0x3F_FFF0, loop_filter(divider)?),
        set(control(pll), FEEDBACK, divider << 12),
        set(control(pll), BYPASS, BYPASS),
        set(control(pll), RESET | POWER_DOWN, RESET),
        set(control(pll), RESET, 0),
        Row::Wait { address: PLL_STATUS, mask: 1 << pll },
        set(control(pll), BYPASS, 0),
    ])
}

/// Clocks the peripherals by the oscillator.
pub fn bypass() -> Vec<Row> {
    vec![set(control(IO), BYPASS, BYPASS)]
}

/// Sets a UART up for 115,200 baud, 8N1 (UG585, section 19.3.1), with its clock being the I/O PLL by `divider`.
pub fn console(uart: usize, megahertz: f64, divider: u32) -> Vec<Row> {
    let base = UARTS[uart];
    let clock = megahertz * 1e6;
    let rate = |generator: f64, stages: u32| clock / (generator * f64::from(stages + 1));
    let (generator, stages) = (4..=255)
        .map(|stages| ((clock / (BAUD * f64::from(stages + 1))).round().max(1.0), stages))
        .min_by(|a, b| (rate(a.0, a.1) - BAUD).abs().total_cmp(&(rate(b.0, b.1) - BAUD).abs()))
        .unwrap_or((1.0, 4));
    vec![
        // The clocks of both UARTs come from one divider.
        set(SLCR + 0x12C, 1 << (20 + uart), 1 << (20 + uart)),
        set(SLCR + 0x154, 0x3F30 | 1 << uart, divider << 8 | 1 << uart),
        // Off; 8 bits, no parity; rates; FIFOs reset; on.
        write(base, 0x28),
        write(base + 0x04, 0x20),
        write(base + 0x18, generator as u32),
        write(base + 0x34, stages),
        write(base, 0x2B),
        write(base, 0x14),
    ]
}

/// Every PLL, and the clocks of processor and memory behind theirs. The console's comes last: until then it is clocked by
/// the oscillator.
pub fn plls(settings: &Settings) -> Result<Vec<Row>> {
    settings.require("CPU_PERIPHERAL_CLKSRC", "ARM PLL")?;
    settings.require("DDR_PERIPHERAL_CLKSRC", "DDR PLL")?;
    settings.require("APU_CLK_RATIO_ENABLE", "6:2:1")?;
    let crystal = settings.number("CRYSTAL_PERIPHERAL_FREQMHZ")?;
    let io = (IO_PLL_MHZ / crystal).round();
    ensure!((io * crystal - IO_PLL_MHZ).abs() < 0.1, "expected an oscillator of which 1000 MHz is a multiple");
    let processor = settings.whole("CPU_PERIPHERAL_DIVISOR0")?;
    let memory = settings.whole("DDR_PERIPHERAL_DIVISOR0")?;
    ensure!(memory == 2, "expected the DDR PLL at twice the memory's rate, found a divider of {memory}");
    Ok([
        pll(ARM, settings.whole("ARMPLL_CTRL_FBDIV")?)?,
        // Every clock of the processor on, from the ARM PLL, in the ratio 6:2:1.
        vec![set(SLCR + 0x120, 0x1F00_3F30, 0x1F00_0000 | processor << 8), set(SLCR + 0x1C4, 1, 1)],
        pll(DDR, settings.whole("DDRPLL_CTRL_FBDIV")?)?,
        // The memory's clock, and two thirds of it for the interconnect; both on.
        vec![set(SLCR + 0x124, 0xFFF0_0003, 3 << 26 | memory << 20 | 3)],
        pll(IO, io as u32)?,
    ]
    .concat())
}

/// Divider of the I/O PLL for a rate in MHz.
fn divider(settings: &Settings, name: &str) -> Result<u32> {
    let rate = settings.number(name)?;
    let divider = (IO_PLL_MHZ / rate).ceil() as u32;
    ensure!(
        (1..=63).contains(&divider),
        "{}/ps7.txt: expected a rate above 16 MHz for PCW_{name}, found {rate}",
        settings.board
    );
    Ok(divider)
}

/// Clocks of the peripherals that the board has.
pub fn peripherals(settings: &Settings) -> Result<Vec<Row>> {
    settings.require("DCI_PERIPHERAL_CLKSRC", "DDR PLL")?;
    let impedance = [settings.whole("DCI_PERIPHERAL_DIVISOR1")?, settings.whole("DCI_PERIPHERAL_DIVISOR0")?];
    let mut rows = vec![
        set(SLCR + 0x128, 0x03F0_3F01, impedance[0] << 20 | impedance[1] << 8 | 1),
        set(SLCR + 0x168, 0x3F31, divider(settings, "PCAP_PERIPHERAL_FREQMHZ")? << 8 | 1),
    ];
    // DMA controller and GPIO.
    let mut on = 1 | 1 << 22;
    if settings.is_on("ENET0_PERIPHERAL_ENABLE") {
        settings.require("ENET0_PERIPHERAL_FREQMHZ", "1000 Mbps")?;
        on |= 1 << 6;
        // The receive clock comes from the pins, the transmit clock is 125 MHz.
        rows.extend([set(SLCR + 0x138, 0x11, 1), set(SLCR + 0x140, 0x03F0_3F71, 1 << 20 | 8 << 8 | 1)]);
    }
    if settings.is_on("QSPI_PERIPHERAL_ENABLE") {
        on |= 1 << 23;
        rows.push(set(SLCR + 0x14C, 0x3F31, divider(settings, "QSPI_PERIPHERAL_FREQMHZ")? << 8 | 1));
    }
    if settings.is_on("SD0_PERIPHERAL_ENABLE") {
        on |= 1 << 10;
        rows.push(set(SLCR + 0x150, 0x3F31, divider(settings, "SDIO_PERIPHERAL_FREQMHZ")? << 8 | 1));
    }
    if settings.is_on("USB0_PERIPHERAL_ENABLE") {
        on |= 1 << 2;
    }
    rows.push(set(SLCR + 0x12C, on, on));
    Ok(rows)
}
