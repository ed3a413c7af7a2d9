//! The fabric interrupt of the emulated Zynq, through QEMU's test protocol.
//!
//! QMP finds the device that holds the interrupt controller, since its place among QEMU's unattached objects may change
//! from version to version; the test protocol (docs/devel/testing/qtest.rst in QEMU) sets its input.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use deltascope_abi::board::INTERRUPT_SPI;
use serde_json::{Value, json};

/// Longest time until QEMU has made its sockets, and for one answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Where QEMU keeps what has no other owner.
const UNATTACHED: &str = "/machine/unattached";
/// QEMU's type of the Cortex-A9 private peripherals, the interrupt controller among them.
const CONTROLLER: &str = "child<a9mpcore_priv>";

/// Why the line cannot be set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// QEMU does not answer.
    #[error("{socket}: {source}; was QEMU started with this socket?")]
    Socket {
        /// The socket's name.
        socket: String,
        /// The cause.
        source: io::Error,
    },
    /// QEMU answers something else.
    #[error("QEMU: expected {expected}, found {found}")]
    Answer {
        /// What was expected.
        expected: &'static str,
        /// What was found.
        found: String,
    },
}

/// A conversation in lines.
struct Lines {
    name: String,
    stream: BufReader<UnixStream>,
}

impl Lines {
    /// Connects, as soon as there is somebody.
    fn connect(path: &Path) -> Result<Lines, LineError> {
        let name = path.display().to_string();
        let end = Instant::now() + PATIENCE;
        let stream = loop {
            match UnixStream::connect(path) {
                Ok(stream) => break stream,
                Err(source) if Instant::now() > end => return Err(LineError::Socket { socket: name, source }),
                Err(_) => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        let limited = stream.set_read_timeout(Some(PATIENCE));
        limited.map_err(|source| LineError::Socket { socket: name.clone(), source })?;
        Ok(Lines { name, stream: BufReader::new(stream) })
    }

    fn failed(&self, source: io::Error) -> LineError {
        LineError::Socket { socket: self.name.clone(), source }
    }

    fn send(&mut self, text: &str) -> Result<(), LineError> {
        let sent = self.stream.get_mut().write_all(format!("{text}\n").as_bytes());
        sent.map_err(|source| self.failed(source))
    }

    fn receive(&mut self) -> Result<String, LineError> {
        let mut text = String::new();
        match self.stream.read_line(&mut text) {
            Ok(0) => Err(self.failed(io::ErrorKind::UnexpectedEof.into())),
            Ok(_) => Ok(text),
            Err(source) => Err(self.failed(source)),
        }
    }
}

/// A QMP command; events that come meanwhile are passed over.
fn execute(lines: &mut Lines, command: &Value) -> Result<Value, LineError> {
    lines.send(&command.to_string())?;
    loop {
        let text = lines.receive()?;
        let answer: Value = serde_json::from_str(&text).unwrap_or_default();
        if let Some(value) = answer.get("return") {
            return Ok(value.clone());
        }
        if answer.get("event").is_none() {
            return Err(LineError::Answer { expected: "a QMP answer", found: text });
        }
    }
}

fn find_controller(qmp: &Path) -> Result<String, LineError> {
    let mut lines = Lines::connect(qmp)?;
    lines.receive()?;
    execute(&mut lines, &json!({"execute": "qmp_capabilities"}))?;
    let list = execute(&mut lines, &json!({"execute": "qom-list", "arguments": {"path": UNATTACHED}}))?;
    let mut children = list.as_array().into_iter().flatten();
    let found = children.find(|child| child["type"] == CONTROLLER).and_then(|child| child["name"].as_str());
    match found {
        Some(name) => Ok(format!("{UNATTACHED}/{name}")),
        None => Err(LineError::Answer { expected: CONTROLLER, found: list.to_string() }),
    }
}

/// The line `IRQ_F2P[0]`.
pub struct Line {
    lines: Lines,
    controller: String,
    level: bool,
    raised: u64,
}

impl Line {
    /// Finds it in the QEMU that has these sockets. The line is low.
    ///
    /// # Errors
    /// QEMU does not answer, or is another machine.
    pub fn connect(qmp: &Path, qtest: &Path) -> Result<Line, LineError> {
        let controller = find_controller(qmp)?;
        let mut line = Line { lines: Lines::connect(qtest)?, controller, level: false, raised: 0 };
        line.put(false)?;
        Ok(line)
    }

    /// Times that it was raised.
    pub fn raised(&self) -> u64 {
        self.raised
    }

    /// Sets the line. Returns when QEMU has done it.
    ///
    /// # Errors
    /// QEMU has ended.
    pub fn set(&mut self, level: bool) -> Result<(), LineError> {
        if level == self.level {
            return Ok(());
        }
        self.level = level;
        self.raised += u64::from(level);
        self.put(level)
    }

    fn put(&mut self, level: bool) -> Result<(), LineError> {
        let level = u8::from(level);
        self.lines.send(&format!("set_irq_in {} unnamed-gpio-in {INTERRUPT_SPI} {level}", self.controller))?;
        let found = self.lines.receive()?;
        match found.starts_with("OK") {
            true => Ok(()),
            false => Err(LineError::Answer { expected: "OK", found }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    /// A QEMU that knows two sentences, and keeps what it was sent.
    fn fake(folder: &Path, children: &'static str) -> std::thread::JoinHandle<Vec<String>> {
        let (qmp, qtest) = (folder.join("qmp"), folder.join("qtest"));
        let (qmp, qtest) = (UnixListener::bind(qmp).unwrap(), UnixListener::bind(qtest).unwrap());
        std::thread::spawn(move || {
            let mut stream = BufReader::new(qmp.accept().unwrap().0);
            stream.get_mut().write_all(b"{\"QMP\": {}}\n").unwrap();
            let mut text = String::new();
            stream.read_line(&mut text).unwrap();
            stream.get_mut().write_all(b"{\"return\": {}}\n").unwrap();
            stream.read_line(&mut text).unwrap();
            stream.get_mut().write_all(b"{\"event\": \"RESUME\"}\n").unwrap();
            stream.get_mut().write_all(format!("{{\"return\": [{children}]}}\n").as_bytes()).unwrap();
            drop(stream);
            let Ok((stream, _)) = qtest.accept() else { return Vec::new() };
            let mut stream = BufReader::new(stream);
            let mut received = Vec::new();
            loop {
                let mut text = String::new();
                if stream.read_line(&mut text).unwrap_or(0) == 0 {
                    return received;
                }
                received.push(text.trim().to_owned());
                stream.get_mut().write_all(b"OK\n").unwrap();
            }
        })
    }

    #[test]
    fn the_line_is_set_when_it_changes_and_at_no_other_time() {
        let folder = tempfile::tempdir().unwrap();
        let children = r#"{"name": "device[7]", "type": "child<a9mpcore_priv>"}"#;
        let qemu = fake(folder.path(), children);
        let mut line = Line::connect(&folder.path().join("qmp"), &folder.path().join("qtest")).unwrap();
        for level in [false, true, true, false, false, true] {
            line.set(level).unwrap();
        }
        assert_eq!(line.raised(), 2);
        drop(line);
        let expected = [0, 1, 0, 1]
            .map(|level| format!("set_irq_in /machine/unattached/device[7] unnamed-gpio-in {INTERRUPT_SPI} {level}"));
        assert_eq!(qemu.join().unwrap(), expected);
    }

    #[test]
    fn another_machine_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let _qemu = fake(folder.path(), r#"{"name": "device[0]", "type": "child<uart>"}"#);
        let error = Line::connect(&folder.path().join("qmp"), &folder.path().join("qtest")).err().unwrap();
        assert!(error.to_string().contains("expected child<a9mpcore_priv>"), "{error}");
    }
}
