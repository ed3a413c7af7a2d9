// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
// S0 address, S1 memory array, S2 forward and add, S3 write and answer, S4 and S5 history.
module group_counters (
    input  wire         clock,
    input  wire         resetn,
    output wire         clearing,
    input  wire         add,
    input  wire         read,
    input  wire [11:0]  row_id,
    input  wire         redundant,
    input  wire [23:0]  length,
    output wire         result_valid,
    output wire [223:0] result
);

    localparam [11:0] one = 12'd1;
    wire         ready;
    wire         same_as_s2;
    wire         same_as_s3;
    wire         same_as_s4;
    wire [223:0] current;
    wire [47:0]  current_events;
    wire [63:0]  current_bytes;
    wire [47:0]  current_redundant_events;
    wire [63:0]  current_redundant_bytes;
    wire [47:0]  event_step;
    wire [63:0]  byte_step;
    wire [47:0]  redundant_event_step;
    wire [63:0]  redundant_byte_step;
    wire [223:0] modified;
    wire [223:0] ram_read_data;
    wire         ram_write_enable;
    wire [11:0]  ram_write_address;
    wire [223:0] ram_write_data;
    wire         clear_busy_next;
    reg          clear_busy;
    wire [11:0]  clear_address_next;
    reg  [11:0]  clear_address;
    wire         s1_valid_next;
    reg          s1_valid;
    reg          s1_read;
    reg          s1_add;
    reg          s1_add_redundant;
    reg  [11:0]  s1_row;
    reg  [23:0]  s1_length;
    wire         s2_valid_next;
    reg          s2_valid;
    reg          s2_read;
    reg  [11:0]  s2_row;
    reg          s2_event;
    wire [23:0]  s2_length_next;
    reg  [23:0]  s2_length;
    reg          s2_redundant_event;
    wire [23:0]  s2_redundant_length_next;
    reg  [23:0]  s2_redundant_length;
    reg          s2_from_s3;
    reg          s2_from_s4;
    reg          s2_from_s5;
    wire         s3_valid_next;
    reg          s3_valid;
    reg          s3_read;
    reg  [11:0]  s3_row;
    reg  [223:0] s3_after;
    wire         s4_valid_next;
    reg          s4_valid;
    reg  [11:0]  s4_row;
    reg  [223:0] s4_after;
    reg  [223:0] s5_after;

    block_ram_4096x224 ram (
        .clock(clock),
        .read_address(row_id),
        .read_data(ram_read_data),
        .write_enable(ram_write_enable),
        .write_address(ram_write_address),
        .write_data(ram_write_data)
    );

    // In a function, arguments and results have the names of the nets that they are.
    // verilator lint_off VARHIDDEN

    function automatic [16:0] choose_clear_busy_next(
        input         add,
        input [11:0]  clear_address,
        input         clear_busy,
        input         read,
        input         ready,
        input         resetn,
        input         s1_valid,
        input         s2_valid,
        input         s3_valid
    );
        reg         clear_busy_next;
        reg [11:0]  clear_address_next;
        reg         s1_valid_next;
        reg         s2_valid_next;
        reg         s3_valid_next;
        reg         s4_valid_next;
        begin
            clear_busy_next = clear_busy;
            clear_address_next = clear_address;
            s1_valid_next = (add | read) & ready;
            s2_valid_next = s1_valid;
            s3_valid_next = s2_valid;
            s4_valid_next = s3_valid;
            if (clear_busy) begin
                clear_address_next = clear_address + one;
                clear_busy_next = ~(&clear_address);
            end
            if (~resetn) begin
                clear_busy_next = 1'b1;
                clear_address_next = 12'd0;
                s1_valid_next = 1'b0;
                s2_valid_next = 1'b0;
                s3_valid_next = 1'b0;
                s4_valid_next = 1'b0;
            end
            choose_clear_busy_next = {clear_busy_next, clear_address_next, s1_valid_next, s2_valid_next, s3_valid_next, s4_valid_next};
        end
    endfunction
    assign {clear_busy_next, clear_address_next, s1_valid_next, s2_valid_next, s3_valid_next, s4_valid_next} = choose_clear_busy_next(add, clear_address, clear_busy, read, ready, resetn, s1_valid, s2_valid, s3_valid);

    // S0: present the address.
    assign ready = ~clear_busy;

    // S1: who in front has the same row? And what is to be added: nothing for a read.
    assign same_as_s2 = s2_valid & (s2_row == s1_row);
    assign same_as_s3 = s3_valid & (s3_row == s1_row);
    assign same_as_s4 = s4_valid & (s4_row == s1_row);

    function automatic [23:0] choose_s2_length_next(
        input         s1_add,
        input [23:0]  s1_length
    );
        reg [23:0]  s2_length_next;
        begin
            s2_length_next = 24'd0;
            if (s1_add) begin
                s2_length_next = s1_length;
            end
            choose_s2_length_next = s2_length_next;
        end
    endfunction
    assign s2_length_next = choose_s2_length_next(s1_add, s1_length);

    function automatic [23:0] choose_s2_redundant_length_next(
        input         s1_add_redundant,
        input [23:0]  s1_length
    );
        reg [23:0]  s2_redundant_length_next;
        begin
            s2_redundant_length_next = 24'd0;
            if (s1_add_redundant) begin
                s2_redundant_length_next = s1_length;
            end
            choose_s2_redundant_length_next = s2_redundant_length_next;
        end
    endfunction
    assign s2_redundant_length_next = choose_s2_redundant_length_next(s1_add_redundant, s1_length);

    // S2: forward the youngest row, then add.
    function automatic [223:0] choose_current(
        input [223:0] ram_read_data,
        input         s2_from_s3,
        input         s2_from_s4,
        input         s2_from_s5,
        input [223:0] s3_after,
        input [223:0] s4_after,
        input [223:0] s5_after
    );
        reg [223:0] current;
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

    assign current_events = current[47:0];
    assign current_bytes = current[111:48];
    assign current_redundant_events = current[159:112];
    assign current_redundant_bytes = current[223:160];
    assign event_step = {47'd0, s2_event};
    assign byte_step = {40'd0, s2_length};
    assign redundant_event_step = {47'd0, s2_redundant_event};
    assign redundant_byte_step = {40'd0, s2_redundant_length};
    assign modified[47:0] = current_events + event_step;
    assign modified[111:48] = current_bytes + byte_step;
    assign modified[159:112] = current_redundant_events + redundant_event_step;
    assign modified[223:160] = current_redundant_bytes + redundant_byte_step;

    // S3: write and answer. While clearing, the write port belongs to the clear.
    function automatic [236:0] choose_ram_write_enable(
        input [11:0]  clear_address,
        input         clear_busy,
        input [223:0] s3_after,
        input [11:0]  s3_row,
        input         s3_valid
    );
        reg         ram_write_enable;
        reg [11:0]  ram_write_address;
        reg [223:0] ram_write_data;
        begin
            ram_write_enable = s3_valid;
            ram_write_address = s3_row;
            ram_write_data = s3_after;
            if (clear_busy) begin
                ram_write_enable = 1'b1;
                ram_write_address = clear_address;
                ram_write_data[47:0] = 48'd0;
                ram_write_data[111:48] = 64'd0;
                ram_write_data[159:112] = 48'd0;
                ram_write_data[223:160] = 64'd0;
            end
            choose_ram_write_enable = {ram_write_enable, ram_write_address, ram_write_data};
        end
    endfunction
    assign {ram_write_enable, ram_write_address, ram_write_data} = choose_ram_write_enable(clear_address, clear_busy, s3_after, s3_row, s3_valid);

    assign result_valid = s3_valid & s3_read;
    assign result = s3_after;

    // Clearing: one row a clock.
    assign clearing = clear_busy;

    // verilator lint_on VARHIDDEN

    always @(posedge clock) begin
        clear_busy <= clear_busy_next;
        clear_address <= clear_address_next;
        s1_valid <= s1_valid_next;
        s1_read <= read;
        s1_add <= add;
        s1_add_redundant <= add & redundant;
        s1_row <= row_id;
        s1_length <= length;
        s2_valid <= s2_valid_next;
        s2_read <= s1_read;
        s2_row <= s1_row;
        s2_event <= s1_add;
        s2_length <= s2_length_next;
        s2_redundant_event <= s1_add_redundant;
        s2_redundant_length <= s2_redundant_length_next;
        s2_from_s3 <= same_as_s2;
        s2_from_s4 <= same_as_s3;
        s2_from_s5 <= same_as_s4;
        s3_valid <= s3_valid_next;
        s3_read <= s2_read;
        s3_row <= s2_row;
        s3_after <= modified;
        s4_valid <= s4_valid_next;
        s4_row <= s3_row;
        s4_after <= s3_after;
        s5_after <= s4_after;
    end

    initial clear_busy = 1'b1;
endmodule
