//! The mapped rings of the capture module: the only place that touches the mapping.
//!
//! The other side writes while this one reads, so every access is an atomic load or store of an aligned word; nothing
//! here is ever a reference to a plain value.

use std::fs::{File, OpenOptions};
use std::mem::offset_of;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use std::time::Duration;

use deltascope_abi::loss::Losses;
use deltascope_abi::ring::{RING_HEADER_BYTES, RING_MAGIC, RING_RECORD_BYTES, RING_VERSION, RingHeader, RingRecord};

use super::KmodError;
use super::counters::ModuleCounters;

/// Times that a ring's counters are read again before the module is said to be stuck.
const READINGS: u32 = 1_000_000;

/// A mapping of the whole device.
#[derive(Debug)]
pub(super) struct Rings {
    path: PathBuf,
    device: File,
    base: *mut u8,
    bytes: usize,
    rings: u32,
    stride: usize,
    records: u64,
}

// SAFETY: the mapping belongs to this value alone and is used through `&self` by atomic accesses only.
unsafe impl Send for Rings {}

/// Maps the first `bytes` of the device.
fn map(device: &File, bytes: usize) -> std::io::Result<*mut u8> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // All of it at once: no record should wait for a fault.
    let flags = libc::MAP_SHARED | libc::MAP_POPULATE;
    // SAFETY: a new shared mapping at an address of the kernel's choice overlaps nothing.
    let base = unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, flags, device.as_raw_fd(), 0) };
    if base == libc::MAP_FAILED { Err(std::io::Error::last_os_error()) } else { Ok(base.cast()) }
}

/// CLOCK_MONOTONIC, the clock of the records, in nanoseconds.
pub(super) fn monotonic_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec that lives through the call, which cannot fail for this clock.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

impl Rings {
    /// Opens the device, learns its size from the first header and maps all of it.
    pub(super) fn open(path: &Path) -> Result<Rings, KmodError> {
        let fail = |source| KmodError::Open { path: path.to_path_buf(), source };
        let device = OpenOptions::new().read(true).write(true).open(path).map_err(fail)?;
        let base = map(&device, RING_HEADER_BYTES).map_err(fail)?;
        let mut rings = Rings {
            path: path.to_path_buf(),
            device,
            base,
            bytes: RING_HEADER_BYTES,
            rings: 1,
            stride: RING_HEADER_BYTES,
            records: 0,
        };
        rings.check(0)?;
        let (count, stride) =
            (rings.u32(0, offset_of!(RingHeader, rings)), rings.u32(0, offset_of!(RingHeader, stride)));
        let records = rings.u32(0, offset_of!(RingHeader, records));
        let expected =
            RING_HEADER_BYTES as u64 + (u64::from(records) * RING_RECORD_BYTES as u64).next_multiple_of(4096);
        rings.expect("ring size, a power of two", u64::from(records.next_power_of_two()), records.into())?;
        rings.expect("ring stride", expected, stride.into())?;
        rings.expect("number of rings, 1 to 65,536", count.clamp(1, 1 << 16).into(), count.into())?;
        let bytes = count as usize * stride as usize;
        let base = map(&rings.device, bytes).map_err(fail)?;
        rings.unmap();
        (rings.base, rings.bytes) = (base, bytes);
        (rings.rings, rings.stride, rings.records) = (count, stride as usize, records.into());
        for ring in 0..count {
            rings.check(ring)?;
            rings.expect("CPU of a ring", ring.into(), rings.u32(ring, offset_of!(RingHeader, cpu)).into())?;
        }
        Ok(rings)
    }

    fn expect(&self, what: &'static str, expected: u64, found: u64) -> Result<(), KmodError> {
        if expected == found {
            return Ok(());
        }
        Err(KmodError::Layout { path: self.path.clone(), what, expected, found })
    }

    fn check(&self, ring: u32) -> Result<(), KmodError> {
        self.expect("magic", RING_MAGIC, self.u64(ring, offset_of!(RingHeader, magic)))?;
        let word = |offset| u64::from(self.u32(ring, offset));
        self.expect("ring version", RING_VERSION.into(), word(offset_of!(RingHeader, version)))?;
        self.expect("bytes of a record", RING_RECORD_BYTES as u64, word(offset_of!(RingHeader, record_bytes)))
    }

    #[inline]
    fn address(&self, ring: u32, offset: usize, bytes: usize) -> *mut u8 {
        let at = ring as usize * self.stride + offset;
        assert!(ring < self.rings && at + bytes <= self.bytes && offset.is_multiple_of(bytes), "inside the mapping");
        // SAFETY: just checked to be inside the mapping.
        unsafe { self.base.add(at) }
    }

    fn word(&self, ring: u32, offset: usize) -> &AtomicU64 {
        // SAFETY: in the mapping and aligned (the mapping is page-aligned); it lives as long as `self`.
        unsafe { AtomicU64::from_ptr(self.address(ring, offset, 8).cast()) }
    }

    fn u64(&self, ring: u32, offset: usize) -> u64 {
        self.word(ring, offset).load(Ordering::Relaxed)
    }

    fn u32(&self, ring: u32, offset: usize) -> u32 {
        // SAFETY: as in `word`.
        unsafe { AtomicU32::from_ptr(self.address(ring, offset, 4).cast()) }.load(Ordering::Relaxed)
    }

    /// Number of rings.
    pub(super) fn count(&self) -> u32 {
        self.rings
    }

    /// Records of a ring.
    pub(super) fn records(&self) -> u64 {
        self.records
    }

    /// A field that only the first ring holds.
    pub(super) fn global(&self, offset: usize) -> u64 {
        self.u64(0, offset)
    }

    /// The sum of a field over all rings.
    pub(super) fn sum(&self, offset: usize) -> u64 {
        (0..self.rings).fold(0, |sum, ring| sum.wrapping_add(self.u64(ring, offset)))
    }

    /// T in milliseconds.
    pub(super) fn judge_after_ms(&self) -> u32 {
        self.u32(0, offset_of!(RingHeader, judge_after_ms))
    }

    /// k of p = 2^-k that the ring obeys after its last record.
    pub(super) fn sampling_shift(&self, ring: u32) -> u32 {
        self.u32(ring, offset_of!(RingHeader, sampling_shift)).min(63)
    }

    /// Records that the fullest ring holds, as a share of its size. A wrong tail makes a ring look full.
    pub(super) fn fill(&self) -> f64 {
        let held = (0..self.rings).map(|ring| self.head(ring).wrapping_sub(self.tail(ring)).min(self.records));
        held.max().unwrap_or(0) as f64 / self.records as f64
    }

    /// Number of the next record that the module will write.
    pub(super) fn head(&self, ring: u32) -> u64 {
        self.word(ring, offset_of!(RingHeader, head)).load(Ordering::Acquire)
    }

    /// Number of the first record that was not given back.
    pub(super) fn tail(&self, ring: u32) -> u64 {
        self.u64(ring, offset_of!(RingHeader, tail))
    }

    /// Gives the records below `tail` back to the module.
    pub(super) fn set_tail(&self, ring: u32, tail: u64) {
        self.word(ring, offset_of!(RingHeader, tail)).store(tail, Ordering::Release);
    }

    /// The words of a record's slot.
    #[inline]
    fn slot(&self, ring: u32, number: u64) -> &[AtomicU64; RING_RECORD_BYTES / 8] {
        let offset = RING_HEADER_BYTES + (number & (self.records - 1)) as usize * RING_RECORD_BYTES;
        let words = self.address(ring, offset, RING_RECORD_BYTES);
        // SAFETY: `address` checked that the whole slot is in the mapping and aligned to its size; the words are only ever
        // accessed as atomics, and live as long as `self`.
        unsafe { &*words.cast() }
    }

    /// Kind and time of a record, which must be one that [`Rings::record`] may copy.
    pub(super) fn kind_and_time(&self, ring: u32, number: u64) -> (u16, u64) {
        let slot = self.slot(ring, number);
        let word = |offset: usize| slot[offset / 8].load(Ordering::Relaxed);
        (word(offset_of!(RingRecord, kind)) as u16, word(offset_of!(RingRecord, time_ns)))
    }

    /// Copies a record, which must be at or above the tail and below a head that was read before.
    pub(super) fn record(&self, ring: u32, number: u64) -> RingRecord {
        let slot = self.slot(ring, number);
        RingRecord::from_words(&std::array::from_fn(|word| slot[word].load(Ordering::Relaxed)))
    }

    /// The counters of one ring, all of one moment.
    ///
    /// # Errors
    /// They never hold still.
    pub(super) fn counters_of(&self, ring: u32) -> Result<ModuleCounters, KmodError> {
        let generation = self.word(ring, offset_of!(RingHeader, generation));
        for _ in 0..READINGS {
            let before = generation.load(Ordering::Acquire);
            let field = |offset| self.u64(ring, offset);
            let mut lost = Losses::default();
            for (reason, events) in lost.0.iter_mut().enumerate() {
                *events = field(offset_of!(RingHeader, lost) + 8 * reason);
            }
            let counters = ModuleCounters {
                captured: field(offset_of!(RingHeader, captured)),
                head: field(offset_of!(RingHeader, head)),
                controls: field(offset_of!(RingHeader, controls)),
                pending: field(offset_of!(RingHeader, pending)),
                lost,
                sampled_sends: field(offset_of!(RingHeader, sampled_sends)),
                sampled_send_bytes: field(offset_of!(RingHeader, sampled_send_bytes)),
                content_bytes: field(offset_of!(RingHeader, content_bytes)),
                content_bytes_lost: field(offset_of!(RingHeader, content_bytes_lost)),
            };
            fence(Ordering::Acquire);
            if before.is_multiple_of(2) && generation.load(Ordering::Relaxed) == before {
                return Ok(counters);
            }
            std::hint::spin_loop();
        }
        Err(KmodError::Unsteady { ring })
    }

    /// The sum of the counters of all rings. Each ring's are of one moment, and each balances by itself.
    pub(super) fn counters(&self) -> Result<ModuleCounters, KmodError> {
        let mut sum = ModuleCounters::default();
        for ring in 0..self.rings {
            sum.add(&self.counters_of(ring)?);
        }
        Ok(sum)
    }

    /// Waits until a ring is filled to its high-water mark, or the time is over.
    pub(super) fn wait(&self, time: Duration) -> Result<(), KmodError> {
        let mut entry = libc::pollfd { fd: self.device.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let millis = time.as_millis().min(60_000) as libc::c_int;
        // SAFETY: `entry` is one valid pollfd that lives through the call, its descriptor is open.
        if unsafe { libc::poll(&mut entry, 1, millis) } < 0 {
            let source = std::io::Error::last_os_error();
            if source.kind() != std::io::ErrorKind::Interrupted {
                return Err(KmodError::Open { path: self.path.clone(), source });
            }
        }
        Ok(())
    }

    fn unmap(&mut self) {
        // SAFETY: exactly what `map` gave; no reference into it outlives `&mut self`.
        unsafe { libc::munmap(self.base.cast(), self.bytes) };
    }
}

impl Drop for Rings {
    fn drop(&mut self) {
        self.unmap();
    }
}
