//! The interrupt of a beat comes when the beat has left the top, not before: the DMA holds the data then.

use deltascope_abi::record::Record;
use deltascope_abi::registers::{IRQ_BATCH_END, IRQ_SNAPSHOT, offset};

use deltascope_sim::bench::Failure;
use deltascope_sim::flow::{Flow, Pattern};
use deltascope_sim::session::Session;
use deltascope_sim::top::Top;

/// Clocks without a sink before each half of a reply.
const STALL: u32 = 400;

/// A batch with a SNAPSHOT through a sink that takes one half every `STALL` clocks: while a half of the last beat
/// is still there, IRQ_STATUS does not name the beat.
///
/// # Errors
/// When an interrupt comes early or not at all.
pub fn follow_their_beats(session: &mut Session) -> Result<(), Failure> {
    let bench = session.bench("deltascope_top")?;
    let mut top = Top::new(bench, 0)?;
    top.push(Record::snapshot(0, 0), true);
    top.set_reply_flow(Flow::new(Pattern::NeverThenBurst { idle: STALL, burst: 1 }, &mut session.random));
    // The header, two beats for each of four classes, the end of the batch.
    let (mut beats, snapshot, batch) = (0, 9, 10);
    for _ in 0..60 * STALL {
        let mut count = |moved: deltascope_sim::top::Moved| beats += u32::from(moved.reply.is_some());
        let found = top.read(offset::IRQ_STATUS, &mut count)?;
        // What left during the read may show or not.
        let mut after = 0;
        for _ in 0..10 {
            after += u32::from(top.clock()?.reply.is_some());
        }
        let certain = beats;
        beats += after;
        if found & IRQ_SNAPSHOT.mask() != 0 && certain < snapshot
            || found & IRQ_BATCH_END.mask() != 0 && certain < batch
        {
            return Err(top.bench().mismatch(format!("IRQ_STATUS is {found:#x} after {certain} beats")));
        }
        if beats >= batch && after == 0 {
            break;
        }
    }
    let found = top.read(offset::IRQ_STATUS, &mut |_| {})?;
    top.bench().expect("IRQ_STATUS after the batch", found, IRQ_SNAPSHOT.mask() | IRQ_BATCH_END.mask())
}
