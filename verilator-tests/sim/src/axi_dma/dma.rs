//! The AXI DMA: both channels clock by clock (PG021 v7.1).

use super::config::DmaConfig;
use super::faults::{Fault, Faults};
use super::fetch::{FetchPort, Fetcher, Update, Updater, length};
use super::memory::Memory;
use super::mm2s::{Command, JUNK_BEATS, Mm2s, Sent, StreamBeat};
use super::pg021::{COMPLETE, Channel, END_OF_FRAME, START_OF_FRAME, control, status};
use super::s2mm::{Buffer, Filled, S2mm};
use super::state::{Failing, State};

/// Clocks of a reset after the last access to memory has ended.
const RESET_CLOCKS: u64 = 32;
/// How much higher the errors of data are in a descriptor than in DMASR: bits 30:28 and 6:4.
const ERRORS_SHIFT: u32 = 24;
/// Errors of data in DMASR.
const DATA_ERRORS: u32 = status::INTERNAL_ERROR | status::SLAVE_ERROR | status::DECODE_ERROR;

/// The DMA between memory and two streams.
pub struct AxiDma {
    config: DmaConfig,
    clock: u64,
    pub(super) states: [State; 2],
    pub(super) fetchers: [Fetcher; 2],
    pub(super) fetch_port: FetchPort,
    pub(super) updater: Updater,
    pub(super) mm2s: Mm2s,
    pub(super) s2mm: S2mm,
    reset_end: Option<u64>,
    /// A transfer that failed, which stops both channels presently.
    pub(super) failing: Option<Failing>,
    /// An error has stopped both channels: only a reset starts them again.
    pub(super) failed: bool,
    /// Memory owes an answer that never comes: neither a halt nor a reset ends.
    pub(super) unanswered: bool,
    /// Writes of CURDESC to a channel that ran, and of TAILDESC to one that did not.
    pub(super) misuses: u32,
}

impl AxiDma {
    /// A DMA after its reset.
    pub fn new(config: DmaConfig) -> AxiDma {
        AxiDma {
            config,
            clock: 0,
            states: [State::RESET; 2],
            fetchers: Default::default(),
            fetch_port: FetchPort::default(),
            updater: Updater::default(),
            mm2s: Mm2s::default(),
            s2mm: S2mm::default(),
            reset_end: None,
            failing: None,
            failed: false,
            unanswered: false,
            misuses: 0,
        }
    }

    /// Whether it is as after a reset, or in one: it moves nothing and holds no address.
    pub fn is_stopped(&self) -> bool {
        self.is_in_reset() || self.states.iter().all(State::is_forgotten)
    }

    /// Writes of CURDESC to a channel that ran, which does not take it, and of TAILDESC to one that did not, which starts
    /// nothing (PG021, "Programming Sequence").
    pub fn misuses(&self) -> u32 {
        self.misuses
    }

    /// How it was built.
    pub fn config(&self) -> &DmaConfig {
        &self.config
    }

    /// Beats that the stream of records took since the last reset of the logic.
    pub fn record_beats(&self) -> u64 {
        self.mm2s.beats
    }

    /// MM2S and S2MM raise their interrupts.
    pub fn interrupts(&self) -> [bool; 2] {
        let raised = |state: &State| state.raises() && !self.is_in_reset();
        [raised(&self.states[0]), raised(&self.states[1])]
    }

    /// Clocks so far.
    pub(super) fn now(&self) -> u64 {
        self.clock
    }

    pub(super) fn state(&mut self, channel: Channel) -> &mut State {
        &mut self.states[channel as usize]
    }

    pub(super) fn is_in_reset(&self) -> bool {
        self.reset_end.is_some()
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed
    }

    /// Begins a reset: RS falls at once; the rest is cleared by the reset that follows when memory has answered.
    pub(super) fn begin_reset(&mut self, endless: bool) {
        for state in &mut self.states {
            state.control &= !control::RUN;
        }
        self.fetchers = Default::default();
        self.updater = Updater::default();
        self.failing = None;
        self.mm2s.shut_down(JUNK_BEATS);
        self.s2mm = S2mm::default();
        let length = self.config.timing.ddr_latency + RESET_CLOCKS;
        self.reset_end = Some(if endless || self.unanswered { u64::MAX } else { self.clock + length });
    }

    /// Fetches up to a new tail.
    pub(super) fn fetch_up_to(&mut self, channel: Channel, tail: u64) {
        self.fetchers[channel as usize].set_tail(tail, self.clock, &self.config.timing);
    }

    /// Fetches from CURDESC on.
    pub(super) fn fetch_from_current(&mut self, channel: Channel) {
        let current = self.state(channel).current;
        self.fetchers[channel as usize].begin(current);
    }

    pub(super) fn begin_send(&mut self, command: Command) {
        self.mm2s.begin(command);
    }

    pub(super) fn give_buffer(&mut self, buffer: Buffer) {
        self.s2mm.give(buffer);
    }

    /// The beat that is offered to the engine in this clock.
    #[inline]
    pub fn offer(&mut self) -> Option<StreamBeat> {
        self.mm2s.offer(self.clock)
    }

    /// Whether a beat of the engine is taken in this clock.
    #[inline]
    pub fn ready(&self) -> bool {
        // A reset takes and ignores what comes (PG022, "S2MM Soft Shutdown").
        self.is_in_reset() || (self.states[1].is_running() && self.s2mm.ready())
    }

    /// The rising edge: `taken` reports that the offered beat was taken, `arrived` is the beat of the engine.
    pub fn clock(&mut self, taken: bool, arrived: Option<StreamBeat>, memory: &mut impl Memory, faults: &mut Faults) {
        let clock = self.clock;
        self.clock += 1;
        if let Some(end) = self.reset_end {
            self.clock_reset(taken, clock, end);
            return;
        }
        if !faults.is_empty() {
            for channel in Channel::BOTH {
                if faults.strike(Fault::Halt(channel)) {
                    self.stop(channel);
                }
            }
        }
        if self.config.scatter_gather {
            self.clock_descriptors(clock, memory, faults);
        }
        let arrived = arrived.map(|beat| StreamBeat { last: beat.last && self.config.last_connected, ..beat });
        for (state, beat) in self.states.iter_mut().zip([self.mm2s.front().filter(|_| taken), arrived]) {
            if let Some(beat) = beat {
                state.coalescer.beat(beat.last, clock);
            }
        }
        let bits = self.config.stream_bits;
        if let Some(sent) = self.mm2s.clock(taken, clock, &self.config.timing, bits, memory, faults) {
            self.sent(sent, faults);
        }
        let direct = !self.config.scatter_gather;
        if let Some(filled) = self.s2mm.clock(arrived, clock, &self.config.timing, direct, memory, faults) {
            self.filled(filled, faults);
        }
        self.unanswered |= self.mm2s.is_silent() || self.s2mm.is_silent();
        self.clock_failing(clock);
        for channel in Channel::BOTH {
            let state = self.state(channel);
            if !direct && state.coalescer.clock(clock, state.control, state.status) {
                state.status |= status::IRQ_DELAY;
            }
            self.clock_status(channel, clock);
        }
    }

    fn clock_reset(&mut self, taken: bool, clock: u64, end: u64) {
        if taken {
            let (timing, bits) = (self.config.timing, self.config.stream_bits);
            // Nothing is under way, so memory is not touched and no fault strikes.
            let _ = self.mm2s.clock(true, clock, &timing, bits, &mut Nowhere, &mut Faults::default());
        }
        if clock >= end {
            (self.reset_end, self.failed) = (None, false);
            self.states = [State::RESET; 2];
            self.mm2s.clear();
        }
    }

    fn clock_descriptors(&mut self, clock: u64, memory: &mut impl Memory, faults: &mut Faults) {
        for channel in Channel::BOTH {
            let at = channel as usize;
            if !self.states[at].is_running() {
                continue;
            }
            let (timing, port) = (&self.config.timing, &mut self.fetch_port);
            if let Err(error) = self.fetchers[at].clock(channel, clock, port, timing, memory, faults) {
                self.fail_descriptor(channel, error);
            }
        }
        if self.mm2s.is_free()
            && let Some(descriptor) = self.fetchers[0].ready.pop_front()
        {
            let bytes = length(descriptor.control, self.config.length_bits);
            self.states[0].current = descriptor.address;
            let last = descriptor.control & END_OF_FRAME != 0;
            let command = Command { descriptor: Some(descriptor), address: descriptor.buffer, bytes, last };
            match bytes {
                0 => self.sent(Sent { command, errors: status::INTERNAL_ERROR }, faults),
                _ => self.mm2s.begin(command),
            }
        }
        if self.s2mm.has_room()
            && let Some(descriptor) = self.fetchers[1].ready.pop_front()
        {
            let bytes = length(descriptor.control, self.config.length_bits);
            self.states[1].current = descriptor.address;
            let buffer = Buffer { descriptor: Some(descriptor), address: descriptor.buffer, bytes };
            match bytes {
                0 => self.filled(Filled::failed(buffer, status::INTERNAL_ERROR), faults),
                _ => self.s2mm.give(buffer),
            }
        }
        if let Some((update, error)) = self.updater.clock(clock, &self.config.timing, memory, faults) {
            match error {
                0 => self.updated(&update),
                _ => self.fail_descriptor(update.channel, error),
            }
        }
    }

    /// MM2S is over with a command.
    fn sent(&mut self, sent: Sent, faults: &mut Faults) {
        let Sent { command, errors } = sent;
        let Some(descriptor) = command.descriptor else {
            return self.transferred(Channel::Mm2s, errors);
        };
        // The length is the command's, also when it failed (axi_dma v7.1, `mm2s_xferd_bytes`).
        let bytes = if self.config.micro { 0 } else { command.bytes };
        let status = bytes | errors << ERRORS_SHIFT | COMPLETE;
        let update = Update { channel: Channel::Mm2s, descriptor, status, end: command.last };
        self.described(update, errors, faults);
    }

    /// S2MM is over with a buffer.
    fn filled(&mut self, filled: Filled, faults: &mut Faults) {
        let Filled { buffer, errors, .. } = filled;
        let Some(descriptor) = buffer.descriptor else {
            if errors == 0 && !self.config.micro {
                self.states[1].length = filled.bytes;
            }
            return self.transferred(Channel::S2mm, errors);
        };
        let start = if filled.start { START_OF_FRAME } else { 0 };
        let end = if filled.end { END_OF_FRAME } else { 0 };
        let bytes = if self.config.micro { 0 } else { filled.bytes };
        let status = bytes | start | end | errors << ERRORS_SHIFT | COMPLETE;
        let update = Update { channel: Channel::S2mm, descriptor, status, end: filled.end };
        self.described(update, errors, faults);
    }

    /// The transfer of a descriptor is over, which is to be written back.
    fn described(&mut self, update: Update, errors: u32, faults: &mut Faults) {
        match errors {
            0 if faults.strike(Fault::NoWriteBack(update.channel)) => {}
            0 => self.updater.push(update),
            _ => self.fail_data(Failing::described(update, errors)),
        }
    }

    /// A descriptor was written back. It counts for the interrupt when a packet ends with it, also when it failed.
    fn updated(&mut self, update: &Update) {
        let state = self.state(update.channel);
        if update.end && state.coalescer.complete(state.control) {
            state.status |= status::IRQ_COMPLETE;
        }
        let errors = update.status >> ERRORS_SHIFT & DATA_ERRORS;
        if errors != 0 {
            self.report(update.channel, errors);
        }
    }

    /// A transfer of direct mode is over.
    fn transferred(&mut self, channel: Channel, errors: u32) {
        if errors != 0 {
            return self.fail_data(Failing::direct(channel, errors));
        }
        let state = self.state(channel);
        state.busy = false;
        state.status |= status::IRQ_COMPLETE;
    }
}

/// Memory that is not touched.
struct Nowhere;

impl Memory for Nowhere {
    fn read(&mut self, _: u64, _: &mut [u8]) -> super::memory::Response {
        super::memory::Response::DecodeError
    }
    fn write(&mut self, _: u64, _: &[u8]) -> super::memory::Response {
        super::memory::Response::DecodeError
    }
}
