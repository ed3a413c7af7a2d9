// Proves the tree of sixteen words: the sum is the XOR of the words of two clocks ago, whatever they are.
module xor_tree_proof (
    input wire          clock,
    input wire [1023:0] words
);
    wire [63:0] sum;
    xor_tree_16 dut (
        .clock(clock), .sum(sum),
        .words_0(words[63:0]), .words_1(words[127:64]), .words_2(words[191:128]), .words_3(words[255:192]),
        .words_4(words[319:256]), .words_5(words[383:320]), .words_6(words[447:384]), .words_7(words[511:448]),
        .words_8(words[575:512]), .words_9(words[639:576]), .words_10(words[703:640]), .words_11(words[767:704]),
        .words_12(words[831:768]), .words_13(words[895:832]), .words_14(words[959:896]), .words_15(words[1023:960])
    );
    (* hierconn *) wire [63:0] \dut.six_0 , \dut.six_1 , \dut.six_2 ;

    // One bit of every word at a time: any one, fixed.
    (* anyconst *) wire [5:0] place;
    reg [15:0] column, before;
    reg f1 = 0, f2 = 0;
    integer i;
    always @(posedge clock) begin
        {f1, f2} <= {1'b1, f1};
        for (i = 0; i < 16; i = i + 1) column[i] <= words[64 * i + place];
        before <= column;
    end
    always @(*) begin
        assert (!f2 || f1);
        if (f2) sum_is_the_xor: assert (sum[place] == ^before);
        if (f1) assert ((\dut.six_0 [place] ^ \dut.six_1 [place] ^ \dut.six_2 [place]) == ^column);
    end

    // Traces.
    always @(*) begin
        odd: cover (f2 && sum == 64'hffff_ffff_ffff_ffff && before == 16'h8001 + 16'h0010);
        even: cover (f2 && sum == 64'd0 && before == 16'h8001);
    end
endmodule
