use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::CommandFactory;

use super::layers::Origin;
use super::{Given, Layers, ParseError, check, layers, parse};
use crate::cli::{Arguments, Command};

fn given(arguments: &[&str], environment: &[(&str, &str)]) -> Given {
    let words = |text: &&str| OsString::from(text);
    Given {
        arguments: std::iter::once(&"deltascope").chain(arguments).map(words).collect(),
        environment: environment.iter().map(|(name, value)| (name.into(), value.into())).collect(),
    }
}

/// A file of settings that is gone with this.
fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("agent.toml");
    std::fs::write(&path, text).expect("a file");
    (folder, path)
}

fn text(error: ParseError) -> String {
    match error {
        ParseError::Clap { error, origins } => format!("{error}{}", origins.join("\n")),
        ParseError::Config(error) => error.to_string(),
    }
}

/// The settings of `run` with this file, these options and these variables.
fn settings(text_of_file: &str, options: &[&str], environment: &[(&str, &str)]) -> Result<Layers, String> {
    let (_folder, path) = file(text_of_file);
    let path = path.to_str().expect("a plain path");
    let arguments = [&["run", "--config", path][..], options].concat();
    match parse(&given(&arguments, environment)) {
        Ok((Arguments { command: Command::Run(_), .. }, layers)) => Ok(layers),
        Ok(_) => panic!("another command"),
        Err(error) => Err(text(error).replace(path, "FILE")),
    }
}

fn found(layers: &Layers, name: &str) -> (String, String) {
    let setting = &layers.settings[name];
    let file = layers.file.as_deref().unwrap_or(Path::new("")).display().to_string();
    (setting.values.join(","), setting.origin.to_string().replace(&file, "FILE"))
}

#[test]
fn option_comes_before_variable_before_file_before_default() {
    let text = "interval = 3\nscan-cpu = 1.5\nsilence = 7\njson-lines = true\ncgroup = [\"/a\", \"/b\"]\n";
    let variables = [("DELTASCOPE_SCAN_CPU", "4"), ("DELTASCOPE_SILENCE", "8"), ("DELTASCOPE_CONNECT", "")];
    let layers = settings(text, &["--silence", "9"], &variables).expect("settings");
    for (name, value, origin) in [
        ("interval", "3", "FILE:1:1"),
        ("scan-cpu", "4", "environment DELTASCOPE_SCAN_CPU"),
        ("silence", "9", "command line"),
        ("scan-rate", "1", "default"),
        ("json-lines", "true", "FILE:4:1"),
        ("cgroup", "/a,/b", "FILE:5:1"),
        ("connect", "", "default"),
    ] {
        assert_eq!(found(&layers, name), (value.to_owned(), origin.to_owned()), "{name}");
    }
    // A variable can take back what a file switches on.
    let layers = settings(text, &[], &[("DELTASCOPE_JSON_LINES", "false")]).expect("settings");
    assert_eq!(found(&layers, "json-lines").0, "false");
    assert!(!layers.command_line(&given(&["run"], &[])).contains(&"--json-lines".into()));
}

#[test]
fn mistakes_in_a_file_have_their_place_and_advice() {
    for (text, parts) in [
        (
            "\nintervall = 3\n",
            &["FILE:2:1: expected a setting, found \"intervall\"; the nearest one is \"interval\""][..],
        ),
        ("scan_cpu = 3\n", &["FILE:1:1", "the nearest one is \"scan-cpu\""]),
        ("zzzz = 3\n", &["FILE:1:1", "`deltascope config check` lists all of them"]),
        ("config = \"other\"\n", &["FILE:1:1: expected a setting"]),
        ("interval = \n", &["FILE:1:12: "]),
        ("interval = 0\n", &["FILE:1:12: invalid value '0' for '--interval <SECONDS>': expected seconds above 0"]),
        ("source = \"scann\"\n", &["FILE:1:10: invalid value 'scann'", "possible values: scan, synth"]),
        ("json-lines = 1\n", &["FILE:1:14: json-lines: expected true or false, found a text or a number"]),
        ("interval = true\n", &["FILE:1:12: interval: expected a text or a number, found true or false"]),
        ("cgroup = \"/a\"\n", &["FILE:1:10: cgroup: expected a list, found a text or a number"]),
        ("interval = [1]\n", &["FILE:1:12: interval: expected a text or a number, found a list"]),
        // What belongs together is judged together, and what is not on the command line has its place.
        ("tls = \"a.pem\"\n", &["--authority", "--tls is from FILE:1:1"]),
    ] {
        let error = settings(text, &[], &[]).expect_err(text);
        parts.iter().for_each(|part| assert!(error.contains(part), "{text:?}: {part:?} is not in {error}"));
    }
    let error = settings("", &[], &[("DELTASCOPE_INTERVAL", "soon")]).expect_err("no number");
    assert!(error.starts_with("DELTASCOPE_INTERVAL: invalid value 'soon'"), "{error}");
    let error = settings("", &[], &[("DELTASCOPE_OFF", "perhaps")]).expect_err("no switch");
    assert_eq!(error, "DELTASCOPE_OFF: expected true or false, found \"perhaps\"");
}

#[test]
fn what_an_option_excludes_is_left_out() {
    let text = "connect = \"127.0.0.1:1\"\n";
    let layers = settings(text, &["--engine", "rtl"], &[("DELTASCOPE_BOARDD", "/b")]).expect("the option counts");
    assert_eq!(found(&layers, "connect"), (String::new(), "default".to_owned()));
    assert_eq!(found(&layers, "boardd").1, "environment DELTASCOPE_BOARDD");
    // A variable comes before a file, and an option before both.
    let layers = settings(text, &[], &[("DELTASCOPE_BOARDD", "/b")]).expect("the variable counts");
    assert_eq!(found(&layers, "connect").0, "");
    let layers = settings(text, &["--connect", "[::1]:2"], &[("DELTASCOPE_BOARDD", "/b")]).expect("the option counts");
    assert_eq!((found(&layers, "connect").0, found(&layers, "boardd").0), ("[::1]:2".to_owned(), String::new()));
    let error = settings("connect = \"127.0.0.1:1\"\nboardd = \"/b\"\n", &[], &[]).expect_err("both in one file");
    assert!(error.contains("cannot be used with") && error.contains("is from FILE:"), "{error}");
}

#[test]
fn checked_settings_are_a_file_of_the_same_settings() {
    let text = "listen = true\ninterval = 2.50\npid = [3, 4]\nboardd = \"/a \\\"b\\\" \\u0001\"\nsource = \"auto\"\n";
    let layers = settings(text, &["--json-lines"], &[]).expect("settings");
    let printed = check::text(&layers);
    let again = settings(&printed, &[], &[]).unwrap_or_else(|error| panic!("{error}:\n{printed}"));
    for (name, setting) in &layers.settings {
        let (before, after) = (&setting.values, &again.settings[name].values);
        assert!(before == after || setting.is_switch && before.is_empty() && after == &["false"], "{name}: {printed}");
    }
    for line in ["listen = true ", "json-lines = true ", "# connect ", "off = false "] {
        assert!(printed.lines().any(|found| found.starts_with(line)), "{line}: {printed}");
    }
    assert!(printed.contains("# command line") && printed.contains("agent.toml:2:1"), "{printed}");
}

#[test]
fn every_option_of_a_run_is_a_setting() {
    let mut whole = Arguments::command();
    whole.build();
    let run = whole.find_subcommand("run").expect("run");
    let layers = settings("", &[], &[]).expect("settings");
    let all: Vec<&str> = run.get_arguments().filter_map(clap::Arg::get_long).collect();
    assert!(all.len() > 40, "{all:?}");
    for name in all.iter().filter(|name| !layers::NO_SETTINGS.contains(name)) {
        assert!(layers.settings.contains_key(*name), "{name}");
    }
    layers::NO_SETTINGS.iter().for_each(|name| assert!(all.contains(name), "{name}"));
}

#[test]
fn other_commands_take_what_they_know() {
    let (_folder, path) = file("interval = 3\nlisten = true\n");
    let path = path.to_str().expect("a plain path");
    let (_, layers) = parse(&given(&["top", "--once"], &[("DELTASCOPE_CONFIG", path)])).map_err(text).expect("top");
    assert_eq!(found(&layers, "interval").1, "FILE:1:1");
    assert!(!layers.settings.contains_key("listen") && !layers.settings.contains_key("once"));
    let (_, layers) = parse(&given(&["scan"], &[("DELTASCOPE_CONFIG", "/none")])).map_err(text).expect("scan");
    assert!(layers.settings.is_empty());
    let (arguments, layers) =
        parse(&given(&["config", "check", path, "--interval=4"], &[])).map_err(text).expect("config check");
    assert!(matches!(arguments.command, Command::Config { .. }));
    assert_eq!((found(&layers, "interval").0, layers.origin("listen")), ("4".to_owned(), layers.origin("listen")));
    assert!(matches!(layers.origin("listen"), Origin::File(_)));
}

/// Reports each name that two options of a command share; clap notices that in builds with debug assertions only.
fn names_given_twice(command: &clap::Command) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    let own = command.get_arguments().flat_map(|option| {
        let long = option.get_long().map(|name| format!("--{name}"));
        [Some(option.get_id().to_string()), long].into_iter().flatten()
    });
    let own = own.filter(|name| !seen.insert(name.clone())).map(|name| format!("{}: {name}", command.get_name()));
    let own: Vec<String> = own.collect();
    own.into_iter().chain(command.get_subcommands().flat_map(names_given_twice)).collect()
}

#[test]
fn no_two_options_of_a_command_share_a_name() {
    let mut whole = Arguments::command();
    whole.build();
    assert_eq!(names_given_twice(&whole), [""; 0]);
    let twice = ["a", "b"].map(|id| clap::Arg::new(id).long("sends"));
    assert_eq!(names_given_twice(&clap::Command::new("planted").args(twice)), ["planted: --sends"]);
}
