// Proves TLAST and end of batch: a beat closes its packet exactly when it ends a batch or is the PACKET-th since the
// last TLAST; every beat passes once, unchanged; marks go with their beats; the offer is held while it is stalled.
module reply_packets_proof (
    input wire         clock,
    input wire         resetn,
    input wire [127:0] s_tdata,
    input wire         s_tvalid,
    input wire         s_batch_end,
    input wire         s_snapshot_end,
    input wire         m_tready
);
    wire s_tready, m_tvalid, m_tlast, packet_open;
    wire [127:0] m_tdata;
    wire [1:0] m_mark;
    reply_packets dut (.*);

    (* hierconn *) wire [15:0] \dut.beats ;
    (* hierconn *) wire \dut.at_last ;

    reg started = 0;
    always @(posedge clock) started <= 1;
    always @(*) if (!started) assume (!resetn);

    // The source keeps the rules of a stream.
    reg s_stalled = 0, m_stalled = 0;
    reg [129:0] s_offer;
    reg [130:0] m_offer;
    always @(posedge clock) begin
        s_stalled <= s_tvalid && !s_tready && resetn;
        m_stalled <= m_tvalid && !m_tready && resetn;
        s_offer <= {s_snapshot_end, s_batch_end, s_tdata};
        m_offer <= {m_mark, m_tlast, m_tdata};
    end
    always @(*) if (started && s_stalled) assume (s_tvalid && {s_snapshot_end, s_batch_end, s_tdata} == s_offer);

    // Beats that left since the last one with TLAST.
    reg [15:0] since;
    always @(posedge clock) begin
        if (m_tvalid && m_tready) since <= m_tlast ? 16'd0 : since + 16'd1;
        if (!resetn) since <= 0;
    end

    always @(*) if (started) begin
        // The properties.
        passes_unchanged: assert (m_tvalid == s_tvalid && s_tready == m_tready && m_tdata == s_tdata);
        last_is_right: assert (m_tlast == (s_batch_end || since == `PACKET - 1));
        marks_are_right: assert (m_mark == {s_batch_end, s_snapshot_end});
        knows_an_open_packet: assert (packet_open == (since != 0));
        if (m_stalled) offer_stands: assert (m_tvalid && {m_mark, m_tlast, m_tdata} == m_offer);
        // The invariants that make them inductive.
        assert (since < `PACKET);
        assert (\dut.beats == since && \dut.at_last == (since == `PACKET - 1));
    end

    // Traces.
    always @(*) begin
        full_packet: cover (started && m_tvalid && m_tready && m_tlast && !s_batch_end);
        short_packet: cover (started && m_tvalid && m_tready && s_batch_end && since == 2);
        batch_ends_in_the_last_beat: cover (started && m_tvalid && s_batch_end && since == `PACKET - 1);
        stalled_with_last: cover (started && m_stalled && m_tlast && s_snapshot_end);
    end
endmodule
