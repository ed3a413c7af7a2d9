// Proves the arithmetic of credit: the count of places equals what was promised and has not left, and never passes the
// queue, as long as slots enter only with credit. That the engine enters slots so, and that promises equal the beats on
// their way and in the queue, is proved on the whole engine (delta_engine.sv).
module reply_credit_proof (
    input wire       clock,
    input wire       resetn,
    // What enters S0 at the end of this clock: nothing, one beat, two beats, or one beat and one more a clock later.
    input wire [1:0] enters,
    input wire       beat_leaves
);
    localparam [1:0] ONE = 1, TWO = 2, ONE_AND_ONE = 3;
    reg [1:0] s0;
    reg second_of_two;
    wire promise_one = s0 == ONE || s0 == ONE_AND_ONE || second_of_two;
    wire promise_two = s0 == TWO;
    wire available;
    reply_credit dut (.*);

    (* hierconn *) wire [`QUEUE_BITS:0] \dut.promised ;

    reg started = 0;
    always @(posedge clock) started <= 1;
    always @(*) if (!started) assume (!resetn);

    reg [15:0] outstanding;
    wire [15:0] promises = promise_two ? 16'd2 : {15'd0, promise_one};
    always @(posedge clock) begin
        s0 <= enters;
        second_of_two <= s0 == ONE_AND_ONE;
        outstanding <= outstanding + promises - {15'd0, beat_leaves};
        if (!resetn) {s0, second_of_two, outstanding} <= 0;
    end
    // The engine: a slot enters with credit, and not before the second slot of a record; what leaves was promised.
    always @(*) if (started) begin
        assume (enters == 0 || (available && s0 != ONE_AND_ONE));
        assume (!beat_leaves || outstanding != 0);
    end

    localparam [15:0] PLACES = 16'd1 << `QUEUE_BITS;
    always @(*) if (started) begin
        // The properties.
        never_promises_too_much: assert (outstanding + promises <= PLACES);
        available_when_two_slots_fit: assert (available == (outstanding + 4 <= PLACES));
        // The invariants that make them inductive.
        assert ({{(15 - `QUEUE_BITS){1'b0}}, \dut.promised } == outstanding);
        assert (!second_of_two || s0 == 0);
        assert (outstanding + promises + (s0 == ONE_AND_ONE) <= PLACES);
        if (available) assert (outstanding + promises + (s0 == ONE_AND_ONE) <= PLACES - 2);
    end

    // Traces.
    always @(*) begin
        queue_is_full: cover (started && outstanding == PLACES);
        credit_comes_back: cover (started && outstanding == PLACES - 4 && beat_leaves && enters == ONE_AND_ONE);
    end
endmodule
