//! The daemon as a service: what it reports to systemd, its log, its panel and metrics, and the unit file.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod support;

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::{Daemon, Keys, command};
use tempfile::TempDir;

/// The place of systemd: a socket on which the daemon reports.
struct Manager {
    folder: TempDir,
    socket: UnixDatagram,
}

impl Manager {
    fn new() -> Manager {
        let folder = TempDir::new().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(300))).unwrap();
        Manager { folder, socket }
    }

    fn environment(&self) -> (&'static str, PathBuf) {
        ("NOTIFY_SOCKET", self.folder.path().join("notify"))
    }

    fn hear(&self) -> String {
        let mut bytes = [0; 1024];
        let count = loop {
            match self.socket.recv(&mut bytes) {
                // A stop signal, or a debugger's.
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                received => break received.unwrap(),
            }
        };
        String::from_utf8(bytes[..count].to_vec()).unwrap()
    }

    /// The next thing that is no sign of life.
    fn hear_news(&self) -> String {
        loop {
            let text = self.hear();
            if text.trim() != "WATCHDOG=1" {
                return text;
            }
        }
    }
}

#[test]
fn systemd_hears_of_readiness_reload_and_stop() {
    let manager = Manager::new();
    let keys = Keys::new();
    let (server, authority) = (keys.server.clone(), keys.authority.certificate());
    let mut daemon = Daemon::start_with(
        &["--tls", server.to_str().unwrap(), "--authority", authority.to_str().unwrap()],
        &[manager.environment()],
    );
    assert_eq!(manager.hear_news(), "READY=1\n");
    daemon.signal(libc::SIGHUP);
    let reloading = manager.hear_news();
    assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
    assert_eq!(manager.hear_news(), "READY=1\n");
    daemon.signal(libc::SIGTERM);
    assert_eq!(manager.hear_news(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=1800000\n");
    assert!(daemon.child.wait().unwrap().success());
}

#[test]
fn signs_of_life_come_as_often_as_asked_and_end_when_the_daemon_hangs() {
    let manager = Manager::new();
    let watchdog = ("WATCHDOG_USEC", PathBuf::from("200000"));
    let mut daemon = Daemon::start_with(&[], &[manager.environment(), watchdog]);
    assert_eq!(manager.hear_news(), "READY=1\n");
    for _ in 0..10 {
        let waited = Instant::now();
        assert_eq!(manager.hear(), "WATCHDOG=1\n");
        assert!(waited.elapsed() < Duration::from_secs(60));
    }
    daemon.signal(libc::SIGSTOP);
    manager.socket.set_read_timeout(Some(Duration::from_millis(600))).unwrap();
    let mut bytes = [0; 64];
    let heard = (0..20).take_while(|_| manager.socket.recv(&mut bytes).is_ok()).count();
    assert!(heard < 20, "signs of life of a process without progress");
    _ = daemon.child.kill();
}

#[test]
fn nobody_who_listens_is_no_reason_to_stop() {
    let gone = ("NOTIFY_SOCKET", PathBuf::from("/nonexistent/notify"));
    let mut daemon = Daemon::start_with(&[], &[gone]);
    assert_eq!(daemon.status()["connections"], 0);
}

/// What the daemon logs with these arguments until it is asked to stop.
fn log(arguments: &[&str], environment: &[(&'static str, PathBuf)]) -> String {
    let mut daemon = Daemon::start_with(arguments, environment);
    daemon.status();
    daemon.signal(libc::SIGTERM);
    daemon.child.wait().unwrap();
    std::io::read_to_string(daemon.stderr.take().unwrap()).unwrap()
}

#[test]
fn the_log_has_levels_and_priorities_for_the_journal() {
    let text = log(&["--insecure"], &[]);
    assert!(text.contains("deltascope-boardd: warning: INSECURE: "), "{text}");
    assert!(text.contains("deltascope-boardd: engine model: "), "{text}");

    let text = log(&["--insecure", "--log", "warn"], &[]);
    assert!(text.contains("INSECURE") && !text.contains("engine model"), "{text}");

    let text = log(&["--insecure"], &[("JOURNAL_STREAM", PathBuf::from("8:1"))]);
    assert!(text.lines().all(|line| line.starts_with("<4>") || line.starts_with("<6>")), "{text}");
    assert!(text.contains("<4>INSECURE: ") && text.contains("<6>engine model: "), "{text}");
}

/// A folder with an LED and an XADC.
fn machine() -> TempDir {
    let folder = TempDir::new().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("sys/class/leds/status/max_brightness", "1");
    write("sys/class/leds/status/brightness", "0");
    let file = |name: &str, text: &str| write(&format!("sys/bus/iio/devices/iio:device0/{name}"), text);
    file("name", "xadc");
    file("in_temp0_raw", "3000");
    file("in_temp0_offset", "-2000");
    file("in_temp0_scale", "100");
    file("in_voltage0_vccint_raw", "1000");
    file("in_voltage0_vccint_scale", "1");
    folder
}

#[test]
fn led_is_lit_while_the_daemon_serves_and_metrics_describe_the_board() {
    let machine = machine();
    let metrics = machine.path().join("boardd.prom");
    let root = machine.path().to_str().unwrap();
    let arguments = ["--root", root, "--led", "status", "--metrics", metrics.to_str().unwrap()];
    let mut daemon = Daemon::start_with(&arguments, &[]);
    let status = daemon.status();
    assert_eq!(
        status["board"],
        serde_json::json!({"celsius": 100.0, "volts": {"vccint": 1.0},
        "complaints": ["die: expected at most 85 degrees Celsius, found 100.0; cool it"]})
    );
    let brightness = || fs::read_to_string(machine.path().join("sys/class/leds/status/brightness")).unwrap();
    assert_eq!(brightness(), "1");
    let text = fs::read_to_string(&metrics).unwrap();
    for line in [
        "# TYPE deltascope_boardd_records_total counter",
        "deltascope_boardd_records_total 0",
        "deltascope_boardd_board_temperature_celsius 100",
        "deltascope_boardd_board_supply_volts{supply=\"vccint\"} 1",
        "deltascope_boardd_board_complaints 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing in {text}");
    }
    daemon.signal(libc::SIGTERM);
    assert!(daemon.child.wait().unwrap().success());
    assert_eq!(brightness(), "0");
}

/// What a run that ends by itself prints, and whether it succeeded.
fn output(arguments: &[&str]) -> (String, String, bool) {
    let output = command(arguments).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr), output.status.success())
}

#[test]
fn an_led_or_a_board_that_is_not_there_is_said() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().to_str().unwrap();
    let (_, error, ok) = output(&["--root", root, "--led", "status", "--listen", "127.0.0.1:0"]);
    assert!(!ok && error.contains("status: expected an LED of this name, found none"), "{error}");
    let (_, error, ok) = output(&["--led", "../x"]);
    assert!(!ok && error.contains("expected an LED of /sys/class/leds or gpiochipN:LINE"), "{error}");
    let (_, error, ok) = output(&["--raw", "-", "info"]);
    assert!(!ok && error.contains("--raw: expected no subcommand beside it"), "{error}");
    for arguments in [&["--engine", "uio", "--root", root][..], &["selftest", "--engine", "uio", "--root", root]] {
        let (_, error, ok) = output(arguments);
        assert!(
            !ok && error.contains("engine uio: UIO device: expected one named \"deltascope\", found none"),
            "{error}"
        );
    }
}

#[test]
fn info_describes_the_engine_and_what_is_wrong_with_the_board() {
    let machine = machine();
    let root = machine.path().to_str().unwrap();
    let (text, _, ok) = output(&["info", "--json", "--root", root]);
    let info: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(!ok, "the die is too hot");
    assert_eq!(
        (&info["engine"]["engine"], &info["engine"]["contexts"]),
        (&"model".into(), &deltascope_abi::DEFAULT_CONTEXTS.into())
    );
    assert_eq!(info["board"]["celsius"], 100.0);

    fs::create_dir_all(machine.path().join("sys/class/fpga_manager/fpga0")).unwrap();
    fs::write(machine.path().join("sys/class/fpga_manager/fpga0/state"), "unknown").unwrap();
    let (text, _, ok) = output(&["info", "--json", "--engine", "uio", "--root", root]);
    let info: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(!ok && info["error"].as_str().unwrap().contains("UIO device"), "{text}");
    assert_eq!(info["logic"]["configuration"]["state"], "unknown");
    assert!(info["logic"]["configuration"]["why"].as_str().unwrap().starts_with("fpga0 unknown"), "{text}");

    let (text, _, ok) = output(&["info", "--root", "/nonexistent"]);
    assert!(ok && text.contains(&format!("contexts         {}", deltascope_abi::DEFAULT_CONTEXTS)), "{text}");
}

#[test]
fn selftest_of_the_model_passes_and_reports_what_it_did() {
    let (text, _, ok) = output(&["selftest", "--json", "--records", "3000"]);
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(ok && report["ok"] == true, "{text}");
    let tests = report["tests"].as_array().unwrap();
    let names: Vec<&str> = tests.iter().map(|test| test["test"].as_str().unwrap()).collect();
    assert_eq!(names, ["stream patterns", "counters", "replies and snapshot"], "the model has no registers");
    assert!(tests.iter().all(|test| test["count"] == 3000 && test["differences"] == 0), "{text}");
    let (text, _, ok) = output(&["selftest", "--records", "1"]);
    assert!(ok && text.ends_with("engine model, in process: passed\n"), "{text}");
    assert!(!output(&["selftest", "--records", "0"]).2);
}

/// A file of the board's folder.
fn board_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../boards/zynq7020").join(name)
}

fn unit_path() -> PathBuf {
    board_file("deltascope-boardd.service")
}

/// The words of a rule, taken apart at the commas outside quotes.
fn words(rule: &str) -> Vec<String> {
    let mut quoted = false;
    let is_end = |letter: char| {
        quoted ^= letter == '"';
        letter == ',' && !quoted
    };
    rule.split(is_end).map(|word| word.trim().to_owned()).collect()
}

#[test]
fn the_udev_rules_name_what_the_program_looks_for() {
    let text = fs::read_to_string(board_file("70-deltascope.rules")).unwrap();
    let rules: Vec<_> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(words).collect();
    let has = |word: String| rules.iter().any(|rule| rule.contains(&word));
    assert!(has(format!("ATTR{{name}}==\"{}\"", deltascope_abi::board::UIO_NAME)));
    assert!(has(format!("KERNEL==\"{}\"", deltascope_abi::board::UDMABUF_NAME)));
    let unit = fs::read_to_string(unit_path()).unwrap();
    let group = section(&unit, "Service").into_iter().find(|(key, _)| key == "Group").unwrap().1;
    for rule in &rules {
        for word in rule {
            // KEY or KEY{name}, an operator, a quoted value (udev(7)).
            let key = word.trim_start_matches(|letter: char| {
                letter.is_ascii_uppercase() || "{}_".contains(letter) || letter.is_ascii_lowercase()
            });
            let value = ["==", "+=", "="].iter().find_map(|operator| key.strip_prefix(operator)).unwrap_or_default();
            assert!(value.len() > 2 && value.starts_with('"') && value.ends_with('"'), "{word:?} in {rule:?}");
            assert_eq!(value.matches('"').count(), 2, "{word:?}");
        }
        let grants =
            rule.iter().any(|word| *word == format!("GROUP=\"{group}\"") || word.contains(&format!("chgrp {group} ")));
        assert!(grants, "{rule:?} gives the group of the unit nothing");
    }
}

/// A rule for every chip would give the group the chip of the processing system, which has the board's resets on it.
#[test]
fn udev_gives_only_the_gpio_chip_of_the_panel() {
    let text = fs::read_to_string(board_file("70-deltascope.rules")).unwrap();
    let of_gpio = |rule: &&str| words(rule).contains(&"SUBSYSTEM==\"gpio\"".to_owned());
    let rules: Vec<_> = text.lines().filter(of_gpio).map(words).collect();
    assert!(!rules.is_empty(), "{text}");
    for rule in rules {
        let own = ["ENV{OF_NAME}==\"deltascope-panel\"", "DRIVERS==\"gpio-aggregator\""];
        assert!(rule.iter().any(|word| own.contains(&word.as_str())), "{rule:?} matches the chips of others");
    }
}

/// Lines `key=value` of one section of a unit file.
fn section(text: &str, name: &str) -> Vec<(String, String)> {
    let begins = format!("[{name}]");
    let lines = text.lines().skip_while(|line| *line != begins).skip(1).take_while(|line| !line.starts_with('['));
    let entries = lines.filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('='));
    entries.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[test]
fn the_unit_starts_this_program_as_it_wants_to_be_started() {
    let text = fs::read_to_string(unit_path()).unwrap();
    let service = section(&text, "Service");
    let get = |key: &str| service.iter().find(|(found, _)| found == key).map(|(_, value)| value.as_str()).unwrap();
    assert_eq!(get("Type"), "notify");
    assert_eq!(get("ExecReload"), "/bin/sh -c \"kill -HUP $$MAINPID\"");
    assert!(get("WatchdogSec").parse::<u32>().unwrap() >= 5);
    assert_ne!(get("User"), "root");
    for key in ["NoNewPrivileges", "MemoryDenyWriteExecute", "RestrictNamespaces", "ProtectKernelModules"] {
        assert_eq!(get(key), "yes", "{key}");
    }
    assert_eq!((get("CapabilityBoundingSet"), get("DevicePolicy"), get("ProtectSystem")), ("", "closed", "strict"));
    // Every option of the command lines is one that the program has.
    let check = get("ExecStartPre").strip_prefix('+').expect("the checks run as root");
    for (line, help) in [(get("ExecStart"), &["--help"][..]), (check, &["check", "--help"])] {
        let (program, options) = line.split_once(' ').unwrap();
        assert_eq!(program, "/usr/bin/deltascope-boardd");
        let help = output(help).0;
        for option in options.split(' ').filter(|word| word.starts_with("--")) {
            assert!(help.contains(option), "{option}");
        }
    }
    // What root writes is what the daemon reads, in a folder that both have.
    let report =
        |line: &str, option: &str| line.split(' ').skip_while(|word| *word != option).nth(1).unwrap().to_owned();
    let path = report(check, "--report");
    assert_eq!(path, report(get("ExecStart"), "--checks"));
    assert!(path.starts_with(&format!("/run/{}/", get("RuntimeDirectory"))), "{path}");
}

/// Every row of the bench of an engine, with what its check reports.
fn bench_rows(arguments: &[&str]) -> Vec<serde_json::Value> {
    let (text, errors, ok) = output(&[&["bench", "--json", "--time", "10"], arguments].concat());
    assert!(ok, "{errors}");
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["label"], "measured");
    report["rows"].as_array().unwrap().clone()
}

#[test]
fn the_bench_measures_every_row_and_counts_what_it_sent() {
    let rows = bench_rows(&[]);
    let names: Vec<_> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["copy", "checksum", "session", "engine", "answer"]);
    assert!(rows.iter().all(|row| row["value"].as_f64().unwrap() > 0.0), "{rows:?}");
    let (text, _, ok) = output(&["bench", "--time", "10"]);
    assert!(ok && text.contains("| this engine, PAIR and SEND |"), "{text}");
    assert!(!output(&["bench", "--time", "1"]).2);
}

#[test]
fn systemd_finds_nothing_wrong_with_the_unit() {
    let folder = TempDir::new().unwrap();
    let unit = folder.path().join("deltascope-boardd.service");
    let program = env!("CARGO_BIN_EXE_deltascope-boardd");
    let text = fs::read_to_string(unit_path()).unwrap().replace("/usr/bin/deltascope-boardd", program);
    let analyze = |text: &str, arguments: &[&str]| {
        fs::write(&unit, text).unwrap();
        let output = Command::new("systemd-analyze").args(arguments).arg(&unit).output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.success(), said)
    };
    let (ok, said) = analyze(&text, &["verify", "--man=no"]);
    assert!(ok && !said.contains("deltascope-boardd.service:"), "{said}");
    // In tenths: 0 is the best that there is, 100 the worst, and a unit without any of the settings has 96. What a setting
    // weighs differs from one version of systemd to the next.
    let exposure = |text: &str| {
        let (_, said) = analyze(text, &["security", "--offline=true"]);
        let level = said.lines().find_map(|line| line.split_once("Overall exposure level for")?.1.split(' ').nth(2));
        level
            .and_then(|level| Some((level.parse::<f64>().ok()? * 10.0).round() as u32))
            .unwrap_or_else(|| panic!("{said}"))
    };
    assert!(exposure(&text) <= 20, "{}", exposure(&text));
    assert!(exposure(&text.replace("ProtectSystem=strict", "")) > exposure(&text), "a setting that is gone is found");
    let (_, said) = analyze(&text.replace("WatchdogSec=10", "WatchdogSec=soon"), &["verify", "--man=no"]);
    assert!(said.contains("deltascope-boardd.service:"), "a mistake is found: {said}");
}
