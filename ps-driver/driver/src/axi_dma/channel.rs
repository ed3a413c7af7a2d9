//! The DMA's registers: starting, stopping, resetting, and what its status reports.

use super::error::{DmaError, ErrorBit};
use super::registers::{Channel, MAX_LENGTH_BITS, Register, control, status};
use super::settings::Mode;
use crate::seams::{BusError, Clock, Registers};
use core::time::Duration;

/// Reads a register of a channel.
pub(super) fn read(dma: &mut impl Registers, channel: Channel, register: Register) -> Result<u32, BusError> {
    dma.read32(channel.at(register))
}

/// Writes a register of a channel.
pub(super) fn write(
    dma: &mut impl Registers,
    channel: Channel,
    register: Register,
    value: u32,
) -> Result<(), BusError> {
    dma.write32(channel.at(register), value)
}

/// Looks at a register until `done` likes it; gives the last value when `limit` has passed.
fn wait(
    dma: &mut impl Registers,
    clock: &mut impl Clock,
    channel: Channel,
    register: Register,
    limit: Duration,
    done: impl Fn(u32) -> bool,
) -> Result<Result<u32, u32>, BusError> {
    let end = clock.now().saturating_add(limit);
    loop {
        let value = read(dma, channel, register)?;
        if done(value) {
            return Ok(Ok(value));
        }
        if clock.now() > end {
            return Ok(Err(value));
        }
    }
}

/// Finds the mode, and refuses what is no AXI DMA or is used cyclically.
pub fn identify(dma: &mut impl Registers) -> Result<Mode, DmaError> {
    let mut modes = [Mode::Direct; 2];
    for (channel, mode) in Channel::BOTH.into_iter().zip(&mut modes) {
        let found = read(dma, channel, Register::Status)?;
        if found & status::RESERVED != 0 {
            return Err(DmaError::NotDma { channel, reserved: status::RESERVED, found });
        }
        refuse_cyclic(dma, channel)?;
        if found & status::SG_INCLUDED != 0 {
            *mode = Mode::ScatterGather;
        }
    }
    if modes[0] != modes[1] {
        let found = read(dma, Channel::S2mm, Register::Status)?;
        return Err(DmaError::NotDma { channel: Channel::S2mm, reserved: status::SG_INCLUDED, found });
    }
    Ok(modes[0])
}

/// Refuses a channel in cyclic mode.
pub(super) fn refuse_cyclic(dma: &mut impl Registers, channel: Channel) -> Result<(), DmaError> {
    let found = read(dma, channel, Register::Control)?;
    if found & control::CYCLIC != 0 {
        return Err(DmaError::Cyclic { channel, found });
    }
    Ok(())
}

/// Resets the whole DMA (one Reset bit does: PG021, "MM2S_DMACR") and waits for the end of it.
pub fn reset(dma: &mut impl Registers, clock: &mut impl Clock, limit: Duration) -> Result<(), DmaError> {
    write(dma, Channel::Mm2s, Register::Control, control::RESET)?;
    for channel in Channel::BOTH {
        wait(dma, clock, channel, Register::Control, limit, |value| value & control::RESET == 0)?
            .map_err(|found| DmaError::ResetStuck { channel, limit, found })?;
        wait(dma, clock, channel, Register::Status, limit, |value| value & status::HALTED != 0)?
            .map_err(|found| DmaError::RunStuck { channel, expected: 1, limit, found })?;
    }
    Ok(())
}

/// Starts a channel and waits until it runs.
pub(super) fn start(
    dma: &mut impl Registers,
    clock: &mut impl Clock,
    channel: Channel,
    value: u32,
    limit: Duration,
) -> Result<(), DmaError> {
    write(dma, channel, Register::Control, value | control::RUN)?;
    wait(dma, clock, channel, Register::Status, limit, |value| value & status::HALTED == 0)?
        .map_err(|found| DmaError::RunStuck { channel, expected: 0, limit, found })?;
    refuse_cyclic(dma, channel)
}

/// Resets the DMA without waiting for the end of it: one write, for a panic handler. Both channels stop when what they
/// have asked of memory is answered, and hold no address of a buffer any more.
///
/// # Errors
/// The register cannot be written.
pub fn silence(dma: &mut impl Registers) -> Result<(), BusError> {
    write(dma, Channel::Mm2s, Register::Control, control::RESET)
}

/// Fails when a channel reports an error or has halted.
///
/// An error of one channel halts the other too, which then shows no error (axi_dma v7.1, `error_in`), and with scatter-gather
/// DMASR shows the error only when its descriptor is written back (axi_sg v4.1), when the other channel may have
/// halted long ago. So both registers are read before either is blamed, and a halt is called one without an error only
/// when no error has come within `limit`.
pub(super) fn check(
    dma: &mut impl Registers,
    clock: &mut impl Clock,
    mode: Mode,
    limit: Duration,
) -> Result<(), DmaError> {
    let mut end = None;
    loop {
        let mut statuses = [0; 2];
        for (channel, found) in Channel::BOTH.into_iter().zip(&mut statuses) {
            *found = read(dma, channel, Register::Status)?;
        }
        for (channel, found) in Channel::BOTH.into_iter().zip(statuses) {
            if let Some(bit) = ErrorBit::first_in(found) {
                let descriptor = match mode {
                    Mode::ScatterGather => read(dma, channel, Register::CurrentDescriptor)?,
                    Mode::Direct => 0,
                };
                return Err(DmaError::Transfer { channel, bit, status: found, descriptor });
            }
        }
        let mut both = Channel::BOTH.into_iter().zip(statuses);
        let Some((channel, status)) = both.find(|(_, found)| found & status::HALTED != 0) else { return Ok(()) };
        let now = clock.now();
        if now > *end.get_or_insert(now.saturating_add(limit)) {
            return Err(DmaError::Halted { channel, status });
        }
    }
}

/// Refuses a DMA built for more than 32 address bits. Its upper address registers take what is written while the channel
/// is halted, and with scatter-gather TAILDESC alone starts nothing: TAILDESC_MSB does (axi_dma v7.1).
pub fn refuse_wide(dma: &mut impl Registers, mode: Mode) -> Result<(), DmaError> {
    let register = match mode {
        Mode::ScatterGather => Register::TailDescriptorHigh,
        Mode::Direct => Register::AddressHigh,
    };
    for channel in Channel::BOTH {
        write(dma, channel, register, u32::MAX)?;
        let found = read(dma, channel, register)?;
        write(dma, channel, register, 0)?;
        if found != 0 {
            return Err(DmaError::Wide { channel, found });
        }
    }
    Ok(())
}

/// Clears the interrupt bits that are set, and gives them.
pub(super) fn acknowledge(dma: &mut impl Registers, channel: Channel) -> Result<u32, BusError> {
    let found = read(dma, channel, Register::Status)? & status::INTERRUPTS;
    if found != 0 {
        write(dma, channel, Register::Status, found)?;
    }
    Ok(found)
}

/// Bits of the length register, found by writing ones while the channel is halted, when a write starts nothing
/// (PG021, "MM2S_DMASR", Halted). Direct mode only. The next reset clears the register.
pub(super) fn length_bits(dma: &mut impl Registers, channel: Channel) -> Result<u32, BusError> {
    write(dma, channel, Register::Length, (1 << MAX_LENGTH_BITS) - 1)?;
    Ok(read(dma, channel, Register::Length)?.trailing_ones())
}
