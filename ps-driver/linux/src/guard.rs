//! A bus error of the programmable logic as a flag instead of the end of the process.
//!
//! When a load or store in a [`Guarded`] map is answered with SLVERR or DECERR, Linux sends SIGBUS. The handler puts
//! a page of zeros where the access went and counts a fault of that map. The access is repeated, meets the zeros and
//! continues; nothing is unwound. A fault is permanent: from then on the page is memory and no longer the device, so the
//! reader of the map looks at [`Guarded::faults`] after each access and never trusts the map again.
//!
//! An aborted store may be reported late and without its address (BUS_OBJERR: an imprecise external abort, ARM
//! DDI0406C, B3.12.4). Then every guarded map counts a fault, because any of them may be the one.

use crate::error::LinuxError;
use memmap2::MmapRaw;
use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// Most maps at a time.
const SLOTS: usize = 16;
/// `si_code` of an imprecise external abort: see signal(7).
const BUS_OBJERR: i32 = 3;

/// A guarded range of addresses; no bytes: free.
struct Slot {
    start: AtomicUsize,
    bytes: AtomicUsize,
    faults: AtomicU32,
}

static TABLE: [Slot; SLOTS] =
    [const { Slot { start: AtomicUsize::new(0), bytes: AtomicUsize::new(0), faults: AtomicU32::new(0) } }; SLOTS];
static PAGE: AtomicUsize = AtomicUsize::new(4096);
/// What handled SIGBUS before, or why it cannot be handled.
static PREVIOUS: OnceLock<Result<libc::sigaction, i32>> = OnceLock::new();

/// A map whose bus errors are counted.
#[derive(Debug)]
pub struct Guarded {
    map: MmapRaw,
    slot: usize,
}

impl Guarded {
    /// Guards a map for as long as the value lives.
    ///
    /// # Errors
    /// SIGBUS cannot be handled, or too many maps are guarded.
    pub fn new(map: MmapRaw) -> Result<Guarded, LinuxError> {
        install()?;
        let range = (map.as_ptr() as usize, map.len());
        for (slot, entry) in TABLE.iter().enumerate() {
            // A slot is claimed by its start and becomes visible to the handler by its bytes.
            if entry.start.compare_exchange(0, range.0, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                entry.faults.store(0, Ordering::Relaxed);
                entry.bytes.store(range.1, Ordering::Release);
                return Ok(Guarded { map, slot });
            }
        }
        Err(LinuxError::TooManyGuards { most: SLOTS })
    }

    /// First byte.
    pub fn ptr(&self) -> *mut u8 {
        self.map.as_mut_ptr()
    }

    /// Bytes.
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bus errors so far. When there was one, the map is not what it was: see the module.
    pub fn faults(&self) -> u32 {
        TABLE[self.slot].faults.load(Ordering::Acquire)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // Before the map goes, so that the handler never puts a page where something else may be by then.
        TABLE[self.slot].bytes.store(0, Ordering::Release);
        TABLE[self.slot].start.store(0, Ordering::Release);
    }
}

/// Puts the handler in place, once.
fn install() -> Result<(), LinuxError> {
    let installed = PREVIOUS.get_or_init(|| {
        // SAFETY: sysconf has no preconditions.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        if let Ok(page) = usize::try_from(page) {
            PAGE.store(page, Ordering::Relaxed);
        }
        // SAFETY: a sigaction of zeros is a valid value: default action, no flags, empty mask.
        let mut previous: libc::sigaction = unsafe { std::mem::zeroed() };
        // SAFETY: as above.
        let mut own: libc::sigaction = unsafe { std::mem::zeroed() };
        own.sa_sigaction = handle as *const () as usize;
        own.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
        // SAFETY: both point to sigaction values, and `handle` has the signature that SA_SIGINFO asks for.
        if unsafe { libc::sigaction(libc::SIGBUS, &own, &mut previous) } != 0 {
            return Err(io::Error::last_os_error().raw_os_error().unwrap_or(0));
        }
        Ok(previous)
    });
    match installed {
        Ok(_) => Ok(()),
        Err(code) => Err(LinuxError::Signal { source: io::Error::from_raw_os_error(*code) }),
    }
}

/// The handler. Only atomics and system calls: it interrupts anything.
extern "C" fn handle(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel passes a valid siginfo of SIGBUS to a handler with SA_SIGINFO.
    let (address, code) = unsafe { ((*info).si_addr() as usize, (*info).si_code) };
    for slot in &TABLE {
        let bytes = slot.bytes.load(Ordering::Acquire);
        let start = slot.start.load(Ordering::Acquire);
        if bytes > 0 && address.wrapping_sub(start) < bytes {
            if cover(address) {
                slot.faults.fetch_add(1, Ordering::AcqRel);
                return;
            }
            return pass_on(signal, info, context);
        }
    }
    if code == BUS_OBJERR && TABLE.iter().any(|slot| slot.bytes.load(Ordering::Acquire) > 0) {
        for slot in &TABLE {
            slot.faults.fetch_add(1, Ordering::AcqRel);
        }
        return;
    }
    pass_on(signal, info, context);
}

/// Puts a page of zeros over the page of `address`; gives whether that went well.
fn cover(address: usize) -> bool {
    let page = PAGE.load(Ordering::Relaxed);
    let start = (address & !(page - 1)) as *mut libc::c_void;
    // SAFETY: errno is the calling thread's own.
    let errno = unsafe { *libc::__errno_location() };
    // SAFETY: the page lies in a map that its owner still holds, so nothing but the device is replaced; the owner reads
    // it with volatile accesses only and never as a reference, and unmaps the whole range later.
    let covered = unsafe {
        libc::mmap(
            start,
            page,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED,
            -1,
            0,
        )
    };
    // SAFETY: as above; the code that was interrupted may be about to look at it.
    unsafe { *libc::__errno_location() = errno };
    covered != libc::MAP_FAILED
}

/// A bus error of somebody else: what handled SIGBUS before handles it, or it ends the process.
fn pass_on(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    if let Some(Ok(previous)) = PREVIOUS.get()
        && previous.sa_sigaction != libc::SIG_DFL
        && previous.sa_sigaction != libc::SIG_IGN
    {
        if previous.sa_flags & libc::SA_SIGINFO != 0 {
            type Handler = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);
            // SAFETY: it was installed with SA_SIGINFO, so it is a function of this signature.
            let handler = unsafe { std::mem::transmute::<usize, Handler>(previous.sa_sigaction) };
            return handler(signal, info, context);
        }
        // SAFETY: it was installed without SA_SIGINFO and is neither of the two constants, so it is a function of this
        // signature.
        let handler = unsafe { std::mem::transmute::<usize, extern "C" fn(libc::c_int)>(previous.sa_sigaction) };
        return handler(signal);
    }
    // The access is repeated after the return and then ends the process, as it would have without this module.
    // SAFETY: resets the action of a signal to its default.
    unsafe { libc::signal(libc::SIGBUS, libc::SIG_DFL) };
}
