//! The registers of one channel and what they stand for, and a transfer that failed.

use super::fetch::Update;
use super::interrupts::Coalescer;
use super::pg021::{Channel, control, status};

/// Registers of one channel and what counts for its interrupt.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    pub control: u32,
    /// Halted, errors and interrupts; the rest of DMASR is made when it is read.
    pub status: u32,
    /// Idle.
    pub idle: bool,
    /// Whether there was nothing to do, in this clock (bit 0) and in those before.
    pub idle_history: u64,
    /// An error of either channel stops this one: Halted comes when memory has answered.
    pub halting: Option<u64>,
    /// The descriptor that was begun last, or that is begun first when RS rises.
    pub current: u64,
    pub tail: u64,
    /// What was written to the upper half of TAILDESC, with more than 32 address bits.
    pub tail_high: u32,
    pub address: u64,
    pub length: u32,
    /// Direct mode: a transfer is under way.
    pub busy: bool,
    pub coalescer: Coalescer,
}

impl State {
    /// After a reset.
    pub const RESET: State = State {
        control: control::AFTER_RESET,
        status: status::HALTED,
        idle: false,
        idle_history: u64::MAX,
        halting: None,
        current: 0,
        tail: 0,
        tail_high: 0,
        address: 0,
        length: 0,
        busy: false,
        coalescer: Coalescer::RESET,
    };

    /// Halted is clear.
    pub fn is_running(&self) -> bool {
        self.status & status::HALTED == 0
    }

    /// RS is set.
    pub fn is_started(&self) -> bool {
        self.control & control::RUN != 0
    }

    /// The channel raises its interrupt.
    pub fn raises(&self) -> bool {
        // The enables have the places of the interrupts.
        self.status & self.control & status::INTERRUPTS != 0
    }

    /// Whether it holds no address and moves nothing, as after a reset.
    pub fn is_forgotten(&self) -> bool {
        let addresses = [self.current, self.tail, self.tail_high.into(), self.address];
        !self.is_running() && !self.is_started() && addresses == [0; 4]
    }
}

/// A transfer of data that failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failing {
    pub channel: Channel,
    /// Error bits of DMASR.
    pub errors: u32,
    /// Its descriptor, with scatter-gather.
    pub update: Option<Update>,
    /// When both channels stop.
    pub at: u64,
}

impl Failing {
    /// A transfer of a descriptor.
    pub fn described(update: Update, errors: u32) -> Failing {
        Failing { channel: update.channel, errors, update: Some(update), at: 0 }
    }

    /// A transfer of direct mode.
    pub fn direct(channel: Channel, errors: u32) -> Failing {
        Failing { channel, errors, update: None, at: 0 }
    }
}
