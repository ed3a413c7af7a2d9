//! The group counters: one add to the row of a (group, class) every clock, whatever the rows.

use crate::block_ram::BlockRam;
use crate::comment;
use crate::words::GroupRow;
use rust_hdl::prelude::*;
use smart_default::SmartDefault;

/// `2^R` rows of counters in block RAM; row = 4 * group + class.
///
/// The same pipeline as the context table: an add or a read enters at S0 and its result is at the
/// outputs three clocks later (S3), forwarded from S3, S4 and S5. An add adds one event and `length`
/// bytes and, when redundant, the same to the redundant pair; a read adds nothing and answers the row
/// as all adds before it left it.
#[derive(LogicBlock, SmartDefault)]
pub struct GroupCounters<const R: usize> {
    /// Clock.
    #[default(checked! {
        R >= 3 && R <= 16 => "GroupCounters: 8 to 65,536 rows, that is 2 to 16,384 groups of 4 classes"
    })]
    pub clock: Signal<In, Clock>,
    /// Low for one clock or more: forget what is in flight and clear every row.
    pub resetn: Signal<In, Bit>,
    /// The rows are being cleared, `2^R` clocks after a reset; what enters now is lost.
    pub clearing: Signal<Out, Bit>,
    /// S0: an event enters.
    pub add: Signal<In, Bit>,
    /// S0: a read enters; not together with `add`.
    pub read: Signal<In, Bit>,
    /// S0: the row.
    pub row_id: Signal<In, Bits<R>>,
    /// S0: the event is redundant.
    pub redundant: Signal<In, Bit>,
    /// S0: bytes of the event.
    pub length: Signal<In, Bits<24>>,
    /// S3: a read leaves.
    pub result_valid: Signal<Out, Bit>,
    /// S3: the row that was read.
    pub result: Signal<Out, GroupRow>,

    ram: BlockRam<GroupRow, R>,
    clear_busy: DFF<Bit>,
    clear_address: DFF<Bits<R>>,
    ready: Signal<Local, Bit>,

    s1_valid: DFF<Bit>,
    s1_read: DFF<Bit>,
    s1_add: DFF<Bit>,
    s1_add_redundant: DFF<Bit>,
    s1_row: DFF<Bits<R>>,
    s1_length: DFF<Bits<24>>,
    s2_valid: DFF<Bit>,
    s2_read: DFF<Bit>,
    s2_row: DFF<Bits<R>>,
    s2_event: DFF<Bit>,
    s2_length: DFF<Bits<24>>,
    s2_redundant_event: DFF<Bit>,
    s2_redundant_length: DFF<Bits<24>>,
    s2_from_s3: DFF<Bit>,
    s2_from_s4: DFF<Bit>,
    s2_from_s5: DFF<Bit>,
    s3_valid: DFF<Bit>,
    s3_read: DFF<Bit>,
    s3_row: DFF<Bits<R>>,
    s3_after: DFF<GroupRow>,
    s4_valid: DFF<Bit>,
    s4_row: DFF<Bits<R>>,
    s4_after: DFF<GroupRow>,
    s5_after: DFF<GroupRow>,

    same_as_s2: Signal<Local, Bit>,
    same_as_s3: Signal<Local, Bit>,
    same_as_s4: Signal<Local, Bit>,
    current: Signal<Local, GroupRow>,
    current_events: Signal<Local, Bits<48>>,
    current_bytes: Signal<Local, Bits<64>>,
    current_redundant_events: Signal<Local, Bits<48>>,
    current_redundant_bytes: Signal<Local, Bits<64>>,
    event_step: Signal<Local, Bits<48>>,
    byte_step: Signal<Local, Bits<64>>,
    redundant_event_step: Signal<Local, Bits<48>>,
    redundant_byte_step: Signal<Local, Bits<64>>,
    modified: Signal<Local, GroupRow>,

    #[default(Constant::new(1_u64.into()))]
    one: Constant<Bits<R>>,
}

impl<const R: usize> Logic for GroupCounters<R> {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module group_counters");
        comment!("S0 address, S1 memory array, S2 forward and add, S3 write and answer, S4 and S5 history.");
        dff_setup!(self, clock, clear_busy, clear_address);
        dff_setup!(self, clock, s1_valid, s1_read, s1_add, s1_add_redundant, s1_row, s1_length);
        dff_setup!(self, clock, s2_valid, s2_read, s2_row, s2_event, s2_length);
        dff_setup!(self, clock, s2_redundant_event, s2_redundant_length, s2_from_s3, s2_from_s4, s2_from_s5);
        dff_setup!(self, clock, s3_valid, s3_read, s3_row, s3_after, s4_valid, s4_row, s4_after, s5_after);

        comment!("S0: present the address.");
        self.ram.clock.next = self.clock.val();
        self.ram.read_address.next = self.row_id.val();
        self.ready.next = !self.clear_busy.q.val();
        self.s1_valid.d.next = (self.add.val() | self.read.val()) & self.ready.val();
        self.s1_read.d.next = self.read.val();
        self.s1_add.d.next = self.add.val();
        self.s1_add_redundant.d.next = self.add.val() & self.redundant.val();
        self.s1_row.d.next = self.row_id.val();
        self.s1_length.d.next = self.length.val();

        comment!("S1: who in front has the same row? And what is to be added: nothing for a read.");
        self.same_as_s2.next = self.s2_valid.q.val() & (self.s2_row.q.val() == self.s1_row.q.val());
        self.same_as_s3.next = self.s3_valid.q.val() & (self.s3_row.q.val() == self.s1_row.q.val());
        self.same_as_s4.next = self.s4_valid.q.val() & (self.s4_row.q.val() == self.s1_row.q.val());
        self.s2_from_s3.d.next = self.same_as_s2.val();
        self.s2_from_s4.d.next = self.same_as_s3.val();
        self.s2_from_s5.d.next = self.same_as_s4.val();
        self.s2_valid.d.next = self.s1_valid.q.val();
        self.s2_read.d.next = self.s1_read.q.val();
        self.s2_row.d.next = self.s1_row.q.val();
        self.s2_event.d.next = self.s1_add.q.val();
        self.s2_redundant_event.d.next = self.s1_add_redundant.q.val();
        self.s2_length.d.next = 0.into();
        if self.s1_add.q.val() {
            self.s2_length.d.next = self.s1_length.q.val();
        }
        self.s2_redundant_length.d.next = 0.into();
        if self.s1_add_redundant.q.val() {
            self.s2_redundant_length.d.next = self.s1_length.q.val();
        }

        comment!("S2: forward the youngest row, then add.");
        self.current.next = self.ram.read_data.val();
        if self.s2_from_s5.q.val() {
            self.current.next = self.s5_after.q.val();
        }
        if self.s2_from_s4.q.val() {
            self.current.next = self.s4_after.q.val();
        }
        if self.s2_from_s3.q.val() {
            self.current.next = self.s3_after.q.val();
        }
        self.current_events.next = self.current.val().events;
        self.current_bytes.next = self.current.val().bytes;
        self.current_redundant_events.next = self.current.val().redundant_events;
        self.current_redundant_bytes.next = self.current.val().redundant_bytes;
        self.event_step.next = bit_cast::<48, 1>(self.s2_event.q.val().into());
        self.byte_step.next = bit_cast::<64, 24>(self.s2_length.q.val());
        self.redundant_event_step.next = bit_cast::<48, 1>(self.s2_redundant_event.q.val().into());
        self.redundant_byte_step.next = bit_cast::<64, 24>(self.s2_redundant_length.q.val());
        self.modified.next.events = self.current_events.val() + self.event_step.val();
        self.modified.next.bytes = self.current_bytes.val() + self.byte_step.val();
        self.modified.next.redundant_events = self.current_redundant_events.val() + self.redundant_event_step.val();
        self.modified.next.redundant_bytes = self.current_redundant_bytes.val() + self.redundant_byte_step.val();
        self.s3_valid.d.next = self.s2_valid.q.val();
        self.s3_read.d.next = self.s2_read.q.val();
        self.s3_row.d.next = self.s2_row.q.val();
        self.s3_after.d.next = self.modified.val();

        comment!("S3: write and answer. While clearing, the write port belongs to the clear.");
        self.ram.write_enable.next = self.s3_valid.q.val();
        self.ram.write_address.next = self.s3_row.q.val();
        self.ram.write_data.next = self.s3_after.q.val();
        if self.clear_busy.q.val() {
            self.ram.write_enable.next = true;
            self.ram.write_address.next = self.clear_address.q.val();
            self.ram.write_data.next.events = 0.into();
            self.ram.write_data.next.bytes = 0.into();
            self.ram.write_data.next.redundant_events = 0.into();
            self.ram.write_data.next.redundant_bytes = 0.into();
        }
        self.result_valid.next = self.s3_valid.q.val() & self.s3_read.q.val();
        self.result.next = self.s3_after.q.val();
        self.s4_valid.d.next = self.s3_valid.q.val();
        self.s4_row.d.next = self.s3_row.q.val();
        self.s4_after.d.next = self.s3_after.q.val();
        self.s5_after.d.next = self.s4_after.q.val();

        comment!("Clearing: one row a clock.");
        self.clearing.next = self.clear_busy.q.val();
        if self.clear_busy.q.val() {
            self.clear_address.d.next = self.clear_address.q.val() + self.one.val();
            self.clear_busy.d.next = !self.clear_address.q.val().all();
        }
        if !self.resetn.val() {
            self.clear_busy.d.next = true;
            self.clear_address.d.next = 0.into();
            self.s1_valid.d.next = false;
            self.s2_valid.d.next = false;
            self.s3_valid.d.next = false;
            self.s4_valid.d.next = false;
        }
    }
}
