//! Walks the counter rows of a SNAPSHOT: one read every second clock, because a row is two beats.

use crate::comment;
use rust_hdl::prelude::*;
use smart_default::SmartDefault;

/// Reads the rows of a range of groups in order, four classes each.
#[derive(LogicBlock, SmartDefault)]
pub struct SnapshotReader {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Low: forget the walk.
    pub resetn: Signal<In, Bit>,
    /// Starts a walk at the next clock.
    pub start: Signal<In, Bit>,
    /// First group, with `start`.
    pub first_group: Signal<In, Bits<16>>,
    /// Last group, not below the first, with `start`.
    pub last_group: Signal<In, Bits<16>>,
    /// There is room for the two beats of a row.
    pub may_read: Signal<In, Bit>,
    /// Reads a row now; never in two clocks in a row.
    pub read: Signal<Out, Bit>,
    /// Group of the row.
    pub group_id: Signal<Out, Bits<16>>,
    /// Class of the row.
    pub class_id: Signal<Out, Bits<2>>,
    /// The row is the last one.
    pub last_row: Signal<Out, Bit>,

    walking: DFF<Bit>,
    pausing: DFF<Bit>,
    group_now: DFF<Bits<16>>,
    group_end: DFF<Bits<16>>,
    class_now: DFF<Bits<2>>,
    reads: Signal<Local, Bit>,
    class_is_last: Signal<Local, Bit>,
    row_is_last: Signal<Local, Bit>,
    #[default(Constant::new(1_u64.into()))]
    one_group: Constant<Bits<16>>,
    #[default(Constant::new(1_u64.into()))]
    one_class: Constant<Bits<2>>,
}

impl Logic for SnapshotReader {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module snapshot_reader");
        dff_setup!(self, clock, walking, pausing, group_now, group_end, class_now);
        self.reads.next = self.walking.q.val() & !self.pausing.q.val() & self.may_read.val();
        self.class_is_last.next = self.class_now.q.val().all();
        self.row_is_last.next = self.class_is_last.val() & (self.group_now.q.val() == self.group_end.q.val());
        self.read.next = self.reads.val();
        self.group_id.next = self.group_now.q.val();
        self.class_id.next = self.class_now.q.val();
        self.last_row.next = self.row_is_last.val();
        self.pausing.d.next = self.reads.val();
        if self.reads.val() {
            self.class_now.d.next = self.class_now.q.val() + self.one_class.val();
            self.walking.d.next = !self.row_is_last.val();
            if self.class_is_last.val() {
                self.group_now.d.next = self.group_now.q.val() + self.one_group.val();
            }
        }
        if self.start.val() {
            self.walking.d.next = true;
            self.pausing.d.next = false;
            self.group_now.d.next = self.first_group.val();
            self.group_end.d.next = self.last_group.val();
            self.class_now.d.next = 0.into();
        }
        if !self.resetn.val() {
            self.walking.d.next = false;
            self.pausing.d.next = false;
        }
    }
}
