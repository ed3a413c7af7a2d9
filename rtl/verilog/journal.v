// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
// Clocks after a query: 2 distance, 3 first step of the walk, 5 context read, 9 delta, 13 XOR of a row.
module journal (
    input  wire         clock,
    input  wire         resetn,
    input  wire         note,
    input  wire         query,
    input  wire [13:0]  context_id,
    input  wire [63:0]  delta,
    input  wire [63:0]  mark,
    input  wire [63:0]  position,
    output wire         answer_near,
    output wire [63:0]  answer,
    output wire         too_old
);

    localparam [15:0] every_bank = 16'hffff;
    localparam [15:0] every_lane = 16'hffff;
    localparam [15:0] first_bank = 16'd1;
    localparam [15:0] first_lane = 16'd1;
    localparam [19:0] horizon = 20'h2000;
    localparam [8:0] last_lane = 9'hff;
    localparam [19:0] one_entry = 20'd1;
    localparam [8:0] one_lane = 9'd1;
    localparam [4:0] one_row = 5'd1;
    wire [4:0]   next_bank_part;
    wire [3:0]   next_lane_part;
    wire [4:0]   low_bank;
    wire [3:0]   low_lane;
    wire [4:0]   high_bank;
    wire [3:0]   high_lane;
    wire [15:0]  low_mask;
    wire [15:0]  high_mask;
    wire [15:0]  high_lanes;
    wire [15:0]  above_high;
    wire [9:0]   first_bit;
    wire [6:0]   last_bit;
    wire [9:0]   moved_first;
    wire [6:0]   moved_last;
    reg  [63:0]  kept;
    wire         walk_first_step;
    wire         walk_last_step;
    wire [4:0]   walk_row;
    wire [8:0]   walk_low;
    wire [8:0]   walk_high;
    wire         banks_0_write;
    wire         banks_0_from_low;
    wire         banks_0_after_low;
    wire         banks_0_to_high;
    wire         banks_0_before_high;
    wire [63:0]  banks_0_sum;
    wire         banks_1_write;
    wire         banks_1_from_low;
    wire         banks_1_after_low;
    wire         banks_1_to_high;
    wire         banks_1_before_high;
    wire [63:0]  banks_1_sum;
    wire         banks_2_write;
    wire         banks_2_from_low;
    wire         banks_2_after_low;
    wire         banks_2_to_high;
    wire         banks_2_before_high;
    wire [63:0]  banks_2_sum;
    wire         banks_3_write;
    wire         banks_3_from_low;
    wire         banks_3_after_low;
    wire         banks_3_to_high;
    wire         banks_3_before_high;
    wire [63:0]  banks_3_sum;
    wire         banks_4_write;
    wire         banks_4_from_low;
    wire         banks_4_after_low;
    wire         banks_4_to_high;
    wire         banks_4_before_high;
    wire [63:0]  banks_4_sum;
    wire         banks_5_write;
    wire         banks_5_from_low;
    wire         banks_5_after_low;
    wire         banks_5_to_high;
    wire         banks_5_before_high;
    wire [63:0]  banks_5_sum;
    wire         banks_6_write;
    wire         banks_6_from_low;
    wire         banks_6_after_low;
    wire         banks_6_to_high;
    wire         banks_6_before_high;
    wire [63:0]  banks_6_sum;
    wire         banks_7_write;
    wire         banks_7_from_low;
    wire         banks_7_after_low;
    wire         banks_7_to_high;
    wire         banks_7_before_high;
    wire [63:0]  banks_7_sum;
    wire         banks_8_write;
    wire         banks_8_from_low;
    wire         banks_8_after_low;
    wire         banks_8_to_high;
    wire         banks_8_before_high;
    wire [63:0]  banks_8_sum;
    wire         banks_9_write;
    wire         banks_9_from_low;
    wire         banks_9_after_low;
    wire         banks_9_to_high;
    wire         banks_9_before_high;
    wire [63:0]  banks_9_sum;
    wire         banks_10_write;
    wire         banks_10_from_low;
    wire         banks_10_after_low;
    wire         banks_10_to_high;
    wire         banks_10_before_high;
    wire [63:0]  banks_10_sum;
    wire         banks_11_write;
    wire         banks_11_from_low;
    wire         banks_11_after_low;
    wire         banks_11_to_high;
    wire         banks_11_before_high;
    wire [63:0]  banks_11_sum;
    wire         banks_12_write;
    wire         banks_12_from_low;
    wire         banks_12_after_low;
    wire         banks_12_to_high;
    wire         banks_12_before_high;
    wire [63:0]  banks_12_sum;
    wire         banks_13_write;
    wire         banks_13_from_low;
    wire         banks_13_after_low;
    wire         banks_13_to_high;
    wire         banks_13_before_high;
    wire [63:0]  banks_13_sum;
    wire         banks_14_write;
    wire         banks_14_from_low;
    wire         banks_14_after_low;
    wire         banks_14_to_high;
    wire         banks_14_before_high;
    wire [63:0]  banks_14_sum;
    wire         banks_15_write;
    wire         banks_15_from_low;
    wire         banks_15_after_low;
    wire         banks_15_to_high;
    wire         banks_15_before_high;
    wire [63:0]  banks_15_sum;
    wire [63:0]  tree_sum;
    reg          noted_next;
    reg          noted = 1'b0;
    reg  [13:0]  noted_context = 14'd0;
    reg  [63:0]  noted_delta = 64'd0;
    reg  [8:0]   next_lane_next;
    reg  [8:0]   next_lane = 9'd0;
    reg  [4:0]   next_row_next;
    reg  [4:0]   next_row = 5'd0;
    reg  [19:0]  reach_next;
    reg  [19:0]  reach = 20'd0;
    reg  [15:0]  write_bank_next;
    reg  [15:0]  write_bank = 16'd0;
    reg  [15:0]  write_lane = 16'd0;
    reg  [4:0]   write_row = 5'd0;
    reg  [13:0]  write_context = 14'd0;
    reg  [63:0]  write_delta = 64'd0;
    reg          queried_next;
    reg          queried = 1'b0;
    reg  [13:0]  wanted_next;
    reg  [13:0]  wanted = 14'd0;
    reg  [63:0]  asked_mark = 64'd0;
    reg  [63:0]  asked_position = 64'd0;
    reg          begins_next;
    reg          begins = 1'b0;
    reg  [63:0]  distance = 64'd0;
    reg  [15:0]  banks_from_low = 16'd0;
    reg  [15:0]  banks_after_low = 16'd0;
    reg  [15:0]  lanes_from_low = 16'd0;
    reg  [15:0]  banks_to_high = 16'd0;
    reg  [15:0]  banks_before_high = 16'd0;
    reg  [15:0]  lanes_before_high = 16'd0;
    reg  [9:0]   since_first_next;
    reg  [9:0]   since_first = 10'd0;
    reg  [6:0]   since_last_next;
    reg  [6:0]   since_last = 7'd0;
    reg  [63:0]  sum = 64'd0;

    query_walk walk (
        .clock(clock),
        .resetn(resetn),
        .begin_walk(begins),
        .distance(distance),
        .reach(reach),
        .next_lane(next_lane),
        .next_row(next_row),
        .too_old(too_old),
        .first_step(walk_first_step),
        .last_step(walk_last_step),
        .row(walk_row),
        .low(walk_low),
        .high(walk_high)
    );

    journal_bank banks_0 (
        .clock(clock),
        .resetn(resetn),
        .write(banks_0_write),
        .write_lane(write_lane),
        .write_row(write_row),
        .write_context(write_context),
        .write_delta(write_delta),
        .wanted(wanted),
        .row(walk_row),
        .from_low(banks_0_from_low),
        .after_low(banks_0_after_low),
        .lanes_from_low(lanes_from_low),
        .to_high(banks_0_to_high),
        .before_high(banks_0_before_high),
        .lanes_before_high(lanes_before_high),
        .sum(banks_0_sum)
    );

    journal_bank banks_1 (
        .clock(clock),
        .resetn(resetn),
        .write(banks_1_write),
        .write_lane(write_lane),
        .write_row(write_row),
        .write_context(write_context),
        .write_delta(write_delta),
        .wanted(wanted),
        .row(walk_row),
        .from_low(banks_1_from_low),
        .after_low(banks_1_after_low),
        .lanes_from_low(lanes_from_low),
        .to_high(banks_1_to_high),
        .before_high(banks_1_before_high),
        .lanes_before_high(lanes_before_high),
        .sum(banks_1_sum)
    );

    journal_bank banks_2 (
        .clock(clock),
        .resetn(resetn),
        .write(banks_2_write),
        .write_lane(write_lane),
        .write_row(write_row),
        .write_context(write_context),
        .write_delta(write_delta),
        .wanted(wanted),
        .row(walk_row),
        .from_low(banks_2_from_low),
        .after_low(banks_2_after_low),
        .lanes_from_low(lanes_from_low),
        .to_high(banks_2_to_high),
        .before_high(banks_2_before_high),
        .lanes_before_high(lanes_before_high),
        .sum(banks_2_sum)
    );

    journal_bank banks_3 (
        .clock(clock),
        .resetn(resetn),
        .write(banks_3_write),
        .write_lane(write_lane),
        .write_row(write_row),
        .write_context(write_context),
        .write_delta(write_delta),
        .wanted(wanted),
        .row(walk_row),
        .from_low(banks_3_from_low),
        .after_low(banks_3_after_low),
        .lanes_from_low(lanes_from_low),
        .to_high(banks_3_to_high),
        .before_high(banks_3_before_high),
        .lanes_before_high(lanes_before_high),
        .sum(banks_3_sum)
    );

    journal_bank banks_4 (
        .clock(clock),
        .resetn(resetn),
        .write(banks_4_write),
        .write_lane(write_lane),
        .write_row(write_row),
        .write_context(write_context),
        .write_delta(write_delta),
        .wanted(wanted),
        .row(walk_row),
        .from_low(banks_4_from_low),
        .after_low(banks_4_after_low),
        .lanes_from_low(lanes_from_low),
        .to_high(banks_4_to_high),
        .before_high(banks_4_before_high),
        .lanes_before_high(lanes_before_high),
        .sum(banks_4_sum)
    );

    journal_bank banks_5 (
        .clock(clock),
        .resetn(resetn),
        .write(banks_5_write),
        .write_lane(write_lane),
        .write_row(write_row),
        .write_context(write_context),
        .write_delta(write_delta),
        .wanted(wanted),
        .row(walk_row),
        .from_low(banks_5_from_low),
        .after_low(banks_5_after_low),
        .lanes_from_low(lanes_from_low),
        .to_high(banks_5_to_high),
        .before_high(banks_5_before_high),
        .lanes_before_high(lanes_before_high),
        .sum(banks_5_sum)
    );

    journal_bank banks_6 (
        .clock(clock),
        .resetn(resetn),
        .write(banks_6_write),
        .write_lane(write_lane),
        .write_row(write_row),
        .write_context(write_context),
        .write_delta(write_delta),
        .wanted(wanted),
        .row(walk_row),
        .from_low(banks_6_from_low),
        .after_low(banks_6_after_low),
        .lanes_from_low(lanes_from_low),
        .to_high(banks_6_to_high),
        .before_high(banks_6_before_high),
        .lanes_before_high(lanes_before_high),
        .sum(banks_6_sum)
    );

    journal_bank banks_7 (
        .clock(clock),
        .resetn(resetn),
        .write(banks_7_write),
        .write_lane(write_lane),
        .write_row(write_row),
        .write_context(write_context),
        .write_delta(write_delta),
        .wanted(wanted),
        .row(walk_row),
        .from_low(banks_7_from_low),
        .after_low(banks_7_after_low),
        .lanes_from_low(lanes_from_low),
        .to_high(banks_7_to_high),
        .before_high(banks_7_before_high),
        .lanes_before_high(lanes_before_high),
        .sum(banks_7_sum)
    );

    journal_bank banks_8 (
        .clock(clock),
        .resetn(resetn),
        .write(banks_8_write),
        .write_lane(write_lane),
        .write_row(write_row),
        .write_context(write_context),
        .write_delta(write_delta),
        .wanted(wanted),
        .row(walk_row),
        .from_low(banks_8_from_low),
        .after_low(banks_8_after_low),
        .lanes_from_low(lanes_from_low),
        .to_high(banks_8_to_high),
        .before_high(banks_8_before_high),
        .lanes_before_high(lanes_before_high),
        .sum(banks_8_sum)
    );

    journal_bank banks_9 (
        .clock(clock),
        .resetn(resetn),
        .write(banks_9_write),
        .write_lane(write_lane),
        .write_row(write_row),
        .write_context(write_context),
        .write_delta(write_delta),
        .wanted(wanted),
        .row(walk_row),
        .from_low(banks_9_from_low),
        .after_low(banks_9_after_low),
        .lanes_from_low(lanes_from_low),
        .to_high(banks_9_to_high),
        .before_high(banks_9_before_high),
        .lanes_before_high(lanes_before_high),
        .sum(banks_9_sum)
    );

    journal_bank banks_10 (
        .clock(clock),
        .resetn(resetn),
        .write(banks_10_write),
        .write_lane(write_lane),
        .write_row(write_row),
        .write_context(write_context),
        .write_delta(write_delta),
        .wanted(wanted),
        .row(walk_row),
        .from_low(banks_10_from_low),
        .after_low(banks_10_after_low),
        .lanes_from_low(lanes_from_low),
        .to_high(banks_10_to_high),
        .before_high(banks_10_before_high),
        .lanes_before_high(lanes_before_high),
        .sum(banks_10_sum)
    );

    journal_bank banks_11 (
        .clock(clock),
        .resetn(resetn),
        .write(banks_11_write),
        .write_lane(write_lane),
        .write_row(write_row),
        .write_context(write_context),
        .write_delta(write_delta),
        .wanted(wanted),
        .row(walk_row),
        .from_low(banks_11_from_low),
        .after_low(banks_11_after_low),
        .lanes_from_low(lanes_from_low),
        .to_high(banks_11_to_high),
        .before_high(banks_11_before_high),
        .lanes_before_high(lanes_before_high),
        .sum(banks_11_sum)
    );

    journal_bank banks_12 (
        .clock(clock),
        .resetn(resetn),
        .write(banks_12_write),
        .write_lane(write_lane),
        .write_row(write_row),
        .write_context(write_context),
        .write_delta(write_delta),
        .wanted(wanted),
        .row(walk_row),
        .from_low(banks_12_from_low),
        .after_low(banks_12_after_low),
        .lanes_from_low(lanes_from_low),
        .to_high(banks_12_to_high),
        .before_high(banks_12_before_high),
        .lanes_before_high(lanes_before_high),
        .sum(banks_12_sum)
    );

    journal_bank banks_13 (
        .clock(clock),
        .resetn(resetn),
        .write(banks_13_write),
        .write_lane(write_lane),
        .write_row(write_row),
        .write_context(write_context),
        .write_delta(write_delta),
        .wanted(wanted),
        .row(walk_row),
        .from_low(banks_13_from_low),
        .after_low(banks_13_after_low),
        .lanes_from_low(lanes_from_low),
        .to_high(banks_13_to_high),
        .before_high(banks_13_before_high),
        .lanes_before_high(lanes_before_high),
        .sum(banks_13_sum)
    );

    journal_bank banks_14 (
        .clock(clock),
        .resetn(resetn),
        .write(banks_14_write),
        .write_lane(write_lane),
        .write_row(write_row),
        .write_context(write_context),
        .write_delta(write_delta),
        .wanted(wanted),
        .row(walk_row),
        .from_low(banks_14_from_low),
        .after_low(banks_14_after_low),
        .lanes_from_low(lanes_from_low),
        .to_high(banks_14_to_high),
        .before_high(banks_14_before_high),
        .lanes_before_high(lanes_before_high),
        .sum(banks_14_sum)
    );

    journal_bank banks_15 (
        .clock(clock),
        .resetn(resetn),
        .write(banks_15_write),
        .write_lane(write_lane),
        .write_row(write_row),
        .write_context(write_context),
        .write_delta(write_delta),
        .wanted(wanted),
        .row(walk_row),
        .from_low(banks_15_from_low),
        .after_low(banks_15_after_low),
        .lanes_from_low(lanes_from_low),
        .to_high(banks_15_to_high),
        .before_high(banks_15_before_high),
        .lanes_before_high(lanes_before_high),
        .sum(banks_15_sum)
    );

    xor_tree_16 tree (
        .clock(clock),
        .words_0(banks_0_sum),
        .words_1(banks_1_sum),
        .words_2(banks_2_sum),
        .words_3(banks_3_sum),
        .words_4(banks_4_sum),
        .words_5(banks_5_sum),
        .words_6(banks_6_sum),
        .words_7(banks_7_sum),
        .words_8(banks_8_sum),
        .words_9(banks_9_sum),
        .words_10(banks_10_sum),
        .words_11(banks_11_sum),
        .words_12(banks_12_sum),
        .words_13(banks_13_sum),
        .words_14(banks_14_sum),
        .words_15(banks_15_sum),
        .sum(tree_sum)
    );

    always @(*) begin
        next_lane_next = next_lane;
        next_row_next = next_row;
        reach_next = reach;
        // A note: where the next entry goes is a lane and a row that move with the position.
        noted_next = note;
        if (noted) begin
            if (next_lane == last_lane) begin
                next_lane_next = 9'd0;
                next_row_next = next_row + one_row;
            end else begin
                next_lane_next = next_lane + one_lane;
            end
            if (reach != horizon) begin
                reach_next = reach + one_entry;
            end
        end
        write_bank_next = first_bank << next_bank_part;
        if (~noted) begin
            write_bank_next = 16'd0;
        end
        // A query: how far back, then the walk.
        queried_next = query;
        begins_next = queried;
        since_first_next = moved_first | first_bit;
        since_last_next = moved_last | last_bit;
        if (~resetn) begin
            noted_next = 1'b0;
            next_lane_next = 9'd0;
            next_row_next = 5'd0;
            reach_next = 20'd0;
            write_bank_next = 16'd0;
            queried_next = 1'b0;
            begins_next = 1'b0;
            since_first_next = 10'd0;
            since_last_next = 7'd0;
        end
    end

    always @(*) begin
        wanted_next = wanted;
        if (query) begin
            wanted_next = context_id;
        end
    end

    assign next_bank_part = next_lane[8:4];
    assign next_lane_part = next_lane[3:0];

    // The lanes of a step, as masks of banks and of the lanes in the bank at either end.
    assign low_bank = walk_low[8:4];
    assign low_lane = walk_low[3:0];
    assign high_bank = walk_high[8:4];
    assign high_lane = walk_high[3:0];
    assign low_mask = every_bank << low_bank;
    assign high_mask = every_bank << high_bank;
    assign high_lanes = every_lane << high_lane;
    assign above_high = high_mask << 1;

    // The banks.
    assign banks_0_write = write_bank[0];
    assign banks_0_from_low = banks_from_low[0];
    assign banks_0_after_low = banks_after_low[0];
    assign banks_0_to_high = banks_to_high[0];
    assign banks_0_before_high = banks_before_high[0];
    assign banks_1_write = write_bank[1];
    assign banks_1_from_low = banks_from_low[1];
    assign banks_1_after_low = banks_after_low[1];
    assign banks_1_to_high = banks_to_high[1];
    assign banks_1_before_high = banks_before_high[1];
    assign banks_2_write = write_bank[2];
    assign banks_2_from_low = banks_from_low[2];
    assign banks_2_after_low = banks_after_low[2];
    assign banks_2_to_high = banks_to_high[2];
    assign banks_2_before_high = banks_before_high[2];
    assign banks_3_write = write_bank[3];
    assign banks_3_from_low = banks_from_low[3];
    assign banks_3_after_low = banks_after_low[3];
    assign banks_3_to_high = banks_to_high[3];
    assign banks_3_before_high = banks_before_high[3];
    assign banks_4_write = write_bank[4];
    assign banks_4_from_low = banks_from_low[4];
    assign banks_4_after_low = banks_after_low[4];
    assign banks_4_to_high = banks_to_high[4];
    assign banks_4_before_high = banks_before_high[4];
    assign banks_5_write = write_bank[5];
    assign banks_5_from_low = banks_from_low[5];
    assign banks_5_after_low = banks_after_low[5];
    assign banks_5_to_high = banks_to_high[5];
    assign banks_5_before_high = banks_before_high[5];
    assign banks_6_write = write_bank[6];
    assign banks_6_from_low = banks_from_low[6];
    assign banks_6_after_low = banks_after_low[6];
    assign banks_6_to_high = banks_to_high[6];
    assign banks_6_before_high = banks_before_high[6];
    assign banks_7_write = write_bank[7];
    assign banks_7_from_low = banks_from_low[7];
    assign banks_7_after_low = banks_after_low[7];
    assign banks_7_to_high = banks_to_high[7];
    assign banks_7_before_high = banks_before_high[7];
    assign banks_8_write = write_bank[8];
    assign banks_8_from_low = banks_from_low[8];
    assign banks_8_after_low = banks_after_low[8];
    assign banks_8_to_high = banks_to_high[8];
    assign banks_8_before_high = banks_before_high[8];
    assign banks_9_write = write_bank[9];
    assign banks_9_from_low = banks_from_low[9];
    assign banks_9_after_low = banks_after_low[9];
    assign banks_9_to_high = banks_to_high[9];
    assign banks_9_before_high = banks_before_high[9];
    assign banks_10_write = write_bank[10];
    assign banks_10_from_low = banks_from_low[10];
    assign banks_10_after_low = banks_after_low[10];
    assign banks_10_to_high = banks_to_high[10];
    assign banks_10_before_high = banks_before_high[10];
    assign banks_11_write = write_bank[11];
    assign banks_11_from_low = banks_from_low[11];
    assign banks_11_after_low = banks_after_low[11];
    assign banks_11_to_high = banks_to_high[11];
    assign banks_11_before_high = banks_before_high[11];
    assign banks_12_write = write_bank[12];
    assign banks_12_from_low = banks_from_low[12];
    assign banks_12_after_low = banks_after_low[12];
    assign banks_12_to_high = banks_to_high[12];
    assign banks_12_before_high = banks_before_high[12];
    assign banks_13_write = write_bank[13];
    assign banks_13_from_low = banks_from_low[13];
    assign banks_13_after_low = banks_after_low[13];
    assign banks_13_to_high = banks_to_high[13];
    assign banks_13_before_high = banks_before_high[13];
    assign banks_14_write = write_bank[14];
    assign banks_14_from_low = banks_from_low[14];
    assign banks_14_after_low = banks_after_low[14];
    assign banks_14_to_high = banks_to_high[14];
    assign banks_14_before_high = banks_before_high[14];
    assign banks_15_write = write_bank[15];
    assign banks_15_from_low = banks_from_low[15];
    assign banks_15_after_low = banks_after_low[15];
    assign banks_15_to_high = banks_to_high[15];
    assign banks_15_before_high = banks_before_high[15];

    // The XOR of the rows. The first row starts a new one; outside a walk the tree gives zero.
    assign first_bit = {9'd0, walk_first_step};
    assign moved_first = since_first << 1;
    assign last_bit = {6'd0, walk_last_step};
    assign moved_last = since_last << 1;

    always @(*) begin
        kept = sum;
        if (since_first[9]) begin
            kept = 64'd0;
        end
    end

    assign answer_near = since_last[6];
    assign answer = sum;

    always @(posedge clock) begin
        noted <= noted_next;
        noted_context <= context_id;
        noted_delta <= delta;
        next_lane <= next_lane_next;
        next_row <= next_row_next;
        reach <= reach_next;
        write_bank <= write_bank_next;
        write_lane <= first_lane << next_lane_part;
        write_row <= next_row;
        write_context <= noted_context;
        write_delta <= noted_delta;
        queried <= queried_next;
        wanted <= wanted_next;
        asked_mark <= mark;
        asked_position <= position;
        begins <= begins_next;
        distance <= asked_position - asked_mark;
        banks_from_low <= low_mask;
        banks_after_low <= low_mask << 1;
        lanes_from_low <= every_lane << low_lane;
        banks_to_high <= ~above_high;
        banks_before_high <= ~high_mask;
        lanes_before_high <= ~high_lanes;
        since_first <= since_first_next;
        since_last <= since_last_next;
        sum <= kept ^ tree_sum;
    end
endmodule
