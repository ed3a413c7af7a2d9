// Proves the converter from 128 to 64 bits: beat number n leaves as its low and then its high half, once, with TLAST
// on the high half only; the mark of a beat is given in the clock after its high half was taken; the offer is held.
module axis_width_down_proof (
    input wire         clock,
    input wire         resetn,
    input wire [127:0] s_tdata,
    input wire         s_tvalid,
    input wire         s_tlast,
    input wire [1:0]   s_mark,
    input wire         m_tready
);
    wire s_tready, m_tvalid, m_tlast;
    wire [63:0] m_tdata;
    wire [1:0] taken_mark;
    axis_width_down dut (.*);

    (* hierconn *) wire \dut.front_valid , \dut.front_last , \dut.back_valid , \dut.back_last , \dut.second ;
    (* hierconn *) wire [127:0] \dut.front_data , \dut.back_data ;
    (* hierconn *) wire [1:0] \dut.front_mark , \dut.back_mark ;

    reg started = 0;
    always @(posedge clock) started <= 1;
    always @(*) if (!started) assume (!resetn);

    // Beats are numbered from the last reset, modulo 2^16. The proof follows beat n.
    (* anyconst *) wire [15:0] n;
    reg [15:0] entered, left;
    reg half, just_left, just_left_n;
    reg [127:0] tracked;
    reg tracked_last;
    reg [1:0] tracked_mark;
    reg stalled = 0;
    reg [64:0] offer;
    wire half_leaves = m_tvalid && m_tready;
    wire beat_leaves = half_leaves && half;
    always @(posedge clock) begin
        if (s_tvalid && s_tready) begin
            entered <= entered + 16'd1;
            if (entered == n) {tracked, tracked_last, tracked_mark} <= {s_tdata, s_tlast, s_mark};
        end
        if (half_leaves) half <= !half;
        if (beat_leaves) left <= left + 16'd1;
        just_left <= beat_leaves;
        just_left_n <= beat_leaves && left == n;
        stalled <= m_tvalid && !m_tready && resetn;
        offer <= {m_tlast, m_tdata};
        if (!resetn) {entered, left, half, just_left, just_left_n} <= 0;
    end
    wire [15:0] inside = entered - left, ahead = n - left;

    always @(*) if (started) begin
        // The properties.
        if (m_tvalid && left == n) half_is_right: assert (m_tdata == (half ? tracked[127:64] : tracked[63:0]));
        if (m_tvalid && left == n) last_is_right: assert (m_tlast == (tracked_last && half));
        if (just_left_n) mark_is_right: assert (taken_mark == tracked_mark);
        if (!just_left) no_mark_from_nothing: assert (taken_mark == 0);
        if (stalled) offer_stands: assert (m_tvalid && {m_tlast, m_tdata} == offer);
        nothing_is_lost: assert (inside == \dut.front_valid + \dut.back_valid );
        says_valid: assert (m_tvalid == (inside != 0));
        has_two_places: assert (s_tready == (inside != 2));
        // The invariants that make them inductive.
        assert (\dut.front_valid || !\dut.back_valid );
        assert (\dut.second == half && (\dut.front_valid || !half));
        if (inside != 0 && ahead == 0) assert ({\dut.front_data , \dut.front_last , \dut.front_mark } == {tracked, tracked_last, tracked_mark});
        if (inside == 2 && ahead == 1) assert ({\dut.back_data , \dut.back_last , \dut.back_mark } == {tracked, tracked_last, tracked_mark});
        if (just_left_n) assert (just_left);
    end

    // Traces.
    always @(*) begin
        third_beat: cover (started && m_tvalid && left == n && n == 2 && half && m_tdata != 0 && m_tlast);
        both_places_taken: cover (started && inside == 2 && stalled && half);
        mark_said: cover (started && just_left_n && taken_mark == 2'd2);
        no_clock_lost: cover (started && entered == 3 && beat_leaves && left == 2 && s_tvalid && s_tready);
    end
endmodule
