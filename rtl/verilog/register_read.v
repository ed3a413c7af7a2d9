// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
// Two clocks: first decode and choose within each bank, then choose among them.
module register_read (
    input  wire         clock,
    input  wire [11:0]  address,
    input  wire         select,
    input  wire [31:0]  words_0,
    input  wire [31:0]  words_1,
    input  wire [31:0]  words_2,
    input  wire [31:0]  words_3,
    input  wire [31:0]  words_4,
    input  wire [31:0]  words_5,
    input  wire [31:0]  words_6,
    input  wire [31:0]  words_7,
    input  wire [31:0]  words_8,
    input  wire [31:0]  words_9,
    input  wire [31:0]  words_10,
    input  wire [31:0]  words_11,
    input  wire [31:0]  words_12,
    input  wire [63:0]  counters_0,
    input  wire [63:0]  counters_1,
    input  wire [63:0]  counters_2,
    input  wire [63:0]  counters_3,
    input  wire [63:0]  counters_4,
    input  wire [63:0]  counters_5,
    input  wire [63:0]  counters_6,
    input  wire [63:0]  counters_7,
    input  wire [63:0]  counters_8,
    input  wire [63:0]  counters_9,
    input  wire [63:0]  counters_10,
    input  wire [63:0]  counters_11,
    input  wire [63:0]  counters_12,
    input  wire [63:0]  counters_13,
    input  wire [63:0]  counters_14,
    input  wire [63:0]  counters_15,
    input  wire [63:0]  counters_16,
    input  wire [63:0]  counters_17,
    input  wire [63:0]  counters_18,
    output wire [31:0]  data,
    output wire         defined
);

    wire         upper;
    wire         odd;
    wire         second;
    reg  [63:0]  counter_0;
    reg  [63:0]  counter_1;
    reg  [63:0]  counter_2;
    reg  [63:0]  counter_3;
    reg  [63:0]  counter_4;
    reg  [31:0]  term_0;
    reg  [31:0]  term_1;
    reg  [31:0]  term_2;
    reg  [31:0]  term_3;
    reg  [31:0]  term_4;
    reg  [31:0]  term_5;
    reg  [31:0]  term_6;
    reg  [31:0]  term_7;
    reg  [31:0]  term_8;
    reg  [31:0]  term_9;
    reg  [31:0]  term_10;
    reg  [31:0]  term_11;
    reg  [31:0]  term_12;
    wire [31:0]  fixed_answer;
    reg  [31:0]  counter_answer;
    wire         decode_hit_0;
    wire         decode_hit_1;
    wire         decode_hit_2;
    wire         decode_hit_3;
    wire         decode_hit_4;
    wire         decode_hit_5;
    wire         decode_hit_6;
    wire         decode_hit_7;
    wire         decode_hit_8;
    wire         decode_hit_9;
    wire         decode_hit_10;
    wire         decode_hit_11;
    wire         decode_hit_12;
    wire         decode_hit_counter;
    wire         decode_defined;
    reg  [2:0]   bank = 3'd0;
    reg  [31:0]  bank_word_0_next;
    reg  [31:0]  bank_word_0 = 32'd0;
    reg  [31:0]  bank_word_1_next;
    reg  [31:0]  bank_word_1 = 32'd0;
    reg  [31:0]  bank_word_2_next;
    reg  [31:0]  bank_word_2 = 32'd0;
    reg  [31:0]  bank_word_3_next;
    reg  [31:0]  bank_word_3 = 32'd0;
    reg  [31:0]  bank_word_4_next;
    reg  [31:0]  bank_word_4 = 32'd0;
    reg  [31:0]  answer_next;
    reg  [31:0]  answer = 32'd0;
    reg          answer_defined_next;
    reg          answer_defined = 1'b0;

    register_decode decode (
        .clock(clock),
        .address(address),
        .hit_0(decode_hit_0),
        .hit_1(decode_hit_1),
        .hit_2(decode_hit_2),
        .hit_3(decode_hit_3),
        .hit_4(decode_hit_4),
        .hit_5(decode_hit_5),
        .hit_6(decode_hit_6),
        .hit_7(decode_hit_7),
        .hit_8(decode_hit_8),
        .hit_9(decode_hit_9),
        .hit_10(decode_hit_10),
        .hit_11(decode_hit_11),
        .hit_12(decode_hit_12),
        .hit_counter(decode_hit_counter),
        .defined(decode_defined)
    );

    always @(*) begin
        answer_next = answer;
        answer_defined_next = answer_defined;
        if (select) begin
            answer_defined_next = decode_defined;
            if (decode_hit_counter) begin
                answer_next = counter_answer;
            end else begin
                answer_next = fixed_answer;
            end
        end
    end

    // Bit 2 of the offset tells the half, bits 4:3 the counter in its bank, bits 7:5 the bank.
    assign upper = address[2];
    assign odd = address[3];
    assign second = address[4];

    always @(*) begin
        if (second) begin
            if (odd) begin
                counter_0 = counters_3;
            end else begin
                counter_0 = counters_2;
            end
        end else if (odd) begin
            counter_0 = counters_1;
        end else begin
            counter_0 = counters_0;
        end
    end

    always @(*) begin
        if (second) begin
            if (odd) begin
                counter_1 = counters_7;
            end else begin
                counter_1 = counters_6;
            end
        end else if (odd) begin
            counter_1 = counters_5;
        end else begin
            counter_1 = counters_4;
        end
    end

    always @(*) begin
        if (second) begin
            if (odd) begin
                counter_2 = counters_11;
            end else begin
                counter_2 = counters_10;
            end
        end else if (odd) begin
            counter_2 = counters_9;
        end else begin
            counter_2 = counters_8;
        end
    end

    always @(*) begin
        if (second) begin
            if (odd) begin
                counter_3 = counters_15;
            end else begin
                counter_3 = counters_14;
            end
        end else if (odd) begin
            counter_3 = counters_13;
        end else begin
            counter_3 = counters_12;
        end
    end

    always @(*) begin
        if (second) begin
            counter_4 = counters_18;
        end else if (odd) begin
            counter_4 = counters_17;
        end else begin
            counter_4 = counters_16;
        end
    end

    always @(*) begin
        if (upper) begin
            bank_word_0_next = counter_0[63:32];
        end else begin
            bank_word_0_next = counter_0[31:0];
        end
    end

    always @(*) begin
        if (upper) begin
            bank_word_1_next = counter_1[63:32];
        end else begin
            bank_word_1_next = counter_1[31:0];
        end
    end

    always @(*) begin
        if (upper) begin
            bank_word_2_next = counter_2[63:32];
        end else begin
            bank_word_2_next = counter_2[31:0];
        end
    end

    always @(*) begin
        if (upper) begin
            bank_word_3_next = counter_3[63:32];
        end else begin
            bank_word_3_next = counter_3[31:0];
        end
    end

    always @(*) begin
        if (upper) begin
            bank_word_4_next = counter_4[63:32];
        end else begin
            bank_word_4_next = counter_4[31:0];
        end
    end

    // Every register that is not hit gives zero, so that an OR selects.
    always @(*) begin
        term_0 = 32'd0;
        if (decode_hit_0) begin
            term_0 = words_0;
        end
    end

    always @(*) begin
        term_1 = 32'd0;
        if (decode_hit_1) begin
            term_1 = words_1;
        end
    end

    always @(*) begin
        term_2 = 32'd0;
        if (decode_hit_2) begin
            term_2 = words_2;
        end
    end

    always @(*) begin
        term_3 = 32'd0;
        if (decode_hit_3) begin
            term_3 = words_3;
        end
    end

    always @(*) begin
        term_4 = 32'd0;
        if (decode_hit_4) begin
            term_4 = words_4;
        end
    end

    always @(*) begin
        term_5 = 32'd0;
        if (decode_hit_5) begin
            term_5 = words_5;
        end
    end

    always @(*) begin
        term_6 = 32'd0;
        if (decode_hit_6) begin
            term_6 = words_6;
        end
    end

    always @(*) begin
        term_7 = 32'd0;
        if (decode_hit_7) begin
            term_7 = words_7;
        end
    end

    always @(*) begin
        term_8 = 32'd0;
        if (decode_hit_8) begin
            term_8 = words_8;
        end
    end

    always @(*) begin
        term_9 = 32'd0;
        if (decode_hit_9) begin
            term_9 = words_9;
        end
    end

    always @(*) begin
        term_10 = 32'd0;
        if (decode_hit_10) begin
            term_10 = words_10;
        end
    end

    always @(*) begin
        term_11 = 32'd0;
        if (decode_hit_11) begin
            term_11 = words_11;
        end
    end

    always @(*) begin
        term_12 = 32'd0;
        if (decode_hit_12) begin
            term_12 = words_12;
        end
    end

    assign fixed_answer = term_0 | term_1 | term_2 | term_3 | term_4 | term_5 | term_6 | term_7 | term_8 | term_9 | term_10 | term_11 | term_12;

    always @(*) begin
        counter_answer = bank_word_0;
        if (bank == 3'd1) begin
            counter_answer = bank_word_1;
        end
        if (bank == 3'd2) begin
            counter_answer = bank_word_2;
        end
        if (bank == 3'd3) begin
            counter_answer = bank_word_3;
        end
        if (bank == 3'd4) begin
            counter_answer = bank_word_4;
        end
    end

    assign data = answer;
    assign defined = answer_defined;

    always @(posedge clock) begin
        bank <= address[7:5];
        bank_word_0 <= bank_word_0_next;
        bank_word_1 <= bank_word_1_next;
        bank_word_2 <= bank_word_2_next;
        bank_word_3 <= bank_word_3_next;
        bank_word_4 <= bank_word_4_next;
        answer <= answer_next;
        answer_defined <= answer_defined_next;
    end
endmodule
