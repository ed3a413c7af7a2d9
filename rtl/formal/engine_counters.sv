// Proves the counters of the engine: each counts its own event and no other, all copies are taken in one clock,
// accepted = rejected + the sum by op, and the clock classes sum to the clocks since reset. The copies are the counts
// of one clock, so the sums hold for them too. A count has an event three clocks after it; a reply has its own record in
// the number of records and in the position, at full width, in the clock in which the record is in S3.
// Assumed of the engine: a record that is not rejected has an op of the table (record_decoder.sv), rejected and
// journals come with taken, every clock has one class, and no record is between S1 and S3 while the counters are reset;
// a record that a hard reset meets on its way is gone, and the counters' reset follows a clock later (delta_engine.sv).
`include "generated/deltascope_abi.svh"

module engine_counters_proof (
    input wire       clock,
    input wire       hard_reset,
    input wire       restart,
    input wire       latch,
    input wire       near_taken,
    input wire       near_journals,
    input wire       rejected,
    input wire [3:0] op,
    input wire       reply_beat,
    input wire       clock_moving,
    input wire       clock_starved,
    input wire       clock_blocked,
    input wire       clock_clearing,
    input wire       clock_answering
);
    wire [63:0] accepted_after, position_after;
    wire [1215:0] latched;
    // The counters' reset is a register; records on their way are in S2 and S3.
    reg resetn = 0, s2_taken = 0, s3_taken = 0, s2_journals = 0, s3_journals = 0;
    wire taken = s3_taken, journals = s3_journals;
    always @(posedge clock) begin
        resetn <= !(hard_reset || restart);
        s2_taken <= near_taken && !hard_reset;
        s3_taken <= s2_taken && !hard_reset;
        s2_journals <= near_journals && !hard_reset;
        s3_journals <= s2_journals && !hard_reset;
    end
    engine_counters dut (.*);

    reg started = 0, started_before = 0;
    always @(posedge clock) {started_before, started} <= {started, 1'b1};
    always @(*) if (!resetn) assume (!near_taken && !near_journals && !s2_taken && !s2_journals && !s3_taken && !s3_journals);
    always @(*) if (taken && !rejected) assume (op <= `OP_QUERY);
    always @(*) assume (clock_moving + clock_starved + clock_blocked + clock_clearing + clock_answering == 3'd1);

    // The counters, in the order of the registers. A count is its upper half and the lower one a clock before.
    (* hierconn *) wire \dut.take , \dut.cleared ;
    (* hierconn *) wire \dut.accepted_counter.increment , \dut.accepted_counter.counter.carry ;
    (* hierconn *) wire [31:0] \dut.accepted_counter.counter.low , \dut.accepted_counter.counter.low_held , \dut.accepted_counter.counter.high ;
    (* hierconn *) wire \dut.rejected_counter.increment , \dut.rejected_counter.counter.carry ;
    (* hierconn *) wire [31:0] \dut.rejected_counter.counter.low , \dut.rejected_counter.counter.low_held , \dut.rejected_counter.counter.high ;
    (* hierconn *) wire \dut.position_counter.increment , \dut.position_counter.counter.carry ;
    (* hierconn *) wire [31:0] \dut.position_counter.counter.low , \dut.position_counter.counter.low_held , \dut.position_counter.counter.high ;
    (* hierconn *) wire \dut.reply_beats_counter.increment , \dut.reply_beats_counter.counter.carry ;
    (* hierconn *) wire [31:0] \dut.reply_beats_counter.counter.low , \dut.reply_beats_counter.counter.low_held , \dut.reply_beats_counter.counter.high ;
    (* hierconn *) wire \dut.op_nop_counter.increment , \dut.op_nop_counter.counter.carry ;
    (* hierconn *) wire [31:0] \dut.op_nop_counter.counter.low , \dut.op_nop_counter.counter.low_held , \dut.op_nop_counter.counter.high ;
    (* hierconn *) wire \dut.op_load_counter.increment , \dut.op_load_counter.counter.carry ;
    (* hierconn *) wire [31:0] \dut.op_load_counter.counter.low , \dut.op_load_counter.counter.low_held , \dut.op_load_counter.counter.high ;
    (* hierconn *) wire \dut.op_accum_counter.increment , \dut.op_accum_counter.counter.carry ;
    (* hierconn *) wire [31:0] \dut.op_accum_counter.counter.low , \dut.op_accum_counter.counter.low_held , \dut.op_accum_counter.counter.high ;
    (* hierconn *) wire \dut.op_read_counter.increment , \dut.op_read_counter.counter.carry ;
    (* hierconn *) wire [31:0] \dut.op_read_counter.counter.low , \dut.op_read_counter.counter.low_held , \dut.op_read_counter.counter.high ;
    (* hierconn *) wire \dut.op_swap_counter.increment , \dut.op_swap_counter.counter.carry ;
    (* hierconn *) wire [31:0] \dut.op_swap_counter.counter.low , \dut.op_swap_counter.counter.low_held , \dut.op_swap_counter.counter.high ;
    (* hierconn *) wire \dut.op_pair_counter.increment , \dut.op_pair_counter.counter.carry ;
    (* hierconn *) wire [31:0] \dut.op_pair_counter.counter.low , \dut.op_pair_counter.counter.low_held , \dut.op_pair_counter.counter.high ;
    (* hierconn *) wire \dut.op_send_counter.increment , \dut.op_send_counter.counter.carry ;
    (* hierconn *) wire [31:0] \dut.op_send_counter.counter.low , \dut.op_send_counter.counter.low_held , \dut.op_send_counter.counter.high ;
    (* hierconn *) wire \dut.op_snapshot_counter.increment , \dut.op_snapshot_counter.counter.carry ;
    (* hierconn *) wire [31:0] \dut.op_snapshot_counter.counter.low , \dut.op_snapshot_counter.counter.low_held , \dut.op_snapshot_counter.counter.high ;
    (* hierconn *) wire \dut.op_sync_counter.increment , \dut.op_sync_counter.counter.carry ;
    (* hierconn *) wire [31:0] \dut.op_sync_counter.counter.low , \dut.op_sync_counter.counter.low_held , \dut.op_sync_counter.counter.high ;
    (* hierconn *) wire \dut.op_query_counter.increment , \dut.op_query_counter.counter.carry ;
    (* hierconn *) wire [31:0] \dut.op_query_counter.counter.low , \dut.op_query_counter.counter.low_held , \dut.op_query_counter.counter.high ;
    (* hierconn *) wire \dut.moving_counter.increment , \dut.moving_counter.counter.carry ;
    (* hierconn *) wire [31:0] \dut.moving_counter.counter.low , \dut.moving_counter.counter.low_held , \dut.moving_counter.counter.high ;
    (* hierconn *) wire \dut.starved_counter.increment , \dut.starved_counter.counter.carry ;
    (* hierconn *) wire [31:0] \dut.starved_counter.counter.low , \dut.starved_counter.counter.low_held , \dut.starved_counter.counter.high ;
    (* hierconn *) wire \dut.blocked_counter.increment , \dut.blocked_counter.counter.carry ;
    (* hierconn *) wire [31:0] \dut.blocked_counter.counter.low , \dut.blocked_counter.counter.low_held , \dut.blocked_counter.counter.high ;
    (* hierconn *) wire \dut.clearing_counter.increment , \dut.clearing_counter.counter.carry ;
    (* hierconn *) wire [31:0] \dut.clearing_counter.counter.low , \dut.clearing_counter.counter.low_held , \dut.clearing_counter.counter.high ;
    (* hierconn *) wire \dut.answering_counter.increment , \dut.answering_counter.counter.carry ;
    (* hierconn *) wire [31:0] \dut.answering_counter.counter.low , \dut.answering_counter.counter.low_held , \dut.answering_counter.counter.high ;
    wire [18:0] increments = {
        \dut.answering_counter.increment , \dut.clearing_counter.increment , \dut.blocked_counter.increment ,
        \dut.starved_counter.increment , \dut.moving_counter.increment , \dut.op_query_counter.increment ,
        \dut.op_sync_counter.increment , \dut.op_snapshot_counter.increment , \dut.op_send_counter.increment ,
        \dut.op_pair_counter.increment , \dut.op_swap_counter.increment , \dut.op_read_counter.increment ,
        \dut.op_accum_counter.increment , \dut.op_load_counter.increment , \dut.op_nop_counter.increment ,
        \dut.reply_beats_counter.increment , \dut.position_counter.increment , \dut.rejected_counter.increment ,
        \dut.accepted_counter.increment 
    };
    wire [18:0] carries = {
        \dut.answering_counter.counter.carry , \dut.clearing_counter.counter.carry , \dut.blocked_counter.counter.carry ,
        \dut.starved_counter.counter.carry , \dut.moving_counter.counter.carry , \dut.op_query_counter.counter.carry ,
        \dut.op_sync_counter.counter.carry , \dut.op_snapshot_counter.counter.carry , \dut.op_send_counter.counter.carry ,
        \dut.op_pair_counter.counter.carry , \dut.op_swap_counter.counter.carry , \dut.op_read_counter.counter.carry ,
        \dut.op_accum_counter.counter.carry , \dut.op_load_counter.counter.carry , \dut.op_nop_counter.counter.carry ,
        \dut.reply_beats_counter.counter.carry , \dut.position_counter.counter.carry , \dut.rejected_counter.counter.carry ,
        \dut.accepted_counter.counter.carry 
    };
    wire [607:0] lows = {
        \dut.answering_counter.counter.low , \dut.clearing_counter.counter.low , \dut.blocked_counter.counter.low ,
        \dut.starved_counter.counter.low , \dut.moving_counter.counter.low , \dut.op_query_counter.counter.low ,
        \dut.op_sync_counter.counter.low , \dut.op_snapshot_counter.counter.low , \dut.op_send_counter.counter.low ,
        \dut.op_pair_counter.counter.low , \dut.op_swap_counter.counter.low , \dut.op_read_counter.counter.low ,
        \dut.op_accum_counter.counter.low , \dut.op_load_counter.counter.low , \dut.op_nop_counter.counter.low ,
        \dut.reply_beats_counter.counter.low , \dut.position_counter.counter.low , \dut.rejected_counter.counter.low ,
        \dut.accepted_counter.counter.low 
    };
    wire [607:0] lows_held = {
        \dut.answering_counter.counter.low_held , \dut.clearing_counter.counter.low_held , \dut.blocked_counter.counter.low_held ,
        \dut.starved_counter.counter.low_held , \dut.moving_counter.counter.low_held , \dut.op_query_counter.counter.low_held ,
        \dut.op_sync_counter.counter.low_held , \dut.op_snapshot_counter.counter.low_held , \dut.op_send_counter.counter.low_held ,
        \dut.op_pair_counter.counter.low_held , \dut.op_swap_counter.counter.low_held , \dut.op_read_counter.counter.low_held ,
        \dut.op_accum_counter.counter.low_held , \dut.op_load_counter.counter.low_held , \dut.op_nop_counter.counter.low_held ,
        \dut.reply_beats_counter.counter.low_held , \dut.position_counter.counter.low_held , \dut.rejected_counter.counter.low_held ,
        \dut.accepted_counter.counter.low_held 
    };
    wire [607:0] highs = {
        \dut.answering_counter.counter.high , \dut.clearing_counter.counter.high , \dut.blocked_counter.counter.high ,
        \dut.starved_counter.counter.high , \dut.moving_counter.counter.high , \dut.op_query_counter.counter.high ,
        \dut.op_sync_counter.counter.high , \dut.op_snapshot_counter.counter.high , \dut.op_send_counter.counter.high ,
        \dut.op_pair_counter.counter.high , \dut.op_swap_counter.counter.high , \dut.op_read_counter.counter.high ,
        \dut.op_accum_counter.counter.high , \dut.op_load_counter.counter.high , \dut.op_nop_counter.counter.high ,
        \dut.reply_beats_counter.counter.high , \dut.position_counter.counter.high , \dut.rejected_counter.counter.high ,
        \dut.accepted_counter.counter.high 
    };
    wire [1215:0] counts;

    // What has to be counted: in this clock, and one to three clocks before.
    wire good = taken && !rejected;
    wire [18:0] events = {
        clock_answering, clock_clearing, clock_blocked, clock_starved, clock_moving,
        good && op == `OP_QUERY, good && op == `OP_SYNC, good && op == `OP_SNAPSHOT, good && op == `OP_SEND, good && op == `OP_PAIR,
        good && op == `OP_SWAP, good && op == `OP_READ, good && op == `OP_ACCUM, good && op == `OP_LOAD, good && op == `OP_NOP,
        reply_beat, journals, taken && rejected, taken
    };
    reg [18:0] events_1, events_2, events_3;
    // Resets one to three clocks before, and latches one and two.
    reg reset_1 = 1, reset_2 = 1, reset_3 = 1, latch_1, latch_2;
    reg [1215:0] before, copies_before;
    always @(posedge clock) begin
        {events_3, events_2, events_1} <= {events_2, events_1, events};
        {reset_3, reset_2, reset_1} <= {reset_2, reset_1, !resetn};
        {latch_2, latch_1} <= {latch_1, latch};
        before <= counts;
        copies_before <= latched;
    end
    wire [18:0] halves_right, counts_right, copies_right;
    genvar k;
    generate
        for (k = 0; k < 19; k = k + 1) begin : each
            wire [31:0] low = lows[32 * k +: 32], held = lows_held[32 * k +: 32], high = highs[32 * k +: 32];
            wire [63:0] old = before[64 * k +: 64], old_copy = copies_before[64 * k +: 64];
            assign counts[64 * k +: 64] = {high, held};
            assign halves_right[k] = reset_1 ? {high, carries[k], low} == 65'd0 : {carries[k], low} == {1'b0, held} + {32'd0, events_2[k]};
            assign counts_right[k] = reset_1 || counts[64 * k +: 64] == (reset_2 ? 64'd0 : old + {63'd0, events_3[k]});
            assign copies_right[k] = latched[64 * k +: 64] == (latch_2 || reset_2 || reset_3 ? old : old_copy);
        end
    endgenerate

    // The sums, in their low bits: running sums that count by themselves, so that each step of the proof adds one
    // counter. 0 to 10 are rejected and the ten ops, 11 to 15 the clock classes; `sum[k]` starts at the first of a kind.
    localparam W = 12;
    wire [15:0] steps = {events[18:14], events[13:4], events[1]};
    wire [15:0] steps_1 = {events_1[18:14], events_1[13:4], events_1[1]}, steps_2 = {events_2[18:14], events_2[13:4], events_2[1]};
    wire [1023:0] parts = {counts[1215:256], counts[127:64]};
    reg [16 * W - 1:0] sum;
    wire [15:0] sums_right;
    generate
        for (k = 0; k < 16; k = k + 1) begin : chain
            localparam FIRST = k < 11 ? 0 : 11;
            always @(posedge clock) sum[W * k +: W] <= reset_1 ? {W{1'b0}} : sum[W * k +: W] + {{(W - 1){1'b0}}, |steps_2[k:FIRST]};
            if (k == FIRST) begin : one
                assign sums_right[k] = sum[W * k +: W] == parts[64 * k +: W];
            end else begin : more
                assign sums_right[k] = sum[W * k +: W] == sum[W * k - W +: W] + parts[64 * k +: W];
            end
        end
    endgenerate
    // At full width the sums follow from this: every counter moves by its event, and of the events of a record, and of
    // a clock, there is exactly one.
    function [3:0] ones(input [10:0] bits);
        ones = bits[0] + bits[1] + bits[2] + bits[3] + bits[4] + bits[5] + bits[6] + bits[7] + bits[8] + bits[9] + bits[10];
    endfunction
    reg [W - 1:0] clocks;
    always @(posedge clock) clocks <= reset_1 ? {W{1'b0}} : clocks + {{(W - 1){1'b0}}, 1'b1};

    // Records and positions that were in S3 since the reset, before this clock.
    (* hierconn *) wire \dut.records.carry , \dut.position.carry ;
    (* hierconn *) wire [31:0] \dut.records.low , \dut.records.low_held , \dut.records.high ;
    (* hierconn *) wire [31:0] \dut.position.low , \dut.position.low_held , \dut.position.high ;
    reg [63:0] records_seen, positions_seen;
    always @(posedge clock) begin
        records_seen <= resetn ? records_seen + {63'd0, taken} : 64'd0;
        positions_seen <= resetn ? positions_seen + {63'd0, journals} : 64'd0;
    end

    always @(*) if (started) begin
        // The properties. In the clock after a reset a count has no meaning, and no record is in S3.
        each_counts_its_event: assert (&counts_right);
        if (started_before) all_are_copied_in_one_clock: assert (&copies_right);
        one_event_of_a_record: assert (ones(steps[10:0]) == {3'd0, taken});
        if (!reset_1) accepted_is_the_sum: assert (counts[W - 1:0] == sum[10 * W +: W]);
        if (!reset_1) classes_sum_to_the_clocks: assert (clocks == sum[15 * W +: W]);
        if (taken) says_accepted_with_this_record: assert (accepted_after == records_seen + 64'd1);
        if (resetn && !reset_1) says_the_number_of_records: assert (accepted_after == records_seen + {63'd0, taken});
        if (resetn && !reset_1) says_position_with_this_record: assert (position_after == positions_seen + {63'd0, journals});
        if (started_before && reset_3 && !reset_2 && !reset_1) copies_are_cleared: assert (latched == 1216'd0);

        // The invariants: what waits between an event and its count, and the sums are sums.
        assert (increments == events_1 && &halves_right && \dut.cleared == reset_1 && \dut.take == (latch_1 || reset_1 || reset_2));
        assert (reset_1 || &sums_right);
        assert (ones(steps_1[10:0]) == {3'd0, events_1[0]} && ones({6'd0, steps_1[15:11]}) == 4'd1);
        if (started_before) assert (ones(steps_2[10:0]) == {3'd0, events_2[0]} && ones({6'd0, steps_2[15:11]}) == 4'd1);
        if (reset_1) assert (!s2_taken && !s2_journals && !s3_taken && !s3_journals);
        if (reset_1) assert (records_seen == 64'd0 && positions_seen == 64'd0);
        if (reset_1) assert ({\dut.records.high , \dut.records.carry , \dut.records.low } == 65'd0);
        if (reset_1) assert ({\dut.position.high , \dut.position.carry , \dut.position.low } == 65'd0);
        if (resetn && !reset_1) assert ({\dut.records.carry , \dut.records.low } == {1'b0, \dut.records.low_held } + {32'd0, s2_taken});
        if (resetn && !reset_1) assert ({\dut.position.carry , \dut.position.low } == {1'b0, \dut.position.low_held } + {32'd0, s2_journals});
    end

    // Before the first clock, as after a reset.
    always @(*) if (!started) assert (!started_before && !resetn && reset_1 && reset_2 && reset_3 && !s2_taken && !s2_journals && !s3_taken && !s3_journals);

    always @(*) if (!started_before) assert (reset_1 && reset_2 && reset_3);

    // Traces, of copies that a reset has cleared before.
    reg cleared_once = 0;
    always @(posedge clock) cleared_once <= cleared_once || (started_before && reset_3 && !reset_2 && !reset_1);
    always @(*) begin
        mixed: cover (cleared_once && latched[63:0] == 3 && latched[127:64] == 1 && latched[319:256] == 1 && latched[895:832] == 1);
        latch_of_a_moving_set: cover (cleared_once && latch_2 && events_3[0] && latched[63:0] == 2 && latched[959:896] == 2 && latched[1087:1024] == 1);
    end
endmodule
