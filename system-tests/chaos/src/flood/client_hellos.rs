//! A process that sends ClientHellos at a rate.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use deltascope_tls::{Channel, Credentials, Paths};
use rustix::net::sockopt::set_socket_linger;
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, bind, connect, ipproto, send, socket_with};
use rustls::pki_types::ServerName;

use crate::process::Keys;

/// Connections that are held open; then the oldest ones are closed.
const HELD: usize = 400;

/// What a flood did in a second.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Connections that it tried to make, each with a ClientHello.
    pub tried: f64,
    /// ClientHellos that the kernel took. Where the daemon's queue of connections is full, the kernel drops the others.
    pub sent: f64,
}

/// The process, as its parent sees it.
#[derive(Debug)]
pub struct Flood {
    child: Child,
    stop: ChildStdin,
}

impl Flood {
    /// Starts a process that floods `target` from sockets of `source`, `rate` ClientHellos a second.
    pub fn start(target: SocketAddr, source: IpAddr, rate: u64, folder: &Path) -> Result<Flood> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("client-hellos").args(["--target", &target.to_string(), "--source", &source.to_string()]);
        command.args(["--rate", &rate.to_string()]).arg("--folder").arg(folder);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("the flood")?;
        let stop = child.stdin.take().context("the flood's standard input")?;
        Ok(Flood { child, stop })
    }

    /// Ends it; returns what it did in a second.
    pub fn stop(self) -> Result<Rate> {
        drop(self.stop);
        let output = self.child.wait_with_output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let &[tried, sent] = &numbers[..] else { bail!("the flood: expected two rates, found {text:?}") };
        Ok(Rate { tried, sent })
    }
}

/// Floods until standard input ends, then prints how many were tried and sent in a second.
pub fn flood(target: SocketAddr, source: IpAddr, rate: u64, folder: &Path) -> Result<()> {
    let hello = client_hello(folder)?;
    let ended = thread::spawn(|| io::copy(&mut io::stdin(), &mut io::sink()));
    let begun = Instant::now();
    let mut held: VecDeque<OwnedFd> = VecDeque::new();
    let (mut sent, mut tries) = (0_u64, 0_u64);
    while !ended.is_finished() {
        if tries as f64 >= begun.elapsed().as_secs_f64() * rate as f64 {
            thread::sleep(Duration::from_millis(1));
            continue;
        }
        tries += 1;
        if let Some(socket) = one(target, source, &hello) {
            sent += 1;
            held.push_back(socket);
        }
        if held.len() > HELD {
            held.drain(..HELD / 2);
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("{} {}", tries as f64 / seconds, sent as f64 / seconds);
    io::stdout().flush()?;
    Ok(())
}

/// One connection, which is not waited for: on this machine it is there at once, or not for a second.
fn one(target: SocketAddr, source: IpAddr, hello: &[u8]) -> Option<OwnedFd> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, Some(ipproto::TCP)).ok()?;
    // Closed by RST: otherwise the ports of the address, of which there are some 28,000, wait for a minute.
    set_socket_linger(&socket, Some(Duration::ZERO)).ok()?;
    bind(&socket, &SocketAddr::new(source, 0)).ok()?;
    _ = connect(&socket, &target);
    send(&socket, hello, SendFlags::NOSIGNAL).ok()?;
    Some(socket)
}

/// The first bytes of a client. It never answers, so its certificate does not matter.
fn client_hello(folder: &Path) -> Result<Vec<u8>> {
    let keys = tempfile::tempdir_in(folder)?;
    let keys_of_nobody = Keys::new(keys.path())?;
    let paths = Paths { own: keys_of_nobody.agent.clone(), authority: keys_of_nobody.authority.clone() };
    let config = Credentials::load(&paths)?.client()?;
    let channel = Channel::client(config, ServerName::try_from("localhost")?)?;
    Ok(channel.transmit().to_vec())
}
