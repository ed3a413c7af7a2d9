//! A copy and a send of the agent's own, once in a while: programs that do not see them see nothing.
//!
//! A kernel can stop running programs without a sign of it, and a counter that stands still looks like a quiet machine.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use deltascope_abi::bpf::BpfCounters;
use memmap2::MmapOptions;

/// Time between two probes.
const INTERVAL: Duration = Duration::from_secs(1);

/// What has been made and what of it was seen.
#[derive(Debug)]
pub(super) struct Liveness {
    /// Both ends of a connection, where this host has loopback.
    connection: Option<(TcpStream, TcpStream)>,
    made: Option<Instant>,
    /// As of the last probe: copies and sends seen before it, and whether it was made.
    before: (u64, u64),
    tried: (bool, bool),
    alive: (bool, bool),
}

/// Writes to a page of a private mapping of a file that was read before: the kernel copies it.
fn copy() -> std::io::Result<()> {
    let program = File::open("/proc/self/exe")?;
    // SAFETY: private to this process; what the file becomes meanwhile changes only what is read into `first`, which
    // nothing depends on.
    let mut page = unsafe { MmapOptions::new().len(4_096).map_copy(&program)? };
    let first = std::hint::black_box(page[0]);
    page[0] = std::hint::black_box(first);
    Ok(())
}

fn connect() -> std::io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let sender = TcpStream::connect(listener.local_addr()?)?;
    let receiver = listener.accept()?.0;
    sender.set_nonblocking(true)?;
    receiver.set_nonblocking(true)?;
    Ok((sender, receiver))
}

impl Liveness {
    pub(super) fn new() -> Liveness {
        let connection = connect().ok();
        Liveness { connection, made: None, before: (0, 0), tried: (false, false), alive: (false, false) }
    }

    /// Judges the last probe by the counters and makes another one when it is time.
    pub(super) fn pass(&mut self, counters: &BpfCounters) {
        let seen = (counters.reader_copies, counters.reader_sends);
        if self.made.is_some_and(|made| made.elapsed() < INTERVAL) {
            return;
        }
        if self.made.is_some() {
            self.alive = (self.tried.0 && seen.0 != self.before.0, self.tried.1 && seen.1 != self.before.1);
        }
        self.before = seen;
        let sent = self.connection.as_mut().map(|(sender, receiver)| {
            let sent = sender.write(&[0]);
            // What has not arrived yet is read the next time.
            let _ = receiver.read(&mut [0; 64]);
            sent
        });
        self.tried = (copy().is_ok(), matches!(sent, Some(Ok(1))));
        self.made = Some(Instant::now());
    }

    /// Whether copies and sends are seen, as of the last probe that could be judged.
    pub(super) fn status(&self) -> [(&'static str, u64); 2] {
        [("capture_pages", self.alive.0.into()), ("capture_sends", self.alive.1.into())]
    }
}
