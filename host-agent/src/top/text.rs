//! Lines and cells as text.

use std::time::Duration;

use bytesize::ByteSize;

use crate::report::round::Round;
use crate::report::{conservation_line, off_line};

/// Steps of a sparkline, and those where only ASCII can be shown.
const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII_STEPS: [char; 8] = ['_', '.', ':', '-', '=', '+', '*', '#'];

/// Values as one character each, between 0 and the largest of them.
pub(super) fn sparkline(values: &[f64], ascii: bool) -> String {
    let steps = if ascii { ASCII_STEPS } else { STEPS };
    let most = values.iter().copied().fold(0.0, f64::max);
    let step = |value: f64| if most > 0.0 { (value / most * 7.0).round().clamp(0.0, 7.0) as usize } else { 0 };
    values.iter().map(|&value| steps[step(value)]).collect()
}

/// A count in at most six characters.
pub(super) fn count(value: u64) -> String {
    match value {
        0..=999_999 => value.to_string(),
        1_000_000..=999_999_999 => format!("{:.1}M", value as f64 / 1e6),
        _ => format!("{:.1}G", value as f64 / 1e9),
    }
}

/// Bytes with a binary unit.
pub(super) fn bytes(value: u64) -> String {
    ByteSize::b(value).display().iec().to_string()
}

/// Bytes in a second.
pub(super) fn bytes_rate(value: f64) -> String {
    bytes(value.max(0.0).round() as u64)
}

/// A name within a width, in characters: its middle is left out if it is too long, because ends distinguish containers.
pub(super) fn fit(name: &str, width: usize) -> String {
    let characters: Vec<char> = name.chars().collect();
    if characters.len() <= width {
        return name.to_owned();
    }
    if width < 5 {
        return characters[..width].iter().collect();
    }
    let room = width - 2;
    let (start, end) = (&characters[..room.div_ceil(2)], &characters[characters.len() - room / 2..]);
    start.iter().chain(&['.'; 2]).chain(end).collect()
}

/// The law of conservation, and whether it holds.
pub(super) fn law(round: &Round) -> String {
    let holds = if round.report.conservation.holds() { "conserved" } else { "NOT CONSERVED" };
    format!("law: {holds}: {}", conservation_line(&round.report.conservation, round.report.unjudged))
}

/// What was seen and what not.
pub(super) fn coverage(round: &Round) -> String {
    if let Some(off) = &round.off {
        return off_line(off);
    }
    if !round.collects() {
        return "coverage: NOTHING IS COLLECTED; `deltascope doctor` reports what is missing".to_owned();
    }
    if let Some(scan) = &round.scan {
        let members = &scan.coverage.members;
        let unjudged: u64 = scan.coverage.pages.unjudged.values().sum();
        let mut text = format!("coverage: {}: {} of {} members read", scan.mode, members.read, members.seen);
        let unread: Vec<String> = members
            .unread
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(why, count)| format!("{why} {count}"))
            .collect();
        if !unread.is_empty() {
            text += &format!(" (not: {})", unread.join(", "));
        }
        text += &format!(", {unjudged} pages not judged, {} families maybe cut", scan.coverage.families_maybe_cut);
        return text;
    }
    let status = |name: &str| round.source_status.iter().find(|(one, _)| *one == name).map(|(_, value)| *value);
    match (status("seen"), status("blind")) {
        (Some(seen), Some(blind)) => format!("coverage: {seen} events seen, {blind} of them blind"),
        _ => format!("coverage: all that {} gives", round.source),
    }
}

/// What the agent has used, and its rounds: two lines. `before` is the time of processors of the round before.
pub(super) fn cost(round: &Round, before: Option<Duration>, machine_pressure: Option<f64>) -> [String; 2] {
    let (used, time) = match before {
        Some(before) => (round.own.cpu.saturating_sub(before), round.since_last),
        None => (round.own.cpu, round.since_start),
    };
    let percent = if time.is_zero() { 0.0 } else { used.as_secs_f64() / time.as_secs_f64() * 100.0 };
    let budget = round.budget.map_or_else(String::new, |budget| format!(" (budget {} %)", budget.core * 100.0));
    let memory = round.own.resident_bytes.map_or_else(|| "memory not known".to_owned(), bytes);
    let stall = round.own.longest_hold.as_secs_f64() * 1000.0;
    let own = format!("own cost: {percent:.1} % of a core{budget}, {memory}, longest stall caused {stall:.1} ms");
    let paused =
        round.paused().map_or_else(String::new, |time| format!(", paused {:.2} s by budget", time.as_secs_f64()));
    let pressure = machine_pressure.map_or_else(|| "no PSI".to_owned(), |value| format!("{value:.1} %"));
    let (took, longest) = (round.took.as_secs_f64(), round.longest_round.as_secs_f64());
    [own, format!("round {took:.2} s, longest {longest:.2} s{paused}; memory pressure {pressure}")]
}

/// Who counts, and which round this is.
pub(super) fn title(round: &Round) -> String {
    let link = if round.link.online { "" } else { ", NO CONNECTION" };
    format!(
        "deltascope top: source {}, engine {}{link}, round {} at {:.0} s",
        round.source,
        round.report.engine,
        round.number,
        round.since_start.as_secs_f64()
    )
}
