// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
module reply_writer (
    input  wire         clock,
    input  wire         resetn,
    input  wire         replies,
    input  wire         ends_batch,
    input  wire [3:0]   op,
    input  wire [1:0]   class_id,
    input  wire [15:0]  group_id,
    input  wire [15:0]  context_id,
    input  wire         touched_context,
    input  wire         accumulator_zero,
    input  wire [63:0]  state_before,
    input  wire [63:0]  operand,
    input  wire [63:0]  journal_answer,
    input  wire         journal_too_old,
    input  wire [63:0]  accepted_after,
    input  wire [63:0]  position_after,
    input  wire         last_row,
    input  wire         row_valid,
    input  wire [223:0] row,
    output wire         write,
    output reg  [129:0] queued
);

    localparam [3:0] op_query = 4'd9;
    localparam [3:0] op_snapshot = 4'd7;
    localparam [3:0] op_sync = 4'd8;
    wire         answers_operand;
    wire         answers_accepted;
    wire         answers_journal;
    wire [23:0]  position_low;
    reg  [127:0] first_half;
    reg          reply_valid_next;
    reg          reply_valid = 1'b0;
    reg          reply_ends_batch = 1'b0;
    reg  [127:0] reply_next;
    reg  [127:0] reply = 128'd0;
    reg          s4_last_row = 1'b0;
    reg          s5_last_row = 1'b0;
    reg          s6_last_row = 1'b0;
    reg          second_half_valid_next;
    reg          second_half_valid = 1'b0;
    reg          second_half_ends_snapshot = 1'b0;
    reg  [127:0] second_half_next;
    reg  [127:0] second_half = 128'd0;

    always @(*) begin
        reply_next = reply;
        reply_next[3:0] = op;
        reply_next[4] = touched_context & accumulator_zero;
        reply_next[5] = answers_journal & journal_too_old;
        reply_next[7:6] = class_id;
        reply_next[23:8] = group_id;
        reply_next[39:24] = context_id;
        reply_next[63:40] = position_low;
        reply_next[127:64] = state_before;
        if (answers_operand) begin
            reply_next[127:64] = operand;
        end
        if (answers_journal) begin
            reply_next[127:64] = journal_answer;
        end
        if (answers_accepted) begin
            reply_next[127:64] = accepted_after;
        end
        if (ends_batch) begin
            reply_next[3:0] = 4'd0;
            reply_next[4] = 1'b0;
            reply_next[5] = 1'b0;
            reply_next[7:6] = 2'd0;
            reply_next[23:8] = 16'd0;
            reply_next[39:24] = 16'd0;
        end
    end

    always @(*) begin
        second_half_next = second_half;
        second_half_next[47:0] = row[159:112];
        second_half_next[63:48] = 16'd0;
        second_half_next[127:64] = row[223:160];
    end

    // S3: an end-of-batch beat says only where the journal is and how many records were taken.
    assign answers_operand = op == op_sync;
    assign answers_accepted = ends_batch | (op == op_snapshot);
    assign answers_journal = op == op_query;
    assign position_low = position_after[23:0];

    always @(*) begin
        reply_valid_next = replies | ends_batch;
        second_half_valid_next = row_valid;
        if (~resetn) begin
            reply_valid_next = 1'b0;
            second_half_valid_next = 1'b0;
        end
    end

    // S6: a row, in two beats.
    always @(*) begin
        first_half[47:0] = row[47:0];
        first_half[63:48] = 16'd0;
        first_half[127:64] = row[111:48];
    end

    // What is written.
    assign write = reply_valid | row_valid | second_half_valid;

    always @(*) begin
        queued[127:0] = reply;
        queued[128] = reply_ends_batch;
        queued[129] = 1'b0;
        if (row_valid) begin
            queued[127:0] = first_half;
            queued[128] = 1'b0;
        end
        if (second_half_valid) begin
            queued[127:0] = second_half;
            queued[128] = 1'b0;
            queued[129] = second_half_ends_snapshot;
        end
    end

    always @(posedge clock) begin
        reply_valid <= reply_valid_next;
        reply_ends_batch <= ends_batch;
        reply <= reply_next;
        s4_last_row <= last_row;
        s5_last_row <= s4_last_row;
        s6_last_row <= s5_last_row;
        second_half_valid <= second_half_valid_next;
        second_half_ends_snapshot <= s6_last_row;
        second_half <= second_half_next;
    end
endmodule
