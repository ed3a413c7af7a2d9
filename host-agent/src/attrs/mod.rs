//! The 27 attributes that ATOMiK has in sysfs, by its names: a true value, or the reason why there is none.
//!
//! The names are those that scripts for `/sys/kernel/atomik` read; where Deltascope does not do what a name promises, it reports it
//! and prints no number.

mod folder;

use std::fmt;

use deltascope_abi::record::Op;
use serde::ser::{Serialize, SerializeMap, Serializer};

pub use folder::{Folder, FolderError};

use crate::accounting::Operations;
use crate::event::OwnerKind;
use crate::report::round::Round;
use crate::report::{Line, escape};

/// Owners that `cow_top` and `cgroup_top` name.
const TOP: usize = 10;

/// Why nothing is saved.
const NOT_SAVED: &str = "Deltascope observes: no copy and no send is left out, so nothing is saved";
/// Why there are no faults.
const NO_FAULTS: &str = "faults that copy nothing are not counted; cow_copies_performed are those that copied";
/// Why there is no licence.
const NO_LICENCE: &str = "no licence is checked: MIT or Apache-2.0, the capture module GPL-2.0";
/// Why there is no rate.
const NOTHING_COMPARED: &str = "nothing was compared yet";
/// Why a scan has no sends.
const NO_SENDS: &str = "a scan sees no sends; use --source bpf, kmod, capture or pcap";
/// Why a scan that is switched off has nothing.
const SWITCHED_OFF: &str = "the scan is switched off (--off, --scan-cpu 0 or --scan-rate 0)";
/// Why packets have no copies.
const NO_COPIES: &str = "packets show no copies; use --source scan, bpf or kmod";

/// One owner of a list.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Owner {
    /// Its name, or the path of its control group; what a terminal would act on is escaped.
    pub name: String,
    /// Its redundant bytes.
    pub bytes_redundant: u64,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A number.
    Number(u64),
    /// A share of 1.
    Share(f64),
    /// A text.
    Text(String),
    /// Owners, the most redundant bytes first.
    Owners(Vec<Owner>),
}

impl fmt::Display for Value {
    /// As a file has it: a list is one owner a line, its bytes first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Number(number) => write!(f, "{number}"),
            Value::Share(share) => write!(f, "{share:.6}"),
            Value::Text(text) => f.write_str(text),
            Value::Owners(owners) => {
                for (at, owner) in owners.iter().enumerate() {
                    let end = if at == 0 { "" } else { "\n" };
                    write!(f, "{end}{} {}", owner.bytes_redundant, owner.name)?;
                }
                Ok(())
            }
        }
    }
}

/// One attribute: its value, or why it has none.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// The peer's name.
    pub name: &'static str,
    /// The value.
    pub value: Result<Value, &'static str>,
}

/// The attributes at one round.
#[derive(Clone, Debug, PartialEq)]
pub struct Attributes(Vec<Attribute>);

impl Attributes {
    /// Returns them in the order of ATOMiK.
    pub fn iter(&self) -> impl Iterator<Item = &Attribute> {
        self.0.iter()
    }
}

impl Serialize for Attributes {
    /// An object by name; each has `value`, null with a `reason` beside it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Entry<'a> {
            value: Option<&'a Value>,
            #[serde(skip_serializing_if = "Option::is_none")]
            reason: Option<&'static str>,
        }
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for Attribute { name, value } in &self.0 {
            map.serialize_entry(name, &Entry { value: value.as_ref().ok(), reason: value.as_ref().err().copied() })?;
        }
        map.end()
    }
}

impl fmt::Display for Attributes {
    /// One attribute a line; owners of a list are lines of their own below it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|attribute| attribute.name.len()).max().unwrap_or(0);
        for Attribute { name, value } in &self.0 {
            match value {
                Ok(Value::Owners(owners)) => {
                    writeln!(f, "{name:<width$}  {} owners", owners.len())?;
                    for owner in owners {
                        writeln!(f, "{:<width$}  {} {}", "", owner.bytes_redundant, owner.name)?;
                    }
                }
                Ok(value) => writeln!(f, "{name:<width$}  {value}")?,
                Err(reason) => writeln!(f, "{name:<width$}  none: {reason}")?,
            }
        }
        Ok(())
    }
}

/// Sums over all owners.
#[derive(Default)]
struct Sums {
    copies: u64,
    copied_bytes: u64,
    redundant_copies: u64,
    judged_copies: u64,
    sends: u64,
    sent_bytes: u64,
    compared_sends: u64,
    redundant_sends: u64,
    redundant_sent_bytes: u64,
    /// Comparisons of bodies with what the container sent to anyone, which are in no number of sends.
    more_checks: u64,
    more_unchanged: u64,
}

impl Sums {
    fn of(lines: &[Line]) -> Sums {
        let mut sums = Sums::default();
        for line in lines {
            sums.copies += line.pages.events;
            sums.copied_bytes += line.pages.bytes;
            sums.redundant_copies += line.pages.redundant_events;
            sums.judged_copies += line.pages.events - line.unjudged;
            sums.sends += line.sends.events;
            sums.sent_bytes += line.sends.bytes;
            sums.compared_sends += line.sends.events;
            sums.redundant_sends += line.sends.redundant_events;
            sums.redundant_sent_bytes += line.sends.redundant_bytes;
            if let Some(content) = &line.by_content {
                sums.sends += content.events();
                sums.sent_bytes += content.peer.bytes + content.unjudged.bytes + content.notes.head_bytes;
                sums.compared_sends += content.peer.events;
                sums.redundant_sends += content.peer.redundant_events;
                sums.redundant_sent_bytes += content.peer.redundant_bytes;
                sums.more_checks += content.container.events;
                sums.more_unchanged += content.container.redundant_events;
            }
        }
        sums
    }
}

fn share(part: u64, whole: u64) -> Result<Value, &'static str> {
    if whole == 0 { Err(NOTHING_COMPARED) } else { Ok(Value::Share(part as f64 / whole as f64)) }
}

/// The owners with the most redundant bytes; those without any are left out.
fn top(lines: &[Line], name: impl Fn(&Line) -> String, bytes: impl Fn(&Line) -> u64) -> Value {
    let lines = lines.iter().filter(|line| line.kind != OwnerKind::Region);
    let mut owners: Vec<Owner> =
        lines.map(|line| Owner { name: escape(&name(line)), bytes_redundant: bytes(line) }).collect();
    owners.retain(|owner| owner.bytes_redundant > 0);
    owners.sort_by(|a, b| b.bytes_redundant.cmp(&a.bytes_redundant).then(a.name.cmp(&b.name)));
    owners.truncate(TOP);
    Value::Owners(owners)
}

/// Returns every attribute as of a round.
pub fn attributes(round: &Round) -> Attributes {
    let lines = &round.report.lines;
    let (sums, operations) = (Sums::of(lines), &round.operations);
    let op = |op: Op| Ok(Value::Number(operations.of(op)));
    let of_packets = matches!(round.source, "pcap" | "capture");
    let copies = |value: Value| match &round.off {
        _ if of_packets => Err(NO_COPIES),
        Some(_) if round.is_state => Err(SWITCHED_OFF),
        _ => Ok(value),
    };
    let sends = |value: Value| if round.source == "scan" { Err(NO_SENDS) } else { Ok(value) };
    let number = |value: u64| Value::Number(value);
    let flag = |name: &str| round.source_status.iter().find(|(one, _)| *one == name).map(|(_, value)| *value);
    let enabled = |never: bool, flag: Option<u64>| u64::from(round.off.is_none() && !never && flag != Some(0));
    let checks = sums.judged_copies + sums.compared_sends + sums.more_checks;
    let unchanged = sums.redundant_copies + sums.redundant_sends + sums.more_unchanged;
    let cow_bytes = |line: &Line| line.pages.redundant_bytes;
    let all_bytes = |line: &Line| {
        let bodies = line.by_content.map_or(0, |content| content.peer.redundant_bytes);
        line.pages.redundant_bytes.saturating_add(line.sends.redundant_bytes).saturating_add(bodies)
    };
    let group = |line: &Line| line.details.as_ref().map_or_else(|| line.name.clone(), |details| details.cgroup.clone());
    let values = vec![
        ("version", Ok(Value::Text(env!("CARGO_PKG_VERSION").to_owned()))),
        ("backend", Ok(Value::Text(round.report.engine.to_owned()))),
        ("ops_total", Ok(number(operations.total()))),
        ("ops_load", op(Op::Load)),
        ("ops_accum", op(Op::Accum)),
        ("ops_read", op(Op::Read)),
        ("ops_swap", Ok(number(swaps(operations)))),
        ("fp_checks_total", Ok(number(checks))),
        ("fp_checks_unchanged", Ok(number(unchanged))),
        ("fp_hit_rate", share(unchanged, checks)),
        ("fp_bytes_saved", Err(NOT_SAVED)),
        ("license_status", Err(NO_LICENCE)),
        ("cow_enabled", Ok(number(enabled(of_packets, flag("capturing_pages"))))),
        ("cow_faults_total", Err(NO_FAULTS)),
        ("cow_copies_performed", copies(number(sums.copies))),
        ("cow_bytes_copied", copies(number(sums.copied_bytes))),
        ("cow_copies_redundant", copies(number(sums.redundant_copies))),
        ("cow_bytes_saved", Err(NOT_SAVED)),
        ("cow_redundancy_rate", share(sums.redundant_copies, sums.judged_copies)),
        ("cow_top", copies(top(lines, |line| line.name.clone(), cow_bytes))),
        ("net_enabled", Ok(number(enabled(round.source == "scan", flag("capturing_sends"))))),
        ("net_sends_total", sends(number(sums.sends))),
        ("net_sends_redundant", sends(number(sums.redundant_sends))),
        ("net_bytes_total", sends(number(sums.sent_bytes))),
        ("net_bytes_redundant", sends(number(sums.redundant_sent_bytes))),
        ("net_redundancy_rate", share(sums.redundant_sends, sums.compared_sends)),
        ("cgroup_top", Ok(top(lines, group, all_bytes))),
    ];
    Attributes(values.into_iter().map(|(name, value)| Attribute { name, value }).collect())
}

/// SWAP records: a SEND is a SWAP that counts.
fn swaps(operations: &Operations) -> u64 {
    operations.of(Op::Swap) + operations.of(Op::Send)
}
