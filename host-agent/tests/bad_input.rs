//! Everything that a user, a file or a server can get wrong ends with a message and an exit code.

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::thread;

use deltascope_agent::daemon::Daemon;
use support::run::Run;
use support::{agent, boardd, end, finish, with_daemon};

#[test]
fn a_wrong_command_line_is_refused_with_the_right_one() {
    for (arguments, parts) in [
        (&["frobnicate"] as &[&str], &["frobnicate"] as &[&str]),
        (&["run", "--interval", "0"], &["expected seconds above 0", "found 0"]),
        (&["run", "--interval", "never"], &["expected seconds", "never"]),
        (&["run", "--source", "replay"], &["--file"]),
        (&["run", "--source", "synth", "--sends", "101"], &["101", "0..=100"]),
        (&["scan", "--pid", "-1"], &["-1"]),
        (&["scan", "--groups", "65537"], &["65537", "1..=65536"]),
        (&["demo", "--engine", "abacus"], &["abacus", "model", "rtl"]),
        (&["demo", "--connect", "127.0.0.1:1", "--engine", "model"], &["--connect"]),
        (&["replay"], &["FILE"]),
        (&["run", "--source", "scan", "--sends-by", "content"], &["--sends-by", "bpf, kmod or auto"]),
        (&["record", "sends", "--source", "synth", "--sends-by", "socket"], &["--sends-by", "bpf, kmod or auto"]),
        (&["run", "--source", "kmod", "--sends-by", "peer"], &["peer", "socket", "content"]),
        (
            &["run", "--source", "auto", "--sends-by", "socket", "--scope", "connection"],
            &["--scope connection", "expected --sends-by content", "found socket"],
        ),
        (&["scan", "--connect", "nonsense"], &["nonsense", "HOST:PORT"]),
        (&["scan", "--connect", "192.0.2.1:5770"], &["expected an address of this machine", "--insecure-peer"]),
    ] {
        finish(agent(arguments)).fails(parts);
    }
}

#[test]
fn a_daemon_that_is_not_there_or_not_one_is_named() {
    finish(agent(&["demo", "--boardd", "/nonexistent/boardd"])).fails(&[
        "/nonexistent/boardd",
        "cargo build",
        "--connect",
    ]);
    finish(agent(&["demo", "--boardd", "/etc/passwd"])).fails(&["cannot start /etc/passwd"]);
    finish(agent(&["demo", "--boardd", "/bin/true"])).fails(&[
        "/bin/true",
        "expected the line `listening on ADDR`",
        "exit status: 0",
    ]);
    finish(agent(&["demo", "--boardd", "/bin/echo"])).fails(&["/bin/echo", "found the line", "127.0.0.1:0"]);
}

#[test]
fn nobody_at_the_address_is_an_error() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let outcome = finish(agent(&["scan", "--outage", "1", "--connect", &free.to_string()]));
    outcome.fails(&["cannot connect", &free.to_string(), "trying again", "no progress for 1 s"]);
}

/// Serves one connection: sends `bytes`, then keeps it open or closes it.
fn odd_server(bytes: Vec<u8>, close: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    thread::spawn(move || {
        let Ok((mut agent, _)) = listener.accept() else { return };
        // Without this, closing would reset the connection, and what was said could be lost.
        let _ = agent.read(&mut [0; 256]);
        let _ = agent.write_all(&bytes);
        if !close {
            let mut rest = Vec::new();
            let _ = agent.read_to_end(&mut rest);
        }
    });
    address
}

#[test]
fn a_server_that_is_none_is_an_error_in_time() {
    for (bytes, close, part) in [
        (Vec::new(), false, "expected"),
        (Vec::new(), true, "closed the connection"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), false, "frame length"),
        (vec![0; 64], false, "frame length"),
        (vec![0xFF; 64], true, "frame length"),
        ([&16u32.to_le_bytes()[..], &[2, 9, 0, 0], &[0; 8]].concat(), false, "protocol version"),
        ([&16u32.to_le_bytes()[..], &[2, 2, 0, 0], &[0; 8]].concat(), false, "CRC32C"),
    ] {
        let address = odd_server(bytes, close);
        finish(agent(&["scan", "--timeout", "1", "--outage", "2", "--connect", &address])).fails(&[part, &address]);
    }
}

#[test]
fn a_daemon_that_dies_for_longer_than_allowed_is_an_error() {
    for command in [&["run", "--source", "synth", "--events", "0"] as &[&str], &["run"]] {
        let daemon = Daemon::start(boardd(), "model").expect("a daemon");
        let address = daemon.address().to_string();
        let more = ["--interval", "0.05", "--json-lines", "--outage", "1", "--connect", &address];
        let mut run = Run::start(&[command, &more].concat());
        run.line();
        drop(daemon);
        run.end().fails(&["board server", "trying again", "no progress for 1 s"]);
    }
}

#[test]
fn files_that_are_no_recordings_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    let whole = path("whole.rec");
    finish(agent(&["record", &whole, "--source", "synth", "--events", "20000"])).ok();
    let bytes = fs::read(&whole).expect("the recording");

    let replay = |name: &str, bytes: &[u8], parts: &[&str]| {
        fs::write(path(name), bytes).expect("a file");
        with_daemon(&["replay", &path(name)]).fails(&[parts, &[name]].concat());
    };
    replay("empty", &[], &["magic", "offset 0"]);
    replay("elf", b"\x7fELF\x02\x01\x01\0and more of it, longer than a header", &["magic", "expected", "DLTAREC"]);
    replay("headless", &bytes[..10], &["cut short"]);
    let mut other = bytes.clone();
    other[8] = 9;
    replay("version", &other, &["version", "expected 2 to 3, found 9"]);
    let mut damaged = bytes.clone();
    damaged[bytes.len() / 2] ^= 4;
    replay("damaged", &damaged, &["CRC32C", "expected", "found"]);

    with_daemon(&["replay", &path("absent")]).fails(&["absent", "cannot open", "deltascope record"]);
    with_daemon(&["replay", folder.path().to_str().expect("a path")]).fails(&["cannot read"]);
    finish(agent(&["record", &whole, "--source", "synth"])).fails(&["whole.rec", "--force"]);
    assert_eq!(fs::read(&whole).expect("the recording"), bytes, "it was not touched");
}

#[test]
fn a_full_disk_is_an_error() {
    for raw in [&[] as &[&str], &["--raw"]] {
        let arguments = [&["record", "/dev/full", "--force", "--source", "synth"], raw].concat();
        finish(agent(&arguments)).fails(&["/dev/full", "incomplete"]);
    }
    assert!(Path::new("/dev/full").exists());
    let unwritable = ["record", "/proc/none.rec", "--source", "synth"];
    finish(agent(&unwritable)).fails(&["/proc/none.rec", "cannot create"]);
}

#[test]
fn an_output_that_nobody_takes_is_an_error_and_no_panic() {
    let mut command = agent(&["scan", "--pid", &std::process::id().to_string()]);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("every Linux has it");
    command.arg("--boardd").arg(boardd()).stdin(Stdio::null()).stdout(full).stderr(Stdio::piped());
    end(command.spawn().expect("the program starts")).fails(&["standard output"]);
}

#[test]
fn processes_that_are_not_there_are_named_with_a_status_of_their_own() {
    // Above the largest process number of Linux.
    let outcome = with_daemon(&["scan", "--pid", "4194305", "--json"]);
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
    assert!(outcome.err.contains("process 4194305: expected a process of this number, found none"), "{outcome:?}");
    let report = outcome.json();
    assert_eq!(report["mode"], "nothing_seen");
    assert_eq!(report["not_seen"][0]["why"], "no_process");
    assert_eq!(report["processes"]["vanished"], 1);
    assert_eq!(report["captured"], 0);
    assert_eq!(report["conserved"], true);
}
