//! The unit that runs the agent as a service, against the program and systemd's own checks.

mod support;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use support::{AGENT, agent, finish};

fn unit() -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deltascope-agent.service");
    fs::read_to_string(path).expect("the unit")
}

/// The value of a setting.
fn setting<'a>(unit: &'a str, name: &str) -> &'a str {
    let mut values = unit.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    values.next().unwrap_or_else(|| panic!("expected {name} in the unit"))
}

#[test]
fn unit_starts_the_agent_and_never_gives_up() {
    let unit = unit();
    assert_eq!(setting(&unit, "StartLimitIntervalSec"), "0");
    assert_eq!(setting(&unit, "Restart"), "always");
    let number = |name: &str| -> u64 { setting(&unit, name).parse().expect("a number") };
    // More than five starts within ten seconds are systemd's own limit (systemd.unit(5)); an interval of 0 is none.
    let starts_in = |interval: u64| 1 + interval / number("RestartSec");
    assert!(number("RestartSec") > 0 && starts_in(86_400) > 5, "a day of failures is not within a limit of five");
    // A signal ends the agent within 2 s, so that systemd never kills it.
    assert!(number("TimeoutStopSec") > 2);
    let start = setting(&unit, "ExecStart");
    let (program, options) = start.split_once(" run ").expect("the command");
    assert_eq!(program, "/usr/bin/deltascope");
    let installed = format!("/etc/{}/agent.toml", setting(&unit, "ConfigurationDirectory"));
    assert_eq!(options, format!("--config {installed}"));
    // The file that is delivered is one that the agent takes, and a reload checks it before the agent reads it.
    let delivered = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("agent.toml");
    let check = agent(&["config", "check", "--json", delivered.to_str().expect("a plain path")]);
    let settings = finish(check).ok().json();
    let value = |name: &str| settings[name]["value"][0].as_str().unwrap_or_default().to_owned();
    assert_eq!(value("state-dir"), format!("/var/lib/{}", setting(&unit, "StateDirectory")));
    assert_eq!((&*value("json-lines"), &*value("source")), ("true", "auto"));
    let reloads: Vec<&str> = unit.lines().filter_map(|line| line.strip_prefix("ExecReload=")).collect();
    assert_eq!(
        reloads,
        [&*format!("/usr/bin/deltascope config check {installed}"), "/bin/sh -c \"kill -HUP $$MAINPID\""]
    );
    // A wrong command line is the status that is not tried again.
    let code = finish(agent(&["run", "--no-such-option"])).code.expect("a status");
    assert_eq!(code.to_string(), setting(&unit, "RestartPreventExitStatus"));
}

#[test]
fn systemd_finds_nothing_wrong_with_the_unit() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deltascope-agent.service");
    let text = unit().replace("/usr/bin/deltascope", AGENT);
    let analyze = |text: &str, arguments: &[&str]| {
        fs::write(&path, text).expect("ours");
        let output = Command::new("systemd-analyze").args(arguments).arg(&path).output().expect("systemd-analyze");
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.success(), said)
    };
    let (ok, said) = analyze(&text, &["verify", "--man=no"]);
    assert!(ok && !said.contains("deltascope-agent.service:"), "{said}");
    // In tenths: 0 is the best that there is, and a unit without any of the settings has 96.
    let (ok, said) = analyze(&text, &["security", "--offline=true", "--threshold=37"]);
    assert!(ok, "{said}");
    let open = text.replace("ProtectSystem=strict", "").replace("NoNewPrivileges=yes", "");
    let (ok, said) = analyze(&open, &["security", "--offline=true", "--threshold=37"]);
    assert!(!ok, "settings that are gone are found: {said}");
    let (_, said) = analyze(&text.replace("RestartSec=2", "RestartSec=soon"), &["verify", "--man=no"]);
    assert!(said.contains("deltascope-agent.service:"), "a mistake is found: {said}");
}
