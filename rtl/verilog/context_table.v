// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
// S0 address, S1 memory array, S2 forward and modify, S3 write and answer, S4 and S5 history.
module context_table (
    input  wire         clock,
    input  wire         resetn,
    output wire         clearing,
    input  wire         valid,
    input  wire [3:0]   op,
    input  wire         rebase,
    input  wire [13:0]  context_id,
    input  wire [63:0]  operand,
    output wire         result_valid,
    output wire [63:0]  state_before,
    output wire         accumulator_zero,
    output wire         redundant,
    output wire [63:0]  delta,
    output wire [63:0]  result_operand
);

    localparam [13:0] one = 14'd1;
    localparam [3:0] op_accum = 4'd2;
    localparam [3:0] op_load = 4'd1;
    localparam [3:0] op_send = 4'd6;
    localparam [3:0] op_swap = 4'd4;
    wire         enters;
    wire         same_as_s2;
    wire         same_as_s3;
    wire         same_as_s4;
    wire [127:0] current;
    wire [63:0]  current_reference;
    wire [63:0]  current_accumulator;
    wire [127:0] modified;
    wire [63:0]  before_reference;
    wire [63:0]  before_accumulator;
    wire [63:0]  state;
    wire [63:0]  after_reference;
    wire [63:0]  after_accumulator;
    wire [63:0]  send_difference;
    wire [127:0] ram_read_data;
    wire         ram_write_enable;
    wire [13:0]  ram_write_address;
    wire [127:0] ram_write_data;
    wire         clear_busy_next;
    reg          clear_busy;
    wire [13:0]  clear_address_next;
    reg  [13:0]  clear_address;
    wire         s1_valid_next;
    reg          s1_valid;
    reg  [13:0]  s1_context;
    reg  [63:0]  s1_operand;
    reg          s1_store;
    reg          s1_rebase;
    reg          s1_accumulate;
    reg          s1_send;
    wire         s2_valid_next;
    reg          s2_valid;
    reg  [13:0]  s2_context;
    reg  [63:0]  s2_operand;
    reg          s2_store;
    reg          s2_rebase;
    reg          s2_accumulate;
    reg          s2_send;
    reg          s2_from_s3;
    reg          s2_from_s4;
    reg          s2_from_s5;
    wire         s3_valid_next;
    reg          s3_valid;
    reg  [13:0]  s3_context;
    reg  [63:0]  s3_operand;
    reg          s3_send;
    reg  [127:0] s3_before;
    reg  [127:0] s3_after;
    wire         s4_valid_next;
    reg          s4_valid;
    reg  [13:0]  s4_context;
    reg  [127:0] s4_after;
    reg  [127:0] s5_after;

    block_ram_16384x128 ram (
        .clock(clock),
        .read_address(context_id),
        .read_data(ram_read_data),
        .write_enable(ram_write_enable),
        .write_address(ram_write_address),
        .write_data(ram_write_data)
    );

    // In a function, arguments and results have the names of the nets that they are.
    // verilator lint_off VARHIDDEN

    function automatic [18:0] choose_clear_busy_next(
        input [13:0]  clear_address,
        input         clear_busy,
        input         enters,
        input         resetn,
        input         s1_valid,
        input         s2_valid,
        input         s3_valid
    );
        reg         clear_busy_next;
        reg [13:0]  clear_address_next;
        reg         s1_valid_next;
        reg         s2_valid_next;
        reg         s3_valid_next;
        reg         s4_valid_next;
        begin
            clear_busy_next = clear_busy;
            clear_address_next = clear_address;
            s1_valid_next = enters;
            s2_valid_next = s1_valid;
            s3_valid_next = s2_valid;
            s4_valid_next = s3_valid;
            if (clear_busy) begin
                clear_address_next = clear_address + one;
                clear_busy_next = ~(&clear_address);
            end
            if (~resetn) begin
                clear_busy_next = 1'b1;
                clear_address_next = 14'd0;
                s1_valid_next = 1'b0;
                s2_valid_next = 1'b0;
                s3_valid_next = 1'b0;
                s4_valid_next = 1'b0;
            end
            choose_clear_busy_next = {clear_busy_next, clear_address_next, s1_valid_next, s2_valid_next, s3_valid_next, s4_valid_next};
        end
    endfunction
    assign {clear_busy_next, clear_address_next, s1_valid_next, s2_valid_next, s3_valid_next, s4_valid_next} = choose_clear_busy_next(clear_address, clear_busy, enters, resetn, s1_valid, s2_valid, s3_valid);

    // S0: decode and present the address.
    assign enters = valid & ~clear_busy;

    // S1: who in front of this record has the same context? One clock on, each of them is one stage further.
    assign same_as_s2 = s2_valid & (s2_context == s1_context);
    assign same_as_s3 = s3_valid & (s3_context == s1_context);
    assign same_as_s4 = s4_valid & (s4_context == s1_context);

    // S2: forward the youngest state, then modify it.
    function automatic [127:0] choose_current(
        input [127:0] ram_read_data,
        input         s2_from_s3,
        input         s2_from_s4,
        input         s2_from_s5,
        input [127:0] s3_after,
        input [127:0] s4_after,
        input [127:0] s5_after
    );
        reg [127:0] current;
        begin
            current = ram_read_data;
            if (s2_from_s5) begin
                current = s5_after;
            end
            if (s2_from_s4) begin
                current = s4_after;
            end
            if (s2_from_s3) begin
                current = s3_after;
            end
            choose_current = current;
        end
    endfunction
    assign current = choose_current(ram_read_data, s2_from_s3, s2_from_s4, s2_from_s5, s3_after, s4_after, s5_after);

    assign current_reference = current[63:0];
    assign current_accumulator = current[127:64];

    function automatic [127:0] choose_modified(
        input [127:0] current,
        input [63:0]  current_accumulator,
        input [63:0]  current_reference,
        input         s2_accumulate,
        input [63:0]  s2_operand,
        input         s2_rebase,
        input         s2_store
    );
        reg [127:0] modified;
        begin
            modified = current;
            if (s2_accumulate) begin
                modified[127:64] = current_accumulator ^ s2_operand;
            end
            if (s2_store) begin
                modified[63:0] = s2_operand;
                modified[127:64] = 64'd0;
            end
            if (s2_rebase) begin
                modified[63:0] = current_reference ^ current_accumulator;
            end
            choose_modified = modified;
        end
    endfunction
    assign modified = choose_modified(current, current_accumulator, current_reference, s2_accumulate, s2_operand, s2_rebase, s2_store);

    // S3: write and answer. While clearing, the write port belongs to the clear.
    function automatic [142:0] choose_ram_write_enable(
        input [13:0]  clear_address,
        input         clear_busy,
        input [127:0] s3_after,
        input [13:0]  s3_context,
        input         s3_valid
    );
        reg         ram_write_enable;
        reg [13:0]  ram_write_address;
        reg [127:0] ram_write_data;
        begin
            ram_write_enable = s3_valid;
            ram_write_address = s3_context;
            ram_write_data = s3_after;
            if (clear_busy) begin
                ram_write_enable = 1'b1;
                ram_write_address = clear_address;
                ram_write_data[63:0] = 64'd0;
                ram_write_data[127:64] = 64'd0;
            end
            choose_ram_write_enable = {ram_write_enable, ram_write_address, ram_write_data};
        end
    endfunction
    assign {ram_write_enable, ram_write_address, ram_write_data} = choose_ram_write_enable(clear_address, clear_busy, s3_after, s3_context, s3_valid);

    assign before_reference = s3_before[63:0];
    assign before_accumulator = s3_before[127:64];
    assign state = before_reference ^ before_accumulator;
    assign send_difference = state ^ s3_operand;
    assign result_valid = s3_valid;
    assign result_operand = s3_operand;
    assign state_before = state;
    assign after_reference = s3_after[63:0];
    assign after_accumulator = s3_after[127:64];
    assign delta = state ^ after_reference ^ after_accumulator;
    assign accumulator_zero = ~(|before_accumulator);
    assign redundant = s3_send & ~(|send_difference);

    // Clearing: one context a clock.
    assign clearing = clear_busy;

    // verilator lint_on VARHIDDEN

    always @(posedge clock) begin
        clear_busy <= clear_busy_next;
        clear_address <= clear_address_next;
        s1_valid <= s1_valid_next;
        s1_context <= context_id;
        s1_operand <= operand;
        s1_store <= (op == op_load) | (op == op_swap) | (op == op_send);
        s1_rebase <= (op == op_swap) & rebase;
        s1_accumulate <= op == op_accum;
        s1_send <= op == op_send;
        s2_valid <= s2_valid_next;
        s2_context <= s1_context;
        s2_operand <= s1_operand;
        s2_store <= s1_store;
        s2_rebase <= s1_rebase;
        s2_accumulate <= s1_accumulate;
        s2_send <= s1_send;
        s2_from_s3 <= same_as_s2;
        s2_from_s4 <= same_as_s3;
        s2_from_s5 <= same_as_s4;
        s3_valid <= s3_valid_next;
        s3_context <= s2_context;
        s3_operand <= s2_operand;
        s3_send <= s2_send;
        s3_before <= current;
        s3_after <= modified;
        s4_valid <= s4_valid_next;
        s4_context <= s3_context;
        s4_after <= s3_after;
        s5_after <= s4_after;
    end

    initial clear_busy = 1'b1;
endmodule
