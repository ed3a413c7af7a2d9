// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
module slot_pipeline (
    input  wire         clock,
    input  wire         resetn,
    input  wire         taken,
    input  wire         rejected,
    input  wire         journals,
    input  wire         adds,
    input  wire         pair_redundant,
    input  wire         judged,
    input  wire         replies,
    input  wire         ends_batch,
    input  wire         reads_row,
    input  wire         last_row,
    input  wire [3:0]   op,
    input  wire [1:0]   class_id,
    input  wire [15:0]  group_id,
    input  wire [15:0]  context_id,
    input  wire [23:0]  length,
    output wire         near_taken,
    output wire         near_journals,
    output wire         result_taken,
    output wire         result_rejected,
    output wire         result_journals,
    output wire         result_adds,
    output wire         result_pair_redundant,
    output wire         result_judged,
    output wire         result_replies,
    output wire         result_ends_batch,
    output wire         result_reads_row,
    output wire         result_last_row,
    output wire [3:0]   result_op,
    output wire [1:0]   result_class_id,
    output wire [15:0]  result_group_id,
    output wire [15:0]  result_context_id,
    output wire [23:0]  result_length
);

    wire         s1_taken_next;
    reg          s1_taken;
    reg          s1_rejected;
    wire         s1_journals_next;
    reg          s1_journals;
    wire         s1_adds_next;
    reg          s1_adds;
    reg          s1_pair_redundant;
    reg          s1_judged;
    wire         s1_replies_next;
    reg          s1_replies;
    wire         s1_ends_batch_next;
    reg          s1_ends_batch;
    wire         s1_reads_row_next;
    reg          s1_reads_row;
    reg          s1_last_row;
    reg  [3:0]   s1_op;
    reg  [1:0]   s1_class_id;
    reg  [15:0]  s1_group_id;
    reg  [15:0]  s1_context_id;
    reg  [23:0]  s1_length;
    wire         s2_taken_next;
    reg          s2_taken;
    reg          s2_rejected;
    wire         s2_journals_next;
    reg          s2_journals;
    wire         s2_adds_next;
    reg          s2_adds;
    reg          s2_pair_redundant;
    reg          s2_judged;
    wire         s2_replies_next;
    reg          s2_replies;
    wire         s2_ends_batch_next;
    reg          s2_ends_batch;
    wire         s2_reads_row_next;
    reg          s2_reads_row;
    reg          s2_last_row;
    reg  [3:0]   s2_op;
    reg  [1:0]   s2_class_id;
    reg  [15:0]  s2_group_id;
    reg  [15:0]  s2_context_id;
    reg  [23:0]  s2_length;
    wire         s3_taken_next;
    reg          s3_taken;
    reg          s3_rejected;
    wire         s3_journals_next;
    reg          s3_journals;
    wire         s3_adds_next;
    reg          s3_adds;
    reg          s3_pair_redundant;
    reg          s3_judged;
    wire         s3_replies_next;
    reg          s3_replies;
    wire         s3_ends_batch_next;
    reg          s3_ends_batch;
    wire         s3_reads_row_next;
    reg          s3_reads_row;
    reg          s3_last_row;
    reg  [3:0]   s3_op;
    reg  [1:0]   s3_class_id;
    reg  [15:0]  s3_group_id;
    reg  [15:0]  s3_context_id;
    reg  [23:0]  s3_length;

    // In a function, arguments and results have the names of the nets that they are.
    // verilator lint_off VARHIDDEN

    function automatic [17:0] choose_s1_taken_next(
        input         adds,
        input         ends_batch,
        input         journals,
        input         reads_row,
        input         replies,
        input         resetn,
        input         s1_adds,
        input         s1_ends_batch,
        input         s1_journals,
        input         s1_reads_row,
        input         s1_replies,
        input         s1_taken,
        input         s2_adds,
        input         s2_ends_batch,
        input         s2_journals,
        input         s2_reads_row,
        input         s2_replies,
        input         s2_taken,
        input         taken
    );
        reg         s1_taken_next;
        reg         s1_journals_next;
        reg         s1_adds_next;
        reg         s1_replies_next;
        reg         s1_ends_batch_next;
        reg         s1_reads_row_next;
        reg         s2_taken_next;
        reg         s2_journals_next;
        reg         s2_adds_next;
        reg         s2_replies_next;
        reg         s2_ends_batch_next;
        reg         s2_reads_row_next;
        reg         s3_taken_next;
        reg         s3_journals_next;
        reg         s3_adds_next;
        reg         s3_replies_next;
        reg         s3_ends_batch_next;
        reg         s3_reads_row_next;
        begin
            s1_taken_next = taken;
            s1_journals_next = journals;
            s1_adds_next = adds;
            s1_replies_next = replies;
            s1_ends_batch_next = ends_batch;
            s1_reads_row_next = reads_row;
            s2_taken_next = s1_taken;
            s2_journals_next = s1_journals;
            s2_adds_next = s1_adds;
            s2_replies_next = s1_replies;
            s2_ends_batch_next = s1_ends_batch;
            s2_reads_row_next = s1_reads_row;
            s3_taken_next = s2_taken;
            s3_journals_next = s2_journals;
            s3_adds_next = s2_adds;
            s3_replies_next = s2_replies;
            s3_ends_batch_next = s2_ends_batch;
            s3_reads_row_next = s2_reads_row;
            if (~resetn) begin
                s1_taken_next = 1'b0;
                s1_journals_next = 1'b0;
                s1_adds_next = 1'b0;
                s1_replies_next = 1'b0;
                s1_ends_batch_next = 1'b0;
                s1_reads_row_next = 1'b0;
                s2_taken_next = 1'b0;
                s2_journals_next = 1'b0;
                s2_adds_next = 1'b0;
                s2_replies_next = 1'b0;
                s2_ends_batch_next = 1'b0;
                s2_reads_row_next = 1'b0;
                s3_taken_next = 1'b0;
                s3_journals_next = 1'b0;
                s3_adds_next = 1'b0;
                s3_replies_next = 1'b0;
                s3_ends_batch_next = 1'b0;
                s3_reads_row_next = 1'b0;
            end
            choose_s1_taken_next = {s1_taken_next, s1_journals_next, s1_adds_next, s1_replies_next, s1_ends_batch_next, s1_reads_row_next, s2_taken_next, s2_journals_next, s2_adds_next, s2_replies_next, s2_ends_batch_next, s2_reads_row_next, s3_taken_next, s3_journals_next, s3_adds_next, s3_replies_next, s3_ends_batch_next, s3_reads_row_next};
        end
    endfunction
    assign {s1_taken_next, s1_journals_next, s1_adds_next, s1_replies_next, s1_ends_batch_next, s1_reads_row_next, s2_taken_next, s2_journals_next, s2_adds_next, s2_replies_next, s2_ends_batch_next, s2_reads_row_next, s3_taken_next, s3_journals_next, s3_adds_next, s3_replies_next, s3_ends_batch_next, s3_reads_row_next} = choose_s1_taken_next(adds, ends_batch, journals, reads_row, replies, resetn, s1_adds, s1_ends_batch, s1_journals, s1_reads_row, s1_replies, s1_taken, s2_adds, s2_ends_batch, s2_journals, s2_reads_row, s2_replies, s2_taken, taken);

    assign near_taken = s1_taken;
    assign near_journals = s1_journals;
    assign result_taken = s3_taken;
    assign result_rejected = s3_rejected;
    assign result_journals = s3_journals;
    assign result_adds = s3_adds;
    assign result_pair_redundant = s3_pair_redundant;
    assign result_judged = s3_judged;
    assign result_replies = s3_replies;
    assign result_ends_batch = s3_ends_batch;
    assign result_reads_row = s3_reads_row;
    assign result_last_row = s3_last_row;
    assign result_op = s3_op;
    assign result_class_id = s3_class_id;
    assign result_group_id = s3_group_id;
    assign result_context_id = s3_context_id;
    assign result_length = s3_length;

    // verilator lint_on VARHIDDEN

    always @(posedge clock) begin
        s1_taken <= s1_taken_next;
        s1_rejected <= rejected;
        s1_journals <= s1_journals_next;
        s1_adds <= s1_adds_next;
        s1_pair_redundant <= pair_redundant;
        s1_judged <= judged;
        s1_replies <= s1_replies_next;
        s1_ends_batch <= s1_ends_batch_next;
        s1_reads_row <= s1_reads_row_next;
        s1_last_row <= last_row;
        s1_op <= op;
        s1_class_id <= class_id;
        s1_group_id <= group_id;
        s1_context_id <= context_id;
        s1_length <= length;
        s2_taken <= s2_taken_next;
        s2_rejected <= s1_rejected;
        s2_journals <= s2_journals_next;
        s2_adds <= s2_adds_next;
        s2_pair_redundant <= s1_pair_redundant;
        s2_judged <= s1_judged;
        s2_replies <= s2_replies_next;
        s2_ends_batch <= s2_ends_batch_next;
        s2_reads_row <= s2_reads_row_next;
        s2_last_row <= s1_last_row;
        s2_op <= s1_op;
        s2_class_id <= s1_class_id;
        s2_group_id <= s1_group_id;
        s2_context_id <= s1_context_id;
        s2_length <= s1_length;
        s3_taken <= s3_taken_next;
        s3_rejected <= s2_rejected;
        s3_journals <= s3_journals_next;
        s3_adds <= s3_adds_next;
        s3_pair_redundant <= s2_pair_redundant;
        s3_judged <= s2_judged;
        s3_replies <= s3_replies_next;
        s3_ends_batch <= s3_ends_batch_next;
        s3_reads_row <= s3_reads_row_next;
        s3_last_row <= s2_last_row;
        s3_op <= s2_op;
        s3_class_id <= s2_class_id;
        s3_group_id <= s2_group_id;
        s3_context_id <= s2_context_id;
        s3_length <= s2_length;
    end
endmodule
