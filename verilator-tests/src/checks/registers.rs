//! `axi_lite_registers.v` against the register map: every offset of the window, byte strobes, pulses,
//! interrupts, transfers in any order under back-pressure.

use deltascope_abi::ABI_VERSION;
use deltascope_abi::registers::{
    Access, BUILD_DIRTY, CAP_AXIS_BITS, CAP_DEPTH, CAP_LANES, CAP_REPLY_PACKET, CONTROL_LATCH, CONTROL_SOFT_RESET,
    Counter, IDENTITY_VALUE, MAP, WINDOW_BYTES, is_defined, offset,
};
use deltascope_model::Config;
use deltascope_sim::axi_lite::{AxiLite, Completion, OKAY, SLVERR};
use deltascope_sim::bench::{Bench, Failure};
use deltascope_sim::dut::Port;
use deltascope_sim::session::Session;

const BUILD_ID: u32 = 0x1234_ABCD;
const EVENTS: [&str; 3] = ["snapshot_event", "batch_end_event", "error_event"];
const STATES: [&str; 4] = ["clearing", "draining", "answering", "blocked"];

struct Registers {
    bench: Bench,
    bus: AxiLite,
    latch: Port,
    soft_reset: Port,
    irq: Port,
    events: [Port; 3],
    pulses: [u64; 2],
}

impl Registers {
    fn new(session: &mut Session) -> Result<Registers, Failure> {
        let mut bench = session.bench("axi_lite_registers")?;
        let dut = bench.dut();
        let bus = AxiLite::new(dut, "")?;
        let (latch, soft_reset, irq) = (dut.port("latch")?, dut.port("soft_reset")?, dut.port("irq")?);
        let events = [dut.port(EVENTS[0])?, dut.port(EVENTS[1])?, dut.port(EVENTS[2])?];
        let (id, dirty) = (dut.port("build_id")?, dut.port("build_dirty")?);
        bench.dut_mut().set(id, u64::from(BUILD_ID));
        bench.dut_mut().set(dirty, 1);
        let counters = bench.dut().port("counters")?;
        for counter in Counter::ALL {
            for half in 0..2 {
                let word = (counter_value(counter) >> (32 * half)) as u32;
                bench.dut_mut().set_word(counters, 2 * counter as u32 + half, word);
            }
        }
        for (i, name) in STATES.iter().enumerate() {
            let port = bench.dut().port(name)?;
            bench.dut_mut().set(port, u64::from(i != 1));
        }
        bench.reset(2)?;
        Ok(Registers { bench, bus, latch, soft_reset, irq, events, pulses: [0; 2] })
    }

    fn clock(&mut self) -> Result<(), Failure> {
        self.bus.drive(&mut self.bench);
        self.bench.settle()?;
        self.bus.sample(&self.bench)?;
        self.pulses[0] += self.bench.dut().get(self.soft_reset);
        self.pulses[1] += self.bench.dut().get(self.latch);
        self.bench.edge();
        Ok(())
    }

    /// Clocks until the next answer.
    fn complete(&mut self) -> Result<Completion, Failure> {
        for _ in 0..50_000 {
            if let Some(done) = self.bus.completion() {
                return Ok(done);
            }
            self.clock()?;
        }
        Err(self.bench.mismatch("AXI4-Lite never answered"))
    }

    fn read(&mut self, address: u32) -> Result<(u32, u64), Failure> {
        self.bus.read(address);
        match self.complete()? {
            Completion::Read { data, response, .. } => Ok((data, response)),
            other => Err(self.bench.mismatch(format!("expected the answer of a read, found {other:?}"))),
        }
    }

    fn write(&mut self, address: u32, data: u32, strobe: u8) -> Result<u64, Failure> {
        self.bus.write_bytes(address, data, strobe);
        match self.complete()? {
            Completion::Write { response, .. } => Ok(response),
            other => Err(self.bench.mismatch(format!("expected the answer of a write, found {other:?}"))),
        }
    }

    fn expect_word(&mut self, address: u32, expected: u32) -> Result<(), Failure> {
        let found = self.read(address)?;
        self.bench.expect(&format!("read of {address:#05x}"), found, (expected, OKAY))
    }
}

fn counter_value(counter: Counter) -> u64 {
    0x0123_4567_89AB_0000 + (counter as u64) * 0x1_0001_0001
}

/// What the register reads after reset, with the inputs of [`Registers::new`].
fn reset_value(address: u32, config: &Config) -> u32 {
    match address {
        offset::IDENTITY => IDENTITY_VALUE,
        offset::ABI_VERSION => ABI_VERSION,
        offset::BUILD_ID => BUILD_ID,
        offset::BUILD_FLAGS => BUILD_DIRTY.mask(),
        offset::CAP_CONTEXTS => config.contexts,
        offset::CAP_GROUPS => config.groups,
        offset::STATUS => 0b1101,
        offset::CAP_STREAM => config.reply_packet << CAP_REPLY_PACKET.shift | 64 << CAP_AXIS_BITS.shift,
        _ => match Counter::ALL.iter().find(|c| c.offset() == address & !4) {
            Some(counter) if address >= offset::COUNTERS => (counter_value(*counter) >> (8 * (address & 4))) as u32,
            _ => MAP.iter().find(|r| r.offset == address).and_then(|r| r.reset).unwrap_or(0),
        },
    }
}

/// Every byte offset of the window, read and written: the map, and SLVERR for everything else.
///
/// # Errors
/// When a register answers otherwise; `config` is what the capability registers must say.
pub fn every_offset(session: &mut Session, config: &Config) -> Result<(), Failure> {
    let mut registers = Registers::new(session)?;
    let journal = config.journal_lanes << CAP_LANES.shift | config.journal_depth << CAP_DEPTH.shift;
    for address in 0..WINDOW_BYTES {
        let expected = match address {
            offset::CAP_JOURNAL => (journal, OKAY),
            _ if is_defined(address) => (reset_value(address, config), OKAY),
            _ => (0, SLVERR),
        };
        let found = registers.read(address)?;
        registers.bench.expect(&format!("read of {address:#05x}"), found, expected)?;
    }
    for address in 0..WINDOW_BYTES {
        let access = MAP.iter().find(|r| r.offset == address).map(|r| r.access);
        if access.is_some_and(|a| a != Access::ReadOnly) {
            continue;
        }
        let response = registers.write(address, 0xFFFF_FFFF, 0xF)?;
        let expected = if is_defined(address) { OKAY } else { SLVERR };
        registers.bench.expect(&format!("write of {address:#05x}"), response, expected)?;
    }
    // None of those writes did anything.
    for register in MAP.iter().filter(|r| r.offset != offset::CAP_JOURNAL) {
        registers.expect_word(register.offset, reset_value(register.offset, config))?;
    }
    let pulses = registers.pulses;
    registers.bench.expect("pulses", pulses, [0, 0])
}

/// SCRATCH by bytes, CONTROL pulses, all under shuffled channels.
///
/// # Errors
/// When the block does otherwise.
pub fn writes(session: &mut Session) -> Result<(), Failure> {
    let mut registers = Registers::new(session)?;
    let random = &mut session.random;
    let (mut scratch, mut pulses) = (0_u32, [0_u64; 2]);
    for round in 0..600 {
        if round % 20 == 0 {
            registers.bus.shuffle(random);
        }
        let (data, strobe) = (random.next() as u32, random.below(16) as u8);
        let bytes = (0..4).filter(|b| strobe >> b & 1 == 1).fold(0_u32, |mask, b| mask | 0xFF << (8 * b));
        if random.one_in(2) {
            registers.write(offset::SCRATCH, data, strobe)?;
            scratch = scratch & !bytes | data & bytes;
        } else {
            registers.write(offset::CONTROL, data, strobe)?;
            pulses[0] += u64::from(data & bytes & CONTROL_SOFT_RESET.mask() != 0);
            pulses[1] += u64::from(data & bytes & CONTROL_LATCH.mask() != 0);
        }
        registers.expect_word(offset::SCRATCH, scratch)?;
        registers.expect_word(offset::CONTROL, 0)?;
        let found = registers.pulses;
        registers.bench.expect("pulses of soft reset and latch", found, pulses)?;
    }
    Ok(())
}

/// Events set their bit, a one clears it unless the event comes again, the mask gates the line.
///
/// # Errors
/// When the block does otherwise.
pub fn interrupts(session: &mut Session) -> Result<(), Failure> {
    let mut registers = Registers::new(session)?;
    let random = &mut session.random;
    let (mut status, mut mask) = (0_u32, 0_u32);
    for _ in 0..600 {
        let held = random.one_in(4);
        let events = random.below(8) as u32;
        for (i, port) in registers.events.into_iter().enumerate() {
            registers.bench.dut_mut().set(port, u64::from(events >> i & 1));
        }
        registers.clock()?;
        status |= events;
        if !held {
            registers.events.into_iter().for_each(|port| registers.bench.dut_mut().set(port, 0));
        }
        let word = random.next() as u32;
        if random.one_in(2) {
            registers.write(offset::IRQ_STATUS, word, 0xF)?;
            status &= !(word & 7);
        } else {
            registers.write(offset::IRQ_MASK, word, 0xF)?;
            mask = word & 7;
        }
        if held {
            // An event in the same clock as the write wins.
            status |= events;
            registers.events.into_iter().for_each(|port| registers.bench.dut_mut().set(port, 0));
        }
        registers.expect_word(offset::IRQ_STATUS, status)?;
        registers.expect_word(offset::IRQ_MASK, mask)?;
        let line = registers.bench.dut().high(registers.irq);
        registers.bench.expect("irq", line, status & mask != 0)?;
    }
    Ok(())
}

/// An event of one clock at the time of a write that clears it: it survives exactly when it comes in the clock in
/// which the write acts, which is the one before its answer, or later.
///
/// # Errors
/// When an event is lost, or stays although it came before.
pub fn races(session: &mut Session) -> Result<(), Failure> {
    let mut registers = Registers::new(session)?;
    let random = &mut session.random;
    let answered = registers.bench.dut().port("bvalid")?;
    for _ in 0..300 {
        registers.write(offset::IRQ_STATUS, 7, 0xF)?;
        registers.bus.write(offset::IRQ_STATUS, 7);
        let (mut came, mut acted) = ([None; 3], None);
        for clock in 0..12_u64 {
            for (i, port) in registers.events.into_iter().enumerate() {
                let comes = random.one_in(6);
                registers.bench.dut_mut().set(port, u64::from(comes));
                came[i] = if comes { Some(clock) } else { came[i] };
            }
            registers.clock()?;
            // The answer is valid after the edge at which the write acted.
            registers.bench.settle()?;
            if acted.is_none() && registers.bench.dut().high(answered) {
                acted = Some(clock);
            }
        }
        registers.events.into_iter().for_each(|port| registers.bench.dut_mut().set(port, 0));
        registers.complete()?;
        let Some(acted) = acted else {
            return Err(registers.bench.mismatch("a write was not answered in 12 clocks"));
        };
        let stays = came.iter().enumerate().filter(|(_, c)| c.is_some_and(|c| c >= acted));
        let expected = stays.fold(0, |word, (i, _)| word | 1 << i);
        registers.expect_word(offset::IRQ_STATUS, expected)?;
    }
    Ok(())
}

/// An answer stalls while the next transfer waits behind it: both arrive, in order.
///
/// # Errors
/// When one of them is lost, or the bus is stuck.
pub fn backlog(session: &mut Session) -> Result<(), Failure> {
    let mut registers = Registers::new(session)?;
    for _ in 0..100 {
        registers.bus.shuffle(&mut session.random);
        let words = [0; 6].map(|_| session.random.next() as u32);
        for word in words {
            registers.bus.write(offset::SCRATCH, word);
        }
        let fixed = [offset::IDENTITY, offset::ABI_VERSION, offset::CAP_CONTEXTS, offset::STATUS + 2];
        fixed.into_iter().for_each(|address| registers.bus.read(address));
        let (mut writes, mut reads) = (0, 0);
        while writes < words.len() || reads < fixed.len() {
            match registers.complete()? {
                Completion::Write { data, response, .. } => {
                    registers.bench.expect("write", (data, response), (words[writes], OKAY))?;
                    writes += 1;
                }
                Completion::Read { address, data, response } => {
                    let first = fixed_word(address);
                    registers.bench.expect("read", (address, response), (fixed[reads], first.1))?;
                    if let Some(expected) = first.0 {
                        registers.bench.expect("word read", data, expected)?;
                    }
                    reads += 1;
                }
            }
        }
        registers.expect_word(offset::SCRATCH, words[words.len() - 1])?;
    }
    Ok(())
}

/// The word of a register that never changes, and its answer.
fn fixed_word(address: u32) -> (Option<u32>, u64) {
    match address {
        offset::IDENTITY => (Some(IDENTITY_VALUE), OKAY),
        offset::ABI_VERSION => (Some(ABI_VERSION), OKAY),
        _ if is_defined(address) => (None, OKAY),
        _ => (Some(0), SLVERR),
    }
}

/// Reads and writes at once: a read sees a value that the register had while the read was under way.
///
/// # Errors
/// When the block does otherwise.
pub fn concurrent(session: &mut Session) -> Result<(), Failure> {
    let mut registers = Registers::new(session)?;
    let random = &mut session.random;
    let mut written: Vec<u32> = vec![0];
    let (mut confirmed, mut queued_reads, mut least) = (0_usize, 0_u32, 0_usize);
    let mut seen_reads = 0;
    for clock in 0..60_000 {
        if clock % 3_000 == 0 {
            registers.bus.shuffle(random);
        }
        if registers.bus.pending() < 4 {
            if random.one_in(2) {
                let value = written.len() as u32;
                written.push(value);
                registers.bus.write(offset::SCRATCH, value);
            } else if queued_reads == 0 {
                queued_reads = 1;
                least = confirmed;
                registers.bus.read(offset::SCRATCH);
            }
        }
        while let Some(done) = registers.bus.completion() {
            match done {
                Completion::Write { data, .. } => {
                    registers.bench.expect("order of writes", data, written[confirmed + 1])?;
                    confirmed += 1;
                }
                Completion::Read { data, .. } => {
                    queued_reads = 0;
                    seen_reads += 1;
                    let possible = least..written.len();
                    if !possible.contains(&(data as usize)) {
                        return Err(registers.bench.mismatch(format!("read {data}, possible are {possible:?}")));
                    }
                }
            }
        }
        registers.clock()?;
    }
    if confirmed < 1_000 || seen_reads < 1_000 {
        return Err(registers.bench.mismatch(format!("{confirmed} writes and {seen_reads} reads in 60,000 clocks")));
    }
    Ok(())
}

/// A reset in the middle of transfers: the bus is free again and everything is as after power-on.
///
/// # Errors
/// When the block does otherwise.
pub fn reset(session: &mut Session) -> Result<(), Failure> {
    let mut registers = Registers::new(session)?;
    for round in 0..200 {
        registers.bus.shuffle(&mut session.random);
        registers.bus.write(offset::SCRATCH, 0xFFFF_FFFF);
        registers.bus.write(offset::IRQ_MASK, 7);
        registers.bus.read(offset::SCRATCH);
        for _ in 0..session.random.below(40) {
            registers.clock()?;
        }
        registers.bus.clear();
        registers.bus.hurry();
        registers.bus.drive(&mut registers.bench);
        registers.bench.reset(1 + round % 2)?;
        registers.expect_word(offset::SCRATCH, 0)?;
        registers.expect_word(offset::IRQ_MASK, 0)?;
    }
    Ok(())
}
