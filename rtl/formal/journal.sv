// Proves what holds the journal together, at the committed size: the note with number p goes to lane (p - 1) mod LANES
// of row ((p - 1) / LANES) mod rows, whole and once; the lanes of a step of the walk are those that the walk issues, for
// one arbitrary lane; the answer is the XOR of what the tree gives for the steps of its walk and of nothing else, it
// is valid 2^DEPTH_BITS + 14 clocks after the query and until the next one, and is zero when the mark is out of reach, which
// is said exactly when more deltas lie between mark and position than the journal holds; nothing is written from the
// first read of a query to its last.
// This is the ghost journal of the whole by parts. An entry is one lane of one row: query_walk.sv shows for an arbitrary
// one that a walk selects it once if the query wants its position and never else, journal_lane.sv that a selected lane
// gives the delta last written there if its context is wanted and zero else, journal_bank.sv and xor_tree.sv that sums
// are the XOR of lanes and banks. XOR being associative and commutative, the answer is the XOR of the wanted entries.
// The tree of the banks answers anything here but zero when no lane was selected (journal_lane.sv: zero_out_of_range).
// Assumed of the engine (delta_engine.sv): no note and no second query from a query to `answer_near`, no query until the
// answer is held.
module journal_proof (
    input wire        clock,
    input wire        resetn,
    input wire        note,
    input wire        query,
    input wire [`CONTEXT_BITS-1:0] context_id,
    input wire [63:0] delta,
    input wire [63:0] mark,
    input wire [63:0] position
);
    wire answer_near, too_old;
    wire [63:0] answer;
    journal dut (.*);

    localparam LANES = `LANES, ROWS = 1 << `DEPTH_BITS;
    localparam BANK_LANES = LANES > 16 ? 16 : LANES, BANKS = (LANES + BANK_LANES - 1) / BANK_LANES;
    localparam [19:0] HORIZON = LANES * ROWS;
    // Clocks after a query: first step of the walk, its row's sum, `answer_near`, the answer.
    localparam [11:0] WALK = 3, TREE = 13, NEAR = ROWS + 10, ANSWER = ROWS + 14;
    (* hierconn *) wire \dut.noted , \dut.queried , \dut.begins , \dut.walk.walking , \dut.walk.first , \dut.walk.out_of_reach , \dut.walk.back_again ;
    (* hierconn *) wire [8:0] \dut.next_lane , \dut.walk_low , \dut.walk_high ;
    (* hierconn *) wire [`DEPTH_BITS-1:0] \dut.next_row , \dut.write_row , \dut.walk.step_row ;
    (* hierconn *) wire [19:0] \dut.reach ;
    (* hierconn *) wire [BANKS-1:0] \dut.write_bank ;
    (* hierconn *) wire [BANK_LANES-1:0] \dut.write_lane ;
    (* hierconn *) wire [`CONTEXT_BITS-1:0] \dut.noted_context , \dut.write_context , \dut.wanted ;
    (* hierconn *) wire [63:0] \dut.noted_delta , \dut.write_delta , \dut.asked_mark , \dut.asked_position , \dut.distance ;
    (* hierconn *) wire [BANKS-1:0] \dut.banks_from_low , \dut.banks_after_low , \dut.banks_to_high , \dut.banks_before_high ;
    (* hierconn *) wire [BANK_LANES-1:0] \dut.lanes_from_low , \dut.lanes_before_high ;
    (* hierconn *) wire [9:0] \dut.since_first ;
    (* hierconn *) wire [6:0] \dut.since_last ;
    (* hierconn *) wire [63:0] \dut.tree_sum ;

    reg started = 0, settled = 0;
    always @(posedge clock) {started, settled} <= {1'b1, started};
    always @(*) if (!started) assume (!resetn);

    // Notes: the place of the next one, and how many there are to find.
    reg [19:0] place, held;
    reg n1, n2;
    reg [19:0] place_1, place_2;
    reg [`CONTEXT_BITS-1:0] context_1, context_2;
    reg [63:0] delta_1, delta_2;
    // Queries: clocks since the last one, up to the answer.
    reg asked, refused;
    reg [11:0] age;
    reg [`CONTEXT_BITS-1:0] wanted;
    reg [63:0] distance, rows_sum;
    reg [9:1] empty;       // no lane was selected, [i] clocks ago
    always @(posedge clock) begin
        {n1, n2} <= {note, n1};
        {place_1, place_2} <= {place, place_1};
        {context_1, context_2, delta_1, delta_2} <= {context_id, context_1, delta, delta_1};
        if (note) begin
            place <= place == HORIZON - 20'd1 ? 20'd0 : place + 20'd1;
            if (held != HORIZON) held <= held + 20'd1;
        end
        if (age != ANSWER + 12'd1) age <= age + 12'd1;
        if (query) {asked, age, wanted, distance, refused} <= {1'b1, 12'd1, context_id, position - mark, position - mark > {44'd0, held}};
        empty <= {empty[8:1], none_now};
        if (age == TREE) rows_sum <= \dut.tree_sum ;
        if (age > TREE && age < ANSWER) rows_sum <= rows_sum ^ \dut.tree_sum ;
        if (!resetn) begin
            {place, held, n1, n2, asked} <= 0;
            age <= ANSWER + 12'd1;
        end
    end
    wire none_now = \dut.walk_low == 0 && \dut.walk_high == 0;
    wire [`DEPTH_BITS-1:0] steps = age - WALK;
    wire under_way = asked && age <= NEAR;
    always @(*) if (started) begin
        assume (!query || !note);
        assume (!under_way || !note);
        assume (!query || !asked || age >= ANSWER);
        if (empty[9]) assume (\dut.tree_sum == 0);
    end

    // The lane that the proof is about: any one, fixed.
    (* anyconst *) wire [8:0] lane;
    always @(*) assume (lane < LANES);
    wire [4:0] bank = lane / BANK_LANES;
    wire [3:0] seat = lane % BANK_LANES;
    wire selected = \dut.banks_from_low [bank] && ( \dut.banks_after_low [bank] || \dut.lanes_from_low [seat])
        && \dut.banks_to_high [bank] && ( \dut.banks_before_high [bank] || \dut.lanes_before_high [seat]);
    reg issued;
    always @(posedge clock) issued <= \dut.walk_low <= lane && lane < \dut.walk_high ;
    wire [8:0] lane_2 = place_2 % LANES;
    integer i;

    always @(*) if (started) begin
        // The properties.
        if (settled && !n2) writes_notes_only: assert (\dut.write_bank == 0);
        if (n2) begin
            note_goes_to_its_bank: assert (\dut.write_bank == {{(BANKS - 1){1'b0}}, 1'b1} << (lane_2 / BANK_LANES));
            note_goes_to_its_lane: assert (\dut.write_lane == {{(BANK_LANES - 1){1'b0}}, 1'b1} << (lane_2 % BANK_LANES));
            note_goes_to_its_row: assert (\dut.write_row == place_2 / LANES);
            note_is_whole: assert ({\dut.write_context , \dut.write_delta } == {context_2, delta_2});
        end
        if (settled) lanes_are_those_of_the_walk: assert (selected == issued);
        says_near: assert (answer_near == (asked && age == NEAR));
        if (asked && age >= ANSWER) begin
            answer_is_the_sum_of_the_rows: assert (answer == rows_sum);
            too_old_is_right: assert (too_old == refused);
            if (refused) too_old_answers_zero: assert (answer == 0);
        end
        if (asked && age >= WALK && age <= NEAR) nothing_is_written: assert (\dut.write_bank == 0 && !\dut.noted );
        if (asked) looks_for_its_context: assert (\dut.wanted == wanted);
        // What query_walk.sv assumes.
        place_is_a_place: assert (\dut.next_lane < LANES && \dut.reach <= HORIZON);
        if (\dut.begins ) walks_one_at_a_time: assert (!\dut.walk.walking );
        if (\dut.walk.walking || \dut.begins ) next_place_stands: assert (!\dut.noted );
        // The invariants that make them inductive: notes.
        assert (place < HORIZON && held <= HORIZON && \dut.noted == n1);
        if (n1) assert (place_1 < HORIZON && {\dut.noted_context , \dut.noted_delta } == {context_1, delta_1} && held != 0);
        if (n1) assert (place == (place_1 == HORIZON - 20'd1 ? 20'd0 : place_1 + 20'd1));
        if (n2) assert (place_2 < HORIZON);
        assert ({11'd0, \dut.next_lane } == (n1 ? place_1 : place) % LANES);
        assert ({{(20 - `DEPTH_BITS){1'b0}}, \dut.next_row } == (n1 ? place_1 : place) / LANES);
        if (!n1) assert (\dut.reach == held);
        if (n1) assert (held == (\dut.reach == HORIZON ? HORIZON : \dut.reach + 20'd1));
        // Queries.
        assert (settled || (!asked && !n1 && !n2));
        assert (age >= 1 && age <= ANSWER + 12'd1 && (asked || age == ANSWER + 12'd1));
        if (under_way && age >= 2) assert (!n2);
        if (under_way) assert (!n1);
        assert (\dut.queried == (asked && age == 1) && \dut.begins == (asked && age == 2));
        if (asked && age == 1) assert (\dut.asked_position - \dut.asked_mark == distance);
        if (asked && age == 2) assert (\dut.distance == distance);
        if (asked && age <= WALK) assert (refused == (distance > {44'd0, \dut.reach }));
        assert (\dut.walk.walking == (asked && age >= WALK && age <= WALK + ROWS));
        assert (\dut.walk.first == (asked && age == WALK));
        if (\dut.walk.walking ) assert (\dut.walk.step_row == \dut.next_row - steps);
        if (\dut.walk.walking ) assert (\dut.walk.back_again == (age == WALK + ROWS));
        if (asked && age >= WALK) assert (\dut.walk.out_of_reach == refused);
        for (i = 0; i < 10; i = i + 1) assert (\dut.since_first [i] == (asked && age == WALK + 1 + i));
        for (i = 0; i < 7; i = i + 1) assert (\dut.since_last [i] == (asked && age == WALK + ROWS + 1 + i));
        // Selections: none but in a walk in reach.
        if (asked && age > WALK) assert (none_now || (!refused && age <= WALK + 1 + ROWS));
        for (i = 1; i < 10; i = i + 1)
            if (asked && age > WALK + i) assert (empty[i] || (!refused && age <= WALK + 1 + ROWS + i));
        if (asked && age > TREE) assert (answer == rows_sum);
        if (asked && age > TREE && refused) assert (rows_sum == 0);
    end

    // Traces.
`ifdef TRACES
    always @(*) assume (resetn == started);
`endif
    always @(*) begin
        ring_is_full: cover (settled && asked && age == ANSWER && !too_old && held == HORIZON && distance == HORIZON && answer == 64'd5);
        refused_query: cover (settled && asked && age == ANSWER && too_old && held == 3);
        note_before_the_answer: cover (settled && asked && age == ANSWER && n1 && answer != 0);
    end
endmodule
