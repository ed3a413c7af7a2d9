//! Room for replies: what makes a pipeline without a stall safe in front of a queue that can be full.

use crate::comment;
use rust_hdl::prelude::*;
use smart_default::SmartDefault;

/// Counts the places of the reply queue (`2^Q` beats) that are taken or promised.
///
/// A place is promised when its slot is in S0 and given back when the beat leaves the queue.
/// `available` is low unless there is room for two more slots of two beats each: the one in S0, which
/// is not counted yet, and the one that enters now.
#[derive(LogicBlock, SmartDefault)]
pub struct ReplyCredit<const Q: usize, const COUNT_BITS: usize> {
    /// Clock.
    #[default(checked! {
        Q >= 4 && Q <= 10 => "ReplyCredit: the reply queue holds 16 to 1,024 beats, fewer would cost throughput";
        COUNT_BITS == Q + 1 => "ReplyCredit: COUNT_BITS must be Q + 1, the count reaches 2^Q"
    })]
    pub clock: Signal<In, Clock>,
    /// Low: every place is free.
    pub resetn: Signal<In, Bit>,
    /// The slot in S0 will write one beat.
    pub promise_one: Signal<In, Bit>,
    /// The slot in S0 will write two beats; not together with `promise_one`.
    pub promise_two: Signal<In, Bit>,
    /// A beat leaves the queue.
    pub beat_leaves: Signal<In, Bit>,
    /// A slot may enter.
    pub available: Signal<Out, Bit>,

    promised: DFF<Bits<COUNT_BITS>>,
    raised: Signal<Local, Bits<COUNT_BITS>>,
    #[default(Constant::new(((1_u64 << Q) - 4).into()))]
    limit: Constant<Bits<COUNT_BITS>>,
    #[default(Constant::new(1_u64.into()))]
    one: Constant<Bits<COUNT_BITS>>,
    #[default(Constant::new(2_u64.into()))]
    two: Constant<Bits<COUNT_BITS>>,
}

impl<const Q: usize, const COUNT_BITS: usize> Logic for ReplyCredit<Q, COUNT_BITS> {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module reply_credit");
        dff_setup!(self, clock, promised);
        self.raised.next = self.promised.q.val();
        if self.promise_one.val() {
            self.raised.next = self.promised.q.val() + self.one.val();
        }
        if self.promise_two.val() {
            self.raised.next = self.promised.q.val() + self.two.val();
        }
        self.promised.d.next = self.raised.val();
        if self.beat_leaves.val() {
            self.promised.d.next = self.raised.val() - self.one.val();
        }
        self.available.next = self.promised.q.val() <= self.limit.val();
        if !self.resetn.val() {
            self.promised.d.next = 0.into();
        }
    }
}
