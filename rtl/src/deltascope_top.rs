//! The top: the engine with 64-bit streams for AXI DMA and AXI4-Lite registers.

use crate::axi_lite_registers::AxiLiteRegisters;
use crate::axis_width::{AxisWidthDown, AxisWidthUp};
use crate::comment;
use crate::default_sizes::{
    BANK_LANES, BANKS, CONTEXT_BITS, COUNT_BITS, DEPTH_BITS, GROUP_BITS, LANES, PACKET, QUEUE_BITS, ROW_BITS,
};
use crate::delta_engine::DeltaEngine;
use rust_hdl::prelude::*;
use smart_default::SmartDefault;

/// The default configuration.
pub type DefaultTop = DeltascopeTop<
    CONTEXT_BITS,
    GROUP_BITS,
    ROW_BITS,
    QUEUE_BITS,
    COUNT_BITS,
    PACKET,
    DEPTH_BITS,
    LANES,
    BANKS,
    BANK_LANES,
>;

/// `deltascope_top`. Port names are those that AXI interface inference looks for.
///
/// `build_id` and `build_dirty` are inputs, so that the emitted Verilog holds no revision: the wrapper of
/// a board ties them.
#[derive(LogicBlock, SmartDefault)]
pub struct DeltascopeTop<
    const CONTEXT_BITS: usize,
    const GROUP_BITS: usize,
    const ROW_BITS: usize,
    const QUEUE_BITS: usize,
    const CREDIT_BITS: usize,
    const REPLY_PACKET: usize,
    const DEPTH_BITS: usize,
    const LANES: usize,
    const BANKS: usize,
    const BANK_LANES: usize,
> {
    /// The only clock, 150 MHz on the Zynq-7020.
    pub aclk: Signal<In, Clock>,
    /// Synchronous reset, active low.
    pub aresetn: Signal<In, Bit>,
    /// Half a record, bits 63:0 first.
    pub s_axis_tdata: Signal<In, Bits<64>>,
    /// Its bytes that are there.
    pub s_axis_tkeep: Signal<In, Bits<8>>,
    /// AXI4-Stream.
    pub s_axis_tvalid: Signal<In, Bit>,
    /// AXI4-Stream.
    pub s_axis_tready: Signal<Out, Bit>,
    /// The half is the last one of a batch.
    pub s_axis_tlast: Signal<In, Bit>,
    /// Half a reply beat, bits 63:0 first.
    pub m_axis_tdata: Signal<Out, Bits<64>>,
    /// All bytes.
    pub m_axis_tkeep: Signal<Out, Bits<8>>,
    /// AXI4-Stream.
    pub m_axis_tvalid: Signal<Out, Bit>,
    /// AXI4-Stream.
    pub m_axis_tready: Signal<In, Bit>,
    /// The half is the last one of a packet.
    pub m_axis_tlast: Signal<Out, Bit>,
    /// AXI4-Lite.
    pub s_axi_awaddr: Signal<In, Bits<12>>,
    /// AXI4-Lite.
    pub s_axi_awvalid: Signal<In, Bit>,
    /// AXI4-Lite.
    pub s_axi_awready: Signal<Out, Bit>,
    /// AXI4-Lite.
    pub s_axi_wdata: Signal<In, Bits<32>>,
    /// AXI4-Lite.
    pub s_axi_wstrb: Signal<In, Bits<4>>,
    /// AXI4-Lite.
    pub s_axi_wvalid: Signal<In, Bit>,
    /// AXI4-Lite.
    pub s_axi_wready: Signal<Out, Bit>,
    /// AXI4-Lite.
    pub s_axi_bresp: Signal<Out, Bits<2>>,
    /// AXI4-Lite.
    pub s_axi_bvalid: Signal<Out, Bit>,
    /// AXI4-Lite.
    pub s_axi_bready: Signal<In, Bit>,
    /// AXI4-Lite.
    pub s_axi_araddr: Signal<In, Bits<12>>,
    /// AXI4-Lite.
    pub s_axi_arvalid: Signal<In, Bit>,
    /// AXI4-Lite.
    pub s_axi_arready: Signal<Out, Bit>,
    /// AXI4-Lite.
    pub s_axi_rdata: Signal<Out, Bits<32>>,
    /// AXI4-Lite.
    pub s_axi_rresp: Signal<Out, Bits<2>>,
    /// AXI4-Lite.
    pub s_axi_rvalid: Signal<Out, Bit>,
    /// AXI4-Lite.
    pub s_axi_rready: Signal<In, Bit>,
    /// Interrupt, level.
    pub irq: Signal<Out, Bit>,
    /// First 32 bits of the source revision, tied by the wrapper.
    pub build_id: Signal<In, Bits<32>>,
    /// The sources had uncommitted changes, tied by the wrapper.
    pub build_dirty: Signal<In, Bit>,

    widen: AxisWidthUp,
    engine: DeltaEngine<
        CONTEXT_BITS,
        GROUP_BITS,
        ROW_BITS,
        QUEUE_BITS,
        CREDIT_BITS,
        REPLY_PACKET,
        DEPTH_BITS,
        LANES,
        BANKS,
        BANK_LANES,
    >,
    narrow: AxisWidthDown,
    registers: AxiLiteRegisters<CONTEXT_BITS, GROUP_BITS, LANES, DEPTH_BITS, REPLY_PACKET>,
    #[default(Constant::new(0xFF_u64.into()))]
    whole_beat: Constant<Bits<8>>,
}

impl<
    const CONTEXT_BITS: usize,
    const GROUP_BITS: usize,
    const ROW_BITS: usize,
    const QUEUE_BITS: usize,
    const CREDIT_BITS: usize,
    const REPLY_PACKET: usize,
    const DEPTH_BITS: usize,
    const LANES: usize,
    const BANKS: usize,
    const BANK_LANES: usize,
> Logic
    for DeltascopeTop<
        CONTEXT_BITS,
        GROUP_BITS,
        ROW_BITS,
        QUEUE_BITS,
        CREDIT_BITS,
        REPLY_PACKET,
        DEPTH_BITS,
        LANES,
        BANKS,
        BANK_LANES,
    >
{
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module deltascope_top");
        clock!(self, aclk, widen, engine, narrow, registers);
        self.widen.resetn.next = self.aresetn.val();
        self.engine.resetn.next = self.aresetn.val();
        self.narrow.resetn.next = self.aresetn.val();
        self.registers.resetn.next = self.aresetn.val();

        comment!("Records: 64 bits from the DMA, 128 for the engine.");
        self.widen.s_tdata.next = self.s_axis_tdata.val();
        self.widen.s_tkeep.next = self.s_axis_tkeep.val();
        self.widen.s_tvalid.next = self.s_axis_tvalid.val();
        self.widen.s_tlast.next = self.s_axis_tlast.val();
        self.s_axis_tready.next = self.widen.s_tready.val();
        self.engine.s_tdata.next = self.widen.m_tdata.val().into();
        self.engine.s_tvalid.next = self.widen.m_tvalid.val();
        self.engine.s_tlast.next = self.widen.m_tlast.val();
        self.widen.m_tready.next = self.engine.s_tready.val();

        comment!("Replies: 128 bits from the engine, 64 for the DMA.");
        self.narrow.s_tdata.next = self.engine.m_tdata.val();
        self.narrow.s_tvalid.next = self.engine.m_tvalid.val();
        self.narrow.s_tlast.next = self.engine.m_tlast.val();
        self.narrow.s_mark.next = self.engine.m_mark.val();
        self.engine.m_tready.next = self.narrow.s_tready.val();
        self.engine.sink_idle.next = !self.narrow.m_tvalid.val();
        self.m_axis_tdata.next = self.narrow.m_tdata.val();
        self.m_axis_tkeep.next = self.whole_beat.val();
        self.m_axis_tvalid.next = self.narrow.m_tvalid.val();
        self.m_axis_tlast.next = self.narrow.m_tlast.val();
        self.narrow.m_tready.next = self.m_axis_tready.val();

        comment!("Registers.");
        self.registers.awaddr.next = self.s_axi_awaddr.val();
        self.registers.awvalid.next = self.s_axi_awvalid.val();
        self.s_axi_awready.next = self.registers.awready.val();
        self.registers.wdata.next = self.s_axi_wdata.val();
        self.registers.wstrb.next = self.s_axi_wstrb.val();
        self.registers.wvalid.next = self.s_axi_wvalid.val();
        self.s_axi_wready.next = self.registers.wready.val();
        self.s_axi_bresp.next = self.registers.bresp.val();
        self.s_axi_bvalid.next = self.registers.bvalid.val();
        self.registers.bready.next = self.s_axi_bready.val();
        self.registers.araddr.next = self.s_axi_araddr.val();
        self.registers.arvalid.next = self.s_axi_arvalid.val();
        self.s_axi_arready.next = self.registers.arready.val();
        self.s_axi_rdata.next = self.registers.rdata.val();
        self.s_axi_rresp.next = self.registers.rresp.val();
        self.s_axi_rvalid.next = self.registers.rvalid.val();
        self.registers.rready.next = self.s_axi_rready.val();
        self.registers.build_id.next = self.build_id.val();
        self.registers.build_dirty.next = self.build_dirty.val();
        self.registers.clearing.next = self.engine.clearing.val();
        self.registers.draining.next = self.engine.draining.val();
        self.registers.answering.next = self.engine.answering.val();
        self.registers.blocked.next = self.narrow.m_tvalid.val() & !self.m_axis_tready.val();
        self.registers.snapshot_event.next = self.narrow.taken_mark.val().get_bit(0);
        self.registers.batch_end_event.next = self.narrow.taken_mark.val().get_bit(1);
        self.registers.error_event.next = self.engine.record_rejected.val();
        self.engine.latch.next = self.registers.latch.val();
        self.engine.soft_reset.next = self.registers.soft_reset.val();
        self.irq.next = self.registers.irq.val();
        self.registers.counters.next = self.engine.latched.val();
    }
}
