// Proves the group counters: for one arbitrary row, every read answers the sums of the adds that entered before it,
// at full width, whatever the spacing, with arbitrary data on a read-write collision.
module group_counters_proof (
    input wire        clock,
    input wire        resetn,
    input wire        add,
    input wire        read,
    input wire [`ROW_BITS-1:0] row_id,
    input wire        redundant,
    input wire [23:0] length
);
    wire clearing, result_valid;
    wire [223:0] result;
    group_counters dut (.*);

    // The row that the proof is about: any one, fixed.
    (* hierconn *) wire [`ROW_BITS-1:0] \dut.ram.watched_address ;
    wire [`ROW_BITS-1:0] c = \dut.ram.watched_address ;
    (* hierconn *) wire [223:0] \dut.ram.watched_word , \dut.ram.array_register , \dut.ram_read_data ;
    (* hierconn *) wire \dut.clear_busy , \dut.s1_valid , \dut.s2_valid , \dut.s3_valid , \dut.s4_valid ;
    (* hierconn *) wire [`ROW_BITS-1:0] \dut.clear_address , \dut.s1_row , \dut.s2_row , \dut.s3_row , \dut.s4_row ;
    (* hierconn *) wire \dut.s1_read , \dut.s2_read , \dut.s3_read , \dut.s1_add , \dut.s1_add_redundant ;
    (* hierconn *) wire \dut.s2_event , \dut.s2_redundant_event ;
    (* hierconn *) wire [23:0] \dut.s1_length , \dut.s2_length , \dut.s2_redundant_length ;
    (* hierconn *) wire \dut.s2_from_s3 , \dut.s2_from_s4 , \dut.s2_from_s5 ;
    (* hierconn *) wire [223:0] \dut.current , \dut.modified , \dut.s3_after , \dut.s4_after , \dut.s5_after ;

    // events 47:0, bytes 111:48, redundant events 159:112, redundant bytes 223:160.
    function [223:0] next(input [223:0] s, input a, input r, input [23:0] l);
        next = !a ? s : {
            s[223:160] + (r ? {40'd0, l} : 64'd0),
            s[159:112] + {47'd0, r},
            s[111:48] + {40'd0, l},
            s[47:0] + 48'd1
        };
    endfunction

    reg f1 = 0, f2 = 0, f3 = 0;
    always @(posedge clock) {f1, f2, f3} <= {1'b1, f1, f2};
    always @(*) if (!f1) assume (!resetn);

    // Shadow of what entered.
    reg e1 = 0, e2 = 0, e3 = 0;
    reg a1 = 0, a2 = 0, r1 = 0, r2 = 0, q1 = 0, q2 = 0, q3 = 0;
    reg [`ROW_BITS-1:0] c1 = 0, c2 = 0, c3 = 0;
    reg [23:0] l1 = 0, l2 = 0;
    // g2: row c after everything older than S2. It takes the block's own sum; `sum_is_right` says that the sum is right.
    reg [223:0] g2, g3, g4;
    reg h5;
    // The events of the row have passed 2^48.
    reg wrapped;
    wire enters = (add | read) & ~clearing;
    wire h1 = \dut.s1_valid && \dut.s1_row == c;
    wire h2 = \dut.s2_valid && \dut.s2_row == c;
    wire h3 = \dut.s3_valid && \dut.s3_row == c;
    wire h4 = \dut.s4_valid && \dut.s4_row == c;
    always @(posedge clock) begin
        {e1, e2, e3} <= {enters, e1, e2};
        {a1, a2} <= {add, a1};
        {r1, r2} <= {redundant, r1};
        {q1, q2, q3} <= {read, q1, q2};
        c1 <= row_id; c2 <= c1; c3 <= c2;
        l1 <= length; l2 <= l1;
        g3 <= g2; g4 <= g3;
        h5 <= h4;
        if (h2) g2 <= \dut.modified ;
        if (h2 && a2 && &\dut.current [47:0]) wrapped <= 1;
        if (!resetn) begin
            wrapped <= 0;
            {e1, e2, e3, h5} <= 0;
            {g2, g3, g4} <= 0;
        end
    end

    always @(*) assert ((!f2 || f1) && (!f3 || f2));
    always @(*) if (f1) begin
        // The properties.
        answers_once: assert (result_valid == (e3 && q3));
        if (e3 && q3 && c3 == c) row_is_right: assert (result == g2);
        if (!wrapped) redundant_is_at_most_events: assert (g2[159:112] <= g2[47:0]);
        if (e2) sum_is_right: assert (\dut.modified == next(\dut.current , a2, r2, l2));
        if (h2) forwards_the_youngest: assert (\dut.current == g2);
        // The invariants that make them inductive.
        assert (\dut.s1_valid == e1 && \dut.s2_valid == e2 && \dut.s3_valid == e3);
        assert ((!e1 || f1) && (!e2 || f2) && (!e3 || f3));
        if (e1) assert (\dut.s1_row == c1 && \dut.s1_length == l1 && \dut.s1_add == a1);
        if (e1) assert (\dut.s1_add_redundant == (a1 && r1) && \dut.s1_read == q1);
        if (e2) assert (\dut.s2_row == c2 && \dut.s2_event == a2 && \dut.s2_redundant_event == (a2 && r2));
        if (e2) assert (\dut.s2_length == (a2 ? l2 : 24'd0) && \dut.s2_redundant_length == (a2 && r2 ? l2 : 24'd0));
        if (e2) assert (\dut.s2_read == q2);
        if (e3) assert (\dut.s3_row == c3 && \dut.s3_read == q3);
        if (h2) assert (\dut.s2_from_s3 == h3 && \dut.s2_from_s4 == h4 && \dut.s2_from_s5 == h5);
        assert (g2 == (h3 ? \dut.s3_after : g3));
        if (!\dut.clear_busy || c < \dut.clear_address ) assert (\dut.ram.watched_word == g3);
        if (h4) assert (\dut.s4_after == g3);
        if (!h4) assert (g4 == g3);
        if (h5) assert (\dut.s5_after == g4);
        if (h2 && !h5) assert (\dut.ram_read_data == g4);
        if (h1 && !h4) assert (\dut.ram.array_register == g3);
        if (\dut.clear_busy ) begin
            assert (!e1 && !e2 && !e3 && !\dut.s4_valid );
            assert (g2 == 0 && g3 == 0 && g4 == 0);
        end
    end

    // Traces: a row read back to back with adds, and after a read that met a write.
    always @(*) begin
        counts_redundant: cover (f3 && result_valid && c3 == c && result[175:160] == 16'd5 && result[63:48] == 16'd12);
        reads_behind_two_adds: cover (f3 && result_valid && c3 == c && h4 && h5 && result[47:0] == 48'd3);
        read_meets_write: cover (f1 && enters && read && h3 && row_id == c && \dut.s3_after != 0);
    end
endmodule
