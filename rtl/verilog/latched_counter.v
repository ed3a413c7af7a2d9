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
    reg  [63:0]  count_next;
    reg  [63:0]  count = 64'd0;
    reg  [63:0]  copy_next;
    reg  [63:0]  copy = 64'd0;

    always @(*) begin
        copy_next = copy;
        count_next = after;
        if (latch) begin
            copy_next = count;
        end
        if (~resetn) begin
            count_next = 64'd0;
            copy_next = 64'd0;
        end
    end

    assign step = {63'd0, increment};
    assign after = count + step;
    assign count_after = after;
    assign latched = copy;

    always @(posedge clock) begin
        count <= count_next;
        copy <= copy_next;
    end
endmodule
