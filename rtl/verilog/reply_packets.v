// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
// TLAST on end-of-batch beats and on every beat that fills a packet.
module reply_packets (
    input  wire         clock,
    input  wire         resetn,
    input  wire [127:0] s_tdata,
    input  wire         s_tvalid,
    output wire         s_tready,
    input  wire         s_batch_end,
    input  wire         s_snapshot_end,
    output wire [127:0] m_tdata,
    output wire         m_tvalid,
    input  wire         m_tready,
    output wire         m_tlast,
    output wire [1:0]   m_mark,
    output wire         packet_open
);

    localparam first_is_last = 1'b0;
    localparam [15:0] last_beat = 16'hff;
    localparam [1:0] mark_batch = 2'd2;
    localparam [1:0] mark_snapshot = 2'd1;
    localparam [15:0] one = 16'd1;
    wire         last;
    wire         leave;
    wire [15:0]  beats_next;
    reg  [1:0]   snapshot_mark;
    reg  [1:0]   batch_mark;
    reg  [15:0]  beats_d;
    reg  [15:0]  beats = 16'd0;
    reg          at_last_next;
    reg          at_last = 1'b0;

    always @(*) begin
        beats_d = beats;
        at_last_next = at_last;
        if (leave) begin
            beats_d = beats_next;
            at_last_next = beats_next == last_beat;
            if (last) begin
                beats_d = 16'd0;
                at_last_next = first_is_last;
            end
        end
        if (~resetn) begin
            beats_d = 16'd0;
            at_last_next = first_is_last;
        end
    end

    assign m_tdata = s_tdata;
    assign m_tvalid = s_tvalid;
    assign s_tready = m_tready;
    assign last = s_batch_end | at_last;
    assign m_tlast = last;
    assign leave = s_tvalid & m_tready;

    always @(*) begin
        snapshot_mark = 2'd0;
        if (s_snapshot_end) begin
            snapshot_mark = mark_snapshot;
        end
    end

    always @(*) begin
        batch_mark = 2'd0;
        if (s_batch_end) begin
            batch_mark = mark_batch;
        end
    end

    assign m_mark = snapshot_mark | batch_mark;

    // Beats since the last TLAST; `at_last` says that the next one fills the packet.
    assign beats_next = beats + one;
    assign packet_open = |beats;

    always @(posedge clock) begin
        beats <= beats_d;
        at_last <= at_last_next;
    end
endmodule
