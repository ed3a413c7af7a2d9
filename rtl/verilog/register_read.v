// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
// Two clocks: first decode and choose within each bank, then choose among them.
module register_read (
    input  wire         clock,
    input  wire [11:0]  address,
    input  wire         select,
    input  wire [31:0]  words_identity,
    input  wire [31:0]  words_abi_version,
    input  wire [31:0]  words_build_id,
    input  wire [31:0]  words_build_flags,
    input  wire [31:0]  words_scratch,
    input  wire [31:0]  words_cap_contexts,
    input  wire [31:0]  words_cap_groups,
    input  wire [31:0]  words_cap_journal,
    input  wire [31:0]  words_cap_stream,
    input  wire [31:0]  words_control,
    input  wire [31:0]  words_status,
    input  wire [31:0]  words_irq_status,
    input  wire [31:0]  words_irq_mask,
    input  wire [1215:0] counters,
    output wire [31:0]  data,
    output wire         defined
);

    wire         upper;
    wire         odd;
    wire         second;
    reg  [63:0]  chosen_0;
    reg  [63:0]  chosen_1;
    reg  [63:0]  chosen_2;
    reg  [63:0]  chosen_3;
    reg  [63:0]  chosen_4;
    reg  [31:0]  term_identity;
    reg  [31:0]  term_abi_version;
    reg  [31:0]  term_build_id;
    reg  [31:0]  term_build_flags;
    reg  [31:0]  term_scratch;
    reg  [31:0]  term_cap_contexts;
    reg  [31:0]  term_cap_groups;
    reg  [31:0]  term_cap_journal;
    reg  [31:0]  term_cap_stream;
    reg  [31:0]  term_control;
    reg  [31:0]  term_status;
    reg  [31:0]  term_irq_status;
    reg  [31:0]  term_irq_mask;
    wire [31:0]  fixed_answer;
    reg  [31:0]  counter_answer;
    wire         decode_hit_identity;
    wire         decode_hit_abi_version;
    wire         decode_hit_build_id;
    wire         decode_hit_build_flags;
    wire         decode_hit_scratch;
    wire         decode_hit_cap_contexts;
    wire         decode_hit_cap_groups;
    wire         decode_hit_cap_journal;
    wire         decode_hit_cap_stream;
    wire         decode_hit_control;
    wire         decode_hit_status;
    wire         decode_hit_irq_status;
    wire         decode_hit_irq_mask;
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
        .hit_identity(decode_hit_identity),
        .hit_abi_version(decode_hit_abi_version),
        .hit_build_id(decode_hit_build_id),
        .hit_build_flags(decode_hit_build_flags),
        .hit_scratch(decode_hit_scratch),
        .hit_cap_contexts(decode_hit_cap_contexts),
        .hit_cap_groups(decode_hit_cap_groups),
        .hit_cap_journal(decode_hit_cap_journal),
        .hit_cap_stream(decode_hit_cap_stream),
        .hit_control(decode_hit_control),
        .hit_status(decode_hit_status),
        .hit_irq_status(decode_hit_irq_status),
        .hit_irq_mask(decode_hit_irq_mask),
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

    // Bit 2 of the offset selects the half, bits 4:3 the counter in its bank, bits 7:5 the bank.
    assign upper = address[2];
    assign odd = address[3];
    assign second = address[4];

    always @(*) begin
        chosen_0 = counters[63:0];
        chosen_1 = counters[319:256];
        chosen_2 = counters[575:512];
        chosen_3 = counters[831:768];
        chosen_4 = counters[1087:1024];
        if (second) begin
            if (odd) begin
                chosen_0 = counters[255:192];
                chosen_1 = counters[511:448];
                chosen_2 = counters[767:704];
                chosen_3 = counters[1023:960];
            end else begin
                chosen_0 = counters[191:128];
                chosen_1 = counters[447:384];
                chosen_2 = counters[703:640];
                chosen_3 = counters[959:896];
            end
            chosen_4 = counters[1215:1152];
        end else if (odd) begin
            chosen_0 = counters[127:64];
            chosen_1 = counters[383:320];
            chosen_2 = counters[639:576];
            chosen_3 = counters[895:832];
            chosen_4 = counters[1151:1088];
        end
    end

    always @(*) begin
        if (upper) begin
            bank_word_0_next = chosen_0[63:32];
        end else begin
            bank_word_0_next = chosen_0[31:0];
        end
    end

    always @(*) begin
        if (upper) begin
            bank_word_1_next = chosen_1[63:32];
        end else begin
            bank_word_1_next = chosen_1[31:0];
        end
    end

    always @(*) begin
        if (upper) begin
            bank_word_2_next = chosen_2[63:32];
        end else begin
            bank_word_2_next = chosen_2[31:0];
        end
    end

    always @(*) begin
        if (upper) begin
            bank_word_3_next = chosen_3[63:32];
        end else begin
            bank_word_3_next = chosen_3[31:0];
        end
    end

    always @(*) begin
        if (upper) begin
            bank_word_4_next = chosen_4[63:32];
        end else begin
            bank_word_4_next = chosen_4[31:0];
        end
    end

    // Every register that is not hit gives zero, so that an OR selects.
    always @(*) begin
        term_identity = 32'd0;
        if (decode_hit_identity) begin
            term_identity = words_identity;
        end
    end

    always @(*) begin
        term_abi_version = 32'd0;
        if (decode_hit_abi_version) begin
            term_abi_version = words_abi_version;
        end
    end

    always @(*) begin
        term_build_id = 32'd0;
        if (decode_hit_build_id) begin
            term_build_id = words_build_id;
        end
    end

    always @(*) begin
        term_build_flags = 32'd0;
        if (decode_hit_build_flags) begin
            term_build_flags = words_build_flags;
        end
    end

    always @(*) begin
        term_scratch = 32'd0;
        if (decode_hit_scratch) begin
            term_scratch = words_scratch;
        end
    end

    always @(*) begin
        term_cap_contexts = 32'd0;
        if (decode_hit_cap_contexts) begin
            term_cap_contexts = words_cap_contexts;
        end
    end

    always @(*) begin
        term_cap_groups = 32'd0;
        if (decode_hit_cap_groups) begin
            term_cap_groups = words_cap_groups;
        end
    end

    always @(*) begin
        term_cap_journal = 32'd0;
        if (decode_hit_cap_journal) begin
            term_cap_journal = words_cap_journal;
        end
    end

    always @(*) begin
        term_cap_stream = 32'd0;
        if (decode_hit_cap_stream) begin
            term_cap_stream = words_cap_stream;
        end
    end

    always @(*) begin
        term_control = 32'd0;
        if (decode_hit_control) begin
            term_control = words_control;
        end
    end

    always @(*) begin
        term_status = 32'd0;
        if (decode_hit_status) begin
            term_status = words_status;
        end
    end

    always @(*) begin
        term_irq_status = 32'd0;
        if (decode_hit_irq_status) begin
            term_irq_status = words_irq_status;
        end
    end

    always @(*) begin
        term_irq_mask = 32'd0;
        if (decode_hit_irq_mask) begin
            term_irq_mask = words_irq_mask;
        end
    end

    assign fixed_answer = term_identity | term_abi_version | term_build_id | term_build_flags | term_scratch | term_cap_contexts | term_cap_groups | term_cap_journal | term_cap_stream | term_control | term_status | term_irq_status | term_irq_mask;

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
