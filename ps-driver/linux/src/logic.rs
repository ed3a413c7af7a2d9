//! Is the programmable logic configured, clocked and out of reset? An access that is not answered stops the processor
//! until it is reset, so this is asked before the first one.
//!
//! Direct evidence comes first: the SLCR reports whether the clock is gated, the resets are released and the level shifters
//! are on, and a vendor kernel's `prog_done` reports whether the logic is configured. What only shows the past (the FPGA
//! manager's state, the number of users of a clock) is taken where it can be trusted and is `unknown` otherwise. Most of
//! it is in debugfs, which only root reads: so root asks ([`crate::checks`]), and `unknown` is no good.

use crate::checks::{self, Trust};
pub use crate::checks::{Finding, Look};
use crate::error::LinuxError;
use crate::sysfs::{self, Roots};
use deltascope_abi::board::{FCLK, FCLK_HZ, FCLK_TOLERANCE_PPM, UIO_NAME};
use deltascope_driver::seams::{Fabric, FabricError};
use std::path::PathBuf;

/// Word of the SLCR that gates FCLK0, from 0xF800_0000 (UG585, register FPGA0_THR_CNT; Linux, drivers/clk/zynq/clkc.c):
/// the clock runs while bit 0 is zero. Those of the other clocks follow 0x10 apart.
const FPGA_THR_CNT: u32 = 0x178;
/// Word of the SLCR that holds the reset outputs to the logic (UG585, register FPGA_RST_CTRL). Bit N is FCLK_RESETN_N,
/// asserted while one.
const FPGA_RST_CTRL: u32 = 0x240;
/// Word of the SLCR with the level shifters between PS and PL (UG585, register LVL_SHFTR_EN); 0xF: both ways.
const LVL_SHFTR_EN: u32 = 0x900;
/// Name of the FPGA manager of a Zynq-7000 (Linux, drivers/fpga/zynq-fpga.c).
const MANAGER: &str = "Zynq FPGA Manager";

/// Every look, in the order in which a missing one explains the next.
pub fn looks(roots: &Roots) -> Vec<Look> {
    vec![
        Look { what: "configuration", finding: configuration(roots) },
        Look { what: "clock", finding: clock(roots) },
        Look { what: "level shifters", finding: level_shifters(roots) },
        Look { what: "reset", finding: reset(roots) },
    ]
}

/// Fails at the first look that is bad, or unknown and neither in the report of root's checks nor assumed. Gives what was
/// taken from the report or assumed.
///
/// # Errors
/// [`LinuxError::Logic`], [`LinuxError::NotKnown`]; the report of root's checks cannot be used.
pub fn check(roots: &Roots, trust: &Trust) -> Result<Vec<String>, LinuxError> {
    checks::judge(looks(roots), trust)
}

/// [`looks`] as the DMA driver asks for them.
#[derive(Clone, Debug)]
pub struct LinuxFabric {
    /// Where sysfs is, and what is taken for true without seeing it; `None` for an emulated board, whose logic answers
    /// from the start.
    pub board: Option<(Roots, Trust)>,
}

impl Fabric for LinuxFabric {
    fn check(&mut self) -> Result<(), FabricError> {
        let Some((roots, trust)) = &self.board else { return Ok(()) };
        let checked = check(roots, trust).map(drop);
        checked.map_err(|error| FabricError::Unknown { text: error.to_string() })
    }
}

fn configuration(roots: &Roots) -> Finding {
    const LOAD: &str = "load the bitstream: boards/zynq7020/README.md describes how";
    let bad = |expected: &str, found: String| Finding::Bad { expected: expected.to_owned(), found, remedy: LOAD };
    // Kernels of the vendor until 4.9: the driver reads PCFG_DONE each time.
    let done = roots.class("xdevcfg").join("xdevcfg/device/prog_done");
    match sysfs::number(&done) {
        Ok(0) => return bad("prog_done 1", "0".to_owned()),
        Ok(_) => return Finding::Good("xdevcfg prog_done".to_owned()),
        Err(_) => {}
    }
    let class = roots.class("fpga_manager");
    let managers = sysfs::names(&class).unwrap_or_default();
    let name = |manager: &String| sysfs::text(&class.join(manager).join("name"));
    let is_zynq = |manager: &&String| name(manager).is_ok_and(|name| name.contains(MANAGER));
    let manager = match managers.as_slice() {
        // One without a name can only be the Zynq's own.
        [only] if name(only).is_err() => Some(only),
        several => several.iter().find(is_zynq),
    };
    let Some(manager) = manager else {
        let found = if managers.is_empty() { "none".to_owned() } else { managers.join(", ") };
        return Finding::Unknown(format!(
            "expected an FPGA manager of the Zynq (CONFIG_FPGA_MGR_ZYNQ_FPGA) or xdevcfg, found {found}"
        ));
    };
    match sysfs::text(&class.join(manager).join("state")) {
        Ok(state) if state == "operating" => Finding::Good(format!("{manager} operating")),
        Ok(state) if state == "unknown" => Finding::Unknown(format!(
            "{manager} unknown: its driver found no bitstream at boot and has loaded none since; one that was loaded through \
             JTAG, by openFPGALoader for instance, does not show here"
        )),
        Ok(state) => bad("state operating", format!("{manager} {state}")),
        Err(error) => Finding::Unknown(error.to_string()),
    }
}

/// Returns the rate in Hz that the bitstream was built for: `clock-frequency` of the engine's node in the device tree.
/// The file holds a big-endian word and any user may read it.
pub fn built_for_hz(roots: &Roots) -> Option<u32> {
    let class = roots.class("uio");
    let entries = sysfs::names(&class).ok()?;
    let ours = |entry: &&String| sysfs::text(&class.join(entry).join("name")).is_ok_and(|name| name == UIO_NAME);
    let path = class.join(entries.iter().find(ours)?).join("device/of_node/clock-frequency");
    Some(u32::from_be_bytes(std::fs::read(path).ok()?.try_into().ok()?))
}

/// Returns the rate in Hz at which the kernel runs the logic, where debugfs shows it: to root alone.
pub fn running_hz(roots: &Roots) -> Option<u64> {
    sysfs::number(&clock_folder(roots).join("clk_rate")).ok()
}

fn clock_folder(roots: &Roots) -> PathBuf {
    roots.sys.join("kernel/debug/clk").join(format!("fclk{FCLK}"))
}

fn clock(roots: &Roots) -> Finding {
    let name = format!("fclk{FCLK}");
    let folder = clock_folder(roots);
    let read = |file: &str| sysfs::number(&folder.join(file));
    let stopped = |found: String| Finding::Bad {
        expected: format!("{name} running"),
        found,
        remedy: "apply boards/zynq7020/deltascope.dtbo before the kernel starts, so that it leaves the clock on",
    };
    match (slcr(roots, FPGA_THR_CNT + 0x10 * FCLK), read("clk_enable_count")) {
        (Ok(word), _) if word & 1 == 1 => return stopped(format!("FPGA{FCLK}_THR_CNT {word:#x}, the clock is gated")),
        // Running, whether or not the kernel knows a user of it.
        (Ok(_), _) => {}
        (Err(_), Ok(0)) => match sysfs::text(&roots.proc.join("cmdline")) {
            Ok(line) if !line.split_whitespace().any(|word| word == "clk_ignore_unused") => {
                return stopped("no user of it, and the kernel stops such clocks".to_owned());
            }
            Ok(_) => {
                return Finding::Unknown(format!(
                    "{name} has no user, and clk_ignore_unused leaves it as the boot loader did"
                ));
            }
            Err(error) => return Finding::Unknown(format!("{name} has no user; {error}")),
        },
        (Err(_), Ok(_)) => {}
        (Err(why), Err(error)) => return Finding::Unknown(format!("{error}; {why}")),
    }
    let built_for = built_for_hz(roots);
    let limit = built_for.map_or(FCLK_HZ, |built_for| built_for.min(FCLK_HZ));
    let most = u64::from(limit) + u64::from(limit) * u64::from(FCLK_TOLERANCE_PPM) / 1_000_000;
    match read("clk_rate") {
        Ok(rate) if rate == 0 || rate > most => Finding::Bad {
            expected: format!("{name} of at most {limit} Hz"),
            found: format!("{rate} Hz"),
            remedy: "set `PCW_FPGA0_PERIPHERAL_FREQMHZ` of the processing system to that or less and build the boot loader again, \
                     or set the divisors of FPGA0_CLK_CTRL there",
        },
        Ok(rate) => Finding::Good(match built_for {
            // A crystal of 33.333333 MHz makes a few Hz less.
            Some(built_for) if u64::from(built_for).saturating_sub(rate) > 100 => {
                format!("{name} {rate} Hz, slower than the {built_for} Hz that the bitstream was built for")
            }
            _ => format!("{name} {rate} Hz"),
        }),
        Err(error) => Finding::Unknown(error.to_string()),
    }
}

fn reset(roots: &Roots) -> Finding {
    match slcr(roots, FPGA_RST_CTRL) {
        Ok(word) if word >> FCLK & 1 == 0 => Finding::Good(format!("FCLK_RESET{FCLK}_N released")),
        Ok(word) => Finding::Bad {
            expected: format!("FCLK_RESET{FCLK}_N released (bit {FCLK} of FPGA_RST_CTRL clear)"),
            found: format!("FPGA_RST_CTRL {word:#x}"),
            remedy: "load the bitstream through the FPGA manager, which releases it, or release it in the boot loader",
        },
        Err(why) => Finding::Unknown(why),
    }
}

fn level_shifters(roots: &Roots) -> Finding {
    match slcr(roots, LVL_SHFTR_EN) {
        Ok(word) if word & 0xF == 0xF => Finding::Good("on, both ways".to_owned()),
        Ok(word) => Finding::Bad {
            expected: "LVL_SHFTR_EN 0xf".to_owned(),
            found: format!("{word:#x}"),
            remedy: "load the bitstream through the FPGA manager, which turns them on, or call ps7_post_config in the boot loader",
        },
        Err(why) => Finding::Unknown(why),
    }
}

/// A word of the SLCR, by its offset, from the lists of the kernel's register maps. More than one may be of the SLCR, and
/// a map may list a part of it: the word is that of the maps that have it, when they agree.
fn slcr(roots: &Roots, offset: u32) -> Result<u32, String> {
    let folder = roots.sys.join("kernel/debug/regmap");
    let maps = sysfs::names(&folder).map_err(|error| error.to_string())?;
    let maps: Vec<&String> = maps.iter().filter(|name| name.contains("slcr") || name.contains("f8000000")).collect();
    if maps.is_empty() {
        return Err(format!("{}: expected a register map of the SLCR, found none", folder.display()));
    }
    let mut words: Vec<u32> = Vec::new();
    let mut why = String::new();
    for map in maps {
        let path = folder.join(map).join("registers");
        match sysfs::text(&path).map_err(|error| error.to_string()).map(|text| word_in(&text, offset)) {
            Ok(Some(Ok(word))) => words.push(word),
            Ok(Some(Err(found))) => why = format!("{}: register {offset:#x} reads {found:?}", path.display()),
            Ok(None) => why = format!("{}: no register {offset:#x}", path.display()),
            Err(error) => why = error,
        }
    }
    words.sort_unstable();
    words.dedup();
    match words.as_slice() {
        [word] => Ok(*word),
        [] => Err(why),
        several => Err(format!("{}: register {offset:#x} reads {several:x?}, by map", folder.display())),
    }
}

/// The word at an offset in a list of `OFFSET: WORD`, both in hexadecimal; the text found there where it is no word.
fn word_in(text: &str, offset: u32) -> Option<Result<u32, String>> {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let mut found = lines.filter(|(at, _)| u32::from_str_radix(at.trim(), 16) == Ok(offset));
    found.next().map(|(_, word)| u32::from_str_radix(word.trim(), 16).map_err(|_| word.trim().to_owned()))
}
