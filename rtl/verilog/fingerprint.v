// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
// CRC32C of each packet, sixteen bytes a clock. The pipeline never stalls: places for results are promised.
module fingerprint (
    input  wire         aclk,
    input  wire         aresetn,
    input  wire [127:0] s_axis_tdata,
    input  wire [15:0]  s_axis_tkeep,
    input  wire         s_axis_tvalid,
    output wire         s_axis_tready,
    input  wire         s_axis_tlast,
    output wire [63:0]  m_axis_tdata,
    output wire [7:0]   m_axis_tkeep,
    output wire         m_axis_tvalid,
    input  wire         m_axis_tready,
    output wire         m_axis_tlast
);

    localparam [7:0] all_bytes = 8'hff;
    localparam [15:0] lower = 16'hff;
    localparam [63:0] no_fingerprint = 64'h8000000000000000;
    localparam [15:0] not_odd = 16'h5555;
    localparam [15:0] not_pairs = 16'h3333;
    localparam [15:0] not_quads = 16'hf0f;
    localparam [15:0] odd = 16'haaaa;
    localparam [15:0] one_lane = 16'd1;
    localparam [15:0] pairs = 16'hcccc;
    localparam [15:0] quads = 16'hf0f0;
    localparam [4:0] sixteen = 5'h10;
    localparam [15:0] upper = 16'hff00;
    wire         accept;
    wire [7:0]   byte_0;
    wire [7:0]   byte_1;
    wire [7:0]   byte_2;
    wire [7:0]   byte_3;
    wire [7:0]   byte_4;
    wire [7:0]   byte_5;
    wire [7:0]   byte_6;
    wire [7:0]   byte_7;
    wire [7:0]   byte_8;
    wire [7:0]   byte_9;
    wire [7:0]   byte_10;
    wire [7:0]   byte_11;
    wire [7:0]   byte_12;
    wire [7:0]   byte_13;
    wire [7:0]   byte_14;
    wire [7:0]   byte_15;
    wire [31:0]  kept_0;
    wire [31:0]  kept_1;
    wire [31:0]  kept_2;
    wire [31:0]  kept_3;
    wire [31:0]  kept_4;
    wire [31:0]  kept_5;
    wire [31:0]  kept_6;
    wire [31:0]  kept_7;
    wire [31:0]  kept_8;
    wire [31:0]  kept_9;
    wire [31:0]  kept_10;
    wire [31:0]  kept_11;
    wire [31:0]  kept_12;
    wire [31:0]  kept_13;
    wire [31:0]  kept_14;
    wire [31:0]  kept_15;
    wire [31:0]  word_0;
    wire [31:0]  word_1;
    wire [31:0]  word_2;
    wire [31:0]  word_3;
    wire [15:0]  lane_below;
    wire [15:0]  lane_above;
    wire [15:0]  rise_less_one;
    wire [15:0]  lead_bits_0;
    wire [15:0]  lead_bits_1;
    wire [15:0]  lead_bits_2;
    wire [15:0]  lead_bits_3;
    wire [15:0]  pad_bits_0;
    wire [15:0]  pad_bits_1;
    wire [15:0]  pad_bits_2;
    wire [15:0]  pad_bits_3;
    wire [4:0]   lead_bit_0;
    wire [4:0]   lead_bit_1;
    wire [4:0]   lead_bit_2;
    wire [4:0]   lead_bit_3;
    wire [4:0]   lead_bit_4;
    wire [3:0]   pad_bit_0;
    wire [3:0]   pad_bit_1;
    wire [3:0]   pad_bit_2;
    wire [3:0]   pad_bit_3;
    wire         empty;
    wire         no_bytes;
    wire [31:0]  initial_part;
    wire [31:0]  parts;
    wire [4:0]   pad_wide;
    wire [4:0]   bytes_from_lead;
    wire         load;
    wire [31:0]  next_state;
    wire [30:0]  count_wide;
    wire [30:0]  length_before;
    wire         gap;
    wire         was_broken;
    wire [31:0]  retreated_0;
    wire [31:0]  retreated_1;
    wire [31:0]  retreated_2;
    wire [31:0]  retreated_3;
    wire [31:0]  crc_bits;
    wire [63:0]  crc;
    wire [63:0]  length_wide;
    wire [63:0]  length_placed;
    wire [63:0]  result;
    wire         queue_promise;
    wire         queue_room;
    wire [31:0]  advance_word_0_moved;
    wire [31:0]  advance_word_1_moved;
    wire [31:0]  advance_word_2_moved;
    wire [31:0]  advance_word_3_moved;
    wire [31:0]  advance_state_moved;
    wire [31:0]  retreat_8_state;
    wire [31:0]  retreat_4_state;
    wire [31:0]  retreat_2_state;
    wire [31:0]  retreat_1_state;
    wire [31:0]  start_word;
    wire         a_valid_next;
    reg          a_valid;
    reg          a_last;
    reg  [127:0] a_data;
    reg  [15:0]  a_keep;
    wire         b_valid_next;
    reg          b_valid;
    reg          b_last;
    reg  [31:0]  b_word_0;
    reg  [31:0]  b_word_1;
    reg  [31:0]  b_word_2;
    reg  [31:0]  b_word_3;
    reg  [15:0]  b_rise;
    reg  [15:0]  b_fall;
    wire         c_valid_next;
    reg          c_valid;
    reg          c_last;
    reg  [31:0]  c_part_0;
    reg  [31:0]  c_part_1;
    reg  [31:0]  c_part_2;
    reg  [31:0]  c_part_3;
    reg  [4:0]   c_lead;
    reg  [3:0]   c_pad;
    reg  [15:0]  c_again;
    wire         d_valid_next;
    reg          d_valid;
    reg          d_last;
    reg  [31:0]  d_sum;
    reg          d_first;
    reg          d_empty;
    reg          d_late;
    reg          d_hole;
    reg  [3:0]   d_pad;
    reg  [4:0]   d_count;
    wire         in_packet_next;
    reg          in_packet;
    wire         e_done_next;
    reg          e_done;
    wire [31:0]  e_state_next;
    reg  [31:0]  e_state;
    wire [3:0]   e_pad_next;
    reg  [3:0]   e_pad;
    wire [30:0]  e_length_next;
    reg  [30:0]  e_length;
    wire         e_broken_next;
    reg          e_broken;
    wire         f0_done_next;
    reg          f0_done;
    reg  [31:0]  f0_state;
    reg  [30:0]  f0_length;
    reg          f0_broken;
    reg  [3:0]   f0_pad;
    wire         f1_done_next;
    reg          f1_done;
    reg  [31:0]  f1_state;
    reg  [30:0]  f1_length;
    reg          f1_broken;
    reg  [3:0]   f1_pad;
    wire         f2_done_next;
    reg          f2_done;
    reg  [31:0]  f2_state;
    reg  [30:0]  f2_length;
    reg          f2_broken;
    reg  [3:0]   f2_pad;
    wire         f3_done_next;
    reg          f3_done;
    reg  [31:0]  f3_state;
    reg  [30:0]  f3_length;
    reg          f3_broken;

    fingerprint_queue queue (
        .clock(aclk),
        .resetn(aresetn),
        .promise(queue_promise),
        .room(queue_room),
        .write(f3_done),
        .write_data(result),
        .valid(m_axis_tvalid),
        .data(m_axis_tdata),
        .ready(m_axis_tready)
    );

    crc32c_advance_16 advance_word_0 (
        .state(b_word_0),
        .moved(advance_word_0_moved)
    );

    crc32c_advance_12 advance_word_1 (
        .state(b_word_1),
        .moved(advance_word_1_moved)
    );

    crc32c_advance_8 advance_word_2 (
        .state(b_word_2),
        .moved(advance_word_2_moved)
    );

    crc32c_advance_4 advance_word_3 (
        .state(b_word_3),
        .moved(advance_word_3_moved)
    );

    crc32c_advance_16 advance_state (
        .state(e_state),
        .moved(advance_state_moved)
    );

    crc32c_retreat_8 retreat_8 (
        .moved(e_state),
        .state(retreat_8_state)
    );

    crc32c_retreat_4 retreat_4 (
        .moved(f0_state),
        .state(retreat_4_state)
    );

    crc32c_retreat_2 retreat_2 (
        .moved(f1_state),
        .state(retreat_2_state)
    );

    crc32c_retreat_1 retreat_1 (
        .moved(f2_state),
        .state(retreat_1_state)
    );

    crc32c_start start (
        .lead(c_lead),
        .word(start_word)
    );

    // In a function, arguments and results have the names of the nets that they are.
    // verilator lint_off VARHIDDEN

    function automatic [9:0] choose_in_packet_next(
        input         a_valid,
        input         accept,
        input         aresetn,
        input         b_valid,
        input         c_last,
        input         c_valid,
        input         d_last,
        input         d_valid,
        input         e_done,
        input         empty,
        input         f0_done,
        input         f1_done,
        input         f2_done,
        input         in_packet
    );
        reg         in_packet_next;
        reg         a_valid_next;
        reg         b_valid_next;
        reg         c_valid_next;
        reg         d_valid_next;
        reg         e_done_next;
        reg         f0_done_next;
        reg         f1_done_next;
        reg         f2_done_next;
        reg         f3_done_next;
        begin
            in_packet_next = in_packet;
            a_valid_next = accept;
            b_valid_next = a_valid;
            c_valid_next = b_valid;
            d_valid_next = c_valid;
            if (c_valid) begin
                in_packet_next = ~c_last & (in_packet | ~empty);
            end
            e_done_next = d_valid & d_last;
            f0_done_next = e_done;
            f1_done_next = f0_done;
            f2_done_next = f1_done;
            f3_done_next = f2_done;
            // Of the pipeline only what says that a beat or a packet is there needs a reset.
            if (~aresetn) begin
                a_valid_next = 1'b0;
                b_valid_next = 1'b0;
                c_valid_next = 1'b0;
                d_valid_next = 1'b0;
                e_done_next = 1'b0;
                f0_done_next = 1'b0;
                f1_done_next = 1'b0;
                f2_done_next = 1'b0;
                f3_done_next = 1'b0;
                in_packet_next = 1'b0;
            end
            choose_in_packet_next = {in_packet_next, a_valid_next, b_valid_next, c_valid_next, d_valid_next, e_done_next, f0_done_next, f1_done_next, f2_done_next, f3_done_next};
        end
    endfunction
    assign {in_packet_next, a_valid_next, b_valid_next, c_valid_next, d_valid_next, e_done_next, f0_done_next, f1_done_next, f2_done_next, f3_done_next} = choose_in_packet_next(a_valid, accept, aresetn, b_valid, c_last, c_valid, d_last, d_valid, e_done, empty, f0_done, f1_done, f2_done, in_packet);

    function automatic [35:0] choose_e_state_next(
        input [3:0]   d_pad,
        input [3:0]   e_pad,
        input [31:0]  e_state,
        input         load,
        input [31:0]  next_state
    );
        reg [31:0]  e_state_next;
        reg [3:0]   e_pad_next;
        begin
            e_state_next = e_state;
            e_pad_next = e_pad;
            if (load) begin
                e_state_next = next_state;
                e_pad_next = d_pad;
            end
            choose_e_state_next = {e_state_next, e_pad_next};
        end
    endfunction
    assign {e_state_next, e_pad_next} = choose_e_state_next(d_pad, e_pad, e_state, load, next_state);

    function automatic [31:0] choose_e_length_next(
        input [30:0]  count_wide,
        input         d_hole,
        input         d_valid,
        input         e_broken,
        input [30:0]  e_length,
        input [30:0]  length_before,
        input         was_broken
    );
        reg [30:0]  e_length_next;
        reg         e_broken_next;
        begin
            e_length_next = e_length;
            e_broken_next = e_broken;
            if (d_valid) begin
                e_length_next = length_before + count_wide;
                e_broken_next = d_hole | was_broken;
            end
            choose_e_length_next = {e_length_next, e_broken_next};
        end
    endfunction
    assign {e_length_next, e_broken_next} = choose_e_length_next(count_wide, d_hole, d_valid, e_broken, e_length, length_before, was_broken);

    // A: the beat as it was taken.
    assign s_axis_tready = queue_room;
    assign accept = s_axis_tvalid & queue_room;
    assign queue_promise = accept & s_axis_tlast;

    // B: bytes that do not belong to the packet are zero; where its bytes begin and end.
    assign byte_0 = a_data[7:0];
    assign byte_1 = a_data[15:8];
    assign byte_2 = a_data[23:16];
    assign byte_3 = a_data[31:24];
    assign byte_4 = a_data[39:32];
    assign byte_5 = a_data[47:40];
    assign byte_6 = a_data[55:48];
    assign byte_7 = a_data[63:56];
    assign byte_8 = a_data[71:64];
    assign byte_9 = a_data[79:72];
    assign byte_10 = a_data[87:80];
    assign byte_11 = a_data[95:88];
    assign byte_12 = a_data[103:96];
    assign byte_13 = a_data[111:104];
    assign byte_14 = a_data[119:112];
    assign byte_15 = a_data[127:120];

    function automatic [31:0] choose_kept_0(
        input [15:0]  a_keep,
        input [7:0]   byte_0
    );
        reg [31:0]  kept_0;
        begin
            kept_0 = 32'd0;
            if (a_keep[0]) begin
                kept_0 = {24'd0, byte_0};
            end
            choose_kept_0 = kept_0;
        end
    endfunction
    assign kept_0 = choose_kept_0(a_keep, byte_0);

    function automatic [31:0] choose_kept_1(
        input [15:0]  a_keep,
        input [7:0]   byte_1
    );
        reg [31:0]  kept_1;
        begin
            kept_1 = 32'd0;
            if (a_keep[1]) begin
                kept_1 = {24'd0, byte_1};
            end
            choose_kept_1 = kept_1;
        end
    endfunction
    assign kept_1 = choose_kept_1(a_keep, byte_1);

    function automatic [31:0] choose_kept_2(
        input [15:0]  a_keep,
        input [7:0]   byte_2
    );
        reg [31:0]  kept_2;
        begin
            kept_2 = 32'd0;
            if (a_keep[2]) begin
                kept_2 = {24'd0, byte_2};
            end
            choose_kept_2 = kept_2;
        end
    endfunction
    assign kept_2 = choose_kept_2(a_keep, byte_2);

    function automatic [31:0] choose_kept_3(
        input [15:0]  a_keep,
        input [7:0]   byte_3
    );
        reg [31:0]  kept_3;
        begin
            kept_3 = 32'd0;
            if (a_keep[3]) begin
                kept_3 = {24'd0, byte_3};
            end
            choose_kept_3 = kept_3;
        end
    endfunction
    assign kept_3 = choose_kept_3(a_keep, byte_3);

    function automatic [31:0] choose_kept_4(
        input [15:0]  a_keep,
        input [7:0]   byte_4
    );
        reg [31:0]  kept_4;
        begin
            kept_4 = 32'd0;
            if (a_keep[4]) begin
                kept_4 = {24'd0, byte_4};
            end
            choose_kept_4 = kept_4;
        end
    endfunction
    assign kept_4 = choose_kept_4(a_keep, byte_4);

    function automatic [31:0] choose_kept_5(
        input [15:0]  a_keep,
        input [7:0]   byte_5
    );
        reg [31:0]  kept_5;
        begin
            kept_5 = 32'd0;
            if (a_keep[5]) begin
                kept_5 = {24'd0, byte_5};
            end
            choose_kept_5 = kept_5;
        end
    endfunction
    assign kept_5 = choose_kept_5(a_keep, byte_5);

    function automatic [31:0] choose_kept_6(
        input [15:0]  a_keep,
        input [7:0]   byte_6
    );
        reg [31:0]  kept_6;
        begin
            kept_6 = 32'd0;
            if (a_keep[6]) begin
                kept_6 = {24'd0, byte_6};
            end
            choose_kept_6 = kept_6;
        end
    endfunction
    assign kept_6 = choose_kept_6(a_keep, byte_6);

    function automatic [31:0] choose_kept_7(
        input [15:0]  a_keep,
        input [7:0]   byte_7
    );
        reg [31:0]  kept_7;
        begin
            kept_7 = 32'd0;
            if (a_keep[7]) begin
                kept_7 = {24'd0, byte_7};
            end
            choose_kept_7 = kept_7;
        end
    endfunction
    assign kept_7 = choose_kept_7(a_keep, byte_7);

    function automatic [31:0] choose_kept_8(
        input [15:0]  a_keep,
        input [7:0]   byte_8
    );
        reg [31:0]  kept_8;
        begin
            kept_8 = 32'd0;
            if (a_keep[8]) begin
                kept_8 = {24'd0, byte_8};
            end
            choose_kept_8 = kept_8;
        end
    endfunction
    assign kept_8 = choose_kept_8(a_keep, byte_8);

    function automatic [31:0] choose_kept_9(
        input [15:0]  a_keep,
        input [7:0]   byte_9
    );
        reg [31:0]  kept_9;
        begin
            kept_9 = 32'd0;
            if (a_keep[9]) begin
                kept_9 = {24'd0, byte_9};
            end
            choose_kept_9 = kept_9;
        end
    endfunction
    assign kept_9 = choose_kept_9(a_keep, byte_9);

    function automatic [31:0] choose_kept_10(
        input [15:0]  a_keep,
        input [7:0]   byte_10
    );
        reg [31:0]  kept_10;
        begin
            kept_10 = 32'd0;
            if (a_keep[10]) begin
                kept_10 = {24'd0, byte_10};
            end
            choose_kept_10 = kept_10;
        end
    endfunction
    assign kept_10 = choose_kept_10(a_keep, byte_10);

    function automatic [31:0] choose_kept_11(
        input [15:0]  a_keep,
        input [7:0]   byte_11
    );
        reg [31:0]  kept_11;
        begin
            kept_11 = 32'd0;
            if (a_keep[11]) begin
                kept_11 = {24'd0, byte_11};
            end
            choose_kept_11 = kept_11;
        end
    endfunction
    assign kept_11 = choose_kept_11(a_keep, byte_11);

    function automatic [31:0] choose_kept_12(
        input [15:0]  a_keep,
        input [7:0]   byte_12
    );
        reg [31:0]  kept_12;
        begin
            kept_12 = 32'd0;
            if (a_keep[12]) begin
                kept_12 = {24'd0, byte_12};
            end
            choose_kept_12 = kept_12;
        end
    endfunction
    assign kept_12 = choose_kept_12(a_keep, byte_12);

    function automatic [31:0] choose_kept_13(
        input [15:0]  a_keep,
        input [7:0]   byte_13
    );
        reg [31:0]  kept_13;
        begin
            kept_13 = 32'd0;
            if (a_keep[13]) begin
                kept_13 = {24'd0, byte_13};
            end
            choose_kept_13 = kept_13;
        end
    endfunction
    assign kept_13 = choose_kept_13(a_keep, byte_13);

    function automatic [31:0] choose_kept_14(
        input [15:0]  a_keep,
        input [7:0]   byte_14
    );
        reg [31:0]  kept_14;
        begin
            kept_14 = 32'd0;
            if (a_keep[14]) begin
                kept_14 = {24'd0, byte_14};
            end
            choose_kept_14 = kept_14;
        end
    endfunction
    assign kept_14 = choose_kept_14(a_keep, byte_14);

    function automatic [31:0] choose_kept_15(
        input [15:0]  a_keep,
        input [7:0]   byte_15
    );
        reg [31:0]  kept_15;
        begin
            kept_15 = 32'd0;
            if (a_keep[15]) begin
                kept_15 = {24'd0, byte_15};
            end
            choose_kept_15 = kept_15;
        end
    endfunction
    assign kept_15 = choose_kept_15(a_keep, byte_15);

    assign word_0 = kept_0 | (kept_1 << 8) | (kept_2 << 16) | (kept_3 << 24);
    assign word_1 = kept_4 | (kept_5 << 8) | (kept_6 << 16) | (kept_7 << 24);
    assign word_2 = kept_8 | (kept_9 << 8) | (kept_10 << 16) | (kept_11 << 24);
    assign word_3 = kept_12 | (kept_13 << 8) | (kept_14 << 16) | (kept_15 << 24);
    assign lane_below = a_keep << 1;
    assign lane_above = a_keep >> 1;

    // C: each word as it will be at the end of the beat; lanes before the first byte and after the last.
    assign no_bytes = ~(|b_rise);
    assign lead_bits_0 = b_rise & odd;
    assign lead_bits_1 = b_rise & pairs;
    assign lead_bits_2 = b_rise & quads;
    assign lead_bits_3 = b_rise & upper;
    assign lead_bit_0 = {4'd0, |lead_bits_0};
    assign lead_bit_1 = {4'd0, |lead_bits_1};
    assign lead_bit_2 = {4'd0, |lead_bits_2};
    assign lead_bit_3 = {4'd0, |lead_bits_3};
    assign lead_bit_4 = {4'd0, no_bytes};
    assign pad_bits_0 = b_fall & not_odd;
    assign pad_bits_1 = b_fall & not_pairs;
    assign pad_bits_2 = b_fall & not_quads;
    assign pad_bits_3 = b_fall & lower;
    assign pad_bit_0 = {3'd0, |pad_bits_0};
    assign pad_bit_1 = {3'd0, |pad_bits_1};
    assign pad_bit_2 = {3'd0, |pad_bits_2};
    assign pad_bit_3 = {3'd0, |pad_bits_3};

    // Bytes begin more than once: what is left without the first beginning.
    assign rise_less_one = b_rise - one_lane;

    // D: what the beat adds to the state, with the initial state when it is the first with bytes.
    function automatic [31:0] choose_initial_part(
        input         in_packet,
        input [31:0]  start_word
    );
        reg [31:0]  initial_part;
        begin
            initial_part = 32'd0;
            if (~in_packet) begin
                initial_part = start_word;
            end
            choose_initial_part = initial_part;
        end
    endfunction
    assign initial_part = choose_initial_part(in_packet, start_word);

    assign parts = c_part_0 ^ c_part_1 ^ c_part_2 ^ c_part_3;
    assign empty = c_lead[4];
    assign pad_wide = {1'b0, c_pad};
    assign bytes_from_lead = sixteen - c_lead;

    // E: the state, the lanes after its last byte, the length. A beat without bytes changes nothing.
    assign load = d_valid & (d_first | ~d_empty);

    function automatic [31:0] choose_next_state(
        input [31:0]  advance_state_moved,
        input         d_first,
        input [31:0]  d_sum
    );
        reg [31:0]  next_state;
        begin
            next_state = d_sum;
            if (~d_first) begin
                next_state = advance_state_moved ^ d_sum;
            end
            choose_next_state = next_state;
        end
    endfunction
    assign next_state = choose_next_state(advance_state_moved, d_first, d_sum);

    assign count_wide = {26'd0, d_count};

    function automatic [30:0] choose_length_before(
        input         d_first,
        input [30:0]  e_length
    );
        reg [30:0]  length_before;
        begin
            length_before = 31'd0;
            if (~d_first) begin
                length_before = e_length;
            end
            choose_length_before = length_before;
        end
    endfunction
    assign length_before = choose_length_before(d_first, e_length);

    // Bytes do not go on where the last ones ended.
    assign gap = ~d_empty & (d_late | (|e_pad));
    assign was_broken = ~d_first & (e_broken | gap);

    // F: the lanes after the last byte are taken back, eight, four, two and one.
    function automatic [31:0] choose_retreated_0(
        input [3:0]   e_pad,
        input [31:0]  e_state,
        input [31:0]  retreat_8_state
    );
        reg [31:0]  retreated_0;
        begin
            retreated_0 = e_state;
            if (e_pad[3]) begin
                retreated_0 = retreat_8_state;
            end
            choose_retreated_0 = retreated_0;
        end
    endfunction
    assign retreated_0 = choose_retreated_0(e_pad, e_state, retreat_8_state);

    function automatic [31:0] choose_retreated_1(
        input [3:0]   f0_pad,
        input [31:0]  f0_state,
        input [31:0]  retreat_4_state
    );
        reg [31:0]  retreated_1;
        begin
            retreated_1 = f0_state;
            if (f0_pad[2]) begin
                retreated_1 = retreat_4_state;
            end
            choose_retreated_1 = retreated_1;
        end
    endfunction
    assign retreated_1 = choose_retreated_1(f0_pad, f0_state, retreat_4_state);

    function automatic [31:0] choose_retreated_2(
        input [3:0]   f1_pad,
        input [31:0]  f1_state,
        input [31:0]  retreat_2_state
    );
        reg [31:0]  retreated_2;
        begin
            retreated_2 = f1_state;
            if (f1_pad[1]) begin
                retreated_2 = retreat_2_state;
            end
            choose_retreated_2 = retreated_2;
        end
    endfunction
    assign retreated_2 = choose_retreated_2(f1_pad, f1_state, retreat_2_state);

    function automatic [31:0] choose_retreated_3(
        input [3:0]   f2_pad,
        input [31:0]  f2_state,
        input [31:0]  retreat_1_state
    );
        reg [31:0]  retreated_3;
        begin
            retreated_3 = f2_state;
            if (f2_pad[0]) begin
                retreated_3 = retreat_1_state;
            end
            choose_retreated_3 = retreated_3;
        end
    endfunction
    assign retreated_3 = choose_retreated_3(f2_pad, f2_state, retreat_1_state);

    // The result.
    assign crc_bits = ~f3_state;
    assign crc = {32'd0, crc_bits};
    assign length_wide = {33'd0, f3_length};
    assign length_placed = length_wide << 32;

    function automatic [63:0] choose_result(
        input [63:0]  crc,
        input         f3_broken,
        input [63:0]  length_placed
    );
        reg [63:0]  result;
        begin
            result = crc | length_placed;
            if (f3_broken) begin
                result = no_fingerprint;
            end
            choose_result = result;
        end
    endfunction
    assign result = choose_result(crc, f3_broken, length_placed);

    assign m_axis_tkeep = all_bytes;
    assign m_axis_tlast = 1'b1;

    // verilator lint_on VARHIDDEN

    always @(posedge aclk) begin
        a_valid <= a_valid_next;
        a_last <= s_axis_tlast;
        a_data <= s_axis_tdata;
        a_keep <= s_axis_tkeep;
        b_valid <= b_valid_next;
        b_last <= a_last;
        b_word_0 <= word_0;
        b_word_1 <= word_1;
        b_word_2 <= word_2;
        b_word_3 <= word_3;
        b_rise <= a_keep & ~lane_below;
        b_fall <= a_keep & ~lane_above;
        c_valid <= c_valid_next;
        c_last <= b_last;
        c_part_0 <= advance_word_0_moved;
        c_part_1 <= advance_word_1_moved;
        c_part_2 <= advance_word_2_moved;
        c_part_3 <= advance_word_3_moved;
        c_lead <= lead_bit_0 | (lead_bit_1 << 1) | (lead_bit_2 << 2) | (lead_bit_3 << 3) | (lead_bit_4 << 4);
        c_pad <= pad_bit_0 | (pad_bit_1 << 1) | (pad_bit_2 << 2) | (pad_bit_3 << 3);
        c_again <= b_rise & rise_less_one;
        d_valid <= d_valid_next;
        d_last <= c_last;
        d_sum <= parts ^ initial_part;
        d_first <= ~in_packet;
        d_empty <= empty;
        d_late <= (|c_lead) & ~empty;
        d_hole <= |c_again;
        d_pad <= c_pad;
        d_count <= bytes_from_lead - pad_wide;
        in_packet <= in_packet_next;
        e_done <= e_done_next;
        e_state <= e_state_next;
        e_pad <= e_pad_next;
        e_length <= e_length_next;
        e_broken <= e_broken_next;
        f0_done <= f0_done_next;
        f0_state <= retreated_0;
        f0_length <= e_length;
        f0_broken <= e_broken;
        f0_pad <= e_pad;
        f1_done <= f1_done_next;
        f1_state <= retreated_1;
        f1_length <= f0_length;
        f1_broken <= f0_broken;
        f1_pad <= f0_pad;
        f2_done <= f2_done_next;
        f2_state <= retreated_2;
        f2_length <= f1_length;
        f2_broken <= f1_broken;
        f2_pad <= f1_pad;
        f3_done <= f3_done_next;
        f3_state <= retreated_3;
        f3_length <= f2_length;
        f3_broken <= f2_broken;
    end
endmodule
