// Proves that each beat of each packet goes through the matrices of the fingerprint block once and in order, with its
// lanes, and that each packet gives one result. What the matrices do is proved in crc32c_beat.sv: together a result is
// the CRC32C of the bytes of its packet and their number, or bit 63 alone when they have a gap.
//
// The matrices answer anything here. The proof delays each beat beside the pipeline, shows that each matrix is given what
// the definition of a beat gives it, and follows one arbitrary packet with their answers to its result.
module fingerprint_proof (
    input wire         aclk,
    input wire         aresetn,
    input wire [127:0] s_axis_tdata,
    input wire [15:0]  s_axis_tkeep,
    input wire         s_axis_tvalid,
    input wire         s_axis_tlast,
    input wire         m_axis_tready
);
    wire s_axis_tready, m_axis_tvalid, m_axis_tlast;
    wire [63:0] m_axis_tdata;
    wire [7:0] m_axis_tkeep;
    fingerprint dut (.*);

    (* hierconn *) wire [31:0] \dut.c_part_0 , \dut.c_part_1 , \dut.c_part_2 , \dut.c_part_3 ;
    (* hierconn *) wire [31:0] \dut.d_sum , \dut.e_state , \dut.f0_state , \dut.f1_state , \dut.f2_state , \dut.f3_state ;
    (* hierconn *) wire [30:0] \dut.e_length , \dut.f0_length , \dut.f1_length , \dut.f2_length , \dut.f3_length ;
    (* hierconn *) wire \dut.a_valid , \dut.b_valid , \dut.c_valid , \dut.d_valid , \dut.a_last , \dut.b_last , \dut.c_last , \dut.d_last ;
    (* hierconn *) wire \dut.e_done , \dut.f0_done , \dut.f1_done , \dut.f2_done , \dut.f3_done ;
    (* hierconn *) wire \dut.e_broken , \dut.f0_broken , \dut.f1_broken , \dut.f2_broken , \dut.f3_broken ;
    (* hierconn *) wire \dut.in_packet , \dut.d_first , \dut.d_empty , \dut.d_late , \dut.d_hole ;
    (* hierconn *) wire [127:0] \dut.a_data ;
    (* hierconn *) wire [15:0] \dut.a_keep , \dut.b_rise , \dut.b_fall , \dut.c_again ;
    (* hierconn *) wire [4:0] \dut.c_lead , \dut.d_count ;
    (* hierconn *) wire [3:0] \dut.c_pad , \dut.d_pad , \dut.e_pad , \dut.f0_pad , \dut.f1_pad , \dut.f2_pad ;
    (* hierconn *) wire [4:0] \dut.queue.ram.watched_address , \dut.queue.write_pointer , \dut.queue.read_pointer ;
    (* hierconn *) wire [63:0] \dut.queue.ram.watched_word ;
    (* hierconn *) wire [5:0] \dut.queue.results , \dut.queue.promised ;
    (* hierconn *) wire \dut.queue.not_empty , \dut.queue.open ;

    reg started = 0;
    always @(posedge aclk) started <= 1;
    always @(*) if (!started) assume (!aresetn);

    // A beat as the definition has it: lanes without TKEEP zero, where its bytes begin and end, how many there are.
    function [127:0] masked(input [127:0] data, input [15:0] keep);
        integer i;
        for (i = 0; i < 16; i = i + 1) masked[8 * i +: 8] = data[8 * i +: 8] & {8{keep[i]}};
    endfunction
    function [4:0] lanes_before(input [15:0] keep);
        integer i;
        begin
            lanes_before = 5'd16;
            for (i = 15; i >= 0; i = i - 1) if (keep[i]) lanes_before = i[4:0];
        end
    endfunction
    function [3:0] lanes_behind(input [15:0] keep);
        integer i;
        begin
            lanes_behind = 4'd0;
            for (i = 0; i < 16; i = i + 1) if (keep[i]) lanes_behind = 4'd15 - i[3:0];
        end
    endfunction
    function [4:0] bytes_in(input [15:0] keep);
        integer i;
        begin
            bytes_in = 5'd0;
            for (i = 0; i < 16; i = i + 1) bytes_in = bytes_in + {4'd0, keep[i]};
        end
    endfunction
    // A byte that is missing between two that are there.
    function has_hole(input [15:0] keep);
        has_hole = keep != 0 && bytes_in(keep) != 5'd16 - lanes_before(keep) - {1'b0, lanes_behind(keep)};
    endfunction

    // The beats beside the pipeline.
    wire take = s_axis_tvalid && s_axis_tready;
    reg va = 0, vb = 0, vc = 0, vd = 0;
    reg la, lb, lc, ld;
    reg [127:0] ma;
    reg [15:0] ka, kb, kc, kd;
    always @(posedge aclk) begin
        {va, vb, vc, vd} <= aresetn ? {take, va, vb, vc} : 4'd0;
        {la, lb, lc, ld} <= {s_axis_tlast, la, lb, lc};
        ka <= s_axis_tkeep; kb <= ka; kc <= kb; kd <= kc;
    end

    // The state as the definition of a beat moves it: from the initial state for the first beat with bytes.
    // The matrices answer anything here: what they are given is `state`, `kc` and so on is the property.
    (* hierconn *) wire [31:0] \dut.advance_state.moved , \dut.start.word ;
    (* hierconn *) wire [31:0] \dut.advance_state.state ;
    (* hierconn *) wire [4:0] \dut.start.lead ;
    reg [31:0] begun;
    always @(posedge aclk) begun <= \dut.start.word ;
    wire [31:0] moved = \dut.advance_state.moved ;
    reg open, broken;                 // after the beat in D
    reg [31:0] state;
    reg [3:0] behind;
    reg [30:0] length;
    wire first = !open;
    wire none = kd == 0;
    // The sum of the words in D, without the initial state.
    reg [31:0] words_d;
    always @(posedge aclk) words_d <= \dut.c_part_0 ^ \dut.c_part_1 ^ \dut.c_part_2 ^ \dut.c_part_3 ;
    reg done;
    always @(posedge aclk) begin
        done <= vd && ld && aresetn;
        if (vd) begin
            if (first) begin
                state <= begun ^ words_d;
                behind <= lanes_behind(kd);
                length <= {26'd0, bytes_in(kd)};
                broken <= has_hole(kd);
            end else begin
                if (!none) begin
                    state <= moved ^ words_d;
                    behind <= lanes_behind(kd);
                end
                length <= length + {26'd0, bytes_in(kd)};
                broken <= broken || has_hole(kd) || (!none && (lanes_before(kd) != 0 || behind != 0));
            end
            open <= !ld && (open || !none);
        end
        if (!aresetn) open <= 0;
    end

    // The result of the packet that ended in E, as it leaves the last stage.
    (* hierconn *) wire [31:0] \dut.retreat_8.state , \dut.retreat_4.state , \dut.retreat_2.state , \dut.retreat_1.state ;
    (* hierconn *) wire [31:0] \dut.retreat_8.moved , \dut.retreat_4.moved , \dut.retreat_2.moved , \dut.retreat_1.moved ;
    reg [31:0] g0, g1, g2, g3;
    reg [3:0] p0, p1, p2;
    reg [30:0] n0, n1, n2, n3;
    reg b0, b1, b2, b3, d0 = 0, d1 = 0, d2 = 0, d3 = 0;
    always @(posedge aclk) begin
        g0 <= behind[3] ? \dut.retreat_8.state  : state;
        g1 <= p0[2] ? \dut.retreat_4.state  : g0;
        g2 <= p1[1] ? \dut.retreat_2.state  : g1;
        g3 <= p2[0] ? \dut.retreat_1.state  : g2;
        p0 <= behind; p1 <= p0; p2 <= p1;
        {n0, n1, n2, n3} <= {length, n0, n1, n2};
        {b0, b1, b2, b3} <= {broken, b0, b1, b2};
        {d0, d1, d2, d3} <= aresetn ? {done, d0, d1, d2} : 4'd0;
    end
    wire [63:0] result = b3 ? {1'b1, 63'd0} : {1'b0, n3, ~g3};

    // Packets are numbered from the last reset, modulo 2^16. The proof follows the result of packet n.
    (* anyconst *) wire [15:0] n;
    always @(*) assume (\dut.queue.ram.watched_address == n[4:0]);
    reg [15:0] entered, ended, left;
    reg [63:0] tracked, offered;
    reg stalled = 0;
    always @(posedge aclk) begin
        if (take && s_axis_tlast) entered <= entered + 16'd1;
        if (d3) ended <= ended + 16'd1;
        if (d3 && ended == n) tracked <= result;
        if (m_axis_tvalid && m_axis_tready) left <= left + 16'd1;
        stalled <= m_axis_tvalid && !m_axis_tready && aresetn;
        offered <= m_axis_tdata;
        if (!aresetn) {entered, ended, left} <= 0;
    end
    reg takes_last_before = 0;
    wire [15:0] inside = ended - left;
    wire [15:0] ahead = n - left;
    wire [15:0] outstanding = entered - left;
    wire [15:0] outstanding_before = outstanding - {15'd0, takes_last_before};
    wire [3:0] passing = {3'd0, va && la} + (vb && lb) + (vc && lc) + (vd && ld) + done + d0 + d1 + d2 + d3;
    always @(posedge aclk) takes_last_before <= take && s_axis_tlast && aresetn;

    always @(*) if (started) begin
        // The properties.
        if (m_axis_tvalid && left == n) result_is_right: assert (m_axis_tdata == tracked);
        if (stalled) offer_stands: assert (m_axis_tvalid && m_axis_tdata == offered);
        every_packet_once: assert (outstanding == inside + {12'd0, passing});
        says_valid: assert (m_axis_tvalid == (inside != 0));
        one_beat_a_result: assert (m_axis_tlast && m_axis_tkeep == 8'hff);
        never_full: assert (outstanding <= 32);
        // The invariants that make them inductive.
        assert ({va, vb, vc, vd} == {\dut.a_valid , \dut.b_valid , \dut.c_valid , \dut.d_valid });
        if (va) assert (\dut.a_keep == ka && \dut.a_last == la);
        if (vb) assert (\dut.b_rise == (kb & ~(kb << 1)) && \dut.b_fall == (kb & ~(kb >> 1)) && \dut.b_last == lb);
        if (vc) assert (\dut.c_last == lc && \dut.c_lead [4] == (kc == 0) && (\dut.c_again != 0) == has_hole(kc));
        if (vc && !has_hole(kc)) assert (\dut.c_lead == lanes_before(kc) && \dut.c_pad == lanes_behind(kc));
        if (vd) begin
            assert (\dut.d_last == ld && \dut.d_first == first && \dut.d_empty == none && \dut.d_hole == has_hole(kd));
            if (!has_hole(kd)) begin
                assert (\dut.d_late == (!none && lanes_before(kd) != 0));
                assert (\dut.d_sum == (words_d ^ (first ? begun : 32'd0)));
                assert (\dut.d_pad == lanes_behind(kd) && \dut.d_count == bytes_in(kd));
            end
        end
        assert (\dut.in_packet == (vd ? !ld && (open || !none) : open));
        assert (\dut.e_done == done);
        if (open || done) assert (\dut.e_broken == broken);
        if ((open || done) && !broken) assert (\dut.e_state == state && \dut.e_pad == behind && \dut.e_length == length);
        assert ({d0, d1, d2, d3} == {\dut.f0_done , \dut.f1_done , \dut.f2_done , \dut.f3_done });
        if (d0) assert (\dut.f0_broken == b0);
        if (d1) assert (\dut.f1_broken == b1);
        if (d2) assert (\dut.f2_broken == b2);
        if (d3) assert (\dut.f3_broken == b3);
        if (d0 && !b0) assert (\dut.f0_state == g0 && \dut.f0_pad == p0 && \dut.f0_length == n0);
        if (d1 && !b1) assert (\dut.f1_state == g1 && \dut.f1_pad == p1 && \dut.f1_length == n1);
        if (d2 && !b2) assert (\dut.f2_state == g2 && \dut.f2_pad == p2 && \dut.f2_length == n2);
        if (d3 && !b3) assert (\dut.f3_state == g3 && \dut.f3_length == n3);
        assert ({10'd0, \dut.queue.results } == inside && \dut.queue.not_empty == (inside != 0));
        assert ({10'd0, \dut.queue.promised } == outstanding);
        assert (!\dut.queue.open || outstanding_before <= 30);
        assert (outstanding <= 32);
        assert (!takes_last_before || (va && la));
        assert (\dut.queue.write_pointer == ended[4:0] && \dut.queue.read_pointer == left[4:0]);
        if (ahead < inside) assert (\dut.queue.ram.watched_word == tracked);
    end

    // The words of a beat, given to the matrices in B.
    reg [127:0] masked_b;
    (* hierconn *) wire [31:0] \dut.advance_word_0.state , \dut.advance_word_0.moved ;
    (* hierconn *) wire [31:0] \dut.advance_word_1.state , \dut.advance_word_1.moved ;
    (* hierconn *) wire [31:0] \dut.advance_word_2.state , \dut.advance_word_2.moved ;
    (* hierconn *) wire [31:0] \dut.advance_word_3.state , \dut.advance_word_3.moved ;
    always @(posedge aclk) begin
        masked_b <= masked(\dut.a_data , \dut.a_keep );
        ma <= s_axis_tdata;
    end
    reg [127:0] parts_c;
    always @(posedge aclk) parts_c <=
        {\dut.advance_word_3.moved , \dut.advance_word_2.moved , \dut.advance_word_1.moved , \dut.advance_word_0.moved };
    always @(*) if (started) begin
        if (va) beat_enters: assert (\dut.a_data == ma);
        if (vb) words_are_given:
            assert ({\dut.advance_word_3.state , \dut.advance_word_2.state , \dut.advance_word_1.state ,
                     \dut.advance_word_0.state } == masked_b);
        if (vc && !has_hole(kc)) first_lane_is_given: assert (\dut.start.lead == lanes_before(kc));
        if (open && !broken) state_is_given: assert (\dut.advance_state.state == state);
        if (done && !broken) lanes_behind_are_taken_back: assert (\dut.retreat_8.moved == state);
        if (d0 && !b0) assert (\dut.retreat_4.moved == g0);
        if (d1 && !b1) assert (\dut.retreat_2.moved == g1);
        if (d2 && !b2) assert (\dut.retreat_1.moved == g2);
        if (vc) words_are_moved: assert ({\dut.c_part_3 , \dut.c_part_2 , \dut.c_part_1 , \dut.c_part_0 } == parts_c);
    end

    // Traces.
    reg [1:0] beats;
    always @(posedge aclk) beats <= !aresetn ? 0 : beats + (take && beats != 3);
    always @(*) begin
        two_beats: cover (started && m_axis_tvalid && beats == 2 && !m_axis_tdata[63] && m_axis_tdata[62:32] == 20);
        gap: cover (started && m_axis_tvalid && m_axis_tdata[63]);
        no_bytes: cover (started && m_axis_tvalid && m_axis_tdata == 0);
    end
endmodule
