//! Bare records through the engine of an image with the setting `test=engine`, for the suite over every engine.

use anyhow::{Result, ensure};
use deltascope_firmware_core::remote::{HEAD, RemoteEngine};
use deltascope_model::raw::replay_raw_within;
use std::cell::RefCell;
use std::time::Duration;

use crate::image::Image;
use crate::peer::Peer;

/// Time of this machine without progress after which a replay has failed.
const LIMIT: Duration = Duration::from_secs(600);

/// Returns status and body of an answer that is whole. It may be longer than a request.
fn split(answer: &[u8]) -> Option<(u8, &[u8])> {
    let ([status, length @ ..], body) = answer.split_first_chunk::<HEAD>()?;
    Some((*status, body.get(..u32::from_le_bytes(*length) as usize)?))
}

/// Sends a request to the image, and returns its answer.
fn exchange(peer: &mut Peer, request: &[u8]) -> Result<(u8, Vec<u8>)> {
    let mut left = request;
    let mut answer = Vec::new();
    peer.wait("an answer of the engine", |peer| {
        ensure!(peer.is_connected(), "expected that the image keeps the connection, found it closed");
        left = &left[peer.send(left)?..];
        answer.extend(peer.receive()?);
        Ok(split(&answer).map(|(status, body)| (status, body.to_vec())))
    })
}

/// Replays records, and returns the report that `deltascope-boardd --raw` prints, with the peer for what it has counted.
///
/// # Errors
/// The image, the simulation or the replay has failed.
pub fn replay(image: &Image, records: &[u8]) -> Result<(Vec<u8>, Peer)> {
    let mut peer = Peer::new(image)?;
    peer.connect()?;
    let peer = RefCell::new(peer);
    let ask = |request: &[u8]| exchange(&mut peer.borrow_mut(), request).map_err(|error| format!("{error:#}"));
    let mut engine = RemoteEngine::open(ask)?;
    let report = replay_raw_within(&mut &*records, &mut engine, LIMIT)?;
    let mut text = Vec::new();
    report.write_json(&mut text)?;
    // The daemon ends its report with a line of its own.
    text.push(b'\n');
    Ok((text, peer.into_inner()))
}
