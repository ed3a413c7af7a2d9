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
    /// Every output of the proof is one, whatever its inputs: identities of combinational logic, by decision diagrams.
    Identity,
    /// A trace from power-up reaches every cover statement within this many clocks.
    Cover {
        /// Clocks.
        clocks: u32,
    },
}

impl Method {
    /// Clocks that are unrolled at most.
    pub fn clocks(self) -> u32 {
        match self {
            Method::Induction { base, k } => base.max(k + 1),
            Method::Cover { clocks } => clocks,
            Method::Identity => 0,
        }
    }
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
    /// Modules below the block that answer anything, as a pattern, because other jobs are about them; empty when there are none.
    pub free: &'static str,
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
            Method::Identity => "abc, decision diagrams".to_owned(),
            Method::Cover { clocks } => format!("z3, traces up to {clocks} clocks"),
        }
    }
}

/// A proof by induction with k = 1 of the committed configuration.
const fn proof(name: &'static str, shows: &'static str) -> Job {
    let method = Method::Induction { base: 2, k: 1 };
    Job { name, block: name, settings: "", proof: name, free: "", method, shows, quick: true, limit: 600 }
}

/// Traces through the same file, of the configuration `settings`.
const fn cover(name: &'static str, of: &'static str, settings: &'static str, clocks: u32, shows: &'static str) -> Job {
    let method = Method::Cover { clocks };
    Job { name, block: of, settings, proof: of, free: "", method, shows, quick: true, limit: 600 }
}

/// Identities of the combinational modules of a block.
const fn identity(name: &'static str, of: &'static str, shows: &'static str) -> Job {
    let method = Method::Identity;
    Job { name, block: of, settings: "", proof: name, free: "", method, shows, quick: true, limit: 600 }
}

/// A job about a block around the modules that fit `pattern`, which answer anything.
const fn around(pattern: &'static str, job: Job) -> Job {
    Job { free: pattern, ..job }
}

/// A job about `block`, whose name has a number that the proof's has not.
const fn within(block: &'static str, job: Job) -> Job {
    Job { block, ..job }
}

/// A job that takes longer than the quick subset may.
const fn slow(job: Job, limit: u32) -> Job {
    Job { quick: false, limit, ..job }
}

/// Few rows, so that traces are past the clearing of the tables soon.
const SMALL_ENGINE: &str = "CONTEXT_BITS=4,GROUP_BITS=2,QUEUE_BITS=4,PACKET=4,LANES=3,DEPTH_BITS=2";

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
    proof("reply_fifo", "word n in is word n out, once, unchanged; the offer is held; full and empty are exact"),
    cover("reply_fifo_traces", "reply_fifo", "DEPTH_BITS=3,WORD_BITS=8", 30, "full, empty again, the pointers wrap"),
    proof(
        "reply_packets",
        "TLAST exactly on end of batch and on the PACKET-th beat; every beat passes once, unchanged; stream rules",
    ),
    cover("reply_packets_traces", "reply_packets", "PACKET=4", 12, "full and short packets, both at once, a stall"),
    proof(
        "record_decoder",
        "every record: rejected exactly when the record's definition says so, what it does, how its reply is labelled",
    ),
    cover(
        "record_decoder_traces",
        "record_decoder",
        "",
        2,
        "the last number in range and the first beyond, of each kind",
    ),
    proof(
        "reply_credit",
        "places promised equal beats promised and not left; never more than the queue has; credit whenever two slots fit",
    ),
    cover("reply_credit_traces", "reply_credit", "", 40, "the queue is full; credit comes back"),
    proof(
        "slot_pipeline",
        "a slot leaves three clocks later, whole, once, announced two clocks before; a reset leaves none that causes anything",
    ),
    cover("slot_pipeline_traces", "slot_pipeline", "", 8, "slots back to back; a reset empties"),
    slow(
        proof(
            "engine_counters",
            "each counter counts its event at full width, all are copied in one clock, accepted = rejected + sum by op, \
             clock classes sum to the clocks (sums: low 12 bits; exactly one event of each record at full width); a reply has its own \
             record in the number of records and in the position",
        ),
        1800,
    ),
    cover("engine_counters_traces", "engine_counters", "", 16, "a mixed set, a latch while records are taken"),
    proof(
        "reply_writer",
        "a result writes one beat, a row two, in the layout of the ABI, each once; marks on their beats only",
    ),
    cover("reply_writer_traces", "reply_writer", "", 8, "a state, an end of batch, the end of a snapshot"),
    proof(
        "snapshot_reader",
        "every row of the range once, in order, the last one marked, a read in every second clock with room",
    ),
    cover(
        "snapshot_reader_traces",
        "snapshot_reader",
        "",
        20,
        "two groups, the highest group after a wait, a next walk",
    ),
    proof(
        "engine_control",
        "the input is open exactly when idle; four clocks of settling; a batch end and an answer once and with room; a \
         drain waits, closes the packet, restarts once",
    ),
    slow(
        cover(
            "engine_control_traces",
            "engine_control",
            "",
            45,
            "a snapshot with batch end, resets, a drain that closes a packet",
        ),
        600,
    ),
    proof(
        "query_walk",
        "a walk selects one arbitrary entry once if it is one of the newest that are asked for and in reach, and never \
         else; nothing outside a walk; the mark is too old exactly when it is out of reach",
    ),
    cover(
        "query_walk_traces",
        "query_walk",
        "",
        38,
        "the oldest entry of a full ring, the newest alone, a mark too old",
    ),
    within("xor_tree_16", proof("xor_tree", "the sum is the XOR of sixteen words two clocks ago")),
    within("xor_tree_16", cover("xor_tree_traces", "xor_tree", "", 6, "every bit odd; two words that cancel")),
    proof(
        "journal_lane",
        "one arbitrary row: answers the delta last written there four clocks after the row, if its context is wanted and \
         its position in range, else zero",
    ),
    cover("journal_lane_traces", "journal_lane", "", 10, "a wanted entry, one out of range, another context"),
    around(
        "journal_lane",
        proof(
            "journal_bank",
            "every lane gets its own entry, row and range in its clock; the sum is the XOR of the lanes seven clocks \
             after the row (any lanes)",
        ),
    ),
    cover(
        "journal_bank_traces",
        "journal_bank",
        "CONTEXT_BITS=4,DEPTH_BITS=2,LANES=3",
        16,
        "entries of two lanes meet; one lane of the range",
    ),
    around(
        "xor_tree_*",
        proof(
            "journal",
            "each note goes to the lane and row of its position, whole and once; the lanes of a step are the walk's; the \
             answer is the XOR of the rows of its walk, is held, and is zero and marked when too old; no write between \
             (any sums of the banks, zero where no lane is selected)",
        ),
    ),
    cover(
        "journal_traces",
        "journal",
        "CONTEXT_BITS=4,DEPTH_BITS=2,LANES=3",
        36,
        "the sum over a full ring, a mark too old, a note before the answer",
    ),
    identity(
        "crc32c_beat",
        "fingerprint",
        "every beat moves the state as its bytes do by the bytewise definition of CRC32C; the start at each lane; each \
         number of lanes taken back (all states, all data)",
    ),
    around(
        "crc32c_*",
        proof(
            "fingerprint",
            "every beat is given to the matrices of crc32c_beat once, in order, with its lanes; each packet gives one result \
             with its length, or bit 63 for a gap; the queue is never over-full; stream rules",
        ),
    ),
    slow(
        around(
            "crc32c_*",
            cover("fingerprint_traces", "fingerprint", "", 16, "two beats, a gap, a packet without bytes"),
        ),
        600,
    ),
    proof(
        "axi_lite_registers",
        "AXI4-Lite rules on all channels, one response for each request and none without, SLVERR exactly on undefined \
         offsets, what every register reads, commands, interrupts",
    ),
    cover(
        "axi_lite_registers_traces",
        "axi_lite_registers",
        "",
        14,
        "order of address and data, bytes, undefined offsets, an event that wins",
    ),
    around(
        "journal_bank",
        proof(
            "delta_engine",
            "no reply meets a full queue; replies and rows never meet; each reply, TLAST and record exactly once; stream \
             rules; one class for every clock; a SNAPSHOT holds the input for 2 x rows + 5 clocks, a QUERY for \
             2^DEPTH_BITS + 14; no note in a QUERY; a SNAPSHOT reads rows of the table only; tables, journal and counters meet \
             no slot in their reset",
        ),
    ),
    slow(
        around(
            "journal_bank",
            cover(
                "delta_engine_traces",
                "delta_engine",
                SMALL_ENGINE,
                46,
                "credit used up, a SNAPSHOT without a stall, an end of batch behind a reply, a drain that closes a packet",
            ),
        ),
        1200,
    ),
    around(
        "journal_bank",
        cover("delta_engine_query_trace", "delta_engine", SMALL_ENGINE, 60, "a QUERY without a stall is answered"),
    ),
];
