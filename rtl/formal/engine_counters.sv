// Proves the counters of the engine: each counts its own event and no other, all copies are taken in one clock,
// accepted = rejected + the sum by op, and the clock classes sum to the clocks since reset. The copies are the live
// counters of one clock, so the sums hold for them too.
// Assumed of the engine: a record that is not rejected has an op of the table (record_decoder.sv), rejected and
// journals come with taken, and every clock has one class (delta_engine.sv).
`include "generated/deltascope_abi.svh"

module engine_counters_proof (
    input wire       clock,
    input wire       resetn,
    input wire       latch,
    input wire       taken,
    input wire       rejected,
    input wire [3:0] op,
    input wire       journals,
    input wire       reply_beat,
    input wire       clock_moving,
    input wire       clock_starved,
    input wire       clock_blocked,
    input wire       clock_clearing,
    input wire       clock_answering
);
    wire [63:0] accepted_after, position_after;
    wire [1215:0] latched;
    engine_counters dut (.*);

    reg started = 0;
    always @(posedge clock) started <= 1;
    always @(*) if (!started) assume (!resetn);
    always @(*) if (taken && !rejected) assume (op <= `OP_QUERY);
    always @(*) assume (clock_moving + clock_starved + clock_blocked + clock_clearing + clock_answering == 3'd1);

    // The live counters and their copies, in the order of the registers.
    (* hierconn *) wire [63:0] \dut.accepted_counter.count , \dut.accepted_counter.copy ;
    (* hierconn *) wire [63:0] \dut.rejected_counter.count , \dut.rejected_counter.copy ;
    (* hierconn *) wire [63:0] \dut.position_counter.count , \dut.position_counter.copy ;
    (* hierconn *) wire [63:0] \dut.reply_beats_counter.count , \dut.reply_beats_counter.copy ;
    (* hierconn *) wire [63:0] \dut.op_nop_counter.count , \dut.op_nop_counter.copy ;
    (* hierconn *) wire [63:0] \dut.op_load_counter.count , \dut.op_load_counter.copy ;
    (* hierconn *) wire [63:0] \dut.op_accum_counter.count , \dut.op_accum_counter.copy ;
    (* hierconn *) wire [63:0] \dut.op_read_counter.count , \dut.op_read_counter.copy ;
    (* hierconn *) wire [63:0] \dut.op_swap_counter.count , \dut.op_swap_counter.copy ;
    (* hierconn *) wire [63:0] \dut.op_pair_counter.count , \dut.op_pair_counter.copy ;
    (* hierconn *) wire [63:0] \dut.op_send_counter.count , \dut.op_send_counter.copy ;
    (* hierconn *) wire [63:0] \dut.op_snapshot_counter.count , \dut.op_snapshot_counter.copy ;
    (* hierconn *) wire [63:0] \dut.op_sync_counter.count , \dut.op_sync_counter.copy ;
    (* hierconn *) wire [63:0] \dut.op_query_counter.count , \dut.op_query_counter.copy ;
    (* hierconn *) wire [63:0] \dut.moving_counter.count , \dut.moving_counter.copy ;
    (* hierconn *) wire [63:0] \dut.starved_counter.count , \dut.starved_counter.copy ;
    (* hierconn *) wire [63:0] \dut.blocked_counter.count , \dut.blocked_counter.copy ;
    (* hierconn *) wire [63:0] \dut.clearing_counter.count , \dut.clearing_counter.copy ;
    (* hierconn *) wire [63:0] \dut.answering_counter.count , \dut.answering_counter.copy ;
    wire [1215:0] counts = {
        \dut.answering_counter.count , \dut.clearing_counter.count , \dut.blocked_counter.count , \dut.starved_counter.count ,
        \dut.moving_counter.count , \dut.op_query_counter.count , \dut.op_sync_counter.count , \dut.op_snapshot_counter.count ,
        \dut.op_send_counter.count , \dut.op_pair_counter.count , \dut.op_swap_counter.count , \dut.op_read_counter.count ,
        \dut.op_accum_counter.count , \dut.op_load_counter.count , \dut.op_nop_counter.count , \dut.reply_beats_counter.count ,
        \dut.position_counter.count , \dut.rejected_counter.count , \dut.accepted_counter.count 
    };

    // What has to be counted in this clock.
    wire good = taken && !rejected;
    wire [18:0] events = {
        clock_answering, clock_clearing, clock_blocked, clock_starved, clock_moving,
        good && op == `OP_QUERY, good && op == `OP_SYNC, good && op == `OP_SNAPSHOT, good && op == `OP_SEND, good && op == `OP_PAIR,
        good && op == `OP_SWAP, good && op == `OP_READ, good && op == `OP_ACCUM, good && op == `OP_LOAD, good && op == `OP_NOP,
        reply_beat, journals, taken && rejected, taken
    };

    reg [1215:0] before, copies_before;
    reg was_reset, was_latch;
    reg [18:0] happened;
    always @(posedge clock) begin
        before <= counts;
        copies_before <= latched;
        happened <= events;
        was_reset <= !resetn;
        was_latch <= latch;
    end
    wire [18:0] counts_right, copies_right;
    genvar k;
    generate
        for (k = 0; k < 19; k = k + 1) begin : each
            wire [63:0] old = before[64 * k +: 64], old_copy = copies_before[64 * k +: 64];
            assign counts_right[k] = counts[64 * k +: 64] == (was_reset ? 64'd0 : old + {63'd0, happened[k]});
            assign copies_right[k] = latched[64 * k +: 64] == (was_reset ? 64'd0 : was_latch ? old : old_copy);
        end
    endgenerate

    // The sums, in their low bits: running sums that count by themselves, so that each step of the proof adds one
    // counter. 0 to 10 are rejected and the ten ops, 11 to 15 the clock classes; `sum[k]` starts at the first of a kind.
    localparam W = 12;
    wire [15:0] steps = {events[18:14], events[13:4], events[1]};
    wire [1023:0] parts = {counts[1215:256], counts[127:64]};
    reg [16 * W - 1:0] sum;
    wire [15:0] sums_right;
    generate
        for (k = 0; k < 16; k = k + 1) begin : chain
            localparam FIRST = k < 11 ? 0 : 11;
            always @(posedge clock) sum[W * k +: W] <= resetn ? sum[W * k +: W] + {{(W - 1){1'b0}}, |steps[k:FIRST]} : {W{1'b0}};
            if (k == FIRST) begin : one
                assign sums_right[k] = sum[W * k +: W] == parts[64 * k +: W];
            end else begin : more
                assign sums_right[k] = sum[W * k +: W] == sum[W * k - W +: W] + parts[64 * k +: W];
            end
        end
    endgenerate
    // At full width the sums follow from this: every counter moves by its event, and of the events of a record, and of
    // a clock, there is exactly one.
    wire [3:0] record_events = steps[0] + steps[1] + steps[2] + steps[3] + steps[4] + steps[5] + steps[6] + steps[7]
        + steps[8] + steps[9] + steps[10];
    reg [W - 1:0] clocks;
    always @(posedge clock) clocks <= resetn ? clocks + {{(W - 1){1'b0}}, 1'b1} : {W{1'b0}};

    always @(*) if (started) begin
        // The properties.
        each_counts_its_event: assert (&counts_right);
        all_are_copied_in_one_clock: assert (&copies_right);
        one_event_of_a_record: assert (record_events == {3'd0, taken});
        accepted_is_the_sum: assert (counts[W - 1:0] == sum[10 * W +: W]);
        classes_sum_to_the_clocks: assert (clocks == sum[15 * W +: W]);
        says_accepted_with_this_record: assert (accepted_after == counts[63:0] + {63'd0, taken});
        says_position_with_this_record: assert (position_after == counts[191:128] + {63'd0, journals});
    end

    // The invariants: the sums are sums.
    always @(*) if (started) assert (&sums_right);

    // Traces.
    always @(*) begin
        mixed: cover (started && latched[63:0] == 3 && latched[127:64] == 1 && latched[319:256] == 1 && latched[895:832] == 1);
        latch_of_a_moving_set: cover (started && was_latch && taken && latched[63:0] == 2 && latched[959:896] == 2 && latched[1087:1024] == 1);
    end
endmodule
