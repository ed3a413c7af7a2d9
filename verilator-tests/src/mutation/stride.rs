//! Counters that count in large steps. A short run never carries into the upper bits of a 48- or 64-bit counter;
//! with the input `stride` high, every counter of a mutated design adds a large odd number for each one, and the
//! model's counts are multiplied by the same number. All bits move, and every sum that holds still holds.

use super::MutationError;
use super::sources::{Block, Sources, instance};

/// Name of the input.
pub const STRIDE: &str = "stride";

/// What one is worth in the counters of the engine and, in its lower 48 bits, in counters of events.
pub const COUNT: u64 = 0x9E37_79B9_7F4A_7C15;
/// What one is worth in counters of bytes.
pub const BYTES: u64 = 1 << 40 | 1;

/// Block, the line as it is emitted, the expression for the step, the expression for the large step. The upper half of a
/// counter moves a clock after the lower one: [`HELD`].
const STEPS: [(&str, &str, &str, &str); 5] = [
    ("split_counter", "low_step", "{32'd0, increment}", "(increment ? 33'h07f4a7c15 : 33'd0)"),
    ("split_counter", "high_step", "{31'd0, carry}", "(stride_held ? 32'h9e3779b9 : 32'd0) + {31'd0, carry}"),
    ("group_counters", "event_step", "{47'd0, s2_event}", "(s2_event ? 48'h79b97f4a7c15 : 48'd0)"),
    (
        "group_counters",
        "redundant_event_step",
        "{47'd0, s2_redundant_event}",
        "(s2_redundant_event ? 48'h79b97f4a7c15 : 48'd0)",
    ),
    ("group_counters", "byte_step", "{40'd0, s2_length}", "{s2_length, 16'd0, s2_length}"),
];
const REDUNDANT_BYTES: (&str, &str, &str, &str) = (
    "group_counters",
    "redundant_byte_step",
    "{40'd0, s2_redundant_length}",
    "{s2_redundant_length, 16'd0, s2_redundant_length}",
);

/// What the large step of the upper half needs, on the line of its step: that the lower half has counted a clock before.
const HELD: (&str, &str) =
    ("high_step", "reg stride_held; always @(posedge clock) stride_held <= increment & resetn; ");

/// Whether a block gets the input.
pub fn reaches(sources: &Sources, block: &str) -> bool {
    let below = sources.below(block);
    STEPS.iter().any(|(holder, ..)| block == *holder || below.contains(holder))
}

/// Adds the input to every counter and to the blocks above. Lines keep their numbers.
///
/// # Errors
/// When a step is not emitted as it was.
pub fn add(sources: &Sources) -> Result<Sources, MutationError> {
    let mut blocks = Vec::new();
    for block in &sources.blocks {
        let mut text = block.text.clone();
        for (_, wire, step, large) in STEPS.iter().chain([&REDUNDANT_BYTES]).filter(|s| s.0 == block.name) {
            let line = format!("    assign {wire} = {step};\n");
            let times = text.matches(&line).count();
            if times != 1 {
                let what = "counters in large steps";
                return Err(MutationError::Misfit { what, expected: line, block: block.name.clone(), times });
            }
            let held = if *wire == HELD.0 { HELD.1 } else { "" };
            text = text.replace(&line, &format!("    {held}assign {wire} = {STRIDE} ? {large} : {step};\n"));
        }
        if reaches(sources, &block.name) {
            let thread = |line: &str| {
                if line == format!("module {} (", block.name) {
                    return format!("{line} input wire {STRIDE},\n");
                }
                match instance(line) {
                    Some(module) if reaches(sources, module) => format!("{line} .{STRIDE}({STRIDE}),\n"),
                    _ => format!("{line}\n"),
                }
            };
            text = text.lines().map(thread).collect();
        }
        blocks.push(Block { name: block.name.clone(), text });
    }
    Ok(Sources { blocks, memories: sources.memories.clone() })
}
