// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
module deltascope_top (
    input  wire         aclk,
    input  wire         aresetn,
    input  wire [63:0]  s_axis_tdata,
    input  wire [7:0]   s_axis_tkeep,
    input  wire         s_axis_tvalid,
    output wire         s_axis_tready,
    input  wire         s_axis_tlast,
    output wire [63:0]  m_axis_tdata,
    output wire [7:0]   m_axis_tkeep,
    output wire         m_axis_tvalid,
    input  wire         m_axis_tready,
    output wire         m_axis_tlast,
    input  wire [11:0]  s_axi_awaddr,
    input  wire         s_axi_awvalid,
    output wire         s_axi_awready,
    input  wire [31:0]  s_axi_wdata,
    input  wire [3:0]   s_axi_wstrb,
    input  wire         s_axi_wvalid,
    output wire         s_axi_wready,
    output wire [1:0]   s_axi_bresp,
    output wire         s_axi_bvalid,
    input  wire         s_axi_bready,
    input  wire [11:0]  s_axi_araddr,
    input  wire         s_axi_arvalid,
    output wire         s_axi_arready,
    output wire [31:0]  s_axi_rdata,
    output wire [1:0]   s_axi_rresp,
    output wire         s_axi_rvalid,
    input  wire         s_axi_rready,
    output wire         irq,
    input  wire [31:0]  build_id,
    input  wire         build_dirty
);

    localparam [7:0] whole_beat = 8'hff;
    wire [127:0] widen_m_tdata;
    wire         widen_m_tvalid;
    wire         widen_m_tlast;
    wire         engine_s_tready;
    wire [127:0] engine_m_tdata;
    wire         engine_m_tvalid;
    wire         engine_m_tlast;
    wire [1:0]   engine_m_mark;
    wire         engine_sink_idle;
    wire         engine_clearing;
    wire         engine_draining;
    wire         engine_answering;
    wire         engine_record_rejected;
    wire [1215:0] engine_latched;
    wire         narrow_s_tready;
    wire         narrow_m_tvalid;
    wire [1:0]   narrow_taken_mark;
    wire         registers_blocked;
    wire         registers_snapshot_event;
    wire         registers_batch_end_event;
    wire         registers_latch;
    wire         registers_soft_reset;

    axis_width_up widen (
        .clock(aclk),
        .resetn(aresetn),
        .s_tdata(s_axis_tdata),
        .s_tkeep(s_axis_tkeep),
        .s_tvalid(s_axis_tvalid),
        .s_tready(s_axis_tready),
        .s_tlast(s_axis_tlast),
        .m_tdata(widen_m_tdata),
        .m_tvalid(widen_m_tvalid),
        .m_tready(engine_s_tready),
        .m_tlast(widen_m_tlast),
        .fragment()
    );

    delta_engine engine (
        .clock(aclk),
        .resetn(aresetn),
        .s_tdata(widen_m_tdata),
        .s_tvalid(widen_m_tvalid),
        .s_tready(engine_s_tready),
        .s_tlast(widen_m_tlast),
        .m_tdata(engine_m_tdata),
        .m_tvalid(engine_m_tvalid),
        .m_tready(narrow_s_tready),
        .m_tlast(engine_m_tlast),
        .m_mark(engine_m_mark),
        .soft_reset(registers_soft_reset),
        .latch(registers_latch),
        .sink_idle(engine_sink_idle),
        .clearing(engine_clearing),
        .draining(engine_draining),
        .answering(engine_answering),
        .record_rejected(engine_record_rejected),
        .latched(engine_latched)
    );

    axis_width_down narrow (
        .clock(aclk),
        .resetn(aresetn),
        .s_tdata(engine_m_tdata),
        .s_tvalid(engine_m_tvalid),
        .s_tready(narrow_s_tready),
        .s_tlast(engine_m_tlast),
        .s_mark(engine_m_mark),
        .m_tdata(m_axis_tdata),
        .m_tvalid(narrow_m_tvalid),
        .m_tready(m_axis_tready),
        .m_tlast(m_axis_tlast),
        .taken_mark(narrow_taken_mark)
    );

    axi_lite_registers registers (
        .clock(aclk),
        .resetn(aresetn),
        .awaddr(s_axi_awaddr),
        .awvalid(s_axi_awvalid),
        .awready(s_axi_awready),
        .wdata(s_axi_wdata),
        .wstrb(s_axi_wstrb),
        .wvalid(s_axi_wvalid),
        .wready(s_axi_wready),
        .bresp(s_axi_bresp),
        .bvalid(s_axi_bvalid),
        .bready(s_axi_bready),
        .araddr(s_axi_araddr),
        .arvalid(s_axi_arvalid),
        .arready(s_axi_arready),
        .rdata(s_axi_rdata),
        .rresp(s_axi_rresp),
        .rvalid(s_axi_rvalid),
        .rready(s_axi_rready),
        .build_id(build_id),
        .build_dirty(build_dirty),
        .clearing(engine_clearing),
        .draining(engine_draining),
        .answering(engine_answering),
        .blocked(registers_blocked),
        .snapshot_event(registers_snapshot_event),
        .batch_end_event(registers_batch_end_event),
        .error_event(engine_record_rejected),
        .counters(engine_latched),
        .latch(registers_latch),
        .soft_reset(registers_soft_reset),
        .irq(irq)
    );

    // Records: 64 bits from the DMA, 128 for the engine.
    // Replies: 128 bits from the engine, 64 for the DMA.
    assign engine_sink_idle = ~narrow_m_tvalid;
    assign m_axis_tkeep = whole_beat;
    assign m_axis_tvalid = narrow_m_tvalid;

    // Registers.
    assign registers_blocked = narrow_m_tvalid & ~m_axis_tready;
    assign registers_snapshot_event = narrow_taken_mark[0];
    assign registers_batch_end_event = narrow_taken_mark[1];
endmodule
