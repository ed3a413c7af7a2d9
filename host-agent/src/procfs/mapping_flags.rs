//! The flags of mappings, read without a look at their pages.
//!
//! `smaps` has them too, and holds the lock of the memory while it counts the pages of a mapping: 40 ms for one GiB. A BPF
//! program that the kernel runs for each mapping of a process (`Documentation/bpf/bpf_iterators.rst`, Linux 5.12) takes some
//! microseconds.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr::null_mut;
use std::sync::OnceLock;

use super::PAGE_SIZE;
use super::holds::HeldFile;
use super::kernel_types::{MappingTypes, mapping_types};
use crate::bpf;

/// Bits of `vm_flags` (`include/linux/mm.h`). Those of excluded memory are tried on memory of our own before they are used.
const VM_PFNMAP: u64 = 1 << 10;
const VM_IO: u64 = 1 << 14;
const VM_DONTCOPY: u64 = 1 << 17;
const VM_HUGETLB: u64 = 1 << 22;
const VM_WIPEONFORK: u64 = 1 << 25;
const VM_MIXEDMAP: u64 = 1 << 28;
/// Bytes that the program writes for each mapping: first address, first address behind, flags.
const ENTRY: usize = 24;
/// Bytes that are read at once; the kernel gives 32 KiB at most.
const CHUNK: usize = 32 << 10;
/// Bound of the mappings of a process; the kernel's default limit is 65,530.
const MAX_MAPPINGS: usize = 1 << 20;
/// Bound of what the kernel reports of its types, bytes.
const TYPES: u64 = 256 << 20;

/// A mapping and its flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FlaggedMapping {
    /// Addresses.
    pub range: Range<u64>,
    flags: u64,
}

impl FlaggedMapping {
    /// A fork does not hand the pages down (`MADV_DONTFORK`, `MADV_WIPEONFORK`).
    pub(crate) fn not_inherited(&self) -> bool {
        self.flags & (VM_DONTCOPY | VM_WIPEONFORK) != 0
    }

    /// Huge pages of hugetlbfs.
    pub(crate) fn hugetlb(&self) -> bool {
        self.flags & VM_HUGETLB != 0
    }

    /// Frames without a page of the kernel's.
    pub(crate) fn device_memory(&self) -> bool {
        self.flags & (VM_IO | VM_PFNMAP | VM_MIXEDMAP) != 0
    }
}

/// Reads the flags of mappings. The program is loaded at the first use.
#[derive(Debug, Default)]
pub(crate) struct MappingFlags(OnceLock<Option<OwnedFd>>);

impl MappingFlags {
    /// Reads nothing: for numbers of processes that are not those of the own PID namespace.
    pub(crate) fn none() -> Self {
        Self(OnceLock::from(None))
    }

    /// Whether they cannot be read; false before the first use.
    pub(crate) fn failed(&self) -> bool {
        matches!(self.0.get(), Some(None))
    }

    /// Reads the mappings of a process, ordered by address; `None` where the kernel does not allow it.
    pub(crate) fn read(&self, pid: u32) -> Option<Vec<FlaggedMapping>> {
        let program = self.0.get_or_init(|| tried().ok()).as_ref()?;
        mappings(program, pid).ok()
    }
}

/// Loads the program and tries it on memory of our own.
fn tried() -> io::Result<OwnedFd> {
    let mut btf = Vec::new();
    File::open("/sys/kernel/btf/vmlinux")?.take(TYPES).read_to_end(&mut btf)?;
    let types = mapping_types(&btf).ok_or(io::ErrorKind::Unsupported)?;
    let program = load(&types)?;
    let own = Excluded::new()?;
    let found = mappings(&program, std::process::id())?;
    let is_excluded = |page: u64| {
        let address = own.0 + page * PAGE_SIZE as u64;
        found.iter().find(|mapping| mapping.range.contains(&address)).map(FlaggedMapping::not_inherited)
    };
    let as_asked = [0, 1, 2].map(is_excluded) == [Some(false), Some(true), Some(true)];
    as_asked.then_some(program).ok_or_else(|| io::ErrorKind::Unsupported.into())
}

/// Three pages, of which the second and the third are excluded from forks, each in its way.
struct Excluded(u64);

impl Excluded {
    const BYTES: usize = 3 * PAGE_SIZE;

    fn new() -> io::Result<Self> {
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping at an address that the kernel chooses.
        let start = unsafe { libc::mmap(null_mut(), Self::BYTES, protection, flags, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let pages = Self(start as u64);
        for (page, advice) in [(1, libc::MADV_DONTFORK), (2, libc::MADV_WIPEONFORK)] {
            // SAFETY: the range is within the mapping of our own, which nothing else uses.
            let result = unsafe { libc::madvise(start.wrapping_byte_add(page * PAGE_SIZE), PAGE_SIZE, advice) };
            if result != 0 {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(pages)
    }
}

impl Drop for Excluded {
    fn drop(&mut self) {
        // SAFETY: the mapping is our own, and nothing refers to it any more.
        unsafe { libc::munmap(self.0 as *mut libc::c_void, Self::BYTES) };
    }
}

/// Runs the program for each mapping of a process.
fn mappings(program: &OwnedFd, pid: u32) -> io::Result<Vec<FlaggedMapping>> {
    /// `union bpf_iter_link_info`, of which `task.pid` is used: a process with its threads. With `task.tid` the kernel begins
    /// again indefinitely where one read does not take all (seen on 6.18).
    const INFORMATION: usize = 16;
    let mut target = [0u32; INFORMATION / 4];
    target[1] = pid;
    let link = bpf::call(
        bpf::LINK_CREATE,
        &mut LinkAttributes {
            program: program.as_raw_fd() as u32,
            attach: TRACE_ITER,
            information: target.as_ptr() as u64,
            information_bytes: INFORMATION as u32,
            ..LinkAttributes::default()
        },
    )?;
    let iterator = bpf::call(bpf::ITER_CREATE, &mut IteratorAttributes { link: link.as_raw_fd() as u32, flags: 0 })?;
    let mut file = HeldFile(File::from(iterator));
    let (mut found, mut chunk): (Vec<FlaggedMapping>, _) = (Vec::new(), vec![0; CHUNK]);
    loop {
        let bytes = file.read(&mut chunk)?;
        for entry in chunk[..bytes].as_chunks::<ENTRY>().0 {
            let words = entry.as_chunks().0;
            let [start, end, flags] = [0, 1, 2].map(|at| u64::from_ne_bytes(words[at]));
            let range = start..end;
            // Each further thread of the process has the same mappings again.
            if found.last().is_some_and(|last| range.start < last.range.end) {
                return Ok(found);
            }
            found.push(FlaggedMapping { range, flags });
        }
        if bytes == 0 {
            return Ok(found);
        }
        if found.len() > MAX_MAPPINGS {
            return Err(io::ErrorKind::Unsupported.into());
        }
    }
}

/// `BPF_TRACE_ITER` and `BPF_PROG_TYPE_TRACING` (`include/uapi/linux/bpf.h`).
const TRACE_ITER: u32 = 28;
const TRACING: u32 = 26;

/// One instruction (`struct bpf_insn`): code, target and source register, offset, value.
#[repr(C)]
#[derive(Clone, Copy)]
struct Instruction {
    code: u8,
    registers: u8,
    offset: i16,
    value: i32,
}

/// The part that attaches one (`link_create`).
#[repr(C)]
#[derive(Default)]
struct LinkAttributes {
    program: u32,
    target: u32,
    attach: u32,
    flags: u32,
    information: u64,
    information_bytes: u32,
    reserved: u32,
}

/// The part that runs one (`iter_create`).
#[repr(C)]
struct IteratorAttributes {
    link: u32,
    flags: u32,
}

/// Loads the program: for each mapping it writes three words of `struct vm_area_struct` to the reader.
fn load(types: &MappingTypes) -> io::Result<OwnedFd> {
    // Codes of `Documentation/bpf/standardization/instruction-set.rst`.
    const LOAD: u8 = 0x79;
    const STORE: u8 = 0x7b;
    const MOVE: u8 = 0xbf;
    const SET: u8 = 0xb7;
    const ADD: u8 = 0x07;
    const IF_ZERO: u8 = 0x15;
    const CALL: u8 = 0x85;
    const EXIT: u8 = 0x95;
    const SEQ_WRITE: i32 = 127;
    /// Register of the stack's end.
    const STACK: u8 = 10;
    let step = |code, to: u8, from: u8, offset, value| Instruction { code, registers: to | from << 4, offset, value };
    let place = |bytes: u32| i16::try_from(bytes).map_err(|_| io::Error::from(io::ErrorKind::Unsupported));
    let [start, end, flags] = [types.start, types.end, types.flags].map(place);
    // The context (`struct bpf_iter__task_vma`) has pointers to the iterator's data, the task and the mapping, each of 8 bytes.
    let instructions = [
        step(LOAD, 6, 1, 0, 0),
        step(LOAD, 7, 1, 16, 0),
        // Behind the last mapping there is none.
        step(IF_ZERO, 7, 0, 11, 0),
        step(LOAD, 1, 7, start?, 0),
        step(STORE, STACK, 1, -24, 0),
        step(LOAD, 1, 7, end?, 0),
        step(STORE, STACK, 1, -16, 0),
        step(LOAD, 1, 7, flags?, 0),
        step(STORE, STACK, 1, -8, 0),
        // seq_write(data->seq, words, bytes)
        step(LOAD, 1, 6, 0, 0),
        step(MOVE, 2, STACK, 0, 0),
        step(ADD, 2, 0, 0, -24),
        step(SET, 3, 0, 0, ENTRY as i32),
        step(CALL, 0, 0, 0, SEQ_WRITE),
        step(SET, 0, 0, 0, 0),
        step(EXIT, 0, 0, 0, 0),
    ];
    if cfg!(target_endian = "big") {
        return Err(io::ErrorKind::Unsupported.into());
    }
    bpf::call(
        bpf::PROG_LOAD,
        &mut bpf::LoadAttributes {
            kind: TRACING,
            instructions: instructions.len() as u32,
            first: instructions.as_ptr() as u64,
            // The function that writes is for programs that may be under the GPL only.
            license: c"Dual MIT/GPL".as_ptr() as u64,
            attach: TRACE_ITER,
            attach_type: types.iterator,
            ..bpf::LoadAttributes::default()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages of our own, of which each second one is excluded from forks: each is a mapping, and one read does not take all.
    #[test]
    fn flags_of_many_mappings_of_several_threads_are_found() {
        const PAGES: usize = 4_000;
        let flags = MappingFlags::default();
        if flags.read(std::process::id()).is_none() {
            assert!(flags.failed());
            println!("this kernel does not give the flags of mappings, or not to this user");
            return;
        }
        let pages = memmap2::MmapMut::map_anon(PAGES * PAGE_SIZE).unwrap();
        for page in (1..PAGES).step_by(2) {
            pages.advise_range(memmap2::Advice::DontFork, page * PAGE_SIZE, PAGE_SIZE).unwrap();
        }
        let first = pages.as_ptr() as u64;
        std::thread::scope(|threads| {
            let (stop, wait) = std::sync::mpsc::channel::<()>();
            let other = threads.spawn(move || wait.recv());
            // Other tests map memory meanwhile; a list that was cut short by that is read again.
            let inner = || {
                let found = flags.read(std::process::id()).unwrap();
                let inner = found.into_iter().filter(|one| one.range.start > first);
                let end = first + ((PAGES - 1) * PAGE_SIZE) as u64;
                inner.filter(|one| one.range.end <= end).collect::<Vec<_>>()
            };
            let complete = std::iter::repeat_with(inner).take(1_000).find(|inner| inner.len() == PAGES - 2);
            let inner = complete.expect("each page is a mapping");
            for (one, page) in inner.iter().zip(1..) {
                let start = first + (page * PAGE_SIZE) as u64;
                assert_eq!(one.range, start..start + PAGE_SIZE as u64);
                assert_eq!(one.not_inherited(), page % 2 == 1, "page {page}");
                assert!(!one.hugetlb() && !one.device_memory());
            }
            drop(stop);
            assert!(other.join().unwrap().is_err());
        });
    }

    #[test]
    fn nothing_is_read_of_numbers_of_another_namespace() {
        let flags = MappingFlags::none();
        assert_eq!((flags.read(std::process::id()), flags.failed()), (None, true));
    }
}
