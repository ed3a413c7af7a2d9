//! The agent's uplink to the daemon over the loopback interface, beside a bare sender of the same bytes.

use super::step::{Step, Unit};
use crate::compare::{Effort, in_turn};
use crate::daemon::Daemon;
use crate::workload;
use anyhow::{Context, Result, anyhow, ensure};
use deltascope_abi::record::{RECORD_BYTES, Record};
use deltascope_agent::uplink::{Options, Tls, Uplink};
use deltascope_tls::{Authority, Credentials, Paths, Role, Validity};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread::{JoinHandle, spawn};
use std::time::{Duration, Instant};

/// Records that a source hands over at once.
pub(crate) const BATCH: usize = 2048;
/// Bytes that the bare sender writes at once.
const WRITE: usize = 64 << 10;

/// Counted events a second, from the first record to a snapshot that holds them all.
pub(crate) fn uplink(
    address: SocketAddr,
    tls: Option<&Tls>,
    records: &[Record],
    batch: usize,
    time: Duration,
) -> Result<f64> {
    let options = Options {
        timeout: Duration::from_secs(60),
        tls: tls.cloned(),
        groups: workload::GROUPS,
        contexts: workload::CONTEXTS,
        ..Options::default()
    };
    let mut uplink = Uplink::connect(address, options, ())?;
    let (begun, mut admitted) = (Instant::now(), 0u64);
    while begun.elapsed() < time {
        for batch in records[..1 << 15].chunks(batch) {
            uplink.admit_all(batch)?;
        }
        admitted += 1 << 15;
    }
    uplink.snapshot()?;
    let rate = admitted as f64 / begun.elapsed().as_secs_f64();
    let counted: u64 = uplink.totals().iter().map(|row| row.events).sum();
    ensure!(counted == admitted, "counted {counted} of {admitted} events");
    uplink.finish()?;
    Ok(rate)
}

/// Reads to the end and answers with one byte, so that the sender knows when everything has arrived.
pub(super) fn drain(mut stream: impl Read + Write) -> Result<()> {
    let mut buffer = vec![0; 256 << 10];
    while stream.read(&mut buffer)? > 0 {}
    stream.write_all(&[0])?;
    Ok(stream.flush()?)
}

/// Sends the bytes of the records until `time` is over, ends its direction with `end`, and returns records a second.
fn send<S: Read + Write>(
    mut stream: S,
    bytes: &[u8],
    time: Duration,
    end: impl FnOnce(&mut S) -> std::io::Result<()>,
) -> Result<f64> {
    let (begun, mut sent) = (Instant::now(), 0usize);
    while begun.elapsed() < time {
        for part in bytes.chunks(WRITE) {
            stream.write_all(part)?;
            sent += part.len();
        }
    }
    end(&mut stream)?;
    let mut answer = [0];
    stream.read_exact(&mut answer)?;
    Ok(sent as f64 / RECORD_BYTES as f64 / begun.elapsed().as_secs_f64())
}

/// A receiver in a thread of its own.
pub(super) fn receiver(
    take: impl FnOnce(TcpStream) -> Result<()> + Send + 'static,
) -> Result<(SocketAddr, JoinHandle<Result<()>>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    Ok((address, spawn(move || take(listener.accept()?.0))))
}

/// Waits for a receiver.
pub(super) fn joined(thread: JoinHandle<Result<()>>) -> Result<()> {
    thread.join().map_err(|_| anyhow!("the receiver panicked"))?
}

/// The bytes of the records.
fn bytes(records: &[Record]) -> Vec<u8> {
    records.iter().flat_map(|record| record.to_bytes()).collect()
}

/// Without TLS.
pub fn plain(effort: Effort, boardd: &Path) -> Result<Step> {
    let records = workload::records();
    let bytes = bytes(&records);
    let daemon = Daemon::start(boardd, &[])?;
    let bare = |time| {
        let (address, thread) = receiver(drain)?;
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let rate = send(stream, &bytes, time, |stream| stream.shutdown(Shutdown::Write))?;
        joined(thread).map(|()| rate)
    };
    let pair = in_turn(effort, |time| uplink(daemon.address, None, &records, BATCH, time), bare)?;
    let what = "agent's uplink, loopback, daemon, golden engine, to a snapshot that holds all";
    Ok(Step::new("loopback_plain", what, "bare TCP sender of the same bytes", Unit::Events, pair, Some(0.8)))
}

/// With TLS 1.3 and both certificates.
pub fn tls(effort: Effort, boardd: &Path) -> Result<Step> {
    let records = workload::records();
    let bytes = bytes(&records);
    let keys = tempfile::tempdir().context("making a folder for keys")?;
    let authority = Authority::create(&keys.path().join("keys"), Validity::days(1))?;
    let server = authority.issue(Role::Server, "localhost", &[[127, 0, 0, 1].into()], Validity::days(1))?;
    let agent = authority.issue(Role::Agent, "bench", &[], Validity::days(1))?;
    let tls = Tls::new(agent.clone(), authority.certificate(), "127.0.0.1")?;
    let load = |own: &Path| Credentials::load(&Paths { own: own.to_owned(), authority: authority.certificate() });
    let (serving, asking) = (load(&server)?.server()?, load(&agent)?.client()?);
    let arguments = ["--tls".into(), server.into(), "--authority".into(), authority.certificate().into()];
    let daemon = Daemon::start(boardd, &arguments)?;
    let name = ServerName::try_from("127.0.0.1").context("a name")?;
    let bare = |time| {
        let config = Arc::clone(&serving);
        let (address, thread) =
            receiver(move |stream| drain(StreamOwned::new(ServerConnection::new(config)?, stream)))?;
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let connection = ClientConnection::new(Arc::clone(&asking), name.clone())?;
        let end = |stream: &mut StreamOwned<ClientConnection, TcpStream>| {
            stream.conn.send_close_notify();
            stream.flush()
        };
        let rate = send(StreamOwned::new(connection, stream), &bytes, time, end)?;
        joined(thread).map(|()| rate)
    };
    let pair = in_turn(effort, |time| uplink(daemon.address, Some(&tls), &records, BATCH, time), bare)?;
    let what = "the same with TLS 1.3 and both certificates";
    Ok(Step::new("loopback_tls", what, "bare rustls sender of the same bytes", Unit::Events, pair, Some(0.8)))
}
