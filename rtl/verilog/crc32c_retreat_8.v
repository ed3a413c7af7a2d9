// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
// Each bit before is the XOR of the bits after that its row selects.
module crc32c_retreat_8 (
    input  wire [31:0]  moved,
    output wire [31:0]  state
);

    localparam [31:0] bit_0 = 32'd1;
    localparam [31:0] bit_1 = 32'd2;
    localparam [31:0] bit_10 = 32'h400;
    localparam [31:0] bit_11 = 32'h800;
    localparam [31:0] bit_12 = 32'h1000;
    localparam [31:0] bit_13 = 32'h2000;
    localparam [31:0] bit_14 = 32'h4000;
    localparam [31:0] bit_15 = 32'h8000;
    localparam [31:0] bit_16 = 32'h10000;
    localparam [31:0] bit_17 = 32'h20000;
    localparam [31:0] bit_18 = 32'h40000;
    localparam [31:0] bit_19 = 32'h80000;
    localparam [31:0] bit_2 = 32'd4;
    localparam [31:0] bit_20 = 32'h100000;
    localparam [31:0] bit_21 = 32'h200000;
    localparam [31:0] bit_22 = 32'h400000;
    localparam [31:0] bit_23 = 32'h800000;
    localparam [31:0] bit_24 = 32'h1000000;
    localparam [31:0] bit_25 = 32'h2000000;
    localparam [31:0] bit_26 = 32'h4000000;
    localparam [31:0] bit_27 = 32'h8000000;
    localparam [31:0] bit_28 = 32'h10000000;
    localparam [31:0] bit_29 = 32'h20000000;
    localparam [31:0] bit_3 = 32'd8;
    localparam [31:0] bit_30 = 32'h40000000;
    localparam [31:0] bit_31 = 32'h80000000;
    localparam [31:0] bit_4 = 32'h10;
    localparam [31:0] bit_5 = 32'h20;
    localparam [31:0] bit_6 = 32'h40;
    localparam [31:0] bit_7 = 32'h80;
    localparam [31:0] bit_8 = 32'h100;
    localparam [31:0] bit_9 = 32'h200;
    localparam [31:0] row_0 = 32'haa0d4bab;
    localparam [31:0] row_1 = 32'h541a9756;
    localparam [31:0] row_10 = 32'hf97c094c;
    localparam [31:0] row_11 = 32'hf2f81299;
    localparam [31:0] row_12 = 32'h4ffd6e99;
    localparam [31:0] row_13 = 32'h35f79698;
    localparam [31:0] row_14 = 32'hc1e2669b;
    localparam [31:0] row_15 = 32'h83c4cd37;
    localparam [31:0] row_16 = 32'h7899a6f;
    localparam [31:0] row_17 = 32'hf1334de;
    localparam [31:0] row_18 = 32'hb42b2217;
    localparam [31:0] row_19 = 32'hc25b0f85;
    localparam [31:0] row_2 = 32'ha8352ead;
    localparam [31:0] row_20 = 32'h84b61f0a;
    localparam [31:0] row_21 = 32'ha36175be;
    localparam [31:0] row_22 = 32'heccfa0d7;
    localparam [31:0] row_23 = 32'h73920a05;
    localparam [31:0] row_24 = 32'h4d295fa1;
    localparam [31:0] row_25 = 32'h9a52bf42;
    localparam [31:0] row_26 = 32'h9ea8352e;
    localparam [31:0] row_27 = 32'h3d506a5d;
    localparam [31:0] row_28 = 32'h7aa0d4ba;
    localparam [31:0] row_29 = 32'hf541a975;
    localparam [31:0] row_3 = 32'h506a5d5b;
    localparam [31:0] row_30 = 32'hea8352ea;
    localparam [31:0] row_31 = 32'hd506a5d5;
    localparam [31:0] row_4 = 32'had9f11c;
    localparam [31:0] row_5 = 32'hbfbea992;
    localparam [31:0] row_6 = 32'hd570188e;
    localparam [31:0] row_7 = 32'hed7ab6;
    localparam [31:0] row_8 = 32'h1daf56c;
    localparam [31:0] row_9 = 32'ha9b8a173;
    wire [31:0]  masked_0;
    wire [31:0]  masked_1;
    wire [31:0]  masked_2;
    wire [31:0]  masked_3;
    wire [31:0]  masked_4;
    wire [31:0]  masked_5;
    wire [31:0]  masked_6;
    wire [31:0]  masked_7;
    wire [31:0]  masked_8;
    wire [31:0]  masked_9;
    wire [31:0]  masked_10;
    wire [31:0]  masked_11;
    wire [31:0]  masked_12;
    wire [31:0]  masked_13;
    wire [31:0]  masked_14;
    wire [31:0]  masked_15;
    wire [31:0]  masked_16;
    wire [31:0]  masked_17;
    wire [31:0]  masked_18;
    wire [31:0]  masked_19;
    wire [31:0]  masked_20;
    wire [31:0]  masked_21;
    wire [31:0]  masked_22;
    wire [31:0]  masked_23;
    wire [31:0]  masked_24;
    wire [31:0]  masked_25;
    wire [31:0]  masked_26;
    wire [31:0]  masked_27;
    wire [31:0]  masked_28;
    wire [31:0]  masked_29;
    wire [31:0]  masked_30;
    wire [31:0]  masked_31;
    wire         odd_0;
    wire         odd_1;
    wire         odd_2;
    wire         odd_3;
    wire         odd_4;
    wire         odd_5;
    wire         odd_6;
    wire         odd_7;
    wire         odd_8;
    wire         odd_9;
    wire         odd_10;
    wire         odd_11;
    wire         odd_12;
    wire         odd_13;
    wire         odd_14;
    wire         odd_15;
    wire         odd_16;
    wire         odd_17;
    wire         odd_18;
    wire         odd_19;
    wire         odd_20;
    wire         odd_21;
    wire         odd_22;
    wire         odd_23;
    wire         odd_24;
    wire         odd_25;
    wire         odd_26;
    wire         odd_27;
    wire         odd_28;
    wire         odd_29;
    wire         odd_30;
    wire         odd_31;
    wire [31:0]  placed_0;
    wire [31:0]  placed_1;
    wire [31:0]  placed_2;
    wire [31:0]  placed_3;
    wire [31:0]  placed_4;
    wire [31:0]  placed_5;
    wire [31:0]  placed_6;
    wire [31:0]  placed_7;
    wire [31:0]  placed_8;
    wire [31:0]  placed_9;
    wire [31:0]  placed_10;
    wire [31:0]  placed_11;
    wire [31:0]  placed_12;
    wire [31:0]  placed_13;
    wire [31:0]  placed_14;
    wire [31:0]  placed_15;
    wire [31:0]  placed_16;
    wire [31:0]  placed_17;
    wire [31:0]  placed_18;
    wire [31:0]  placed_19;
    wire [31:0]  placed_20;
    wire [31:0]  placed_21;
    wire [31:0]  placed_22;
    wire [31:0]  placed_23;
    wire [31:0]  placed_24;
    wire [31:0]  placed_25;
    wire [31:0]  placed_26;
    wire [31:0]  placed_27;
    wire [31:0]  placed_28;
    wire [31:0]  placed_29;
    wire [31:0]  placed_30;
    wire [31:0]  placed_31;
    wire [31:0]  joined_0;
    wire [31:0]  joined_1;
    wire [31:0]  joined_2;
    wire [31:0]  joined_3;
    wire [31:0]  joined_4;
    wire [31:0]  joined_5;
    wire [31:0]  joined_6;
    wire [31:0]  joined_7;
    wire [31:0]  joined_8;
    wire [31:0]  joined_9;
    wire [31:0]  joined_10;
    wire [31:0]  joined_11;
    wire [31:0]  joined_12;
    wire [31:0]  joined_13;
    wire [31:0]  joined_14;
    wire [31:0]  joined_15;
    wire [31:0]  joined_16;
    wire [31:0]  joined_17;
    wire [31:0]  joined_18;
    wire [31:0]  joined_19;
    wire [31:0]  joined_20;
    wire [31:0]  joined_21;
    wire [31:0]  joined_22;
    wire [31:0]  joined_23;
    wire [31:0]  joined_24;
    wire [31:0]  joined_25;
    wire [31:0]  joined_26;
    wire [31:0]  joined_27;
    wire [31:0]  joined_28;
    wire [31:0]  joined_29;
    wire [31:0]  joined_30;
    wire [31:0]  joined_31;
    wire [31:0]  joined_32;

    // In a function, arguments and results have the names of the nets that they are.
    // verilator lint_off VARHIDDEN

    assign joined_0 = 32'd0;
    assign masked_0 = moved & row_0;
    assign odd_0 = ^masked_0;

    function automatic [31:0] choose_placed_0(
        input         odd_0
    );
        reg [31:0]  placed_0;
        begin
            placed_0 = 32'd0;
            if (odd_0) begin
                placed_0 = bit_0;
            end
            choose_placed_0 = placed_0;
        end
    endfunction
    assign placed_0 = choose_placed_0(odd_0);

    assign joined_1 = joined_0 | placed_0;
    assign masked_1 = moved & row_1;
    assign odd_1 = ^masked_1;

    function automatic [31:0] choose_placed_1(
        input         odd_1
    );
        reg [31:0]  placed_1;
        begin
            placed_1 = 32'd0;
            if (odd_1) begin
                placed_1 = bit_1;
            end
            choose_placed_1 = placed_1;
        end
    endfunction
    assign placed_1 = choose_placed_1(odd_1);

    assign joined_2 = joined_1 | placed_1;
    assign masked_2 = moved & row_2;
    assign odd_2 = ^masked_2;

    function automatic [31:0] choose_placed_2(
        input         odd_2
    );
        reg [31:0]  placed_2;
        begin
            placed_2 = 32'd0;
            if (odd_2) begin
                placed_2 = bit_2;
            end
            choose_placed_2 = placed_2;
        end
    endfunction
    assign placed_2 = choose_placed_2(odd_2);

    assign joined_3 = joined_2 | placed_2;
    assign masked_3 = moved & row_3;
    assign odd_3 = ^masked_3;

    function automatic [31:0] choose_placed_3(
        input         odd_3
    );
        reg [31:0]  placed_3;
        begin
            placed_3 = 32'd0;
            if (odd_3) begin
                placed_3 = bit_3;
            end
            choose_placed_3 = placed_3;
        end
    endfunction
    assign placed_3 = choose_placed_3(odd_3);

    assign joined_4 = joined_3 | placed_3;
    assign masked_4 = moved & row_4;
    assign odd_4 = ^masked_4;

    function automatic [31:0] choose_placed_4(
        input         odd_4
    );
        reg [31:0]  placed_4;
        begin
            placed_4 = 32'd0;
            if (odd_4) begin
                placed_4 = bit_4;
            end
            choose_placed_4 = placed_4;
        end
    endfunction
    assign placed_4 = choose_placed_4(odd_4);

    assign joined_5 = joined_4 | placed_4;
    assign masked_5 = moved & row_5;
    assign odd_5 = ^masked_5;

    function automatic [31:0] choose_placed_5(
        input         odd_5
    );
        reg [31:0]  placed_5;
        begin
            placed_5 = 32'd0;
            if (odd_5) begin
                placed_5 = bit_5;
            end
            choose_placed_5 = placed_5;
        end
    endfunction
    assign placed_5 = choose_placed_5(odd_5);

    assign joined_6 = joined_5 | placed_5;
    assign masked_6 = moved & row_6;
    assign odd_6 = ^masked_6;

    function automatic [31:0] choose_placed_6(
        input         odd_6
    );
        reg [31:0]  placed_6;
        begin
            placed_6 = 32'd0;
            if (odd_6) begin
                placed_6 = bit_6;
            end
            choose_placed_6 = placed_6;
        end
    endfunction
    assign placed_6 = choose_placed_6(odd_6);

    assign joined_7 = joined_6 | placed_6;
    assign masked_7 = moved & row_7;
    assign odd_7 = ^masked_7;

    function automatic [31:0] choose_placed_7(
        input         odd_7
    );
        reg [31:0]  placed_7;
        begin
            placed_7 = 32'd0;
            if (odd_7) begin
                placed_7 = bit_7;
            end
            choose_placed_7 = placed_7;
        end
    endfunction
    assign placed_7 = choose_placed_7(odd_7);

    assign joined_8 = joined_7 | placed_7;
    assign masked_8 = moved & row_8;
    assign odd_8 = ^masked_8;

    function automatic [31:0] choose_placed_8(
        input         odd_8
    );
        reg [31:0]  placed_8;
        begin
            placed_8 = 32'd0;
            if (odd_8) begin
                placed_8 = bit_8;
            end
            choose_placed_8 = placed_8;
        end
    endfunction
    assign placed_8 = choose_placed_8(odd_8);

    assign joined_9 = joined_8 | placed_8;
    assign masked_9 = moved & row_9;
    assign odd_9 = ^masked_9;

    function automatic [31:0] choose_placed_9(
        input         odd_9
    );
        reg [31:0]  placed_9;
        begin
            placed_9 = 32'd0;
            if (odd_9) begin
                placed_9 = bit_9;
            end
            choose_placed_9 = placed_9;
        end
    endfunction
    assign placed_9 = choose_placed_9(odd_9);

    assign joined_10 = joined_9 | placed_9;
    assign masked_10 = moved & row_10;
    assign odd_10 = ^masked_10;

    function automatic [31:0] choose_placed_10(
        input         odd_10
    );
        reg [31:0]  placed_10;
        begin
            placed_10 = 32'd0;
            if (odd_10) begin
                placed_10 = bit_10;
            end
            choose_placed_10 = placed_10;
        end
    endfunction
    assign placed_10 = choose_placed_10(odd_10);

    assign joined_11 = joined_10 | placed_10;
    assign masked_11 = moved & row_11;
    assign odd_11 = ^masked_11;

    function automatic [31:0] choose_placed_11(
        input         odd_11
    );
        reg [31:0]  placed_11;
        begin
            placed_11 = 32'd0;
            if (odd_11) begin
                placed_11 = bit_11;
            end
            choose_placed_11 = placed_11;
        end
    endfunction
    assign placed_11 = choose_placed_11(odd_11);

    assign joined_12 = joined_11 | placed_11;
    assign masked_12 = moved & row_12;
    assign odd_12 = ^masked_12;

    function automatic [31:0] choose_placed_12(
        input         odd_12
    );
        reg [31:0]  placed_12;
        begin
            placed_12 = 32'd0;
            if (odd_12) begin
                placed_12 = bit_12;
            end
            choose_placed_12 = placed_12;
        end
    endfunction
    assign placed_12 = choose_placed_12(odd_12);

    assign joined_13 = joined_12 | placed_12;
    assign masked_13 = moved & row_13;
    assign odd_13 = ^masked_13;

    function automatic [31:0] choose_placed_13(
        input         odd_13
    );
        reg [31:0]  placed_13;
        begin
            placed_13 = 32'd0;
            if (odd_13) begin
                placed_13 = bit_13;
            end
            choose_placed_13 = placed_13;
        end
    endfunction
    assign placed_13 = choose_placed_13(odd_13);

    assign joined_14 = joined_13 | placed_13;
    assign masked_14 = moved & row_14;
    assign odd_14 = ^masked_14;

    function automatic [31:0] choose_placed_14(
        input         odd_14
    );
        reg [31:0]  placed_14;
        begin
            placed_14 = 32'd0;
            if (odd_14) begin
                placed_14 = bit_14;
            end
            choose_placed_14 = placed_14;
        end
    endfunction
    assign placed_14 = choose_placed_14(odd_14);

    assign joined_15 = joined_14 | placed_14;
    assign masked_15 = moved & row_15;
    assign odd_15 = ^masked_15;

    function automatic [31:0] choose_placed_15(
        input         odd_15
    );
        reg [31:0]  placed_15;
        begin
            placed_15 = 32'd0;
            if (odd_15) begin
                placed_15 = bit_15;
            end
            choose_placed_15 = placed_15;
        end
    endfunction
    assign placed_15 = choose_placed_15(odd_15);

    assign joined_16 = joined_15 | placed_15;
    assign masked_16 = moved & row_16;
    assign odd_16 = ^masked_16;

    function automatic [31:0] choose_placed_16(
        input         odd_16
    );
        reg [31:0]  placed_16;
        begin
            placed_16 = 32'd0;
            if (odd_16) begin
                placed_16 = bit_16;
            end
            choose_placed_16 = placed_16;
        end
    endfunction
    assign placed_16 = choose_placed_16(odd_16);

    assign joined_17 = joined_16 | placed_16;
    assign masked_17 = moved & row_17;
    assign odd_17 = ^masked_17;

    function automatic [31:0] choose_placed_17(
        input         odd_17
    );
        reg [31:0]  placed_17;
        begin
            placed_17 = 32'd0;
            if (odd_17) begin
                placed_17 = bit_17;
            end
            choose_placed_17 = placed_17;
        end
    endfunction
    assign placed_17 = choose_placed_17(odd_17);

    assign joined_18 = joined_17 | placed_17;
    assign masked_18 = moved & row_18;
    assign odd_18 = ^masked_18;

    function automatic [31:0] choose_placed_18(
        input         odd_18
    );
        reg [31:0]  placed_18;
        begin
            placed_18 = 32'd0;
            if (odd_18) begin
                placed_18 = bit_18;
            end
            choose_placed_18 = placed_18;
        end
    endfunction
    assign placed_18 = choose_placed_18(odd_18);

    assign joined_19 = joined_18 | placed_18;
    assign masked_19 = moved & row_19;
    assign odd_19 = ^masked_19;

    function automatic [31:0] choose_placed_19(
        input         odd_19
    );
        reg [31:0]  placed_19;
        begin
            placed_19 = 32'd0;
            if (odd_19) begin
                placed_19 = bit_19;
            end
            choose_placed_19 = placed_19;
        end
    endfunction
    assign placed_19 = choose_placed_19(odd_19);

    assign joined_20 = joined_19 | placed_19;
    assign masked_20 = moved & row_20;
    assign odd_20 = ^masked_20;

    function automatic [31:0] choose_placed_20(
        input         odd_20
    );
        reg [31:0]  placed_20;
        begin
            placed_20 = 32'd0;
            if (odd_20) begin
                placed_20 = bit_20;
            end
            choose_placed_20 = placed_20;
        end
    endfunction
    assign placed_20 = choose_placed_20(odd_20);

    assign joined_21 = joined_20 | placed_20;
    assign masked_21 = moved & row_21;
    assign odd_21 = ^masked_21;

    function automatic [31:0] choose_placed_21(
        input         odd_21
    );
        reg [31:0]  placed_21;
        begin
            placed_21 = 32'd0;
            if (odd_21) begin
                placed_21 = bit_21;
            end
            choose_placed_21 = placed_21;
        end
    endfunction
    assign placed_21 = choose_placed_21(odd_21);

    assign joined_22 = joined_21 | placed_21;
    assign masked_22 = moved & row_22;
    assign odd_22 = ^masked_22;

    function automatic [31:0] choose_placed_22(
        input         odd_22
    );
        reg [31:0]  placed_22;
        begin
            placed_22 = 32'd0;
            if (odd_22) begin
                placed_22 = bit_22;
            end
            choose_placed_22 = placed_22;
        end
    endfunction
    assign placed_22 = choose_placed_22(odd_22);

    assign joined_23 = joined_22 | placed_22;
    assign masked_23 = moved & row_23;
    assign odd_23 = ^masked_23;

    function automatic [31:0] choose_placed_23(
        input         odd_23
    );
        reg [31:0]  placed_23;
        begin
            placed_23 = 32'd0;
            if (odd_23) begin
                placed_23 = bit_23;
            end
            choose_placed_23 = placed_23;
        end
    endfunction
    assign placed_23 = choose_placed_23(odd_23);

    assign joined_24 = joined_23 | placed_23;
    assign masked_24 = moved & row_24;
    assign odd_24 = ^masked_24;

    function automatic [31:0] choose_placed_24(
        input         odd_24
    );
        reg [31:0]  placed_24;
        begin
            placed_24 = 32'd0;
            if (odd_24) begin
                placed_24 = bit_24;
            end
            choose_placed_24 = placed_24;
        end
    endfunction
    assign placed_24 = choose_placed_24(odd_24);

    assign joined_25 = joined_24 | placed_24;
    assign masked_25 = moved & row_25;
    assign odd_25 = ^masked_25;

    function automatic [31:0] choose_placed_25(
        input         odd_25
    );
        reg [31:0]  placed_25;
        begin
            placed_25 = 32'd0;
            if (odd_25) begin
                placed_25 = bit_25;
            end
            choose_placed_25 = placed_25;
        end
    endfunction
    assign placed_25 = choose_placed_25(odd_25);

    assign joined_26 = joined_25 | placed_25;
    assign masked_26 = moved & row_26;
    assign odd_26 = ^masked_26;

    function automatic [31:0] choose_placed_26(
        input         odd_26
    );
        reg [31:0]  placed_26;
        begin
            placed_26 = 32'd0;
            if (odd_26) begin
                placed_26 = bit_26;
            end
            choose_placed_26 = placed_26;
        end
    endfunction
    assign placed_26 = choose_placed_26(odd_26);

    assign joined_27 = joined_26 | placed_26;
    assign masked_27 = moved & row_27;
    assign odd_27 = ^masked_27;

    function automatic [31:0] choose_placed_27(
        input         odd_27
    );
        reg [31:0]  placed_27;
        begin
            placed_27 = 32'd0;
            if (odd_27) begin
                placed_27 = bit_27;
            end
            choose_placed_27 = placed_27;
        end
    endfunction
    assign placed_27 = choose_placed_27(odd_27);

    assign joined_28 = joined_27 | placed_27;
    assign masked_28 = moved & row_28;
    assign odd_28 = ^masked_28;

    function automatic [31:0] choose_placed_28(
        input         odd_28
    );
        reg [31:0]  placed_28;
        begin
            placed_28 = 32'd0;
            if (odd_28) begin
                placed_28 = bit_28;
            end
            choose_placed_28 = placed_28;
        end
    endfunction
    assign placed_28 = choose_placed_28(odd_28);

    assign joined_29 = joined_28 | placed_28;
    assign masked_29 = moved & row_29;
    assign odd_29 = ^masked_29;

    function automatic [31:0] choose_placed_29(
        input         odd_29
    );
        reg [31:0]  placed_29;
        begin
            placed_29 = 32'd0;
            if (odd_29) begin
                placed_29 = bit_29;
            end
            choose_placed_29 = placed_29;
        end
    endfunction
    assign placed_29 = choose_placed_29(odd_29);

    assign joined_30 = joined_29 | placed_29;
    assign masked_30 = moved & row_30;
    assign odd_30 = ^masked_30;

    function automatic [31:0] choose_placed_30(
        input         odd_30
    );
        reg [31:0]  placed_30;
        begin
            placed_30 = 32'd0;
            if (odd_30) begin
                placed_30 = bit_30;
            end
            choose_placed_30 = placed_30;
        end
    endfunction
    assign placed_30 = choose_placed_30(odd_30);

    assign joined_31 = joined_30 | placed_30;
    assign masked_31 = moved & row_31;
    assign odd_31 = ^masked_31;

    function automatic [31:0] choose_placed_31(
        input         odd_31
    );
        reg [31:0]  placed_31;
        begin
            placed_31 = 32'd0;
            if (odd_31) begin
                placed_31 = bit_31;
            end
            choose_placed_31 = placed_31;
        end
    endfunction
    assign placed_31 = choose_placed_31(odd_31);

    assign joined_32 = joined_31 | placed_31;
    assign state = joined_32;

    // verilator lint_on VARHIDDEN
endmodule
