//! The blocks and configurations that can be emitted.
//!
//! Const generics need a fixed list: the default configuration of every block, which is committed, and
//! small ones for proofs, mutation and quick tests.

use rust_hdl::core::block::Block;

use crate::default_sizes::{
    BANK_LANES, BANKS, CONTEXT_BITS, COUNT_BITS, DEPTH_BITS, GROUP_BITS, LANES, PACKET, QUEUE_BITS, ROW_BITS,
};

use super::design::{Design, emit};
use super::error::EmitError;

/// A const generic of a block, by the name that `--set` uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Name in capitals.
    pub name: &'static str,
    /// Value.
    pub value: usize,
}

/// A block with all its settings.
#[derive(Clone, Copy, Debug)]
pub struct Instance {
    /// Name of the module and of its source under `rtl/src`, which has no number of words behind it.
    pub block: &'static str,
    /// The configuration that is committed.
    pub default: bool,
    /// Every const generic of the block.
    pub settings: &'static [Setting],
    build: fn() -> Result<Design, EmitError>,
}

impl Instance {
    /// Emits this configuration.
    ///
    /// # Errors
    /// As [`emit`].
    pub fn emit(&self) -> Result<Design, EmitError> {
        (self.build)()
    }

    /// `CONTEXT_BITS=14, GROUP_BITS=10`, or `no settings`.
    pub fn describe(&self) -> String {
        if self.settings.is_empty() {
            return "no settings".to_string();
        }
        self.settings.iter().map(|s| format!("{}={}", s.name, s.value)).collect::<Vec<_>>().join(", ")
    }
}

/// Bytes of stack for building a block: rust-hdl builds arrays of signals on the stack.
const STACK_BYTES: usize = 1 << 28;

fn build<B: Block + Default + 'static>(name: &'static str) -> Result<Design, EmitError> {
    let stopped = |found: String| EmitError::Stopped { block: name.to_string(), found };
    let work = move || {
        let mut block: Box<B> = Box::default();
        block.connect_all();
        emit(&*block, name)
    };
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work);
    let thread = thread.map_err(|e| stopped(format!("no thread: {e}")))?;
    thread.join().unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| s.to_string()));
        Err(stopped(text.unwrap_or_else(|| "a panic without text".to_string())))
    })
}

macro_rules! instance {
    ($block:literal, $default:expr, $ty:ty $(, $name:ident = $value:expr)*) => {
        Instance {
            block: $block,
            default: $default,
            settings: &[$(Setting { name: stringify!($name), value: $value }),*],
            build: || build::<$ty>($block),
        }
    };
}

macro_rules! journal {
    ($default:literal, $context_bits:tt, $depth_bits:tt, $lanes:tt, $banks:tt, $bank_lanes:tt) => {
        instance!(
            "journal",
            $default,
            crate::journal::Journal<$context_bits, $depth_bits, $lanes, $banks, $bank_lanes>,
            CONTEXT_BITS = $context_bits,
            DEPTH_BITS = $depth_bits,
            LANES = $lanes
        )
    };
}

/// The default top with another journal.
type Top<const LANES: usize, const BANKS: usize, const BANK_LANES: usize> = crate::deltascope_top::DeltascopeTop<
    CONTEXT_BITS,
    GROUP_BITS,
    ROW_BITS,
    QUEUE_BITS,
    COUNT_BITS,
    PACKET,
    DEPTH_BITS,
    LANES,
    BANKS,
    BANK_LANES,
>;

/// Every configuration that can be emitted; exactly one of each block is the default.
pub const CATALOGUE: &[Instance] = &[
    instance!(
        "axi_lite_registers",
        true,
        crate::axi_lite_registers::AxiLiteRegisters<CONTEXT_BITS, GROUP_BITS, LANES, DEPTH_BITS, PACKET>,
        CONTEXT_BITS = CONTEXT_BITS,
        GROUP_BITS = GROUP_BITS,
        LANES = LANES,
        DEPTH_BITS = DEPTH_BITS,
        PACKET = PACKET
    ),
    instance!("axis_width_down", true, crate::axis_width::AxisWidthDown),
    instance!("axis_width_up", true, crate::axis_width::AxisWidthUp),
    instance!("context_table", true, crate::context_table::ContextTable<CONTEXT_BITS>, CONTEXT_BITS = CONTEXT_BITS),
    instance!("context_table", false, crate::context_table::ContextTable<4>, CONTEXT_BITS = 4),
    instance!("context_table", false, crate::context_table::ContextTable<2>, CONTEXT_BITS = 2),
    instance!(
        "delta_engine",
        true,
        crate::delta_engine::DeltaEngine<
            CONTEXT_BITS,
            GROUP_BITS,
            ROW_BITS,
            QUEUE_BITS,
            COUNT_BITS,
            PACKET,
            DEPTH_BITS,
            LANES,
            BANKS,
            BANK_LANES,
        >,
        CONTEXT_BITS = CONTEXT_BITS,
        GROUP_BITS = GROUP_BITS,
        QUEUE_BITS = QUEUE_BITS,
        PACKET = PACKET,
        LANES = LANES,
        DEPTH_BITS = DEPTH_BITS
    ),
    instance!(
        "delta_engine",
        false,
        crate::delta_engine::DeltaEngine<4, 2, 4, 4, 5, 4, 2, 3, 1, 3>,
        CONTEXT_BITS = 4,
        GROUP_BITS = 2,
        QUEUE_BITS = 4,
        PACKET = 4,
        LANES = 3,
        DEPTH_BITS = 2
    ),
    instance!(
        "deltascope_top",
        true,
        crate::deltascope_top::DefaultTop,
        CONTEXT_BITS = CONTEXT_BITS,
        GROUP_BITS = GROUP_BITS,
        QUEUE_BITS = QUEUE_BITS,
        PACKET = PACKET,
        LANES = LANES,
        DEPTH_BITS = DEPTH_BITS
    ),
    instance!(
        "deltascope_top",
        false,
        crate::deltascope_top::DeltascopeTop<4, 2, 4, 4, 5, 4, 2, 3, 1, 3>,
        CONTEXT_BITS = 4,
        GROUP_BITS = 2,
        QUEUE_BITS = 4,
        PACKET = 4,
        LANES = 3,
        DEPTH_BITS = 2
    ),
    instance!(
        "deltascope_top",
        false,
        Top<16, 1, 16>,
        CONTEXT_BITS = CONTEXT_BITS,
        GROUP_BITS = GROUP_BITS,
        QUEUE_BITS = QUEUE_BITS,
        PACKET = PACKET,
        LANES = 16,
        DEPTH_BITS = DEPTH_BITS
    ),
    instance!(
        "deltascope_top",
        false,
        Top<64, 4, 16>,
        CONTEXT_BITS = CONTEXT_BITS,
        GROUP_BITS = GROUP_BITS,
        QUEUE_BITS = QUEUE_BITS,
        PACKET = PACKET,
        LANES = 64,
        DEPTH_BITS = DEPTH_BITS
    ),
    instance!(
        "deltascope_top",
        false,
        Top<128, 8, 16>,
        CONTEXT_BITS = CONTEXT_BITS,
        GROUP_BITS = GROUP_BITS,
        QUEUE_BITS = QUEUE_BITS,
        PACKET = PACKET,
        LANES = 128,
        DEPTH_BITS = DEPTH_BITS
    ),
    instance!("engine_control", true, crate::engine_control::EngineControl),
    instance!("engine_counters", true, crate::engine_counters::EngineCounters),
    instance!("fingerprint", true, crate::fingerprint::Fingerprint),
    instance!("group_counters", true, crate::group_counters::GroupCounters<ROW_BITS>, ROW_BITS = ROW_BITS),
    instance!("group_counters", false, crate::group_counters::GroupCounters<4>, ROW_BITS = 4),
    journal!(true, CONTEXT_BITS, DEPTH_BITS, LANES, BANKS, BANK_LANES),
    journal!(false, 4, 2, 1, 1, 1),
    journal!(false, 4, 2, 2, 1, 2),
    journal!(false, 4, 2, 3, 1, 3),
    journal!(false, 4, 2, 4, 1, 4),
    journal!(false, 4, 2, 5, 1, 5),
    journal!(false, 4, 2, 6, 1, 6),
    journal!(false, 4, 2, 7, 1, 7),
    journal!(false, 4, 2, 8, 1, 8),
    journal!(false, 4, 2, 9, 1, 9),
    journal!(false, 4, 2, 10, 1, 10),
    journal!(false, 4, 2, 11, 1, 11),
    journal!(false, 4, 2, 12, 1, 12),
    journal!(false, 4, 2, 13, 1, 13),
    journal!(false, 4, 2, 14, 1, 14),
    journal!(false, 4, 2, 15, 1, 15),
    journal!(false, 4, 2, 16, 1, 16),
    journal!(false, 4, 2, 17, 2, 16),
    journal!(false, CONTEXT_BITS, DEPTH_BITS, 64, 4, 16),
    journal!(false, CONTEXT_BITS, DEPTH_BITS, 128, 8, 16),
    instance!(
        "journal_bank",
        true,
        crate::journal_bank::JournalBank<CONTEXT_BITS, DEPTH_BITS, BANK_LANES>,
        CONTEXT_BITS = CONTEXT_BITS,
        DEPTH_BITS = DEPTH_BITS,
        LANES = BANK_LANES
    ),
    instance!(
        "journal_bank",
        false,
        crate::journal_bank::JournalBank<4, 2, 3>,
        CONTEXT_BITS = 4,
        DEPTH_BITS = 2,
        LANES = 3
    ),
    instance!(
        "journal_lane",
        true,
        crate::journal_lane::JournalLane<CONTEXT_BITS, DEPTH_BITS>,
        CONTEXT_BITS = CONTEXT_BITS,
        DEPTH_BITS = DEPTH_BITS
    ),
    instance!("latched_counter", true, crate::latched_counter::LatchedCounter),
    instance!(
        "query_walk",
        true,
        crate::query_walk::QueryWalk<DEPTH_BITS, LANES>,
        DEPTH_BITS = DEPTH_BITS,
        LANES = LANES
    ),
    instance!(
        "record_decoder",
        true,
        crate::record_decoder::RecordDecoder<CONTEXT_BITS, GROUP_BITS>,
        CONTEXT_BITS = CONTEXT_BITS,
        GROUP_BITS = GROUP_BITS
    ),
    instance!("register_decode", true, crate::register_decode::RegisterDecode),
    instance!("register_read", true, crate::register_read::RegisterRead),
    instance!("reply_credit", true, crate::reply_credit::ReplyCredit<QUEUE_BITS, COUNT_BITS>, QUEUE_BITS = QUEUE_BITS),
    instance!(
        "reply_fifo",
        true,
        crate::reply_fifo::ReplyFifo<QUEUE_BITS, COUNT_BITS, 130>,
        DEPTH_BITS = QUEUE_BITS,
        WORD_BITS = 130
    ),
    instance!("reply_fifo", false, crate::reply_fifo::ReplyFifo<3, 4, 8>, DEPTH_BITS = 3, WORD_BITS = 8),
    instance!("reply_packets", true, crate::reply_packets::ReplyPackets<PACKET>, PACKET = PACKET),
    instance!("reply_packets", false, crate::reply_packets::ReplyPackets<4>, PACKET = 4),
    instance!("reply_writer", true, crate::reply_writer::ReplyWriter),
    instance!("slot_pipeline", true, crate::slot_pipeline::SlotPipeline),
    instance!("snapshot_reader", true, crate::snapshot_reader::SnapshotReader),
    instance!("xor_tree_16", true, crate::xor_tree::XorTree<16>),
];

/// The default configuration of every block.
pub fn tops() -> impl Iterator<Item = &'static Instance> {
    CATALOGUE.iter().filter(|i| i.default)
}

/// The configuration of `block` with `settings`; those not named take their default.
///
/// # Errors
/// [`EmitError::Unknown`] with a list of what there is.
pub fn find(block: &str, settings: &[(String, usize)]) -> Result<&'static Instance, EmitError> {
    let wanted = |i: &Instance, s: &Setting| {
        let set = settings.iter().find(|(name, _)| name == s.name).map(|(_, value)| *value);
        let default = CATALOGUE.iter().find(|d| d.default && d.block == i.block);
        let default = default.and_then(|d| d.settings.iter().find(|x| x.name == s.name)).map(|x| x.value);
        set.or(default) == Some(s.value)
    };
    let known = |i: &Instance| settings.iter().all(|(name, _)| i.settings.iter().any(|s| s.name == name));
    let found = CATALOGUE.iter().find(|i| i.block == block && known(i) && i.settings.iter().all(|s| wanted(i, s)));
    found.ok_or_else(|| EmitError::Unknown {
        block: block.to_string(),
        settings: if settings.is_empty() {
            "its default settings".to_string()
        } else {
            settings.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join(", ")
        },
        known: known_configurations(block),
    })
}

/// The configurations of `block`, or the names of all blocks when it is none.
fn known_configurations(block: &str) -> String {
    let of_block: Vec<_> = CATALOGUE.iter().filter(|i| i.block == block).map(|i| i.describe()).collect();
    if of_block.is_empty() { tops().map(|i| i.block).collect::<Vec<_>>().join(", ") } else { of_block.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_has_one_default() {
        for instance in CATALOGUE {
            let defaults = tops().filter(|d| d.block == instance.block).count();
            assert_eq!(defaults, 1, "{}", instance.block);
        }
    }

    #[test]
    fn settings_select_a_configuration() {
        for instance in CATALOGUE {
            let settings: Vec<_> = instance.settings.iter().map(|s| (s.name.to_string(), s.value)).collect();
            let found = find(instance.block, &settings).unwrap();
            assert_eq!(found.settings, instance.settings);
        }
        assert!(find("context_table", &[("CONTEXT_BITS".into(), 99)]).is_err());
        assert!(find("context_table", &[("LANES".into(), 1)]).is_err());
        assert!(find("no_such_block", &[]).is_err());
    }
}
