//! Where the interrupts of the interface are served.

use std::collections::BTreeSet;

use super::finding::Finding;
use super::nic::{interface, plural};
use super::{Context, Probe};

pub(super) const PROBES: &[Probe] = &[Probe {
    name: "nic_interrupts",
    why: "processors that serve all queues spend their time in softirq, and packets are dropped with others idle",
    look: interrupts,
}];

/// An interrupt of the interface that serves a queue: how often each processor took it.
#[derive(Debug, PartialEq, Eq)]
struct Queue {
    number: String,
    by_processor: Vec<u64>,
}

impl Queue {
    fn total(&self) -> u64 {
        self.by_processor.iter().copied().fold(0, u64::saturating_add)
    }

    /// The processor that took it most often.
    fn main_processor(&self) -> usize {
        let most = self.by_processor.iter().enumerate().max_by_key(|&(at, &count)| (count, std::cmp::Reverse(at)));
        most.map_or(0, |(at, _)| at)
    }
}

/// The interrupts of `/proc/interrupts` that are among `numbers`, or that are named after the interface; without those that
/// are of no queue, because they come far more rarely than the others.
fn queues(table: &str, name: &str, numbers: &BTreeSet<String>) -> (usize, Vec<Queue>) {
    let mut lines = table.lines();
    let processors = lines.next().unwrap_or_default().split_whitespace().count();
    let mut queues = Vec::new();
    for line in lines {
        let Some((number, rest)) = line.trim_start().split_once(':') else { continue };
        let mut words = rest.split_whitespace();
        let by_processor: Vec<u64> = words.by_ref().take(processors).map_while(|word| word.parse().ok()).collect();
        let named = |action: &str| {
            let after = action.strip_prefix(name);
            after.is_some_and(|after| after.is_empty() || after.starts_with(['-', ':', '_', '@']))
        };
        let ours = numbers.contains(number) || words.any(|word| named(word.trim_end_matches(',')));
        if ours && by_processor.len() == processors {
            queues.push(Queue { number: number.to_owned(), by_processor });
        }
    }
    let most = queues.iter().map(Queue::total).max().unwrap_or(0);
    queues.retain(|queue| queue.total() > 0 && queue.total() >= most / 100);
    (processors, queues)
}

fn interrupts(context: &Context<'_>) -> Finding {
    const TABLE: &str = "proc/interrupts";
    let name = match interface(context) {
        Ok(name) => name,
        Err(finding) => return finding,
    };
    let table = match context.machine.text(TABLE) {
        Ok(table) => table,
        Err(error) => return Finding::unread(TABLE, &error),
    };
    // A virtio device is below the PCI device that has the interrupts.
    let folders = ["device/msi_irqs", "device/../msi_irqs"];
    let of = |folder: &&str| context.machine.names(&format!("sys/class/net/{name}/{folder}"));
    let numbers = folders.iter().map(of).find(|numbers| !numbers.is_empty()).unwrap_or_default();
    let (processors, queues) = queues(&table, name, &numbers.into_iter().collect());
    judge(name, processors, &queues)
}

fn judge(name: &str, processors: usize, queues: &[Queue]) -> Finding {
    if queues.is_empty() {
        return Finding::unknown(
            format!("/proc/interrupts has none of {name}"),
            "a virtual interface without an interrupt of its own: look at the interface below it",
        );
    }
    let serving: BTreeSet<usize> = queues.iter().map(Queue::main_processor).collect();
    let possible = queues.len().min(processors);
    let text = format!(
        "{name}: {} served by {} of {processors}",
        plural(queues.len(), "interrupt"),
        plural(serving.len(), "processor"),
    );
    if possible > 1 && serving.len() * 2 <= possible {
        let list: Vec<String> = serving.iter().map(ToString::to_string).collect();
        let numbers: Vec<&str> = queues.iter().map(|queue| queue.number.as_str()).collect();
        return Finding::warning(
            format!("{text}: only processor {}", list.join(", ")),
            format!(
                "start irqbalance again or stop it, and spread interrupts {} by /proc/irq/N/smp_affinity_list",
                numbers.join(", ")
            ),
        );
    }
    Finding::ok(text)
}

#[cfg(test)]
mod tests {
    use super::{BTreeSet, judge, queues};
    use crate::doctor::State;

    fn table(rows: &[(&str, [u64; 4], &str)]) -> String {
        let rows = rows.iter().map(|(number, counts, name)| {
            let counts = counts.map(|count| format!("{count:>10}")).join(" ");
            format!(" {number}: {counts}  IR-PCI-MSI-edge {name}\n")
        });
        format!("           CPU0       CPU1       CPU2       CPU3\n{}", rows.collect::<String>())
    }

    fn state(rows: &[(&str, [u64; 4], &str)], numbers: &[&str]) -> State {
        let numbers: BTreeSet<String> = numbers.iter().map(|&number| number.to_owned()).collect();
        let (processors, queues) = queues(&table(rows), "eth0", &numbers);
        judge("eth0", processors, &queues).state
    }

    #[test]
    fn interrupts_on_half_the_processors_or_fewer_are_concentrated() {
        let spread = [[9_000, 1, 0, 0], [0, 9_000, 0, 0], [0, 0, 9_000, 0], [0, 2, 0, 9_000]];
        let row =
            |at: usize, counts| (["24", "25", "26", "27"][at], counts, ["eth0-0", "eth0-1", "eth0-2", "eth0-3"][at]);
        let rows: Vec<_> = spread.iter().enumerate().map(|(at, &counts)| row(at, counts)).collect();
        assert_eq!(state(&rows, &[]), State::Ok);
        let three = [spread[0], spread[1], spread[2], spread[2]];
        let rows: Vec<_> = three.iter().enumerate().map(|(at, &counts)| row(at, counts)).collect();
        assert_eq!(state(&rows, &[]), State::Ok);
        let two = [spread[0], spread[1], spread[0], spread[1]];
        let rows: Vec<_> = two.iter().enumerate().map(|(at, &counts)| row(at, counts)).collect();
        assert_eq!(state(&rows, &[]), State::Warning);
    }

    #[test]
    fn few_flows_on_many_queues_are_not_concentrated() {
        // One queue has all the traffic, as one connection does; one queue is never concentrated.
        let rows =
            [("24", [0, 0, 90_000, 0], "eth0-0"), ("25", [5, 0, 0, 0], "eth0-1"), ("26", [0, 5, 0, 0], "eth0-2")];
        assert_eq!(state(&rows, &[]), State::Ok);
    }

    #[test]
    fn interrupts_are_found_by_number_and_by_whole_name() {
        let rows = [
            ("24", [900, 0, 0, 0], "virtio2-input.0"),
            ("25", [900, 0, 0, 0], "virtio2-output.0"),
            ("26", [0, 900, 0, 0], "eth01-rx"),
        ];
        assert_eq!(state(&rows, &["24", "25"]), State::Warning);
        assert_eq!(state(&rows, &[]), State::Unknown);
        assert_eq!(queues("", "eth0", &BTreeSet::new()).1, []);
    }
}
