//! A guest that replays bare records, as often as it is asked to: each time the daemon starts again and resets the engine.

use anyhow::{Context, Result, bail, ensure};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use super::Programs;
use super::machine::{Machine, Mode};

/// Longest time of one replay, and of one transfer.
const LIMIT: Duration = Duration::from_secs(600);
/// Time after which a connection that was not taken is made again. QEMU accepts one, and ends it, before anybody listens
/// in the guest.
const AGAIN: Duration = Duration::from_millis(300);

/// A guest that waits for records.
pub struct Guest(Machine);

impl Guest {
    /// Boots it.
    pub fn boot(programs: &Programs, mode: Mode) -> Result<Guest> {
        programs.start("raw", mode).map(Guest)
    }

    /// What `deltascope-boardd --engine uio --raw` prints of a file of bare records.
    pub fn replay(&mut self, records: &Path) -> Result<Vec<u8>> {
        let records = std::fs::read(records).with_context(|| format!("reading {}", records.display()))?;
        self.0.send("replay")?;
        self.send(&records)?;
        let line = self.0.wait_for("the end of the replay", LIMIT, |line| line.starts_with("RAW ENDED"))?;
        ensure!(line == "RAW ENDED 0", "the daemon in the guest: expected status 0, found {line:?}");
        self.receive()
    }

    /// Ends it.
    pub fn finish(mut self) -> Result<()> {
        self.0.send("end")?;
        self.0.finish().map(drop)
    }

    /// Connects to one of the guest's two ports. Records and reports have one each, so that a second try to send the
    /// records never takes the report.
    fn connect(&self, port: usize) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect(("127.0.0.1", self.0.ports[port]))?;
        stream.set_read_timeout(Some(LIMIT))?;
        Ok(stream)
    }

    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        let expected = format!("RECEIVED {}", bytes.len());
        let end = Instant::now() + LIMIT;
        while Instant::now() < end {
            // It also succeeds without a listener: whether the bytes arrived is for the guest to say.
            let _ = self.connect(0).and_then(|mut stream| {
                stream.write_all(bytes)?;
                stream.shutdown(Shutdown::Write)?;
                stream.read_to_end(&mut Vec::new())
            });
            match self.0.look_for(AGAIN, |line| line.starts_with("RECEIVED"))? {
                Some(line) if line == expected => return Ok(()),
                Some(line) => bail!("expected the guest to print {expected:?}, found {line:?}"),
                None => {}
            }
        }
        bail!("expected the guest to take {} bytes, found no listener within {LIMIT:?}", bytes.len())
    }

    fn receive(&mut self) -> Result<Vec<u8>> {
        let end = Instant::now() + LIMIT;
        while Instant::now() < end {
            let mut bytes = Vec::new();
            match self.connect(1).and_then(|mut stream| stream.read_to_end(&mut bytes)) {
                Ok(count) if count > 0 => return Ok(bytes),
                _ => std::thread::sleep(AGAIN / 3),
            }
        }
        bail!("expected the guest to send its report, found nothing within {LIMIT:?}")
    }
}
