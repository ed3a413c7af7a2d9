//! CRC32C (polynomial 0x1EDC6F41, reflected) as matrices over GF(2): what zero bytes do to the state of the CRC, and its
//! reverse.
//!
//! The CRC of a message is linear in state and message, and the state XORs into the first four bytes. So a beat of
//! sixteen bytes, taken as four words, moves the state `s` to `A16 (s ^ w0) ^ A12 w1 ^ A8 w2 ^ A4 w3`, where `An` is the
//! effect of `n` zero bytes.

use crate::comment;
use rust_hdl::prelude::*;
use smart_default::SmartDefault;
use std::array::from_fn;

/// The polynomial, bit 31 being the power zero.
const POLYNOMIAL: u32 = 0x82F6_3B78;

/// The state after the bit zero.
const fn forward(state: u32) -> u32 {
    (state >> 1) ^ (if state & 1 == 1 { POLYNOMIAL } else { 0 })
}

/// The state before the bit zero: the polynomial has bit 31 set, so that bit reports whether it was added.
const fn backward(state: u32) -> u32 {
    if state >> 31 == 1 { (state ^ POLYNOMIAL) << 1 | 1 } else { state << 1 }
}

/// The state after `bytes` zero bytes.
pub fn advanced(state: u32, bytes: usize) -> u32 {
    (0..8 * bytes).fold(state, |state, _| forward(state))
}

/// The state before `bytes` zero bytes.
pub fn retreated(state: u32, bytes: usize) -> u32 {
    (0..8 * bytes).fold(state, |state, _| backward(state))
}

/// Row `i` is the mask of input bits whose XOR is output bit `i`.
fn rows(column: impl Fn(u32) -> u32) -> [Constant<Bits<32>>; 32] {
    let columns: [u32; 32] = from_fn(|j| column(1 << j));
    from_fn(|i| {
        let row = (0..32).fold(0_u64, |row, j| row | u64::from(columns[j] >> i & 1) << j);
        Constant::new(row.into())
    })
}

/// What `BYTES` zero bytes do to the state of a CRC32C. Combinational.
#[derive(LogicBlock, SmartDefault)]
pub struct Crc32cAdvance<const BYTES: usize> {
    /// State before.
    #[default(checked! { BYTES >= 1 && BYTES <= 16 => "Crc32cAdvance: 1 to 16 bytes" })]
    pub state: Signal<In, Bits<32>>,
    /// State after.
    pub moved: Signal<Out, Bits<32>>,

    masked: [Signal<Local, Bits<32>>; 32],
    odd: [Signal<Local, Bit>; 32],
    placed: [Signal<Local, Bits<32>>; 32],
    #[default(from_fn(|_| Default::default()))]
    joined: [Signal<Local, Bits<32>>; 33],
    #[default(rows(|column| advanced(column, BYTES)))]
    row: [Constant<Bits<32>>; 32],
    #[default(from_fn(|i| Constant::new((1_u64 << i).into())))]
    bit: [Constant<Bits<32>>; 32],
    #[default(Constant::new((BYTES as u64).into()))]
    bytes: Constant<Bits<8>>,
}

impl<const BYTES: usize> Logic for Crc32cAdvance<BYTES> {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module crc32c_advance_{bytes}");
        comment!("Each bit after is the XOR of the bits before that its row selects.");
        self.joined[0].next = 0.into();
        for i in 0..32 {
            self.masked[i].next = self.state.val() & self.row[i].val();
            self.odd[i].next = self.masked[i].val().xor();
            self.placed[i].next = 0.into();
            if self.odd[i].val() {
                self.placed[i].next = self.bit[i].val();
            }
            self.joined[i + 1].next = self.joined[i].val() | self.placed[i].val();
        }
        self.moved.next = self.joined[32].val();
    }
}

/// Undoes what `BYTES` zero bytes did to the state of a CRC32C. Combinational.
#[derive(LogicBlock, SmartDefault)]
pub struct Crc32cRetreat<const BYTES: usize> {
    /// State after.
    #[default(checked! { BYTES >= 1 && BYTES <= 16 => "Crc32cRetreat: 1 to 16 bytes" })]
    pub moved: Signal<In, Bits<32>>,
    /// State before.
    pub state: Signal<Out, Bits<32>>,

    masked: [Signal<Local, Bits<32>>; 32],
    odd: [Signal<Local, Bit>; 32],
    placed: [Signal<Local, Bits<32>>; 32],
    #[default(from_fn(|_| Default::default()))]
    joined: [Signal<Local, Bits<32>>; 33],
    #[default(rows(|column| retreated(column, BYTES)))]
    row: [Constant<Bits<32>>; 32],
    #[default(from_fn(|i| Constant::new((1_u64 << i).into())))]
    bit: [Constant<Bits<32>>; 32],
    #[default(Constant::new((BYTES as u64).into()))]
    bytes: Constant<Bits<8>>,
}

impl<const BYTES: usize> Logic for Crc32cRetreat<BYTES> {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module crc32c_retreat_{bytes}");
        comment!("Each bit before is the XOR of the bits after that its row selects.");
        self.joined[0].next = 0.into();
        for i in 0..32 {
            self.masked[i].next = self.moved.val() & self.row[i].val();
            self.odd[i].next = self.masked[i].val().xor();
            self.placed[i].next = 0.into();
            if self.odd[i].val() {
                self.placed[i].next = self.bit[i].val();
            }
            self.joined[i + 1].next = self.joined[i].val() | self.placed[i].val();
        }
        self.state.next = self.joined[32].val();
    }
}

/// The state from which a message that begins at a lane of the first beat continues: `word` is what the initial state
/// contributes to the state at the end of that beat. Combinational.
#[derive(LogicBlock, SmartDefault)]
pub struct Crc32cStart {
    /// Lanes of the beat before the first byte, 16 when the beat has no byte.
    pub lead: Signal<In, Bits<5>>,
    /// The initial state after the lanes that are left.
    pub word: Signal<Out, Bits<32>>,

    #[default(from_fn(|lead| Constant::new(u64::from(advanced(INITIAL, 16 - lead)).into())))]
    state: [Constant<Bits<32>>; 17],
    #[default(from_fn(|lead| Constant::new((lead as u64).into())))]
    number: [Constant<Bits<5>>; 16],
}

/// State of a CRC32C before the first byte.
const INITIAL: u32 = u32::MAX;

impl Logic for Crc32cStart {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module crc32c_start");
        comment!("All ones, after 16 - lead zero bytes.");
        self.word.next = self.state[16].val();
        for n in 0..16 {
            if self.lead.val() == self.number[n].val() {
                self.word.next = self.state[n].val();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_bytes_move_the_state_as_in_the_crate() {
        for bytes in 1..=16 {
            let expected = deltascope_abi::crc::table_driven(&[0; 16][..bytes]);
            assert_eq!(!advanced(INITIAL, bytes), expected, "{bytes}");
            assert_eq!(retreated(advanced(0x1234_5678, bytes), bytes), 0x1234_5678);
        }
    }
}
