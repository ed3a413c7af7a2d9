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
    reg  [31:0]  kept_0;
    reg  [31:0]  kept_1;
    reg  [31:0]  kept_2;
    reg  [31:0]  kept_3;
    reg  [31:0]  kept_4;
    reg  [31:0]  kept_5;
    reg  [31:0]  kept_6;
    reg  [31:0]  kept_7;
    reg  [31:0]  kept_8;
    reg  [31:0]  kept_9;
    reg  [31:0]  kept_10;
    reg  [31:0]  kept_11;
    reg  [31:0]  kept_12;
    reg  [31:0]  kept_13;
    reg  [31:0]  kept_14;
    reg  [31:0]  kept_15;
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
    reg  [31:0]  initial_part;
    wire [31:0]  parts;
    wire [4:0]   pad_wide;
    wire [4:0]   bytes_from_lead;
    wire         load;
    reg  [31:0]  next_state;
    wire [30:0]  count_wide;
    reg  [30:0]  length_before;
    wire         gap;
    wire         was_broken;
    reg  [31:0]  retreated_0;
    reg  [31:0]  retreated_1;
    reg  [31:0]  retreated_2;
    reg  [31:0]  retreated_3;
    wire [31:0]  crc_bits;
    wire [63:0]  crc;
    wire [63:0]  length_wide;
    wire [63:0]  length_placed;
    reg  [63:0]  result;
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
    reg          a_valid_next;
    reg          a_valid = 1'b0;
    reg          a_last = 1'b0;
    reg  [127:0] a_data = 128'd0;
    reg  [15:0]  a_keep = 16'd0;
    reg          b_valid_next;
    reg          b_valid = 1'b0;
    reg          b_last = 1'b0;
    reg  [31:0]  b_word_0 = 32'd0;
    reg  [31:0]  b_word_1 = 32'd0;
    reg  [31:0]  b_word_2 = 32'd0;
    reg  [31:0]  b_word_3 = 32'd0;
    reg  [15:0]  b_rise = 16'd0;
    reg  [15:0]  b_fall = 16'd0;
    reg          c_valid_next;
    reg          c_valid = 1'b0;
    reg          c_last = 1'b0;
    reg  [31:0]  c_part_0 = 32'd0;
    reg  [31:0]  c_part_1 = 32'd0;
    reg  [31:0]  c_part_2 = 32'd0;
    reg  [31:0]  c_part_3 = 32'd0;
    reg  [4:0]   c_lead = 5'd0;
    reg  [3:0]   c_pad = 4'd0;
    reg  [15:0]  c_again = 16'd0;
    reg          d_valid_next;
    reg          d_valid = 1'b0;
    reg          d_last = 1'b0;
    reg  [31:0]  d_sum = 32'd0;
    reg          d_first = 1'b0;
    reg          d_empty = 1'b0;
    reg          d_late = 1'b0;
    reg          d_hole = 1'b0;
    reg  [3:0]   d_pad = 4'd0;
    reg  [4:0]   d_count = 5'd0;
    reg          in_packet_next;
    reg          in_packet = 1'b0;
    reg          e_done_next;
    reg          e_done = 1'b0;
    reg  [31:0]  e_state_next;
    reg  [31:0]  e_state = 32'd0;
    reg  [3:0]   e_pad_next;
    reg  [3:0]   e_pad = 4'd0;
    reg  [30:0]  e_length_next;
    reg  [30:0]  e_length = 31'd0;
    reg          e_broken_next;
    reg          e_broken = 1'b0;
    reg          f0_done_next;
    reg          f0_done = 1'b0;
    reg  [31:0]  f0_state = 32'd0;
    reg  [30:0]  f0_length = 31'd0;
    reg          f0_broken = 1'b0;
    reg  [3:0]   f0_pad = 4'd0;
    reg          f1_done_next;
    reg          f1_done = 1'b0;
    reg  [31:0]  f1_state = 32'd0;
    reg  [30:0]  f1_length = 31'd0;
    reg          f1_broken = 1'b0;
    reg  [3:0]   f1_pad = 4'd0;
    reg          f2_done_next;
    reg          f2_done = 1'b0;
    reg  [31:0]  f2_state = 32'd0;
    reg  [30:0]  f2_length = 31'd0;
    reg          f2_broken = 1'b0;
    reg  [3:0]   f2_pad = 4'd0;
    reg          f3_done_next;
    reg          f3_done = 1'b0;
    reg  [31:0]  f3_state = 32'd0;
    reg  [30:0]  f3_length = 31'd0;
    reg          f3_broken = 1'b0;

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

    always @(*) begin
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
    end

    always @(*) begin
        e_state_next = e_state;
        e_pad_next = e_pad;
        if (load) begin
            e_state_next = next_state;
            e_pad_next = d_pad;
        end
    end

    always @(*) begin
        e_length_next = e_length;
        e_broken_next = e_broken;
        if (d_valid) begin
            e_length_next = length_before + count_wide;
            e_broken_next = d_hole | was_broken;
        end
    end

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

    always @(*) begin
        kept_0 = 32'd0;
        if (a_keep[0]) begin
            kept_0 = {24'd0, byte_0};
        end
    end

    always @(*) begin
        kept_1 = 32'd0;
        if (a_keep[1]) begin
            kept_1 = {24'd0, byte_1};
        end
    end

    always @(*) begin
        kept_2 = 32'd0;
        if (a_keep[2]) begin
            kept_2 = {24'd0, byte_2};
        end
    end

    always @(*) begin
        kept_3 = 32'd0;
        if (a_keep[3]) begin
            kept_3 = {24'd0, byte_3};
        end
    end

    always @(*) begin
        kept_4 = 32'd0;
        if (a_keep[4]) begin
            kept_4 = {24'd0, byte_4};
        end
    end

    always @(*) begin
        kept_5 = 32'd0;
        if (a_keep[5]) begin
            kept_5 = {24'd0, byte_5};
        end
    end

    always @(*) begin
        kept_6 = 32'd0;
        if (a_keep[6]) begin
            kept_6 = {24'd0, byte_6};
        end
    end

    always @(*) begin
        kept_7 = 32'd0;
        if (a_keep[7]) begin
            kept_7 = {24'd0, byte_7};
        end
    end

    always @(*) begin
        kept_8 = 32'd0;
        if (a_keep[8]) begin
            kept_8 = {24'd0, byte_8};
        end
    end

    always @(*) begin
        kept_9 = 32'd0;
        if (a_keep[9]) begin
            kept_9 = {24'd0, byte_9};
        end
    end

    always @(*) begin
        kept_10 = 32'd0;
        if (a_keep[10]) begin
            kept_10 = {24'd0, byte_10};
        end
    end

    always @(*) begin
        kept_11 = 32'd0;
        if (a_keep[11]) begin
            kept_11 = {24'd0, byte_11};
        end
    end

    always @(*) begin
        kept_12 = 32'd0;
        if (a_keep[12]) begin
            kept_12 = {24'd0, byte_12};
        end
    end

    always @(*) begin
        kept_13 = 32'd0;
        if (a_keep[13]) begin
            kept_13 = {24'd0, byte_13};
        end
    end

    always @(*) begin
        kept_14 = 32'd0;
        if (a_keep[14]) begin
            kept_14 = {24'd0, byte_14};
        end
    end

    always @(*) begin
        kept_15 = 32'd0;
        if (a_keep[15]) begin
            kept_15 = {24'd0, byte_15};
        end
    end

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
    always @(*) begin
        initial_part = 32'd0;
        if (~in_packet) begin
            initial_part = start_word;
        end
    end

    assign parts = c_part_0 ^ c_part_1 ^ c_part_2 ^ c_part_3;
    assign empty = c_lead[4];
    assign pad_wide = {1'b0, c_pad};
    assign bytes_from_lead = sixteen - c_lead;

    // E: the state, the lanes after its last byte, the length. A beat without bytes changes nothing.
    assign load = d_valid & (d_first | ~d_empty);

    always @(*) begin
        next_state = d_sum;
        if (~d_first) begin
            next_state = advance_state_moved ^ d_sum;
        end
    end

    assign count_wide = {26'd0, d_count};

    always @(*) begin
        length_before = 31'd0;
        if (~d_first) begin
            length_before = e_length;
        end
    end

    // Bytes do not go on where the last ones ended.
    assign gap = ~d_empty & (d_late | (|e_pad));
    assign was_broken = ~d_first & (e_broken | gap);

    // F: the lanes after the last byte are taken back, eight, four, two and one.
    always @(*) begin
        retreated_0 = e_state;
        if (e_pad[3]) begin
            retreated_0 = retreat_8_state;
        end
    end

    always @(*) begin
        retreated_1 = f0_state;
        if (f0_pad[2]) begin
            retreated_1 = retreat_4_state;
        end
    end

    always @(*) begin
        retreated_2 = f1_state;
        if (f1_pad[1]) begin
            retreated_2 = retreat_2_state;
        end
    end

    always @(*) begin
        retreated_3 = f2_state;
        if (f2_pad[0]) begin
            retreated_3 = retreat_1_state;
        end
    end

    // The result.
    assign crc_bits = ~f3_state;
    assign crc = {32'd0, crc_bits};
    assign length_wide = {33'd0, f3_length};
    assign length_placed = length_wide << 32;

    always @(*) begin
        result = crc | length_placed;
        if (f3_broken) begin
            result = no_fingerprint;
        end
    end

    assign m_axis_tkeep = all_bytes;
    assign m_axis_tlast = 1'b1;

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
