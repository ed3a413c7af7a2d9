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
    wire [4:0]   row_after;
    wire         is_last;
    wire [8:0]   bottom;
    wire [8:0]   top;
    wire [8:0]   offered;
    wire [19:0]  wide_offered;
    wire [19:0]  wide_newer;
    wire [19:0]  wide_older;
    wire [19:0]  wide_lanes;
    wire         takes_newer;
    wire         takes_older;
    wire         takes_row;
    wire         takes_all;
    wire [19:0]  left_over;
    wire [8:0]   remaining_low;
    wire [8:0]   cut;
    wire         walking_next;
    reg          walking;
    wire         first_next;
    reg          first;
    wire         out_of_reach_next;
    reg          out_of_reach;
    wire         back_again_next;
    reg          back_again;
    reg  [8:0]   older_lanes;
    wire [4:0]   step_row_next;
    reg  [4:0]   step_row;
    wire [19:0]  remaining_next;
    reg  [19:0]  remaining;
    reg  [4:0]   issued_row;
    wire [8:0]   issued_low_next;
    reg  [8:0]   issued_low;
    wire [8:0]   issued_high_next;
    reg  [8:0]   issued_high;

    // In a function, arguments and results have the names of the nets that they are.
    // verilator lint_off VARHIDDEN

    function automatic [28:0] choose_walking_next(
        input         back_again,
        input         begin_walk,
        input [63:0]  distance,
        input         first,
        input         is_last,
        input [19:0]  left_over,
        input [4:0]   next_row,
        input         out_of_reach,
        input [19:0]  remaining,
        input         resetn,
        input [4:0]   row_after,
        input [4:0]   step_row,
        input         takes_all,
        input         walking,
        input [63:0]  wide_reach
    );
        reg         walking_next;
        reg         first_next;
        reg         out_of_reach_next;
        reg         back_again_next;
        reg [4:0]   step_row_next;
        reg [19:0]  remaining_next;
        begin
            walking_next = walking;
            first_next = first;
            out_of_reach_next = out_of_reach;
            back_again_next = back_again;
            step_row_next = step_row;
            remaining_next = remaining;
            // The next step.
            if (walking) begin
                first_next = 1'b0;
                step_row_next = row_after;
                back_again_next = row_after == next_row;
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
                back_again_next = 1'b0;
                step_row_next = next_row;
                remaining_next = distance[19:0];
                out_of_reach_next = distance > wide_reach;
            end
            if (~resetn) begin
                walking_next = 1'b0;
                first_next = 1'b0;
                out_of_reach_next = 1'b0;
            end
            choose_walking_next = {walking_next, first_next, out_of_reach_next, back_again_next, step_row_next, remaining_next};
        end
    endfunction
    assign {walking_next, first_next, out_of_reach_next, back_again_next, step_row_next, remaining_next} = choose_walking_next(back_again, begin_walk, distance, first, is_last, left_over, next_row, out_of_reach, remaining, resetn, row_after, step_row, takes_all, walking, wide_reach);

    // What this step offers: all lanes, or one side of the row that is being filled.
    // Which of them, and the lanes of the last side, are known a clock before: what is left waits for them.
    assign row_after = step_row - one_row;
    assign is_last = walking & back_again;

    function automatic [26:0] choose_bottom(
        input         back_again,
        input         first,
        input [8:0]   next_lane,
        input [8:0]   older_lanes
    );
        reg [8:0]   bottom;
        reg [8:0]   top;
        reg [8:0]   offered;
        begin
            bottom = 9'd0;
            top = lanes;
            offered = lanes;
            if (first) begin
                top = next_lane;
                offered = next_lane;
            end else if (back_again) begin
                bottom = next_lane;
                offered = older_lanes;
            end
            choose_bottom = {bottom, top, offered};
        end
    endfunction
    assign {bottom, top, offered} = choose_bottom(back_again, first, next_lane, older_lanes);

    // What it takes: everything, or the newest that are still wanted. Each comparison is made before it is chosen.
    assign wide_offered = {11'd0, offered};
    assign wide_newer = {11'd0, next_lane};
    assign wide_older = {11'd0, older_lanes};
    assign wide_lanes = {11'd0, lanes};
    assign takes_newer = remaining >= wide_newer;
    assign takes_older = remaining >= wide_older;
    assign takes_row = remaining >= wide_lanes;

    function automatic choose_takes_all(
        input         back_again,
        input         first,
        input         takes_newer,
        input         takes_older,
        input         takes_row
    );
        reg         takes_all;
        begin
            takes_all = takes_row;
            if (first) begin
                takes_all = takes_newer;
            end else if (back_again) begin
                takes_all = takes_older;
            end
            choose_takes_all = takes_all;
        end
    endfunction
    assign takes_all = choose_takes_all(back_again, first, takes_newer, takes_older, takes_row);

    assign left_over = remaining - wide_offered;
    assign remaining_low = remaining[8:0];
    assign cut = top - remaining_low;

    function automatic [17:0] choose_issued_high_next(
        input [8:0]   bottom,
        input [8:0]   cut,
        input         out_of_reach,
        input         takes_all,
        input [8:0]   top,
        input         walking
    );
        reg [8:0]   issued_high_next;
        reg [8:0]   issued_low_next;
        begin
            issued_high_next = top;
            issued_low_next = cut;
            if (takes_all) begin
                issued_low_next = bottom;
            end
            if (out_of_reach | ~walking) begin
                issued_low_next = 9'd0;
                issued_high_next = 9'd0;
            end
            choose_issued_high_next = {issued_high_next, issued_low_next};
        end
    endfunction
    assign {issued_high_next, issued_low_next} = choose_issued_high_next(bottom, cut, out_of_reach, takes_all, top, walking);

    // A new walk. The comparison is with what the journal holds, so a mark to come is too old as well.
    assign wide_reach = {44'd0, reach};
    assign too_old = out_of_reach;
    assign first_step = first;
    assign last_step = is_last;
    assign row = issued_row;
    assign low = issued_low;
    assign high = issued_high;

    // verilator lint_on VARHIDDEN

    always @(posedge clock) begin
        walking <= walking_next;
        first <= first_next;
        out_of_reach <= out_of_reach_next;
        back_again <= back_again_next;
        older_lanes <= lanes - next_lane;
        step_row <= step_row_next;
        remaining <= remaining_next;
        issued_row <= step_row;
        issued_low <= issued_low_next;
        issued_high <= issued_high_next;
    end
endmodule
