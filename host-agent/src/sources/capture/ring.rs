//! The ring of one packet socket (TPACKET_V3, `Documentation/networking/packet_mmap.rst`): the only place that touches
//! the mapping.

use std::io::{Error, Result};
use std::mem::offset_of;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};

use memmap2::{MmapOptions, MmapRaw};

use super::sys;

/// Bytes of a block. A packet is in one block and is cut where it is longer, as one of BIG TCP may be.
pub(super) const BLOCK_BYTES: usize = 256 << 10;
/// Time after which the kernel hands over a block that is not full.
pub(super) const RETIRE_MS: u32 = 20;
/// Bytes that a frame has at least; a packet of a ring of version 3 takes what it needs.
const FRAME_BYTES: u32 = 2_048;
/// Bytes of `struct tpacket3_hdr`, behind which the address of the link is.
const HEADER_BYTES: usize = size_of::<libc::tpacket3_hdr>().next_multiple_of(libc::TPACKET_ALIGNMENT);

/// One packet of the ring.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    /// From the network header on, as far as it was captured.
    pub bytes: &'a [u8],
    /// Bytes of the whole packet, from the network header on.
    pub length: u32,
    /// Number of the interface.
    pub interface: i32,
}

/// A packet socket with its ring.
#[derive(Debug)]
pub(super) struct Ring {
    socket: OwnedFd,
    map: MmapRaw,
    blocks: usize,
    /// Number of the next block to read.
    next: usize,
}

impl Ring {
    /// Gives a socket that is not bound yet a ring of this number of blocks.
    pub(super) fn new(socket: OwnedFd, blocks: usize) -> Result<Ring> {
        let version = libc::tpacket_versions::TPACKET_V3 as libc::c_int;
        sys::set_option(&socket, libc::SOL_PACKET, libc::PACKET_VERSION, &version)?;
        let request = libc::tpacket_req3 {
            tp_block_size: BLOCK_BYTES as u32,
            tp_block_nr: blocks as u32,
            tp_frame_size: FRAME_BYTES,
            tp_frame_nr: (BLOCK_BYTES / FRAME_BYTES as usize * blocks) as u32,
            tp_retire_blk_tov: RETIRE_MS,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        sys::set_option(&socket, libc::SOL_PACKET, libc::PACKET_RX_RING, &request)?;
        let map = MmapOptions::new().len(BLOCK_BYTES * blocks).map_raw(&socket)?;
        Ok(Ring { socket, map, blocks, next: 0 })
    }

    /// The socket.
    pub(super) fn socket(&self) -> &OwnedFd {
        &self.socket
    }

    /// The descriptor that can be read when there is a block.
    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// The status of the next block: whose it is.
    fn status(&self) -> &AtomicU32 {
        let at = self.next * BLOCK_BYTES
            + offset_of!(libc::tpacket_block_desc, hdr)
            + offset_of!(libc::tpacket_hdr_v1, block_status);
        // SAFETY: `next` is less than `blocks`, so the word is in the mapping, which is aligned to a page as each block is;
        // the kernel and this process change it by whole words only, and the reference lives as long as `self`.
        unsafe { AtomicU32::from_ptr(self.map.as_mut_ptr().add(at).cast()) }
    }

    /// Gives every packet of the next block to `take` and returns how many there were; `None` when the kernel still has
    /// that block.
    ///
    /// # Errors
    /// The block is not laid out as it should be.
    pub(super) fn block(&mut self, take: &mut dyn FnMut(Packet<'_>)) -> Result<Option<u64>> {
        if self.status().load(Ordering::Acquire) & libc::TP_STATUS_USER == 0 {
            return Ok(None);
        }
        // SAFETY: the block is in the mapping, and until its status is given back below the kernel writes nothing into it,
        // nor does this process; the reference does not outlive this function.
        let block = unsafe {
            let base: *const u8 = self.map.as_ptr().add(self.next * BLOCK_BYTES);
            std::slice::from_raw_parts(base, BLOCK_BYTES)
        };
        let packets =
            packets(block, take).ok_or_else(|| Error::other("a block of the ring is not laid out as expected"));
        self.status().store(libc::TP_STATUS_KERNEL, Ordering::Release);
        self.next = (self.next + 1) % self.blocks;
        packets.map(Some)
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Walks over the packets of a block. `None`: an offset or a length leads out of it.
pub(super) fn packets(block: &[u8], take: &mut dyn FnMut(Packet<'_>)) -> Option<u64> {
    let header = offset_of!(libc::tpacket_block_desc, hdr);
    let count = word(block, header + offset_of!(libc::tpacket_hdr_v1, num_pkts))?;
    let mut at = word(block, header + offset_of!(libc::tpacket_hdr_v1, offset_to_first_pkt))? as usize;
    for _ in 0..count {
        let packet = block.get(at..)?;
        let captured = word(packet, offset_of!(libc::tpacket3_hdr, tp_snaplen))? as usize;
        let length = word(packet, offset_of!(libc::tpacket3_hdr, tp_len))?;
        let begin =
            packet.get(offset_of!(libc::tpacket3_hdr, tp_mac)..)?.first_chunk().copied().map(u16::from_ne_bytes)?;
        let interface = word(packet, HEADER_BYTES + offset_of!(libc::sockaddr_ll, sll_ifindex))? as i32;
        let bytes = packet.get(usize::from(begin)..)?.get(..captured)?;
        take(Packet { bytes, length, interface });
        at += word(packet, offset_of!(libc::tpacket3_hdr, tp_next_offset))? as usize;
    }
    Some(count.into())
}
