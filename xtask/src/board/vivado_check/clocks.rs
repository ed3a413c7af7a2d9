//! Clock arithmetic of the PS: what the recorded settings make, by the manuals and not by `vivado/clock.tcl`.

use super::board_data::Board;
use super::design::Design;
use deltascope_abi::board::FCLK_HZ;

/// Lowest and highest rate of a PS PLL in MHz at speed grades -1, -2 and -3. DS187, switching characteristics of the
/// PS PLL; the figures as Elphel/ezynq@97cc5c6 `ezynq_clkcfg_defs.py` records them.
const PLL_MHZ: [(u64, u64); 3] = [(780, 1600), (780, 1800), (780, 2000)];
/// Dividers of a PLL: UG585 v1.13, table 25-6.
const FEEDBACK: std::ops::RangeInclusive<u64> = 13..=66;
/// Dividers of a peripheral clock, six bits: UG585 v1.13.
const DIVIDER: std::ops::RangeInclusive<u64> = 1..=63;
/// RGMII at 1000 Mbit/s.
const ETHERNET_HZ: u64 = 125_000_000;

/// Rate of FCLK0 in Hz that the recorded settings make.
pub fn fclk0_hz(board: &Board, design: &Design) -> Option<f64> {
    let (_, ps7) = design.cell("processing_system7").ok()?;
    let number = |name: &str| ps7.parameter(name).parse::<f64>().ok();
    let pll = board.crystal.0 as f64 * number("PCW_IOPLL_CTRL_FBDIV")? / board.crystal.1 as f64;
    Some(pll / number("PCW_FCLK0_PERIPHERAL_DIVISOR0")? / number("PCW_FCLK0_PERIPHERAL_DIVISOR1")?)
}

/// Problems of the clocks.
pub fn problems(board: &Board, design: &Design) -> Vec<String> {
    let Ok((_, ps7)) = design.cell("processing_system7") else {
        return vec!["clocks: expected a processing_system7, found none".to_owned()];
    };
    let mut problems = Vec::new();
    let mut need = |name: &str| match ps7.parameter(name).parse::<u64>() {
        Ok(value) => Some(value),
        Err(_) => {
            problems.push(format!("clocks: expected a number for {name}, found {:?}", ps7.parameter(name)));
            None
        }
    };
    let (Some(feedback), Some(first), Some(second)) =
        (need("PCW_IOPLL_CTRL_FBDIV"), need("PCW_FCLK0_PERIPHERAL_DIVISOR0"), need("PCW_FCLK0_PERIPHERAL_DIVISOR1"))
    else {
        return problems;
    };
    let ethernet = (need("PCW_ENET0_PERIPHERAL_DIVISOR0"), need("PCW_ENET0_PERIPHERAL_DIVISOR1"));
    if ps7.parameter("PCW_OVERRIDE_BASIC_CLOCK") != "1" {
        problems.push(
            "clocks: expected PCW_OVERRIDE_BASIC_CLOCK 1, without which Vivado ignores the dividers, found 0".into(),
        );
    }
    if ps7.parameter("PCW_FCLK0_PERIPHERAL_CLKSRC") != "IO PLL" {
        problems.push(format!(
            "clocks: expected FCLK0 from the IO PLL, found {}",
            ps7.parameter("PCW_FCLK0_PERIPHERAL_CLKSRC")
        ));
    }
    let (numerator, denominator) = board.crystal;
    let grade = board.part.chars().last().and_then(|grade| grade.to_digit(10)).unwrap_or(1) as usize;
    let (lowest, highest) = PLL_MHZ[grade.clamp(1, 3) - 1];
    let mut plls = vec![("IO", feedback)];
    for (name, parameter) in [("ARM", "PCW_ARMPLL_CTRL_FBDIV"), ("DDR", "PCW_DDRPLL_CTRL_FBDIV")] {
        if let Ok(feedback) = ps7.parameter(parameter).parse() {
            plls.push((name, feedback));
        } else if board.preset.is_none() {
            problems.push(format!("clocks: expected {parameter} for the {name} PLL, found none"));
        }
    }
    for (name, feedback) in plls {
        let hz = numerator * feedback;
        if hz < lowest * 1_000_000 * denominator
            || hz > highest * 1_000_000 * denominator
            || !FEEDBACK.contains(&feedback)
        {
            problems.push(format!(
                "clocks: expected the {name} PLL between {lowest} and {highest} MHz, found {} MHz",
                hz / denominator / 1_000_000
            ));
        }
    }
    let pll = numerator * feedback;
    let exact = |hz: u64, dividers: u64| pll == hz * dividers * denominator;
    if !exact(u64::from(FCLK_HZ), first * second) {
        problems.push(format!(
            "clocks: expected FCLK0 of exactly {FCLK_HZ} Hz, found {:.0} Hz",
            pll as f64 / denominator as f64 / (first * second) as f64
        ));
    }
    if let (Some(first), Some(second)) = ethernet
        && ps7.parameter("PCW_ENET0_PERIPHERAL_ENABLE") == "1"
        && !exact(ETHERNET_HZ, first * second)
    {
        problems.push(format!(
            "clocks: expected the Ethernet clock at exactly {ETHERNET_HZ} Hz, found dividers {first} and {second}"
        ));
    }
    for controller in ["QSPI", "SDIO", "UART", "PCAP"] {
        let divider = ps7.parameter(&format!("PCW_{controller}_PERIPHERAL_DIVISOR0")).parse::<u64>().unwrap_or(0);
        let asked = ps7.parameter(&format!("PCW_{controller}_PERIPHERAL_FREQMHZ")).parse::<u64>().unwrap_or(0);
        if !DIVIDER.contains(&divider) || pll > asked * 1_000_000 * denominator * divider {
            problems.push(format!("clocks: expected {controller} of at most {asked} MHz, found the divider {divider}"));
        }
    }
    if !DIVIDER.contains(&first) || !DIVIDER.contains(&second) {
        problems.push(format!("clocks: expected dividers of FCLK0 from 1 to 63, found {first} and {second}"));
    }
    let asked = ps7.parameter("PCW_FPGA0_PERIPHERAL_FREQMHZ").parse::<f64>().unwrap_or(0.0);
    if (asked * 1e6 - f64::from(FCLK_HZ)).abs() > 0.5 {
        problems.push(format!("clocks: expected {FCLK_HZ} Hz in PCW_FPGA0_PERIPHERAL_FREQMHZ, found {asked} MHz"));
    }
    if !design.read_back.contains("PCW_ACT_FPGA0_PERIPHERAL_FREQMHZ") {
        problems.push(
            "clocks: expected that the build reads PCW_ACT_FPGA0_PERIPHERAL_FREQMHZ back, found that it does not"
                .into(),
        );
    }
    problems
}
