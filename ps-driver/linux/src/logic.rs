//! Is the programmable logic configured, clocked and out of reset? An access that is not answered stops the processor
//! for ever, so this is asked before the first one.
//!
//! The FPGA manager is always asked. Clock and reset stand in debugfs, which only root reads and not every kernel has:
//! what cannot be read is reported as unknown and holds nobody up.

use crate::error::LinuxError;
use crate::sysfs::{self, Roots};
use deltascope_abi::board::{FCLK, FCLK_HZ, UIO_NAME};
use deltascope_driver::seams::{Fabric, FabricError};
use std::path::PathBuf;

/// Word of the SLCR that holds the reset outputs to the logic, from 0xF800_0000 (UG585, register FPGA_RST_CTRL). Bit N
/// is FCLK_RESETN_N, asserted while one.
const FPGA_RST_CTRL: &str = "240";
/// Word of the SLCR with the level shifters between PS and PL (UG585, register LVL_SHFTR_EN); 0xF: both ways.
const LVL_SHFTR_EN: &str = "900";

/// What one look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// As it must be; the text says what was found.
    Good(String),
    /// It cannot be read here; the text says why.
    Unknown(String),
    /// Not as it must be.
    Bad {
        /// What it must be.
        expected: String,
        /// What it is.
        found: String,
        /// What to do.
        remedy: &'static str,
    },
}

/// One look at the programmable logic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// What was looked at.
    pub what: &'static str,
    /// What was found.
    pub finding: Finding,
}

impl Look {
    /// Fails when it was bad.
    ///
    /// # Errors
    /// [`LinuxError::Logic`].
    pub fn check(self) -> Result<(), LinuxError> {
        match self.finding {
            Finding::Good(_) | Finding::Unknown(_) => Ok(()),
            Finding::Bad { expected, found, remedy } => {
                Err(LinuxError::Logic { what: self.what, expected, found, remedy })
            }
        }
    }
}

/// Every look, in the order in which a missing one explains the next.
pub fn looks(roots: &Roots) -> Vec<Look> {
    vec![
        Look { what: "configuration", finding: configuration(roots) },
        Look { what: "clock", finding: clock(roots) },
        Look { what: "level shifters", finding: level_shifters(roots) },
        Look { what: "reset", finding: reset(roots) },
    ]
}

/// Fails at the first look that is bad.
///
/// # Errors
/// [`LinuxError::Logic`].
pub fn check(roots: &Roots) -> Result<(), LinuxError> {
    looks(roots).into_iter().try_for_each(Look::check)
}

/// [`looks`] as the DMA driver asks for them.
#[derive(Clone, Debug)]
pub struct LinuxFabric {
    /// Where sysfs is; `None` for an emulated board, whose logic answers from the start.
    pub roots: Option<Roots>,
}

impl Fabric for LinuxFabric {
    fn check(&mut self) -> Result<(), FabricError> {
        let Some(roots) = &self.roots else { return Ok(()) };
        check(roots).map_err(|error| FabricError::Unknown { text: error.to_string() })
    }
}

fn configuration(roots: &Roots) -> Finding {
    const LOAD: &str = "load the bitstream: boards/zynq7020/README.md says how";
    let bad = |found: String| Finding::Bad { expected: "state operating".to_owned(), found, remedy: LOAD };
    let class = roots.class("fpga_manager");
    let managers = sysfs::names(&class).unwrap_or_default();
    let Some(manager) = managers.first() else {
        return Finding::Bad {
            expected: "an FPGA manager".to_owned(),
            found: "none".to_owned(),
            remedy: "boot a kernel with CONFIG_FPGA_MGR_ZYNQ_FPGA",
        };
    };
    match sysfs::text(&class.join(manager).join("state")) {
        Ok(state) if state == "operating" => Finding::Good(format!("{manager} operating")),
        Ok(state) => bad(format!("{manager} {state}")),
        Err(error) => bad(error.to_string()),
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
    let built_for = built_for_hz(roots);
    let limit = built_for.map_or(FCLK_HZ, |built_for| built_for.min(FCLK_HZ));
    match (read("clk_enable_count"), read("clk_rate")) {
        (Ok(0), _) => Finding::Bad {
            expected: format!("{name} enabled"),
            found: "no user of it".to_owned(),
            remedy: "apply boards/zynq7020/deltascope.dtbo before the kernel starts, so that it leaves the clock on",
        },
        (Ok(_), Ok(rate)) if rate > u64::from(limit) || rate == 0 => Finding::Bad {
            expected: format!("{name} of at most {limit} Hz"),
            found: format!("{rate} Hz"),
            remedy: "set FCLK0 in the PS configuration or the boot loader",
        },
        (Ok(_), Ok(rate)) => Finding::Good(match built_for {
            // A crystal of 33.333333 MHz makes a few Hz less.
            Some(built_for) if u64::from(built_for) - rate > 100 => {
                format!("{name} {rate} Hz, slower than the {built_for} Hz that the bitstream was built for")
            }
            _ => format!("{name} {rate} Hz"),
        }),
        (Err(error), _) | (_, Err(error)) => Finding::Unknown(error.to_string()),
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

/// A word of the SLCR, by its offset in hexadecimal, from the list of the kernel's register map.
fn slcr(roots: &Roots, offset: &str) -> Result<u32, String> {
    let folder = roots.sys.join("kernel/debug/regmap");
    let maps = sysfs::names(&folder).map_err(|error| error.to_string())?;
    let map = maps.iter().find(|name| name.contains("slcr") || name.contains("f8000000"));
    let map = map.ok_or_else(|| format!("{}: no register map of the SLCR", folder.display()))?;
    let path: PathBuf = folder.join(map).join("registers");
    let text = sysfs::text(&path).map_err(|error| error.to_string())?;
    let line = text.lines().filter_map(|line| line.split_once(':'));
    let mut found = line.filter(|(at, _)| at.trim().trim_start_matches('0') == offset);
    let (_, word) = found.next().ok_or_else(|| format!("{}: no register {offset}", path.display()))?;
    u32::from_str_radix(word.trim(), 16).map_err(|_| format!("{}: register {offset} reads {word:?}", path.display()))
}
