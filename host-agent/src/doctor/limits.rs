//! How much this process may open.

use super::finding::Finding;
use super::{Context, Probe};

pub(super) const PROBES: &[Probe] = &[
    Probe { name: "open_files", why: "the scan opens two files for each member of a family at once", look: open_files },
    Probe {
        name: "file_table",
        why: "when the table of open files is full, no process can open one",
        look: file_table,
    },
];

/// Members of one family that can be looked at whole with this many files.
const FEW: u64 = 4_096;

fn open_files(context: &Context<'_>) -> Finding {
    const LIMITS: &str = "proc/self/limits";
    let limits = match context.machine.text(LIMITS) {
        Ok(limits) => limits,
        Err(error) => return Finding::unread(LIMITS, &error),
    };
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    // Soft and hard; the agent raises the soft one to the hard one.
    let hard = line.and_then(|line| line.split_whitespace().nth(1));
    match hard.map(str::parse::<u64>) {
        Some(Ok(hard)) if hard < FEW => Finding::warning(
            format!("at most {hard}: families of more than about {} members are not read whole", hard / 2),
            "raise the hard limit: `ulimit -Hn 65536`, LimitNOFILE=65536 in a unit",
        ),
        Some(Ok(hard)) => Finding::ok(format!("up to {hard}")),
        Some(Err(_)) if hard == Some("unlimited") => Finding::ok("unlimited"),
        _ => Finding::unknown(format!("/{LIMITS}: expected the line `Max open files`"), "report it, with that file"),
    }
}

fn file_table(context: &Context<'_>) -> Finding {
    const NUMBERS: &str = "proc/sys/fs/file-nr";
    let text = match context.machine.text(NUMBERS) {
        Ok(text) => text,
        Err(error) => return Finding::unread(NUMBERS, &error),
    };
    let numbers: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [used, _, most] = numbers[..] else {
        return Finding::unknown(format!("/{NUMBERS}: expected three numbers, found {text:?}"), "report it");
    };
    if u128::from(used) * 10 >= u128::from(most) * 9 {
        return Finding::warning(format!("{used} of {most} open files are in use"), "raise fs.file-max");
    }
    Finding::ok(format!("{used} of {most} open files are in use"))
}
