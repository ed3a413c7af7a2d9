// Proves the converter from 64 to 128 bits: the record that its halves make up as number n leaves as number n, once;
// a half that ends its batch alone, or a half with missing bytes, makes a record of op 15; the offer is held.
module axis_width_up_proof (
    input wire        clock,
    input wire        resetn,
    input wire [63:0] s_tdata,
    input wire [7:0]  s_tkeep,
    input wire        s_tvalid,
    input wire        s_tlast,
    input wire        m_tready
);
    wire s_tready, m_tvalid, m_tlast, fragment;
    wire [127:0] m_tdata;
    axis_width_up dut (.*);

    (* hierconn *) wire \dut.low_held , \dut.low_whole , \dut.low_last , \dut.out_valid , \dut.out_last , \dut.out_fragment ;
    (* hierconn *) wire [63:0] \dut.low_data ;
    (* hierconn *) wire [127:0] \dut.out_data ;

    reg started = 0;
    always @(posedge clock) started <= 1;
    always @(*) if (!started) assume (!resetn);

    // What the halves at the input make up: a half waits for its other half unless it ends its batch.
    wire take = s_tvalid && s_tready;
    reg half_waits;
    reg [63:0] half;
    reg half_whole;
    wire whole = s_tkeep == 8'hff;
    wire completes = take && (half_waits || s_tlast);
    wire [63:0] low = half_waits ? half : s_tdata;
    wire made_whole = half_waits && half_whole && whole;
    wire [127:0] made = made_whole ? {s_tdata, half} : {64'd0, low[63:4], 4'd15};

    // Records are numbered from the last reset, modulo 2^16. The proof follows record n.
    (* anyconst *) wire [15:0] n;
    reg [15:0] entered, left, broken, said_broken;
    reg [128:0] tracked;
    reg stalled = 0;
    reg [128:0] offer;
    always @(posedge clock) begin
        if (take) begin
            half_waits <= !half_waits && !s_tlast;
            half <= s_tdata;
            half_whole <= whole;
        end
        if (completes) begin
            entered <= entered + 16'd1;
            if (!made_whole) broken <= broken + 16'd1;
            if (entered == n) tracked <= {s_tlast, made};
        end
        if (m_tvalid && m_tready) left <= left + 16'd1;
        if (fragment) said_broken <= said_broken + 16'd1;
        stalled <= m_tvalid && !m_tready && resetn;
        offer <= {m_tlast, m_tdata};
        if (!resetn) {half_waits, entered, left, broken, said_broken} <= 0;
    end
    // A lone half that has not reached the output register.
    wire lone = \dut.low_held && \dut.low_last ;
    wire [15:0] inside = entered - left;

    always @(*) if (started) begin
        // The properties.
        if (m_tvalid && left == n) record_is_right: assert ({m_tlast, m_tdata} == tracked);
        if (m_tvalid) no_record_from_nothing: assert (inside != 0);
        if (stalled) offer_stands: assert (m_tvalid && {m_tlast, m_tdata} == offer);
        nothing_is_lost: assert (inside == m_tvalid + lone);
        says_every_fragment_once: assert (broken - said_broken == fragment + lone);
        // The invariants that make them inductive.
        assert (half_waits == (\dut.low_held && !\dut.low_last ));
        if (half_waits) assert (\dut.low_data == half && \dut.low_whole == half_whole);
        if (lone && n - left == {15'd0, m_tvalid}) assert (tracked == {1'b1, 64'd0, \dut.low_data [63:4], 4'd15});
    end

    // Traces.
    always @(*) begin
        whole_record: cover (started && m_tvalid && left == n && n == 1 && m_tdata[127:64] != 0 && m_tdata[3:0] == 1);
        lone_half: cover (started && m_tvalid && m_tlast && m_tdata[3:0] == 4'd15 && lone);
        missing_bytes: cover (started && fragment && !m_tlast);
        back_to_back: cover (started && take && half_waits && left == 1 && entered == 1);
    end
endmodule
