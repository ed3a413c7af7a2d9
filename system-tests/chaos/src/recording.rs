//! The third process: it makes a recording and what must be counted of it. It shares the format of recordings with the
//! agent, and no engine, group, context or wire with any process.

use std::path::Path;

use anyhow::{Context, Result};
use deltascope_abi::loss::{LossReason, Losses};
use deltascope_abi::record::Class;
use deltascope_agent::event::{Event, OwnerId, OwnerKind, What};
use deltascope_agent::recording::Writer;
use deltascope_testkit::Rng;
use deltascope_testkit::reference::Reference;
use std::collections::HashMap;

const CONTAINERS: u64 = 40;
const SOCKETS: u64 = 500;
const PAGE_BYTES: u32 = 4096;
/// Losses that the recording reports at its end: its source had them.
const RING_LOSSES: u64 = 77;

/// Writes a recording of `events` events and its reference.
pub fn generate(seed: u64, events: u64, recording: &Path, reference: &Path) -> Result<()> {
    let mut rng = Rng::new(seed);
    let mut writer = Writer::create(recording, false, &[])?;
    let mut owners: Vec<(OwnerId, String)> = Vec::new();
    let mut sent: HashMap<u64, (u64, u32)> = HashMap::new();
    let mut expected = Reference::default();
    for _ in 0..events {
        let pick = rng.below(CONTAINERS) as usize;
        if pick >= owners.len() {
            // Containers come and are named as time goes by.
            let name = format!("job-{seed}-{}", owners.len());
            owners.push((writer.add_owner(OwnerKind::Container, &name)?, name));
        }
        let (owner, name) = &owners[pick.min(owners.len() - 1)];
        let again = rng.below(3) == 0;
        let event = if rng.below(2) == 0 {
            let before = rng.next() as u32;
            let after = if again { before } else { before.wrapping_add(1 + rng.below(1 << 20) as u32) };
            expected.page(name, PAGE_BYTES, before, after);
            let class = rng.pick([Class::PageAfterT, Class::PageAtExit]);
            Event { owner: *owner, length: PAGE_BYTES, what: What::Page { class, before, after } }
        } else {
            let socket = rng.below(SOCKETS);
            let known = sent.get(&socket).copied().filter(|_| again);
            let (fingerprint, length) = known.unwrap_or_else(|| {
                let length = 1 + rng.below(60_000) as u32;
                // The upper half names socket and length, as the agent's sources do.
                let upper = 1 + (socket << 17 | u64::from(length));
                (upper << 32 | rng.next() & 0xFFFF_FFFF, length)
            });
            sent.insert(socket, (fingerprint, length));
            expected.send(name, length, socket, fingerprint);
            Event { owner: *owner, length, what: What::Send { socket, fingerprint } }
        };
        writer.add_event(event)?;
    }
    let mut losses = Losses::default();
    losses.add(LossReason::Ring, RING_LOSSES);
    expected.lost_in_ring(RING_LOSSES);
    writer.finish(expected.captured, &losses)?;
    let text = serde_json::to_vec(&expected)?;
    std::fs::write(reference, text).with_context(|| format!("writing {}", reference.display()))
}
