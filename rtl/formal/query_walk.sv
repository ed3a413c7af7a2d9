// Proves the walk of a QUERY for one arbitrary lane of one arbitrary row: in the 2^DEPTH_BITS + 1 steps of a walk that
// entry is selected exactly once when it is one of the `distance` newest and the mark is in reach, and never otherwise;
// outside a walk nothing is selected; the first and the last step are said once, in their clocks.
// Entries are numbered by age: 1 is the newest, the one before `next_lane` of `next_row`; LANES x rows is the oldest.
// Assumed of the journal (journal.sv): a walk begins when none is under way, the next entry's place is stable in a
// walk and is a place, and no more entries are in reach than there are.
module query_walk_proof (
    input wire        clock,
    input wire        resetn,
    input wire        begin_walk,
    input wire [63:0] distance,
    input wire [19:0] reach,
    input wire [8:0]  next_lane,
    input wire [`DEPTH_BITS-1:0] next_row
);
    wire too_old, first_step, last_step;
    wire [`DEPTH_BITS-1:0] row;
    wire [8:0] low, high;
    query_walk dut (.*);

    localparam [19:0] LANES = `LANES, ROWS = 20'd1 << `DEPTH_BITS, HORIZON = LANES * ROWS;
    (* hierconn *) wire \dut.walking , \dut.first , \dut.out_of_reach , \dut.back_again ;
    (* hierconn *) wire [8:0] \dut.older_lanes ;
    (* hierconn *) wire [19:0] \dut.remaining ;
    (* hierconn *) wire [`DEPTH_BITS-1:0] \dut.step_row ;

    reg started = 0;
    always @(posedge clock) started <= 1;
    always @(*) if (!started) assume (!resetn);

    // The entry that the proof is about: any one, fixed.
    (* anyconst *) wire [8:0] lane;
    (* anyconst *) wire [`DEPTH_BITS-1:0] place;
    always @(*) assume (lane < LANES);

    // A walk that a reset cuts off leaves one selection behind, in the clock after; the journal forgets it with the walk.
    reg settled = 0;
    always @(posedge clock) settled <= started && resetn;

    // The walk, as it began.
    reg walks, issues, refused;
    reg [19:0] step;      // steps before this one
    reg [63:0] asked;
    reg [8:0] from_lane;
    reg [`DEPTH_BITS-1:0] from_row;
    reg [1:0] seen;
    wire hit = row == place && low <= lane && lane < high;
    always @(posedge clock) begin
        issues <= walks;
        seen <= seen + {1'b0, hit};
        if (walks) begin
            step <= step + 20'd1;
            if (step == ROWS) walks <= 0;
        end
        if (begin_walk) begin
            {walks, step, seen} <= {1'b1, 20'd0, 2'd0};
            {asked, from_lane, from_row} <= {distance, next_lane, next_row};
            refused <= distance > reach;
        end
        if (!resetn) {walks, issues, refused} <= 0;
    end
    always @(*) if (started) begin
        assume (reach <= HORIZON && next_lane < LANES);
        assume (!begin_walk || !walks);
        assume (!walks || (next_lane == from_lane && next_row == from_row));
    end

    wire [19:0] next = {{(20 - `DEPTH_BITS){1'b0}}, from_row} * LANES + {11'd0, from_lane};
    wire [19:0] entry = {{(20 - `DEPTH_BITS){1'b0}}, place} * LANES + {11'd0, lane};
    wire [19:0] age = next > entry ? next - entry : next + HORIZON - entry;
    wire wanted = !refused && {44'd0, age} <= asked;
    // Entries that the steps before this one offered: none, then the lanes of the row being filled, then whole rows.
    wire [19:0] offered = step == 0 ? 20'd0 : {11'd0, from_lane} + (step - 20'd1) * LANES;

    always @(*) if (started) begin
        // The properties.
        if (issues && !walks) selected_once_or_never: assert (seen + {1'b0, hit} == {1'b0, wanted});
        if (!issues && !walks && settled) nothing_outside_a_walk: assert (!hit);
        says_too_old: assert (too_old == refused);
        says_first: assert (first_step == (walks && step == 0));
        says_last: assert (last_step == (walks && step == ROWS));
        // The invariants that make them inductive.
        assert (\dut.walking == walks && \dut.first == (walks && step == 0) && \dut.out_of_reach == refused);
        if (walks) assert (step <= ROWS && \dut.step_row == from_row - step[`DEPTH_BITS-1:0]);
        if (walks) assert (issues == (step != 0) && from_lane < LANES);
        if (walks) assert (\dut.back_again == (step == ROWS));
        if (walks && step != 0) assert (\dut.older_lanes == LANES - {11'd0, from_lane});
        if (walks && !refused) assert (asked <= HORIZON && \dut.remaining == (asked[19:0] > offered ? asked[19:0] - offered : 20'd0));
        if (issues && !walks) assert (step == ROWS + 20'd1 && from_lane < LANES);
        if (walks || issues) assert (settled);
        if (walks && !issues) assert (seen == 0 && !hit);
        if (issues) assert (seen + {1'b0, hit} == {1'b0, wanted && age <= offered} && seen <= 1);
    end
    // Traces.
    always @(*) begin
        whole_ring: cover (settled && issues && !walks && hit && asked == HORIZON && age == HORIZON && from_lane == 1);
        newest_only: cover (settled && issues && !walks && seen == 1 && asked == 1);
        refused_walk: cover (settled && last_step && too_old);
    end
endmodule
