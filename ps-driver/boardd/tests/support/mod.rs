//! A daemon as a process, keys for it, and peers that speak TLS to it.
#![allow(clippy::unwrap_used, dead_code, reason = "tests stop at the first surprise; not every test needs everything")]

use deltascope_protocol::frame::{self, ErrorCode, ErrorFrame, MAX_FRAME_BYTES, Message};
pub use deltascope_testkit::frames::encode;
use deltascope_testkit::{frames, memory};
use deltascope_tls::{Authority, Channel, Credentials, Paths, Role, TlsError, Validity};
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, socket_with};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Time after which a test gives up: for hangs.
pub const HANG: Duration = Duration::from_secs(300);

pub struct Daemon {
    pub child: Child,
    pub address: SocketAddr,
    stdout: BufReader<ChildStdout>,
    pub stderr: Option<ChildStderr>,
}

/// The daemon.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = program(Path::new(env!("CARGO_BIN_EXE_deltascope-boardd")));
    command.args(arguments);
    command
}

/// A program of this build. `DELTASCOPE_RUNNER` names the emulator when these tests and their programs are of another
/// architecture.
pub fn program(program: &Path) -> Command {
    match std::env::var_os("DELTASCOPE_RUNNER") {
        Some(runner) => {
            let mut command = Command::new(runner);
            command.arg(program);
            command
        }
        None => Command::new(program),
    }
}

/// Sends a signal to a child that was not waited for.
pub fn send_signal(child: &Child, number: i32) {
    // SAFETY: the process is a child of this one that was not waited for, so the id is its own.
    assert_eq!(unsafe { libc::kill(child.id() as libc::pid_t, number) }, 0);
}

/// Waits until a process has taken every signal that was sent to it.
pub fn wait_until_taken(child: &Child) {
    let deadline = Instant::now() + HANG;
    let waits = |status: &str| {
        let masks = status.lines().filter_map(|line| line.strip_prefix("ShdPnd:")).map(str::trim);
        masks.map(|mask| u64::from_str_radix(mask, 16).unwrap()).any(|mask| mask != 0)
    };
    while std::fs::read_to_string(format!("/proc/{}/status", child.id())).is_ok_and(|status| waits(&status)) {
        assert!(Instant::now() < deadline, "a signal is not taken");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Waits for the end of a process.
pub fn end(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + HANG;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(Instant::now() < deadline, "no end");
        std::thread::sleep(Duration::from_millis(2));
    }
}

impl Daemon {
    pub fn start(arguments: &[&str]) -> Daemon {
        Daemon::start_with(arguments, &[])
    }

    pub fn start_with(arguments: &[&str], environment: &[(&'static str, PathBuf)]) -> Daemon {
        let mut command = command(&["--listen", "127.0.0.1:0"]);
        command.args(arguments).envs(environment.iter().map(|(name, value)| (name, value)));
        Daemon::of(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// A daemon that was started, once it listens.
    pub fn of(mut child: Child) -> Daemon {
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let mut stderr = child.stderr.take();
        let Some(address) = line.trim().strip_prefix("listening on ") else {
            child.kill().unwrap();
            let log = stderr.take().map(std::io::read_to_string);
            panic!("expected the address of a daemon, found {line:?}; it printed {log:?}");
        };
        let address = address.parse().unwrap();
        Daemon { child, address, stdout, stderr }
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(300))).unwrap();
        stream
    }

    pub fn signal(&self, number: i32) {
        send_signal(&self.child, number);
    }

    /// The status that it prints when asked to.
    pub fn status(&mut self) -> Value {
        self.signal(libc::SIGUSR1);
        self.line()
    }

    /// The next line of its standard output.
    pub fn line(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// The status once `ready` holds.
    pub fn status_when(&mut self, ready: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..12_000 {
            let status = self.status();
            if ready(&status) {
                return status;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("{}", self.status());
    }

    /// Resident memory of the daemon in bytes.
    pub fn resident(&self) -> u64 {
        memory::resident(self.child.id()).unwrap()
    }

    /// The most resident memory that the daemon has had, in bytes.
    pub fn peak_resident(&self) -> u64 {
        memory::peak_resident(self.child.id()).unwrap()
    }
}

/// A connection from an address of this machine.
pub fn connect_from(source: [u8; 4], target: SocketAddr) -> TcpStream {
    let flags = SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, Some(ipproto::TCP)).unwrap();
    rustix::net::bind(&socket, &SocketAddr::from((source, 0))).unwrap();
    rustix::net::connect(&socket, &target).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(300))).unwrap();
    stream
}

impl Drop for Daemon {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// An authority with a server of the name `localhost`.
pub struct Keys {
    pub folder: TempDir,
    pub authority: Authority,
    pub server: PathBuf,
}

impl Keys {
    pub fn new() -> Keys {
        let folder = TempDir::new().unwrap();
        let authority = Authority::create(folder.path(), Validity::days(1)).unwrap();
        let server = authority.issue(Role::Server, "localhost", &[], Validity::days(1)).unwrap();
        Keys { folder, authority, server }
    }

    pub fn agent(&self, name: &str) -> PathBuf {
        self.authority.issue(Role::Agent, name, &[], Validity::days(1)).unwrap()
    }

    pub fn daemon(&self, arguments: &[&str]) -> Daemon {
        let own = ["--tls", self.server.to_str().unwrap()];
        let authority = self.authority.certificate();
        Daemon::start(&[&own[..], &["--authority", authority.to_str().unwrap()], arguments].concat())
    }

    /// What a client with that certificate is.
    pub fn client(&self, own: &Path) -> Arc<ClientConfig> {
        let paths = Paths { own: own.to_path_buf(), authority: self.authority.certificate() };
        Credentials::load(&paths).unwrap().client().unwrap()
    }
}

/// A peer that speaks TLS.
pub struct Peer {
    pub stream: TcpStream,
    pub channel: Channel,
    pub plaintext: Vec<u8>,
}

impl Peer {
    pub fn new(daemon: &Daemon, config: Arc<ClientConfig>) -> Peer {
        let name = ServerName::try_from("localhost").unwrap();
        Peer { stream: daemon.connect(), channel: Channel::client(config, name).unwrap(), plaintext: Vec::new() }
    }

    /// Sends what TLS has to say.
    pub fn flush(&mut self) {
        while !self.channel.transmit().is_empty() {
            let count = self.stream.write(self.channel.transmit()).unwrap();
            self.channel.advance(count);
        }
    }

    /// Reads once; the number of bytes that came.
    pub fn read(&mut self) -> Result<usize, TlsError> {
        let Ok(count) = self.stream.read(self.channel.receive_space()) else { return Ok(0) };
        self.channel.received(count);
        let Peer { channel, plaintext, .. } = self;
        channel.process(|bytes| plaintext.extend_from_slice(bytes))?;
        Ok(count)
    }

    pub fn handshake(&mut self) -> Result<(), TlsError> {
        self.flush();
        while !self.channel.is_open() {
            if self.read()? == 0 {
                return Err(TlsError::Truncated);
            }
            self.flush();
        }
        Ok(())
    }

    pub fn send(&mut self, bytes: &[u8]) {
        assert_eq!(self.channel.write(bytes).unwrap(), bytes.len());
        self.flush();
    }

    /// Everything until the daemon closes.
    pub fn read_all(&mut self) -> Result<Vec<u8>, TlsError> {
        while !self.channel.is_closed() && self.read()? > 0 {}
        Ok(std::mem::take(&mut self.plaintext))
    }

    /// Sends what TLS has to say; `None` when the daemon has closed the connection.
    fn try_flush(&mut self) -> Option<()> {
        while !self.channel.transmit().is_empty() {
            let count = self.stream.write(self.channel.transmit()).ok()?;
            self.channel.advance(count);
        }
        Some(())
    }

    /// Sends Hello like [`Peer::send_hello`]; `None` when the daemon closes the connection first.
    pub fn try_hello(&mut self, hello: &[u8]) -> Option<Vec<u8>> {
        self.try_flush()?;
        while !self.channel.is_open() {
            if self.read().ok()? == 0 {
                return None;
            }
            self.try_flush()?;
        }
        assert_eq!(self.channel.write(hello).ok()?, hello.len());
        self.try_flush()?;
        loop {
            if let Some(frame) = frames::take(&mut self.plaintext) {
                return Some(frame);
            }
            if self.read().ok()? == 0 {
                return None;
            }
        }
    }

    /// Sends Hello for a session and reads the first frame that comes.
    pub fn send_hello(&mut self, hello: &[u8]) -> Result<Vec<u8>, TlsError> {
        self.handshake()?;
        self.send(hello);
        loop {
            if let Ok(Some(length)) = frame::frame_length(&self.plaintext, MAX_FRAME_BYTES)
                && self.plaintext.len() >= length
            {
                return Ok(self.plaintext.drain(..length).collect());
            }
            if self.read()? == 0 {
                return Err(TlsError::Truncated);
            }
        }
    }
}

/// Reads one frame; `None` when the connection ends first.
pub fn first_frame(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = vec![0; 4];
    stream.read_exact(&mut bytes).ok()?;
    let length = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
    bytes.resize(length, 0);
    stream.read_exact(&mut bytes[4..]).ok()?;
    Some(bytes)
}

/// A Hello of session `number` for as many groups and four contexts.
pub fn hello(number: u8, groups: u32) -> Vec<u8> {
    hello_of(number, groups, 4)
}

/// A Hello of session `number` for as many groups and contexts.
pub fn hello_of(number: u8, groups: u32, contexts: u32) -> Vec<u8> {
    encode(&Message::Hello(frames::hello(number, groups, contexts)))
}

/// Whether the frame is a Welcome.
pub fn is_welcome(bytes: &[u8]) -> bool {
    matches!(frame::decode(bytes).unwrap(), Message::Welcome(_))
}

/// Code and text of an Error.
pub fn error(bytes: &[u8]) -> (ErrorCode, String) {
    match frame::decode(bytes).unwrap() {
        Message::Error(ErrorFrame { code, text, .. }) => (code, text.to_owned()),
        other => panic!("{other:?}"),
    }
}
