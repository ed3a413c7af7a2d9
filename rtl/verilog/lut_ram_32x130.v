// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
// 32 words of 130 bits; written at the clock edge, read at once.
module lut_ram_32x130 (
    input  wire         clock,
    input  wire         write_enable,
    input  wire [4:0]   write_address,
    input  wire [129:0] write_data,
    input  wire [4:0]   read_address,
    output wire [129:0] read_data
);

    (* ram_style = "distributed" *) reg [129:0] memory [0:31];
    `ifdef FORMAL
    // One arbitrary address that never changes, and the word there: what a proof speaks about.
    (* anyconst *) wire [4:0] watched_address;
    wire [129:0] watched_word = memory[watched_address];
    `else
    `ifdef VERILATOR
    function automatic [129:0] random_word(input integer unused);
       reg [159:0] random_bits;
       begin
          random_bits = {$urandom, $urandom, $urandom, $urandom, $urandom};
          random_word = random_bits[129:0];
       end
    endfunction
    integer word;
    initial for (word = 0; word < 32; word = word + 1) memory[word] = random_word(word);
    `endif
    `endif
    always @(posedge clock) begin
       if (write_enable) memory[write_address] <= write_data;
    end
    assign read_data = memory[read_address];
endmodule
