//! The results of the fingerprint block that have not left, and room for those that will come.

use crate::comment;
use crate::lut_ram::LutRam;
use rust_hdl::prelude::*;
use smart_default::SmartDefault;

/// Bits of a place in the queue: 32 results.
const PLACE_BITS: usize = 5;
/// Results that may be promised when `room` is decided: the queue less the packet that may end in this clock and the
/// one that may end in the next.
const MOST_PROMISED: u64 = (1 << PLACE_BITS) - 2;

/// A queue of 32 results whose places are promised when the last beat of a packet enters the pipeline, so that the
/// pipeline never stalls.
#[derive(LogicBlock, SmartDefault)]
pub struct FingerprintQueue {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Low for one clock or more: forget promises and results.
    pub resetn: Signal<In, Bit>,
    /// The last beat of a packet enters the pipeline.
    pub promise: Signal<In, Bit>,
    /// A beat may enter in this clock: a register, low in reset.
    pub room: Signal<Out, Bit>,
    /// Adds `write_data` at the next edge; it was promised.
    pub write: Signal<In, Bit>,
    /// The result.
    pub write_data: Signal<In, Bits<64>>,
    /// `data` is the oldest result; it stays until taken.
    pub valid: Signal<Out, Bit>,
    /// The oldest result.
    pub data: Signal<Out, Bits<64>>,
    /// The sink takes it at the next edge.
    pub ready: Signal<In, Bit>,

    ram: LutRam<5, 64>,
    write_pointer: DFF<Bits<5>>,
    read_pointer: DFF<Bits<5>>,
    results: DFF<Bits<6>>,
    not_empty: DFF<Bit>,
    promised: DFF<Bits<6>>,
    open: DFF<Bit>,

    leave: Signal<Local, Bit>,
    results_next: Signal<Local, Bits<6>>,
    promised_next: Signal<Local, Bits<6>>,
    #[default(Constant::new(1_u64.into()))]
    one_place: Constant<Bits<5>>,
    #[default(Constant::new(1_u64.into()))]
    one: Constant<Bits<6>>,
    #[default(Constant::new(MOST_PROMISED.into()))]
    most_promised: Constant<Bits<6>>,
}

impl Logic for FingerprintQueue {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module fingerprint_queue");
        comment!("32 results; a place is promised before its packet has passed the pipeline.");
        dff_setup!(self, clock, write_pointer, read_pointer, results, not_empty, promised, open);
        self.ram.clock.next = self.clock.val();
        self.ram.write_enable.next = self.write.val();
        self.ram.write_address.next = self.write_pointer.q.val();
        self.ram.write_data.next = self.write_data.val();
        self.ram.read_address.next = self.read_pointer.q.val();
        self.leave.next = self.not_empty.q.val() & self.ready.val();

        if self.write.val() {
            self.write_pointer.d.next = self.write_pointer.q.val() + self.one_place.val();
        }
        if self.leave.val() {
            self.read_pointer.d.next = self.read_pointer.q.val() + self.one_place.val();
        }
        self.results_next.next = self.results.q.val();
        if self.write.val() & !self.leave.val() {
            self.results_next.next = self.results.q.val() + self.one.val();
        }
        if self.leave.val() & !self.write.val() {
            self.results_next.next = self.results.q.val() - self.one.val();
        }
        self.results.d.next = self.results_next.val();
        self.not_empty.d.next = self.results_next.val().any();

        comment!("Promised: in the pipeline or in the queue. A packet that ends in this clock is not counted yet.");
        self.promised_next.next = self.promised.q.val();
        if self.promise.val() & !self.leave.val() {
            self.promised_next.next = self.promised.q.val() + self.one.val();
        }
        if self.leave.val() & !self.promise.val() {
            self.promised_next.next = self.promised.q.val() - self.one.val();
        }
        self.promised.d.next = self.promised_next.val();
        self.open.d.next = self.promised.q.val() <= self.most_promised.val();
        if !self.resetn.val() {
            self.write_pointer.d.next = 0.into();
            self.read_pointer.d.next = 0.into();
            self.results.d.next = 0.into();
            self.not_empty.d.next = false;
            self.promised.d.next = 0.into();
            self.open.d.next = false;
        }
        self.room.next = self.open.q.val();
        self.valid.next = self.not_empty.q.val();
        self.data.next = self.ram.read_data.val();
    }
}
