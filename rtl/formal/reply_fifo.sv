// Proves the reply FIFO: the word that entered as number n leaves as number n, unchanged, once; the oldest word
// is stable while it is not taken; a full FIFO refuses a word instead of losing one.
module reply_fifo_proof (
    input wire                  clock,
    input wire                  resetn,
    input wire                  write,
    input wire [`WORD_BITS-1:0] write_data,
    input wire                  ready
);
    wire write_ready, valid;
    wire [`WORD_BITS-1:0] data;
    wire [`DEPTH_BITS:0] occupancy;
    reply_fifo dut (.*);

    (* hierconn *) wire [`DEPTH_BITS-1:0] \dut.ram.watched_address , \dut.write_pointer , \dut.read_pointer ;
    (* hierconn *) wire [`WORD_BITS-1:0] \dut.ram.watched_word ;
    (* hierconn *) wire [`DEPTH_BITS:0] \dut.words ;
    (* hierconn *) wire \dut.not_empty , \dut.full ;

    reg started = 0;
    always @(posedge clock) started <= 1;
    always @(*) if (!started) assume (!resetn);

    // Words are numbered from the last reset, modulo 2^16. The proof follows word n, whose place is watched.
    (* anyconst *) wire [15:0] n;
    always @(*) assume (\dut.ram.watched_address == n[`DEPTH_BITS-1:0]);
    reg [15:0] entered, left;
    reg [`WORD_BITS-1:0] tracked;
    reg stalled = 0;
    reg [`WORD_BITS-1:0] offered;
    always @(posedge clock) begin
        if (write && write_ready) begin
            entered <= entered + 16'd1;
            if (entered == n) tracked <= write_data;
        end
        if (valid && ready) left <= left + 16'd1;
        stalled <= valid && !ready && resetn;
        offered <= data;
        if (!resetn) {entered, left} <= 0;
    end
    wire [15:0] inside = entered - left;
    wire [15:0] ahead = n - left;

    always @(*) if (started) begin
        // The properties.
        if (valid && left == n) word_is_right: assert (data == tracked);
        if (stalled) offer_stands: assert (valid && data == offered);
        counts_words: assert (inside == {{(15 - `DEPTH_BITS){1'b0}}, occupancy});
        says_valid: assert (valid == (inside != 0));
        refuses_only_when_full: assert (write_ready == (inside != (1 << `DEPTH_BITS)));
        // The invariants that make them inductive.
        assert (inside <= (1 << `DEPTH_BITS));
        assert (\dut.write_pointer == entered[`DEPTH_BITS-1:0] && \dut.read_pointer == left[`DEPTH_BITS-1:0]);
        if (ahead < inside) assert (\dut.ram.watched_word == tracked);
    end

    // Traces.
    reg was_full = 0;
    always @(posedge clock) was_full <= resetn && (was_full || (started && inside == (1 << `DEPTH_BITS)));
    always @(*) begin
        fills_and_empties: cover (started && was_full && inside == 0);
        tracked_word_leaves_behind_a_wrap: cover (started && valid && ready && left == n && n > (1 << `DEPTH_BITS));
        enters_and_leaves_at_once: cover (started && was_full && write && write_ready && valid && ready);
    end
endmodule
