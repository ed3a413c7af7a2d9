// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
// Stages: S0 decoded record, S1 to S3 context table, S3 to S6 group counters, the reply leaves in S4.
module delta_engine (
    input  wire         clock,
    input  wire         resetn,
    input  wire [127:0] s_tdata,
    input  wire         s_tvalid,
    output wire         s_tready,
    input  wire         s_tlast,
    output wire [127:0] m_tdata,
    output wire         m_tvalid,
    input  wire         m_tready,
    output wire         m_tlast,
    output wire [1:0]   m_mark,
    input  wire         soft_reset,
    input  wire         latch,
    input  wire         sink_idle,
    output wire         clearing,
    output wire         draining,
    output wire         answering,
    output wire         record_rejected,
    output wire [1215:0] latched
);

    localparam [3:0] op_query = 4'd9;
    wire         tables_resetn;
    wire         ready;
    wire         takes;
    wire         last_taken;
    wire         holds_input;
    wire         answers_later;
    wire         query_leaves;
    wire         takes_reply;
    wire [9:0]   group_low;
    wire [11:0]  group_wide;
    wire [11:0]  group_row;
    wire [11:0]  class_wide;
    wire         redundant_send;
    wire         reply_leaves;
    wire         replies_gone;
    wire         held_by_replies;
    wire         held_by_reset;
    wire         decoder_rejected;
    wire         decoder_touches_context;
    wire         decoder_adds;
    wire         decoder_pair_redundant;
    wire         decoder_judged;
    wire         decoder_journals;
    wire         decoder_replies;
    wire         decoder_starts_snapshot;
    wire         decoder_starts_query;
    wire [1:0]   decoder_label_class;
    wire [15:0]  decoder_label_group;
    wire [15:0]  decoder_label_context;
    wire         contexts_clearing;
    wire [13:0]  contexts_context_id;
    wire         contexts_result_valid;
    wire [63:0]  contexts_state_before;
    wire         contexts_accumulator_zero;
    wire         contexts_redundant;
    wire [63:0]  contexts_delta;
    wire [63:0]  contexts_result_operand;
    wire         slots_near_taken;
    wire         slots_near_journals;
    wire         slots_result_taken;
    wire         slots_result_rejected;
    wire         slots_result_journals;
    wire         slots_result_adds;
    wire         slots_result_pair_redundant;
    wire         slots_result_judged;
    wire         slots_result_replies;
    wire         slots_result_ends_batch;
    wire         slots_result_reads_row;
    wire         slots_result_last_row;
    wire [3:0]   slots_result_op;
    wire [1:0]   slots_result_class_id;
    wire [15:0]  slots_result_group_id;
    wire [15:0]  slots_result_context_id;
    wire [23:0]  slots_result_length;
    wire         groups_clearing;
    wire [11:0]  groups_row_id;
    wire         groups_redundant;
    wire         groups_result_valid;
    wire [223:0] groups_result;
    wire         reader_read;
    wire [15:0]  reader_group_id;
    wire [1:0]   reader_class_id;
    wire         reader_last_row;
    wire         journal_query;
    wire [13:0]  journal_context_id;
    wire         journal_answer_near;
    wire [63:0]  journal_answer;
    wire         journal_too_old;
    wire         credit_promise_one;
    wire         credit_available;
    wire         queue_valid;
    wire [129:0] queue_data;
    wire [127:0] packets_s_tdata;
    wire         packets_s_tready;
    wire         packets_s_batch_end;
    wire         packets_s_snapshot_end;
    wire         packets_packet_open;
    wire         writer_row_valid;
    wire         writer_write;
    wire [129:0] writer_queued;
    wire         control_tables_clearing;
    wire         control_last_row_read;
    wire         control_accepts;
    wire         control_sends_batch_end;
    wire         control_sends_answer;
    wire         control_restart;
    wire         control_clearing;
    wire         control_draining;
    wire         counters_clock_starved;
    wire         counters_clock_blocked;
    wire         counters_clock_clearing;
    wire         counters_clock_answering;
    wire [63:0]  counters_accepted_after;
    wire [63:0]  counters_position_after;
    wire         contexts_reset_copied;
    wire         groups_reset_copied;
    wire         journal_reset_copied;
    wire         counters_reset_copied;
    wire         s0_taken_next;
    reg          s0_taken;
    reg          s0_rejected;
    wire         s0_journals_next;
    reg          s0_journals;
    wire         s0_touches_context_next;
    reg          s0_touches_context;
    wire         s0_adds_next;
    reg          s0_adds;
    reg          s0_pair_redundant;
    reg          s0_judged;
    wire         s0_replies_next;
    reg          s0_replies;
    wire         s0_ends_batch_next;
    reg          s0_ends_batch;
    wire         s0_starts_snapshot_next;
    reg          s0_starts_snapshot;
    wire         s0_starts_query_next;
    reg          s0_starts_query;
    reg          s0_snapshot_ends_batch;
    wire         s0_batch_end_follows_next;
    reg          s0_batch_end_follows;
    wire         s0_reads_row_next;
    reg          s0_reads_row;
    reg          s0_last_row;
    wire [3:0]   s0_op_next;
    reg  [3:0]   s0_op;
    reg          s0_rebase;
    wire [1:0]   s0_class_next;
    reg  [1:0]   s0_class;
    wire [15:0]  s0_group_next;
    reg  [15:0]  s0_group;
    wire [15:0]  s0_context_next;
    reg  [15:0]  s0_context;
    reg  [23:0]  s0_length;
    reg  [63:0]  s0_operand;
    wire         query_ends_batch_next;
    reg          query_ends_batch;
    wire [1:0]   query_class_next;
    reg  [1:0]   query_class;
    wire [15:0]  query_group_next;
    reg  [15:0]  query_group;
    wire [15:0]  query_context_next;
    reg  [15:0]  query_context;

    record_decoder decoder (
        .record(s_tdata),
        .rejected(decoder_rejected),
        .touches_context(decoder_touches_context),
        .adds(decoder_adds),
        .pair_redundant(decoder_pair_redundant),
        .judged(decoder_judged),
        .journals(decoder_journals),
        .replies(decoder_replies),
        .starts_snapshot(decoder_starts_snapshot),
        .starts_query(decoder_starts_query),
        .label_class(decoder_label_class),
        .label_group(decoder_label_group),
        .label_context(decoder_label_context)
    );

    context_table contexts (
        .clock(clock),
        .resetn(contexts_reset_copied),
        .clearing(contexts_clearing),
        .valid(s0_touches_context),
        .op(s0_op),
        .rebase(s0_rebase),
        .context_id(contexts_context_id),
        .operand(s0_operand),
        .result_valid(contexts_result_valid),
        .state_before(contexts_state_before),
        .accumulator_zero(contexts_accumulator_zero),
        .redundant(contexts_redundant),
        .delta(contexts_delta),
        .result_operand(contexts_result_operand)
    );

    slot_pipeline slots (
        .clock(clock),
        .resetn(resetn),
        .taken(s0_taken),
        .rejected(s0_rejected),
        .journals(s0_journals),
        .adds(s0_adds),
        .pair_redundant(s0_pair_redundant),
        .judged(s0_judged),
        .replies(s0_replies),
        .ends_batch(s0_ends_batch),
        .reads_row(s0_reads_row),
        .last_row(s0_last_row),
        .op(s0_op),
        .class_id(s0_class),
        .group_id(s0_group),
        .context_id(s0_context),
        .length(s0_length),
        .near_taken(slots_near_taken),
        .near_journals(slots_near_journals),
        .result_taken(slots_result_taken),
        .result_rejected(slots_result_rejected),
        .result_journals(slots_result_journals),
        .result_adds(slots_result_adds),
        .result_pair_redundant(slots_result_pair_redundant),
        .result_judged(slots_result_judged),
        .result_replies(slots_result_replies),
        .result_ends_batch(slots_result_ends_batch),
        .result_reads_row(slots_result_reads_row),
        .result_last_row(slots_result_last_row),
        .result_op(slots_result_op),
        .result_class_id(slots_result_class_id),
        .result_group_id(slots_result_group_id),
        .result_context_id(slots_result_context_id),
        .result_length(slots_result_length)
    );

    group_counters groups (
        .clock(clock),
        .resetn(groups_reset_copied),
        .clearing(groups_clearing),
        .add(slots_result_adds),
        .read(slots_result_reads_row),
        .row_id(groups_row_id),
        .redundant(groups_redundant),
        .length(slots_result_length),
        .result_valid(groups_result_valid),
        .result(groups_result)
    );

    snapshot_reader reader (
        .clock(clock),
        .resetn(resetn),
        .start(s0_starts_snapshot),
        .first_group(s0_group),
        .last_group(s0_context),
        .may_read(credit_available),
        .read(reader_read),
        .group_id(reader_group_id),
        .class_id(reader_class_id),
        .last_row(reader_last_row)
    );

    journal journal (
        .clock(clock),
        .resetn(journal_reset_copied),
        .note(slots_result_journals),
        .query(journal_query),
        .context_id(journal_context_id),
        .delta(contexts_delta),
        .mark(contexts_result_operand),
        .position(counters_position_after),
        .answer_near(journal_answer_near),
        .answer(journal_answer),
        .too_old(journal_too_old)
    );

    reply_credit credit (
        .clock(clock),
        .resetn(resetn),
        .promise_one(credit_promise_one),
        .promise_two(s0_reads_row),
        .beat_leaves(reply_leaves),
        .available(credit_available)
    );

    reply_fifo queue (
        .clock(clock),
        .resetn(resetn),
        .write(writer_write),
        .write_data(writer_queued),
        .write_ready(),
        .valid(queue_valid),
        .data(queue_data),
        .ready(packets_s_tready),
        .occupancy()
    );

    reply_packets packets (
        .clock(clock),
        .resetn(resetn),
        .s_tdata(packets_s_tdata),
        .s_tvalid(queue_valid),
        .s_tready(packets_s_tready),
        .s_batch_end(packets_s_batch_end),
        .s_snapshot_end(packets_s_snapshot_end),
        .m_tdata(m_tdata),
        .m_tvalid(m_tvalid),
        .m_tready(m_tready),
        .m_tlast(m_tlast),
        .m_mark(m_mark),
        .packet_open(packets_packet_open)
    );

    reply_writer writer (
        .clock(clock),
        .resetn(resetn),
        .replies(slots_result_replies),
        .ends_batch(slots_result_ends_batch),
        .op(slots_result_op),
        .class_id(slots_result_class_id),
        .group_id(slots_result_group_id),
        .context_id(slots_result_context_id),
        .touched_context(contexts_result_valid),
        .accumulator_zero(contexts_accumulator_zero),
        .state_before(contexts_state_before),
        .operand(contexts_result_operand),
        .journal_answer(journal_answer),
        .journal_too_old(journal_too_old),
        .accepted_after(counters_accepted_after),
        .position_after(counters_position_after),
        .last_row(slots_result_last_row),
        .row_valid(writer_row_valid),
        .row(groups_result),
        .write(writer_write),
        .queued(writer_queued)
    );

    engine_control control (
        .clock(clock),
        .resetn(resetn),
        .soft_reset(soft_reset),
        .tables_clearing(control_tables_clearing),
        .snapshot_starts(s0_starts_snapshot),
        .snapshot_ends_batch(s0_snapshot_ends_batch),
        .last_row_read(control_last_row_read),
        .query_starts(s0_starts_query),
        .answer_near(journal_answer_near),
        .room(credit_available),
        .replies_gone(replies_gone),
        .packet_open(packets_packet_open),
        .accepts(control_accepts),
        .sends_batch_end(control_sends_batch_end),
        .sends_answer(control_sends_answer),
        .restart(control_restart),
        .clearing(control_clearing),
        .draining(control_draining),
        .answering(answering)
    );

    engine_counters counters (
        .clock(clock),
        .resetn(counters_reset_copied),
        .latch(latch),
        .near_taken(slots_near_taken),
        .near_journals(slots_near_journals),
        .taken(slots_result_taken),
        .rejected(slots_result_rejected),
        .op(slots_result_op),
        .journals(slots_result_journals),
        .reply_beat(reply_leaves),
        .clock_moving(takes),
        .clock_starved(counters_clock_starved),
        .clock_blocked(counters_clock_blocked),
        .clock_clearing(counters_clock_clearing),
        .clock_answering(counters_clock_answering),
        .accepted_after(counters_accepted_after),
        .position_after(counters_position_after),
        .latched(latched)
    );

    reset_copy contexts_reset (
        .clock(clock),
        .resetn(tables_resetn),
        .copied(contexts_reset_copied)
    );

    reset_copy groups_reset (
        .clock(clock),
        .resetn(tables_resetn),
        .copied(groups_reset_copied)
    );

    reset_copy journal_reset (
        .clock(clock),
        .resetn(tables_resetn),
        .copied(journal_reset_copied)
    );

    reset_copy counters_reset (
        .clock(clock),
        .resetn(tables_resetn),
        .copied(counters_reset_copied)
    );

    // In a function, arguments and results have the names of the nets that they are.
    // verilator lint_off VARHIDDEN

    function automatic [34:0] choose_query_ends_batch_next(
        input [1:0]   query_class,
        input [15:0]  query_context,
        input         query_ends_batch,
        input [15:0]  query_group,
        input [1:0]   s0_class,
        input [15:0]  s0_context,
        input [15:0]  s0_group,
        input         s0_snapshot_ends_batch,
        input         s0_starts_query
    );
        reg         query_ends_batch_next;
        reg [1:0]   query_class_next;
        reg [15:0]  query_group_next;
        reg [15:0]  query_context_next;
        begin
            query_ends_batch_next = query_ends_batch;
            query_class_next = query_class;
            query_group_next = query_group;
            query_context_next = query_context;
            // A QUERY: its reply is a slot of its own, when the journal has walked its rows.
            if (s0_starts_query) begin
                query_ends_batch_next = s0_snapshot_ends_batch;
                query_class_next = s0_class;
                query_group_next = s0_group;
                query_context_next = s0_context;
            end
            choose_query_ends_batch_next = {query_ends_batch_next, query_class_next, query_group_next, query_context_next};
        end
    endfunction
    assign {query_ends_batch_next, query_class_next, query_group_next, query_context_next} = choose_query_ends_batch_next(query_class, query_context, query_ends_batch, query_group, s0_class, s0_context, s0_group, s0_snapshot_ends_batch, s0_starts_query);

    // The reset of what a restart clears too is made by logic and drives most: a register for each block.
    // A hard reset reaches them a clock after the slots, so that nothing enters them in between.
    assign tables_resetn = resetn & ~control_restart;

    // Input: take a record when its replies have room and S0 holds nothing that needs the next slot.
    assign holds_input = s0_starts_snapshot | s0_starts_query | s0_batch_end_follows;
    assign ready = control_accepts & credit_available & ~holds_input;
    assign s_tready = ready;
    assign takes = s_tvalid & ready;
    assign last_taken = takes & s_tlast;
    assign takes_reply = takes & decoder_replies;

    // S0: the slot. A batch ends in the slot of a record without reply, else in a slot of its own.
    function automatic [47:0] choose_s0_taken_next(
        input         answers_later,
        input         control_sends_answer,
        input         control_sends_batch_end,
        input         decoder_adds,
        input         decoder_journals,
        input [1:0]   decoder_label_class,
        input [15:0]  decoder_label_context,
        input [15:0]  decoder_label_group,
        input         decoder_replies,
        input         decoder_starts_query,
        input         decoder_starts_snapshot,
        input         decoder_touches_context,
        input         last_taken,
        input [1:0]   query_class,
        input [15:0]  query_context,
        input         query_ends_batch,
        input [15:0]  query_group,
        input [1:0]   reader_class_id,
        input [15:0]  reader_group_id,
        input         reader_read,
        input         resetn,
        input         s0_batch_end_follows,
        input [127:0] s_tdata,
        input         takes,
        input         takes_reply
    );
        reg         s0_taken_next;
        reg         s0_journals_next;
        reg         s0_touches_context_next;
        reg         s0_adds_next;
        reg         s0_replies_next;
        reg         s0_starts_snapshot_next;
        reg         s0_starts_query_next;
        reg         s0_batch_end_follows_next;
        reg         s0_ends_batch_next;
        reg [3:0]   s0_op_next;
        reg [1:0]   s0_class_next;
        reg [15:0]  s0_group_next;
        reg [15:0]  s0_context_next;
        reg         s0_reads_row_next;
        begin
            s0_taken_next = takes;
            s0_journals_next = takes & decoder_journals;
            s0_touches_context_next = takes & decoder_touches_context;
            s0_adds_next = takes & decoder_adds;
            s0_replies_next = takes_reply;
            s0_starts_snapshot_next = takes & decoder_starts_snapshot;
            s0_starts_query_next = takes & decoder_starts_query;
            s0_batch_end_follows_next = last_taken & decoder_replies & ~decoder_starts_snapshot;
            s0_ends_batch_next = (last_taken & ~answers_later) | s0_batch_end_follows | control_sends_batch_end;
            s0_op_next = s_tdata[3:0];
            s0_class_next = decoder_label_class;
            s0_group_next = decoder_label_group;
            s0_context_next = decoder_label_context;
            s0_reads_row_next = reader_read;
            if (reader_read) begin
                s0_class_next = reader_class_id;
                s0_group_next = reader_group_id;
            end
            if (control_sends_answer) begin
                s0_replies_next = 1'b1;
                s0_batch_end_follows_next = query_ends_batch;
                s0_op_next = op_query;
                s0_class_next = query_class;
                s0_group_next = query_group;
                s0_context_next = query_context;
            end
            if (~resetn) begin
                s0_taken_next = 1'b0;
                s0_journals_next = 1'b0;
                s0_touches_context_next = 1'b0;
                s0_adds_next = 1'b0;
                s0_replies_next = 1'b0;
                s0_ends_batch_next = 1'b0;
                s0_starts_snapshot_next = 1'b0;
                s0_starts_query_next = 1'b0;
                s0_batch_end_follows_next = 1'b0;
                s0_reads_row_next = 1'b0;
            end
            choose_s0_taken_next = {s0_taken_next, s0_journals_next, s0_touches_context_next, s0_adds_next, s0_replies_next, s0_starts_snapshot_next, s0_starts_query_next, s0_batch_end_follows_next, s0_ends_batch_next, s0_op_next, s0_class_next, s0_group_next, s0_context_next, s0_reads_row_next};
        end
    endfunction
    assign {s0_taken_next, s0_journals_next, s0_touches_context_next, s0_adds_next, s0_replies_next, s0_starts_snapshot_next, s0_starts_query_next, s0_batch_end_follows_next, s0_ends_batch_next, s0_op_next, s0_class_next, s0_group_next, s0_context_next, s0_reads_row_next} = choose_s0_taken_next(answers_later, control_sends_answer, control_sends_batch_end, decoder_adds, decoder_journals, decoder_label_class, decoder_label_context, decoder_label_group, decoder_replies, decoder_starts_query, decoder_starts_snapshot, decoder_touches_context, last_taken, query_class, query_context, query_ends_batch, query_group, reader_class_id, reader_group_id, reader_read, resetn, s0_batch_end_follows, s_tdata, takes, takes_reply);

    assign answers_later = decoder_replies | decoder_starts_query;
    assign credit_promise_one = s0_replies | s0_ends_batch;

    // A SNAPSHOT: its own beat goes the way of every reply, its rows follow.
    assign control_last_row_read = reader_read & reader_last_row;
    assign control_tables_clearing = contexts_clearing | groups_clearing | ~contexts_reset_copied;

    // S0 to S3: the context table, and the slot beside it.
    assign contexts_context_id = s0_context[13:0];

    // S3: the group counters, now that the context table has judged a SEND.
    assign group_low = slots_result_group_id[9:0];
    assign group_wide = {2'd0, group_low};
    assign group_row = group_wide << 2;
    assign class_wide = {10'd0, slots_result_class_id};
    assign redundant_send = contexts_redundant & slots_result_judged;
    assign groups_row_id = group_row | class_wide;
    assign groups_redundant = slots_result_pair_redundant | redundant_send;

    // S3: the journal. A QUERY is here once as a record and once more as its reply.
    assign query_leaves = slots_result_op == op_query;
    assign journal_query = query_leaves & slots_result_taken & ~slots_result_rejected;
    assign journal_context_id = slots_result_context_id[13:0];

    // S3: the counters of the engine.
    assign record_rejected = slots_result_taken & slots_result_rejected;

    // S3 to the reply queue. Credit keeps it from overflowing, so its ready is not looked at.
    // A row that a hard reset has met at the end of its way is forgotten with the slots.
    assign writer_row_valid = groups_result_valid & groups_reset_copied;

    // From the queue to packets, and out.
    assign packets_s_tdata = queue_data[127:0];
    assign packets_s_batch_end = queue_data[128];
    assign packets_s_snapshot_end = queue_data[129];
    assign reply_leaves = queue_valid & packets_s_tready;
    assign replies_gone = sink_idle & ~queue_valid;

    // Status, and the class of this clock.
    assign clearing = control_clearing;
    assign draining = control_draining;
    assign held_by_reset = control_clearing | control_draining;
    assign held_by_replies = ~credit_available | (control_draining & ~replies_gone);
    assign counters_clock_starved = ready & ~s_tvalid;
    assign counters_clock_blocked = ~ready & held_by_replies;
    assign counters_clock_clearing = ~ready & ~held_by_replies & held_by_reset;
    assign counters_clock_answering = ~ready & ~held_by_replies & ~held_by_reset;

    // verilator lint_on VARHIDDEN

    always @(posedge clock) begin
        s0_taken <= s0_taken_next;
        s0_rejected <= decoder_rejected;
        s0_journals <= s0_journals_next;
        s0_touches_context <= s0_touches_context_next;
        s0_adds <= s0_adds_next;
        s0_pair_redundant <= decoder_pair_redundant;
        s0_judged <= decoder_judged;
        s0_replies <= s0_replies_next;
        s0_ends_batch <= s0_ends_batch_next;
        s0_starts_snapshot <= s0_starts_snapshot_next;
        s0_starts_query <= s0_starts_query_next;
        s0_snapshot_ends_batch <= s_tlast;
        s0_batch_end_follows <= s0_batch_end_follows_next;
        s0_reads_row <= s0_reads_row_next;
        s0_last_row <= reader_last_row;
        s0_op <= s0_op_next;
        s0_rebase <= s_tdata[5];
        s0_class <= s0_class_next;
        s0_group <= s0_group_next;
        s0_context <= s0_context_next;
        s0_length <= s_tdata[63:40];
        s0_operand <= s_tdata[127:64];
        query_ends_batch <= query_ends_batch_next;
        query_class <= query_class_next;
        query_group <= query_group_next;
        query_context <= query_context_next;
    end
endmodule
