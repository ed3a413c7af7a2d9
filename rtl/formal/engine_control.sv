// Proves what decides about the input: it is closed while tables are cleared, from a SNAPSHOT until its last row has
// settled (exactly four clocks after its read, one more for each clock in which its end of batch waits for room), from a
// QUERY until the slot of its answer is sent (once, when the journal says that it is near, and with room), and
// from a soft reset until the drain and the clear are over. A drain lasts at least 16 clocks after the last slot,
// closes an open packet with one end of batch, restarts once, and only when every reply is gone.
// Assumed of the engine (delta_engine.sv): a SNAPSHOT or a QUERY starts only in the clock after one that accepted and in
// which none started, and not both; the last row is read only while rows are read; an answer is near only in a QUERY.
module engine_control_proof (
    input wire clock,
    input wire resetn,
    input wire soft_reset,
    input wire tables_clearing,
    input wire snapshot_starts,
    input wire snapshot_ends_batch,
    input wire last_row_read,
    input wire query_starts,
    input wire answer_near,
    input wire room,
    input wire replies_gone,
    input wire packet_open
);
    wire accepts, sends_batch_end, sends_answer, restart, clearing, draining, answering;
    engine_control dut (.*);

    (* hierconn *) wire [2:0] \dut.state ;
    (* hierconn *) wire [3:0] \dut.waited ;
    (* hierconn *) wire \dut.reset_pending , \dut.batch_end_due , \dut.answer_due ;

    reg started = 0;
    always @(posedge clock) started <= 1;
    always @(*) if (!started) assume (!resetn);

    // What has been seen at the ports since the last reset or restart.
    reg clears;         // tables are being cleared
    reg pending;        // a soft reset is to be done
    reg reads;          // a SNAPSHOT has started, its last row is not yet read
    reg settles;        // its last row is read
    reg owes;           // its batch end is still to be sent
    reg asks;           // a QUERY has started, its answer is not yet sent
    reg near;           // its answer is near or there
    reg [2:0] settled;  // clocks since the last row, up to 4
    reg [4:0] quiet;    // clocks since the drain began or sent its batch end, up to 16
    reg drains;
    reg may_start;      // the clock before accepted a record that can be a SNAPSHOT
    wire idle = !clears && !reads && !settles && !drains && !asks;
    wire answers = asks && (near || answer_near) && room;
    wire settle_ends = settles && settled == 3 && (!owes || room);
    always @(posedge clock) begin
        may_start <= accepts && !snapshot_starts && !query_starts;
        if (soft_reset) pending <= 1;
        if (clears && !tables_clearing) clears <= 0;
        if (snapshot_starts) {reads, owes} <= {1'b1, snapshot_ends_batch};
        if (reads && last_row_read) {reads, settles, settled} <= {2'b01, 3'd0};
        if (settles && settled != 3) settled <= settled + 3'd1;
        if (settle_ends) {settles, owes} <= 0;
        if (query_starts) {asks, near} <= 2'b10;
        if (asks && answer_near) near <= 1;
        if (answers) {asks, near} <= 0;
        if (idle && pending && !snapshot_starts && !query_starts) {drains, quiet} <= {1'b1, 5'd0};
        if (drains && quiet != 15) quiet <= quiet + 5'd1;
        if (drains && sends_batch_end) quiet <= 0;
        if (restart) {drains, clears, pending} <= {2'b01, soft_reset};
        if (!resetn) {clears, pending, reads, settles, owes, settled, drains, quiet, may_start, asks, near} <= {1'b1, 16'd0};
    end
    always @(*) if (started) begin
        assume ((!snapshot_starts && !query_starts) || (may_start && !(snapshot_starts && query_starts)));
        assume (!answer_near || asks);
        assume (!last_row_read || reads);
    end

    always @(*) if (started) begin
        // The properties.
        accepts_exactly_when_idle: assert (accepts == (idle && !pending));
        says_clearing: assert (clearing == clears);
        says_answering: assert (answering == (reads || settles || asks));
        answers_once_with_room: assert (sends_answer == answers);
        says_draining: assert (draining == pending);
        batch_end_of_a_snapshot_once_with_room: assert (sends_batch_end == (
            (settle_ends && owes) || (drains && quiet == 15 && replies_gone && packet_open)));
        restarts_when_all_is_gone: assert (restart == (drains && quiet == 15 && replies_gone && !packet_open));
        // The invariants that make them inductive.
        assert (clears + reads + settles + drains + asks <= 3'd1);
        assert (\dut.state == (clears ? 3'd0 : reads ? 3'd2 : settles ? 3'd3 : asks ? 3'd4 : drains ? 3'd5 : 3'd1));
        assert (\dut.answer_due == near && (!near || asks));
        assert (\dut.reset_pending == pending);
        assert (!owes || reads || settles);
        if (reads || settles) assert (\dut.batch_end_due == owes);
        if (reads) assert (\dut.waited == 0);
        if (settles) assert (\dut.waited == settled && settled <= 3);
        if (drains) assert (\dut.waited == quiet && quiet <= 15);
        if (may_start) assert (idle);
    end

    // Traces.
    reg had_snapshot = 0, sent_in_drain = 0, had_wait = 0, had_answer = 0;
    always @(posedge clock) begin
        had_snapshot <= resetn && (had_snapshot || (settle_ends && owes));
        had_wait <= resetn && asks && near && !room;
        had_answer <= resetn && (had_answer || (answers && had_wait));
        sent_in_drain <= resetn && (sent_in_drain || (drains && sends_batch_end));
    end
    always @(*) begin
        snapshot_with_batch_end: cover (started && had_snapshot && accepts);
        answer_that_waited: cover (started && had_answer && accepts);
        reset_in_a_snapshot: cover (started && had_snapshot && drains && quiet == 3);
        drain_closes_the_packet: cover (started && sent_in_drain && restart);
        reset_while_clearing: cover (started && clears && pending && !tables_clearing);
    end
endmodule
