//! A UIO device by its name: maps and interrupt (Linux, Documentation/driver-api/uio-howto.rst).

use crate::error::LinuxError;
use crate::sysfs::{self, Roots};
use deltascope_driver::seams::Irq;
use memmap2::{MmapOptions, MmapRaw};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Bytes of a page, in which map N begins at N pages of the device file.
pub fn page_bytes() -> usize {
    rustix::param::page_size()
}

/// A map as sysfs describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapInfo {
    /// N of `mapN`.
    pub index: usize,
    /// Its name: the entry of `reg-names`. Empty where the device tree or an old kernel gives none.
    pub name: String,
    /// Physical address of its first byte.
    pub address: u64,
    /// Bytes of the first page in front of that byte.
    pub offset: u64,
    /// Bytes from that byte on.
    pub bytes: u64,
}

impl MapInfo {
    /// Its name in error texts.
    fn label(&self) -> String {
        match self.name.as_str() {
            "" => format!("map{} without a name", self.index),
            name => name.to_owned(),
        }
    }
}

/// An open UIO device. No second process can open it this way.
#[derive(Debug)]
pub struct UioDevice {
    name: String,
    path: PathBuf,
    file: File,
    maps: Vec<MapInfo>,
}

impl UioDevice {
    /// Finds and opens the device of that name.
    ///
    /// # Errors
    /// There is none, or more than one, or it cannot be opened.
    pub fn open(roots: &Roots, name: &str) -> Result<UioDevice, LinuxError> {
        let class = roots.class("uio");
        let mut found = Vec::new();
        let mut same = Vec::new();
        for entry in sysfs::names(&class)? {
            // Another device may go while it is looked at, and its entry or its name with it.
            match sysfs::text(&class.join(&entry).join("name")) {
                Ok(device) if device == name => {
                    same.push(entry);
                    found.push(device);
                }
                Ok(device) => found.push(device),
                Err(LinuxError::Read { source, .. }) => found.push(format!("{entry} without a name ({source})")),
                Err(error) => return Err(error),
            }
        }
        let entry = match same.as_slice() {
            [entry] => entry,
            [] => return Err(LinuxError::NoUio { name: name.to_owned(), found }),
            _ => return Err(LinuxError::ManyUio { name: name.to_owned(), count: same.len() }),
        };
        let path = roots.dev.join(entry);
        let device = |what| {
            let path = path.clone();
            move |source| LinuxError::Device { path, what, source }
        };
        let maps = read_maps(&class.join(entry).join("maps"))?;
        let file = OpenOptions::new().read(true).write(true).open(&path).map_err(device("opening it"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LinuxError::InUse { path }),
            Err(TryLockError::Error(source)) => return Err(device("locking it")(source)),
        }
        Ok(UioDevice { name: name.to_owned(), path, file, maps })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its device file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its maps.
    pub fn maps(&self) -> &[MapInfo] {
        &self.maps
    }

    /// The map of that name, if there is one.
    pub fn find_map(&self, name: &str) -> Option<&MapInfo> {
        self.maps.iter().find(|map| map.name == name)
    }

    /// The map of that name, of at least `bytes` bytes.
    ///
    /// # Errors
    /// There is none, or it is smaller.
    pub fn map(&self, name: &str, bytes: u64) -> Result<&MapInfo, LinuxError> {
        let map = self.find_map(name).ok_or_else(|| LinuxError::NoMap {
            device: self.name.clone(),
            map: name.to_owned(),
            found: self.maps.iter().map(MapInfo::label).collect(),
        })?;
        if map.bytes < bytes {
            return Err(self.size(map, format!("at least {bytes:#x} bytes")));
        }
        Ok(map)
    }

    /// Maps it into memory; its first byte is at [`MapInfo::offset`].
    ///
    /// # Errors
    /// It is larger than the address space, or the kernel refuses.
    pub fn mmap(&self, map: &MapInfo) -> Result<MmapRaw, LinuxError> {
        let page = page_bytes();
        let length = map.offset.checked_add(map.bytes).and_then(|bytes| usize::try_from(bytes).ok());
        let length = length.and_then(|bytes| bytes.checked_next_multiple_of(page)).filter(|&bytes| bytes > 0);
        let length = length.ok_or_else(|| self.size(map, "what fits into memory, and not nothing".to_owned()))?;
        let source = MmapOptions::new().offset((map.index * page) as u64).len(length).map_raw(&self.file);
        source.map_err(|source| LinuxError::Device { path: self.path.clone(), what: "mapping it", source })
    }

    fn size(&self, map: &MapInfo, expected: String) -> LinuxError {
        LinuxError::MapSize { device: self.name.clone(), map: map.name.clone(), expected, found: map.bytes }
    }

    /// Its interrupt, unmasked.
    ///
    /// # Errors
    /// The device has none, or the kernel refuses.
    pub fn irq(&self) -> Result<UioIrq, LinuxError> {
        let device = |what| {
            let path = self.path.clone();
            move |source| LinuxError::Device { path, what, source }
        };
        let file = self.file.try_clone().map_err(device("its interrupt"))?;
        let irq = UioIrq::new(file.into());
        match irq.fault {
            None => Ok(irq),
            Some(errno) => Err(device("unmasking its interrupt")(errno.into())),
        }
    }
}

/// The maps in a folder `maps`, by number.
fn read_maps(folder: &Path) -> Result<Vec<MapInfo>, LinuxError> {
    let mut maps = Vec::new();
    for entry in sysfs::names(folder)? {
        let Some(index) = entry.strip_prefix("map").and_then(|digits| digits.parse().ok()) else { continue };
        let folder = folder.join(entry);
        let number = |name: &str| sysfs::number(&folder.join(name));
        // The kernel gives the address of the page, and a size that begins there (drivers/uio/uio_pdrv_genirq.c).
        let (page, offset, size) = (number("addr")?, number("offset")?, number("size")?);
        let (Some(address), Some(bytes)) = (page.checked_add(offset), size.checked_sub(offset)) else {
            let found = offset.to_string();
            return Err(LinuxError::Parse { path: folder.join("offset"), expected: "less than the size", found });
        };
        let name = match sysfs::text(&folder.join("name")) {
            Err(LinuxError::Read { source, .. }) if source.kind() == ErrorKind::NotFound => String::new(),
            name => name?,
        };
        maps.push(MapInfo { index, name, address, offset, bytes });
    }
    maps.sort_by_key(|map| map.index);
    Ok(maps)
}

/// The interrupt of a UIO device. The kernel masks the line when it comes and counts; reading gives the count, and
/// writing 1 unmasks the line. A line that is still raised then comes again at once, so its cause is cleared before.
#[derive(Debug)]
pub struct UioIrq {
    file: OwnedFd,
    /// Count at the last interrupt that was seen.
    seen: Option<u32>,
    missed: u64,
    fault: Option<rustix::io::Errno>,
}

impl UioIrq {
    /// The interrupt behind a file of a UIO device, unmasked: the process before may have left it masked.
    pub fn new(file: OwnedFd) -> UioIrq {
        let mut irq = UioIrq { file, seen: None, missed: 0, fault: None };
        irq.unmask();
        irq
    }

    /// Interrupts that were counted by the kernel and not seen one by one.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// Why waiting or unmasking failed, if it did. From then on every wait ends at its time limit.
    pub fn fault(&self) -> Option<std::io::Error> {
        self.fault.map(Into::into)
    }

    /// Reads the count, and gives how many interrupts it is further than the one before.
    fn read(&mut self) -> Result<u32, rustix::io::Errno> {
        let mut bytes = [0; 4];
        match rustix::io::read(&self.file, &mut bytes)? {
            4 => {}
            _ => return Err(rustix::io::Errno::IO),
        }
        let count = u32::from_ne_bytes(bytes);
        let new = count.wrapping_sub(self.seen.unwrap_or(count.wrapping_sub(1)));
        self.seen = Some(count);
        Ok(new)
    }

    fn unmask(&mut self) {
        match rustix::io::write(&self.file, &1u32.to_ne_bytes()) {
            Ok(4) => {}
            Ok(_) => self.fault = Some(rustix::io::Errno::IO),
            Err(errno) => self.fault = Some(errno),
        }
    }

    /// Whether there is a count to read within the time.
    fn readable(&self, limit: Timespec) -> Result<bool, rustix::io::Errno> {
        let fd = self.file.as_fd();
        poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&limit)).map(|ready| ready > 0)
    }

    /// Reads what was counted and not waited for. Nothing is lost: a cause that is not cleared still raises the line, and
    /// comes again when it is unmasked.
    fn forget(&mut self) -> Result<(), rustix::io::Errno> {
        while self.readable(Timespec { tv_sec: 0, tv_nsec: 0 })? {
            self.read()?;
        }
        Ok(())
    }
}

impl Irq for UioIrq {
    fn wait(&mut self, timeout: Duration) -> bool {
        let started = std::time::Instant::now();
        loop {
            let left = timeout.saturating_sub(started.elapsed());
            let limit = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
            if self.fault.is_some() {
                std::thread::sleep(left);
                return false;
            }
            match self.readable(limit) {
                Ok(false) => return false,
                Ok(true) => match self.read() {
                    Ok(0) => {}
                    Ok(new) => {
                        self.missed += u64::from(new - 1);
                        return true;
                    }
                    Err(errno) => self.fault = Some(errno),
                },
                Err(rustix::io::Errno::INTR) => {}
                Err(errno) => self.fault = Some(errno),
            }
        }
    }

    fn rearm(&mut self) {
        // Those whose causes were cleared would be reported later as interrupts without one.
        match self.forget() {
            Ok(()) | Err(rustix::io::Errno::INTR) => {}
            Err(errno) => self.fault = Some(errno),
        }
        self.unmask();
    }
}
