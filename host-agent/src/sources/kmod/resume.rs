//! How far a reader is, as cursors, and going on there after a restart of the agent.
//!
//! A ring's cursor is the number of the next record. Beside them stand the load of the module and its books, because
//! the books of a module that was loaded anew say nothing of what its forerunner captured.

use deltascope_abi::loss::LossReason;
use deltascope_protocol::frame::Cursor;

use super::books::{Books, Share, Told};
use crate::event::Sink;
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

/// Tells the load and the books.
pub(super) fn tell(load_id: u64, share: &Share, books: &Books, sink: &mut dyn Sink) {
    let told = share.told(books);
    let mut tell = |unit, position| sink.cursor(Cursor { source: cursor::KMOD, unit, position });
    tell(LOAD, load_id);
    tell(CAPTURED, told.captured);
    tell(MODULE_CAPTURED, told.module_captured);
    for reason in REASONS {
        let unit = LOST + 2 * reason as u32;
        tell(unit, told.lost.get(reason));
        tell(unit + 1, told.module_lost.get(reason));
    }
}

/// What was told: the load of the module and its books. Nothing when the agent before never had a round.
pub(super) fn told(cursors: &[Cursor]) -> Option<(u64, Told)> {
    let at = |unit| position(cursors, cursor::KMOD, unit);
    let load_id = at(LOAD)?;
    let mut told = Told { captured: at(CAPTURED)?, module_captured: at(MODULE_CAPTURED)?, ..Told::default() };
    for reason in REASONS {
        let unit = LOST + 2 * reason as u32;
        told.lost.0[reason as usize] = at(unit)?;
        told.module_lost.0[reason as usize] = at(unit + 1)?;
    }
    Some((load_id, told))
}

/// The next record of a ring, if any record of it was ever given.
pub(super) fn next_of(cursors: &[Cursor], ring: u32) -> Option<u64> {
    position(cursors, cursor::KMOD, ring)
}
