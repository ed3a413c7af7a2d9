// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
module engine_counters (
    input  wire         clock,
    input  wire         resetn,
    input  wire         latch,
    input  wire         near_taken,
    input  wire         near_journals,
    input  wire         taken,
    input  wire         rejected,
    input  wire [3:0]   op,
    input  wire         journals,
    input  wire         reply_beat,
    input  wire         clock_moving,
    input  wire         clock_starved,
    input  wire         clock_blocked,
    input  wire         clock_clearing,
    input  wire         clock_answering,
    output wire [63:0]  accepted_after,
    output wire [63:0]  position_after,
    output wire [1215:0] latched
);

    localparam [3:0] code_accum = 4'd2;
    localparam [3:0] code_load = 4'd1;
    localparam [3:0] code_nop = 4'd0;
    localparam [3:0] code_pair = 4'd5;
    localparam [3:0] code_query = 4'd9;
    localparam [3:0] code_read = 4'd3;
    localparam [3:0] code_send = 4'd6;
    localparam [3:0] code_snapshot = 4'd7;
    localparam [3:0] code_swap = 4'd4;
    localparam [3:0] code_sync = 4'd8;
    wire         effective;
    wire [63:0]  accepted_counter_latched;
    wire         rejected_counter_happens;
    wire [63:0]  rejected_counter_latched;
    wire [63:0]  position_counter_latched;
    wire [63:0]  reply_beats_counter_latched;
    wire         op_nop_counter_happens;
    wire [63:0]  op_nop_counter_latched;
    wire         op_load_counter_happens;
    wire [63:0]  op_load_counter_latched;
    wire         op_accum_counter_happens;
    wire [63:0]  op_accum_counter_latched;
    wire         op_read_counter_happens;
    wire [63:0]  op_read_counter_latched;
    wire         op_swap_counter_happens;
    wire [63:0]  op_swap_counter_latched;
    wire         op_pair_counter_happens;
    wire [63:0]  op_pair_counter_latched;
    wire         op_send_counter_happens;
    wire [63:0]  op_send_counter_latched;
    wire         op_snapshot_counter_happens;
    wire [63:0]  op_snapshot_counter_latched;
    wire         op_sync_counter_happens;
    wire [63:0]  op_sync_counter_latched;
    wire         op_query_counter_happens;
    wire [63:0]  op_query_counter_latched;
    wire [63:0]  moving_counter_latched;
    wire [63:0]  starved_counter_latched;
    wire [63:0]  blocked_counter_latched;
    wire [63:0]  clearing_counter_latched;
    wire [63:0]  answering_counter_latched;
    reg          take;
    reg          cleared;

    latched_counter accepted_counter (
        .clock(clock),
        .resetn(resetn),
        .happens(taken),
        .take(take),
        .latched(accepted_counter_latched)
    );

    latched_counter rejected_counter (
        .clock(clock),
        .resetn(resetn),
        .happens(rejected_counter_happens),
        .take(take),
        .latched(rejected_counter_latched)
    );

    latched_counter position_counter (
        .clock(clock),
        .resetn(resetn),
        .happens(journals),
        .take(take),
        .latched(position_counter_latched)
    );

    latched_counter reply_beats_counter (
        .clock(clock),
        .resetn(resetn),
        .happens(reply_beat),
        .take(take),
        .latched(reply_beats_counter_latched)
    );

    latched_counter op_nop_counter (
        .clock(clock),
        .resetn(resetn),
        .happens(op_nop_counter_happens),
        .take(take),
        .latched(op_nop_counter_latched)
    );

    latched_counter op_load_counter (
        .clock(clock),
        .resetn(resetn),
        .happens(op_load_counter_happens),
        .take(take),
        .latched(op_load_counter_latched)
    );

    latched_counter op_accum_counter (
        .clock(clock),
        .resetn(resetn),
        .happens(op_accum_counter_happens),
        .take(take),
        .latched(op_accum_counter_latched)
    );

    latched_counter op_read_counter (
        .clock(clock),
        .resetn(resetn),
        .happens(op_read_counter_happens),
        .take(take),
        .latched(op_read_counter_latched)
    );

    latched_counter op_swap_counter (
        .clock(clock),
        .resetn(resetn),
        .happens(op_swap_counter_happens),
        .take(take),
        .latched(op_swap_counter_latched)
    );

    latched_counter op_pair_counter (
        .clock(clock),
        .resetn(resetn),
        .happens(op_pair_counter_happens),
        .take(take),
        .latched(op_pair_counter_latched)
    );

    latched_counter op_send_counter (
        .clock(clock),
        .resetn(resetn),
        .happens(op_send_counter_happens),
        .take(take),
        .latched(op_send_counter_latched)
    );

    latched_counter op_snapshot_counter (
        .clock(clock),
        .resetn(resetn),
        .happens(op_snapshot_counter_happens),
        .take(take),
        .latched(op_snapshot_counter_latched)
    );

    latched_counter op_sync_counter (
        .clock(clock),
        .resetn(resetn),
        .happens(op_sync_counter_happens),
        .take(take),
        .latched(op_sync_counter_latched)
    );

    latched_counter op_query_counter (
        .clock(clock),
        .resetn(resetn),
        .happens(op_query_counter_happens),
        .take(take),
        .latched(op_query_counter_latched)
    );

    latched_counter moving_counter (
        .clock(clock),
        .resetn(resetn),
        .happens(clock_moving),
        .take(take),
        .latched(moving_counter_latched)
    );

    latched_counter starved_counter (
        .clock(clock),
        .resetn(resetn),
        .happens(clock_starved),
        .take(take),
        .latched(starved_counter_latched)
    );

    latched_counter blocked_counter (
        .clock(clock),
        .resetn(resetn),
        .happens(clock_blocked),
        .take(take),
        .latched(blocked_counter_latched)
    );

    latched_counter clearing_counter (
        .clock(clock),
        .resetn(resetn),
        .happens(clock_clearing),
        .take(take),
        .latched(clearing_counter_latched)
    );

    latched_counter answering_counter (
        .clock(clock),
        .resetn(resetn),
        .happens(clock_answering),
        .take(take),
        .latched(answering_counter_latched)
    );

    split_counter records (
        .clock(clock),
        .resetn(resetn),
        .increment(near_taken),
        .count(accepted_after)
    );

    split_counter position (
        .clock(clock),
        .resetn(resetn),
        .increment(near_journals),
        .count(position_after)
    );

    // After a reset the copies are taken twice more: the second time of counts that are 0.
    // What counts.
    assign effective = taken & ~rejected;
    assign rejected_counter_happens = taken & rejected;
    assign op_nop_counter_happens = effective & (op == code_nop);
    assign op_load_counter_happens = effective & (op == code_load);
    assign op_accum_counter_happens = effective & (op == code_accum);
    assign op_read_counter_happens = effective & (op == code_read);
    assign op_swap_counter_happens = effective & (op == code_swap);
    assign op_pair_counter_happens = effective & (op == code_pair);
    assign op_send_counter_happens = effective & (op == code_send);
    assign op_snapshot_counter_happens = effective & (op == code_snapshot);
    assign op_sync_counter_happens = effective & (op == code_sync);
    assign op_query_counter_happens = effective & (op == code_query);

    // What is seen.
    assign latched[63:0] = accepted_counter_latched;
    assign latched[127:64] = rejected_counter_latched;
    assign latched[191:128] = position_counter_latched;
    assign latched[255:192] = reply_beats_counter_latched;
    assign latched[319:256] = op_nop_counter_latched;
    assign latched[383:320] = op_load_counter_latched;
    assign latched[447:384] = op_accum_counter_latched;
    assign latched[511:448] = op_read_counter_latched;
    assign latched[575:512] = op_swap_counter_latched;
    assign latched[639:576] = op_pair_counter_latched;
    assign latched[703:640] = op_send_counter_latched;
    assign latched[767:704] = op_snapshot_counter_latched;
    assign latched[831:768] = op_sync_counter_latched;
    assign latched[895:832] = op_query_counter_latched;
    assign latched[959:896] = moving_counter_latched;
    assign latched[1023:960] = starved_counter_latched;
    assign latched[1087:1024] = blocked_counter_latched;
    assign latched[1151:1088] = clearing_counter_latched;
    assign latched[1215:1152] = answering_counter_latched;

    always @(posedge clock) begin
        take <= latch | ~resetn | cleared;
        cleared <= ~resetn;
    end
endmodule
