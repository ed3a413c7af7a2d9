//! All network namespaces of this machine as one source.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io;
use std::time::{Duration, Instant};

use deltascope_abi::loss::Losses;

use super::error::CaptureError;
use super::namespace::{Captured, Namespace};
use super::namespaces::{Finder, Id, inside};
use super::owners::Owners;
use super::packets::PacketCounts;
use super::ring::{BLOCK_BYTES, RETIRE_MS};
use super::sys;
use crate::capture::PayloadBytes;
use crate::procfs::ProcFs;
use crate::report::Details;
use crate::sink::Sink;
use crate::sources::{Progress, Round, Source, SourceError};

/// Blocks of the ring of the own network namespace, and of each other one.
const OWN_BLOCKS: usize = 64;
const OTHER_BLOCKS: usize = 16;
/// Fewest and most blocks of a ring: 1 MiB to 1 GiB.
const FEWEST_BLOCKS: usize = 4;
const MOST_BLOCKS: usize = 1 << 12;
/// Blocks of each ring that a round reads at most.
const ROUND_BLOCKS: usize = 16;
/// Time between two looks at the network namespaces.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Wait for packets when there are none.
const WAIT: Duration = Duration::from_millis(20);
/// Longest wait for the last packets after the end.
const LAST_PACKETS: Duration = Duration::from_secs(1);

/// What can be chosen.
#[derive(Clone, Debug, Default)]
pub struct CaptureOptions {
    /// Names of the interfaces whose packets count; none: all.
    pub interfaces: Vec<String>,
    /// Bytes of the ring of each network namespace.
    pub ring_bytes: Option<u32>,
}

impl CaptureOptions {
    /// Blocks of the ring of the own network namespace, and of each other one.
    fn blocks(&self) -> Result<(usize, usize), CaptureError> {
        let Some(bytes) = self.ring_bytes else { return Ok((OWN_BLOCKS, OTHER_BLOCKS)) };
        let blocks = bytes as usize / BLOCK_BYTES;
        if (FEWEST_BLOCKS..=MOST_BLOCKS).contains(&blocks) {
            return Ok((blocks, blocks));
        }
        let [low, high] = [FEWEST_BLOCKS, MOST_BLOCKS].map(|blocks| (blocks * BLOCK_BYTES) as u64);
        Err(CaptureError::RingBytes { low, high, found: bytes.into() })
    }
}

/// See the module.
#[derive(Debug)]
pub struct Capture {
    finder: Finder,
    interfaces: Vec<String>,
    own_blocks: usize,
    other_blocks: usize,
    own: Id,
    namespaces: BTreeMap<Id, Namespace>,
    /// Namespaces that could not be entered, with the reason.
    denied: BTreeMap<Id, String>,
    looked: Instant,
    owners: Owners,
    /// Messages whose owners are not known yet, and those behind them.
    pending: VecDeque<Captured>,
    captured: u64,
    given: u64,
    /// Of namespaces that are gone.
    ended_payload: PayloadBytes,
    ended_counts: PacketCounts,
    /// In every namespace so far the kernel marks forwarded packets.
    sees_ingress: bool,
    stopped: bool,
    /// Switched off: no namespace is captured in, and none is looked for.
    off: bool,
}

impl Capture {
    /// Opens a ring in the network namespace of this process and in those of all others.
    ///
    /// # Errors
    /// The kernel has no packet sockets or inet_diag, this process may not use them, or an interface is unknown.
    pub fn open(options: &CaptureOptions) -> Result<Capture, CaptureError> {
        let (own_blocks, other_blocks) = options.blocks()?;
        let finder = Finder::new(ProcFs::default());
        let own =
            finder.own().map_err(CaptureError::at("the network namespace of this process in /proc/self/ns/net"))?;
        let (namespace, mut known) =
            Namespace::open(own_blocks).map_err(|(step, source)| CaptureError::System { step, source })?;
        let mut capture = Capture {
            sees_ingress: namespace.sees_ingress(),
            finder,
            interfaces: options.interfaces.clone(),
            own_blocks,
            other_blocks,
            own,
            namespaces: BTreeMap::from([(own, namespace)]),
            denied: BTreeMap::new(),
            looked: Instant::now(),
            owners: Owners::new(),
            pending: VecDeque::new(),
            captured: 0,
            given: 0,
            ended_payload: PayloadBytes::default(),
            ended_counts: PacketCounts::default(),
            stopped: false,
            off: false,
        };
        known.append(&mut capture.look().map_err(CaptureError::at("the network namespaces of other processes"))?);
        known.sort();
        known.dedup();
        if let Some(name) = options.interfaces.iter().find(|name| !known.contains(name)) {
            return Err(CaptureError::Interface { name: name.clone(), known: known.join(", ") });
        }
        Ok(capture)
    }

    /// Whether this process may capture in its own network namespace.
    pub fn is_permitted() -> bool {
        Namespace::open(FEWEST_BLOCKS).is_ok()
    }

    /// Begins in namespaces that are new and ends in those that no process has any more. Returns the interfaces of new ones.
    fn look(&mut self) -> io::Result<Vec<String>> {
        self.looked = Instant::now();
        let found = self.finder.all();
        let gone: Vec<Id> =
            self.namespaces.keys().filter(|&id| *id != self.own && !found.contains_key(id)).copied().collect();
        self.end(&gone)?;
        self.denied.retain(|id, _| found.contains_key(id));
        self.namespaces.values_mut().for_each(Namespace::refresh);
        let mut interfaces = Vec::new();
        for (id, pid) in found {
            if self.namespaces.contains_key(&id) || self.denied.contains_key(&id) {
                continue;
            }
            match self.enter(id, pid) {
                Ok((namespace, mut names)) => {
                    self.sees_ingress &= namespace.sees_ingress();
                    self.namespaces.insert(id, namespace);
                    interfaces.append(&mut names);
                }
                // Its process has ended meanwhile; another one may have it at the next look.
                Err((_, error)) if error.kind() == io::ErrorKind::NotFound => {}
                Err((step, error)) => _ = self.denied.insert(id, format!("process {pid}: {step}: {error}")),
            }
        }
        Ok(interfaces)
    }

    fn enter(&self, id: Id, pid: u32) -> Result<(Namespace, Vec<String>), (&'static str, io::Error)> {
        let enter = |error| ("entering its network namespace", error);
        let file: File = self.finder.open(id, pid).map_err(enter)?;
        let blocks = self.other_blocks;
        let opened = inside(&file, move || Ok(Namespace::open(blocks)));
        opened.map_err(enter)?
    }

    /// Ends the capture in some namespaces, with what is in their rings.
    fn end(&mut self, ids: &[Id]) -> io::Result<()> {
        let mut ended: Vec<Namespace> = ids.iter().filter_map(|id| self.namespaces.remove(id)).collect();
        if ended.is_empty() {
            return Ok(());
        }
        let Capture { pending, captured, interfaces, ended_payload, ended_counts, .. } = self;
        let mut give = |message| {
            *captured += 1;
            pending.push_back(message);
        };
        let outcome = drain(&mut ended, interfaces, &mut give);
        for mut namespace in ended {
            namespace.finish(&mut give);
            ended_payload.add(&namespace.payload());
            ended_counts.add(&namespace.counts());
        }
        outcome
    }

    /// Ends the capture everywhere. What cannot be read stays in the counts as received and not read.
    fn end_all(&mut self) {
        let all: Vec<Id> = self.namespaces.keys().copied().collect();
        _ = self.end(&all);
    }

    /// Gives what has an owner, in order.
    fn give(&mut self, sink: &mut dyn Sink) -> Result<(), SourceError> {
        while let Some(&Captured { sent, charge, at }) = self.pending.front() {
            let Some(owner) = self.owners.owner(charge, at, self.stopped, sink)? else { break };
            sink.event(sent.event(owner))?;
            self.pending.pop_front();
            self.given += 1;
        }
        Ok(())
    }

    fn counts(&self) -> PacketCounts {
        let mut sum = self.ended_counts;
        self.namespaces.values().for_each(|namespace| sum.add(&namespace.counts()));
        sum
    }

    fn read(&mut self) -> io::Result<u64> {
        let Capture { namespaces, pending, captured, interfaces, .. } = self;
        let mut give = |message| {
            *captured += 1;
            pending.push_back(message);
        };
        let mut packets = 0;
        for namespace in namespaces.values_mut() {
            packets += namespace.read(ROUND_BLOCKS, interfaces, &mut give)?;
        }
        Ok(packets)
    }

    fn failed(step: &'static str) -> impl FnOnce(io::Error) -> SourceError {
        move |source| CaptureError::System { step, source }.into()
    }
}

/// Takes no more packets in some namespaces and reads what is in their rings.
fn drain(namespaces: &mut [Namespace], interfaces: &[String], give: &mut dyn FnMut(Captured)) -> io::Result<()> {
    for namespace in &mut *namespaces {
        namespace.stop()?;
    }
    let retire = Duration::from_millis(RETIRE_MS.into());
    let begun = Instant::now();
    // A packet that was on its way when the filter changed is in the ring after this time.
    std::thread::sleep(retire);
    loop {
        let mut is_empty = true;
        for namespace in &mut *namespaces {
            is_empty &= namespace.read(usize::MAX, interfaces, give)? == 0 && namespace.counts().in_ring() == 0;
        }
        if is_empty || begun.elapsed() > LAST_PACKETS {
            return Ok(());
        }
        let descriptors: Vec<_> = namespaces.iter().map(Namespace::descriptor).collect();
        sys::wait(&descriptors, retire)?;
    }
}

impl Source for Capture {
    fn name(&self) -> &'static str {
        "capture"
    }

    fn is_state(&self) -> bool {
        false
    }

    fn round(&mut self, sink: &mut dyn Sink, progress: &mut dyn FnMut(Progress)) -> Result<Round, SourceError> {
        if self.looked.elapsed() >= LOOK_INTERVAL && !self.stopped && !self.off {
            self.look().map_err(Self::failed("the network namespaces of other processes"))?;
        }
        let packets = self.read().map_err(Self::failed("packets of a ring"))?;
        self.give(sink)?;
        if packets == 0 {
            // Nothing to read: gather more, so that a batch is worth its frame.
            sink.idle()?;
            let descriptors: Vec<_> = self.namespaces.values().map(Namespace::descriptor).collect();
            sys::wait(&descriptors, WAIT).map_err(Self::failed("a wait for packets"))?;
        }
        progress(Progress { done: self.given, total: None });
        Ok(if self.stopped && self.pending.is_empty() { Round::End } else { Round::More })
    }

    fn stop(&mut self) -> bool {
        self.stopped = true;
        self.end_all();
        true
    }

    fn can_switch(&self) -> bool {
        true
    }

    fn switch(&mut self, on: bool) -> Result<(), SourceError> {
        if on && self.off {
            let opened = Namespace::open(self.own_blocks);
            let (namespace, _) = opened.map_err(|(step, source)| CaptureError::System { step, source })?;
            self.namespaces.insert(self.own, namespace);
            self.off = false;
            self.look().map_err(Self::failed("the network namespaces of other processes"))?;
        } else if !on && !self.off {
            self.off = true;
            self.end_all();
        }
        Ok(())
    }

    fn details(&self, key: &str) -> Option<Details> {
        self.owners.details(key)
    }

    fn captured(&self) -> u64 {
        self.captured
    }

    fn losses(&self) -> Losses {
        Losses::default()
    }

    fn in_flight(&self) -> u64 {
        self.pending.len() as u64
    }

    fn payload(&self) -> Option<PayloadBytes> {
        let mut bytes = self.ended_payload;
        self.namespaces.values().for_each(|namespace| bytes.add(&namespace.payload()));
        self.pending.iter().for_each(|captured| bytes.hold(&captured.sent));
        Some(bytes)
    }

    fn notice(&self) -> Option<String> {
        let counts = self.counts();
        let mut notices = Vec::new();
        if counts.dropped > 0 {
            notices.push(format!(
                "capture: {} of {} packets found no room in the ring: messages with a gap are not judged, and what was \
                 dropped at the end of a connection is not seen; give a larger --ring-bytes",
                counts.dropped, counts.received
            ));
        }
        if let Some(reason) = self.denied.values().next() {
            notices.push(format!(
                "capture: {} network namespaces were not captured: {reason}; give CAP_NET_RAW, CAP_SYS_ADMIN and \
                 CAP_SYS_PTRACE (root has them)",
                self.denied.len()
            ));
        }
        (!notices.is_empty()).then(|| notices.join("\ndeltascope: "))
    }

    fn status(&self) -> Vec<(&'static str, u64)> {
        let counts = self.counts();
        vec![
            ("packets", counts.received),
            ("taken_packets", counts.taken),
            ("forwarded_packets", counts.forwarded),
            ("forwarded_bytes", counts.forwarded_bytes),
            ("other_layer_packets", counts.other_layer),
            ("other_packets", counts.other),
            ("dropped_packets", counts.dropped),
            ("ring_packets", counts.in_ring()),
            ("ring_full", counts.ring_full),
            ("owner_unknown", self.owners.unknown_events),
            ("owner_listener", self.owners.listener_events),
            ("look_ups", counts.look_ups),
            ("look_up_errors", counts.look_up_errors),
            ("namespaces", self.namespaces.len() as u64),
            ("namespaces_denied", self.denied.len() as u64),
            ("processes_unseen", self.finder.unseen_processes),
            ("sees_ingress", self.sees_ingress.into()),
        ]
    }
}
