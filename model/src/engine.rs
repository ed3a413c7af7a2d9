//! What every engine offers: the golden model, the Verilated RTL behind its driver, and a board.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::error::Error;
use core::fmt;
use deltascope_abi::record::{Op, Record};
use deltascope_abi::registers::Counter;
use deltascope_abi::reply::{Reply, ReplyError};

/// Which engine it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum EngineKind {
    /// The golden model, in process.
    Model = 1,
    /// The emitted Verilog in Verilator, behind the real driver.
    Rtl = 2,
    /// Programmable logic behind UIO, or its emulation.
    Uio = 3,
}

impl EngineKind {
    /// Name as on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            EngineKind::Model => "model",
            EngineKind::Rtl => "rtl",
            EngineKind::Uio => "uio",
        }
    }

    /// The kind with this number, as `Welcome` carries it.
    pub const fn from_code(code: u32) -> Option<EngineKind> {
        match code {
            1 => Some(EngineKind::Model),
            2 => Some(EngineKind::Rtl),
            3 => Some(EngineKind::Uio),
            _ => None,
        }
    }
}

/// Sizes of an engine. A record that goes beyond them is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Which engine it is.
    pub kind: EngineKind,
    /// [`deltascope_abi::ABI_VERSION`] that it was built with.
    pub abi_version: u32,
    /// First 32 bits of the source revision, 0 where the engine has none.
    pub build_id: u32,
    /// Contexts, 1 to 65,536.
    pub contexts: u32,
    /// Groups of four classes each, 1 to 65,536.
    pub groups: u32,
    /// Lanes of the journal; 0: no journal, QUERY is rejected.
    pub journal_lanes: u32,
    /// Entries of one lane.
    pub journal_depth: u32,
}

impl Capabilities {
    /// Deltas that QUERY can look back over.
    pub const fn horizon(&self) -> u64 {
        self.journal_lanes as u64 * self.journal_depth as u64
    }
}

/// Where the clocks of the input port went; the five sum to the clocks since reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockClasses {
    /// Valid and ready: a beat moved.
    pub moving: u64,
    /// Ready, but no beat was there.
    pub starved: u64,
    /// Not ready because replies were not taken.
    pub blocked: u64,
    /// Not ready because the tables were being cleared.
    pub clearing: u64,
    /// Not ready because a SNAPSHOT or QUERY held the input.
    pub answering: u64,
}

impl ClockClasses {
    /// Clocks since reset.
    pub const fn total(&self) -> u64 {
        self.moving + self.starved + self.blocked + self.clearing + self.answering
    }
}

/// The engine's own counters, copied at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latched {
    /// Records taken, rejected ones and NOPs among them: the sum of `by_op` and `rejected`.
    pub accepted: u64,
    /// Records taken without effect because they were not valid.
    pub rejected: u64,
    /// Journal position: non-rejected LOAD, ACCUM, SWAP and SEND.
    pub journal_position: u64,
    /// Reply beats, end-of-batch beats included.
    pub reply_beats: u64,
    /// Non-rejected records by [`Op`].
    pub by_op: [u64; Op::ALL.len()],
    /// Clock classes; all zero for an engine without a clock.
    pub clocks: ClockClasses,
}

impl Latched {
    /// The set from its counters in the order of [`Counter::ALL`], as the registers hold them.
    pub fn from_counters(values: &[u64; Counter::ALL.len()]) -> Latched {
        let value = |counter: Counter| values[counter as usize];
        let mut by_op = [0; Op::ALL.len()];
        let first = Counter::OpNop as usize;
        by_op.copy_from_slice(&values[first..first + Op::ALL.len()]);
        Latched {
            accepted: value(Counter::Accepted),
            rejected: value(Counter::Rejected),
            journal_position: value(Counter::JournalPosition),
            reply_beats: value(Counter::ReplyBeats),
            by_op,
            clocks: ClockClasses {
                moving: value(Counter::ClocksMoving),
                starved: value(Counter::ClocksStarved),
                blocked: value(Counter::ClocksBlocked),
                clearing: value(Counter::ClocksClearing),
                answering: value(Counter::ClocksAnswering),
            },
        }
    }
}

/// Why an engine cannot continue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// A reply stream that makes no sense.
    #[error("engine replies: {0}")]
    Reply(#[from] ReplyError),
    /// The engine failed by itself. The text gives what was expected, found and to be done.
    #[error("engine {engine}: {text}")]
    Device {
        /// Name of the engine.
        engine: &'static str,
        /// What was expected, what was found, what to do.
        text: String,
    },
    /// What the engine is reached through failed: hardware, a driver or a simulation.
    #[error("engine {engine}: {source}")]
    Host {
        /// Name of the engine.
        engine: &'static str,
        /// The error of the host, with its own type.
        source: Failure,
    },
}

impl EngineError {
    /// Returns the error of an engine whose host failed.
    pub fn host<E: Error + Send + Sync + 'static>(kind: EngineKind, error: E) -> EngineError {
        EngineError::Host { engine: kind.name(), source: Failure::new(error) }
    }
}

/// An error of any type that can be cloned and compared by its text; [`Failure::downcast_ref`] gives it back.
#[derive(Clone, Debug)]
pub struct Failure(Arc<dyn Error + Send + Sync>);

impl Failure {
    /// Wraps an error.
    pub fn new<E: Error + Send + Sync + 'static>(error: E) -> Failure {
        Failure(Arc::new(error))
    }

    /// Returns the error, or the first of its sources, that is an `E`.
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        let mut error: Option<&(dyn Error + 'static)> = Some(&*self.0);
        while let Some(found) = error {
            match found.downcast_ref() {
                Some(found) => return Some(found),
                None => error = found.source(),
            }
        }
        None
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

impl PartialEq for Failure {
    fn eq(&self, other: &Failure) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for Failure {}

/// An engine behind one interface. Nothing here blocks.
///
/// Each `submit` that takes at least one record is a batch: its last record carries TLAST, so after the replies
/// of the batch `poll` gives an end-of-batch beat whose value is the number of records accepted since reset.
/// An acknowledgement is based on that beat and on nothing else.
pub trait Engine {
    /// Sizes and identity.
    fn info(&self) -> Capabilities;

    /// Takes a prefix of `records`, possibly none, and gives its length. Never blocks: when it takes nothing,
    /// call [`Engine::poll`] and try again.
    fn submit(&mut self, records: &[Record]) -> Result<usize, EngineError>;

    /// Gives every reply beat that is there to `sink`, in order, and returns how many there were. An engine
    /// that is driven by its caller (a simulation) also makes progress here.
    fn poll(&mut self, sink: &mut dyn FnMut(Reply)) -> Result<usize, EngineError>;

    /// Copies the engine's own counters at one instant.
    fn counters(&mut self) -> Result<Latched, EngineError>;

    /// Back to the state after power-on: every context (0, 0), every counter 0, journal empty. Replies that
    /// were not polled are gone.
    fn reset(&mut self) -> Result<(), EngineError>;
}
