// Proves what holds the engine together, at the committed size: no reply ever meets a full queue, because places are
// promised before a slot enters (credit); replies and counter rows never meet at the queue's port; every record that
// replies writes one beat, every TLAST one end of batch; the streams' rules; one class for every clock; a SNAPSHOT
// holds the input for 2 x rows + 5 clocks, and a QUERY for 2^DEPTH_BITS + 14, when the sink takes every beat; tables,
// journal and counters, whose reset comes a clock later, meet no slot in their reset; what
// journal.sv assumes: no note and no second query from a query to its answer; what snapshot_reader.sv assumes: a walk
// starts on a range, whose rows are of the table. The slot that reads a row has the reader's group and class.
// The data path is proved block by block; here the contents of tables and journal play no part, so no size is reduced.
// The banks of the journal answer anything.
`include "generated/deltascope_abi.svh"

module delta_engine_proof (
    input wire         clock,
    input wire         resetn,
    input wire [127:0] s_tdata,
    input wire         s_tvalid,
    input wire         s_tlast,
    input wire         m_tready,
    input wire         soft_reset,
    input wire         latch,
    input wire         sink_idle
);
    wire s_tready, m_tvalid, m_tlast, clearing, draining, answering, record_rejected;
    wire [127:0] m_tdata;
    wire [1:0] m_mark;
    wire [1215:0] latched;
    delta_engine dut (.*);

    localparam [15:0] PLACES = 16'd1 << `QUEUE_BITS;
    localparam [2:0] CLEARING = 0, RUNNING = 1, READING = 2, SETTLING = 3, QUERYING = 4, DRAINING = 5;
    localparam [11:0] ROWS = 12'd1 << `DEPTH_BITS;
    localparam [3:0] QUERY = `OP_QUERY;
    localparam [16:0] GROUPS = 17'd1 << `GROUP_BITS;
    // Slots, stage by stage.
    (* hierconn *) wire \dut.s0_taken , \dut.s0_replies , \dut.s0_ends_batch , \dut.s0_reads_row , \dut.s0_adds ;
    (* hierconn *) wire \dut.s0_starts_snapshot , \dut.s0_snapshot_ends_batch , \dut.s0_batch_end_follows ;
    (* hierconn *) wire \dut.slots.s1_taken , \dut.slots.s1_replies , \dut.slots.s1_ends_batch , \dut.slots.s1_reads_row , \dut.slots.s1_adds ;
    (* hierconn *) wire \dut.groups.s1_valid , \dut.groups.s1_read ;
    (* hierconn *) wire \dut.slots.s2_taken , \dut.slots.s2_replies , \dut.slots.s2_ends_batch , \dut.slots.s2_reads_row , \dut.slots.s2_adds ;
    (* hierconn *) wire \dut.groups.s2_valid , \dut.groups.s2_read ;
    (* hierconn *) wire \dut.slots.s3_taken , \dut.slots.s3_replies , \dut.slots.s3_ends_batch , \dut.slots.s3_reads_row , \dut.slots.s3_adds ;
    (* hierconn *) wire \dut.groups.s3_valid , \dut.groups.s3_read ;
    (* hierconn *) wire \dut.writer.reply_valid , \dut.writer.reply_ends_batch , \dut.writer.second_half_valid ;
    (* hierconn *) wire \dut.writer_write , \dut.takes , \dut.takes_reply , \dut.control_sends_batch_end , \dut.control_restart ;
    (* hierconn *) wire [129:0] \dut.writer_queued ;
    // A QUERY: its record in the slots, its walk in the journal, its answer.
    (* hierconn *) wire \dut.s0_rejected , \dut.slots.s1_rejected , \dut.slots.s2_rejected , \dut.slots.s3_rejected ;
    (* hierconn *) wire \dut.s0_journals , \dut.slots.s1_journals , \dut.slots.s2_journals , \dut.slots.s3_journals ;
    (* hierconn *) wire [3:0] \dut.s0_op , \dut.slots.s1_op , \dut.slots.s2_op , \dut.slots.s3_op ;
    (* hierconn *) wire \dut.s0_starts_query , \dut.query_ends_batch , \dut.control.answer_due , \dut.control_sends_answer ;
    (* hierconn *) wire \dut.journal_query , \dut.journal.noted , \dut.journal.queried , \dut.journal.begins ;
    (* hierconn *) wire \dut.journal.walk.walking , \dut.journal.walk.first , \dut.journal.walk.back_again ;
    (* hierconn *) wire [`DEPTH_BITS-1:0] \dut.journal.walk.step_row , \dut.journal.next_row ;
    (* hierconn *) wire [6:0] \dut.journal.since_last ;
    (* hierconn *) wire \dut.decoder_starts_query ;
    // Control, credit, queue.
    (* hierconn *) wire [2:0] \dut.control.state ;
    (* hierconn *) wire [3:0] \dut.control.waited ;
    (* hierconn *) wire \dut.control.batch_end_due , \dut.reader.walking , \dut.reader.pausing ;
    (* hierconn *) wire \dut.contexts_reset.held , \dut.groups_reset.held , \dut.journal_reset.held , \dut.counters_reset.held ;
    (* hierconn *) wire \dut.contexts.clear_busy , \dut.groups.clear_busy , \dut.credit_available ;
    (* hierconn *) wire [`QUEUE_BITS:0] \dut.credit.promised , \dut.queue.words ;
    (* hierconn *) wire [`QUEUE_BITS-1:0] \dut.queue.write_pointer , \dut.queue.read_pointer ;
    (* hierconn *) wire \dut.queue.not_empty , \dut.queue.full , \dut.reader_read ;
    (* hierconn *) wire [15:0] \dut.s0_group , \dut.s0_context , \dut.reader_group_id , \dut.reader.group_now , \dut.reader.group_end ;
    (* hierconn *) wire [1:0] \dut.s0_class , \dut.reader_class_id ;
    (* hierconn *) wire \dut.counters_clock_starved , \dut.counters_clock_blocked ;
    (* hierconn *) wire \dut.counters_clock_clearing , \dut.counters_clock_answering ;

    reg started = 0;
    always @(posedge clock) started <= 1;
    always @(*) if (!started) assume (!resetn);

    // Beats on their way: reply[i] is i clocks behind S0 and writes one beat when i = 4; row[i] writes one beat
    // when i = 6 and the other when i = 7.
    wire [2:0] state = \dut.control.state ;
    wire [3:0] waited = \dut.control.waited ;
    wire [4:0] answer = {1'b0, \dut.slots.s3_replies , \dut.slots.s2_replies , \dut.slots.s1_replies , \dut.s0_replies };
    wire [4:0] batch_end = {\dut.writer.reply_valid && \dut.writer.reply_ends_batch , \dut.slots.s3_ends_batch , \dut.slots.s2_ends_batch , \dut.slots.s1_ends_batch , \dut.s0_ends_batch };
    wire [4:0] reply = {\dut.writer.reply_valid , answer[3:0] | batch_end[3:0]};
    // What the group counters hold while they are reset is on its way to nowhere.
    wire [2:0] table_row = {3{\dut.groups_reset.held }} & {
        \dut.groups.s3_valid && \dut.groups.s3_read , \dut.groups.s2_valid && \dut.groups.s2_read , \dut.groups.s1_valid && \dut.groups.s1_read
    };
    wire [3:0] taken = {\dut.slots.s3_taken , \dut.slots.s2_taken , \dut.slots.s1_taken , \dut.s0_taken };
    wire [3:0] journals = {\dut.slots.s3_journals , \dut.slots.s2_journals , \dut.slots.s1_journals , \dut.s0_journals };
    wire live = \dut.journal_reset.held ;
    wire [7:0] row = {
        \dut.writer.second_half_valid , table_row[2:0],
        \dut.slots.s3_reads_row , \dut.slots.s2_reads_row , \dut.slots.s1_reads_row , \dut.s0_reads_row
    };
    wire [15:0] promised = \dut.credit.promised , words = \dut.queue.words ;
    wire [15:0] replies_coming = reply[1] + reply[2] + reply[3] + reply[4];
    wire [15:0] rows_coming = row[1] + row[2] + row[3] + row[4] + row[5] + row[6];
    wire [15:0] asked = reply[0] + \dut.s0_batch_end_follows + row[0] + row[0];
    wire follows = \dut.s0_batch_end_follows ;
    integer i;

    // What the ports owe.
    reg [15:0] replies_in, replies_written, lasts_in, ends_written, taken_in, taken_out;
    reg stalled = 0, never_stalled;
    reg [130:0] offer;
    // SNAPSHOT: clocks since its record was taken, and rows read.
    reg holds;
    reg [19:0] held, rows_read;
    // What the reader asked for a clock ago.
    reg [17:0] asked_row;
    // QUERY: clocks since its record was in S0, up to `answer_near`; the clock after its answer was sent.
    reg asks, answered;
    reg [11:0] asked_for;
    wire [`DEPTH_BITS-1:0] steps = asked_for - 12'd6;
    wire drain_end = state == DRAINING && \dut.control_sends_batch_end ;
    always @(posedge clock) begin
        replies_in <= replies_in + {15'd0, \dut.takes_reply } + {15'd0, \dut.takes && \dut.decoder_starts_query };
        if (\dut.s0_starts_query ) {asks, asked_for} <= {1'b1, 12'd1};
        else if (asked_for != ROWS + 12'd13) asked_for <= asked_for + 12'd1;
        answered <= \dut.control_sends_answer ;
        if (\dut.control_sends_answer ) asks <= 0;
        replies_written <= replies_written + {15'd0, \dut.writer.reply_valid && !\dut.writer.reply_ends_batch };
        lasts_in <= lasts_in + {15'd0, s_tvalid && s_tready && s_tlast} + {15'd0, drain_end};
        ends_written <= ends_written + {15'd0, \dut.writer_write && \dut.writer_queued [128]};
        taken_in <= taken_in + {15'd0, s_tvalid && s_tready};
        taken_out <= taken_out + {15'd0, \dut.slots.s3_taken };
        stalled <= m_tvalid && !m_tready && resetn;
        offer <= {m_mark, m_tlast, m_tdata};
        never_stalled <= never_stalled && m_tready;
        held <= held + 20'd1;
        if (\dut.reader_read ) rows_read <= rows_read + 20'd1;
        asked_row <= {\dut.reader_group_id , \dut.reader_class_id };
        if (\dut.s0_starts_snapshot ) {holds, held, rows_read} <= {1'b1, 20'd2, 20'd0};
        if (state == RUNNING && !\dut.s0_starts_snapshot ) holds <= 0;
        if (!resetn) begin
            {replies_in, replies_written, lasts_in, ends_written, taken_in, taken_out} <= 0;
            {holds, never_stalled, asks, answered} <= 4'b0100;
        end
    end

    always @(*) if (started) begin
        // The properties.
        never_meets_a_full_queue: assert (!\dut.writer_write || !\dut.queue.full );
        promises_are_kept: assert (promised == words + replies_coming + 2 * rows_coming + row[7]);
        never_promises_too_much: assert (promised + asked <= PLACES);
        one_beat_a_clock: assert (reply[4] + row[6] + row[7] <= 2'd1);
        every_reply_once: assert (replies_in - replies_written == answer[0] + answer[1] + answer[2] + answer[3]
            + (reply[4] && !batch_end[4]) + \dut.s0_starts_query + asks);
        every_batch_ends_once: assert (lasts_in - ends_written == batch_end[0] + batch_end[1] + batch_end[2] + batch_end[3]
            + batch_end[4] + follows + \dut.control.batch_end_due
            + ((\dut.s0_starts_snapshot || \dut.s0_starts_query ) && \dut.s0_snapshot_ends_batch )
            + (asks && \dut.query_ends_batch ));
        every_record_is_counted: assert (taken_in - taken_out == \dut.s0_taken + \dut.slots.s1_taken
            + \dut.slots.s2_taken + \dut.slots.s3_taken );
        every_clock_has_one_class: assert (\dut.takes + \dut.counters_clock_starved + \dut.counters_clock_blocked
            + \dut.counters_clock_clearing + \dut.counters_clock_answering == 3'd1);
        if (stalled) offer_stands: assert (m_tvalid && {m_mark, m_tlast, m_tdata} == offer);
        takes_nothing_while_clearing: assert (!s_tready || !(\dut.contexts.clear_busy || \dut.groups.clear_busy ));
        if (never_stalled) sink_that_takes_gives_credit: assert (\dut.credit_available );
        if (never_stalled && holds && state == RUNNING) snapshot_holds_2_rows_plus_5: assert (held == 20'd2 * rows_read + 20'd5);
        if (never_stalled && \dut.control_sends_answer ) query_holds_rows_plus_14: assert (asked_for == ROWS + 12'd13);
        // What blocks assume of the engine.
        one_reset_for_all: assert (\dut.contexts_reset.held == \dut.groups_reset.held && \dut.contexts_reset.held == \dut.journal_reset.held
            && \dut.contexts_reset.held == \dut.counters_reset.held );
        if (!\dut.counters_reset.held ) reset_meets_no_slot: assert (state == CLEARING && reply == 0 && row == 0 && taken == 0 && journals == 0);
        if (asks && asked_for >= 3) no_note_in_a_query: assert (!\dut.slots.s3_journals );
        query_goes_to_the_journal: assert (\dut.journal_query == (asks && asked_for == 3));
        if (live && \dut.journal.since_last [6]) answer_only_in_a_query: assert (state == QUERYING && asked_for == ROWS + 12'd13);
        if (\dut.s0_starts_query ) query_only_when_running: assert (state == RUNNING && !\dut.s0_starts_snapshot );
        if (\dut.s0_starts_snapshot ) starts_only_when_running: assert (state == RUNNING && !\dut.reader.walking && !row[0]);
        if (\dut.s0_starts_snapshot ) starts_on_a_range: assert (\dut.s0_group <= \dut.s0_context && {1'b0, \dut.s0_context } < GROUPS);
        if (\dut.reader_read ) rows_are_of_the_table: assert ({1'b0, \dut.reader_group_id } < GROUPS);
        if (\dut.s0_reads_row ) row_is_the_readers: assert ({\dut.s0_group , \dut.s0_class } == asked_row);
        add_and_read_are_two_slots: assert (!(\dut.slots.s3_adds && \dut.slots.s3_reads_row ));
        // The invariants that make them inductive: queue.
        assert (\dut.queue.not_empty == (words != 0) && \dut.queue.full == (words == PLACES) && words <= PLACES);
        assert (\dut.queue.write_pointer - \dut.queue.read_pointer == words[`QUEUE_BITS-1:0]);
        if (never_stalled) assert (words <= 1);
        // Slots: one purpose each; rows every second clock; no reply where it would meet a row.
        assert ((answer & batch_end) == 0);
        assert (!(reply[0] && row[0]) && !(reply[1] && row[1]) && !(reply[2] && row[2]) && !(reply[3] && row[3]));
        assert ((row[6:0] & row[7:1]) == 0);
        assert ((reply & row[6:2]) == 0 && (reply & row[7:3]) == 0);
        assert (!(\dut.s0_adds && row[0]) && !(\dut.slots.s1_adds && row[1]) && !(\dut.slots.s2_adds && row[2]));
        assert (row[0] == \dut.reader.pausing );
        if (\dut.s0_taken ) assert (state == RUNNING);
        if (follows) assert (state == RUNNING && answer[0] && !\dut.s0_starts_snapshot && !\dut.s0_starts_query );
        if (\dut.s0_starts_snapshot ) assert (answer[0] && \dut.s0_taken && !batch_end[0]);
        if (answer[0]) assert (\dut.s0_taken || answered);
        if (answered) assert (state == RUNNING && answer[0] && !\dut.s0_taken && !batch_end[0] && !row[0]);
        if (\dut.s0_adds ) assert (\dut.s0_taken );
        assert ((journals & ~taken) == 0);
        if (state == DRAINING) assert ((taken & ((4'd1 << (waited > 4 ? 4'd4 : waited)) - 4'd1)) == 0);
        if (state == CLEARING) assert (taken == 0);
        // QUERY: its record passes the slots, and nothing follows it.
        assert (asks == (state == QUERYING) && (!asks || (asked_for >= 1 && asked_for <= ROWS + 12'd13)));
        assert ((\dut.s0_taken && \dut.s0_op == QUERY && !\dut.s0_rejected ) == \dut.s0_starts_query );
        assert ((\dut.slots.s1_taken && \dut.slots.s1_op == QUERY && !\dut.slots.s1_rejected ) == (asks && asked_for == 1));
        assert ((\dut.slots.s2_taken && \dut.slots.s2_op == QUERY && !\dut.slots.s2_rejected ) == (asks && asked_for == 2));
        assert ((\dut.slots.s3_taken && \dut.slots.s3_op == QUERY && !\dut.slots.s3_rejected ) == (asks && asked_for == 3));
        if (\dut.s0_starts_query ) assert (!\dut.s0_journals && !answer[0] && !batch_end[0] && !row[0] && !follows);
        if (asks) assert (!\dut.s0_taken && !reply[0] && !row[0] && !follows && !\dut.s0_starts_query && !\dut.s0_starts_snapshot && !\dut.s0_journals );
        if (asks && asked_for >= 1) assert (!\dut.slots.s1_journals );
        if (asks && asked_for >= 2) assert (!\dut.slots.s1_taken && !\dut.slots.s2_journals );
        if (asks && asked_for >= 3) assert (!\dut.slots.s2_taken );
        if (asks && asked_for >= 4) assert (!\dut.slots.s3_taken && !\dut.journal.noted );
        // Its walk. In its reset the journal may hold what a hard reset has made the engine forget.
        if (live) begin
            assert (\dut.journal.queried == (asks && asked_for == 4) && \dut.journal.begins == (asks && asked_for == 5));
            assert (\dut.journal.walk.walking == (asks && asked_for >= 6 && asked_for <= 12'd6 + ROWS));
            assert (\dut.journal.walk.first == (asks && asked_for == 6));
            if (\dut.journal.walk.walking ) assert (\dut.journal.walk.step_row == \dut.journal.next_row - steps);
            if (\dut.journal.walk.walking ) assert (\dut.journal.walk.back_again == (asked_for == 12'd6 + ROWS));
            for (i = 0; i < 7; i = i + 1) assert (\dut.journal.since_last [i] == (asks && !\dut.control.answer_due && asked_for == ROWS + 12'd7 + i));
        end
        if (\dut.control.answer_due ) assert (asks && asked_for == ROWS + 12'd13 && !never_stalled);
        // States.
        assert (state <= DRAINING && \dut.reader.walking == (state == READING));
        if (state != CLEARING) assert (!\dut.contexts.clear_busy && !\dut.groups.clear_busy );
        if (\dut.control.batch_end_due ) assert (state == READING || state == SETTLING);
        if (state == READING) assert (waited == 0);
        if (state == SETTLING) assert (waited <= 3);
        if (state == SETTLING) assert ((row[3:0] & ((4'd1 << waited) - 4'd1)) == 0 && reply[0] == 0);
        if (state == RUNNING || state == QUERYING) assert (row[3:0] == 0);
        if (state == DRAINING) assert ((row & ((12'd16 << (waited > 4 ? 4'd4 : waited)) - 12'd1)) == 0);
        if (state == DRAINING) assert ((reply & ((6'd1 << (waited > 5 ? 4'd5 : waited)) - 6'd1)) == 0);
        if (state == CLEARING) assert (row == 0 && reply == 0 && words == 0);
        // SNAPSHOT.
        if (state == READING || state == SETTLING) assert (holds);
        if (holds) assert (state == READING || state == SETTLING || state == RUNNING);
        if (\dut.reader.walking ) assert (\dut.reader.group_now <= \dut.reader.group_end && {1'b0, \dut.reader.group_end } < GROUPS);
        if (never_stalled && state == READING) assert (held == 20'd2 * rows_read + (row[0] ? 20'd1 : 20'd2));
        if (never_stalled && state == SETTLING) assert (held == 20'd2 * rows_read + 20'd1 + waited);
    end

    // Traces. The tables must be cleared before anything comes, so they are long. To find them sooner: one reset, one
    // context, one group, and the environment of one scene, which the solver chooses and keeps. Assumptions that only
    // narrow the inputs leave a trace as real as any.
`ifdef TRACES
`ifdef DELTA_ENGINE_QUERY_TRACE
    always @(*) assume (resetn == started && !latch && sink_idle && !soft_reset);
    // Nothing but QUERY, to a sink that takes every beat.
    always @(*) assume (s_tdata == {124'd0, QUERY} && !s_tlast && m_tready);
`else
    (* anyconst *) wire [1:0] scene;
    localparam [1:0] CREDIT = 0, SNAPSHOT = 1, BATCH_END = 2, DRAIN = 3;
    localparam [3:0] READ = `OP_READ, WALK = `OP_SNAPSHOT;
    // A sink that takes nothing, READ after READ; SNAPSHOT after SNAPSHOT; READs that end a batch each; one READ
    // that ends none, and a reset while its reply is due.
    always @(*) begin
        assume (resetn == started && !latch && sink_idle);
        assume (s_tdata == {64'd0, 24'd1, 36'd0, scene == SNAPSHOT ? WALK : READ});
        assume (s_tlast == (scene == BATCH_END) && m_tready == (scene != CREDIT));
        assume (s_tvalid == (scene != DRAIN || taken_in == 0));
        assume (soft_reset == (scene == DRAIN && taken_in == 1));
    end
`endif
`endif
    always @(*) begin
`ifdef DELTA_ENGINE_QUERY_TRACE
        query_is_answered: cover (started && m_tvalid && m_tdata[3:0] == QUERY && never_stalled && s_tready);
`else
        credit_is_used_up: cover (started && !\dut.credit_available && stalled);
        snapshot_of_one_group: cover (started && holds && never_stalled && state == RUNNING && rows_read == 4);
        batch_ends_behind_a_reply: cover (started && m_tvalid && m_mark == 2'd2 && m_tdata[127:64] == 64'd1 && replies_written == 1);
        drain_closes_a_packet: cover (started && drain_end && replies_written == 1 && lasts_in == 0);
`endif
    end
endmodule
