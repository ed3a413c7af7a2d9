// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
module record_decoder (
    input  wire [127:0] record,
    output wire         rejected,
    output wire         touches_context,
    output wire         adds,
    output wire         pair_redundant,
    output wire         judged,
    output wire         journals,
    output wire         replies,
    output wire         starts_snapshot,
    output wire         starts_query,
    output wire [1:0]   label_class,
    output wire [15:0]  label_group,
    output wire [15:0]  label_context
);

    localparam [15:0] beyond_contexts = 16'hc000;
    localparam [15:0] beyond_groups = 16'hfc00;
    localparam [3:0] op_accum = 4'd2;
    localparam [3:0] op_load = 4'd1;
    localparam [3:0] op_nop = 4'd0;
    localparam [3:0] op_pair = 4'd5;
    localparam [3:0] op_query = 4'd9;
    localparam [3:0] op_read = 4'd3;
    localparam [3:0] op_send = 4'd6;
    localparam [3:0] op_snapshot = 4'd7;
    localparam [3:0] op_swap = 4'd4;
    localparam [3:0] op_sync = 4'd8;
    wire [3:0]   op;
    wire         reply;
    wire [1:0]   class_id;
    wire [15:0]  group_id;
    wire [15:0]  context_id;
    wire [63:0]  operand;
    wire [31:0]  pair_before;
    wire [31:0]  pair_after;
    wire [15:0]  first_group;
    wire [15:0]  last_group;
    wire         is_nop;
    wire         is_read;
    wire         is_pair;
    wire         is_send;
    wire         is_snapshot;
    wire         is_sync;
    wire         is_query;
    wire         names_context;
    wire         is_change;
    wire         uses_context;
    wire         uses_group;
    wire         known;
    wire [15:0]  context_excess;
    wire [15:0]  group_excess;
    wire [15:0]  last_group_excess;
    wire         context_too_high;
    wire         group_too_high;
    wire         last_group_too_high;
    wire         range_empty;
    wire         bad_range;
    wire         in_bounds;
    wire         answers;
    wire         allowed;

    // In a function, arguments and results have the names of the nets that they are.
    // verilator lint_off VARHIDDEN

    assign op = record[3:0];
    assign reply = record[4];
    assign class_id = record[7:6];
    assign group_id = record[23:8];
    assign context_id = record[39:24];
    assign operand = record[127:64];
    assign pair_before = operand[31:0];
    assign pair_after = operand[63:32];
    assign first_group = operand[15:0];
    assign last_group = operand[31:16];

    // Which op?
    assign is_nop = op == op_nop;
    assign is_read = op == op_read;
    assign is_pair = op == op_pair;
    assign is_send = op == op_send;
    assign is_snapshot = op == op_snapshot;
    assign is_sync = op == op_sync;
    assign is_query = op == op_query;
    assign is_change = (op == op_load) | (op == op_accum) | (op == op_swap) | (op == op_send);
    assign uses_context = is_change | is_read;
    assign names_context = uses_context | is_query;
    assign uses_group = is_pair | is_send;
    assign known = is_nop | names_context | uses_group | is_snapshot | is_sync;

    // May it?
    assign context_excess = context_id & beyond_contexts;
    assign group_excess = group_id & beyond_groups;
    assign last_group_excess = last_group & beyond_groups;
    assign context_too_high = names_context & (|context_excess);
    assign group_too_high = uses_group & (|group_excess);
    assign last_group_too_high = |last_group_excess;
    assign range_empty = last_group < first_group;
    assign bad_range = is_snapshot & (range_empty | last_group_too_high);

    // Only a SNAPSHOT has a range, whose comparison takes longest: nothing else waits for it.
    assign in_bounds = known & ~(context_too_high | group_too_high);
    assign allowed = in_bounds & ~bad_range;
    assign rejected = ~allowed;

    // What it does.
    assign touches_context = in_bounds & uses_context;
    assign adds = in_bounds & uses_group;
    assign judged = ~(&class_id);
    assign pair_redundant = in_bounds & is_pair & ~(&class_id) & (pair_before == pair_after);
    assign journals = in_bounds & is_change;
    assign answers = is_read | is_sync | (is_change & reply);
    assign replies = (in_bounds & answers) | (allowed & is_snapshot);
    assign starts_snapshot = allowed & is_snapshot;
    assign starts_query = in_bounds & is_query;

    // How its reply is labelled.
    function automatic [33:0] choose_label_class(
        input [1:0]   class_id,
        input [15:0]  context_id,
        input [15:0]  first_group,
        input [15:0]  group_id,
        input         is_snapshot,
        input         is_sync,
        input [15:0]  last_group
    );
        reg [1:0]   label_class;
        reg [15:0]  label_group;
        reg [15:0]  label_context;
        begin
            label_class = class_id;
            label_group = group_id;
            label_context = context_id;
            if (is_snapshot) begin
                label_class = 2'd0;
                label_group = first_group;
                label_context = last_group;
            end
            if (is_sync) begin
                label_class = 2'd0;
                label_group = 16'd0;
                label_context = 16'd0;
            end
            choose_label_class = {label_class, label_group, label_context};
        end
    endfunction
    assign {label_class, label_group, label_context} = choose_label_class(class_id, context_id, first_group, group_id, is_snapshot, is_sync, last_group);

    // verilator lint_on VARHIDDEN
endmodule
