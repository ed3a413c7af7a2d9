//! Time.

use super::finding::Finding;
use super::{Context, Probe, sys};

pub(super) const PROBES: &[Probe] = &[
    Probe { name: "clock_synchronised", why: "certificates are valid from and until a time", look: synchronised },
    Probe { name: "clocksource", why: "every round and every wait reads the clock", look: source },
];

fn synchronised(context: &Context<'_>) -> Finding {
    if !context.machine.is_live() {
        return Finding::not_tried();
    }
    match sys::clock() {
        Ok(clock) if clock.synchronised => {
            Finding::ok(format!("by the kernel's account, within {:.3} s", clock.most_error as f64 / 1e6))
        }
        Ok(_) => Finding::warning("nothing sets the clock", "start chrony or systemd-timesyncd"),
        Err(error) => Finding::unknown(format!("adjtimex: {error}"), "allow the system call; it changes nothing"),
    }
}

fn source(context: &Context<'_>) -> Finding {
    const CURRENT: &str = "sys/devices/system/clocksource/clocksource0/current_clocksource";
    match context.machine.text(CURRENT) {
        Ok(name) if ["hpet", "acpi_pm", "jiffies", "refined-jiffies"].contains(&name.as_str()) => Finding::warning(
            format!("{name}, which takes a microsecond or more to read"),
            "look for `clocksource` in dmesg: the kernel has found the TSC unstable; boot with tsc=reliable if it is not",
        ),
        Ok(name) => Finding::ok(name),
        Err(error) => Finding::unread(CURRENT, &error),
    }
}
