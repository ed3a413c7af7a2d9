// Proves the context table: for one arbitrary context, every record sees the state that the records before it left,
// in the order in which they entered, whatever the spacing, with arbitrary data on a read-write collision.
`include "generated/deltascope_abi.svh"

module context_table_proof (
    input wire        clock,
    input wire        resetn,
    input wire        valid,
    input wire [3:0]  op,
    input wire        rebase,
    input wire [`CONTEXT_BITS-1:0] context_id,
    input wire [63:0] operand
);
    wire clearing, result_valid, accumulator_zero, redundant;
    wire [63:0] state_before, delta, result_operand;
    context_table dut (.*);

    // The context that the proof is about: any one, fixed.
    (* hierconn *) wire [`CONTEXT_BITS-1:0] \dut.ram.watched_address ;
    wire [`CONTEXT_BITS-1:0] c = \dut.ram.watched_address ;
    (* hierconn *) wire [127:0] \dut.ram.watched_word , \dut.ram.array_register , \dut.ram_read_data ;
    (* hierconn *) wire \dut.clear_busy , \dut.s1_valid , \dut.s2_valid , \dut.s3_valid , \dut.s4_valid ;
    (* hierconn *) wire [`CONTEXT_BITS-1:0] \dut.clear_address , \dut.s1_context , \dut.s2_context , \dut.s3_context , \dut.s4_context ;
    (* hierconn *) wire \dut.s1_store , \dut.s1_rebase , \dut.s1_accumulate , \dut.s1_send ;
    (* hierconn *) wire \dut.s2_store , \dut.s2_rebase , \dut.s2_accumulate , \dut.s2_send , \dut.s3_send ;
    (* hierconn *) wire \dut.s2_from_s3 , \dut.s2_from_s4 , \dut.s2_from_s5 ;
    (* hierconn *) wire [63:0] \dut.s1_operand , \dut.s2_operand , \dut.s3_operand ;
    (* hierconn *) wire [127:0] \dut.s3_before , \dut.s3_after , \dut.s4_after , \dut.s5_after ;

    // {accumulator, reference}, as the memory holds them.
    function [127:0] next(input [127:0] s, input [3:0] o, input b, input [63:0] d);
        case (o)
            `OP_LOAD, `OP_SEND: next = {64'd0, d};
            `OP_ACCUM: next = {s[127:64] ^ d, s[63:0]};
            `OP_SWAP: next = {64'd0, b ? s[127:64] ^ s[63:0] : d};
            default: next = s;
        endcase
    endfunction

    // Stages that carry what entered since the first clock; hierconn wires lose their initial values.
    reg f1 = 0, f2 = 0, f3 = 0;
    always @(posedge clock) begin
        {f1, f2, f3} <= {1'b1, f1, f2};
    end
    always @(*) if (!f1) assume (!resetn);

    // Shadow of what entered, stage by stage.
    reg e1 = 0, e2 = 0, e3 = 0;
    reg [3:0] o1 = 0, o2 = 0, o3 = 0;
    reg b1 = 0, b2 = 0;
    reg [`CONTEXT_BITS-1:0] c1 = 0, c2 = 0, c3 = 0;
    reg [63:0] d1 = 0, d2 = 0, d3 = 0;
    // State of c before the record in the stage of that number; `ghost` is after every record that entered.
    reg [127:0] ghost, g1, g2, g3, g4;
    reg h5;
    wire enters = valid & ~clearing;
    wire h1 = \dut.s1_valid && \dut.s1_context == c;
    wire h2 = \dut.s2_valid && \dut.s2_context == c;
    wire h3 = \dut.s3_valid && \dut.s3_context == c;
    wire h4 = \dut.s4_valid && \dut.s4_context == c;
    always @(posedge clock) begin
        {e1, e2, e3} <= {enters, e1, e2};
        o1 <= op; o2 <= o1; o3 <= o2;
        b1 <= rebase; b2 <= b1;
        c1 <= context_id; c2 <= c1; c3 <= c2;
        d1 <= operand; d2 <= d1; d3 <= d2;
        g1 <= ghost; g2 <= g1; g3 <= g2; g4 <= g3;
        h5 <= h4;
        if (enters && context_id == c) ghost <= next(ghost, op, rebase, operand);
        if (!resetn) begin
            {e1, e2, e3, h5} <= 0;
            {ghost, g1, g2, g3, g4} <= 0;
        end
    end

    always @(*) assert ((!f2 || f1) && (!f3 || f2));
    always @(*) if (f1) begin
        // The properties.
        answers_once: assert (result_valid == e3);
        if (f3) operand_travels: assert (result_operand == d3);
        if (e3 && c3 == c) begin
            state_is_right: assert (state_before == (g3[127:64] ^ g3[63:0]));
            delta_is_right: assert (delta == (g3[127:64] ^ g3[63:0] ^ g2[127:64] ^ g2[63:0]));
            zero_is_right: assert (accumulator_zero == (g3[127:64] == 0));
            redundant_is_right: assert (redundant == (o3 == `OP_SEND && d3 == (g3[127:64] ^ g3[63:0])));
        end
        // The invariants that make them inductive.
        assert (\dut.s1_valid == e1); assert (\dut.s2_valid == e2); assert (\dut.s3_valid == e3);
        begin
            assert (\dut.s1_context == c1 && \dut.s1_operand == d1);
            assert (\dut.s1_store == (o1 == 1 || o1 == 4 || o1 == 6) && \dut.s1_accumulate == (o1 == 2));
            assert (\dut.s1_rebase == (o1 == 4 && b1) && \dut.s1_send == (o1 == 6));
        end
        if (f2) begin
            assert (\dut.s2_context == c2 && \dut.s2_operand == d2);
            assert (\dut.s2_store == (o2 == 1 || o2 == 4 || o2 == 6) && \dut.s2_accumulate == (o2 == 2));
            assert (\dut.s2_rebase == (o2 == 4 && b2) && \dut.s2_send == (o2 == 6));
        end
        if (f3) assert (\dut.s3_context == c3 && \dut.s3_operand == d3 && \dut.s3_send == (o3 == 6));
        assert ((!e1 || f1) && (!e2 || f2) && (!e3 || f3));
        if (h2) assert (\dut.s2_from_s3 == h3 && \dut.s2_from_s4 == h4 && \dut.s2_from_s5 == h5);
        assert (ghost == (h1 ? next(g1, o1, b1, d1) : g1));
        assert (g1 == (h2 ? next(g2, o2, b2, d2) : g2));
        assert (g2 == (h3 ? \dut.s3_after : g3));
        if (h3) assert (\dut.s3_before == g3);
        if (!\dut.clear_busy || c < \dut.clear_address ) assert (\dut.ram.watched_word == g3);
        if (h4) assert (\dut.s4_after == g3);
        if (!h4) assert (g4 == g3);
        if (h5) assert (\dut.s5_after == g4);
        if (h2 && !h5) assert (\dut.ram_read_data == g4);
        if (h1 && !h4) assert (\dut.ram.array_register == g3);
        if (\dut.clear_busy ) begin
            assert (!e1 && !e2 && !e3 && !\dut.s4_valid );
            assert (ghost == 0 && g1 == 0 && g2 == 0 && g3 == 0 && g4 == 0);
        end
    end

    // Traces: every distance of forwarding, on top of a state that is not zero.
    wire seen = f3 && result_valid && c3 == c && state_before != 0 && !accumulator_zero;
    always @(*) begin
        forwards_from_s3: cover (seen && h4 && !h5);
        forwards_from_s4: cover (seen && !h4 && h5);
        forwards_over_both: cover (seen && h4 && h5 && o3 == `OP_SWAP && g3 != g4);
        redundant_send: cover (f3 && redundant && c3 == c && d3 != 0);
        read_meets_write: cover (f1 && enters && h3 && context_id == c);
    end
endmodule
