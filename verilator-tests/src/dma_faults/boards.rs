//! The two boards of the table: the DMA driver alone, and the Linux binding with the files of a board.

use std::cell::RefCell;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::rc::Rc;

use deltascope_abi::board::{AXI_DMA, BUFFERS, ENGINE, UIO_NAME, Window};
use deltascope_driver::engine::EngineDriver;
use deltascope_driver::seams::{DmaBuffer, RecordStreams, Registers};
use deltascope_linux::access::BlockRegisters;
use deltascope_linux::buffers::Buffers;
use deltascope_linux::engine::{UioHost, drive};
use deltascope_linux::uio::{UioDevice, page_bytes};
use deltascope_linux::{Options, Roots, UioBoard};
use deltascope_model::EngineKind;
use deltascope_sim::axi_dma::host::{self, Line, PlClock, Shared, SimHost};
use deltascope_sim::axi_dma::{Block, Fault, Memory, Ram, Response, System};
use tempfile::TempDir;

use super::cases::{Buffer, Case};

/// Seed of the random contents of memories after power-on. Results do not depend on it.
const SEED: u64 = 1;
/// Beats of the longest reply packet of the committed top.
const PACKET_BEATS: u32 = 256;

/// A board that a case meets: the simulated logic, and how a host is put over it.
pub(super) trait Board: Sized {
    /// Memory as the DMA sees it.
    type Memory: Memory + 'static;
    /// The host.
    type Host: Registers + RecordStreams;

    /// Makes the board of a case.
    fn new(case: &Case) -> Result<Self, String>;
    /// The logic.
    fn system(&self) -> &Shared<Self::Memory>;
    /// What the error or notice of a case contains on this board.
    fn says(&self, case: &Case) -> &'static str;
    /// Opens the engine of the board.
    fn open(&self, case: &Case) -> Result<EngineDriver<Self::Host>, String>;
    /// What was put right since the last call.
    fn take_notices(host: &mut Self::Host) -> Vec<String>;
}

/// The DMA driver over memory of this process.
pub(super) struct Simulated {
    system: Shared<Ram>,
    ram: Ram,
}

impl Board for Simulated {
    type Memory = Ram;
    type Host = SimHost;

    fn new(case: &Case) -> Result<Simulated, String> {
        let (system, ram) = host::system(case.config.clone(), &case.settings, SEED).map_err(|e| e.to_string())?;
        Ok(Simulated { system, ram })
    }

    fn system(&self) -> &Shared<Ram> {
        &self.system
    }

    fn says(&self, case: &Case) -> &'static str {
        case.says
    }

    fn open(&self, case: &Case) -> Result<EngineDriver<SimHost>, String> {
        let bytes = self.ram.len();
        let buffer = match case.buffer {
            Buffer::Fits => self.ram.clone(),
            Buffer::At(base) => Ram::new(base.into(), bytes),
            Buffer::Short(missing) => Ram::new(BUFFERS.base.into(), bytes - missing),
            Buffer::Elsewhere => Ram::new(BUFFERS.base.into(), bytes),
        };
        let host = host::open(&self.system, buffer, &case.settings).map_err(|e| e.to_string())?;
        EngineDriver::open(host, EngineKind::Rtl).map_err(|e| e.to_string())
    }

    fn take_notices(host: &mut SimHost) -> Vec<String> {
        host.take_notices().map(|notice| notice.to_string()).collect()
    }
}

/// The Linux binding: its maps, its buffers and its checks, over files in place of /sys and /dev. Only the interrupt and
/// the clock are the simulation's.
pub(super) struct Uio {
    system: Shared<FileMemory>,
    folder: TempDir,
}

/// Memory in the file of the UIO device, behind the pages of the other maps.
pub(super) struct FileMemory {
    file: File,
    start: u64,
    bytes: u64,
}

impl FileMemory {
    fn at(&self, address: u64, bytes: usize) -> Option<u64> {
        let offset = address.checked_sub(BUFFERS.base.into())?;
        (offset.checked_add(bytes as u64)? <= self.bytes).then_some(self.start + offset)
    }
}

impl Memory for FileMemory {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Response {
        match self.at(address, bytes.len()) {
            Some(at) => self.file.read_exact_at(bytes, at).map_or(Response::SlaveError, |()| Response::Okay),
            None => Response::DecodeError,
        }
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Response {
        match self.at(address, bytes.len()) {
            Some(at) => self.file.write_all_at(bytes, at).map_or(Response::SlaveError, |()| Response::Okay),
            None => Response::DecodeError,
        }
    }
}

/// Writes a file below `root`.
fn write(root: &Path, path: &str, text: &str) -> Result<(), String> {
    let path = root.join(path);
    let folder = path.parent().unwrap_or(root);
    fs::create_dir_all(folder).and_then(|()| fs::write(&path, text)).map_err(|e| format!("{}: {e}", path.display()))
}

/// The files that say whether the logic may be touched, with what the case has wrong.
fn write_logic(root: &Path, faults: &[Fault]) -> Result<(), String> {
    let has = |fault| faults.contains(&fault);
    let state = if has(Fault::Unconfigured) { "power off" } else { "operating" };
    let stopped = u32::from(has(Fault::NoClock));
    let held = u32::from(has(Fault::HeldInReset));
    write(root, "sys/class/fpga_manager/fpga0/name", "Xilinx Zynq FPGA Manager\n")?;
    write(root, "sys/class/fpga_manager/fpga0/state", &format!("{state}\n"))?;
    write(root, "sys/kernel/debug/clk/fclk0/clk_enable_count", &format!("{}\n", 1 - stopped))?;
    write(root, "sys/kernel/debug/clk/fclk0/clk_rate", "142857132\n")?;
    let words = format!("178: {stopped:08x}\n240: {held:08x}\n900: 0000000f\n");
    write(root, "sys/kernel/debug/regmap/f8000000.slcr/registers", &words)
}

/// A UIO device with the three maps. The bus address of the buffers is `base`.
fn write_device(root: &Path, base: u32, bytes: usize) -> Result<(), String> {
    write(root, "sys/class/uio/uio0/name", UIO_NAME)?;
    let page = page_bytes() as u32;
    let buffers = Window { base, bytes: bytes as u32, ..BUFFERS };
    for (n, window) in [ENGINE, AXI_DMA, buffers].iter().enumerate() {
        let offset = window.base % page;
        let values = [
            ("name", window.name.to_owned()),
            ("addr", format!("{:#x}", window.base - offset)),
            ("offset", format!("{offset:#x}")),
            ("size", format!("{:#x}", window.bytes + offset)),
        ];
        for (file, value) in values {
            write(root, &format!("sys/class/uio/uio0/maps/map{n}/{file}"), &value)?;
        }
    }
    Ok(())
}

impl Board for Uio {
    type Memory = FileMemory;
    type Host = UioHost<Line<FileMemory>, PlClock<FileMemory>>;

    fn new(case: &Case) -> Result<Uio, String> {
        let folder = TempDir::new().map_err(|e| e.to_string())?;
        let root = folder.path();
        let bytes = case.settings.buffer_bytes(PACKET_BEATS);
        let (base, given) = match case.buffer {
            Buffer::Fits | Buffer::Elsewhere => (BUFFERS.base, bytes),
            Buffer::At(base) => (base, bytes),
            Buffer::Short(missing) => (BUFFERS.base, bytes - missing),
        };
        write_logic(root, case.faults)?;
        write_device(root, base, given)?;
        let (start, path) = (2 * page_bytes() as u64, root.join("dev/uio0"));
        write(root, "dev/uio0", "")?;
        let open = |path: &Path| {
            let file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
            file.set_len(start + bytes as u64 + page_bytes() as u64)?;
            Ok(file)
        };
        let failed = |error: std::io::Error| format!("{}: {error}", path.display());
        let device = open(&path).map_err(failed)?;
        let file = match case.buffer {
            Buffer::Elsewhere => open(&root.join("elsewhere")).map_err(failed)?,
            _ => device,
        };
        let memory = FileMemory { file, start, bytes: bytes as u64 };
        let system = System::new(case.config.clone(), memory, SEED).map_err(|e| e.to_string())?;
        Ok(Uio { system: Rc::new(RefCell::new(system)), folder })
    }

    fn system(&self) -> &Shared<FileMemory> {
        &self.system
    }

    fn says(&self, case: &Case) -> &'static str {
        case.says_uio
    }

    fn open(&self, case: &Case) -> Result<EngineDriver<Self::Host>, String> {
        let root = self.folder.path();
        let options = Options { roots: Roots::below(root), settings: case.settings, ..Options::default() };
        let device = UioDevice::open(&options.roots, &options.uio).map_err(|e| e.to_string())?;
        let buffers = Buffers::open(&options.roots, &device, &options.udmabuf).map_err(|e| e.to_string())?;
        let block = |block| BlockRegisters::new(host::window(&self.system, block));
        let (engine, dma) = (block(Block::Engine), block(Block::Dma));
        let (irq, clock) = (host::line(&self.system), host::clock(&self.system));
        let board = UioBoard { second_way: None, device, engine, dma, buffers, irq, clock, is_emulated: false };
        drive(board, &options).map_err(|e| e.to_string())
    }

    fn take_notices(host: &mut Self::Host) -> Vec<String> {
        host.take_notices()
    }
}
