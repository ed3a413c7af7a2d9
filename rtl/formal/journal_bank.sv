// Proves a bank around its lanes: each lane gets the entry, the row and the range that are its own, in the clocks in
// which journal_lane.sv speaks about them, and the sum is the XOR of what the lanes answer two clocks before: seven
// clocks after the row was given. The lanes themselves answer anything here (journal_lane.sv is about them), so no
// size is reduced.
module journal_bank_proof (
    input wire        clock,
    input wire        resetn,
    input wire        write,
    input wire [`LANES-1:0] write_lane,
    input wire [`DEPTH_BITS-1:0] write_row,
    input wire [`CONTEXT_BITS-1:0] write_context,
    input wire [63:0] write_delta,
    input wire [`CONTEXT_BITS-1:0] wanted,
    input wire [`DEPTH_BITS-1:0] row,
    input wire        from_low,
    input wire        after_low,
    input wire [`LANES-1:0] lanes_from_low,
    input wire        to_high,
    input wire        before_high,
    input wire [`LANES-1:0] lanes_before_high
);
    wire [63:0] sum;
    journal_bank dut (.*);

    (* hierconn *) wire [`LANES-1:0] \dut.entry_lane , \dut.in_range , \dut.l1_lanes_from_low , \dut.l1_lanes_before_high ;
    (* hierconn *) wire \dut.l1_from_low , \dut.l1_after_low , \dut.l1_to_high , \dut.l1_before_high ;
    (* hierconn *) wire [`DEPTH_BITS-1:0] \dut.entry_row , \dut.row_l0 , \dut.row_l1 , \dut.row_l2 , \dut.row_l3 ;
    (* hierconn *) wire [`CONTEXT_BITS-1:0] \dut.entry_context , \dut.query_context ;
    (* hierconn *) wire [63:0] \dut.entry_delta ;
`ifdef LANES_16
    // What reaches the lanes, and what they answer.
    (* hierconn *) wire \dut.lanes_0_write , \dut.lanes_1_write , \dut.lanes_2_write , \dut.lanes_3_write ;
    (* hierconn *) wire \dut.lanes_4_write , \dut.lanes_5_write , \dut.lanes_6_write , \dut.lanes_7_write ;
    (* hierconn *) wire \dut.lanes_8_write , \dut.lanes_9_write , \dut.lanes_10_write , \dut.lanes_11_write ;
    (* hierconn *) wire \dut.lanes_12_write , \dut.lanes_13_write , \dut.lanes_14_write , \dut.lanes_15_write ;
    wire [15:0] writes = {
        \dut.lanes_15_write , \dut.lanes_14_write , \dut.lanes_13_write , \dut.lanes_12_write ,
        \dut.lanes_11_write , \dut.lanes_10_write , \dut.lanes_9_write , \dut.lanes_8_write ,
        \dut.lanes_7_write , \dut.lanes_6_write , \dut.lanes_5_write , \dut.lanes_4_write ,
        \dut.lanes_3_write , \dut.lanes_2_write , \dut.lanes_1_write , \dut.lanes_0_write
    };
    (* hierconn *) wire \dut.lanes_0_in_range , \dut.lanes_1_in_range , \dut.lanes_2_in_range , \dut.lanes_3_in_range ;
    (* hierconn *) wire \dut.lanes_4_in_range , \dut.lanes_5_in_range , \dut.lanes_6_in_range , \dut.lanes_7_in_range ;
    (* hierconn *) wire \dut.lanes_8_in_range , \dut.lanes_9_in_range , \dut.lanes_10_in_range , \dut.lanes_11_in_range ;
    (* hierconn *) wire \dut.lanes_12_in_range , \dut.lanes_13_in_range , \dut.lanes_14_in_range , \dut.lanes_15_in_range ;
    wire [15:0] ranges = {
        \dut.lanes_15_in_range , \dut.lanes_14_in_range , \dut.lanes_13_in_range , \dut.lanes_12_in_range ,
        \dut.lanes_11_in_range , \dut.lanes_10_in_range , \dut.lanes_9_in_range , \dut.lanes_8_in_range ,
        \dut.lanes_7_in_range , \dut.lanes_6_in_range , \dut.lanes_5_in_range , \dut.lanes_4_in_range ,
        \dut.lanes_3_in_range , \dut.lanes_2_in_range , \dut.lanes_1_in_range , \dut.lanes_0_in_range
    };
    (* hierconn *) wire [63:0] \dut.lanes_0_delta , \dut.lanes_1_delta , \dut.lanes_2_delta , \dut.lanes_3_delta ;
    (* hierconn *) wire [63:0] \dut.lanes_4_delta , \dut.lanes_5_delta , \dut.lanes_6_delta , \dut.lanes_7_delta ;
    (* hierconn *) wire [63:0] \dut.lanes_8_delta , \dut.lanes_9_delta , \dut.lanes_10_delta , \dut.lanes_11_delta ;
    (* hierconn *) wire [63:0] \dut.lanes_12_delta , \dut.lanes_13_delta , \dut.lanes_14_delta , \dut.lanes_15_delta ;
    (* hierconn *) wire [63:0] \dut.tree.six_0 , \dut.tree.six_1 , \dut.tree.six_2 ;
    (* anyconst *) wire [5:0] place;
    wire [15:0] column = {
        \dut.lanes_15_delta [place], \dut.lanes_14_delta [place], \dut.lanes_13_delta [place], \dut.lanes_12_delta [place],
        \dut.lanes_11_delta [place], \dut.lanes_10_delta [place], \dut.lanes_9_delta [place], \dut.lanes_8_delta [place],
        \dut.lanes_7_delta [place], \dut.lanes_6_delta [place], \dut.lanes_5_delta [place], \dut.lanes_4_delta [place],
        \dut.lanes_3_delta [place], \dut.lanes_2_delta [place], \dut.lanes_1_delta [place], \dut.lanes_0_delta [place]
    };
    reg [15:0] column_1, column_2;
    always @(posedge clock) {column_1, column_2} <= {column, column_1};
    always @(*) begin
        each_lane_its_write: assert (writes == \dut.entry_lane );
        each_lane_its_range: assert (ranges == \dut.in_range );
        if (f2) sum_is_the_xor_of_the_lanes: assert (sum[place] == ^column_2);
        if (f1) assert ((\dut.tree.six_0 [place] ^ \dut.tree.six_1 [place] ^ \dut.tree.six_2 [place]) == ^column_1);
    end
`endif

    reg f1 = 0, f2 = 0, f3 = 0, f4 = 0;
    reg [`LANES-1:0] entered, range_1, range_2;
    reg [`DEPTH_BITS-1:0] entry_row, row_1, row_2, row_3, row_4;
    reg [`CONTEXT_BITS-1:0] entry_context, wanted_1;
    reg [63:0] entry_delta;
    wire [`LANES-1:0] at_or_above = !from_low ? {`LANES{1'b0}} : after_low ? {`LANES{1'b1}} : lanes_from_low;
    wire [`LANES-1:0] below = !to_high ? {`LANES{1'b0}} : before_high ? {`LANES{1'b1}} : lanes_before_high;
    always @(posedge clock) begin
        {f1, f2, f3, f4} <= {1'b1, f1, f2, f3};
        entered <= write && resetn ? write_lane : {`LANES{1'b0}};
        {entry_row, entry_context, entry_delta} <= {write_row, write_context, write_delta};
        {row_1, row_2, row_3, row_4} <= {row, row_1, row_2, row_3};
        wanted_1 <= wanted;
        range_1 <= at_or_above & below;
        range_2 <= range_1;
    end

    always @(*) begin
        assert ((!f2 || f1) && (!f3 || f2) && (!f4 || f3));
        if (f1) begin
            // The properties.
            entry_goes_to_its_lane: assert (\dut.entry_lane == entered);
            entry_is_whole: assert ({\dut.entry_row , \dut.entry_context , \dut.entry_delta } == {entry_row, entry_context, entry_delta});
            context_row_is_given: assert (\dut.row_l0 == row_1);
            context_is_compared: assert (\dut.query_context == wanted_1);
            if (f2) range_is_given: assert (\dut.in_range == range_2);
            if (f4) delta_row_is_given: assert (\dut.row_l3 == row_4);
            // The invariants that make them inductive.
            if (f2) assert (\dut.row_l1 == row_2);
            if (f3) assert (\dut.row_l2 == row_3);
            assert (((!\dut.l1_from_low ? {`LANES{1'b0}} : \dut.l1_after_low ? {`LANES{1'b1}} : \dut.l1_lanes_from_low )
                & (!\dut.l1_to_high ? {`LANES{1'b0}} : \dut.l1_before_high ? {`LANES{1'b1}} : \dut.l1_lanes_before_high )) == range_1);
        end
    end

    // Traces.
    reg [3:0] clocks = 0;
    always @(posedge clock) if (clocks != 15) clocks <= clocks + 4'd1;
    always @(*) begin
        two_lanes_meet: cover (f4 && clocks == 12 && sum == 64'd3 && entry_delta == 64'd1);
        one_lane_of_the_range: cover (f4 && range_2 == 2);
    end
endmodule
