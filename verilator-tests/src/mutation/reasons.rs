//! Faults that no trial sees and no tool proves harmless, each with the reason why it changes nothing. `cargo xtask rtl mutate`
//! accepts a reason only when the induction proof of the block holds with the fault in place, and refuses one that no
//! fault needs. A reason states whether it is true of the committed configuration as well.

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
        hash: 0xd7cc_a16e_3a19_00ae,
        what: "const0 at Q[6] of line 110, beats",
        why: SHORT_PACKET,
    },
    Reason {
        block: "reply_packets",
        hash: 0xd7cc_a16e_3a19_00ae,
        what: "const0 at Y[13] of line 105, beats_next",
        why: SHORT_PACKET,
    },
    Reason {
        block: "reply_credit",
        hash: 0xb02f_3e77_dda0_6d4b,
        what: "cnot1 at A[2] by bit 3 of line 33",
        why: "mixes in bit 4 of `promised` when two beats are promised: that bit is set at 16, all the places of this queue, \
              where nothing more is promised. In a queue of 32 places it is a fault, which `cargo xtask rtl formal --faults` \
              has: bit 3 of the places inverted by bit 4",
    },
    Reason {
        block: "journal",
        hash: 0x48d3_e8a2_44be_ebf4,
        what: "const1 at from_low[0] of line 106, banks_from_low",
        why: "the one bank of 3 lanes holds the low end of every walk, so it is always marked. With 16 banks a stuck mark is a \
              fault, which `cargo xtask rtl formal --faults` has: the first bank always above the low end",
    },
    Reason {
        block: "query_walk",
        hash: 0x146f_9c55_f914_74f1,
        what: "const0 at Y[4] of line 141",
        why: "a lane is below 3 here, so bit 4 of `bottom` is zero. With 256 lanes it is a fault, which `cargo xtask rtl formal \
              --faults` has: bit 4 of the oldest lane offered dropped",
    },
    Reason {
        block: "query_walk",
        hash: 0x146f_9c55_f914_74f1,
        what: "const0 at Q[2] of line 219, low",
        why: "a lane is below 3 here, so bit 2 of `low` is zero. With 256 lanes it is a fault, which `cargo xtask rtl formal \
              --faults` has: bit 2 of the oldest lane dropped",
    },
    Reason {
        block: "query_walk",
        hash: 0x146f_9c55_f914_74f1,
        what: "const0 at Q[6] of line 219, high",
        why: "`high` is at most 3, the number of lanes, so its bit 6 is zero. With 256 lanes it is a fault, which `cargo xtask rtl \
              formal --faults` has: bit 6 of the end of the lanes dropped",
    },
    Reason {
        block: "query_walk",
        hash: 0x146f_9c55_f914_74f1,
        what: "cnot1 at Y[11] by bit 15 of line 179, left_over",
        why: "what is left of a walk is looked at when a step takes all that it offers, and is then below lanes x rows: 12 here \
              and 8192 in the committed configuration, so bit 15 is zero in both",
    },
    Reason {
        block: "engine_control",
        hash: 0x2874_c4dd_8d63_29ad,
        what: "const1 at Y[0] of line 121",
        why: "`batch_end_due` stays set after the end of batch of a SNAPSHOT: it is looked at while rows settle only, and \
              the next SNAPSHOT sets it again. True in every configuration",
    },
    Reason {
        block: "engine_control",
        hash: 0x2874_c4dd_8d63_29ad,
        what: "const1 at A[5] of a cell made by opt_dff",
        why: "`waited` falls to zero with the restart and not with the first record after it: nothing looks at it while \
              tables are cleared, and running sets it to zero. True in every configuration",
    },
];

/// For counts of beats. The first of them is a fault in the committed configuration.
const SHORT_PACKET: &str = "packets of 4 beats: `beats` counts from 0 to 3, so its upper bits are zero. In packets of 256 \
                            beats bit 6 counts, and a stuck one is a fault, which `cargo xtask rtl formal --faults` has; bit \
                            13 is zero there too";

/// The reason that is written down for this fault in this Verilog.
pub fn find(mutant: &Mutant, sources: &Sources) -> Option<&'static Reason> {
    let fits = |r: &&Reason| r.block == mutant.block && r.what == mutant.what && r.hash == sources.hash(r.block);
    REASONS.iter().find(fits)
}
