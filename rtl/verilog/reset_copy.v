// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
// Synthesis must not merge the copies of several blocks.
(* keep_hierarchy = "yes" *)
module reset_copy (
    input  wire         clock,
    input  wire         resetn,
    output wire         copied
);

    reg          held;

    assign copied = held;

    always @(posedge clock) begin
        held <= resetn;
    end
endmodule
