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
    wire [5:0]   raised;
    wire [5:0]   promised_next;
    reg  [5:0]   promised;

    // In a function, arguments and results have the names of the nets that they are.
    // verilator lint_off VARHIDDEN

    function automatic [5:0] choose_raised(
        input         promise_one,
        input         promise_two,
        input [5:0]   promised
    );
        reg [5:0]   raised;
        begin
            raised = promised;
            if (promise_one) begin
                raised = promised + one;
            end
            if (promise_two) begin
                raised = promised + two;
            end
            choose_raised = raised;
        end
    endfunction
    assign raised = choose_raised(promise_one, promise_two, promised);

    function automatic [5:0] choose_promised_next(
        input         beat_leaves,
        input [5:0]   raised,
        input         resetn
    );
        reg [5:0]   promised_next;
        begin
            promised_next = raised;
            if (beat_leaves) begin
                promised_next = raised - one;
            end
            if (~resetn) begin
                promised_next = 6'd0;
            end
            choose_promised_next = promised_next;
        end
    endfunction
    assign promised_next = choose_promised_next(beat_leaves, raised, resetn);

    assign available = promised <= limit;

    // verilator lint_on VARHIDDEN

    always @(posedge clock) begin
        promised <= promised_next;
    end
endmodule
