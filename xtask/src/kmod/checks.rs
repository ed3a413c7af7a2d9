//! What the guest said, against what must be.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub use super::check::{Check, conclude};
use super::content::ContentPhase;
use super::numbers::{Numbers, get, numbers};

/// Phases at whose end the agent reports the sides of conservation.
const AGENT_PHASES: [&str; 12] = [
    "exact",
    "content",
    "content_overflow",
    "content_resume",
    "overflow",
    "storm",
    "hotplug",
    "follow",
    "resume",
    "reload",
    "v1",
    "alive",
];
/// Phases whose events are compared in sum.
const SUM_PHASES: [&str; 5] = ["storm", "hotplug", "resume", "reload", "alive"];

/// Names of the workload's reference numbers and of the agent's counters.
const COUNTERS: [(&str, &str); 5] = [
    ("copies", "cow_copies"),
    ("redundant", "cow_redundant"),
    ("unjudged", "cow_unjudged"),
    ("sends", "net_sends"),
    ("send_redundant", "net_redundant"),
];

/// Everything that a console holds for the host.
#[derive(Debug, Default)]
pub struct Console {
    checks: Vec<Check>,
    /// By cgroup: sums of the cases.
    reference: BTreeMap<String, Numbers>,
    /// By phase: the agent's last report.
    agent: BTreeMap<String, Value>,
    /// By phase: what the reader of its own and the workload said.
    compared: BTreeMap<String, Compared>,
    /// By phase: sums of the cases in any cgroup.
    sums: BTreeMap<String, Numbers>,
    /// By phase with sends by content: what the workload reports that must be counted.
    content: BTreeMap<String, ContentPhase>,
    /// Lines that no good kernel writes.
    complaints: Vec<String>,
    /// What the kill switch wrote.
    pub kill_switch: Option<String>,
    /// Seconds of the guest's clock, by phase.
    pub phases: Vec<(String, f64)>,
}

/// A case whose copies the reader of its own has counted.
#[derive(Debug, Default)]
struct Compared {
    reference: Numbers,
    counts: BTreeMap<String, Numbers>,
    cgroup: String,
}

impl Console {
    /// Reads a console.
    pub fn parse(text: &str) -> Result<Console> {
        let mut console = Console::default();
        for line in text.lines() {
            console.line(line.trim_end()).with_context(|| format!("console line {line:?}"))?;
        }
        Ok(console)
    }

    fn line(&mut self, line: &str) -> Result<()> {
        if ["Call Trace", "BUG:", "WARNING:", "Oops", "WORKLOAD FAILED"].iter().any(|bad| line.contains(bad)) {
            self.complaints.push(line.to_owned());
        }
        let words: Vec<_> = line.split_whitespace().collect();
        match words.as_slice() {
            ["CHECK", name, expected, found] => self.checks.push(Check::new(*name, expected, found)),
            ["CHECK", name, ..] => self.checks.push(Check::new(*name, "a value", "none")),
            ["REFERENCE", cgroup, _case, rest @ ..] => {
                let name = cgroup.rsplit('/').next().unwrap_or(cgroup);
                let sums = self.reference.entry(name.to_owned()).or_default();
                for (name, value) in numbers(rest) {
                    *sums.entry(name).or_default() += value;
                }
            }
            ["SUM", phase, _cgroup, _case, rest @ ..] => {
                let sums = self.sums.entry((*phase).to_owned()).or_default();
                for (name, value) in numbers(rest) {
                    *sums.entry(name).or_default() += value;
                }
            }
            ["CONTENT", phase, cgroup, _case, rest @ ..] => {
                let name = cgroup.rsplit('/').next().unwrap_or(cgroup);
                self.content.entry((*phase).to_owned()).or_default().add(name, numbers(rest));
            }
            // With the limit that its phase sets.
            ["KLOG", ..] if line.contains("kill switch:") && line.ends_with("max_overhead_ppm 1") => {
                self.kill_switch = line.split_once("] ").map(|(_, text)| text.to_owned());
            }
            ["AGENT", phase, rest @ ..] => {
                let text = rest.join(" ");
                let value = serde_json::from_str(&text).with_context(|| format!("the agent's line {text:?}"))?;
                self.report(phase, value)?;
            }
            [phase @ ("PRESSURE" | "OTHER"), rest @ ..] => {
                let compared = self.compared.entry(phase.to_lowercase()).or_default();
                match rest {
                    ["COUNT", cgroup, rest @ ..] => {
                        compared.counts.insert((*cgroup).to_owned(), numbers(rest));
                    }
                    ["CGROUP", cgroup] => compared.cgroup = (*cgroup).to_owned(),
                    [_cgroup, _case, rest @ ..] => compared.reference = numbers(rest),
                    _ => bail!("expected a count, a cgroup or a reference"),
                }
            }
            ["PHASE", name, begun, ended] => {
                self.phases.push(((*name).to_owned(), ended.parse::<f64>()? - begun.parse::<f64>()?));
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes a line of an agent's last report: the whole, or a part whose containers belong to the first one.
    fn report(&mut self, phase: &str, mut value: Value) -> Result<()> {
        let part = value["part"].as_u64().unwrap_or(1);
        if part == 1 {
            self.agent.insert(phase.to_owned(), value);
            return Ok(());
        }
        let first = self.agent.get_mut(phase).filter(|first| first["parts"] == value["parts"]);
        let Some(first) = first.filter(|first| first["part"] == part - 1) else {
            bail!("part {part} of the agent's report: expected part {} before it", part - 1);
        };
        let (Some(containers), Some(more)) = (first["containers"].as_array_mut(), value["containers"].as_array_mut())
        else {
            bail!("part {part} of the agent's report: expected containers in it and in part 1");
        };
        containers.append(more);
        // The part that was read last.
        first["part"] = json!(part);
        Ok(())
    }

    /// Sides of the conservation law in the agent's last report of a phase.
    pub fn sides(&self, phase: &str) -> Option<Sides> {
        let line = self.agent.get(phase)?;
        let side = |name: &str| line[name].as_u64();
        let lost: BTreeMap<String, u64> = line["lost"]
            .as_object()?
            .iter()
            .filter_map(|(reason, events)| Some((reason.clone(), events.as_u64()?)))
            .collect();
        Some(Sides { captured: side("captured")?, counted: side("counted")?, in_flight: side("in_flight")?, lost })
    }

    /// Every comparison, of the phases that were run.
    pub fn checks(&self, phases: &[&str]) -> Vec<Check> {
        let mut checks = self.checks.clone();
        let ran = |phase: &str| phases.contains(&phase);
        if ran("exact") {
            self.exact("a", &mut checks);
            self.exact("b", &mut checks);
        }
        for phase in AGENT_PHASES.into_iter().filter(|phase| ran(phase)) {
            self.conservation(phase, &mut checks);
        }
        if ran("overflow") {
            let ring = self.sides("overflow").and_then(|sides| sides.lost.get("ring").copied()).unwrap_or(0);
            checks.push(Check::new("overflow_loses_in_ring", true, ring > 0));
        }
        for phase in SUM_PHASES.into_iter().filter(|phase| ran(phase)) {
            self.sums(phase, &mut checks);
        }
        for phase in ["content", "content_overflow", "content_resume"].into_iter().filter(|phase| ran(phase)) {
            let report = self.agent.get(phase).unwrap_or(&Value::Null);
            match (self.content.get(phase), phase) {
                (None, _) => checks.push(Check::new(format!("{phase}_reference"), "some", "none")),
                (Some(content), "content") => content.every_body(phase, report, &mut checks),
                (Some(content), "content_resume") => content.after_a_restart(phase, report, &mut checks),
                (Some(content), _) => content.law_of_bytes(phase, report, &mut checks),
            }
        }
        if ran("follow") {
            self.estimates("follow", &mut checks);
        }
        for phase in [("pressure", "pressure"), ("other_reader", "other")].into_iter().filter(|(phase, _)| ran(phase)) {
            match self.compared.get(phase.1) {
                Some(compared) => compared.copies(phase.1, &mut checks),
                None => checks.push(Check::new(format!("{}_counts", phase.1), "some", "none")),
            }
        }
        let complaint = self.complaints.first().map_or("none", String::as_str);
        checks.push(Check::new("complaints_in_the_log", "none", complaint));
        checks
    }

    fn containers(&self, phase: &str) -> &[Value] {
        let containers = self.agent.get(phase).and_then(|line| line["containers"].as_array());
        containers.map_or(&[], Vec::as_slice)
    }

    /// The counters of all containers together, whatever they are called, without what belongs to no cgroup.
    fn sums(&self, phase: &str, checks: &mut Vec<Check>) {
        let none = Numbers::new();
        let reference = self.sums.get(phase).unwrap_or(&none);
        checks.push(Check::new(format!("{phase}_reference"), true, get(reference, "copies") > 0));
        for (true_name, counted_name) in COUNTERS {
            let named = self.containers(phase).iter().filter(|container| container["name"] != "none");
            let found: u64 = named.filter_map(|container| container[counted_name].as_u64()).sum();
            checks.push(Check::new(format!("{phase}_{true_name}"), get(reference, true_name), found));
        }
    }

    /// Compares what is exact in the estimates with the counters.
    fn estimates(&self, phase: &str, checks: &mut Vec<Check>) {
        let none = Value::Null;
        let estimated = &self.agent.get(phase).unwrap_or(&none)["estimated"];
        for (quantity, counted_name) in [("cow_copies", "cow_copies"), ("net_sends", "net_sends")] {
            let counted: u64 =
                self.containers(phase).iter().filter_map(|container| container[counted_name].as_u64()).sum();
            let part = |name: &str| estimated[quantity][name].as_f64().unwrap_or(f64::NAN);
            let name = format!("{phase}_{quantity}_total");
            checks.push(Check::new(name, counted as f64 + part("left_out"), part("total")));
        }
        // Every process of the storm has two redundant copies of four.
        let shares = estimated["containers"].as_array().into_iter().flatten();
        let share = shares.filter(|container| container["name"] == "b");
        let share: Vec<_> = share.map(|container| &container["cow"]["redundant_share_estimated"]).collect();
        checks.push(Check::new(format!("{phase}_share_of_b"), "[Number(0.5)]", format!("{share:?}")));
    }

    /// The counters of the engine on the host against what the workload did.
    fn exact(&self, cgroup: &str, checks: &mut Vec<Check>) {
        let Some(reference) = self.reference.get(cgroup) else {
            checks.push(Check::new(format!("{cgroup}_reference"), "some", "none"));
            return;
        };
        let container = self.containers("exact").iter().find(|container| container["name"] == cgroup);
        for (true_name, counted_name) in COUNTERS {
            let found = container.and_then(|container| container[counted_name].as_u64());
            let found = found.map_or("none".to_owned(), |found| found.to_string());
            checks.push(Check::new(format!("{cgroup}_{true_name}"), get(reference, true_name), found));
        }
    }

    fn conservation(&self, phase: &str, checks: &mut Vec<Check>) {
        let report = self.agent.get(phase).unwrap_or(&Value::Null);
        checks.push(Check::new(format!("{phase}_parts"), &report["parts"], &report["part"]));
        let Some(sides) = self.sides(phase) else {
            checks.push(Check::new(format!("{phase}_account"), "some", "none"));
            return;
        };
        let lost: u64 = sides.lost.values().sum();
        checks.push(Check::new(format!("{phase}_in_flight"), 0, sides.in_flight));
        checks.push(Check::new(format!("{phase}_conservation"), sides.captured, sides.counted + lost));
    }
}

impl Compared {
    /// Copies of the case; the judgements too where nothing moved the pages.
    fn copies(&self, phase: &str, checks: &mut Vec<Check>) {
        let none = Numbers::new();
        let found = self.counts.get(&self.cgroup).unwrap_or(&none);
        checks.push(Check::new(format!("{phase}_copies"), get(&self.reference, "copies"), get(found, "copies")));
        if phase != "pressure" {
            let name = format!("{phase}_redundant");
            checks.push(Check::new(name, get(&self.reference, "redundant"), get(found, "redundant")));
        }
    }
}

/// One reading of the conservation law.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sides {
    /// Events captured.
    pub captured: u64,
    /// Events in the engine's counters.
    pub counted: u64,
    /// Events on their way.
    pub in_flight: u64,
    /// Events lost, by reason.
    pub lost: BTreeMap<String, u64>,
}

#[cfg(test)]
mod tests {
    use super::{Check, Console};

    const GOOD: &str = "\
        CHECK one 1 1\n\
        REFERENCE /sys/fs/cgroup/a same copies 3 redundant 2 unjudged 0 sends 1 send_bytes 9 send_redundant 0\n\
        REFERENCE /sys/fs/cgroup/a mixed copies 1 redundant 0 unjudged 0 sends 0 send_bytes 0 send_redundant 0\n\
        REFERENCE /sys/fs/cgroup/b same copies 0 redundant 0 unjudged 0 sends 0 send_bytes 0 send_redundant 0\n\
        AGENT exact {\"captured\": 9, \"counted\": 9, \"in_flight\": 0, \"lost\": {\"ring\": 0}, \"containers\": \
        [{\"name\": \"a\", \"cow_copies\": 4, \"cow_redundant\": 2, \"cow_unjudged\": 0, \"net_sends\": 1, \"net_redundant\": 0}, \
        {\"name\": \"b\", \"cow_copies\": 0, \"cow_redundant\": 0, \"cow_unjudged\": 0, \"net_sends\": 0, \"net_redundant\": 0}]}\n\
        AGENT overflow {\"captured\": 9, \"counted\": 4, \"in_flight\": 0, \"lost\": {\"ring\": 5}}\n\
        SUM storm /sys/fs/cgroup/a storm copies 6 redundant 3 unjudged 0 sends 2 send_redundant 1\n\
        AGENT storm {\"captured\": 8, \"counted\": 8, \"in_flight\": 0, \"lost\": {}, \"containers\": \
        [{\"name\": \"a\", \"cow_copies\": 4, \"cow_redundant\": 2, \"net_sends\": 1}, {\"name\": \"none\", \"cow_copies\": 9}, \
        {\"name\": \"unknown\", \"cow_copies\": 2, \"cow_redundant\": 1, \"net_sends\": 1, \"net_redundant\": 1}]}\n";

    fn failed(text: &str) -> Vec<String> {
        let checks = Console::parse(text).expect("a console").checks(&["exact", "overflow", "storm"]);
        checks.into_iter().filter(|check| !check.ok()).map(|check| check.name).collect()
    }

    #[test]
    fn a_good_console_passes() {
        assert_eq!(failed(GOOD), [""; 0]);
    }

    #[test]
    fn every_planted_fault_fails_its_check() {
        let faults = [
            ("CHECK one 1 1", "CHECK one 1 2", "one"),
            ("CHECK one 1 1", "CHECK one 1", "one"),
            ("\"cow_copies\": 4", "\"cow_copies\": 5", "a_copies"),
            ("\"cow_redundant\": 2", "\"cow_redundant\": 3", "a_redundant"),
            ("\"net_sends\": 1", "\"net_sends\": 0", "a_sends"),
            ("\"name\": \"b\"", "\"name\": \"c\"", "b_copies"),
            ("\"counted\": 9", "\"counted\": 8", "exact_conservation"),
            ("\"counted\": 4, \"in_flight\": 0", "\"counted\": 4, \"in_flight\": 1", "overflow_in_flight"),
            ("{\"ring\": 5}", "{\"sampled\": 5}", "overflow_loses_in_ring"),
            ("CHECK one 1 1", "KLOG [ 1.0] BUG: sleeping function", "complaints_in_the_log"),
            ("\"cow_copies\": 2", "\"cow_copies\": 1", "storm_copies"),
            ("SUM storm", "SUM snow", "storm_reference"),
            ("AGENT overflow", "NOTHING overflow", "overflow_account"),
            ("{\"captured\": 8", "{\"part\": 1, \"parts\": 2, \"captured\": 8", "storm_parts"),
        ];
        for (good, bad, name) in faults {
            assert!(GOOD.contains(good), "{good}");
            let failed = failed(&GOOD.replace(good, bad));
            assert!(failed.contains(&name.to_owned()), "{bad}: expected {name}, found {failed:?}");
        }
    }

    #[test]
    fn a_report_of_several_lines_is_read_as_one() {
        let first = "{\"part\": 1, \"parts\": 2, \"captured\": 8";
        let (before, after) =
            ("{\"name\": \"none\"", "AGENT storm {\"part\": 2, \"parts\": 2, \"containers\": [{\"name\": \"none\"");
        let split = GOOD.replace("{\"captured\": 8", first).replace(&format!(", {before}"), &format!("]}}\n{after}"));
        assert_eq!(failed(&split), [""; 0]);
        let alone =
            Console::parse(&split.replace(first, "{\"captured\": 8")).expect_err("a part without its first one");
        assert!(format!("{alone:#}").contains("expected part 1 before it"), "{alone:#}");
    }

    #[test]
    fn a_line_that_is_no_json_is_an_error() {
        assert!(Console::parse("AGENT exact {half").is_err());
        assert!(Check::new("x", 1, true).json()["ok"] == false);
    }
}
