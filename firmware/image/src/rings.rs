//! The rings of the Ethernet controller as a device of smoltcp. The HAL has such a device without a way to make it.
//!
//! Descriptors are uncached, frames are cached: a frame is invalidated before it is read and cleaned before it is sent.
//! Checksums are the controller's work in both directions (UG585, section 16.3.10): it drops a frame whose checksum is
//! wrong.

use arbitrary_int::u14;
use smoltcp::phy::{Checksum, Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;
use zynq7000_hal::cache::{clean_data_cache_range, invalidate_data_cache_range};
use zynq7000_hal::eth::rx_descr::{DescriptorListWrapper as RxRing, FrameScanResult};
use zynq7000_hal::eth::tx_descr::{BusyHandlingResult, DescriptorListWrapper as TxRing};
use zynq7000_hal::eth::{AlignedBuffer, EthernetId};

use deltascope_firmware_core::lines::widen;

/// Received frames that wait, at most.
pub const RECEIVE: usize = 64;
/// Frames that wait to be sent, at most.
pub const TRANSMIT: usize = 32;
/// Longest frame without its checksum.
const FRAME: usize = 1514;

/// Both rings with their buffers.
pub struct Rings {
    pub(crate) receive: RxRing<'static>,
    pub(crate) receive_buffers: &'static mut [AlignedBuffer; RECEIVE],
    pub(crate) transmit: TxRing<'static>,
    pub(crate) transmit_buffers: &'static mut [AlignedBuffer; TRANSMIT],
    /// Frames that were lost in either direction.
    pub(crate) errors: u32,
}

impl Rings {
    /// Frames that were lost in either direction.
    pub fn errors(&self) -> u32 {
        self.errors
    }

    /// Takes back the buffers of frames that were sent.
    fn reclaim(&mut self) {
        loop {
            match self.transmit.check_and_handle_completed_transfer() {
                BusyHandlingResult::Complete => return,
                BusyHandlingResult::SlotHandled(_) => {}
                // A frame that is not IP has no checksum to make, and that is reported as an error of the checksum.
                BusyHandlingResult::TxError(error) => self.errors += u32::from(error.checksum_generation.is_none()),
            }
        }
    }

    /// Returns slot and bytes of the next frame. What is no whole frame is dropped.
    fn next_frame(&mut self) -> Option<(usize, usize)> {
        loop {
            match self.receive.scan_and_handle_next_received_frame(false) {
                FrameScanResult::NoFrames => return None,
                FrameScanResult::SingleFrame { index, size, .. } => return Some((index, size)),
                FrameScanResult::MultiSlotFrame { first_slot_index, last_slot_index } => {
                    self.receive.clear_slots(first_slot_index, last_slot_index);
                    self.receive.clear_slot(last_slot_index);
                    self.errors += 1;
                }
                FrameScanResult::BrokenFragments { last_slot_index, .. } => {
                    self.receive.clear_slot(last_slot_index);
                    self.errors += 1;
                }
            }
        }
    }
}

/// A received frame. Its slot goes back to the controller when it was read.
pub struct Received<'a> {
    ring: &'a mut RxRing<'static>,
    buffer: &'a AlignedBuffer,
    slot: usize,
    bytes: usize,
}

impl RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        let bytes = self.bytes.min(self.buffer.0.len());
        let lines = widen(0..bytes, self.buffer.0.len());
        // Buffers are whole lines, and so is what was widened.
        let _ = invalidate_data_cache_range(self.buffer.0.as_ptr() as u32, lines.len());
        let result = read(&self.buffer.0[..bytes]);
        self.ring.clear_slot(self.slot);
        result
    }
}

/// Room for a frame.
pub struct Free<'a> {
    ring: &'a mut TxRing<'static>,
    buffers: &'a mut [AlignedBuffer; TRANSMIT],
}

impl TxToken for Free<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let buffer = &mut self.buffers[self.ring.current_tx_idx()].0;
        let result = write(&mut buffer[..length]);
        let lines = widen(0..length, buffer.len());
        let address = buffer.as_ptr() as u32;
        // As above.
        let _ = clean_data_cache_range(address, lines.len());
        self.ring.prepare_transfer_unchecked(Some(address), u14::new(length as u16), true, false);
        aarch32_cpu::asm::dsb();
        // SAFETY: the bit starts the transmitter; the other bits stay as they are.
        let mut registers = unsafe { EthernetId::Eth0.steal_regs() };
        registers.modify_net_ctrl(|mut control| {
            control.set_start_tx(true);
            control
        });
        result
    }
}

impl Device for Rings {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = Free<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, Free<'_>)> {
        self.reclaim();
        if self.transmit.full() {
            return None;
        }
        let (slot, bytes) = self.next_frame()?;
        let Rings { receive, receive_buffers, transmit, transmit_buffers, .. } = self;
        let received = Received { ring: receive, buffer: &receive_buffers[slot], slot, bytes };
        Some((received, Free { ring: transmit, buffers: transmit_buffers }))
    }

    fn transmit(&mut self, _: Instant) -> Option<Free<'_>> {
        self.reclaim();
        if self.transmit.full() {
            return None;
        }
        Some(Free { ring: &mut self.transmit, buffers: self.transmit_buffers })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = FRAME;
        capabilities.max_burst_size = Some(TRANSMIT);
        capabilities.checksum.ipv4 = Checksum::None;
        capabilities.checksum.udp = Checksum::None;
        capabilities.checksum.tcp = Checksum::None;
        capabilities
    }
}
