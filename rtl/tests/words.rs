//! The structures of the HDL have the layouts of `deltascope_abi`.

use deltascope_abi::record::{Class, Op, Record};
use deltascope_abi::registers::Counter;
use deltascope_abi::reply::Reply;
use deltascope_rtl::words::{EventRecord, GroupRow, LatchedCounters, ReplyBeat, RowBeat};
use rust_hdl::prelude::*;

fn bits(beat: u128) -> Bits<128> {
    (0..128).fold(Bits::<128>::default(), |word, i| word.replace_bit(i, beat >> i & 1 == 1))
}

fn number(word: Bits<128>) -> u128 {
    (0..128).filter(|&i| word.get_bit(i)).fold(0, |beat, i| beat | 1 << i)
}

fn beat(record: Record) -> u128 {
    u128::from_le_bytes(record.to_bytes())
}

#[test]
fn a_record_has_the_fields_of_the_abi() {
    let record = Record::new(Op::Send, Class::PageAtExit, 0x1234, 0x5678, 0x9A_BCDE, 0x0123_4567_89AB_CDEF);
    for record in [record, record.with_reply(), record.with_rebase()] {
        let word = EventRecord::from(bits(beat(record)));
        assert_eq!(word.op, (record.op_code() as u64).to_bits::<4>());
        assert_eq!(word.reply, record.reply());
        assert_eq!(word.rebase, record.rebase());
        assert_eq!(word.class_id, (record.class() as u64).to_bits::<2>());
        assert_eq!(word.group_id, u64::from(record.group()).to_bits::<16>());
        assert_eq!(word.context_id, u64::from(record.context()).to_bits::<16>());
        assert_eq!(word.length, u64::from(record.length()).to_bits::<24>());
        assert_eq!(word.operand, record.operand.to_bits::<64>());
        assert_eq!(number(word.into()), beat(record));
    }
}

#[test]
fn a_reply_has_the_fields_of_the_abi() {
    let reply = Reply::new(Op::Swap, 0xAB_CDEF, 0x0123_4567_89AB_CDEF).with_source(Class::NetworkSend, 0x1234, 0x5678);
    for (zero, too_old) in [(false, false), (true, false), (false, true)] {
        let word = ReplyBeat {
            op: (Op::Swap as u64).into(),
            zero,
            too_old,
            class_id: (Class::NetworkSend as u64).into(),
            group_id: 0x1234_u64.into(),
            context_id: 0x5678_u64.into(),
            position: 0xAB_CDEF_u64.into(),
            value: 0x0123_4567_89AB_CDEF_u64.into(),
        };
        assert_eq!(number(word.into()), reply.with_zero(zero).with_too_old(too_old).to_beat());
    }
}

#[test]
fn a_row_is_two_beats_of_the_abi() {
    let beats = [(0x1234_5678_9ABC_u64, 0x1111_2222_3333_4444_u64), (0xFEDC_BA98_7654, 0x5555_6666_7777_8888)];
    let words = beats.map(|(events, bytes)| RowBeat { events: events.into(), zeros: 0.into(), bytes: bytes.into() });
    let row = deltascope_abi::counters::CounterRow::from_beats(words.map(|word| number(word.into())));
    assert_eq!((row.events, row.bytes), beats[0]);
    assert_eq!((row.redundant_events, row.redundant_bytes), beats[1]);
    assert_eq!(GroupRow::BITS, 2 * (48 + 64));
}

#[test]
fn latched_counters_stand_in_the_order_of_their_registers() {
    let set = LatchedCounters::default();
    let offsets = [
        set.get_my_offset_accepted(),
        set.get_my_offset_rejected(),
        set.get_my_offset_journal_position(),
        set.get_my_offset_reply_beats(),
        set.get_my_offset_op_nop(),
        set.get_my_offset_op_load(),
        set.get_my_offset_op_accum(),
        set.get_my_offset_op_read(),
        set.get_my_offset_op_swap(),
        set.get_my_offset_op_pair(),
        set.get_my_offset_op_send(),
        set.get_my_offset_op_snapshot(),
        set.get_my_offset_op_sync(),
        set.get_my_offset_op_query(),
        set.get_my_offset_clocks_moving(),
        set.get_my_offset_clocks_starved(),
        set.get_my_offset_clocks_blocked(),
        set.get_my_offset_clocks_clearing(),
        set.get_my_offset_clocks_answering(),
    ];
    assert_eq!(offsets.len(), Counter::ALL.len());
    for (counter, offset) in Counter::ALL.into_iter().zip(offsets) {
        assert_eq!(offset, 64 * counter as usize, "{counter:?}");
    }
}
