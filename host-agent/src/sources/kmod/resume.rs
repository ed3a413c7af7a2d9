//! How far a reader is, as cursors, and resuming there after a restart of the agent.
//!
//! A ring's cursor is the number of the next record. With them go the load of the module and its counters, because
//! the counters of a module that was loaded again hold nothing of what its forerunner captured.

use deltascope_abi::loss::LossReason;
use deltascope_protocol::frame::Cursor;

use super::counters::{Handover, ModuleCounters, ReaderCounters};
use crate::sink::Sink;
use crate::sources::{cursor, position};

/// Units from here on are no rings.
const LOAD: u32 = 1 << 16;
const CAPTURED: u32 = LOAD + 1;
const MODULE_CAPTURED: u32 = LOAD + 2;
/// Of each reason two units.
const LOST: u32 = LOAD + 16;
/// What the module loses; other reasons are not its own.
const REASONS: [LossReason; 3] = [LossReason::Ring, LossReason::Sampled, LossReason::PendingFull];
/// Cursors that are no rings.
pub(super) const MORE_CURSORS: usize = 3 + 2 * REASONS.len();

/// The cursor of a ring whose next record is `next`.
pub(super) fn of_ring(ring: u32, next: u64) -> Cursor {
    Cursor { source: cursor::KMOD, unit: ring, position: next }
}

/// Gives the load and the counters to the sink.
pub(super) fn save(load_id: u64, reader: &ReaderCounters, counters: &ModuleCounters, sink: &mut dyn Sink) {
    let left = reader.handover(counters);
    let mut put = |unit, position| sink.cursor(Cursor { source: cursor::KMOD, unit, position });
    put(LOAD, load_id);
    put(CAPTURED, left.captured);
    put(MODULE_CAPTURED, left.module_captured);
    for reason in REASONS {
        let unit = LOST + 2 * reason as u32;
        put(unit, left.lost.get(reason));
        put(unit + 1, left.module_lost.get(reason));
    }
}

/// Returns what was saved: the load of the module and its counters. Nothing when the agent before never had a round.
pub(super) fn saved(cursors: &[Cursor]) -> Option<(u64, Handover)> {
    let at = |unit| position(cursors, cursor::KMOD, unit);
    let load_id = at(LOAD)?;
    let mut left = Handover { captured: at(CAPTURED)?, module_captured: at(MODULE_CAPTURED)?, ..Handover::default() };
    for reason in REASONS {
        let unit = LOST + 2 * reason as u32;
        left.lost.0[reason as usize] = at(unit)?;
        left.module_lost.0[reason as usize] = at(unit + 1)?;
    }
    Some((load_id, left))
}

/// The next record of a ring, if any record of it was ever given.
pub(super) fn next_of(cursors: &[Cursor], ring: u32) -> Option<u64> {
    position(cursors, cursor::KMOD, ring)
}
