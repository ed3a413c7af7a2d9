//! Addresses, interrupt and clock of the default board, a Zynq-7020.
//!
//! The device tree includes under `boards/zynq7020/generated/` are made from this module (`cargo xtask gen`), and
//! whatever assigns addresses in a block design takes them from here too. Sources: UG585 v1.13, table 4-1 (system
//! address map) and table 7-4 (PL interrupts); PG021 for the registers of the AXI DMA.

/// A range of physical addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Name of the UIO map that shows it: the entry of `reg-names` in the device tree.
    pub name: &'static str,
    /// First address.
    pub base: u32,
    /// Bytes.
    pub bytes: u32,
    /// What is there.
    pub about: &'static str,
}

impl Window {
    /// The address after the last one.
    pub const fn end(&self) -> u32 {
        self.base + self.bytes
    }

    const fn is_within(&self, base: u32, end: u32) -> bool {
        self.base >= base && self.end() <= end
    }

    const fn is_apart_from(&self, other: &Window) -> bool {
        self.end() <= other.base || other.end() <= self.base
    }
}

/// AXI4-Lite registers of the engine ([`crate::registers`]), on M_AXI_GP0.
pub const ENGINE: Window = Window {
    name: "engine",
    base: 0x43C0_0000,
    bytes: crate::registers::WINDOW_BYTES,
    about: "AXI4-Lite registers of the engine",
};
/// Registers of the AXI DMA (PG021), on M_AXI_GP0.
pub const AXI_DMA: Window =
    Window { name: "axi_dma", base: 0x4040_0000, bytes: 0x1_0000, about: "registers of the AXI DMA" };
/// Memory for descriptors, records and replies: DDR that Linux leaves alone. It ends below the upper quarter of 512 MiB,
/// where U-Boot puts itself and the device tree.
pub const BUFFERS: Window =
    Window { name: "buffers", base: 0x1800_0000, bytes: 0x100_0000, about: "DMA buffers in reserved DDR" };
/// Registers of the AXI DMA in front of the fingerprint block, on M_AXI_GP0. Only a bitstream that was built with the block
/// has it.
pub const FINGERPRINT_DMA: Window = Window {
    name: "fingerprint_dma",
    base: 0x4041_0000,
    bytes: 0x1_0000,
    about: "registers of the AXI DMA of the fingerprint block",
};
/// Memory for the packets of the fingerprint block: the end of [`BUFFERS`], which the engine's driver does not reach.
pub const FINGERPRINT_BUFFERS: Window = Window {
    name: BUFFERS.name,
    base: BUFFERS.end() - 0x10_0000,
    bytes: 0x10_0000,
    about: "DMA buffers of the fingerprint block, the end of the reserved DDR",
};
/// The windows of the fingerprint block, in the order of the UIO maps.
pub const FINGERPRINT_WINDOWS: [Window; 2] = [FINGERPRINT_DMA, FINGERPRINT_BUFFERS];
/// Name of the UIO device of the fingerprint block.
pub const FINGERPRINT_UIO_NAME: &str = "deltascope-fingerprint";
/// Bits of the stream into the fingerprint block.
pub const FINGERPRINT_STREAM_BITS: u32 = 128;

/// Every window of the engine, in the order of the UIO maps.
pub const WINDOWS: [Window; 3] = [ENGINE, AXI_DMA, BUFFERS];

/// Bit of `IRQ_F2P` that the interrupts of the logic share, 0 to 7.
pub const IRQ_F2P: u32 = 0;
/// Number of the shared peripheral interrupt that this bit raises (UG585, table 7-4): the level-high OR of the
/// interrupts of both DMA channels and of the engine. `generic-uio` knows one interrupt for each device.
pub const INTERRUPT_SPI: u32 = 29 + IRQ_F2P;
/// The same line as the interrupt controller counts it: shared interrupts begin at 32.
pub const INTERRUPT_GIC: u32 = INTERRUPT_SPI + 32;

/// Name of the UIO device: the name of its node in the device tree.
pub const UIO_NAME: &str = "deltascope";
/// `compatible` of its node; the kernel gets `uio_pdrv_genirq.of_id=` this.
pub const UIO_COMPATIBLE: &str = "generic-uio";
/// Name of the u-dma-buf device, where that driver serves the buffers instead of the reserved window.
pub const UDMABUF_NAME: &str = "udmabuf-deltascope";
/// Bytes of that device: enough for the driver's default settings, whole megabytes.
pub const UDMABUF_BYTES: u32 = 2 << 20;

/// The PL clock that the engine runs on: FCLK0.
pub const FCLK: u32 = 0;
/// Its rate in Hz: what the block design makes, and the most that the logic is built for. `vivado/clock.tcl` sets the IO
/// PLL of every board so that the rate is exact; the node of the device tree carries it to the driver.
pub const FCLK_HZ: u32 = 150_000_000;
/// Parts in a million that a crystal and the kernel's rounding may add to a rate: Vivado's timing is that of the nominal rate,
/// and a clock's own tolerance is in its uncertainty.
pub const FCLK_TOLERANCE_PPM: u32 = 100;
/// Records of 16 bytes that one 64-bit port carries in a second at [`FCLK_HZ`]: two clocks each. *Estimated.*
pub const RECORDS_PER_SECOND: u32 = FCLK_HZ / 2;
/// Address bits of the AXI DMA: all memory of a Zynq-7000 lies below 4 GiB.
pub const DMA_ADDRESS_BITS: u32 = 32;
/// Bits of the AXI DMA's length register: the widest that it can have (PG021), so a descriptor holds up to 64 MiB.
pub const DMA_LENGTH_BITS: u32 = 26;
/// Name of the bitstream in the firmware folder.
pub const BITSTREAM: &str = "deltascope.bit.bin";

/// Window that M_AXI_GP0 decodes.
const GP0: (u32, u32) = (0x4000_0000, 0x8000_0000);
/// DDR of the smallest board, as the AXI DMA reaches it through HP0. Its first MiB may be on-chip memory.
pub const DDR: Window = Window { name: "ddr", base: 0, bytes: 0x2000_0000, about: "DDR that the AXI DMA reaches" };
/// Addresses below this may be on-chip memory.
const DDR_START: u32 = 0x0010_0000;

const _: () = {
    assert!(ENGINE.is_within(GP0.0, GP0.1) && AXI_DMA.is_within(GP0.0, GP0.1));
    assert!(BUFFERS.is_within(DDR_START, DDR.end()));
    assert!(ENGINE.is_apart_from(&AXI_DMA));
    assert!(FINGERPRINT_DMA.is_within(GP0.0, GP0.1));
    assert!(FINGERPRINT_DMA.is_apart_from(&ENGINE) && FINGERPRINT_DMA.is_apart_from(&AXI_DMA));
    assert!(FINGERPRINT_BUFFERS.is_within(BUFFERS.base, BUFFERS.end()) && UDMABUF_BYTES <= BUFFERS.bytes / 2);
    assert!(IRQ_F2P < 8, "the bits above 7 raise interrupts that do not follow these");
    // UIO maps pages; a reserved range of whole megabytes lets the kernel keep its large mappings around it.
    assert!(ENGINE.base.is_multiple_of(0x1000) && ENGINE.bytes.is_multiple_of(0x1000));
    assert!(AXI_DMA.base.is_multiple_of(0x1000) && AXI_DMA.bytes.is_multiple_of(0x1000));
    assert!(BUFFERS.base.is_multiple_of(0x10_0000) && BUFFERS.bytes.is_multiple_of(0x10_0000));
};
