//! The register file answers every offset of the window as `deltascope_abi::registers` describes it.
//!
//! These run in rust-hdl's simulator; the emitted Verilog meets an AXI4-Lite master in `verilator-tests`.

mod support;

use deltascope_abi::ABI_VERSION;
use deltascope_abi::random::Random;
use deltascope_abi::registers::{Counter, IDENTITY_VALUE, MAP, WINDOW_BYTES, is_defined, offset};
use deltascope_rtl::axi_lite_registers::AxiLiteRegisters;
use deltascope_rtl::words::LatchedCounters;
use rust_hdl::prelude::*;
use support::settle;

type Block14 = AxiLiteRegisters<14, 10, 3, 5, 256>;

const OKAY: u64 = 0;
const SLVERR: u64 = 2;

fn number<const N: usize>(word: Bits<N>) -> u64 {
    (0..N).filter(|&i| word.get_bit(i)).fold(0, |value, i| value | 1 << i)
}

struct Bench {
    block: Box<Block14>,
    random: Random,
    latches: usize,
    soft_resets: usize,
}

impl Bench {
    fn new(seed: u64) -> Self {
        let mut block: Box<Block14> = Box::default();
        block.connect_all();
        let mut bench = Bench { block, random: Random::new(seed), latches: 0, soft_resets: 0 };
        bench.clock();
        bench.block.resetn.next = true;
        bench.block.counters.next = counters();
        bench.block.build_id.next = 0x1234_5678_u64.into();
        bench.block.build_dirty.next = true;
        bench.clock();
        bench
    }

    fn clock(&mut self) {
        settle(&mut *self.block);
        self.latches += usize::from(self.block.latch.val());
        self.soft_resets += usize::from(self.block.soft_reset.val());
        self.block.clock.next = Clock { clk: true };
        settle(&mut *self.block);
        self.block.clock.next = Clock { clk: false };
        settle(&mut *self.block);
    }

    fn read(&mut self, address: u32) -> (u32, u64) {
        self.block.araddr.next = u64::from(address).into();
        self.block.arvalid.next = true;
        let mut taken = false;
        let mut held = None;
        for _ in 0..100 {
            self.block.rready.next = self.random.one_in(3);
            settle(&mut *self.block);
            let accepts = self.block.arvalid.val() && self.block.arready.val();
            if self.block.rvalid.val() {
                let answer = (number(self.block.rdata.val()) as u32, number(self.block.rresp.val()));
                assert!(taken, "an answer before the address was taken");
                assert_eq!(*held.get_or_insert(answer), answer, "the answer is held until it is taken");
                if self.block.rready.val() {
                    self.clock();
                    self.block.rready.next = false;
                    return answer;
                }
            }
            self.clock();
            if accepts {
                taken = true;
                self.block.arvalid.next = false;
                self.block.araddr.next = 0_u64.into();
            }
        }
        panic!("no answer from {address:#x}");
    }

    /// Address and data come `0..8` clocks apart, in any order.
    fn write(&mut self, address: u32, data: u32, strobe: u64) -> u64 {
        let (address_at, data_at) = (self.random.bits(3), self.random.bits(3));
        let (mut address_open, mut data_open) = (true, true);
        for n in 0..100 {
            self.block.awvalid.next = address_open && n >= address_at;
            self.block.awaddr.next = u64::from(address).into();
            self.block.wvalid.next = data_open && n >= data_at;
            self.block.wdata.next = u64::from(data).into();
            self.block.wstrb.next = strobe.into();
            self.block.bready.next = self.random.one_in(3);
            settle(&mut *self.block);
            address_open &= !(self.block.awvalid.val() && self.block.awready.val());
            data_open &= !(self.block.wvalid.val() && self.block.wready.val());
            if self.block.bvalid.val() && self.block.bready.val() {
                assert!(!address_open && !data_open, "an answer before address and data");
                let response = number(self.block.bresp.val());
                self.clock();
                self.block.bready.next = false;
                self.clock();
                return response;
            }
            self.clock();
        }
        panic!("no answer from {address:#x}");
    }
}

fn counter_value(i: usize) -> u64 {
    (i as u64 + 1) * 0x0101_0203_0405_0607
}

macro_rules! counters {
    ($($name:ident $counter:ident $about:literal)*) => {
        fn counters() -> LatchedCounters {
            LatchedCounters { $($name: counter_value(Counter::$counter as usize).into(),)* }
        }
    };
}

deltascope_abi::for_each_counter!(counters);

#[test]
fn every_offset_answers_as_described() {
    let mut bench = Bench::new(1);
    bench.block.draining.next = true;
    bench.block.blocked.next = true;
    for address in 0..WINDOW_BYTES {
        let (data, response) = bench.read(address);
        assert_eq!(response == OKAY, is_defined(address), "{address:#x}");
        let expected = match address {
            offset::IDENTITY => IDENTITY_VALUE,
            offset::ABI_VERSION => ABI_VERSION,
            offset::BUILD_ID => 0x1234_5678,
            offset::BUILD_FLAGS => 1,
            offset::CAP_CONTEXTS => 1 << 14,
            offset::CAP_GROUPS => 1 << 10,
            offset::CAP_JOURNAL => 32 << 16 | 3,
            offset::CAP_STREAM => 64 << 16 | 256,
            offset::STATUS => 0b1010,
            _ if is_defined(address) && address >= offset::COUNTERS => {
                let i = ((address - offset::COUNTERS) / 8) as usize;
                assert_eq!(Counter::ALL[i].offset(), address & !7);
                (counter_value(i) >> (8 * (address & 4))) as u32
            }
            _ => MAP.iter().find(|r| r.offset == address).and_then(|r| r.reset).unwrap_or(0),
        };
        assert_eq!(data, expected, "{address:#x}");
    }
}

#[test]
fn writes_act_where_they_are_defined_and_nowhere_else() {
    let mut bench = Bench::new(2);
    for address in 0..WINDOW_BYTES {
        let harmless = !matches!(address, offset::CONTROL | offset::SCRATCH | offset::IRQ_MASK);
        if harmless {
            let response = bench.write(address, 0xFFFF_FFFF, 0xF);
            assert_eq!(response, if is_defined(address) { OKAY } else { SLVERR }, "{address:#x}");
        }
    }
    assert_eq!((bench.latches, bench.soft_resets), (0, 0));
    for register in [offset::SCRATCH, offset::IRQ_MASK, offset::IRQ_STATUS] {
        assert_eq!(bench.read(register).0, 0, "{register:#x} is as after reset");
    }
    assert_eq!(bench.read(offset::IDENTITY).0, IDENTITY_VALUE);
}

#[test]
fn strobes_choose_bytes() {
    let mut bench = Bench::new(3);
    let mut expected = 0_u32;
    for _ in 0..100 {
        let (data, strobe) = (bench.random.bits(32) as u32, bench.random.bits(4));
        assert_eq!(bench.write(offset::SCRATCH, data, strobe), OKAY);
        let mask = (0..4).filter(|i| strobe >> i & 1 == 1).fold(0, |m, i| m | 0xFF << (8 * i));
        expected = expected & !mask | data & mask;
        assert_eq!(bench.read(offset::SCRATCH), (expected, OKAY));
    }
}

#[test]
fn commands_are_pulses_of_one_clock() {
    let mut bench = Bench::new(4);
    bench.write(offset::CONTROL, 0b10, 0xF);
    assert_eq!((bench.latches, bench.soft_resets), (1, 0));
    bench.write(offset::CONTROL, 0b01, 0x1);
    assert_eq!((bench.latches, bench.soft_resets), (1, 1));
    bench.write(offset::CONTROL, 0b11, 0xE);
    assert_eq!((bench.latches, bench.soft_resets), (1, 1), "byte 0 was not strobed");
    assert_eq!(bench.read(offset::CONTROL), (0, OKAY));
}

#[test]
fn interrupts_are_kept_masked_and_cleared_by_ones() {
    let mut bench = Bench::new(5);
    bench.block.batch_end_event.next = true;
    bench.clock();
    bench.block.batch_end_event.next = false;
    bench.clock();
    bench.clock();
    assert!(!bench.block.irq.val(), "masked");
    assert_eq!(bench.read(offset::IRQ_STATUS).0, 0b010);
    bench.write(offset::IRQ_MASK, 0xFFFF_FFFA, 0xF);
    assert_eq!(bench.read(offset::IRQ_MASK).0, 0b010, "reserved bits stay zero");
    assert!(bench.block.irq.val());
    bench.write(offset::IRQ_STATUS, 0b101, 0xF);
    assert!(bench.block.irq.val(), "another bit was cleared");
    // The event comes again in the clock of the clearing: it must not be lost.
    bench.block.batch_end_event.next = true;
    bench.write(offset::IRQ_STATUS, 0b010, 0xF);
    bench.block.batch_end_event.next = false;
    bench.clock();
    assert_eq!(bench.read(offset::IRQ_STATUS).0, 0b010);
    bench.write(offset::IRQ_STATUS, 0b010, 0xF);
    assert!(!bench.block.irq.val());
    bench.block.error_event.next = true;
    bench.block.snapshot_event.next = true;
    bench.clock();
    bench.block.error_event.next = false;
    bench.block.snapshot_event.next = false;
    assert_eq!(bench.read(offset::IRQ_STATUS).0, 0b101);
}
