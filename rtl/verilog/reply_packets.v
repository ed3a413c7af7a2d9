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
    wire [1:0]   snapshot_mark;
    wire [1:0]   batch_mark;
    wire [15:0]  beats_d;
    reg  [15:0]  beats;
    wire         at_last_next;
    reg          at_last;

    // In a function, arguments and results have the names of the nets that they are.
    // verilator lint_off VARHIDDEN

    function automatic [16:0] choose_beats_d(
        input         at_last,
        input [15:0]  beats,
        input [15:0]  beats_next,
        input         last,
        input         leave,
        input         resetn
    );
        reg [15:0]  beats_d;
        reg         at_last_next;
        begin
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
            choose_beats_d = {beats_d, at_last_next};
        end
    endfunction
    assign {beats_d, at_last_next} = choose_beats_d(at_last, beats, beats_next, last, leave, resetn);

    assign m_tdata = s_tdata;
    assign m_tvalid = s_tvalid;
    assign s_tready = m_tready;
    assign last = s_batch_end | at_last;
    assign m_tlast = last;
    assign leave = s_tvalid & m_tready;

    function automatic [1:0] choose_snapshot_mark(
        input         s_snapshot_end
    );
        reg [1:0]   snapshot_mark;
        begin
            snapshot_mark = 2'd0;
            if (s_snapshot_end) begin
                snapshot_mark = mark_snapshot;
            end
            choose_snapshot_mark = snapshot_mark;
        end
    endfunction
    assign snapshot_mark = choose_snapshot_mark(s_snapshot_end);

    function automatic [1:0] choose_batch_mark(
        input         s_batch_end
    );
        reg [1:0]   batch_mark;
        begin
            batch_mark = 2'd0;
            if (s_batch_end) begin
                batch_mark = mark_batch;
            end
            choose_batch_mark = batch_mark;
        end
    endfunction
    assign batch_mark = choose_batch_mark(s_batch_end);

    assign m_mark = snapshot_mark | batch_mark;

    // Beats since the last TLAST; `at_last` says that the next one fills the packet.
    assign beats_next = beats + one;
    assign packet_open = |beats;

    // verilator lint_on VARHIDDEN

    always @(posedge clock) begin
        beats <= beats_d;
        at_last <= at_last_next;
    end
endmodule
