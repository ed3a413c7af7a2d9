//! The figures: one for each block, at its own ports.

use super::WaveError;
use super::scenario::Phases;
use super::svg::{Row, picture};
use super::trace::Trace;

/// Which trace a figure is cut from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// `delta_engine` alone: a record in each clock.
    Core,
    /// `deltascope_top`.
    Top,
    /// `fingerprint`, which is no part of the top.
    Fingerprint,
}

impl Run {
    /// The design.
    pub const fn top(self) -> &'static str {
        match self {
            Run::Core => "delta_engine",
            Run::Top => "deltascope_top",
            Run::Fingerprint => "fingerprint",
        }
    }
}

/// One picture.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// The block; the file has its name.
    pub block: &'static str,
    /// What is to be seen.
    pub title: &'static str,
    /// The trace.
    pub run: Run,
    /// Path of the instance below the top; empty for the top itself.
    pub instance: &'static str,
    /// Phase of the scenario, clocks after its beginning at which the picture begins, and its clocks.
    pub window: (&'static str, usize, usize),
    /// `SIGNAL[HIGH:LOW] as NAME when SIGNAL`: bits, name and condition may be left out. Without its condition a
    /// value means nothing and is not drawn.
    pub rows: &'static [&'static str],
}

impl Figure {
    /// Cuts the figure out of a trace.
    ///
    /// # Errors
    /// When the trace has no such signal or ends too early.
    pub fn draw(&self, trace: &Trace, phases: &Phases) -> Result<String, WaveError> {
        let (phase, skip, length) = self.window;
        let begin = phases.iter().find(|(name, _)| *name == phase).map(|(_, clock)| *clock);
        let (from, to) = begin.map_or((0, usize::MAX), |begin| (begin + skip, begin + skip + length));
        if to > trace.clocks {
            return Err(WaveError::NoPhase { figure: self.block, phase, from, to, clocks: trace.clocks });
        }
        let path = |text: &str| {
            let name = bits(text).0;
            if self.instance.is_empty() { name.to_owned() } else { format!("{}.{name}", self.instance) }
        };
        let cut = |text: &str| -> Result<Vec<String>, WaveError> {
            let (path, bits) = (path(text), bits(text).1);
            let samples = trace.signal(&path, bits);
            let samples = samples.ok_or(WaveError::NoSignal { figure: self.block, signal: path })?;
            Ok(samples[from..to].to_vec())
        };
        let mut rows = Vec::new();
        for text in self.rows {
            let (text, condition) = text.split_once(" when ").map_or((*text, None), |(a, b)| (a, Some(b)));
            let (signal, name) = text.split_once(" as ").unwrap_or((text, text));
            let mut values: Vec<_> = cut(signal)?.into_iter().map(Some).collect();
            if let Some(condition) = condition {
                for (value, holds) in values.iter_mut().zip(cut(condition)?) {
                    if holds == "0" {
                        *value = None;
                    }
                }
            }
            if name == "op" {
                values.iter_mut().flatten().for_each(|value| *value = op(value));
            }
            rows.push(Row { name: name.to_owned(), values, is_bit: trace.is_bit(&path(signal)) });
        }
        Ok(picture(&format!("{}: {}", self.block, self.title), &rows))
    }
}

/// Name and bits of `NAME[HIGH:LOW]`.
fn bits(text: &str) -> (&str, Option<(usize, usize)>) {
    let split = text.strip_suffix(']').and_then(|text| text.split_once('['));
    let Some((name, range)) = split else { return (text, None) };
    let (high, low) = range.split_once(':').unwrap_or((range, range));
    (name, high.parse().ok().zip(low.parse().ok()))
}

fn op(code: &str) -> String {
    let number = u8::from_str_radix(code, 16).unwrap_or(u8::MAX);
    deltascope_abi::record::Op::from_code(number).map_or_else(|| format!("op {code}"), |op| op.name().to_owned())
}

/// Every figure.
pub const FIGURES: &[Figure] = &[
    Figure {
        block: "fingerprint",
        title: "a packet of 20 bytes, one of 9 and an empty one back to back; the sum and the state of each beat",
        run: Run::Fingerprint,
        instance: "",
        window: ("packets", 0, 18),
        rows: &[
            "s_axis_tvalid",
            "s_axis_tready",
            "s_axis_tkeep when s_axis_tvalid",
            "s_axis_tlast when s_axis_tvalid",
            "d_valid",
            "d_sum when d_valid",
            "e_done",
            "e_state when e_done",
            "e_pad as lanes when e_done",
            "f3_done",
            "f3_state when f3_done",
            "m_axis_tvalid",
            "m_axis_tdata[62:32] as bytes when m_axis_tvalid",
            "m_axis_tdata[31:0] as crc when m_axis_tvalid",
        ],
    },
    Figure {
        block: "context_table",
        title: "six records on one context in six clocks; each sees the state that those before it left",
        run: Run::Core,
        instance: "contexts",
        window: ("states", 0, 12),
        rows: &[
            "valid",
            "op as op when valid",
            "context_id when valid",
            "operand when valid",
            "result_valid",
            "state_before when result_valid",
            "delta when result_valid",
            "accumulator_zero",
        ],
    },
    Figure {
        block: "record_decoder",
        title: "what records ask for, in the clock in which they are taken",
        run: Run::Core,
        instance: "decoder",
        window: ("states", 0, 6),
        rows: &[
            "record[3:0] as op",
            "record[39:24] as context",
            "record[127:64] as operand",
            "touches_context",
            "journals",
            "replies",
            "rejected",
        ],
    },
    Figure {
        block: "slot_pipeline",
        title: "a slot's flags and labels arrive with the result of the context table",
        run: Run::Core,
        instance: "slots",
        window: ("states", 0, 12),
        rows: &[
            "taken",
            "op as op when taken",
            "replies",
            "result_taken",
            "result_op as op when result_taken",
            "result_context_id when result_taken",
            "result_replies",
            "result_journals",
        ],
    },
    Figure {
        block: "reply_writer",
        title: "replies of two READs and a SWAP on their way into the queue",
        run: Run::Core,
        instance: "writer",
        window: ("states", 2, 12),
        rows: &[
            "replies",
            "op as op when replies",
            "state_before when replies",
            "write",
            "queued[3:0] as op when write",
            "queued[127:64] as value when write",
        ],
    },
    Figure {
        block: "delta_engine",
        title: "a READ taken in clock 2 is offered in clock 8",
        run: Run::Core,
        instance: "",
        window: ("states", 0, 14),
        rows: &[
            "s_tvalid",
            "s_tready",
            "s_tdata[3:0] as op when s_tvalid",
            "s_tdata[127:64] as operand when s_tvalid",
            "m_tvalid",
            "m_tready",
            "m_tdata[3:0] as op when m_tvalid",
            "m_tdata[127:64] as value when m_tvalid",
            "m_tlast when m_tvalid",
        ],
    },
    Figure {
        block: "group_counters",
        title: "a SNAPSHOT reads the four rows of a group; a PAIR behind it adds",
        run: Run::Core,
        instance: "groups",
        window: ("snapshot", 4, 16),
        rows: &[
            "add",
            "length when add",
            "read",
            "row_id",
            "result_valid",
            "result[47:0] as events when result_valid",
            "result[111:48] as bytes when result_valid",
            "result[159:112] as redundant events when result_valid",
        ],
    },
    Figure {
        block: "snapshot_reader",
        title: "the four rows of one group, one in every second clock",
        run: Run::Core,
        instance: "reader",
        window: ("snapshot", 0, 14),
        rows: &[
            "start",
            "first_group when start",
            "last_group when start",
            "may_read",
            "read",
            "group_id when read",
            "class_id when read",
            "last_row",
        ],
    },
    Figure {
        block: "engine_control",
        title: "a SNAPSHOT holds the input; the PAIR behind it is accepted when the last row is on its way",
        run: Run::Core,
        instance: "control",
        window: ("snapshot", 0, 18),
        rows: &["snapshot_starts", "accepts", "answering", "last_row_read", "room", "replies_gone", "packet_open"],
    },
    Figure {
        block: "reply_packets",
        title: "the end-of-batch beat carries TLAST",
        run: Run::Core,
        instance: "packets",
        window: ("batch", 2, 14),
        rows: &[
            "s_tvalid",
            "s_batch_end when s_tvalid",
            "m_tvalid",
            "m_tready",
            "m_tdata[3:0] as op when m_tvalid",
            "m_tdata[127:64] as value when m_tvalid",
            "m_tlast when m_tvalid",
            "packet_open",
        ],
    },
    Figure {
        block: "reply_credit",
        title: "sixteen READs, a sink that takes nothing: credit ends before the queue is full",
        run: Run::Core,
        instance: "credit",
        window: ("stall", 0, 24),
        rows: &["promise_one", "promise_two", "beat_leaves", "available"],
    },
    Figure {
        block: "reply_fifo",
        title: "the queue fills while its sink takes nothing, and empties",
        run: Run::Core,
        instance: "queue",
        window: ("stall", 4, 24),
        rows: &["write", "write_ready", "occupancy", "valid", "data[3:0] as op when valid", "ready"],
    },
    Figure {
        block: "lut_ram",
        title: "the memory of the reply queue: written at the edge, read at once",
        run: Run::Core,
        instance: "queue.ram",
        window: ("states", 4, 12),
        rows: &[
            "write_enable",
            "write_address when write_enable",
            "write_data[127:64] as value written when write_enable",
            "read_address",
        ],
    },
    Figure {
        block: "block_ram",
        title: "data two clocks after their address, at random when a read meets a write",
        run: Run::Core,
        instance: "contexts.ram",
        window: ("states", 0, 12),
        rows: &[
            "read_address",
            "read_data[127:64] as read_data, upper half",
            "write_enable",
            "write_address when write_enable",
            "write_data[127:64] as written, upper half when write_enable",
        ],
    },
    Figure {
        block: "engine_counters",
        title: "LATCH copies every counter in one clock",
        run: Run::Core,
        instance: "counters",
        window: ("latch", 0, 12),
        rows: &[
            "near_taken",
            "taken",
            "op as op when taken",
            "latch",
            "take",
            "accepted_after",
            "latched[63:0] as latched accepted",
            "position_after",
            "latched[191:128] as latched position",
        ],
    },
    Figure {
        block: "latched_counter",
        title: "the counter of accepted records and its copy",
        run: Run::Core,
        instance: "counters.accepted_counter",
        window: ("latch", 0, 12),
        rows: &["happens", "increment", "counter_count as count", "take", "latched as copy"],
    },
    Figure {
        block: "journal",
        title: "a delta is noted, then a QUERY walks the rows (3 lanes of 4 entries)",
        run: Run::Core,
        instance: "journal",
        window: ("query", 2, 20),
        rows: &[
            "note",
            "query",
            "context_id when note",
            "delta when note",
            "mark when query",
            "position",
            "answer_near",
            "answer",
            "too_old",
        ],
    },
    Figure {
        block: "query_walk",
        title: "from the newest entry back: rows, and the lanes of each that count",
        run: Run::Core,
        instance: "journal.walk",
        window: ("query", 4, 16),
        rows: &[
            "begin_walk",
            "distance when begin_walk",
            "reach when begin_walk",
            "first_step",
            "last_step",
            "row",
            "low",
            "high",
        ],
    },
    Figure {
        block: "journal_bank",
        title: "one row in each clock; the sum follows",
        run: Run::Core,
        instance: "journal.banks_0",
        window: ("query", 4, 22),
        rows: &[
            "write",
            "write_lane when write",
            "write_row when write",
            "write_delta when write",
            "wanted",
            "row",
            "lanes_from_low",
            "lanes_before_high",
            "sum",
        ],
    },
    Figure {
        block: "journal_lane",
        title: "a lane gives its delta when context and range fit, else zero",
        run: Run::Core,
        instance: "journal.banks_0.lanes_0",
        window: ("query", 4, 20),
        rows: &["context_row", "wanted", "in_range", "delta_row", "delta"],
    },
    Figure {
        block: "xor_tree",
        title: "the XOR of the lanes, two clocks later",
        run: Run::Core,
        instance: "journal.banks_0.tree",
        window: ("query", 10, 14),
        rows: &["words_0 as lane 0", "words_1 as lane 1", "words_2 as lane 2", "sum"],
    },
    Figure {
        block: "axis_width_up",
        title: "two 64-bit halves become a record; a lone half with TLAST becomes one of op 15",
        run: Run::Top,
        instance: "widen",
        window: ("fragment", 0, 12),
        rows: &[
            "s_tvalid",
            "s_tready",
            "s_tdata when s_tvalid",
            "s_tlast when s_tvalid",
            "m_tvalid",
            "m_tready",
            "m_tdata[3:0] as op when m_tvalid",
            "m_tlast",
            "fragment",
        ],
    },
    Figure {
        block: "axis_width_down",
        title: "a reply beat and an end-of-batch beat leave in halves, the lower one first",
        run: Run::Top,
        instance: "narrow",
        window: ("records", 7, 12),
        rows: &[
            "s_tvalid",
            "s_tready",
            "s_tdata[3:0] as op when s_tvalid",
            "s_tlast",
            "m_tvalid",
            "m_tready",
            "m_tdata when m_tvalid",
            "m_tlast",
            "taken_mark",
        ],
    },
    Figure {
        block: "deltascope_top",
        title: "LOAD and READ with TLAST: reply, end of batch, interrupt",
        run: Run::Top,
        instance: "",
        window: ("records", 0, 20),
        rows: &[
            "s_axis_tvalid",
            "s_axis_tready",
            "s_axis_tdata when s_axis_tvalid",
            "s_axis_tlast when s_axis_tvalid",
            "m_axis_tvalid",
            "m_axis_tready",
            "m_axis_tdata when m_axis_tvalid",
            "m_axis_tlast",
            "irq",
        ],
    },
    Figure {
        block: "axi_lite_registers",
        title: "a write of SCRATCH",
        run: Run::Top,
        instance: "registers",
        window: ("write", 0, 8),
        rows: &[
            "awvalid",
            "awready",
            "awaddr when awvalid",
            "wvalid",
            "wready",
            "wdata when wvalid",
            "bvalid",
            "bready",
            "bresp when bvalid",
        ],
    },
    Figure {
        block: "register_decode",
        title: "which register an offset means, one clock later",
        run: Run::Top,
        instance: "registers.reader.decode",
        window: ("read", 0, 8),
        rows: &["address", "hit_identity", "hit_scratch", "hit_counter", "defined"],
    },
    Figure {
        block: "register_read",
        title: "the lower word of a latched counter, two clocks after its offset",
        run: Run::Top,
        instance: "registers.reader",
        window: ("counter", 0, 9),
        rows: &["select", "address", "data", "defined"],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_taken_apart() {
        assert_eq!(bits("s_tdata[127:64]"), ("s_tdata", Some((127, 64))));
        assert_eq!(bits("data[3]"), ("data", Some((3, 3))));
        assert_eq!(bits("valid"), ("valid", None));
        assert_eq!((op("3"), op("F")), ("read".to_owned(), "op F".to_owned()));
    }

    #[test]
    fn every_block_has_one_figure() {
        for figure in FIGURES {
            assert_eq!(FIGURES.iter().filter(|f| f.block == figure.block).count(), 1, "{}", figure.block);
        }
    }
}
