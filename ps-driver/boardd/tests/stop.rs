//! SIGINT and SIGTERM end the daemon and its commands within 2 s whatever they wait for, and the second one at once.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod support;

use deltascope_abi::loss::Losses;
use deltascope_abi::record::Record;
use deltascope_protocol::frame::{Cursors, Message, Records};
use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::{Daemon, HANG, command, encode, end, hello_of, send_signal, wait_until_taken};
use tempfile::TempDir;

/// Longest time from the signal to the end.
const PROMISED: Duration = Duration::from_secs(2);
/// Tries until what `attempt` measures is below `limit`: a busy machine makes it longer, but not each time.
fn is_once_below(limit: Duration, mut attempt: impl FnMut() -> Duration) {
    let deadline = Instant::now() + HANG;
    loop {
        let time = attempt();
        println!("measured: ended after {time:?}");
        if time < limit {
            return;
        }
        assert!(Instant::now() < deadline, "{time:?}");
    }
}

/// A daemon with a session that has asked for more than it reads; the stream keeps it connected.
fn with_deaf_session() -> (Daemon, TcpStream) {
    let mut daemon = Daemon::start(&[]);
    let mut stream = daemon.connect();
    stream.write_all(&hello_of(1, 1, 1)).unwrap();
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    stream.read_exact(&mut vec![0; u32::from_le_bytes(length) as usize - 4]).unwrap();
    let records = vec![Record::read(0).to_bytes(); 16_000];
    let records = |first_sequence| Records {
        first_sequence,
        replies_below: 0,
        losses: Losses::default(),
        cursors: Cursors(&[]),
        records: &records,
    };
    for number in 0..4 {
        stream.write_all(&encode(&Message::Records(records(16_000 * number)))).unwrap();
    }
    // More replies than a socket of that size holds.
    daemon.status_when(|status| status["records_total"].as_u64() >= Some(16_000));
    (daemon, stream)
}

#[test]
fn signal_ends_a_daemon_with_a_session_that_does_not_read() {
    for signal in [libc::SIGTERM, libc::SIGINT] {
        is_once_below(PROMISED, || {
            let (mut daemon, _deaf) = with_deaf_session();
            let begun = Instant::now();
            send_signal(&daemon.child, signal);
            assert!(end(&mut daemon.child).success());
            begun.elapsed()
        });
    }
}

#[test]
fn second_signal_ends_a_daemon_at_once() {
    is_once_below(Duration::from_secs(1), || {
        let (mut daemon, _deaf) = with_deaf_session();
        let begun = Instant::now();
        send_signal(&daemon.child, libc::SIGTERM);
        wait_until_taken(&daemon.child);
        send_signal(&daemon.child, libc::SIGTERM);
        assert!(end(&mut daemon.child).success());
        begun.elapsed()
    });
}

/// Starts a command that reads `fifo`, and returns it once it does. The writing end keeps it waiting. A shell may have had
/// SIGINT ignored in what it started in the background, this test among it.
fn reads(command: &Command, fifo: &std::path::Path) -> (Child, File) {
    let mut with_defaults = Command::new("env");
    with_defaults.arg("--default-signal=INT,TERM").arg(command.get_program()).args(command.get_args());
    let child = with_defaults.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    (child, File::options().write(true).open(fifo).unwrap())
}

#[test]
fn signal_ends_check_and_raw_that_wait_for_a_file() {
    let folder = TempDir::new().unwrap();
    let uio = folder.path().join("sys/class/uio/uio0");
    std::fs::create_dir_all(&uio).unwrap();
    let [name, records] = [uio.join("name"), folder.path().join("records")];
    for fifo in [&name, &records] {
        assert!(Command::new("mkfifo").arg(fifo).status().unwrap().success());
    }
    let root = folder.path().to_str().unwrap();
    let cases = [(vec!["check", "--root", root], &name), (vec!["--raw", records.to_str().unwrap()], &records)];
    for (arguments, fifo) in cases {
        for signal in [libc::SIGTERM, libc::SIGINT] {
            is_once_below(PROMISED, || {
                let (mut child, _writer) = reads(&command(&arguments), fifo);
                let begun = Instant::now();
                send_signal(&child, signal);
                assert_eq!(end(&mut child).signal(), Some(signal), "{arguments:?}");
                begun.elapsed()
            });
        }
    }
}
