//! How long agents take to get in.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use deltascope_abi::ABI_VERSION;
use deltascope_protocol::frame::{self, Bye, Extensions, Hello, MAX_FRAME_BYTES, Message, Secret};
use deltascope_tls::{Channel, Credentials, Paths};
use rustls::pki_types::ServerName;

use crate::process::Board;

/// Time between two attempts, as the agent's.
const RETRY: Duration = Duration::from_millis(100);
/// Time that one attempt may take, as the agent's.
const ATTEMPT: Duration = Duration::from_secs(10);

/// Returns how long each of `count` agents took, one after the other; an agent gives up after twice the limit.
pub fn times(board: &Board, count: usize, limit: Duration) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    for number in 0..count {
        let begun = Instant::now();
        while !attempt(board, number as u8)? && begun.elapsed() < limit * 2 {
            thread::sleep(RETRY);
        }
        times.push(begun.elapsed());
    }
    Ok(times)
}

/// Connects, says Hello, and ends its session when it was welcomed.
fn attempt(board: &Board, number: u8) -> Result<bool> {
    let keys = board.keys().context("a board with keys")?;
    let paths = Paths { own: keys.agent.clone(), authority: keys.authority.clone() };
    let config = Credentials::load(&paths)?.client()?;
    let mut channel = Channel::client(config, ServerName::try_from("localhost")?)?;
    let Ok(mut stream) = TcpStream::connect_timeout(&board.address, ATTEMPT) else { return Ok(false) };
    stream.set_read_timeout(Some(ATTEMPT))?;
    let hello = Message::Hello(Hello {
        abi_version: ABI_VERSION,
        session: [number + 1; 16],
        agent: [number + 1; 16],
        secret: Secret::NONE,
        nonce: 1,
        resumes: false,
        groups: 1,
        contexts: 1,
        oldest_sequence: 0,
        next_sequence: 0,
        boot_id: 0,
        grant: 0,
        replies_below: 0,
        host: "entry",
        extensions: Extensions::NONE,
    });
    let mut bytes = vec![0; MAX_FRAME_BYTES];
    let mut unsent = frame::encode(&hello, &mut bytes)?;
    let mut plaintext = Vec::new();
    loop {
        if channel.is_open() && unsent > 0 && channel.transmit().is_empty() {
            channel.write(&bytes[..unsent])?;
            unsent = 0;
        }
        while !channel.transmit().is_empty() {
            let Ok(count) = stream.write(channel.transmit()) else { return Ok(false) };
            channel.advance(count);
        }
        if let Ok(Some(length)) = frame::frame_length(&plaintext, MAX_FRAME_BYTES)
            && plaintext.len() >= length
        {
            if !matches!(frame::decode(&plaintext[..length]), Ok(Message::Welcome(_))) {
                return Ok(false);
            }
            let length = frame::encode(&Message::Bye(Bye { next_sequence: 0 }), &mut bytes)?;
            channel.write(&bytes[..length])?;
            _ = stream.write(channel.transmit());
            return Ok(true);
        }
        if channel.is_open() && unsent > 0 {
            continue;
        }
        let Ok(count) = stream.read(channel.receive_space()) else { return Ok(false) };
        channel.received(count);
        if count == 0 || channel.process(|part| plaintext.extend_from_slice(part)).is_err() {
            return Ok(false);
        }
    }
}
