//! The settings of the default configuration, from the sizes in the ABI.

use deltascope_abi as abi;

/// Bits that number `size` things.
const fn bits(size: u32) -> usize {
    assert!(size.is_power_of_two(), "the engine numbers its rows with whole bits");
    size.ilog2() as usize
}

/// Bits of a context's number.
pub const CONTEXT_BITS: usize = bits(abi::DEFAULT_CONTEXTS);
/// Bits of a group's number.
pub const GROUP_BITS: usize = bits(abi::DEFAULT_GROUPS);
/// Bits of a row of group counters: a group and one of its classes.
pub const ROW_BITS: usize = GROUP_BITS + bits(abi::record::CLASSES as u32);
/// Bits of a place in the reply queue.
pub const QUEUE_BITS: usize = bits(abi::DEFAULT_REPLY_QUEUE);
/// Bits of a number of beats in the reply queue, which may be full.
pub const COUNT_BITS: usize = QUEUE_BITS + 1;
/// Beats of a reply packet.
pub const PACKET: usize = abi::DEFAULT_REPLY_PACKET as usize;
/// Bits of a row of a journal lane.
pub const DEPTH_BITS: usize = bits(abi::DEFAULT_JOURNAL_DEPTH);
/// Lanes of the journal.
pub const LANES: usize = abi::DEFAULT_JOURNAL_LANES as usize;
/// Lanes of a bank.
pub const BANK_LANES: usize = if LANES < 16 { LANES } else { 16 };
/// Banks of the journal.
pub const BANKS: usize = LANES.div_ceil(BANK_LANES);
