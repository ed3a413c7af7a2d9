//! The source: records of the ring as events, with the law at every return.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deltascope_abi::bpf::BpfCounters;
use deltascope_abi::loss::Losses;
use deltascope_abi::ring::{RING_RECORD_BYTES, RingRecord, flag};
use libbpf_rs::{RingBuffer, RingBufferBuilder};

use super::counters::losses;
use super::liveness::Liveness;
use super::programs::Programs;
use super::sampler::Sampler;
use super::{BpfError, BpfOptions};
use crate::capture::PayloadBytes;
use crate::report::Details;
use crate::sampling::Estimates;
use crate::sink::Sink;
use crate::sources::kmod::content::bytes_of;
use crate::sources::kmod::events::{self, OwnerTable};
use crate::sources::{Progress, Round, Source, SourceError};

/// Records that a round takes at most.
const BATCH: usize = 4_096;
/// Wait when there is little to read: no record wakes the agent.
const WAIT: Duration = Duration::from_millis(20);
/// Bytes that a record takes in the ring, with the kernel's header.
const SLOT_BYTES: u64 = RING_RECORD_BYTES as u64 + 8;

/// Records that the callback of the ring has taken.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) records: Vec<RingRecord>,
    /// Bytes of a record of another size.
    pub(super) wrong: Option<usize>,
}

impl Taken {
    pub(super) fn take(&mut self, bytes: &[u8]) -> i32 {
        let mut words = [0; RingRecord::WORDS];
        if bytes.len() != RING_RECORD_BYTES {
            self.wrong = Some(bytes.len());
            return -libc::EPROTO;
        }
        for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        }
        self.records.push(RingRecord::from_words(&words));
        0
    }
}

/// BPF programs as a source; see `host-agent/bpf/` for them.
#[derive(Debug)]
pub struct Bpf {
    // Before the programs: it reads a map of theirs.
    ring: RingBuffer<'static>,
    programs: Programs,
    taken: Arc<Mutex<Taken>>,
    owners: OwnerTable,
    sampler: Sampler,
    liveness: Liveness,
    /// As of the end of the last round.
    counters: BpfCounters,
    blind: u64,
    given: u64,
    /// Bytes of the sends by content that were given.
    given_bytes: u64,
    /// Records written when k was changed last.
    written_at_change: u64,
    ring_bytes: u64,
    judge_after_ms: u64,
    send_limit: u64,
    encrypted: u64,
    truncated: u64,
    partial: u64,
}

impl Bpf {
    /// Loads the programs, attaches them and opens their ring.
    ///
    /// # Errors
    /// The kernel does not have what they need, or this process may not load them.
    pub fn open(options: &BpfOptions) -> Result<Bpf, BpfError> {
        options.check()?;
        let programs = Programs::start(options)?;
        let taken: Arc<Mutex<Taken>> = Arc::default();
        let fail = |error: libbpf_rs::Error| {
            let source = std::io::Error::other(error.to_string());
            BpfError::System { step: "open the BPF ring", source, log: String::new() }
        };
        let ring = {
            let taken = taken.clone();
            let callback = move |bytes: &[u8]| taken.lock().unwrap_or_else(PoisonError::into_inner).take(bytes);
            let mut builder = RingBufferBuilder::new();
            builder.add(&programs.ring, callback).map_err(fail)?;
            builder.build().map_err(fail)?
        };
        Ok(Bpf {
            ring,
            programs,
            taken,
            owners: OwnerTable::new(),
            sampler: Sampler::new(options.sampling, options.by_content),
            liveness: Liveness::new(),
            counters: BpfCounters::default(),
            blind: 0,
            given: 0,
            given_bytes: 0,
            written_at_change: 0,
            ring_bytes: options.ring_bytes.into(),
            judge_after_ms: options.judge_after.as_millis() as u64,
            send_limit: options.send_limit.into(),
            encrypted: 0,
            truncated: 0,
            partial: 0,
        })
    }

    fn unread(&self) -> u64 {
        self.counters.written.wrapping_sub(self.given)
    }

    /// Takes what is in the ring, up to a batch. What is taken has been counted as written before.
    fn take(&mut self) -> Result<Vec<RingRecord>, BpfError> {
        let result = self.ring.consume_raw_n(BATCH);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = taken.wrong {
            return Err(BpfError::Record { expected: RING_RECORD_BYTES, found });
        }
        if result < 0 {
            let source = std::io::Error::from_raw_os_error(-result);
            return Err(BpfError::System { step: "read the BPF ring", source, log: String::new() });
        }
        Ok(std::mem::take(&mut taken.records))
    }

    fn give(&mut self, record: &RingRecord, sink: &mut dyn Sink) -> Result<(), SourceError> {
        let owner = self.owners.owner(record, sink)?;
        if let Some(event) = events::event(record, owner) {
            sink.event(event)?;
            self.given += 1;
            self.given_bytes += bytes_of(record);
            self.encrypted += u64::from(record.flags & flag::ENCRYPTED != 0);
            self.truncated += u64::from(record.flags & flag::TRUNCATED != 0);
            self.partial += u64::from(record.flags & flag::PARTIAL != 0);
            self.sampler.given(record.unit, &event);
        }
        Ok(())
    }
}

impl Source for Bpf {
    fn name(&self) -> &'static str {
        "bpf"
    }

    fn is_state(&self) -> bool {
        false
    }

    fn round(&mut self, sink: &mut dyn Sink, progress: &mut dyn FnMut(Progress)) -> Result<Round, SourceError> {
        let fill = (self.unread() * SLOT_BYTES) as f64 / self.ring_bytes as f64;
        if let Some(shift) = self.sampler.look(&self.counters, fill) {
            self.programs.set_sampling(shift)?;
            self.written_at_change = self.programs.counters.sum()?.written;
        }
        let records = self.take()?;
        // After the ring, so that whatever is given now was captured before.
        self.counters = self.programs.counters.sum()?;
        for record in &records {
            self.give(record, sink)?;
        }
        if records.len() < BATCH {
            // Little to read: gather more, so that a batch is worth its frame.
            sink.idle()?;
            std::thread::sleep(WAIT);
        }
        self.counters = self.programs.counters.sum()?;
        self.blind = self.programs.blind()?;
        self.liveness.pass(&self.counters);
        self.sampler.pass(&self.counters, self.given >= self.written_at_change, sink)?;
        progress(Progress { done: self.given, total: None });
        Ok(Round::More)
    }

    fn stop(&mut self) -> bool {
        self.programs.stop_capture();
        true
    }

    fn can_switch(&self) -> bool {
        true
    }

    fn switch(&mut self, on: bool) -> Result<(), SourceError> {
        if on {
            self.programs.start_capture()?;
        } else {
            self.programs.stop_capture();
        }
        Ok(())
    }

    fn details(&self, name: &str) -> Option<Details> {
        self.owners.details(name)
    }

    fn captured(&self) -> u64 {
        self.counters.captured
    }

    fn losses(&self) -> Losses {
        losses(&self.counters)
    }

    fn in_flight(&self) -> u64 {
        self.unread().wrapping_add(self.counters.pending)
    }

    fn payload(&self) -> Option<PayloadBytes> {
        let (seen, missing) = (self.counters.content_bytes, self.counters.content_bytes_lost);
        let in_flight = seen.wrapping_sub(missing).wrapping_sub(self.given_bytes);
        (seen > 0).then(|| PayloadBytes { seen, missing, in_flight, ..PayloadBytes::default() })
    }

    fn status(&self) -> Vec<(&'static str, u64)> {
        let counters = &self.counters;
        let mut all = vec![
            ("seen", counters.captured.wrapping_add(self.blind)),
            ("blind", self.blind),
            ("judge_after_ms", self.judge_after_ms),
            ("send_limit", self.send_limit),
            ("late", counters.late),
            ("discarded", counters.discarded),
            ("file_first_writes", counters.file_first_writes),
            ("zero_fills", counters.zero_fills),
            ("unshares", counters.unshares),
            ("remote_faults", counters.remote_faults),
            ("lost_races", counters.lost_races),
            ("unreadable", counters.unreadable),
            ("filtered", counters.filtered),
            ("over_budget", counters.over_budget),
            ("pending", counters.pending),
            ("attribution_none", self.owners.without()),
            ("encrypted_sends", self.encrypted),
            ("truncated_sends", self.truncated),
            ("partial_sends", self.partial),
            ("capture_mptcp", self.programs.has("mptcp_sendmsg").into()),
        ];
        all.extend(self.liveness.status());
        all.extend(self.sampler.status());
        all
    }

    fn estimates(&self) -> Option<Estimates> {
        self.sampler.estimates(&self.counters)
    }
}
