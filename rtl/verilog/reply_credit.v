// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
module reply_credit (
    input  wire         clock,
    input  wire         resetn,
    input  wire         promise_one,
    input  wire         promise_two,
    input  wire         beat_leaves,
    output wire         available
);

    localparam [5:0] limit = 6'h1c;
    localparam [5:0] one = 6'd1;
    localparam [5:0] two = 6'd2;
    reg  [5:0]   raised;
    reg  [5:0]   promised_next;
    reg  [5:0]   promised = 6'd0;

    always @(*) begin
        raised = promised;
        if (promise_one) begin
            raised = promised + one;
        end
        if (promise_two) begin
            raised = promised + two;
        end
    end

    always @(*) begin
        promised_next = raised;
        if (beat_leaves) begin
            promised_next = raised - one;
        end
        if (~resetn) begin
            promised_next = 6'd0;
        end
    end

    assign available = promised <= limit;

    always @(posedge clock) begin
        promised <= promised_next;
    end
endmodule
