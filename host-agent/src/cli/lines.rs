//! What `run` prints, bounded for its readers: lines that a log keeps whole, and no container that is long gone.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use deltascope_agent::event::OwnerKind;
use deltascope_agent::report::Report;
use serde::Serialize;

/// Longest line in bytes. Docker's log cuts at 16 KiB, journald at 48 KiB (LineMax= of journald.conf(5)).
pub const LINE_BYTES: usize = 16_000;
/// Room for the fields that a line of a split object repeats.
const HEAD_BYTES: usize = 200;

/// Returns an object as one line, or as several with `part` and `parts`. Its lists are what grows with the machine, so they are
/// what is shared out, the short ones first: each list is that of all parts, one behind the other. Everything else is in the
/// first part; the others repeat `seconds` and `source`, and have the lists of which something is left. Each has `containers`.
///
/// The parts are cut from the text of the object: a tree of 10,000 containers would be most of the agent's memory.
pub fn split(object: &impl Serialize) -> Result<Vec<String>> {
    let whole = serde_json::to_string(object)?;
    if whole.len() <= LINE_BYTES {
        return Ok(vec![whole]);
    }
    let fields = fields(&whole).context("expected a JSON object")?;
    let (lists, others): (Vec<_>, Vec<_>) = fields.into_iter().partition(|(_, value)| value.starts_with('['));
    let mut first = Part::default();
    let mut rest = Part { lists: vec![(CONTAINERS, Vec::new())], ..Part::default() };
    for (name, value) in others {
        first.add(name, value);
        if REPEATED.contains(&name) {
            rest.add(name, value);
        }
    }
    first.lists.extend(lists.iter().map(|(name, _)| (*name, Vec::new())));
    let mut lists: Vec<(&str, Vec<&str>)> =
        lists.into_iter().map(|(name, list)| Some((name, items(list)?))).collect::<Option<_>>().context("a list")?;
    lists.retain(|(_, list)| !list.is_empty());
    lists.sort_by_cached_key(|(_, list)| list.iter().map(|item| item.len() + 1).sum::<usize>());
    let mut room = LINE_BYTES.saturating_sub(first.text(1, 1).len() + HEAD_BYTES);
    let mut parts = vec![first];
    for (name, list) in lists {
        // The name with its quotes, colon, comma and brackets.
        room = room.saturating_sub(name.len() + 4);
        for item in list {
            let bytes = item.len() + 1;
            if bytes > room {
                parts.push(rest.clone());
                room = LINE_BYTES - HEAD_BYTES - name.len() - 4;
            }
            room = room.saturating_sub(bytes);
            if let Some(part) = parts.last_mut() {
                part.give(name, item);
            }
        }
    }
    Ok(parts.iter().enumerate().map(|(index, part)| part.text(index + 1, parts.len())).collect())
}

/// The list that every part has, and the fields that every part repeats; names with their quotes.
const CONTAINERS: &str = "\"containers\"";
const REPEATED: [&str; 2] = ["\"seconds\"", "\"source\""];

/// One line of several.
#[derive(Clone, Default)]
struct Part<'a> {
    /// Fields that are no lists, as text.
    head: String,
    lists: Vec<(&'a str, Vec<&'a str>)>,
}

impl<'a> Part<'a> {
    fn add(&mut self, name: &str, value: &str) {
        self.head.extend([name, ":", value, ","]);
    }

    fn give(&mut self, name: &'a str, item: &'a str) {
        match self.lists.iter_mut().find(|(known, _)| *known == name) {
            Some((_, list)) => list.push(item),
            None => self.lists.push((name, vec![item])),
        }
    }

    fn text(&self, part: usize, parts: usize) -> String {
        let mut text = format!("{{{}", self.head);
        for (name, list) in &self.lists {
            text.extend([*name, ":["]);
            text.extend(list.iter().enumerate().flat_map(|(at, item)| [if at > 0 { "," } else { "" }, *item]));
            text.push_str("],");
        }
        text + &format!("\"part\":{part},\"parts\":{parts}}}")
    }
}

/// Cuts one JSON value off the beginning of a text.
fn value(text: &str) -> Option<(&str, &str)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde::de::IgnoredAny>();
    values.next()?.ok()?;
    text.split_at_checked(values.byte_offset())
}

/// Returns the fields of a JSON object without spaces, in their order; names with their quotes.
fn fields(object: &str) -> Option<Vec<(&str, &str)>> {
    let mut rest = object.strip_prefix('{')?;
    let mut fields = Vec::new();
    while !rest.starts_with('}') {
        let (name, behind) = value(rest)?;
        let (field, behind) = value(behind.strip_prefix(':')?)?;
        fields.push((name, field));
        rest = behind.strip_prefix(',').unwrap_or(behind);
    }
    Some(fields)
}

/// Returns the values of a JSON list without spaces.
fn items(list: &str) -> Option<Vec<&str>> {
    let mut rest = list.strip_prefix('[')?;
    let mut items = Vec::new();
    while !rest.starts_with(']') {
        let (item, behind) = value(rest)?;
        items.push(item);
        rest = behind.strip_prefix(',').unwrap_or(behind);
    }
    Some(items)
}

/// Leaves containers out that have had no event for a while.
#[derive(Debug, Default)]
pub struct Silence {
    /// Events of each line, and since when it has had that many.
    seen: HashMap<(OwnerKind, String), (u64, Instant)>,
}

impl Silence {
    /// Takes lines out of a report that have been silent for `limit` and returns how many those were. What they have counted
    /// stays in the sums.
    pub fn apply(&mut self, report: &mut Report, limit: Duration, now: Instant) -> usize {
        let before = report.lines.len();
        report.lines.retain(|line| {
            let by_content = line.by_content.map_or(0, |sends| sends.events());
            let events = line.pages.events.saturating_add(line.sends.events).saturating_add(by_content);
            let (known, since) = self.seen.entry((line.kind, line.key.clone())).or_insert((events, now));
            if *known != events {
                (*known, *since) = (events, now);
            }
            now.saturating_duration_since(*since) < limit
        });
        before - report.lines.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{LINE_BYTES, Silence, split};
    use deltascope_agent::accounting::{Conservation, Rows, Totals};
    use deltascope_agent::event::{OwnerKind, Owners};
    use deltascope_agent::report::{Report, ReportJson};
    use serde_json::{Value, json};
    use std::time::{Duration, Instant};

    fn report(containers: u64, events: impl Fn(u64) -> u64) -> Report {
        let (mut owners, mut totals) = (Owners::default(), Totals::default());
        for number in 0..containers {
            let id = owners.intern(OwnerKind::Container, &format!("kubepods/pod{number:032x}/{number:064x}")).0;
            let mut rows = Rows::default();
            rows[0].events = events(number);
            totals.owners.insert(id, rows);
        }
        Report::new("model", &owners, &totals, Conservation::default())
    }

    #[test]
    fn every_container_is_in_one_line_and_no_line_is_too_long() {
        for count in [0, 1, 20, 50, 300, 2_000] {
            let json = ReportJson::from(&report(count, |number| number + 1));
            let lines = split(&json).expect("it serialises");
            assert!(lines.iter().all(|line| line.len() <= LINE_BYTES), "{count}");
            let parsed: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
            let found: Vec<Value> =
                parsed.iter().flat_map(|line| line["containers"].as_array().expect("a list").clone()).collect();
            assert_eq!(json!(found), json!(json.containers), "{count}");
            assert_eq!(parsed.iter().filter(|line| line.get("captured").is_some()).count(), 1);
            if parsed.len() > 1 {
                for (index, line) in parsed.iter().enumerate() {
                    assert_eq!((&line["part"], &line["parts"]), (&json!(index + 1), &json!(parsed.len())));
                }
            }
        }
    }

    #[test]
    fn lists_of_any_length_are_shared_out() {
        let list = |count: usize, bytes: usize| -> Vec<Value> {
            (0..count).map(|number| json!({ "number": number, "text": "x".repeat(bytes) })).collect()
        };
        for lengths in [[0, 1_000, 3, 0], [300, 1_000, 3, 40], [1, 0, 90, 2_000], [2_000, 2_000, 2_000, 2_000]] {
            let names = ["containers", "by_family", "hung", "z"];
            let mut object = json!({ "seconds": 1.5, "source": "scan", "captured": 7 });
            for (name, count) in names.iter().zip(lengths) {
                object[*name] = json!(list(count, 200));
            }
            let lines = split(&object).expect("it serialises");
            assert!(lines.iter().all(|line| line.len() <= LINE_BYTES), "{lengths:?}");
            let parsed: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
            for name in names {
                let of_part = |line: &Value| line.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
                let found: Vec<Value> = parsed.iter().flat_map(of_part).collect();
                assert_eq!(json!(found), object[name], "{name} of {lengths:?}");
            }
            assert!(parsed.iter().all(|line| line["containers"].is_array() && line["source"] == "scan"), "{lengths:?}");
            assert_eq!(parsed.iter().filter(|line| line.get("captured").is_some()).count(), 1);
        }
    }

    #[test]
    fn silent_container_leaves_and_comes_back_with_its_next_event() {
        let (mut silence, begin) = (Silence::default(), Instant::now());
        let mut at = |seconds, of_first: u64| {
            let mut report = report(2, |number| if number == 0 { of_first } else { seconds + 1 });
            let silent = silence.apply(&mut report, Duration::from_secs(600), begin + Duration::from_secs(seconds));
            (report.lines.len(), silent)
        };
        assert_eq!(at(0, 5), (2, 0));
        assert_eq!(at(599, 5), (2, 0));
        assert_eq!(at(600, 5), (1, 1));
        assert_eq!(at(10_000, 5), (1, 1));
        assert_eq!(at(10_001, 6), (2, 0));
        assert_eq!(at(10_600, 6), (2, 0));
        assert_eq!(at(10_601, 6), (1, 1));
    }
}
