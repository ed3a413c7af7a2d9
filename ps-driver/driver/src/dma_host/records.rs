//! Records and replies in the memory that a DMA reads and writes.

use deltascope_abi::record::{RECORD_BYTES, Record};
use deltascope_abi::reply::{REPLY_BYTES, Reply};

use crate::axi_dma::{Packet, UNIT_BYTES, Words};
use crate::seams::DmaBuffer;

const _: () = assert!(RECORD_BYTES == UNIT_BYTES && REPLY_BYTES == UNIT_BYTES);

/// Writes records one behind the other.
pub fn put_records(words: &mut impl Words, offset: usize, records: &[Record]) {
    for (n, record) in records.iter().enumerate() {
        let at = offset + n * RECORD_BYTES;
        words.write64(at, record.head);
        words.write64(at + 8, record.operand);
    }
}

/// Gives `count` reply beats to `sink`, in order.
pub fn take_replies(words: &impl Words, offset: usize, count: usize, sink: &mut dyn FnMut(Reply)) {
    for n in 0..count {
        let at = offset + n * REPLY_BYTES;
        sink(Reply { head: words.read64(at), value: words.read64(at + 8) });
    }
}

/// Gives the reply beats of a packet to `sink`, in order.
pub(super) fn take_packet<B: DmaBuffer>(packet: Packet<'_, B>, sink: &mut dyn FnMut(Reply)) {
    take_replies(packet.words, packet.offset, packet.bytes / REPLY_BYTES, sink);
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use alloc::vec::Vec;
    use core::cell::RefCell;

    /// Memory that remembers every access and refuses what a strongly ordered mapping would refuse.
    #[derive(Default)]
    struct Watched {
        words: BTreeMap<usize, u32>,
        accesses: RefCell<Vec<(usize, usize)>>,
    }

    impl Watched {
        fn saw(&self, offset: usize, bytes: usize) {
            assert!(offset.is_multiple_of(bytes), "{bytes} bytes at {offset:#x}");
            self.accesses.borrow_mut().push((offset, bytes));
        }
    }

    impl Words for Watched {
        fn read32(&self, offset: usize) -> u32 {
            self.saw(offset, 4);
            self.words.get(&offset).copied().unwrap_or(0xDEAD_DEAD)
        }
        fn write32(&mut self, offset: usize, value: u32) {
            self.saw(offset, 4);
            self.words.insert(offset, value);
        }
        fn read64(&self, offset: usize) -> u64 {
            self.saw(offset, 8);
            let half = |at| u64::from(self.words.get(&at).copied().unwrap_or(0xDEAD_DEAD));
            half(offset) | half(offset + 4) << 32
        }
        fn write64(&mut self, offset: usize, value: u64) {
            self.saw(offset, 8);
            self.words.insert(offset, value as u32);
            self.words.insert(offset + 4, (value >> 32) as u32);
        }
    }

    #[test]
    fn a_copy_touches_each_word_once_aligned_and_in_order() {
        let mut memory = Watched::default();
        let records: Vec<Record> = (0..100).map(|n| Record::accum(n, u64::from(n) << 40)).collect();
        put_records(&mut memory, 0x40, &records);
        let expected: Vec<(usize, usize)> = (0..200).map(|n| (0x40 + 8 * n, 8)).collect();
        assert_eq!(memory.accesses.take(), expected);

        let mut found = Vec::new();
        take_replies(&memory, 0x40, records.len(), &mut |reply| found.push((reply.head, reply.value)));
        assert_eq!(memory.accesses.take(), expected);
        assert_eq!(found, records.iter().map(|r| (r.head, r.operand)).collect::<Vec<_>>());
    }
}
