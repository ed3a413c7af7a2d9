// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
module latched_counter (
    input  wire         clock,
    input  wire         resetn,
    input  wire         happens,
    input  wire         take,
    output wire [63:0]  latched
);

    wire [63:0]  counter_count;
    reg          increment;
    wire [63:0]  copy_next;
    reg  [63:0]  copy;

    split_counter counter (
        .clock(clock),
        .resetn(resetn),
        .increment(increment),
        .count(counter_count)
    );

    // In a function, arguments and results have the names of the nets that they are.
    // verilator lint_off VARHIDDEN

    function automatic [63:0] choose_copy_next(
        input [63:0]  copy,
        input [63:0]  counter_count,
        input         take
    );
        reg [63:0]  copy_next;
        begin
            copy_next = copy;
            if (take) begin
                copy_next = counter_count;
            end
            choose_copy_next = copy_next;
        end
    endfunction
    assign copy_next = choose_copy_next(copy, counter_count, take);

    assign latched = copy;

    // verilator lint_on VARHIDDEN

    always @(posedge clock) begin
        increment <= happens;
        copy <= copy_next;
    end
endmodule
