//! The fingerprint block of a board, which only some bitstreams have: its driver over UIO.

use crate::access;
use crate::board::{MonotonicClock, Options};
use crate::buffers::{Buffers, Part};
use crate::error::LinuxError;
use crate::logic::{self, LinuxFabric};
use crate::mmio::Mmio;
use crate::uio::UioDevice;
use deltascope_abi::board::{FINGERPRINT_DMA, FINGERPRINT_UIO_NAME};
use deltascope_abi::fingerprint::Fingerprint;
use deltascope_driver::fingerprint::{FingerprintBlock, FingerprintError, settings};

/// Why the block of a board cannot be used, or how it failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlockError {
    /// A part of the board is missing or unsuitable.
    #[error(transparent)]
    Linux(#[from] LinuxError),
    /// The block or its DMA.
    #[error(transparent)]
    Driver(#[from] FingerprintError),
}

/// The block of a board. When it goes, its DMA is reset before the memory is unmapped.
pub struct UioFingerprint {
    /// First, so that it is dropped first.
    block: FingerprintBlock<Mmio, Part, MonotonicClock>,
    buffers: Buffers,
    /// Holds the lock that keeps a second program out.
    device: UioDevice,
}

/// Brings up the block, for packets of at most `packet_bytes`, a multiple of 16.
///
/// # Errors
/// The logic may not be touched, the device tree does not have the block, or its DMA does not suit.
pub fn open(options: &Options, packet_bytes: u32) -> Result<UioFingerprint, BlockError> {
    let device = UioDevice::open(&options.roots, FINGERPRINT_UIO_NAME)?;
    logic::check(&options.roots, &options.trust)?;
    let dma = access::in_map(&device, &FINGERPRINT_DMA)?;
    let mut buffers = Buffers::from_window(&device)?;
    let buffer = buffers.take(buffers.free(), 64)?;
    let mut fabric = LinuxFabric { board: Some((options.roots.clone(), options.trust.clone())) };
    let clock = MonotonicClock::start();
    let block = FingerprintBlock::open(&mut fabric, dma, buffer, clock, &settings(packet_bytes))?;
    Ok(UioFingerprint { block, buffers, device })
}

impl UioFingerprint {
    /// Returns the fingerprint of `packet`, computed by the block.
    ///
    /// # Errors
    /// As [`FingerprintBlock::fingerprint`].
    pub fn fingerprint(&mut self, packet: &[u8]) -> Result<Fingerprint, BlockError> {
        Ok(self.block.fingerprint(packet)?)
    }

    /// How the block is reached, in words.
    pub fn streams(&self) -> String {
        let (address, bytes) = self.buffers.range();
        format!("UIO device {}, AXI DMA, {bytes:#x} bytes of buffers at {address:#x}", self.device.name())
    }
}
