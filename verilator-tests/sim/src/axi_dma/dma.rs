//! The AXI DMA: its registers, and both channels clock by clock (PG021 v7.1).

use super::config::DmaConfig;
use super::faults::{Fault, Faults};
use super::fetch::{Descriptor, Fetcher, Update, Updater, length};
use super::memory::Memory;
use super::mm2s::{Command, Mm2s, StreamBeat};
use super::pg021::{COMPLETE, Channel, END_OF_FRAME, REGISTERS, Register, START_OF_FRAME, control, status};
use super::s2mm::{Buffer, Filled, S2mm};

/// Clocks of a reset after the last access to memory has ended.
const RESET_CLOCKS: u64 = 32;
/// Beats with invalid data that a reset lets out.
const JUNK_BEATS: usize = 3;
/// Clocks from the write that gives a channel work to the fall of Idle: LENGTH's strobe, the command's state machine, and
/// the edge detector behind it (axi_dma v7.1, `axi_dma_smple_sm`, `axi_dma_mm2s_sts_mngr`).
const IDLE_CLOCKS: u32 = 4;
/// Bits of DMACR that keep what is written: RS, Keyhole, Cyclic BD Enable, the interrupt enables, threshold and delay.
const CONTROL_KEPT: u32 =
    control::RUN | control::KEYHOLE | control::CYCLIC | status::INTERRUPTS | 0xFFFF << control::THRESHOLD_SHIFT;

/// Registers of one channel and what counts for its interrupt.
#[derive(Clone, Copy, Debug)]
struct State {
    control: u32,
    /// Halted, errors and interrupts; SGIncld is made when it is read.
    status: u32,
    /// Idle.
    idle: bool,
    /// Whether there was nothing to do, in this clock (bit 0) and in those before.
    idle_history: u32,
    /// An error of either channel stops this one: Halted comes when memory has answered.
    halting: Option<u64>,
    current: u64,
    tail: u64,
    /// What was written to the upper half of TAILDESC, with more than 32 address bits.
    tail_high: u32,
    address: u64,
    length: u32,
    /// Direct mode: a transfer is under way.
    busy: bool,
    /// Direct mode: a transfer was complete.
    done: bool,
    /// Packets until the next interrupt.
    packets: u32,
    /// When the delay timer is over.
    delay_end: Option<u64>,
}

impl State {
    const RESET: State = State {
        control: control::AFTER_RESET,
        status: status::HALTED,
        idle: false,
        idle_history: u32::MAX,
        halting: None,
        current: 0,
        tail: 0,
        tail_high: 0,
        address: 0,
        length: 0,
        busy: false,
        done: false,
        packets: 1,
        delay_end: None,
    };

    fn running(&self) -> bool {
        self.status & status::HALTED == 0
    }

    fn threshold(&self) -> u32 {
        (self.control >> control::THRESHOLD_SHIFT & 0xFF).max(1)
    }

    fn interrupt(&self) -> bool {
        // The enables have the places of the interrupts.
        self.status & self.control & status::INTERRUPTS != 0
    }
}

/// The DMA between memory and two streams.
pub struct AxiDma {
    config: DmaConfig,
    clock: u64,
    states: [State; 2],
    fetchers: [Fetcher; 2],
    fetch_free: u64,
    updater: Updater,
    mm2s: Mm2s,
    s2mm: S2mm,
    reset_end: Option<u64>,
    /// Memory owes an answer that never comes: neither a halt nor a reset ends.
    unanswered: bool,
}

impl AxiDma {
    /// A DMA after its reset.
    pub fn new(config: DmaConfig) -> AxiDma {
        AxiDma {
            config,
            clock: 0,
            states: [State::RESET; 2],
            fetchers: Default::default(),
            fetch_free: 0,
            updater: Updater::default(),
            mm2s: Mm2s::default(),
            s2mm: S2mm::default(),
            reset_end: None,
            unanswered: false,
        }
    }

    /// Whether it is as after a reset, or in one: it moves nothing and holds no address.
    pub fn is_stopped(&self) -> bool {
        let forgot = |state: &State| {
            let addresses = [state.current, state.tail, state.tail_high.into(), state.address];
            !state.running() && state.control & control::RUN == 0 && addresses == [0; 4]
        };
        self.reset_end.is_some() || self.states.iter().all(forgot)
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
        let raised = |state: &State| state.interrupt() && self.reset_end.is_none();
        [raised(&self.states[0]), raised(&self.states[1])]
    }

    fn state(&mut self, channel: Channel) -> &mut State {
        &mut self.states[channel as usize]
    }

    /// Reads a register; what is reserved reads as zero.
    pub fn read(&mut self, offset: u32, faults: &Faults) -> u32 {
        let Some((channel, register)) = find(offset) else { return 0 };
        let state = self.states[channel as usize];
        let (sg, direct) = (self.config.scatter_gather, !self.config.scatter_gather);
        match register {
            Register::Control => {
                let reset = if self.reset_end.is_some() { control::RESET } else { 0 };
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

    /// Whether no command of the channel is under way: nothing to fetch, to move or to write back.
    fn has_no_work(&self, channel: Channel) -> bool {
        let at = channel as usize;
        let moved = match channel {
            Channel::Mm2s => self.mm2s.is_empty(),
            Channel::S2mm => !self.s2mm.has_command(),
        };
        !self.states[at].busy && moved && self.fetchers[at].is_idle() && !self.updater.has(channel)
    }

    fn status(&self, channel: Channel) -> u32 {
        let state = &self.states[channel as usize];
        let mut value = state.status;
        if state.idle {
            value |= status::IDLE;
        }
        if self.config.scatter_gather {
            value |= status::SG_INCLUDED | state.packets << status::THRESHOLD_SHIFT;
        }
        value
    }

    /// Writes a register; what is reserved or read-only does nothing.
    pub fn write(&mut self, offset: u32, value: u32, faults: &Faults) {
        let Some((channel, register)) = find(offset) else { return };
        let (sg, wide) = (self.config.scatter_gather, self.config.address_bits > 32);
        match register {
            Register::Control => self.write_control(channel, value, faults),
            Register::Status => self.state(channel).status &= !(value & status::INTERRUPTS),
            // Only while halted, and not over the address of a descriptor that failed.
            Register::CurrentDescriptor if sg && self.takes_current(channel) => {
                let state = self.state(channel);
                state.current = state.current >> 32 << 32 | u64::from(value & !0x3F);
            }
            Register::CurrentDescriptorHigh if sg && wide && self.takes_current(channel) => {
                let state = self.state(channel);
                state.current = state.current & 0xFFFF_FFFF | u64::from(value) << 32;
            }
            Register::TailDescriptor if sg => {
                self.state(channel).tail = u64::from(value & !0x3F);
                if !wide {
                    self.start_at_tail(channel);
                }
            }
            Register::TailDescriptorHigh if sg && wide => {
                self.state(channel).tail_high = value;
                self.start_at_tail(channel);
            }
            Register::Address if !sg => {
                let state = self.state(channel);
                state.address = state.address >> 32 << 32 | u64::from(value);
            }
            Register::AddressHigh if !sg && wide => {
                let state = self.state(channel);
                state.address = state.address & 0xFFFF_FFFF | u64::from(value) << 32;
            }
            Register::Length if !sg => self.write_length(channel, value),
            _ => {}
        }
    }

    fn takes_current(&self, channel: Channel) -> bool {
        let state = &self.states[channel as usize];
        !state.running() && state.status & status::ERRORS == 0
    }

    fn start_at_tail(&mut self, channel: Channel) {
        let (clock, timing) = (self.clock, self.config.timing);
        let state = self.state(channel);
        if state.running() && state.control & control::RUN != 0 {
            let tail = state.tail | u64::from(state.tail_high) << 32;
            self.fetchers[channel as usize].set_tail(tail, clock, &timing);
        }
    }

    fn write_control(&mut self, channel: Channel, value: u32, faults: &Faults) {
        if value & control::RESET != 0 {
            if self.reset_end.is_some() {
                return;
            }
            // RS falls at once; the rest is cleared by the reset that follows when memory has answered.
            for state in &mut self.states {
                state.control &= !control::RUN;
            }
            self.fetchers = Default::default();
            self.updater = Updater::default();
            self.mm2s.shut_down(JUNK_BEATS);
            self.s2mm = S2mm::default();
            let length = self.config.timing.ddr_latency + RESET_CLOCKS;
            let endless = faults.lasts(Fault::EndlessReset) || self.unanswered;
            self.reset_end = Some(if endless { u64::MAX } else { self.clock + length });
            return;
        }
        if self.reset_end.is_some() {
            return;
        }
        // An error of either channel holds RS of both at zero until a reset.
        let failed = self.states.iter().any(|state| state.status & status::ERRORS != 0);
        let value = if failed { value & !control::RUN } else { value };
        let state = &mut self.states[channel as usize];
        let rises = value & !state.control & control::RUN != 0;
        let reload = (value ^ state.control) >> control::THRESHOLD_SHIFT & 0xFF != 0;
        state.control = value & CONTROL_KEPT | control::ALWAYS_ONE;
        if state.control >> control::THRESHOLD_SHIFT & 0xFF == 0 {
            state.control |= 1 << control::THRESHOLD_SHIFT;
        }
        if reload || rises {
            state.packets = state.threshold();
        }
        if rises {
            state.status &= !status::HALTED;
            let current = state.current;
            self.fetchers[channel as usize].begin(current);
        }
    }

    fn write_length(&mut self, channel: Channel, value: u32) {
        let masked = value & ((1 << self.config.length_bits) - 1);
        let state = self.state(channel);
        if state.busy {
            return;
        }
        state.length = masked;
        if masked == 0 || !state.running() || state.control & control::RUN == 0 {
            return;
        }
        (state.busy, state.done) = (true, false);
        let (descriptor, address, bytes) = (None, state.address, masked);
        match channel {
            Channel::Mm2s => self.mm2s.begin(Command { descriptor, address, bytes, last: true }),
            Channel::S2mm => self.s2mm.give(Buffer { descriptor, address, bytes }),
        }
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
        self.reset_end.is_some() || (self.states[1].running() && self.s2mm.ready())
    }

    /// The rising edge: `taken` says that the offered beat was taken, `arrived` is the beat of the engine.
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
        let bits = self.config.stream_bits;
        match self.mm2s.clock(taken, clock, &self.config.timing, bits, memory, faults) {
            Ok(Some(command)) => self.sent(command, faults),
            Ok(None) => {}
            Err(bit) => {
                let descriptor = self.mm2s.oldest().and_then(|command| command.descriptor);
                self.fail_data(Channel::Mm2s, descriptor, bit);
            }
        }
        let arrived = arrived.map(|beat| StreamBeat { last: beat.last && self.config.last_connected, ..beat });
        if arrived.is_some() {
            // A new packet stops the delay timer.
            self.states[1].delay_end = None;
        }
        let direct = !self.config.scatter_gather;
        match self.s2mm.clock(arrived, clock, &self.config.timing, direct, memory, faults) {
            Ok(Some(filled)) => self.filled(filled, faults),
            Ok(None) => {}
            Err(bit) => {
                let descriptor = self.s2mm.oldest();
                self.fail_data(Channel::S2mm, descriptor, bit);
            }
        }
        self.unanswered |= self.mm2s.is_silent() || self.s2mm.is_silent();
        self.clock_timers(clock);
    }

    fn clock_reset(&mut self, taken: bool, clock: u64, end: u64) {
        if taken {
            let (timing, bits) = (self.config.timing, self.config.stream_bits);
            // Nothing is under way, so memory is not touched and no fault strikes.
            let _ = self.mm2s.clock(true, clock, &timing, bits, &mut Nowhere, &mut Faults::default());
        }
        if clock >= end {
            self.reset_end = None;
            self.states = [State::RESET; 2];
            self.mm2s.clear();
        }
    }

    fn clock_descriptors(&mut self, clock: u64, memory: &mut impl Memory, faults: &mut Faults) {
        for channel in Channel::BOTH {
            let at = channel as usize;
            if !self.states[at].running() {
                continue;
            }
            let (timing, free) = (&self.config.timing, &mut self.fetch_free);
            if let Err((bit, address)) = self.fetchers[at].clock(channel, clock, free, timing, memory, faults) {
                self.states[at].current = address;
                self.fail(channel, bit);
            }
        }
        if self.mm2s.is_free()
            && let Some(descriptor) = self.fetchers[0].ready.pop_front()
        {
            let bytes = length(descriptor.control, self.config.length_bits);
            self.states[0].current = descriptor.address;
            match bytes {
                0 => self.fail_data(Channel::Mm2s, Some(descriptor), status::INTERNAL_ERROR),
                _ => self.mm2s.begin(Command {
                    descriptor: Some(descriptor),
                    address: descriptor.buffer,
                    bytes,
                    last: descriptor.control & END_OF_FRAME != 0,
                }),
            }
        }
        if !self.s2mm.has_buffer()
            && let Some(descriptor) = self.fetchers[1].ready.pop_front()
        {
            let bytes = length(descriptor.control, self.config.length_bits);
            self.states[1].current = descriptor.address;
            match bytes {
                0 => self.fail_data(Channel::S2mm, Some(descriptor), status::INTERNAL_ERROR),
                _ => self.s2mm.give(Buffer { descriptor: Some(descriptor), address: descriptor.buffer, bytes }),
            }
        }
        if let Some((update, bit)) = self.updater.clock(clock, &self.config.timing, memory, faults) {
            match bit {
                0 => self.completed(update.channel, update.end),
                _ => self.fail(update.channel, bit),
            }
        }
    }

    fn clock_timers(&mut self, clock: u64) {
        for (at, channel) in Channel::BOTH.into_iter().enumerate() {
            if self.states[at].delay_end.is_some_and(|end| clock >= end) {
                let state = self.state(channel);
                state.status |= status::IRQ_DELAY;
                (state.delay_end, state.packets) = (None, state.threshold());
            }
            // RS fell: no descriptor is begun any more, and the channel halts once the commands that it has are complete.
            if self.states[at].running() && self.states[at].control & control::RUN == 0 {
                self.fetchers[at] = Fetcher::default();
                let is_over = match self.states[at].halting {
                    Some(end) => clock >= end && !self.unanswered,
                    None => self.has_no_work(channel),
                };
                if is_over {
                    self.states[at].status |= status::HALTED;
                    self.states[at].halting = None;
                }
            }
            let nothing = self.has_no_work(channel);
            let state = &mut self.states[at];
            state.idle_history = state.idle_history << 1 | u32::from(nothing);
            let rises = state.idle_history & 0b11 == 0b01;
            let falls = state.idle_history >> IDLE_CLOCKS & 0b11 == 0b10;
            state.idle |= rises && state.control & control::RUN != 0;
            state.idle &= !falls && state.running();
        }
    }

    /// MM2S has moved all of a command.
    fn sent(&mut self, command: Command, faults: &mut Faults) {
        let bytes = if self.config.micro { 0 } else { command.bytes };
        let Some(descriptor) = command.descriptor else {
            return self.completed(Channel::Mm2s, true);
        };
        self.states[0].current = descriptor.next;
        if !faults.strike(Fault::NoWriteBack(Channel::Mm2s)) {
            let channel = Channel::Mm2s;
            self.updater.push(Update { channel, descriptor, status: bytes | COMPLETE, end: command.last });
        }
    }

    /// S2MM has filled a buffer.
    fn filled(&mut self, filled: Filled, faults: &mut Faults) {
        let Some(descriptor) = filled.buffer.descriptor else {
            if !self.config.micro {
                self.states[1].length = filled.bytes;
            }
            return self.completed(Channel::S2mm, true);
        };
        self.states[1].current = descriptor.next;
        if !faults.strike(Fault::NoWriteBack(Channel::S2mm)) {
            let start = if filled.start { START_OF_FRAME } else { 0 };
            let end = if filled.end { END_OF_FRAME } else { 0 };
            let bytes = if self.config.micro { 0 } else { filled.bytes };
            let status = bytes | start | end | COMPLETE;
            self.updater.push(Update { channel: Channel::S2mm, descriptor, status, end: filled.end });
        }
    }

    /// Something is complete that counts for an interrupt if a packet ends with it.
    fn completed(&mut self, channel: Channel, end: bool) {
        let (clock, sg) = (self.clock, self.config.scatter_gather);
        let in_packet = channel == Channel::S2mm && self.s2mm.in_packet;
        let state = self.state(channel);
        (state.busy, state.done) = (false, true);
        if !end {
            return;
        }
        let delay = state.control >> control::DELAY_SHIFT;
        state.packets -= 1;
        if state.packets == 0 || !sg {
            state.status |= status::IRQ_COMPLETE;
            (state.packets, state.delay_end) = (state.threshold(), None);
        } else if delay != 0 && !in_packet {
            state.delay_end = Some(clock + u64::from(delay * control::DELAY_CLOCKS));
        }
    }

    /// A transfer of data failed: the error is in its descriptor too, which is written back as complete.
    fn fail_data(&mut self, channel: Channel, descriptor: Option<Descriptor>, bit: u32) {
        self.fail(channel, bit);
        if let Some(descriptor) = descriptor {
            // The errors of data have bits 6:4 in DMASR and 30:28 in the descriptor.
            self.updater.push(Update { channel, descriptor, status: COMPLETE | bit << 24, end: false });
        }
    }

    /// A channel reports an error, and both halt: RS of the other falls too (axi_dma v7.1, `error_in`), which then shows
    /// Halted and no error.
    fn fail(&mut self, channel: Channel, bit: u32) {
        self.state(channel).status |= bit | status::IRQ_ERROR;
        let end = self.clock + self.config.timing.ddr_latency;
        for channel in Channel::BOTH {
            self.states[channel as usize].halting = Some(end);
            self.flush(channel);
        }
    }

    /// The channel's RS bit is cleared by something else, and what it was doing is gone.
    fn stop(&mut self, channel: Channel) {
        self.state(channel).status |= status::HALTED;
        self.flush(channel);
    }

    /// Drops what is under way on a channel.
    fn flush(&mut self, channel: Channel) {
        let state = self.state(channel);
        state.control &= !control::RUN;
        state.busy = false;
        self.unanswered |= self.mm2s.is_silent() || self.s2mm.is_silent();
        self.fetchers[channel as usize] = Fetcher::default();
        self.updater.drop_channel(channel);
        match channel {
            Channel::Mm2s => self.mm2s.shut_down(0),
            Channel::S2mm => self.s2mm = S2mm::default(),
        }
    }
}

/// The register at an offset.
fn find(offset: u32) -> Option<(Channel, Register)> {
    REGISTERS.into_iter().find(|entry| entry.0 == offset).map(|(_, channel, register)| (channel, register))
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
