//! The kernel's receive path behind the interface: backlog and softirq.

use super::finding::Finding;
use super::nic::MANY_PROCESSORS;
use super::{Context, Probe};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "backlog_drops",
        why: "packets beyond netdev_max_backlog are dropped before TCP sees them",
        look: drops,
    },
    Probe {
        name: "softirq_squeezed",
        why: "a receive round that ends early leaves packets in the ring",
        look: squeezed,
    },
    Probe {
        name: "softirq_share",
        why: "a processor that is busy with softirq delays acknowledgements and drops",
        look: share,
    },
];

/// Counters of `/proc/net/softnet_stat`, all processors together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Softnet {
    processed: u64,
    dropped: u64,
    squeezed: u64,
}

/// Adds up the lines of hexadecimal words, one a processor.
fn softnet(text: &str) -> Option<Softnet> {
    let mut sum = Softnet::default();
    for line in text.lines() {
        let mut words = line.split_whitespace().map(|word| u64::from_str_radix(word, 16).ok());
        let mut next = || words.next().flatten();
        let (processed, dropped, squeezed) = (next()?, next()?, next()?);
        sum.processed = sum.processed.saturating_add(processed);
        sum.dropped = sum.dropped.saturating_add(dropped);
        sum.squeezed = sum.squeezed.saturating_add(squeezed);
    }
    (!text.is_empty()).then_some(sum)
}

/// The counters since the start of the machine, and how much they grew since the first look.
fn counters(context: &Context<'_>) -> Result<(Softnet, Softnet), Finding> {
    const TABLE: &str = "proc/net/softnet_stat";
    if let Some(before) = &context.before {
        before.wait();
    }
    let text = context.machine.text(TABLE).map_err(|error| Finding::unread(TABLE, &error))?;
    let now = softnet(&text)
        .ok_or_else(|| Finding::unknown(format!("/{TABLE}: expected lines of hexadecimal numbers"), "report it"))?;
    let before = context.before.as_ref().and_then(|before| softnet(&before.softnet)).unwrap_or(now);
    let grown = Softnet {
        processed: now.processed.saturating_sub(before.processed),
        dropped: now.dropped.saturating_sub(before.dropped),
        squeezed: now.squeezed.saturating_sub(before.squeezed),
    };
    Ok((now, grown))
}

fn drops(context: &Context<'_>) -> Finding {
    const BACKLOG: &str = "proc/sys/net/core/netdev_max_backlog";
    let (now, grown) = match counters(context) {
        Ok(counters) => counters,
        Err(finding) => return finding,
    };
    let backlog = context.machine.text(BACKLOG).unwrap_or_else(|_| "unknown".to_owned());
    let text = format!(
        "{} of {} packets dropped, {} in the last second; netdev_max_backlog {backlog}",
        now.dropped, now.processed, grown.dropped
    );
    // One in a million may be left from the start of the machine.
    if grown.dropped > 0 || now.dropped > now.processed / 1_000_000 {
        return Finding::warning(text, "raise net.core.netdev_max_backlog, and spread packets over processors (RPS)");
    }
    Finding::ok(text)
}

fn squeezed(context: &Context<'_>) -> Finding {
    let (now, grown) = match counters(context) {
        Ok(counters) => counters,
        Err(finding) => return finding,
    };
    let text = format!(
        "{} rounds for {} packets ended early, {} in the last second",
        now.squeezed, now.processed, grown.squeezed
    );
    if now.squeezed > now.processed / 1_000 {
        return Finding::warning(text, "raise net.core.netdev_budget and net.core.netdev_budget_usecs");
    }
    Finding::ok(text)
}

/// Time of one processor, in ticks: all of it and that in softirq.
fn ticks(line: &str) -> Option<(u64, u64)> {
    let numbers: Vec<u64> = line.split_whitespace().skip(1).map_while(|word| word.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal; guest time is in user time already.
    let times = numbers.get(..8)?;
    Some((times.iter().copied().fold(0, u64::saturating_add), times[6]))
}

/// By processor, the time between two texts of `/proc/stat`.
fn shares(before: Option<&str>, now: &str) -> Vec<(String, f64)> {
    let lines = |text: &str| -> Vec<(String, (u64, u64))> {
        let lines = text.lines().filter(|line| line.starts_with("cpu") && !line.starts_with("cpu "));
        lines
            .filter_map(|line| {
                Some((line.split_whitespace().next()?.trim_start_matches("cpu").to_owned(), ticks(line)?))
            })
            .collect()
    };
    let earlier = before.map(lines).unwrap_or_default();
    lines(now)
        .into_iter()
        .map(|(name, (all, softirq))| {
            let was = earlier.iter().find(|(one, _)| *one == name).map_or((0, 0), |(_, ticks)| *ticks);
            let (all, softirq) = (all.saturating_sub(was.0), softirq.saturating_sub(was.1));
            (name, if all == 0 { 0.0 } else { softirq as f64 / all as f64 })
        })
        .collect()
}

/// Share of one processor's time in softirq from which on it is a bottleneck.
const BUSY: f64 = 0.5;

fn share(context: &Context<'_>) -> Finding {
    const STAT: &str = "proc/stat";
    if let Some(before) = &context.before {
        before.wait();
    }
    let text = match context.machine.text(STAT) {
        Ok(text) => text,
        Err(error) => return Finding::unread(STAT, &error),
    };
    let shares = shares(context.before.as_ref().map(|before| before.stat.as_str()), &text);
    let Some((name, most)) = shares.iter().max_by(|(_, a), (_, b)| a.total_cmp(b)) else {
        return Finding::unknown(format!("/{STAT}: expected a line for each processor"), "report it");
    };
    let mean = shares.iter().map(|(_, share)| share).sum::<f64>() / shares.len() as f64;
    let text = format!("{:.0} % of processor {name}, {:.0} % of all", most * 100.0, mean * 100.0);
    if *most >= BUSY {
        let rps = if shares.len() >= MANY_PROCESSORS { "; see nic_queues and nic_interrupts" } else { "" };
        return Finding::warning(text, format!("spread interrupts and packets over processors{rps}"));
    }
    Finding::ok(text)
}

#[cfg(test)]
mod tests {
    use super::{Softnet, shares, softnet};

    #[test]
    fn softnet_lines_are_hexadecimal_and_added_up() {
        let text = "0000000a 00000001 00000002 0\n00000010 00000000 00000001 0\n";
        assert_eq!(softnet(text), Some(Softnet { processed: 26, dropped: 1, squeezed: 3 }));
        assert_eq!(softnet(""), None);
        assert_eq!(softnet("0a 01"), None);
        assert_eq!(softnet("0a 01 zz"), None);
    }

    #[test]
    fn softirq_share_is_of_the_time_between_two_looks() {
        let before = "cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 100 0 0 100 0 0 100 0 0 0\n";
        let now = "cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 110 0 0 160 0 0 130 0 0 0\ncpu1 0 0 0 0 0 0 0 0 0 0\n";
        assert_eq!(shares(Some(before), now), [("0".to_owned(), 0.3), ("1".to_owned(), 0.0)]);
        assert_eq!(shares(None, now)[0], ("0".to_owned(), 130.0 / 400.0));
    }
}
