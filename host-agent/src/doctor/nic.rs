//! The interface that leads to the board: its link, drops, rings and queues.

use super::finding::Finding;
use super::{Context, Probe, sys};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "nic_link",
        why: "Gigabit Ethernet carries 7.35 M records a second, a slower link fewer",
        look: link,
    },
    Probe {
        name: "nic_drops",
        why: "what a full ring drops is sent again by TCP, and frames of sends wait",
        look: drops,
    },
    Probe { name: "nic_errors", why: "damaged frames are sent again by TCP", look: errors },
    Probe { name: "nic_rings", why: "a ring below its largest size overflows sooner", look: rings },
    Probe { name: "nic_queues", why: "one queue is served by one processor", look: queues },
];

/// Share of packets from which on drops and errors are more than a rest from the start of the interface: one in a million.
const SHARE: u64 = 1_000_000;
/// Processors from which on one of them should not serve a network alone.
pub(super) const MANY_PROCESSORS: usize = 4;

/// The interface, or what to say without one.
pub(super) fn interface<'a>(context: &'a Context<'_>) -> Result<&'a str, Finding> {
    match context.interface.as_deref() {
        Some(name) => Ok(name),
        None => {
            Err(Finding::unknown("no route leads to a board on another machine", "give its address with --connect"))
        }
    }
}

/// The number of processors that `/proc/stat` has.
pub(super) fn processors(context: &Context<'_>) -> usize {
    let stat = context.machine.text("proc/stat").unwrap_or_default();
    stat.lines().filter(|line| line.starts_with("cpu") && !line.starts_with("cpu ")).count()
}

fn link(context: &Context<'_>) -> Finding {
    let name = match interface(context) {
        Ok(name) => name,
        Err(finding) => return finding,
    };
    let read = |file: &str| context.machine.text(&format!("sys/class/net/{name}/{file}"));
    let state = match read("operstate") {
        Ok(state) => state,
        Err(error) => return Finding::unread(&format!("sys/class/net/{name}/operstate"), &error),
    };
    if state == "down" || state == "lowerlayerdown" {
        return Finding::failed(format!("{name} is {state}"), "plug it in, or `ip link set` it up");
    }
    // A virtual interface reports -1 or an error.
    let speed = read("speed").ok().and_then(|text| text.parse::<u64>().ok());
    let half = read("duplex").is_ok_and(|text| text == "half");
    let text = match speed {
        Some(speed) => format!("{name}, {speed} Mbit/s{}", if half { ", half duplex" } else { "" }),
        None => format!("{name}, {state}, speed not reported"),
    };
    if half || speed.is_some_and(|speed| speed < 1_000) {
        return Finding::warning(
            text,
            "look at cable, switch and auto-negotiation: `ethtool` shows what the peer offers",
        );
    }
    Finding::ok(text)
}

/// Adds up statistics of the interface; those that a driver does not have are 0.
fn sum(context: &Context<'_>, name: &str, files: &[&str]) -> u64 {
    let read = |file: &&str| context.machine.number(&format!("sys/class/net/{name}/statistics/{file}")).unwrap_or(0);
    files.iter().map(read).fold(0, u64::saturating_add)
}

fn counted(context: &Context<'_>, what: &str, files: &[&str], action: &str) -> Finding {
    let name = match interface(context) {
        Ok(name) => name,
        Err(finding) => return finding,
    };
    let file = format!("sys/class/net/{name}/statistics/rx_packets");
    let received = match context.machine.number(&file) {
        Ok(received) => received,
        Err(error) => return Finding::unread(&file, &error),
    };
    let packets = received.saturating_add(sum(context, name, &["tx_packets"]));
    let count = sum(context, name, files);
    let text = format!("{name}: {count} {what} in {packets} packets");
    if count > packets / SHARE {
        return Finding::warning(text, action.replace("IF", name));
    }
    Finding::ok(text)
}

fn drops(context: &Context<'_>) -> Finding {
    let files = ["rx_missed_errors", "rx_fifo_errors", "rx_over_errors", "tx_dropped", "tx_fifo_errors"];
    counted(context, "dropped", &files, "enlarge the rings (`ethtool -G IF rx N`), and spread the interrupts")
}

fn errors(context: &Context<'_>) -> Finding {
    let files = ["rx_crc_errors", "rx_frame_errors", "rx_length_errors", "tx_carrier_errors"];
    counted(context, "damaged", &files, "replace the cable of IF, look at its plug and at the port of the switch")
}

fn rings(context: &Context<'_>) -> Finding {
    let name = match interface(context) {
        Ok(name) => name,
        Err(finding) => return finding,
    };
    if !context.machine.is_live() {
        return Finding::not_tried();
    }
    let rings = match sys::rings(name) {
        Ok(rings) => rings,
        Err(error) => return Finding::unknown(format!("{name}: {error}"), "its driver does not report them"),
    };
    let text = format!("{name}: rx {} of {}, tx {} of {}", rings.rx, rings.rx_max, rings.tx, rings.tx_max);
    let dropped = sum(context, name, &["rx_missed_errors", "rx_fifo_errors", "rx_over_errors"]);
    if dropped > 0 && rings.rx < rings.rx_max {
        return Finding::warning(
            format!("{text}, and {dropped} packets were dropped"),
            format!("`ethtool -G {name} rx {}`", rings.rx_max),
        );
    }
    Finding::ok(text)
}

fn queues(context: &Context<'_>) -> Finding {
    let name = match interface(context) {
        Ok(name) => name,
        Err(finding) => return finding,
    };
    let folder = format!("sys/class/net/{name}/queues");
    let queues: Vec<String> =
        context.machine.names(&folder).into_iter().filter(|name| name.starts_with("rx-")).collect();
    if queues.is_empty() {
        return Finding::unknown(format!("/{folder}: no receive queue"), "mount /sys");
    }
    let masks = queues.iter().filter_map(|queue| context.machine.text(&format!("{folder}/{queue}/rps_cpus")).ok());
    let spread = masks.filter(|mask| mask.chars().any(|digit| digit != '0' && digit != ',')).count();
    let count = processors(context);
    let text = format!("{name}: {} for {count} processors, RPS on {spread}", plural(queues.len(), "receive queue"));
    if queues.len() == 1 && spread == 0 && count >= MANY_PROCESSORS {
        return Finding::warning(
            text,
            format!("use more queues (`ethtool -L {name} combined N`), or write a mask of processors to rps_cpus"),
        );
    }
    Finding::ok(text)
}

pub(super) fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
