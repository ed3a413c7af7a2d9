// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
module query_walk (
    input  wire         clock,
    input  wire         resetn,
    input  wire         begin_walk,
    input  wire [63:0]  distance,
    input  wire [19:0]  reach,
    input  wire [8:0]   next_lane,
    input  wire [4:0]   next_row,
    output wire         too_old,
    output wire         first_step,
    output wire         last_step,
    output wire [4:0]   row,
    output wire [8:0]   low,
    output wire [8:0]   high
);

    localparam [8:0] lanes = 9'h100;
    localparam [4:0] one_row = 5'd1;
    wire [63:0]  wide_reach;
    wire         same_row;
    wire         is_last;
    reg  [8:0]   bottom;
    reg  [8:0]   top;
    reg  [8:0]   offered;
    wire [19:0]  wide_offered;
    wire         takes_all;
    wire [19:0]  left_over;
    wire [8:0]   remaining_low;
    wire [8:0]   cut;
    reg          walking_next;
    reg          walking = 1'b0;
    reg          first_next;
    reg          first = 1'b0;
    reg          out_of_reach_next;
    reg          out_of_reach = 1'b0;
    reg  [4:0]   step_row_next;
    reg  [4:0]   step_row = 5'd0;
    reg  [19:0]  remaining_next;
    reg  [19:0]  remaining = 20'd0;
    reg  [4:0]   issued_row = 5'd0;
    reg  [8:0]   issued_low_next;
    reg  [8:0]   issued_low = 9'd0;
    reg  [8:0]   issued_high_next;
    reg  [8:0]   issued_high = 9'd0;

    always @(*) begin
        walking_next = walking;
        first_next = first;
        out_of_reach_next = out_of_reach;
        step_row_next = step_row;
        remaining_next = remaining;
        // The next step.
        if (walking) begin
            first_next = 1'b0;
            step_row_next = step_row - one_row;
            remaining_next = 20'd0;
            if (takes_all) begin
                remaining_next = left_over;
            end
            if (is_last) begin
                walking_next = 1'b0;
            end
        end
        if (begin_walk) begin
            walking_next = 1'b1;
            first_next = 1'b1;
            step_row_next = next_row;
            remaining_next = distance[19:0];
            out_of_reach_next = distance > wide_reach;
        end
        if (~resetn) begin
            walking_next = 1'b0;
            first_next = 1'b0;
            out_of_reach_next = 1'b0;
        end
    end

    // What this step offers: all lanes, or one side of the row that is being filled.
    assign same_row = step_row == next_row;
    assign is_last = walking & same_row & ~first;

    always @(*) begin
        bottom = 9'd0;
        top = lanes;
        offered = lanes;
        if (first) begin
            top = next_lane;
            offered = next_lane;
        end else if (same_row) begin
            bottom = next_lane;
            offered = lanes - next_lane;
        end
    end

    // What it takes: everything, or the newest that are still wanted.
    assign wide_offered = {11'd0, offered};
    assign takes_all = remaining >= wide_offered;
    assign left_over = remaining - wide_offered;
    assign remaining_low = remaining[8:0];
    assign cut = top - remaining_low;

    always @(*) begin
        issued_high_next = top;
        issued_low_next = cut;
        if (takes_all) begin
            issued_low_next = bottom;
        end
        if (out_of_reach | ~walking) begin
            issued_low_next = 9'd0;
            issued_high_next = 9'd0;
        end
    end

    // A new walk. The comparison is with what the journal holds, so a mark to come is too old as well.
    assign wide_reach = {44'd0, reach};
    assign too_old = out_of_reach;
    assign first_step = first;
    assign last_step = is_last;
    assign row = issued_row;
    assign low = issued_low;
    assign high = issued_high;

    always @(posedge clock) begin
        walking <= walking_next;
        first <= first_next;
        out_of_reach <= out_of_reach_next;
        step_row <= step_row_next;
        remaining <= remaining_next;
        issued_row <= step_row;
        issued_low <= issued_low_next;
        issued_high <= issued_high_next;
    end
endmodule
