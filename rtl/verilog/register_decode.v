// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
// The register at an offset, one clock later.
module register_decode (
    input  wire         clock,
    input  wire [11:0]  address,
    output wire         hit_0,
    output wire         hit_1,
    output wire         hit_2,
    output wire         hit_3,
    output wire         hit_4,
    output wire         hit_5,
    output wire         hit_6,
    output wire         hit_7,
    output wire         hit_8,
    output wire         hit_9,
    output wire         hit_10,
    output wire         hit_11,
    output wire         hit_12,
    output wire         hit_counter,
    output wire         defined
);

    localparam [11:0] at_0 = 12'd0;
    localparam [11:0] at_1 = 12'd4;
    localparam [11:0] at_10 = 12'h44;
    localparam [11:0] at_11 = 12'h48;
    localparam [11:0] at_12 = 12'h4c;
    localparam [11:0] at_2 = 12'd8;
    localparam [11:0] at_3 = 12'd12;
    localparam [11:0] at_4 = 12'h10;
    localparam [11:0] at_5 = 12'h14;
    localparam [11:0] at_6 = 12'h18;
    localparam [11:0] at_7 = 12'h1c;
    localparam [11:0] at_8 = 12'h20;
    localparam [11:0] at_9 = 12'h40;
    localparam [3:0] counter_page = 4'd1;
    localparam [5:0] counter_words = 6'h26;
    wire [3:0]   page;
    wire [5:0]   word;
    wire         unaligned;
    reg          equal_0 = 1'b0;
    reg          equal_1 = 1'b0;
    reg          equal_2 = 1'b0;
    reg          equal_3 = 1'b0;
    reg          equal_4 = 1'b0;
    reg          equal_5 = 1'b0;
    reg          equal_6 = 1'b0;
    reg          equal_7 = 1'b0;
    reg          equal_8 = 1'b0;
    reg          equal_9 = 1'b0;
    reg          equal_10 = 1'b0;
    reg          equal_11 = 1'b0;
    reg          equal_12 = 1'b0;
    reg          counter = 1'b0;

    assign hit_0 = equal_0;
    assign hit_1 = equal_1;
    assign hit_2 = equal_2;
    assign hit_3 = equal_3;
    assign hit_4 = equal_4;
    assign hit_5 = equal_5;
    assign hit_6 = equal_6;
    assign hit_7 = equal_7;
    assign hit_8 = equal_8;
    assign hit_9 = equal_9;
    assign hit_10 = equal_10;
    assign hit_11 = equal_11;
    assign hit_12 = equal_12;

    // Counters: one page, one word each for the low and the high half.
    assign page = address[11:8];
    assign word = address[7:2];
    assign unaligned = address[0] | address[1];
    assign hit_counter = counter;
    assign defined = counter | equal_0 | equal_1 | equal_2 | equal_3 | equal_4 | equal_5 | equal_6 | equal_7 | equal_8 | equal_9 | equal_10 | equal_11 | equal_12;

    always @(posedge clock) begin
        equal_0 <= address == at_0;
        equal_1 <= address == at_1;
        equal_2 <= address == at_2;
        equal_3 <= address == at_3;
        equal_4 <= address == at_4;
        equal_5 <= address == at_5;
        equal_6 <= address == at_6;
        equal_7 <= address == at_7;
        equal_8 <= address == at_8;
        equal_9 <= address == at_9;
        equal_10 <= address == at_10;
        equal_11 <= address == at_11;
        equal_12 <= address == at_12;
        counter <= ~unaligned & (page == counter_page) & (word < counter_words);
    end
endmodule
