// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
// Stages of a row: L0 context read, L1 compared, L2 selected, L3 delta read, L4 to L6 XOR.
// Synthesis must not merge the copies that each bank keeps of what is broadcast.
(* keep_hierarchy = "yes" *)
module journal_bank (
    input  wire         clock,
    input  wire         resetn,
    input  wire         write,
    input  wire [15:0]  write_lane,
    input  wire [4:0]   write_row,
    input  wire [13:0]  write_context,
    input  wire [63:0]  write_delta,
    input  wire [13:0]  wanted,
    input  wire [4:0]   row,
    input  wire         from_low,
    input  wire         after_low,
    input  wire [15:0]  lanes_from_low,
    input  wire         to_high,
    input  wire         before_high,
    input  wire [15:0]  lanes_before_high,
    output wire [63:0]  sum
);

    localparam [15:0] every_lane = 16'hffff;
    wire [15:0]  above;
    wire [15:0]  below;
    wire         lanes_0_write;
    wire         lanes_0_in_range;
    wire [63:0]  lanes_0_delta;
    wire         lanes_1_write;
    wire         lanes_1_in_range;
    wire [63:0]  lanes_1_delta;
    wire         lanes_2_write;
    wire         lanes_2_in_range;
    wire [63:0]  lanes_2_delta;
    wire         lanes_3_write;
    wire         lanes_3_in_range;
    wire [63:0]  lanes_3_delta;
    wire         lanes_4_write;
    wire         lanes_4_in_range;
    wire [63:0]  lanes_4_delta;
    wire         lanes_5_write;
    wire         lanes_5_in_range;
    wire [63:0]  lanes_5_delta;
    wire         lanes_6_write;
    wire         lanes_6_in_range;
    wire [63:0]  lanes_6_delta;
    wire         lanes_7_write;
    wire         lanes_7_in_range;
    wire [63:0]  lanes_7_delta;
    wire         lanes_8_write;
    wire         lanes_8_in_range;
    wire [63:0]  lanes_8_delta;
    wire         lanes_9_write;
    wire         lanes_9_in_range;
    wire [63:0]  lanes_9_delta;
    wire         lanes_10_write;
    wire         lanes_10_in_range;
    wire [63:0]  lanes_10_delta;
    wire         lanes_11_write;
    wire         lanes_11_in_range;
    wire [63:0]  lanes_11_delta;
    wire         lanes_12_write;
    wire         lanes_12_in_range;
    wire [63:0]  lanes_12_delta;
    wire         lanes_13_write;
    wire         lanes_13_in_range;
    wire [63:0]  lanes_13_delta;
    wire         lanes_14_write;
    wire         lanes_14_in_range;
    wire [63:0]  lanes_14_delta;
    wire         lanes_15_write;
    wire         lanes_15_in_range;
    wire [63:0]  lanes_15_delta;
    wire [15:0]  entry_lane_next;
    reg  [15:0]  entry_lane;
    reg  [4:0]   entry_row;
    reg  [13:0]  entry_context;
    reg  [63:0]  entry_delta;
    reg  [13:0]  query_context;
    reg  [4:0]   row_l0;
    reg  [4:0]   row_l1;
    reg  [4:0]   row_l2;
    reg  [4:0]   row_l3;
    reg          l1_from_low;
    reg          l1_after_low;
    reg  [15:0]  l1_lanes_from_low;
    reg          l1_to_high;
    reg          l1_before_high;
    reg  [15:0]  l1_lanes_before_high;
    reg  [15:0]  in_range;

    journal_lane lanes_0 (
        .clock(clock),
        .write(lanes_0_write),
        .write_row(entry_row),
        .write_context(entry_context),
        .write_delta(entry_delta),
        .context_row(row_l0),
        .wanted(query_context),
        .in_range(lanes_0_in_range),
        .delta_row(row_l3),
        .delta(lanes_0_delta)
    );

    journal_lane lanes_1 (
        .clock(clock),
        .write(lanes_1_write),
        .write_row(entry_row),
        .write_context(entry_context),
        .write_delta(entry_delta),
        .context_row(row_l0),
        .wanted(query_context),
        .in_range(lanes_1_in_range),
        .delta_row(row_l3),
        .delta(lanes_1_delta)
    );

    journal_lane lanes_2 (
        .clock(clock),
        .write(lanes_2_write),
        .write_row(entry_row),
        .write_context(entry_context),
        .write_delta(entry_delta),
        .context_row(row_l0),
        .wanted(query_context),
        .in_range(lanes_2_in_range),
        .delta_row(row_l3),
        .delta(lanes_2_delta)
    );

    journal_lane lanes_3 (
        .clock(clock),
        .write(lanes_3_write),
        .write_row(entry_row),
        .write_context(entry_context),
        .write_delta(entry_delta),
        .context_row(row_l0),
        .wanted(query_context),
        .in_range(lanes_3_in_range),
        .delta_row(row_l3),
        .delta(lanes_3_delta)
    );

    journal_lane lanes_4 (
        .clock(clock),
        .write(lanes_4_write),
        .write_row(entry_row),
        .write_context(entry_context),
        .write_delta(entry_delta),
        .context_row(row_l0),
        .wanted(query_context),
        .in_range(lanes_4_in_range),
        .delta_row(row_l3),
        .delta(lanes_4_delta)
    );

    journal_lane lanes_5 (
        .clock(clock),
        .write(lanes_5_write),
        .write_row(entry_row),
        .write_context(entry_context),
        .write_delta(entry_delta),
        .context_row(row_l0),
        .wanted(query_context),
        .in_range(lanes_5_in_range),
        .delta_row(row_l3),
        .delta(lanes_5_delta)
    );

    journal_lane lanes_6 (
        .clock(clock),
        .write(lanes_6_write),
        .write_row(entry_row),
        .write_context(entry_context),
        .write_delta(entry_delta),
        .context_row(row_l0),
        .wanted(query_context),
        .in_range(lanes_6_in_range),
        .delta_row(row_l3),
        .delta(lanes_6_delta)
    );

    journal_lane lanes_7 (
        .clock(clock),
        .write(lanes_7_write),
        .write_row(entry_row),
        .write_context(entry_context),
        .write_delta(entry_delta),
        .context_row(row_l0),
        .wanted(query_context),
        .in_range(lanes_7_in_range),
        .delta_row(row_l3),
        .delta(lanes_7_delta)
    );

    journal_lane lanes_8 (
        .clock(clock),
        .write(lanes_8_write),
        .write_row(entry_row),
        .write_context(entry_context),
        .write_delta(entry_delta),
        .context_row(row_l0),
        .wanted(query_context),
        .in_range(lanes_8_in_range),
        .delta_row(row_l3),
        .delta(lanes_8_delta)
    );

    journal_lane lanes_9 (
        .clock(clock),
        .write(lanes_9_write),
        .write_row(entry_row),
        .write_context(entry_context),
        .write_delta(entry_delta),
        .context_row(row_l0),
        .wanted(query_context),
        .in_range(lanes_9_in_range),
        .delta_row(row_l3),
        .delta(lanes_9_delta)
    );

    journal_lane lanes_10 (
        .clock(clock),
        .write(lanes_10_write),
        .write_row(entry_row),
        .write_context(entry_context),
        .write_delta(entry_delta),
        .context_row(row_l0),
        .wanted(query_context),
        .in_range(lanes_10_in_range),
        .delta_row(row_l3),
        .delta(lanes_10_delta)
    );

    journal_lane lanes_11 (
        .clock(clock),
        .write(lanes_11_write),
        .write_row(entry_row),
        .write_context(entry_context),
        .write_delta(entry_delta),
        .context_row(row_l0),
        .wanted(query_context),
        .in_range(lanes_11_in_range),
        .delta_row(row_l3),
        .delta(lanes_11_delta)
    );

    journal_lane lanes_12 (
        .clock(clock),
        .write(lanes_12_write),
        .write_row(entry_row),
        .write_context(entry_context),
        .write_delta(entry_delta),
        .context_row(row_l0),
        .wanted(query_context),
        .in_range(lanes_12_in_range),
        .delta_row(row_l3),
        .delta(lanes_12_delta)
    );

    journal_lane lanes_13 (
        .clock(clock),
        .write(lanes_13_write),
        .write_row(entry_row),
        .write_context(entry_context),
        .write_delta(entry_delta),
        .context_row(row_l0),
        .wanted(query_context),
        .in_range(lanes_13_in_range),
        .delta_row(row_l3),
        .delta(lanes_13_delta)
    );

    journal_lane lanes_14 (
        .clock(clock),
        .write(lanes_14_write),
        .write_row(entry_row),
        .write_context(entry_context),
        .write_delta(entry_delta),
        .context_row(row_l0),
        .wanted(query_context),
        .in_range(lanes_14_in_range),
        .delta_row(row_l3),
        .delta(lanes_14_delta)
    );

    journal_lane lanes_15 (
        .clock(clock),
        .write(lanes_15_write),
        .write_row(entry_row),
        .write_context(entry_context),
        .write_delta(entry_delta),
        .context_row(row_l0),
        .wanted(query_context),
        .in_range(lanes_15_in_range),
        .delta_row(row_l3),
        .delta(lanes_15_delta)
    );

    xor_tree_16 tree (
        .clock(clock),
        .words_0(lanes_0_delta),
        .words_1(lanes_1_delta),
        .words_2(lanes_2_delta),
        .words_3(lanes_3_delta),
        .words_4(lanes_4_delta),
        .words_5(lanes_5_delta),
        .words_6(lanes_6_delta),
        .words_7(lanes_7_delta),
        .words_8(lanes_8_delta),
        .words_9(lanes_9_delta),
        .words_10(lanes_10_delta),
        .words_11(lanes_11_delta),
        .words_12(lanes_12_delta),
        .words_13(lanes_13_delta),
        .words_14(lanes_14_delta),
        .words_15(lanes_15_delta),
        .sum(sum)
    );

    // In a function, arguments and results have the names of the nets that they are.
    // verilator lint_off VARHIDDEN

    // What is broadcast, once more for this bank.
    function automatic [15:0] choose_entry_lane_next(
        input         resetn,
        input         write,
        input [15:0]  write_lane
    );
        reg [15:0]  entry_lane_next;
        begin
            entry_lane_next = write_lane;
            if (~write) begin
                entry_lane_next = 16'd0;
            end
            if (~resetn) begin
                entry_lane_next = 16'd0;
            end
            choose_entry_lane_next = entry_lane_next;
        end
    endfunction
    assign entry_lane_next = choose_entry_lane_next(resetn, write, write_lane);

    // L1: lanes whose entry of the row is in the range, six inputs for each.
    function automatic [15:0] choose_above(
        input         l1_after_low,
        input         l1_from_low,
        input [15:0]  l1_lanes_from_low
    );
        reg [15:0]  above;
        begin
            above = l1_lanes_from_low;
            if (l1_after_low) begin
                above = every_lane;
            end
            if (~l1_from_low) begin
                above = 16'd0;
            end
            choose_above = above;
        end
    endfunction
    assign above = choose_above(l1_after_low, l1_from_low, l1_lanes_from_low);

    function automatic [15:0] choose_below(
        input         l1_before_high,
        input [15:0]  l1_lanes_before_high,
        input         l1_to_high
    );
        reg [15:0]  below;
        begin
            below = l1_lanes_before_high;
            if (l1_before_high) begin
                below = every_lane;
            end
            if (~l1_to_high) begin
                below = 16'd0;
            end
            choose_below = below;
        end
    endfunction
    assign below = choose_below(l1_before_high, l1_lanes_before_high, l1_to_high);

    // The lanes.
    assign lanes_0_write = entry_lane[0];
    assign lanes_0_in_range = in_range[0];
    assign lanes_1_write = entry_lane[1];
    assign lanes_1_in_range = in_range[1];
    assign lanes_2_write = entry_lane[2];
    assign lanes_2_in_range = in_range[2];
    assign lanes_3_write = entry_lane[3];
    assign lanes_3_in_range = in_range[3];
    assign lanes_4_write = entry_lane[4];
    assign lanes_4_in_range = in_range[4];
    assign lanes_5_write = entry_lane[5];
    assign lanes_5_in_range = in_range[5];
    assign lanes_6_write = entry_lane[6];
    assign lanes_6_in_range = in_range[6];
    assign lanes_7_write = entry_lane[7];
    assign lanes_7_in_range = in_range[7];
    assign lanes_8_write = entry_lane[8];
    assign lanes_8_in_range = in_range[8];
    assign lanes_9_write = entry_lane[9];
    assign lanes_9_in_range = in_range[9];
    assign lanes_10_write = entry_lane[10];
    assign lanes_10_in_range = in_range[10];
    assign lanes_11_write = entry_lane[11];
    assign lanes_11_in_range = in_range[11];
    assign lanes_12_write = entry_lane[12];
    assign lanes_12_in_range = in_range[12];
    assign lanes_13_write = entry_lane[13];
    assign lanes_13_in_range = in_range[13];
    assign lanes_14_write = entry_lane[14];
    assign lanes_14_in_range = in_range[14];
    assign lanes_15_write = entry_lane[15];
    assign lanes_15_in_range = in_range[15];

    // verilator lint_on VARHIDDEN

    always @(posedge clock) begin
        entry_lane <= entry_lane_next;
        entry_row <= write_row;
        entry_context <= write_context;
        entry_delta <= write_delta;
        query_context <= wanted;
        row_l0 <= row;
        row_l1 <= row_l0;
        row_l2 <= row_l1;
        row_l3 <= row_l2;
        l1_from_low <= from_low;
        l1_after_low <= after_low;
        l1_lanes_from_low <= lanes_from_low;
        l1_to_high <= to_high;
        l1_before_high <= before_high;
        l1_lanes_before_high <= lanes_before_high;
        in_range <= above & below;
    end
endmodule
