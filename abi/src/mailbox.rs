//! The mailbox of an emulated board: how a guest in QEMU reaches registers that QEMU does not serve.
//!
//! QEMU's `xilinx-zynq-a9` has no way to hand accesses to programmable logic to another process. Its DDR can be a file
//! that both sides map, so one page of it carries the accesses, one at a time:
//!
//! 1. The guest writes operation, address and data, then the next sequence number (release).
//! 2. The host sees a new number (acquire), drives the logic, writes data and response, then the same number (release).
//! 3. The guest sees its number (acquire) and takes data and response.
//!
//! Guest and host write different cache lines. A register may act when it is read, so this is a conversation and not a
//! copy of the registers. On a board there is no mailbox: the registers are in the maps of the UIO device themselves.

use crate::board::{BUFFERS, Window};
use crate::layout::layout;

/// `Mailbox::magic`: the bytes `DLTM`.
pub const MAGIC: u32 = u32::from_le_bytes(*b"DLTM");
/// Version of the layout and of the conversation.
pub const VERSION: u32 = 1;

/// The page of the mailbox. The kernel's section mappings cover 2 MiB, so what Linux leaves alone is whole sections.
pub const MAILBOX: Window =
    Window { name: "mailbox", base: 0x1EE0_0000, bytes: 0x1000, about: "mailbox of an emulated board" };
/// What Linux leaves alone for it.
pub const RESERVED_BYTES: u32 = 0x20_0000;
/// The windows of an emulated board, in the order of the UIO maps.
pub const WINDOWS: [Window; 2] = [MAILBOX, BUFFERS];
/// Memory of the emulated board, all of it in the shared file: file offset and physical address are the same.
pub const DDR_BYTES: u32 = 0x2000_0000;

/// `Mailbox::operation`: read the register at `address`.
pub const READ: u32 = 1;
/// `Mailbox::operation`: write `data` to the register at `address`.
pub const WRITE: u32 = 2;

layout! {
    /// The page. Lines of 64 bytes separate the writers.
    pub struct Mailbox {
        /// [`MAGIC`], written by the host once it serves.
        pub magic: u32,
        /// [`VERSION`], written before `magic`.
        pub version: u32,
        /// Zero.
        pub pad0: [u32; 14],

        /// Number of the access that the guest asks for; every access has the next one.
        pub asked: u32,
        /// [`READ`] or [`WRITE`].
        pub operation: u32,
        /// Physical address of the register as the processor of a board would use it.
        pub address: u32,
        /// The word to write.
        pub data: u32,
        /// Zero.
        pub pad1: [u32; 12],

        /// Number of the last access that the host answered.
        pub answered: u32,
        /// The word that was read.
        pub value: u32,
        /// AXI response: 0 OKAY, 2 SLVERR, 3 DECERR (AMBA AXI4, section A3.4.4).
        pub response: u32,
        /// Zero.
        pub pad2: [u32; 13],
    }
}

/// AXI response OKAY.
pub const OKAY: u32 = 0;
/// AXI response SLVERR.
pub const SLVERR: u32 = 2;
/// AXI response DECERR: no block has that address.
pub const DECERR: u32 = 3;

const _: () = {
    use core::mem::offset_of;
    assert!(size_of::<Mailbox>() as u32 <= MAILBOX.bytes);
    assert!(offset_of!(Mailbox, asked) == 64 && offset_of!(Mailbox, answered) == 128);
    assert!(MAILBOX.base.is_multiple_of(RESERVED_BYTES) && BUFFERS.base.is_multiple_of(RESERVED_BYTES));
    assert!(MAILBOX.base >= BUFFERS.end() && MAILBOX.base + RESERVED_BYTES <= DDR_BYTES);
    assert!(BUFFERS.bytes.is_multiple_of(RESERVED_BYTES));
};
