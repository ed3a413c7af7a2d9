//! Which way to the registers a UIO device has, by the names of its maps.
//!
//! | map | way |
//! |---|---|
//! | `engine` and `axi_dma` | the registers are in the maps: a board |
//! | `mailbox` | an emulated board: registers are asked for through a mailbox in memory that both sides share |
//!
//! The second way is [`deltascope_mailbox`]; only the device tree of an emulated board has such a map.

use crate::error::LinuxError;
use crate::guard::Guarded;
use crate::mmio::Mmio;
use crate::second_way::SecondWay;
use crate::sysfs::{self, Roots};
use crate::uio::UioDevice;
use deltascope_abi::board::{AXI_DMA, ENGINE, Window};
use deltascope_abi::mailbox;
use deltascope_driver::seams::{BusError, Registers};
use deltascope_mailbox::{Guest, Words};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Name of the map of an emulated board.
pub const MAILBOX: &str = mailbox::MAILBOX.name;

/// Registers of one block, however they are reached.
pub struct BlockRegisters(Box<dyn Registers>);

impl BlockRegisters {
    /// Registers reached by `way`.
    pub fn new(way: impl Registers + 'static) -> BlockRegisters {
        BlockRegisters(Box::new(way))
    }
}

impl Registers for BlockRegisters {
    fn read32(&mut self, offset: u32) -> Result<u32, BusError> {
        self.0.read32(offset)
    }

    fn write32(&mut self, offset: u32, value: u32) -> Result<(), BusError> {
        self.0.write32(offset, value)
    }
}

/// Both blocks of a board.
pub struct Blocks {
    /// The way to the DMA for another thread; an emulated board has none.
    pub second_way: Option<SecondWay>,
    /// Registers of the engine.
    pub engine: BlockRegisters,
    /// Registers of the AXI DMA.
    pub dma: BlockRegisters,
}

/// The registers of a device, after [`crate::logic::check`].
///
/// # Errors
/// The device has none of the maps, or they are too small or cannot be mapped.
pub fn open(device: &UioDevice) -> Result<Blocks, LinuxError> {
    if device.find_map(MAILBOX).is_some() {
        return in_mailbox(device);
    }
    let [engine, dma] = [in_map(device, &ENGINE)?, in_map(device, &AXI_DMA)?].map(BlockRegisters::new);
    Ok(Blocks { second_way: Some(SecondWay::new(in_map(device, &AXI_DMA)?)), engine, dma })
}

/// Whether the board is an emulated one, whose logic answers from the start: seen from the names of its maps alone.
pub fn is_emulated(roots: &Roots, device: &str) -> bool {
    let class = roots.class("uio");
    let named = |path: &Path, name: &str| sysfs::text(&path.join("name")).is_ok_and(|found| found == name);
    let folders = |path: &Path| -> Vec<PathBuf> {
        sysfs::names(path).unwrap_or_default().iter().map(|name| path.join(name)).collect()
    };
    let devices = folders(&class).into_iter().filter(|path| named(path, device));
    devices.flat_map(|path| folders(&path.join("maps"))).any(|map| named(&map, MAILBOX))
}

/// Both blocks behind the mailbox.
fn in_mailbox(device: &UioDevice) -> Result<Blocks, LinuxError> {
    let failed = |source| LinuxError::Mailbox { device: device.name().to_owned(), source };
    let info = device.map(MAILBOX, mailbox::MAILBOX.bytes.into())?;
    let start = usize::try_from(info.offset).unwrap_or(usize::MAX);
    let words = Words::new(device.mmap(info)?, start).map_err(failed)?;
    let guest = Rc::new(Guest::open(words).map_err(failed)?);
    let block = |window| BlockRegisters::new(guest.block(window));
    Ok(Blocks { second_way: None, engine: block(ENGINE), dma: block(AXI_DMA) })
}

/// Registers in the map that a window is shown by.
pub(crate) fn in_map(device: &UioDevice, window: &Window) -> Result<Mmio, LinuxError> {
    let info = device.map(window.name, window.bytes.into())?;
    let map = Guarded::new(device.mmap(info)?)?;
    let start = usize::try_from(info.offset).ok();
    let registers = start.and_then(|start| Mmio::new(map, start, window.bytes));
    registers.ok_or_else(|| LinuxError::MapSize {
        device: device.name().to_owned(),
        map: info.name.clone(),
        expected: format!("whole words, {:#x} bytes of them", window.bytes),
        found: info.bytes,
    })
}
