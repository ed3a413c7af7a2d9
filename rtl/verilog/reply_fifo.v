// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
// First word falls through one clock after it was written.
module reply_fifo (
    input  wire         clock,
    input  wire         resetn,
    input  wire         write,
    input  wire [129:0] write_data,
    output wire         write_ready,
    output wire         valid,
    output wire [129:0] data,
    input  wire         ready,
    output wire [5:0]   occupancy
);

    localparam [5:0] depth = 6'h20;
    localparam [4:0] one_pointer = 5'd1;
    localparam [5:0] one_word = 6'd1;
    wire         enter;
    wire         leave;
    wire [5:0]   more;
    wire [5:0]   fewer;
    wire [5:0]   words_next;
    wire [4:0]   write_pointer_next;
    reg  [4:0]   write_pointer;
    wire [4:0]   read_pointer_next;
    reg  [4:0]   read_pointer;
    wire [5:0]   words_d;
    reg  [5:0]   words;
    wire         not_empty_next;
    reg          not_empty;
    wire         full_next;
    reg          full;

    lut_ram_32x130 ram (
        .clock(clock),
        .write_enable(enter),
        .write_address(write_pointer),
        .write_data(write_data),
        .read_address(read_pointer),
        .read_data(data)
    );

    // In a function, arguments and results have the names of the nets that they are.
    // verilator lint_off VARHIDDEN

    function automatic [17:0] choose_write_pointer_next(
        input         enter,
        input         leave,
        input [4:0]   read_pointer,
        input         resetn,
        input [5:0]   words_next,
        input [4:0]   write_pointer
    );
        reg [4:0]   write_pointer_next;
        reg [4:0]   read_pointer_next;
        reg [5:0]   words_d;
        reg         not_empty_next;
        reg         full_next;
        begin
            write_pointer_next = write_pointer;
            read_pointer_next = read_pointer;
            if (enter) begin
                write_pointer_next = write_pointer + one_pointer;
            end
            if (leave) begin
                read_pointer_next = read_pointer + one_pointer;
            end
            words_d = words_next;
            not_empty_next = |words_next;
            full_next = words_next == depth;
            if (~resetn) begin
                write_pointer_next = 5'd0;
                read_pointer_next = 5'd0;
                words_d = 6'd0;
                not_empty_next = 1'b0;
                full_next = 1'b0;
            end
            choose_write_pointer_next = {write_pointer_next, read_pointer_next, words_d, not_empty_next, full_next};
        end
    endfunction
    assign {write_pointer_next, read_pointer_next, words_d, not_empty_next, full_next} = choose_write_pointer_next(enter, leave, read_pointer, resetn, words_next, write_pointer);

    assign enter = write & ~full;
    assign leave = not_empty & ready;

    // Empty and full are registers of their own: nothing downstream waits for a comparison.
    assign more = words + one_word;
    assign fewer = words - one_word;

    function automatic [5:0] choose_words_next(
        input         enter,
        input [5:0]   fewer,
        input         leave,
        input [5:0]   more,
        input [5:0]   words
    );
        reg [5:0]   words_next;
        begin
            words_next = words;
            if (enter & ~leave) begin
                words_next = more;
            end
            if (leave & ~enter) begin
                words_next = fewer;
            end
            choose_words_next = words_next;
        end
    endfunction
    assign words_next = choose_words_next(enter, fewer, leave, more, words);

    assign write_ready = ~full;
    assign valid = not_empty;
    assign occupancy = words;

    // verilator lint_on VARHIDDEN

    always @(posedge clock) begin
        write_pointer <= write_pointer_next;
        read_pointer <= read_pointer_next;
        words <= words_d;
        not_empty <= not_empty_next;
        full <= full_next;
    end
endmodule
