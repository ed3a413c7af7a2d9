//! A second signal ends a command that is held up, and stops the DMA all the same.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

#[path = "../../linux/tests/support/mod.rs"]
mod fake;
mod support;

use deltascope_boardd::signals;
use deltascope_linux::{Options, Roots, UioBoard};
use fake::{Fake, peek, poke};
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use support::{end, program, send_signal, wait_until_taken};

/// Names the folder of the board to the process that is held up.
const FOLDER: &str = "DELTASCOPE_TEST_BOARD";
/// DMACR of MM2S, and three of its bits (PG021, MM2S_DMACR): run, reset, and one that reads as one.
const DMACR: usize = 0;
const RUN: u32 = 1 << 0;
const RESET: u32 = 1 << 2;
const ALWAYS_ONE: u32 = 1 << 1;
/// Number of the map of the AXI DMA in the board's UIO device.
const MAP: usize = 1;

#[test]
#[ignore = "is the process that the other test starts and stops"]
fn held_up() {
    let folder = std::env::var_os(FOLDER).expect("the other test names a board");
    let mut options = Options { roots: Roots::below(folder.as_ref()), ..Options::default() };
    // A file does not end a reset.
    options.settings.reset_limit = Duration::ZERO;
    signals::arm().unwrap();
    let _board = UioBoard::open(&options).unwrap();
    println!("\nheld up");
    loop {
        std::thread::park();
    }
}

/// A process that has the board and does nothing more about it.
fn start(fake: &Fake) -> Child {
    let tests = program(&std::env::current_exe().unwrap());
    let mut command = Command::new("env");
    command.args(["--default-signal=INT,TERM,HUP,QUIT"]).arg(tests.get_program()).args(tests.get_args());
    command.args(["--exact", "held_up", "--ignored", "--nocapture"]).env(FOLDER, fake.path());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "held up"), "the process does not come up");
    child
}

#[test]
fn second_signal_stops_the_dma_of_a_command_that_is_held_up() {
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGQUIT, libc::SIGHUP] {
        let fake = Fake::board();
        let device = fake.roots.dev.join("uio0");
        let mut child = start(&fake);
        // At work, whatever the start has left in the file.
        poke(&device, MAP, DMACR, RUN | ALWAYS_ONE);
        send_signal(&child, signal);
        wait_until_taken(&child);
        assert_eq!(peek(&device, MAP, DMACR) & RESET, 0, "the first signal leaves it to the owner");
        send_signal(&child, signal);
        assert_eq!(end(&mut child).signal(), Some(signal));
        assert_eq!(peek(&device, MAP, DMACR) & RESET, RESET, "signal {signal}");
    }
}
