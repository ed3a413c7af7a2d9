//! Scatter-gather: descriptors are fetched ahead of their data and written back after it (PG021, "Scatter Gather").

use std::collections::VecDeque;

use super::config::Timing;
use super::faults::{Fault, Faults};
use super::memory::{Memory, Response};
use super::pg021::{COMPLETE, Channel, LENGTH_MASK, status, word};

/// A descriptor as it was fetched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Descriptor {
    pub address: u64,
    pub next: u64,
    pub buffer: u64,
    pub control: u32,
}

/// What memory gave for a descriptor: the descriptor, or the error bit of DMASR.
#[derive(Clone, Copy, Debug)]
struct Coming {
    address: u64,
    words: Result<Descriptor, u32>,
    at: u64,
}

/// The port through which both channels fetch descriptors.
#[derive(Debug, Default)]
pub(super) struct FetchPort {
    free_at: u64,
    /// The address that either channel has asked for last. CURDESC of a channel with an error gives it, whatever descriptor
    /// failed (axi_sg v4.1, `ftch_error_addr`).
    pub last: u64,
}

/// The fetching side of one channel.
#[derive(Debug, Default)]
pub(super) struct Fetcher {
    next: u64,
    tail: u64,
    /// The tail has not been fetched.
    active: bool,
    not_before: u64,
    /// The descriptor whose words are on their way, as they were when memory was asked, and when they are here.
    coming: Option<Coming>,
    pub ready: VecDeque<Descriptor>,
}

impl Fetcher {
    /// Begins at a descriptor, at the rise of RS.
    pub fn begin(&mut self, current: u64) {
        *self = Fetcher { next: current, ..Fetcher::default() };
    }

    /// Takes a new tail.
    pub fn set_tail(&mut self, tail: u64, clock: u64, timing: &Timing) {
        self.tail = tail;
        if !self.active {
            self.active = true;
            self.not_before = clock + timing.tail_to_fetch;
        }
    }

    /// Whether everything up to the tail was fetched and handed on.
    pub fn is_idle(&self) -> bool {
        !self.active && self.coming.is_none() && self.ready.is_empty()
    }

    /// One clock with the port for descriptors, which both channels share.
    ///
    /// # Errors
    /// The error bit of DMASR.
    pub fn clock(
        &mut self,
        channel: Channel,
        clock: u64,
        port: &mut FetchPort,
        timing: &Timing,
        memory: &mut impl Memory,
        faults: &mut Faults,
    ) -> Result<(), u32> {
        if let Some(Coming { address, words, at }) = self.coming {
            if clock < at {
                return Ok(());
            }
            self.coming = None;
            let descriptor = words?;
            self.next = descriptor.next;
            self.active &= address != self.tail;
            self.ready.push_back(descriptor);
        }
        if self.active && self.ready.len() < timing.prefetch && clock >= self.not_before && clock >= port.free_at {
            let words = read(channel, self.next, memory, faults);
            let at = clock + timing.ddr_latency + timing.fetch_to_data;
            self.coming = Some(Coming { address: self.next, words, at });
            // Eight words of 32 bits.
            *port = FetchPort { free_at: clock + timing.ddr_latency + 8, last: self.next };
        }
        Ok(())
    }
}

fn read(channel: Channel, address: u64, memory: &mut impl Memory, faults: &mut Faults) -> Result<Descriptor, u32> {
    let mut bytes = [0; 32];
    let planned = faults.strike_if(|fault| match fault {
        Fault::Fetch(at, response) if at == channel => Some(response),
        _ => None,
    });
    match planned.unwrap_or_else(|| memory.read(address, &mut bytes)) {
        Response::Okay => {}
        Response::SlaveError => return Err(status::SG_SLAVE_ERROR),
        Response::DecodeError => return Err(status::SG_DECODE_ERROR),
    }
    let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let wide = |low, high| u64::from(word(low)) | u64::from(word(high)) << 32;
    if word(word::STATUS) & COMPLETE != 0 || faults.strike(Fault::Stale(channel)) {
        return Err(status::SG_INTERNAL_ERROR);
    }
    let (next, buffer) = (wide(word::NEXT, word::NEXT_HIGH) & !0x3F, wide(word::BUFFER, word::BUFFER_HIGH));
    Ok(Descriptor { address, next, buffer, control: word(word::CONTROL) })
}

/// Bytes of a descriptor, as many as the length field has bits for.
pub(super) fn length(control: u32, bits: u32) -> u32 {
    control & LENGTH_MASK & ((1 << bits) - 1)
}

/// A descriptor to be written back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Update {
    pub channel: Channel,
    pub descriptor: Descriptor,
    /// STATUS, Cmplt included.
    pub status: u32,
    /// A packet ends with it.
    pub end: bool,
}

/// The write-back side, which both channels share.
#[derive(Debug, Default)]
pub(super) struct Updater {
    waiting: VecDeque<Update>,
    done_at: Option<u64>,
}

impl Updater {
    pub fn push(&mut self, update: Update) {
        self.waiting.push_back(update);
    }

    /// Forgets what waits of one channel.
    pub fn drop_channel(&mut self, channel: Channel) {
        self.waiting.retain(|update| update.channel != channel);
        self.done_at = None;
    }

    /// Whether something of a channel waits.
    pub fn has(&self, channel: Channel) -> bool {
        self.waiting.iter().any(|update| update.channel == channel)
    }

    /// One clock; gives the update that was written, and how it went: an error bit of DMASR or 0.
    pub fn clock(
        &mut self,
        clock: u64,
        timing: &Timing,
        memory: &mut impl Memory,
        faults: &mut Faults,
    ) -> Option<(Update, u32)> {
        let update = *self.waiting.front()?;
        let at = *self.done_at.get_or_insert(clock + timing.ddr_latency);
        if clock < at {
            return None;
        }
        self.done_at = None;
        self.waiting.pop_front();
        let planned = faults.strike_if(|fault| match fault {
            Fault::Update(channel, response) if channel == update.channel => Some(response),
            _ => None,
        });
        let address = update.descriptor.address + word::STATUS as u64;
        let bit = match planned.unwrap_or_else(|| memory.write(address, &update.status.to_le_bytes())) {
            Response::Okay => 0,
            Response::SlaveError => status::SG_SLAVE_ERROR,
            Response::DecodeError => status::SG_DECODE_ERROR,
        };
        Some((update, bit))
    }
}
