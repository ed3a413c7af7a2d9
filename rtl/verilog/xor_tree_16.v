// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
// Places without a word XOR zero.
module xor_tree_16 (
    input  wire         clock,
    input  wire [63:0]  words_0,
    input  wire [63:0]  words_1,
    input  wire [63:0]  words_2,
    input  wire [63:0]  words_3,
    input  wire [63:0]  words_4,
    input  wire [63:0]  words_5,
    input  wire [63:0]  words_6,
    input  wire [63:0]  words_7,
    input  wire [63:0]  words_8,
    input  wire [63:0]  words_9,
    input  wire [63:0]  words_10,
    input  wire [63:0]  words_11,
    input  wire [63:0]  words_12,
    input  wire [63:0]  words_13,
    input  wire [63:0]  words_14,
    input  wire [63:0]  words_15,
    output wire [63:0]  sum
);

    wire [63:0]  padded_0;
    wire [63:0]  padded_1;
    wire [63:0]  padded_2;
    wire [63:0]  padded_3;
    wire [63:0]  padded_4;
    wire [63:0]  padded_5;
    wire [63:0]  padded_6;
    wire [63:0]  padded_7;
    wire [63:0]  padded_8;
    wire [63:0]  padded_9;
    wire [63:0]  padded_10;
    wire [63:0]  padded_11;
    wire [63:0]  padded_12;
    wire [63:0]  padded_13;
    wire [63:0]  padded_14;
    wire [63:0]  padded_15;
    wire [63:0]  padded_16;
    wire [63:0]  padded_17;
    reg  [63:0]  six_0;
    reg  [63:0]  six_1;
    reg  [63:0]  six_2;
    reg  [63:0]  whole;

    assign padded_16 = 64'd0;
    assign padded_17 = 64'd0;
    assign padded_0 = words_0;
    assign padded_1 = words_1;
    assign padded_2 = words_2;
    assign padded_3 = words_3;
    assign padded_4 = words_4;
    assign padded_5 = words_5;
    assign padded_6 = words_6;
    assign padded_7 = words_7;
    assign padded_8 = words_8;
    assign padded_9 = words_9;
    assign padded_10 = words_10;
    assign padded_11 = words_11;
    assign padded_12 = words_12;
    assign padded_13 = words_13;
    assign padded_14 = words_14;
    assign padded_15 = words_15;

    // First stage: six words each.
    // Second stage.
    assign sum = whole;

    always @(posedge clock) begin
        six_0 <= padded_0 ^ padded_1 ^ padded_2 ^ padded_3 ^ padded_4 ^ padded_5;
        six_1 <= padded_6 ^ padded_7 ^ padded_8 ^ padded_9 ^ padded_10 ^ padded_11;
        six_2 <= padded_12 ^ padded_13 ^ padded_14 ^ padded_15 ^ padded_16 ^ padded_17;
        whole <= six_0 ^ six_1 ^ six_2;
    end
endmodule
