// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
// 32 results; a place is promised before its packet has passed the pipeline.
module fingerprint_queue (
    input  wire         clock,
    input  wire         resetn,
    input  wire         promise,
    output wire         room,
    input  wire         write,
    input  wire [63:0]  write_data,
    output wire         valid,
    output wire [63:0]  data,
    input  wire         ready
);

    localparam [5:0] most_promised = 6'h1e;
    localparam [5:0] one = 6'd1;
    localparam [4:0] one_place = 5'd1;
    wire         leave;
    wire [5:0]   results_next;
    wire [5:0]   promised_next;
    wire [4:0]   write_pointer_next;
    reg  [4:0]   write_pointer;
    wire [4:0]   read_pointer_next;
    reg  [4:0]   read_pointer;
    wire [5:0]   results_d;
    reg  [5:0]   results;
    wire         not_empty_next;
    reg          not_empty;
    wire [5:0]   promised_d;
    reg  [5:0]   promised;
    wire         open_next;
    reg          open;

    lut_ram_32x64 ram (
        .clock(clock),
        .write_enable(write),
        .write_address(write_pointer),
        .write_data(write_data),
        .read_address(read_pointer),
        .read_data(data)
    );

    // In a function, arguments and results have the names of the nets that they are.
    // verilator lint_off VARHIDDEN

    function automatic [23:0] choose_write_pointer_next(
        input         leave,
        input [5:0]   promised,
        input [5:0]   promised_next,
        input [4:0]   read_pointer,
        input         resetn,
        input [5:0]   results_next,
        input         write,
        input [4:0]   write_pointer
    );
        reg [4:0]   write_pointer_next;
        reg [4:0]   read_pointer_next;
        reg [5:0]   results_d;
        reg         not_empty_next;
        reg [5:0]   promised_d;
        reg         open_next;
        begin
            write_pointer_next = write_pointer;
            read_pointer_next = read_pointer;
            if (write) begin
                write_pointer_next = write_pointer + one_place;
            end
            if (leave) begin
                read_pointer_next = read_pointer + one_place;
            end
            results_d = results_next;
            not_empty_next = |results_next;
            promised_d = promised_next;
            open_next = promised <= most_promised;
            if (~resetn) begin
                write_pointer_next = 5'd0;
                read_pointer_next = 5'd0;
                results_d = 6'd0;
                not_empty_next = 1'b0;
                promised_d = 6'd0;
                open_next = 1'b0;
            end
            choose_write_pointer_next = {write_pointer_next, read_pointer_next, results_d, not_empty_next, promised_d, open_next};
        end
    endfunction
    assign {write_pointer_next, read_pointer_next, results_d, not_empty_next, promised_d, open_next} = choose_write_pointer_next(leave, promised, promised_next, read_pointer, resetn, results_next, write, write_pointer);

    assign leave = not_empty & ready;

    function automatic [5:0] choose_results_next(
        input         leave,
        input [5:0]   results,
        input         write
    );
        reg [5:0]   results_next;
        begin
            results_next = results;
            if (write & ~leave) begin
                results_next = results + one;
            end
            if (leave & ~write) begin
                results_next = results - one;
            end
            choose_results_next = results_next;
        end
    endfunction
    assign results_next = choose_results_next(leave, results, write);

    // Promised: in the pipeline or in the queue. A packet that ends in this clock is not counted yet.
    function automatic [5:0] choose_promised_next(
        input         leave,
        input         promise,
        input [5:0]   promised
    );
        reg [5:0]   promised_next;
        begin
            promised_next = promised;
            if (promise & ~leave) begin
                promised_next = promised + one;
            end
            if (leave & ~promise) begin
                promised_next = promised - one;
            end
            choose_promised_next = promised_next;
        end
    endfunction
    assign promised_next = choose_promised_next(leave, promise, promised);

    assign room = open;
    assign valid = not_empty;

    // verilator lint_on VARHIDDEN

    always @(posedge clock) begin
        write_pointer <= write_pointer_next;
        read_pointer <= read_pointer_next;
        results <= results_d;
        not_empty <= not_empty_next;
        promised <= promised_d;
        open <= open_next;
    end
endmodule
