// Proves the decoder against the record's definition: what is rejected, what a record does, how its reply is labelled.
// The block is combinational: the record is in a register only so that the solver sees it as one word. Comparisons
// are written with numbers, not with masks as in the block.
`include "generated/deltascope_abi.svh"

module record_decoder_proof (
    input wire         clock,
    input wire [127:0] next_record
);
    reg [127:0] record;
    always @(posedge clock) record <= next_record;
    wire rejected, touches_context, adds, pair_redundant, judged, journals, replies, starts_snapshot, starts_query;
    wire [1:0] label_class;
    wire [15:0] label_group, label_context;
    record_decoder dut (.*);

    localparam [16:0] CONTEXTS = 17'd1 << `CONTEXT_BITS, GROUPS = 17'd1 << `GROUP_BITS;
    wire [3:0] op = record[`RECORD_OP];
    wire asks_reply = record[`RECORD_REPLY];
    wire [1:0] class_id = record[`RECORD_CLASS];
    wire [15:0] group_id = record[`RECORD_GROUP], context_id = record[`RECORD_CONTEXT];
    wire [63:0] operand = record[`RECORD_OPERAND];
    wire [15:0] first_group = operand[15:0], last_group = operand[31:16];

    wire on_context = op == `OP_LOAD || op == `OP_ACCUM || op == `OP_READ || op == `OP_SWAP || op == `OP_SEND;
    wire changes = on_context && op != `OP_READ;
    wire on_group = op == `OP_PAIR || op == `OP_SEND;
    wire expect_rejected = op > `OP_QUERY
        || ((on_context || op == `OP_QUERY) && {1'b0, context_id} >= CONTEXTS)
        || (on_group && {1'b0, group_id} >= GROUPS)
        || (op == `OP_SNAPSHOT && (first_group > last_group || {1'b0, last_group} >= GROUPS));
    wire good = !expect_rejected;

    always @(*) begin
        rejection_is_right: assert (rejected == expect_rejected);
        context_is_touched: assert (touches_context == (good && on_context));
        group_is_counted: assert (adds == (good && on_group));
        class_3_is_not_judged: assert (judged == (class_id != 3));
        pair_is_judged: assert (pair_redundant == (good && op == `OP_PAIR && class_id != 3 && operand[31:0] == operand[63:32]));
        position_moves: assert (journals == (good && changes));
        replies_are_right: assert (replies == (good && (op == `OP_READ || op == `OP_SNAPSHOT || op == `OP_SYNC || (changes && asks_reply))));
        snapshot_starts: assert (starts_snapshot == (good && op == `OP_SNAPSHOT));
        query_starts: assert (starts_query == (good && op == `OP_QUERY));
        if (op == `OP_SNAPSHOT) labels_of_snapshot: assert ({label_class, label_group, label_context} == {2'd0, first_group, last_group});
        else if (op == `OP_SYNC) labels_of_sync: assert ({label_class, label_group, label_context} == 34'd0);
        else labels_of_others: assert ({label_class, label_group, label_context} == {class_id, group_id, context_id});
    end

    // Traces.
    always @(*) begin
        last_context: cover (!rejected && op == `OP_READ && context_id == CONTEXTS - 1);
        first_query_beyond: cover (rejected && op == `OP_QUERY && context_id == CONTEXTS);
        first_context_beyond: cover (rejected && op == `OP_READ && context_id == CONTEXTS);
        last_group_in_range: cover (!rejected && op == `OP_SNAPSHOT && last_group == GROUPS - 1 && first_group == last_group);
        first_group_beyond: cover (rejected && op == `OP_PAIR && group_id == GROUPS);
        empty_range: cover (rejected && op == `OP_SNAPSHOT && first_group == 1 && last_group == 0);
        unknown_op: cover (rejected && op == 15);
    end
endmodule
