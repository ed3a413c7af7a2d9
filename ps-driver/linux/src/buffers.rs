//! Memory that the DMA engine reaches: a reserved window behind UIO, or a u-dma-buf device.
//!
//! The window is mapped uncached, which makes copying slow and coherent. u-dma-buf maps the memory cached and flushes
//! or invalidates a range through its files `sync_for_*`. That a device is coherent by itself is not believed: the HP ports
//! of a Zynq-7000 are not.

use crate::error::LinuxError;
use crate::sysfs::{self, Roots};
use crate::uio::UioDevice;
use deltascope_abi::board::{BUFFERS, UDMABUF_BYTES};
use deltascope_driver::seams::DmaBuffer;
use memmap2::{MmapOptions, MmapRaw};
use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{Ordering, fence};

/// Bytes in whose multiples a range is handed over: the lower bits of its size hold something else.
const SYNC_BYTES: usize = 16;

/// A stretch of memory that is handed out in parts.
#[derive(Debug)]
pub struct Buffers {
    memory: Rc<Memory>,
    /// Bytes handed out.
    used: usize,
}

/// The stretch.
#[derive(Debug)]
struct Memory {
    map: MmapRaw,
    /// Offset of the first byte in the map.
    start: usize,
    bytes: usize,
    bus_addr: u64,
    sync: Option<CacheSync>,
}

/// The files with which u-dma-buf flushes or invalidates a range, kept open: they are written for each batch.
#[derive(Debug)]
struct CacheSync {
    for_device: SyncFile,
    for_cpu: SyncFile,
    /// The first failure: the seam has no way to return it.
    fault: RefCell<Option<LinuxError>>,
}

#[derive(Debug)]
struct SyncFile {
    path: PathBuf,
    file: File,
}

impl SyncFile {
    fn open(folder: &Path, name: &str) -> Result<SyncFile, LinuxError> {
        let path = folder.join(name);
        match OpenOptions::new().write(true).open(&path) {
            Ok(file) => Ok(SyncFile { path, file }),
            Err(source) => Err(LinuxError::Device { path, what: "opening it", source }),
        }
    }

    /// Hands a range over in one write (u-dma-buf, "sync_for_cpu"): offset in bits 63:32, size in 31:4, direction in 3:2
    /// (both ways: a buffer does not know what it is for), 1 in bit 0.
    fn hand_over(&self, range: &Range<usize>) -> Result<(), LinuxError> {
        let start = range.start & !(SYNC_BYTES - 1);
        let size = (range.end - start).next_multiple_of(SYNC_BYTES);
        // A line: what an earlier, longer value left behind it in a file of a test is another.
        let line = format!("0x{start:08X}{:08X}\n", size | 1);
        self.file.write_all_at(line.as_bytes(), 0).map_err(|source| LinuxError::Write {
            path: self.path.clone(),
            value: line,
            source,
        })
    }
}

impl CacheSync {
    fn open(folder: &Path) -> Result<CacheSync, LinuxError> {
        Ok(CacheSync {
            for_device: SyncFile::open(folder, "sync_for_device")?,
            for_cpu: SyncFile::open(folder, "sync_for_cpu")?,
            fault: RefCell::new(None),
        })
    }

    /// Hands a range over.
    fn hand_over(&self, to: &SyncFile, range: &Range<usize>) {
        if let Err(error) = to.hand_over(range) {
            self.fault.borrow_mut().get_or_insert(error);
        }
    }
}

impl Buffers {
    /// The reserved window of the UIO device if it has one, else the u-dma-buf device `name`.
    ///
    /// # Errors
    /// There is neither, or it cannot be mapped, or the DMA engine cannot reach it.
    pub fn open(roots: &Roots, device: &UioDevice, name: &str) -> Result<Buffers, LinuxError> {
        if device.find_map(BUFFERS.name).is_some() {
            return Buffers::from_window(device);
        }
        Buffers::from_udmabuf(roots, name)
    }

    /// The map `buffers` of the UIO device.
    ///
    /// # Errors
    /// See [`Buffers::open`].
    pub fn from_window(device: &UioDevice) -> Result<Buffers, LinuxError> {
        let info = device.map(BUFFERS.name, 1)?;
        let map = device.mmap(info)?;
        Buffers::new(Memory {
            map,
            start: info.offset as usize,
            bytes: info.bytes as usize,
            bus_addr: info.address,
            sync: None,
        })
    }

    /// The u-dma-buf device `name`, mapped cached.
    ///
    /// # Errors
    /// See [`Buffers::open`].
    pub fn from_udmabuf(roots: &Roots, name: &str) -> Result<Buffers, LinuxError> {
        // The driver's class was called `udmabuf` before its version 2.
        let folders = ["u-dma-buf", "udmabuf"].map(|class| roots.class(class).join(name));
        let folder = folders.into_iter().find(|folder| folder.is_dir());
        let Some(folder) = folder else {
            let found =
                ["u-dma-buf", "udmabuf"].map(|class| sysfs::names(&roots.class(class)).unwrap_or_default()).concat();
            return Err(LinuxError::NoBuffers { name: name.to_owned(), found, bytes: UDMABUF_BYTES });
        };
        let bus_addr = sysfs::number(&folder.join("phys_addr"))?;
        let bytes = sysfs::number(&folder.join("size"))?;
        // Drivers for kernels before 3.19 have no such file, and such kernels no such memory.
        let coherent = folder.join("dma_coherent");
        if sysfs::number(&coherent).is_ok_and(|value| value != 0) {
            return Err(LinuxError::Coherent { path: coherent });
        }
        let path = roots.dev.join(name);
        let device = |what| {
            let path = path.clone();
            move |source| LinuxError::Device { path, what, source }
        };
        let length = usize::try_from(bytes).ok().filter(|&bytes| bytes > 0).ok_or_else(|| LinuxError::Parse {
            path: folder.join("size"),
            expected: "a size that fits into memory, and not nothing",
            found: bytes.to_string(),
        })?;
        let file = OpenOptions::new().read(true).write(true).open(&path).map_err(device("opening it"))?;
        let map = MmapOptions::new().len(length).map_raw(&file).map_err(device("mapping it"))?;
        Buffers::new(Memory { map, start: 0, bytes: length, bus_addr, sync: Some(CacheSync::open(&folder)?) })
    }

    fn new(memory: Memory) -> Result<Buffers, LinuxError> {
        let end = memory.bus_addr.checked_add(memory.bytes as u64);
        // The AXI DMA of the default board has 32 address bits.
        if !memory.bus_addr.is_multiple_of(64) || end.is_none_or(|end| end > 1 << 32) {
            return Err(LinuxError::Buffers {
                expected: "a bus address that is a multiple of 64, all of it below 4 GiB".to_owned(),
                found: format!("{:#x} bytes at {:#x}", memory.bytes, memory.bus_addr),
                remedy: "reserve other memory; `Address Width` of the AXI DMA is 32, and the driver needs no `Allow Unaligned Transfers`",
            });
        }
        Ok(Buffers { memory: Rc::new(memory), used: 0 })
    }

    /// Bytes that were not handed out yet.
    pub fn free(&self) -> usize {
        self.memory.bytes - self.used
    }

    /// Address of the first byte as the DMA engine sees it, and bytes in all.
    pub fn range(&self) -> (u64, usize) {
        (self.memory.bus_addr, self.memory.bytes)
    }

    /// Hands out the next `bytes`, at a multiple of `align` (a power of two up to 4096) on the bus.
    ///
    /// # Errors
    /// There is no room.
    pub fn take(&mut self, bytes: usize, align: usize) -> Result<Part, LinuxError> {
        let base = self.memory.bus_addr;
        let start =
            (base + self.used as u64).checked_next_multiple_of(align as u64).map(|start| (start - base) as usize);
        let end = start.and_then(|start| start.checked_add(bytes)).filter(|&end| end <= self.memory.bytes);
        let (Some(start), Some(end)) = (start, end) else {
            return Err(LinuxError::Buffers {
                expected: format!("{bytes:#x} bytes more at a multiple of {align}"),
                found: format!("{:#x} of {:#x} bytes free", self.free(), self.memory.bytes),
                remedy: "reserve more memory",
            });
        };
        self.used = end;
        Ok(Part { memory: self.memory.clone(), start, bytes })
    }

    /// What the kernel refused when a range was handed over, once.
    pub fn take_fault(&self) -> Option<LinuxError> {
        self.memory.sync.as_ref().and_then(|sync| sync.fault.borrow_mut().take())
    }
}

/// A part of the memory, for one purpose.
#[derive(Debug)]
pub struct Part {
    memory: Rc<Memory>,
    start: usize,
    bytes: usize,
}

impl Part {
    /// What the kernel refused when a range was handed over, once.
    pub fn take_fault(&self) -> Option<LinuxError> {
        self.memory.sync.as_ref().and_then(|sync| sync.fault.borrow_mut().take())
    }

    /// `range` of this part as a range of the whole memory, cut to this part.
    fn absolute(&self, range: Range<usize>) -> Range<usize> {
        let end = range.end.min(self.bytes);
        self.start + range.start.min(end)..self.start + end
    }
}

// SAFETY: a part keeps the map alive, and its range was checked to lie within it; nothing here makes a reference to its
// bytes. Bus address and pointer agree in the lower twelve bits: a map begins at a page of both.
unsafe impl DmaBuffer for Part {
    fn bus_addr(&self) -> u64 {
        self.memory.bus_addr + self.start as u64
    }

    fn len(&self) -> usize {
        self.bytes
    }

    fn ptr(&self) -> *mut u8 {
        self.memory.map.as_mut_ptr().wrapping_add(self.memory.start + self.start)
    }

    fn sync_for_device(&mut self, range: Range<usize>) {
        // What was written is out of the processor before the device may read it.
        fence(Ordering::SeqCst);
        let range = self.absolute(range);
        match &self.memory.sync {
            Some(sync) if !range.is_empty() => sync.hand_over(&sync.for_device, &range),
            _ => {}
        }
    }

    fn sync_for_cpu(&mut self, range: Range<usize>) {
        let range = self.absolute(range);
        match &self.memory.sync {
            Some(sync) if !range.is_empty() => sync.hand_over(&sync.for_cpu, &range),
            _ => {}
        }
        // Nothing is read ahead of the device's answer.
        fence(Ordering::SeqCst);
    }
}
