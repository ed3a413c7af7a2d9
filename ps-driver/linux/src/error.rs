//! Why something of the board is not there or cannot be used, and what to do.

use deltascope_mailbox::MailboxError;
use std::io;
use std::path::PathBuf;

/// What Linux or the board refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinuxError {
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file does not take a value.
    #[error("{}: writing {value:?}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The value.
        value: String,
        /// The cause.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("{}: expected {expected}, found {found:?}; is this the driver that it is taken for?", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// What belongs there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// No UIO device has the name.
    #[error(
        "UIO device: expected one named {name:?}, found {}; give the name of another by --uio, or make it: apply boards/zynq7020/deltascope.dtbo in the boot loader and boot with uio_pdrv_genirq.of_id=generic-uio (`cat /sys/class/uio/*/name` lists them)",
        list(found)
    )]
    NoUio {
        /// Name looked for.
        name: String,
        /// Names that there are.
        found: Vec<String>,
    },
    /// More than one UIO device has the name.
    #[error("UIO device: expected one named {name:?}, found {count}; apply the overlay once")]
    ManyUio {
        /// Name looked for.
        name: String,
        /// Devices with it.
        count: usize,
    },
    /// A UIO device lacks a map.
    #[error(
        "UIO device {device}: expected a map {map:?}, found {}; the names are reg-names in the device tree: use the overlay that belongs to this program",
        list(found)
    )]
    NoMap {
        /// Name of the device.
        device: String,
        /// Name looked for.
        map: String,
        /// Names that there are.
        found: Vec<String>,
    },
    /// A map is smaller than what is in it, or is not made of pages or words.
    #[error(
        "UIO device {device}, map {map}: expected {expected}, found {found:#x} bytes; use the overlay that belongs to this program"
    )]
    MapSize {
        /// Name of the device.
        device: String,
        /// Name of the map.
        map: String,
        /// What belongs there.
        expected: String,
        /// Bytes of the map.
        found: u64,
    },
    /// The registers are behind a mailbox, as on an emulated board, and it cannot be used.
    #[error("UIO device {device}: {source}")]
    Mailbox {
        /// Name of the device.
        device: String,
        /// The cause.
        source: MailboxError,
    },
    /// Another process has the device.
    #[error("{}: another process uses it; stop the other deltascope-boardd first", path.display())]
    InUse {
        /// The device file.
        path: PathBuf,
    },
    /// The device cannot be opened or mapped.
    #[error("{}: {what}: {source}; run as root or install boards/zynq7020/70-deltascope.rules", path.display())]
    Device {
        /// The device file.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// SIGBUS cannot be caught.
    #[error("SIGBUS: {source}")]
    Signal {
        /// The cause.
        source: io::Error,
    },
    /// As many maps are guarded as can be.
    #[error("guarded maps: expected at most {most} at a time; close a board first")]
    TooManyGuards {
        /// Most guarded maps.
        most: usize,
    },
    /// The programmable logic must not be touched: an access would stop the processor until it is reset.
    #[error("programmable logic, {what}: expected {expected}, found {found}; {remedy}")]
    Logic {
        /// What was looked at.
        what: &'static str,
        /// What it must be.
        expected: String,
        /// What it is.
        found: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The state of the programmable logic is unknown.
    #[error("programmable logic, {what}: expected it to be known to be good, found it unknown: {why}; {remedy}")]
    NotKnown {
        /// What was looked at.
        what: &'static str,
        /// Why it is not known.
        why: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The report of the checks is not one of root's for this start.
    #[error("{}: expected {expected}, found {found}; it is not used", path.display())]
    Report {
        /// The file.
        path: PathBuf,
        /// What it must be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// There is no memory for DMA.
    #[error(
        "DMA buffers: expected a map \"buffers\" of the UIO device or a u-dma-buf device named {name:?}, found neither (u-dma-buf: {}); reserve the memory in the boot device tree, or apply boards/zynq7020/deltascope-udmabuf.dtbo and `modprobe u-dma-buf`, or `insmod u-dma-buf.ko udmabuf0={bytes}` and --udmabuf udmabuf0",
        list(found)
    )]
    NoBuffers {
        /// Name of the u-dma-buf device.
        name: String,
        /// Names of the u-dma-buf devices that there are.
        found: Vec<String>,
        /// Bytes that suffice.
        bytes: u32,
    },
    /// The kernel takes the memory for coherent, which it is not on this board.
    #[error(
        "{}: expected 0, found 1: then u-dma-buf does no cache maintenance, and the HP ports of a Zynq-7000 do not see the processor's caches; remove `dma-coherent` from the device tree node",
        path.display()
    )]
    Coherent {
        /// The file.
        path: PathBuf,
    },
    /// The memory for DMA is too small or lies where the DMA engine cannot reach it.
    #[error("DMA buffers: expected {expected}, found {found}; {remedy}")]
    Buffers {
        /// What is needed.
        expected: String,
        /// What is there.
        found: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A pin or LED.
    #[error("{name}: {text}")]
    Pin {
        /// Its name on the command line.
        name: String,
        /// What was expected, what was found, what to do.
        text: String,
    },
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
