// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
module split_counter (
    input  wire         clock,
    input  wire         resetn,
    input  wire         increment,
    output wire [63:0]  count
);

    wire [32:0]  low_wide;
    wire [32:0]  low_step;
    wire [32:0]  low_after;
    wire [31:0]  high_step;
    wire [63:0]  high_wide;
    wire [63:0]  high_part;
    wire [63:0]  low_part;
    wire [31:0]  low_next;
    reg  [31:0]  low;
    wire         carry_next;
    reg          carry;
    reg  [31:0]  low_held;
    wire [31:0]  high_next;
    reg  [31:0]  high;

    // In a function, arguments and results have the names of the nets that they are.
    // verilator lint_off VARHIDDEN

    assign low_wide = {1'b0, low};
    assign low_step = {32'd0, increment};
    assign low_after = low_wide + low_step;

    function automatic [64:0] choose_low_next(
        input [31:0]  high,
        input [31:0]  high_step,
        input [32:0]  low_after,
        input         resetn
    );
        reg [31:0]  low_next;
        reg         carry_next;
        reg [31:0]  high_next;
        begin
            low_next = low_after[31:0];
            carry_next = low_after[32];
            high_next = high + high_step;
            if (~resetn) begin
                low_next = 32'd0;
                carry_next = 1'b0;
                high_next = 32'd0;
            end
            choose_low_next = {low_next, carry_next, high_next};
        end
    endfunction
    assign {low_next, carry_next, high_next} = choose_low_next(high, high_step, low_after, resetn);

    assign high_step = {31'd0, carry};
    assign high_wide = {32'd0, high};
    assign low_part = {32'd0, low_held};
    assign high_part = high_wide << 32;
    assign count = high_part | low_part;

    // verilator lint_on VARHIDDEN

    always @(posedge clock) begin
        low <= low_next;
        carry <= carry_next;
        low_held <= low;
        high <= high_next;
    end
endmodule
