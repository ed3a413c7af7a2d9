// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
module latched_counter (
    input  wire         clock,
    input  wire         resetn,
    input  wire         increment,
    input  wire         latch,
    output wire [63:0]  count_after,
    output wire [63:0]  latched
);

    wire [63:0]  step;
    wire [63:0]  after;
    wire [63:0]  count_next;
    reg  [63:0]  count;
    wire [63:0]  copy_next;
    reg  [63:0]  copy;

    // In a function, arguments and results have the names of the nets that they are.
    // verilator lint_off VARHIDDEN

    function automatic [127:0] choose_copy_next(
        input [63:0]  after,
        input [63:0]  copy,
        input [63:0]  count,
        input         latch,
        input         resetn
    );
        reg [63:0]  copy_next;
        reg [63:0]  count_next;
        begin
            copy_next = copy;
            count_next = after;
            if (latch) begin
                copy_next = count;
            end
            if (~resetn) begin
                count_next = 64'd0;
                copy_next = 64'd0;
            end
            choose_copy_next = {copy_next, count_next};
        end
    endfunction
    assign {copy_next, count_next} = choose_copy_next(after, copy, count, latch, resetn);

    assign step = {63'd0, increment};
    assign after = count + step;
    assign count_after = after;
    assign latched = copy;

    // verilator lint_on VARHIDDEN

    always @(posedge clock) begin
        count <= count_next;
        copy <= copy_next;
    end
endmodule
