//! The DMA's registers as the processor reads and writes them (PG021, "Register Space").

use super::dma::AxiDma;
use super::faults::{Fault, Faults};
use super::mm2s::Command;
use super::pg021::{Channel, REGISTERS, Register, control, status};
use super::s2mm::Buffer;

/// Bits of DMACR that keep what is written: RS, Keyhole, Cyclic BD Enable, the interrupt enables, threshold and delay.
const CONTROL_KEPT: u32 =
    control::RUN | control::KEYHOLE | control::CYCLIC | status::INTERRUPTS | 0xFFFF << control::THRESHOLD_SHIFT;

/// The register at an offset.
fn find(offset: u32) -> Option<(Channel, Register)> {
    REGISTERS.into_iter().find(|entry| entry.0 == offset).map(|(_, channel, register)| (channel, register))
}

impl AxiDma {
    /// Reads a register; what is reserved reads as zero.
    pub fn read(&mut self, offset: u32, faults: &Faults) -> u32 {
        let Some((channel, register)) = find(offset) else { return 0 };
        let state = *self.state(channel);
        let (sg, direct) = (self.config().scatter_gather, !self.config().scatter_gather);
        match register {
            Register::Control => {
                let reset = if self.is_in_reset() { control::RESET } else { 0 };
                let cyclic = if faults.lasts(Fault::Cyclic(channel)) { control::CYCLIC } else { 0 };
                state.control | reset | cyclic
            }
            Register::Status => self.status(channel),
            Register::CurrentDescriptor if sg => state.current as u32,
            Register::CurrentDescriptorHigh if sg => (state.current >> 32) as u32,
            Register::TailDescriptor if sg => state.tail as u32,
            Register::TailDescriptorHigh if sg => state.tail_high,
            Register::Address if direct => state.address as u32,
            Register::AddressHigh if direct => (state.address >> 32) as u32,
            Register::Length if direct => state.length,
            _ => 0,
        }
    }

    fn status(&mut self, channel: Channel) -> u32 {
        let clock = self.now();
        let (sg, state) = (self.config().scatter_gather, self.state(channel));
        let mut value = state.status;
        if state.idle {
            value |= status::IDLE;
        }
        if sg {
            value |= status::SG_INCLUDED | state.coalescer.status(clock);
        }
        value
    }

    /// Writes a register; what is reserved or read-only does nothing.
    pub fn write(&mut self, offset: u32, value: u32, faults: &Faults) {
        let Some((channel, register)) = find(offset) else { return };
        let (sg, wide) = (self.config().scatter_gather, self.config().address_bits > 32);
        let state = self.state(channel);
        let is_misuse = match register {
            Register::CurrentDescriptor => sg && state.is_running(),
            Register::TailDescriptor => sg && !(state.is_running() && state.is_started()),
            _ => false,
        };
        // CURDESC takes a value only while the channel is halted, and not over that of an error.
        let takes_current = !state.is_running() && state.status & status::ERRORS == 0;
        match register {
            Register::Control => self.write_control(channel, value, faults),
            Register::Status => state.status &= !(value & status::INTERRUPTS),
            Register::CurrentDescriptor if sg && takes_current => {
                state.current = state.current >> 32 << 32 | u64::from(value & !0x3F);
            }
            Register::CurrentDescriptorHigh if sg && wide && takes_current => {
                state.current = state.current & 0xFFFF_FFFF | u64::from(value) << 32;
            }
            Register::TailDescriptor if sg => {
                state.tail = u64::from(value & !0x3F);
                if !wide {
                    self.start_at_tail(channel);
                }
            }
            Register::TailDescriptorHigh if sg && wide => {
                state.tail_high = value;
                self.start_at_tail(channel);
            }
            Register::Address if !sg => state.address = state.address >> 32 << 32 | u64::from(value),
            Register::AddressHigh if !sg && wide => {
                state.address = state.address & 0xFFFF_FFFF | u64::from(value) << 32;
            }
            Register::Length if !sg => self.write_length(channel, value),
            _ => {}
        }
        self.misuses += u32::from(is_misuse);
    }

    fn start_at_tail(&mut self, channel: Channel) {
        let state = self.state(channel);
        if state.is_running() && state.is_started() {
            let tail = state.tail | u64::from(state.tail_high) << 32;
            self.fetch_up_to(channel, tail);
        }
    }

    fn write_control(&mut self, channel: Channel, value: u32, faults: &Faults) {
        if self.is_in_reset() {
            return;
        }
        if value & control::RESET != 0 {
            return self.begin_reset(faults.lasts(Fault::EndlessReset));
        }
        // An error of either channel holds RS of both at zero until a reset.
        let written = if self.has_failed() { value & !control::RUN } else { value };
        let clock = self.now();
        let state = self.state(channel);
        let rises = written & !state.control & control::RUN != 0;
        state.coalescer.configure(state.control, written, clock);
        state.control = written & CONTROL_KEPT | control::ALWAYS_ONE;
        if state.control >> control::THRESHOLD_SHIFT & 0xFF == 0 {
            state.control |= 1 << control::THRESHOLD_SHIFT;
        }
        if rises {
            state.status &= !status::HALTED;
            self.fetch_from_current(channel);
        }
    }

    /// Takes LENGTH, which keeps what is written and starts a transfer when the channel runs and has none.
    fn write_length(&mut self, channel: Channel, value: u32) {
        let masked = value & ((1 << self.config().length_bits) - 1);
        let state = self.state(channel);
        state.length = masked;
        if state.busy || masked == 0 || !state.is_running() || !state.is_started() {
            return;
        }
        state.busy = true;
        let (descriptor, address, bytes) = (None, state.address, masked);
        match channel {
            Channel::Mm2s => self.begin_send(Command { descriptor, address, bytes, last: true }),
            Channel::S2mm => self.give_buffer(Buffer { descriptor, address, bytes }),
        }
    }
}
