// Proves a lane of the journal for one arbitrary row: four clocks after the row was given, the lane answers the delta
// of the entry last written there if the query wants its context and its position is in range, else zero.
// The row is given twice, for the context and three clocks later for the delta. That nothing is written to the journal
// between is the journal's (journal.sv).
module journal_lane_proof (
    input wire        clock,
    input wire        write,
    input wire [`DEPTH_BITS-1:0]   write_row,
    input wire [`CONTEXT_BITS-1:0] write_context,
    input wire [63:0] write_delta,
    input wire [`DEPTH_BITS-1:0]   context_row,
    input wire [`CONTEXT_BITS-1:0] wanted,
    input wire        in_range,
    input wire [`DEPTH_BITS-1:0]   delta_row
);
    wire [63:0] delta;
    journal_lane dut (.*);

    (* hierconn *) wire [`DEPTH_BITS-1:0] \dut.contexts.watched_address , \dut.deltas.watched_address ;
    (* hierconn *) wire [`CONTEXT_BITS-1:0] \dut.contexts.watched_word , \dut.held_context ;
    (* hierconn *) wire [63:0] \dut.deltas.watched_word , \dut.chosen ;
    (* hierconn *) wire \dut.same_low , \dut.same_second , \dut.same_third , \dut.same_fourth , \dut.same_high , \dut.selected ;
    wire [`DEPTH_BITS-1:0] r = \dut.contexts.watched_address ;
    always @(*) assume (\dut.deltas.watched_address == r);

    // The ghost: what was written to the row, if anything.
    reg written = 0;
    reg [`CONTEXT_BITS-1:0] context_id;
    reg [63:0] entry;
    // The row given: its context, whether the query wants it, whether it is taken, what is taken.
    reg g1 = 0, g2 = 0, g3 = 0, g4 = 0;
    reg [`CONTEXT_BITS-1:0] found;
    reg same, taken;
    reg [63:0] expected;
    always @(posedge clock) begin
        if (write && write_row == r) {written, context_id, entry} <= {1'b1, write_context, write_delta};
        g1 <= written && context_row == r;
        found <= context_id;
        g2 <= g1;
        same <= found == wanted;
        g3 <= g2;
        taken <= same && in_range;
        g4 <= g3 && delta_row == r;
        expected <= taken ? entry : 64'd0;
    end

    wire all_same = \dut.same_low && \dut.same_second && \dut.same_third && \dut.same_fourth && \dut.same_high ;
    always @(*) begin
        // The property.
        if (g4) answers_what_is_wanted: assert (delta == expected);
        // The invariants that make it inductive.
        if (written) assert (\dut.contexts.watched_word == context_id && \dut.deltas.watched_word == entry);
        assert ((!g1 || written) && (!g2 || written) && (!g3 || written));
        if (g1) assert (\dut.held_context == found);
        if (g2) assert (all_same == same);
        if (g3) assert (\dut.selected == taken);
    end

    // A lane that is not in range answers zero, row or no row.
    reg idle1 = 0, idle2 = 0;
    always @(posedge clock) {idle1, idle2} <= {!in_range, idle1};
    always @(*) begin
        if (idle2) zero_out_of_range: assert (delta == 0);
        if (idle1) assert (!\dut.selected );
    end

    // Traces.
    always @(*) begin
        found_and_wanted: cover (g4 && delta == 64'd77 && context_id == 9);
        not_in_range: cover (g4 && same && !taken && entry == 64'd77);
        another_context: cover (g4 && delta == 0 && entry != 0);
    end
endmodule
