//! Faults that no trial sees and no tool proves harmless, each with the reason why it changes nothing. `cargo xtask rtl mutate`
//! accepts a reason only when the induction proof of the block holds with the fault in place, and refuses one that no
//! fault needs. A reason says whether it is true of the committed configuration as well.

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
        hash: 0x5ddb_2835_d2f0_631d,
        what: "const0 at Q[6] of line 78, beats",
        why: SHORT_PACKET,
    },
    Reason {
        block: "reply_packets",
        hash: 0x5ddb_2835_d2f0_631d,
        what: "const0 at Y[13] of line 75, beats_next",
        why: SHORT_PACKET,
    },
    Reason {
        block: "reply_credit",
        hash: 0x008e_b892_5400_43b8,
        what: "cnot1 at A[2] by bit 3 of line 24",
        why: "mixes in bit 4 of `promised` when two beats are promised: that bit is set at 16, all the places of this queue, \
              where nothing more is promised. In a queue of 32 places it is a fault, which `cargo xtask rtl formal --faults` \
              has: bit 3 of the places inverted by bit 4",
    },
    Reason {
        block: "journal",
        hash: 0x0856_2d98_b897_6ac7,
        what: "const0 at Q[19] of line 213, reach",
        why: "`reach` counts to lanes x rows, 12 here and 8192 in the committed configuration, so bit 19 is zero in both",
    },
    Reason {
        block: "engine_control",
        hash: 0x5887_3b0f_9d6a_d78f,
        what: "const1 at Y[0] of line 89",
        why: "`batch_end_due` stays set after the end of batch of a SNAPSHOT: it is looked at while rows settle only, and \
              the next SNAPSHOT sets it again. True in every configuration",
    },
    Reason {
        block: "engine_control",
        hash: 0x5887_3b0f_9d6a_d78f,
        what: "const1 at A[5] of a cell made by opt_dff",
        why: "`waited` falls to zero with the restart and not with the first record after it: nothing looks at it while \
              tables are cleared, and running sets it to zero. True in every configuration",
    },
    Reason {
        block: "delta_engine",
        hash: 0x9a3b_2fa0_f257_015a,
        what: "const0 at group_id[15] of line 243, reader_group_id",
        why: "a SNAPSHOT reads groups of the table only, 4 here and 1024 in the committed configuration, so bit 15 is zero \
              in both: `rows_are_of_the_table` of the proof of delta_engine",
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
