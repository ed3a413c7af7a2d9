// Proves the writer of reply beats: a result makes one beat a clock later, a counter row makes two, in the layout of
// the ABI, each once; the marks for the end of a batch and of a snapshot are on their beats and on no other.
// Assumed of the engine (delta_engine.sv): a reply never meets a row's beats, and rows come every second clock.
`include "generated/deltascope_abi.svh"

module reply_writer_proof (
    input wire         clock,
    input wire         resetn,
    input wire         replies,
    input wire         ends_batch,
    input wire [3:0]   op,
    input wire [1:0]   class_id,
    input wire [15:0]  group_id,
    input wire [15:0]  context_id,
    input wire         touched_context,
    input wire         accumulator_zero,
    input wire [63:0]  state_before,
    input wire [63:0]  operand,
    input wire [63:0]  journal_answer,
    input wire         journal_too_old,
    input wire [63:0]  accepted_after,
    input wire [63:0]  position_after,
    input wire         last_row,
    input wire         row_valid,
    input wire [223:0] row
);
    wire write;
    wire [129:0] queued;
    reply_writer dut (.*);

    reg f1 = 0, f2 = 0, f3 = 0, f4 = 0;
    always @(posedge clock) {f1, f2, f3, f4} <= {1'b1, f1, f2, f3};
    always @(*) if (!f1) assume (!resetn);

    (* hierconn *) wire \dut.reply_valid , \dut.reply_ends_batch , \dut.second_half_valid , \dut.second_half_ends_snapshot ;
    (* hierconn *) wire \dut.s4_last_row , \dut.s5_last_row , \dut.s6_last_row ;
    (* hierconn *) wire [127:0] \dut.reply , \dut.second_half ;

    // The beat that a result makes.
    wire [63:0] value = ends_batch || op == `OP_SNAPSHOT ? accepted_after : op == `OP_SYNC ? operand : op == `OP_QUERY ? journal_answer : state_before;
    wire [127:0] beat = ends_batch ? {value, position_after[23:0], 40'd0} : {
        value, position_after[23:0], context_id, group_id, class_id, op == `OP_QUERY && journal_too_old, touched_context && accumulator_zero, op
    };

    reg reply_due, second_due;
    reg reply_ends_batch;
    reg [127:0] reply;
    reg [111:0] redundant_half;
    reg last_1, last_2, last_3, last_4;
    always @(posedge clock) begin
        reply_due <= (replies || ends_batch) && resetn;
        second_due <= row_valid && resetn;
        reply_ends_batch <= ends_batch;
        reply <= beat;
        redundant_half <= row[223:112];
        {last_1, last_2, last_3, last_4} <= {last_row, last_1, last_2, last_3};
    end
    always @(*) if (f1) assume (reply_due + row_valid + second_due <= 2'd1);

    always @(*) assert ((!f2 || f1) && (!f3 || f2) && (!f4 || f3));
    always @(*) if (f1) begin
        // The properties.
        writes_each_beat_once: assert (write == (reply_due || row_valid || second_due));
        if (reply_due) reply_is_right: assert (queued == {1'b0, reply_ends_batch, reply});
        if (row_valid) first_half_is_right: assert (queued == {2'b00, row[111:48], 16'd0, row[47:0]});
        if (second_due && f4) second_half_is_right:
            assert (queued == {last_4, 1'b0, redundant_half[111:48], 16'd0, redundant_half[47:0]});
        // The invariants that make them inductive.
        assert (\dut.reply_valid == reply_due && \dut.reply_ends_batch == reply_ends_batch && \dut.reply == reply);
        assert (\dut.second_half_valid == second_due);
        assert (\dut.second_half == {redundant_half[111:48], 16'd0, redundant_half[47:0]});
        assert (\dut.s4_last_row == last_1);
        if (f2) assert (\dut.s5_last_row == last_2);
        if (f3) assert (\dut.s6_last_row == last_3);
        if (f4) assert (\dut.second_half_ends_snapshot == last_4);
    end

    // Traces.
    always @(*) begin
        state_is_answered: cover (f4 && write && queued[`REPLY_OP] == `OP_READ && queued[`REPLY_ZERO] && queued[`REPLY_VALUE] == 64'd77);
        query_is_answered: cover (f4 && write && queued[`REPLY_OP] == `OP_QUERY && !queued[`REPLY_TOO_OLD] && queued[`REPLY_VALUE] == 64'd6);
        batch_ends: cover (f4 && write && queued[128] && queued[`REPLY_VALUE] == 64'd5);
        snapshot_ends: cover (f4 && write && queued[129] && queued[47:0] == 48'd9);
    end
endmodule
