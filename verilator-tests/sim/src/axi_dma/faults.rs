//! Faults that can be put into the system. Each strikes once, unless its description differs.

use super::memory::Response;
use super::pg021::Channel;

/// A fault of DMA, memory, wiring or engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The next data burst of the channel is answered so.
    Data(Channel, Response),
    /// The next command of the channel fails inside the DMA: DMAIntErr.
    Internal(Channel),
    /// The next fetch of a descriptor of the channel is answered so.
    Fetch(Channel, Response),
    /// The next write-back of a descriptor of the channel is answered so.
    Update(Channel, Response),
    /// The next descriptor that the channel fetches has Cmplt set: SGIntErr.
    Stale(Channel),
    /// The channel's RS bit falls without an error.
    Halt(Channel),
    /// The next descriptor that the channel completes is not written back, nor counted for an interrupt.
    NoWriteBack(Channel),
    /// The channel reports Cyclic BD Enable in every read.
    Cyclic(Channel),
    /// The next transfer of records never gets an answer from memory.
    NoData,
    /// Writes of replies never get an answer from memory.
    NoWrites,
    /// The next interrupt is not seen.
    LoseInterrupt,
    /// The next interrupt is seen after this many clocks.
    DelayInterrupt(u64),
    /// An interrupt is seen that was not raised.
    SpuriousInterrupt,
    /// Resets never end from now on.
    EndlessReset,
    /// The next record on its way to the engine is lost.
    LoseRecord,
    /// The next record on its way to the engine arrives twice.
    RepeatRecord,
    /// The next reply beat is lost.
    LoseReply,
    /// No bitstream is loaded.
    Unconfigured,
    /// The logic's clock is stopped.
    NoClock,
    /// The logic is held in reset.
    HeldInReset,
    /// Every access to the engine's registers is answered with SLVERR from now on.
    EngineSlaveError,
    /// Every access to the DMA's registers is answered with SLVERR from now on.
    DmaSlaveError,
    /// The engine's IDENTITY is another one.
    Identity,
}

/// The faults that are to come.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    planned: Vec<Fault>,
}

impl Faults {
    /// Adds a fault.
    pub fn plan(&mut self, fault: Fault) {
        self.planned.push(fault);
    }

    /// Removes every fault that has not struck, and those that last.
    pub fn clear(&mut self) {
        self.planned.clear();
    }

    /// Whether nothing is planned.
    pub fn is_empty(&self) -> bool {
        self.planned.is_empty()
    }

    /// Whether this fault lasts.
    pub fn lasts(&self, fault: Fault) -> bool {
        self.planned.contains(&fault)
    }

    /// Takes a fault, if it is planned.
    pub(super) fn strike(&mut self, fault: Fault) -> bool {
        self.strike_if(|planned| (planned == fault).then_some(())).is_some()
    }

    /// Takes the first fault that `pick` picks.
    pub(super) fn strike_if<T>(&mut self, pick: impl Fn(Fault) -> Option<T>) -> Option<T> {
        if self.planned.is_empty() {
            return None;
        }
        let (index, found) = self.planned.iter().enumerate().find_map(|(n, fault)| Some((n, pick(*fault)?)))?;
        self.planned.remove(index);
        Some(found)
    }
}
