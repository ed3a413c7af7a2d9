//! Temperature and supply voltages of the chip, from the XADC through IIO (Linux, drivers/iio/adc/xilinx-xadc-core.c).

use crate::error::LinuxError;
use crate::sysfs::{self, Roots};
use std::path::Path;

/// Name of the IIO device.
const DEVICE: &str = "xadc";
/// Highest junction temperature of the commercial grade in degrees Celsius (DS187, recommended operating conditions).
pub const MAX_CELSIUS: f64 = 85.0;

/// A supply.
#[derive(Clone, Debug, PartialEq)]
pub struct Supply {
    /// Its name: `vccint`, `vccaux`, `vccbram`, `vccpint`, `vccpaux`, `vccoddr`, ...
    pub name: String,
    /// Volts.
    pub volts: f64,
}

/// What the XADC measures.
#[derive(Clone, Debug, PartialEq)]
pub struct Health {
    /// Of the die, in degrees Celsius.
    pub celsius: f64,
    /// Supplies in the order of their channels.
    pub supplies: Vec<Supply>,
}

/// Lowest and highest volts of a supply of an XC7Z020 of speed grade -1 (DS187, recommended operating conditions);
/// `None` for one that depends on the board.
pub fn limits(supply: &str) -> Option<(f64, f64)> {
    match supply {
        "vccint" | "vccbram" | "vccpint" => Some((0.95, 1.05)),
        "vccaux" | "vccpaux" => Some((1.71, 1.89)),
        _ => None,
    }
}

impl Health {
    /// Reads everything; `None` where there is no XADC.
    ///
    /// # Errors
    /// There is one, and a channel of it cannot be read.
    pub fn read(roots: &Roots) -> Result<Option<Health>, LinuxError> {
        let bus = roots.sys.join("bus/iio/devices");
        for entry in sysfs::names(&bus)? {
            let folder = bus.join(entry);
            if sysfs::text(&folder.join("name")).is_ok_and(|name| name == DEVICE) {
                return Health::of(&folder).map(Some);
            }
        }
        Ok(None)
    }

    fn of(folder: &Path) -> Result<Health, LinuxError> {
        let value = |file: &str| sysfs::fraction(&folder.join(file));
        // IIO counts temperature in thousandths of a degree and voltage in thousandths of a volt.
        let celsius = (value("in_temp0_raw")? + value("in_temp0_offset")?) * value("in_temp0_scale")? / 1_000.0;
        let mut supplies = Vec::new();
        for file in sysfs::names(folder)? {
            let channel = file.strip_prefix("in_voltage").and_then(|rest| rest.strip_suffix("_raw"));
            let Some((number, name)) = channel.and_then(|channel| channel.split_once('_')) else { continue };
            let Ok(number) = number.parse::<u32>() else { continue };
            let volts = value(&file)? * value(&format!("in_voltage{number}_{name}_scale"))? / 1_000.0;
            supplies.push((number, Supply { name: name.to_owned(), volts }));
        }
        supplies.sort_by_key(|(number, _)| *number);
        Ok(Health { celsius, supplies: supplies.into_iter().map(|(_, supply)| supply).collect() })
    }

    /// What is outside its limits, in words; empty when all is well.
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        if self.celsius > MAX_CELSIUS {
            complaints.push(format!(
                "die: expected at most {MAX_CELSIUS:.0} degrees Celsius, found {:.1}; cool it",
                self.celsius
            ));
        }
        for Supply { name, volts } in &self.supplies {
            if let Some((low, high)) = limits(name)
                && !(low..=high).contains(volts)
            {
                complaints.push(format!("{name}: expected {low} to {high} V, found {volts:.3}; check the supply"));
            }
        }
        complaints
    }
}
