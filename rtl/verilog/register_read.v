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
    wire [63:0]  chosen_0;
    wire [63:0]  chosen_1;
    wire [63:0]  chosen_2;
    wire [63:0]  chosen_3;
    wire [63:0]  chosen_4;
    wire [31:0]  term_identity;
    wire [31:0]  term_abi_version;
    wire [31:0]  term_build_id;
    wire [31:0]  term_build_flags;
    wire [31:0]  term_scratch;
    wire [31:0]  term_cap_contexts;
    wire [31:0]  term_cap_groups;
    wire [31:0]  term_cap_journal;
    wire [31:0]  term_cap_stream;
    wire [31:0]  term_control;
    wire [31:0]  term_status;
    wire [31:0]  term_irq_status;
    wire [31:0]  term_irq_mask;
    wire [31:0]  fixed_answer;
    wire [31:0]  counter_answer;
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
    reg  [2:0]   bank;
    wire [31:0]  bank_word_0_next;
    reg  [31:0]  bank_word_0;
    wire [31:0]  bank_word_1_next;
    reg  [31:0]  bank_word_1;
    wire [31:0]  bank_word_2_next;
    reg  [31:0]  bank_word_2;
    wire [31:0]  bank_word_3_next;
    reg  [31:0]  bank_word_3;
    wire [31:0]  bank_word_4_next;
    reg  [31:0]  bank_word_4;
    wire [31:0]  answer_next;
    reg  [31:0]  answer;
    wire         answer_defined_next;
    reg          answer_defined;

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

    // In a function, arguments and results have the names of the nets that they are.
    // verilator lint_off VARHIDDEN

    function automatic [32:0] choose_answer_next(
        input [31:0]  answer,
        input         answer_defined,
        input [31:0]  counter_answer,
        input         decode_defined,
        input         decode_hit_counter,
        input [31:0]  fixed_answer,
        input         select
    );
        reg [31:0]  answer_next;
        reg         answer_defined_next;
        begin
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
            choose_answer_next = {answer_next, answer_defined_next};
        end
    endfunction
    assign {answer_next, answer_defined_next} = choose_answer_next(answer, answer_defined, counter_answer, decode_defined, decode_hit_counter, fixed_answer, select);

    // Bit 2 of the offset selects the half, bits 4:3 the counter in its bank, bits 7:5 the bank.
    assign upper = address[2];
    assign odd = address[3];
    assign second = address[4];

    function automatic [319:0] choose_chosen_0(
        input [1215:0] counters,
        input         odd,
        input         second
    );
        reg [63:0]  chosen_0;
        reg [63:0]  chosen_1;
        reg [63:0]  chosen_2;
        reg [63:0]  chosen_3;
        reg [63:0]  chosen_4;
        begin
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
            choose_chosen_0 = {chosen_0, chosen_1, chosen_2, chosen_3, chosen_4};
        end
    endfunction
    assign {chosen_0, chosen_1, chosen_2, chosen_3, chosen_4} = choose_chosen_0(counters, odd, second);

    function automatic [31:0] choose_bank_word_0_next(
        input [63:0]  chosen_0,
        input         upper
    );
        reg [31:0]  bank_word_0_next;
        begin
            if (upper) begin
                bank_word_0_next = chosen_0[63:32];
            end else begin
                bank_word_0_next = chosen_0[31:0];
            end
            choose_bank_word_0_next = bank_word_0_next;
        end
    endfunction
    assign bank_word_0_next = choose_bank_word_0_next(chosen_0, upper);

    function automatic [31:0] choose_bank_word_1_next(
        input [63:0]  chosen_1,
        input         upper
    );
        reg [31:0]  bank_word_1_next;
        begin
            if (upper) begin
                bank_word_1_next = chosen_1[63:32];
            end else begin
                bank_word_1_next = chosen_1[31:0];
            end
            choose_bank_word_1_next = bank_word_1_next;
        end
    endfunction
    assign bank_word_1_next = choose_bank_word_1_next(chosen_1, upper);

    function automatic [31:0] choose_bank_word_2_next(
        input [63:0]  chosen_2,
        input         upper
    );
        reg [31:0]  bank_word_2_next;
        begin
            if (upper) begin
                bank_word_2_next = chosen_2[63:32];
            end else begin
                bank_word_2_next = chosen_2[31:0];
            end
            choose_bank_word_2_next = bank_word_2_next;
        end
    endfunction
    assign bank_word_2_next = choose_bank_word_2_next(chosen_2, upper);

    function automatic [31:0] choose_bank_word_3_next(
        input [63:0]  chosen_3,
        input         upper
    );
        reg [31:0]  bank_word_3_next;
        begin
            if (upper) begin
                bank_word_3_next = chosen_3[63:32];
            end else begin
                bank_word_3_next = chosen_3[31:0];
            end
            choose_bank_word_3_next = bank_word_3_next;
        end
    endfunction
    assign bank_word_3_next = choose_bank_word_3_next(chosen_3, upper);

    function automatic [31:0] choose_bank_word_4_next(
        input [63:0]  chosen_4,
        input         upper
    );
        reg [31:0]  bank_word_4_next;
        begin
            if (upper) begin
                bank_word_4_next = chosen_4[63:32];
            end else begin
                bank_word_4_next = chosen_4[31:0];
            end
            choose_bank_word_4_next = bank_word_4_next;
        end
    endfunction
    assign bank_word_4_next = choose_bank_word_4_next(chosen_4, upper);

    // Every register that is not hit gives zero, so that an OR selects.
    function automatic [31:0] choose_term_identity(
        input         decode_hit_identity,
        input [31:0]  words_identity
    );
        reg [31:0]  term_identity;
        begin
            term_identity = 32'd0;
            if (decode_hit_identity) begin
                term_identity = words_identity;
            end
            choose_term_identity = term_identity;
        end
    endfunction
    assign term_identity = choose_term_identity(decode_hit_identity, words_identity);

    function automatic [31:0] choose_term_abi_version(
        input         decode_hit_abi_version,
        input [31:0]  words_abi_version
    );
        reg [31:0]  term_abi_version;
        begin
            term_abi_version = 32'd0;
            if (decode_hit_abi_version) begin
                term_abi_version = words_abi_version;
            end
            choose_term_abi_version = term_abi_version;
        end
    endfunction
    assign term_abi_version = choose_term_abi_version(decode_hit_abi_version, words_abi_version);

    function automatic [31:0] choose_term_build_id(
        input         decode_hit_build_id,
        input [31:0]  words_build_id
    );
        reg [31:0]  term_build_id;
        begin
            term_build_id = 32'd0;
            if (decode_hit_build_id) begin
                term_build_id = words_build_id;
            end
            choose_term_build_id = term_build_id;
        end
    endfunction
    assign term_build_id = choose_term_build_id(decode_hit_build_id, words_build_id);

    function automatic [31:0] choose_term_build_flags(
        input         decode_hit_build_flags,
        input [31:0]  words_build_flags
    );
        reg [31:0]  term_build_flags;
        begin
            term_build_flags = 32'd0;
            if (decode_hit_build_flags) begin
                term_build_flags = words_build_flags;
            end
            choose_term_build_flags = term_build_flags;
        end
    endfunction
    assign term_build_flags = choose_term_build_flags(decode_hit_build_flags, words_build_flags);

    function automatic [31:0] choose_term_scratch(
        input         decode_hit_scratch,
        input [31:0]  words_scratch
    );
        reg [31:0]  term_scratch;
        begin
            term_scratch = 32'd0;
            if (decode_hit_scratch) begin
                term_scratch = words_scratch;
            end
            choose_term_scratch = term_scratch;
        end
    endfunction
    assign term_scratch = choose_term_scratch(decode_hit_scratch, words_scratch);

    function automatic [31:0] choose_term_cap_contexts(
        input         decode_hit_cap_contexts,
        input [31:0]  words_cap_contexts
    );
        reg [31:0]  term_cap_contexts;
        begin
            term_cap_contexts = 32'd0;
            if (decode_hit_cap_contexts) begin
                term_cap_contexts = words_cap_contexts;
            end
            choose_term_cap_contexts = term_cap_contexts;
        end
    endfunction
    assign term_cap_contexts = choose_term_cap_contexts(decode_hit_cap_contexts, words_cap_contexts);

    function automatic [31:0] choose_term_cap_groups(
        input         decode_hit_cap_groups,
        input [31:0]  words_cap_groups
    );
        reg [31:0]  term_cap_groups;
        begin
            term_cap_groups = 32'd0;
            if (decode_hit_cap_groups) begin
                term_cap_groups = words_cap_groups;
            end
            choose_term_cap_groups = term_cap_groups;
        end
    endfunction
    assign term_cap_groups = choose_term_cap_groups(decode_hit_cap_groups, words_cap_groups);

    function automatic [31:0] choose_term_cap_journal(
        input         decode_hit_cap_journal,
        input [31:0]  words_cap_journal
    );
        reg [31:0]  term_cap_journal;
        begin
            term_cap_journal = 32'd0;
            if (decode_hit_cap_journal) begin
                term_cap_journal = words_cap_journal;
            end
            choose_term_cap_journal = term_cap_journal;
        end
    endfunction
    assign term_cap_journal = choose_term_cap_journal(decode_hit_cap_journal, words_cap_journal);

    function automatic [31:0] choose_term_cap_stream(
        input         decode_hit_cap_stream,
        input [31:0]  words_cap_stream
    );
        reg [31:0]  term_cap_stream;
        begin
            term_cap_stream = 32'd0;
            if (decode_hit_cap_stream) begin
                term_cap_stream = words_cap_stream;
            end
            choose_term_cap_stream = term_cap_stream;
        end
    endfunction
    assign term_cap_stream = choose_term_cap_stream(decode_hit_cap_stream, words_cap_stream);

    function automatic [31:0] choose_term_control(
        input         decode_hit_control,
        input [31:0]  words_control
    );
        reg [31:0]  term_control;
        begin
            term_control = 32'd0;
            if (decode_hit_control) begin
                term_control = words_control;
            end
            choose_term_control = term_control;
        end
    endfunction
    assign term_control = choose_term_control(decode_hit_control, words_control);

    function automatic [31:0] choose_term_status(
        input         decode_hit_status,
        input [31:0]  words_status
    );
        reg [31:0]  term_status;
        begin
            term_status = 32'd0;
            if (decode_hit_status) begin
                term_status = words_status;
            end
            choose_term_status = term_status;
        end
    endfunction
    assign term_status = choose_term_status(decode_hit_status, words_status);

    function automatic [31:0] choose_term_irq_status(
        input         decode_hit_irq_status,
        input [31:0]  words_irq_status
    );
        reg [31:0]  term_irq_status;
        begin
            term_irq_status = 32'd0;
            if (decode_hit_irq_status) begin
                term_irq_status = words_irq_status;
            end
            choose_term_irq_status = term_irq_status;
        end
    endfunction
    assign term_irq_status = choose_term_irq_status(decode_hit_irq_status, words_irq_status);

    function automatic [31:0] choose_term_irq_mask(
        input         decode_hit_irq_mask,
        input [31:0]  words_irq_mask
    );
        reg [31:0]  term_irq_mask;
        begin
            term_irq_mask = 32'd0;
            if (decode_hit_irq_mask) begin
                term_irq_mask = words_irq_mask;
            end
            choose_term_irq_mask = term_irq_mask;
        end
    endfunction
    assign term_irq_mask = choose_term_irq_mask(decode_hit_irq_mask, words_irq_mask);

    assign fixed_answer = term_identity | term_abi_version | term_build_id | term_build_flags | term_scratch | term_cap_contexts | term_cap_groups | term_cap_journal | term_cap_stream | term_control | term_status | term_irq_status | term_irq_mask;

    function automatic [31:0] choose_counter_answer(
        input [2:0]   bank,
        input [31:0]  bank_word_0,
        input [31:0]  bank_word_1,
        input [31:0]  bank_word_2,
        input [31:0]  bank_word_3,
        input [31:0]  bank_word_4
    );
        reg [31:0]  counter_answer;
        begin
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
            choose_counter_answer = counter_answer;
        end
    endfunction
    assign counter_answer = choose_counter_answer(bank, bank_word_0, bank_word_1, bank_word_2, bank_word_3, bank_word_4);

    assign data = answer;
    assign defined = answer_defined;

    // verilator lint_on VARHIDDEN

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
