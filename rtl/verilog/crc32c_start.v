// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
// All ones, after 16 - lead zero bytes.
module crc32c_start (
    input  wire [4:0]   lead,
    output wire [31:0]  word
);

    localparam [4:0] number_0 = 5'd0;
    localparam [4:0] number_1 = 5'd1;
    localparam [4:0] number_10 = 5'd10;
    localparam [4:0] number_11 = 5'd11;
    localparam [4:0] number_12 = 5'd12;
    localparam [4:0] number_13 = 5'd13;
    localparam [4:0] number_14 = 5'd14;
    localparam [4:0] number_15 = 5'd15;
    localparam [4:0] number_2 = 5'd2;
    localparam [4:0] number_3 = 5'd3;
    localparam [4:0] number_4 = 5'd4;
    localparam [4:0] number_5 = 5'd5;
    localparam [4:0] number_6 = 5'd6;
    localparam [4:0] number_7 = 5'd7;
    localparam [4:0] number_8 = 5'd8;
    localparam [4:0] number_9 = 5'd9;
    localparam [31:0] state_0 = 32'hbd8f6515;
    localparam [31:0] state_1 = 32'hacf12bef;
    localparam [31:0] state_10 = 32'ha8d58375;
    localparam [31:0] state_11 = 32'hba8d89ca;
    localparam [31:0] state_12 = 32'hb798b438;
    localparam [31:0] state_13 = 32'h9f9b5c85;
    localparam [31:0] state_14 = 32'he9e882d;
    localparam [31:0] state_15 = 32'had82acae;
    localparam [31:0] state_16 = 32'hffffffff;
    localparam [31:0] state_2 = 32'h8994c80e;
    localparam [31:0] state_3 = 32'h43a45a1b;
    localparam [31:0] state_4 = 32'hd49f4aa2;
    localparam [31:0] state_5 = 32'h552e4907;
    localparam [31:0] state_6 = 32'h1c220f94;
    localparam [31:0] state_7 = 32'h441a975c;
    localparam [31:0] state_8 = 32'h73d74d75;
    localparam [31:0] state_9 = 32'h44c19592;

    // In a function, arguments and results have the names of the nets that they are.
    // verilator lint_off VARHIDDEN

    function automatic [31:0] choose_word(
        input [4:0]   lead
    );
        reg [31:0]  word;
        begin
            word = state_16;
            if (lead == number_0) begin
                word = state_0;
            end
            if (lead == number_1) begin
                word = state_1;
            end
            if (lead == number_2) begin
                word = state_2;
            end
            if (lead == number_3) begin
                word = state_3;
            end
            if (lead == number_4) begin
                word = state_4;
            end
            if (lead == number_5) begin
                word = state_5;
            end
            if (lead == number_6) begin
                word = state_6;
            end
            if (lead == number_7) begin
                word = state_7;
            end
            if (lead == number_8) begin
                word = state_8;
            end
            if (lead == number_9) begin
                word = state_9;
            end
            if (lead == number_10) begin
                word = state_10;
            end
            if (lead == number_11) begin
                word = state_11;
            end
            if (lead == number_12) begin
                word = state_12;
            end
            if (lead == number_13) begin
                word = state_13;
            end
            if (lead == number_14) begin
                word = state_14;
            end
            if (lead == number_15) begin
                word = state_15;
            end
            choose_word = word;
        end
    endfunction
    assign word = choose_word(lead);

    // verilator lint_on VARHIDDEN
endmodule
