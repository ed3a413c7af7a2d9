//! The table of jobs.

/// How a job is decided.
#[derive(Clone, Copy, Debug)]
pub enum Method {
    /// True in the first `base` clocks after power-up, and from any `k` clocks that satisfy it in the next.
    Induction {
        /// Clocks of the base case.
        base: u32,
        /// Clocks that the step assumes.
        k: u32,
    },
    /// A trace from power-up reaches every cover statement within so many clocks.
    Cover {
        /// Clocks.
        clocks: u32,
    },
}

/// One job.
#[derive(Debug)]
pub struct Job {
    /// Name, as `--job` takes it.
    pub name: &'static str,
    /// Block of `rtl/verilog/manifest.json`.
    pub block: &'static str,
    /// Settings of a small configuration, as `emit --set` takes them; empty for the committed Verilog.
    pub settings: &'static str,
    /// `rtl/formal/<proof>.sv`, whose top module is `<proof>_proof`.
    pub proof: &'static str,
    /// How it is decided.
    pub method: Method,
    /// What is shown, for the document.
    pub shows: &'static str,
    /// Whether it belongs to the quick subset.
    pub quick: bool,
    /// Seconds after which a step has failed.
    pub limit: u32,
}

impl Job {
    /// Solver and method, for tables and JSON.
    pub fn engine(&self) -> String {
        match self.method {
            Method::Induction { k, .. } => format!("z3, induction, k = {k}"),
            Method::Cover { clocks } => format!("z3, traces up to {clocks} clocks"),
        }
    }
}

/// A proof by induction with k = 1 of the committed configuration.
const fn proof(name: &'static str, shows: &'static str) -> Job {
    let method = Method::Induction { base: 2, k: 1 };
    Job { name, block: name, settings: "", proof: name, method, shows, quick: true, limit: 600 }
}

/// Traces through the same file, of the configuration `settings`.
const fn cover(name: &'static str, of: &'static str, settings: &'static str, clocks: u32, shows: &'static str) -> Job {
    let method = Method::Cover { clocks };
    Job { name, block: of, settings, proof: of, method, shows, quick: true, limit: 600 }
}

/// A job that takes longer than the quick subset may.
const fn slow(job: Job, limit: u32) -> Job {
    Job { quick: false, limit, ..job }
}

/// Every job.
pub const JOBS: &[Job] = &[
    slow(
        proof(
            "context_table",
            "one arbitrary context: every record sees the state that those before it left, answers once and in order, \
             whatever the spacing, with arbitrary data when a read meets a write",
        ),
        1800,
    ),
    cover(
        "context_table_traces",
        "context_table",
        "CONTEXT_BITS=2",
        16,
        "forwarding over every distance, a redundant SEND",
    ),
    slow(
        proof(
            "group_counters",
            "one arbitrary row: every read answers the sums of the adds before it at full width, with arbitrary data \
             when a read meets a write",
        ),
        1800,
    ),
    slow(
        cover("group_counters_traces", "group_counters", "ROW_BITS=4", 32, "adds of all kinds, read back to back"),
        1800,
    ),
    proof(
        "axis_width_up",
        "record n in is record n out, once, unchanged; a lone half or missing bytes make a record of op 15, said once; \
         stream rules",
    ),
    cover("axis_width_up_traces", "axis_width_up", "", 10, "a whole record, a lone half, missing bytes, back to back"),
    proof(
        "axis_width_down",
        "beat n leaves as its low, then its high half, once, TLAST on the high half only, its mark said once; \
         stream rules",
    ),
    cover("axis_width_down_traces", "axis_width_down", "", 14, "three beats, both places taken, a mark, no clock lost"),
    proof("reply_fifo", "word n in is word n out, once, unchanged; the offer stands; full and empty are exact"),
    cover("reply_fifo_traces", "reply_fifo", "DEPTH_BITS=3,WORD_BITS=8", 30, "full, empty again, the pointers wrap"),
    proof(
        "reply_packets",
        "TLAST exactly on end of batch and on the PACKET-th beat; every beat passes once, unchanged; stream rules",
    ),
    cover("reply_packets_traces", "reply_packets", "PACKET=4", 12, "full and short packets, both at once, a stall"),
];
