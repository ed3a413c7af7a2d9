//! Heap, stack, and the record that survives a reset.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;

use deltascope_firmware_core::record::Record;
use deltascope_firmware_core::watermark::{PAINT, Watermark, unused_words};
use embedded_alloc::TlsfHeap;

/// Bytes of the heap.
pub const HEAP_BYTES: usize = 48 << 20;

#[repr(C, align(64))]
struct Region<T>(UnsafeCell<MaybeUninit<T>>);

// SAFETY: each region is handed to one owner, by [`start`] or [`record`].
unsafe impl<T> Sync for Region<T> {}

#[unsafe(link_section = ".heap")]
static HEAP_REGION: Region<[u8; HEAP_BYTES]> = Region(UnsafeCell::new(MaybeUninit::uninit()));
#[unsafe(link_section = ".kept")]
static RECORD: Region<Record> = Region(UnsafeCell::new(MaybeUninit::uninit()));

/// What the heap has given out.
pub static HEAP_USE: Watermark = Watermark::new();

struct CountedHeap(TlsfHeap);

// SAFETY: passes every request on to the heap, and counts.
unsafe impl GlobalAlloc for CountedHeap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract.
        let memory = unsafe { self.0.alloc(layout) };
        if memory.is_null() {
            HEAP_USE.refuse();
        } else {
            HEAP_USE.take(layout.size());
        }
        memory
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        HEAP_USE.give(layout.size());
        // SAFETY: the caller's contract.
        unsafe { self.0.dealloc(memory, layout) };
    }
}

#[global_allocator]
static HEAP: CountedHeap = CountedHeap(TlsfHeap::empty());

unsafe extern "C" {
    static _sys_stack_low_end: u32;
    static _sys_stack_high_end: u32;
}

/// The stack that everything but exceptions runs on, lowest word first.
fn stack() -> (*mut u32, usize) {
    let (low, high) = (&raw const _sys_stack_low_end, &raw const _sys_stack_high_end);
    (low.cast_mut(), (high as usize - low as usize) / 4)
}

/// Hands the heap its memory, and paints the part of the stack that is not in use.
///
/// # Safety
/// Called once, before anything allocates.
pub unsafe fn start() {
    // SAFETY: the region is the heap's alone, and this is called once.
    unsafe { HEAP.0.init(HEAP_REGION.0.get() as usize, HEAP_BYTES) };
    let (low, words) = stack();
    let here = 0u32;
    // A frame of this function, and some room for what it calls.
    let unused = ((&raw const here as usize).saturating_sub(low as usize) / 4).saturating_sub(256).min(words);
    for index in 0..unused {
        // SAFETY: the word is on the stack, below everything that is in use.
        unsafe { low.add(index).write_volatile(PAINT) };
    }
}

/// Bytes of the stack, and how many of them were never used.
pub fn stack_use() -> (usize, usize) {
    let (low, words) = stack();
    // SAFETY: the words are those of the stack.
    let all = (0..words).map(|index| unsafe { low.add(index).read_volatile() });
    (words * 4, unused_words(all) * 4)
}

/// Runs `work` on the record that survives a reset, and writes it to memory.
pub fn with_record<T>(work: impl FnOnce(&mut Record) -> T) -> T {
    critical_section::with(|_| {
        // SAFETY: interrupts are off and there is one processor, so this is the only reference. Any contents of memory
        // are a valid value of the record.
        let record = unsafe { (*RECORD.0.get()).assume_init_mut() };
        let result = work(record);
        let start = RECORD.0.get() as u32;
        let bytes = size_of::<Region<Record>>().next_multiple_of(32);
        // The region begins and ends at a line. A reset throws the caches away.
        let _ = zynq7000_hal::cache::clean_data_cache_range(start, bytes);
        result
    })
}
