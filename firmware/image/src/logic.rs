//! Brings up the programmable logic, and then allows it to be touched.

use alloc::string::{String, ToString};

use deltascope_driver::seams::Fabric;
use deltascope_firmware_core::bitstream;
use deltascope_firmware_core::clocks::{self, Restored};
use deltascope_firmware_core::fabric::{LogicControl, devcfg, slcr};
use deltascope_firmware_core::settings::{Bitstream, Settings};

use crate::clock::GlobalTimer;
use crate::mmio::Mmio;

/// Identity of the part (UG585, PSS_IDCODE).
const PSS_IDCODE: usize = 0xF800_0530;
/// Bytes at the front of a bitstream that are looked at.
const HEAD: u32 = 1024;

/// Gives clocks without a divider that of the reset.
pub fn restore_clocks() -> Restored {
    // SAFETY: the block is part of the processing system and always there; nothing else uses it now.
    let mut slcr = unsafe { Mmio::at(slcr::BASE, slcr::BYTES) };
    // These registers always answer.
    clocks::restore(&mut slcr).unwrap_or_default()
}

/// Loads the bitstream if the settings name one, sets the clock, connects the logic, and checks that it may be touched.
///
/// # Errors
/// Text of the reason; nothing of the logic was touched.
pub fn start(settings: &Settings, oscillator_hz: u32) -> Result<(), String> {
    // SAFETY: both blocks are part of the processing system and always there; the HAL uses neither from here on.
    let mut control =
        unsafe { LogicControl::new(Mmio::at(slcr::BASE, slcr::BYTES), Mmio::at(devcfg::BASE, devcfg::BYTES)) };
    if let Bitstream::Memory { address, bytes } = settings.bitstream {
        let idcode = core::ptr::with_exposed_provenance::<u32>(PSS_IDCODE);
        // SAFETY: a register of the processing system that only reads.
        let idcode = unsafe { idcode.read_volatile() };
        let head = (0..bytes.min(HEAD) / 4).map(|index| {
            let word = core::ptr::with_exposed_provenance::<u32>((address + 4 * index) as usize);
            // SAFETY: the settings take addresses of DDR only, which is mapped.
            unsafe { word.read_volatile() }
        });
        bitstream::check(head, idcode).map_err(|error| error.to_string())?;
        control.isolate().map_err(|error| error.to_string())?;
        // PCAP reads memory: what a first stage has just written may be in the caches.
        zynq7000_hal::cache::clean_and_invalidate_data_cache();
        bitstream::load(control.devcfg(), &mut GlobalTimer, address, bytes).map_err(|error| error.to_string())?;
        defmt::info!("BITSTREAM {=u32} bytes loaded", bytes);
        let hertz = u32::from(settings.fclk_mhz) * 1_000_000;
        let rate = control.set_clock(oscillator_hz, hertz).map_err(|error| error.to_string())?;
        defmt::info!("LOGIC clock {=u32} Hz", rate);
        control.connect().map_err(|error| error.to_string())?;
    }
    control.check().map_err(|error| error.to_string())
}
