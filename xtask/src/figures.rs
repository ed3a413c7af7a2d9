//! Each task that prints a figure takes `--json`.

use crate::Arguments;
use clap::{Command, CommandFactory};

/// Tasks without the option, and why.
const WITHOUT: [(&str, &str); 7] = [
    ("test", "its stages are the other tasks; the times of the stages are no result"),
    ("gen", "it writes figures into documents; the task of each figure prints them"),
    ("setup", "it installs packages"),
    ("board arm", "it builds and tests; the times of its stages are no result"),
    ("board device-tree", "it prints the properties that it compares, none of them measured"),
    ("board fw-log", "it prints the log of an image, frame by frame"),
    ("board flash", "it writes to a board or a card"),
];

/// Returns the tasks below a command, each with the names of its groups, and whether it takes `--json`.
fn tasks(command: &Command, groups: &str) -> Vec<(String, bool)> {
    let below = command.get_subcommands().filter(|task| task.get_name() != "help");
    below
        .flat_map(|task| {
            let name = format!("{groups}{}", task.get_name());
            match task.has_subcommands() {
                true => tasks(task, &format!("{name} ")),
                false => vec![(name, task.get_arguments().any(|argument| argument.get_long() == Some("json")))],
            }
        })
        .collect()
}

#[test]
fn every_task_with_a_figure_takes_json() {
    let tasks = tasks(&Arguments::command(), "");
    assert!(tasks.len() > 30, "expected every task, found {tasks:?}");
    let without: Vec<&str> = tasks.iter().filter(|(_, json)| !json).map(|(name, _)| name.as_str()).collect();
    assert_eq!(without, WITHOUT.map(|(name, _)| name), "expected --json, or in WITHOUT the reason why there is none");
}
