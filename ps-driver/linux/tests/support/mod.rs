//! Folders in place of /sys and /dev of a board.
#![allow(clippy::unwrap_used, dead_code, reason = "tests stop at the first surprise; not every test needs everything")]

use deltascope_abi::board::{AXI_DMA, BUFFERS, ENGINE, UIO_NAME, Window};
use deltascope_linux::uio::page_bytes;
use deltascope_linux::{Options, Roots};
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub struct Fake {
    folder: TempDir,
    pub roots: Roots,
}

impl Fake {
    /// Nothing but the two folders.
    pub fn empty() -> Fake {
        // In memory, where it can be: the folder for sysfs is written as often as sysfs would be.
        let folder = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap();
        let roots = Roots::below(folder.path());
        fs::create_dir(&roots.sys).unwrap();
        fs::create_dir(&roots.dev).unwrap();
        Fake { folder, roots }
    }

    /// A board that is ready and shows it, with a reserved window for DMA.
    pub fn board() -> Fake {
        let fake = Fake::empty();
        fake.logic();
        fake.uio("uio0", UIO_NAME, &[ENGINE, AXI_DMA, small(BUFFERS)]);
        fake
    }

    /// Everything that reports that the logic may be touched.
    pub fn logic(&self) {
        self.sys("class/fpga_manager/fpga0/name", "Xilinx Zynq FPGA Manager\n");
        self.sys("class/fpga_manager/fpga0/state", "operating\n");
        self.sys("kernel/debug/clk/fclk0/clk_enable_count", "1\n");
        self.sys("kernel/debug/clk/fclk0/clk_rate", "142857132\n");
        self.slcr("f8000000.slcr", &[(0x178, 0), (0x23C, 0), (0x240, 0), (0x244, 0), (0x900, 0xF)]);
    }

    /// Words of a register map of the SLCR.
    pub fn slcr(&self, map: &str, words: &[(u32, u32)]) {
        let text: String = words.iter().map(|(at, word)| format!("{at:03x}: {word:08x}\n")).collect();
        self.sys(&format!("kernel/debug/regmap/{map}/registers"), &text);
    }

    /// The kernel's command line.
    pub fn command_line(&self, text: &str) {
        fs::create_dir_all(&self.roots.proc).unwrap();
        fs::write(self.roots.proc.join("cmdline"), text).unwrap();
    }

    pub fn options(&self) -> Options {
        Options { roots: self.roots.clone(), ..Options::default() }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file below /sys.
    pub fn sys(&self, path: &str, text: &str) {
        let path = self.roots.sys.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Writes a property of the engine's node in the device tree, one big-endian word.
    pub fn of_node(&self, property: &str, word: u32) {
        let path = self.roots.sys.join("class/uio/uio0/device/of_node").join(property);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, word.to_be_bytes()).unwrap();
    }

    /// The first line of a file of /sys.
    pub fn read_sys(&self, path: &str) -> String {
        let text = fs::read_to_string(self.roots.sys.join(path)).unwrap();
        text.lines().next().unwrap_or_default().to_owned()
    }

    /// Makes a file of /sys one that refuses to be written.
    pub fn refuse_sys(&self, path: &str) {
        self.remove_sys(path);
        std::os::unix::fs::symlink("/dev/full", self.roots.sys.join(path)).unwrap();
    }

    pub fn remove_sys(&self, path: &str) {
        let path = self.roots.sys.join(path);
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }

    /// A UIO device; map N lies at N pages of its file, as the kernel has it, and reaches over its end.
    pub fn uio(&self, entry: &str, name: &str, windows: &[Window]) -> PathBuf {
        self.sys(&format!("class/uio/{entry}/name"), &format!("{name}\n"));
        let mut end = 0;
        for (n, window) in windows.iter().enumerate() {
            let map = |file: &str| format!("class/uio/{entry}/maps/map{n}/{file}");
            self.sys(&map("name"), &format!("{}\n", window.name));
            self.sys(&map("addr"), &format!("{:#010x}\n", window.base));
            self.sys(&map("offset"), "0x0\n");
            self.sys(&map("size"), &format!("{:#010x}\n", window.bytes));
            end = end.max(n * page_bytes() + window.bytes as usize);
        }
        let path = self.roots.dev.join(entry);
        fs::File::create(&path).unwrap().set_len(end as u64).unwrap();
        path
    }

    /// A u-dma-buf device.
    pub fn udmabuf(&self, name: &str, address: u64, bytes: u64, coherent: bool) {
        let file = |file: &str| format!("class/u-dma-buf/{name}/{file}");
        self.sys(&file("phys_addr"), &format!("{address:#x}\n"));
        self.sys(&file("size"), &format!("{bytes}\n"));
        self.sys(&file("dma_coherent"), &format!("{}\n", u8::from(coherent)));
        for other in ["sync_direction", "sync_offset", "sync_size", "sync_for_cpu", "sync_for_device"] {
            self.sys(&file(other), "untouched");
        }
        fs::File::create(self.roots.dev.join(name)).unwrap().set_len(bytes).unwrap();
    }
}

/// The window, small enough for a test.
pub fn small(window: Window) -> Window {
    Window { bytes: 0x1_0000, ..window }
}

/// Puts a word into the file of a UIO device, at `offset` of map `map`.
pub fn poke(path: &Path, map: usize, offset: usize, value: u32) {
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&value.to_le_bytes(), (map * page_bytes() + offset) as u64).unwrap();
}

/// A word of the file of a UIO device.
pub fn peek(path: &Path, map: usize, offset: usize) -> u32 {
    let mut bytes = [0; 4];
    fs::File::open(path).unwrap().read_exact_at(&mut bytes, (map * page_bytes() + offset) as u64).unwrap();
    u32::from_le_bytes(bytes)
}
