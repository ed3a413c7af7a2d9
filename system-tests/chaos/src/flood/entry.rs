//! How long agents take to get in.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use deltascope_abi::ABI_VERSION;
use deltascope_protocol::frame::{self, Bye, Extensions, Hello, MAX_FRAME_BYTES, Message, Secret};
use deltascope_tls::{Channel, Credentials, Paths};
use rustls::pki_types::ServerName;

use crate::process::Board;

/// Time between two attempts, as the agent's.
const RETRY: Duration = Duration::from_millis(100);
/// Time that one attempt may take, as the agent's.
const ATTEMPT: Duration = Duration::from_secs(10);

/// How agents come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// With a new session.
    New,
    /// With a session that lost its connection.
    Resumed,
}

/// Returns how long each of `count` agents took, one after the other; an agent gives up after twice the limit.
pub fn times(board: &Board, count: usize, limit: Duration, entry: Entry) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    for number in 0..count {
        let mut hello = hello(number as u8, entry);
        if entry == Entry::Resumed {
            // The session that is lost; how long it took to begin is not of interest here.
            let Some((boot_id, grant)) = enter(board, &hello, limit, false)? else {
                times.push(limit * 2);
                continue;
            };
            (hello.boot_id, hello.grant) = (boot_id, grant);
        }
        let begun = Instant::now();
        let entered = enter(board, &hello, limit, true)?;
        times.push(begun.elapsed());
        if let Some(found) = entered.filter(|_| entry == Entry::Resumed) {
            ensure!(found == (hello.boot_id, hello.grant), "expected the grant of the session, found {found:?}");
        }
    }
    Ok(times)
}

/// Tries until the agent is in or twice the limit is over. Returns boot id and grant.
fn enter(board: &Board, hello: &Hello<'_>, limit: Duration, is_last: bool) -> Result<Option<(u64, u64)>> {
    let begun = Instant::now();
    loop {
        let entered = attempt(board, hello, is_last)?;
        if entered.is_some() || begun.elapsed() >= limit * 2 {
            return Ok(entered);
        }
        thread::sleep(RETRY);
    }
}

fn hello(number: u8, entry: Entry) -> Hello<'static> {
    Hello {
        abi_version: ABI_VERSION,
        session: [number + 1; 16],
        agent: [number + 1; 16],
        secret: Secret([number + 1; 16]),
        nonce: 1,
        resumes: entry == Entry::Resumed,
        groups: 1,
        contexts: 1,
        oldest_sequence: 0,
        next_sequence: 0,
        boot_id: 0,
        grant: 0,
        replies_below: 0,
        host: "entry",
        extensions: Extensions::NONE,
    }
}

/// Connects and sends Hello. Once it was welcomed it ends its session with `is_last`, else only its connection. Returns boot id and
/// grant.
fn attempt(board: &Board, hello: &Hello<'_>, is_last: bool) -> Result<Option<(u64, u64)>> {
    let keys = board.keys().context("a board with keys")?;
    let paths = Paths { own: keys.agent.clone(), authority: keys.authority.clone() };
    let config = Credentials::load(&paths)?.client()?;
    let mut channel = Channel::client(config, ServerName::try_from("localhost")?)?;
    let Ok(mut stream) = TcpStream::connect_timeout(&board.address, ATTEMPT) else { return Ok(None) };
    stream.set_read_timeout(Some(ATTEMPT))?;
    let hello = Message::Hello(*hello);
    let mut bytes = vec![0; MAX_FRAME_BYTES];
    let mut unsent = frame::encode(&hello, &mut bytes)?;
    let mut plaintext = Vec::new();
    loop {
        if channel.is_open() && unsent > 0 && channel.transmit().is_empty() {
            channel.write(&bytes[..unsent])?;
            unsent = 0;
        }
        while !channel.transmit().is_empty() {
            let Ok(count) = stream.write(channel.transmit()) else { return Ok(None) };
            channel.advance(count);
        }
        if let Ok(Some(length)) = frame::frame_length(&plaintext, MAX_FRAME_BYTES)
            && plaintext.len() >= length
        {
            let Ok(Message::Welcome(welcome)) = frame::decode(&plaintext[..length]) else { return Ok(None) };
            let entered = Some((welcome.boot_id, welcome.grant));
            if !is_last {
                return Ok(entered);
            }
            let length = frame::encode(&Message::Bye(Bye { next_sequence: 0 }), &mut bytes)?;
            channel.write(&bytes[..length])?;
            _ = stream.write(channel.transmit());
            return Ok(entered);
        }
        if channel.is_open() && unsent > 0 {
            continue;
        }
        let Ok(count) = stream.read(channel.receive_space()) else { return Ok(None) };
        channel.received(count);
        if count == 0 || channel.process(|part| plaintext.extend_from_slice(part)).is_err() {
            return Ok(None);
        }
    }
}
