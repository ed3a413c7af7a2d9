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
    reg  [5:0]   results_next;
    reg  [5:0]   promised_next;
    reg  [4:0]   write_pointer_next;
    reg  [4:0]   write_pointer = 5'd0;
    reg  [4:0]   read_pointer_next;
    reg  [4:0]   read_pointer = 5'd0;
    reg  [5:0]   results_d;
    reg  [5:0]   results = 6'd0;
    reg          not_empty_next;
    reg          not_empty = 1'b0;
    reg  [5:0]   promised_d;
    reg  [5:0]   promised = 6'd0;
    reg          open_next;
    reg          open = 1'b0;

    lut_ram_32x64 ram (
        .clock(clock),
        .write_enable(write),
        .write_address(write_pointer),
        .write_data(write_data),
        .read_address(read_pointer),
        .read_data(data)
    );

    always @(*) begin
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
    end

    assign leave = not_empty & ready;

    always @(*) begin
        results_next = results;
        if (write & ~leave) begin
            results_next = results + one;
        end
        if (leave & ~write) begin
            results_next = results - one;
        end
    end

    // Promised: in the pipeline or in the queue. A packet that ends in this clock is not counted yet.
    always @(*) begin
        promised_next = promised;
        if (promise & ~leave) begin
            promised_next = promised + one;
        end
        if (leave & ~promise) begin
            promised_next = promised - one;
        end
    end

    assign room = open;
    assign valid = not_empty;

    always @(posedge clock) begin
        write_pointer <= write_pointer_next;
        read_pointer <= read_pointer_next;
        results <= results_d;
        not_empty <= not_empty_next;
        promised <= promised_d;
        open <= open_next;
    end
endmodule
