//! Faults that no trial sees and no tool proves harmless, each with the reason why it changes nothing.

use super::Mutant;
use super::sources::Sources;

/// One reason. It speaks about one text of the block only: when the Verilog changes, it has to be judged again.
#[derive(Clone, Copy, Debug)]
pub struct Reason {
    /// Block of the fault.
    pub block: &'static str,
    /// [`Sources::hash`] of the block.
    pub hash: u64,
    /// [`Mutant::what`].
    pub what: &'static str,
    /// Why nothing can tell the two designs apart.
    pub why: &'static str,
}

/// Every reason.
pub const REASONS: &[Reason] = &[
    Reason {
        block: "reply_packets",
        hash: 0x0d41_b7d7_cc98_335e,
        what: "const0 at Q[6] of line 78, beats",
        why: SHORT_PACKET,
    },
    Reason {
        block: "reply_packets",
        hash: 0x0d41_b7d7_cc98_335e,
        what: "const0 at Y[13] of line 75, beats_next",
        why: SHORT_PACKET,
    },
    Reason {
        block: "reply_credit",
        hash: 0x3ba8_059c_7e50_a705,
        what: "cnot1 at A[2] by bit 3 of line 24",
        why: "shows only when two beats are promised while 16 are promised already; a row is read with credit, which there \
              is at 12 and below, and the proof of reply_credit, which fixes its outputs, holds with the fault",
    },
    Reason { block: "query_walk", hash: 0x9da8_db83_f275_23d9, what: "const0 at A[7] of line 90", why: THREE_LANES },
    Reason { block: "query_walk", hash: 0x9da8_db83_f275_23d9, what: "const0 at A[2] of line 90", why: THREE_LANES },
    Reason {
        block: "journal",
        hash: 0x6028_76ab_01f3_b0dd,
        what: "const0 at Q[19] of line 213, reach",
        why: "three lanes of four rows: `reach` counts to 12, so its upper bits are zero, which the proof of journal \
              holds as `place_is_a_place`",
    },
];

const SHORT_PACKET: &str = "packets of 4 beats: `beats` counts from 0 to 3, so its upper bits are zero anyway, which the proof \
                            of reply_packets holds as an invariant";

const THREE_LANES: &str = "a journal of three lanes: the lanes that a step offers and its ends are at most 3, so their upper \
                           bits are zero anyway, and the proof of query_walk holds with the fault";

/// The reason that is written down for this fault in this Verilog.
pub fn find(mutant: &Mutant, sources: &Sources) -> Option<&'static str> {
    let fits = |r: &&Reason| r.block == mutant.block && r.what == mutant.what && r.hash == sources.hash(r.block);
    REASONS.iter().find(fits).map(|r| r.why)
}
