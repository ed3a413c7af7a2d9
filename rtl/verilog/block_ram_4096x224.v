// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
// 4096 words of 224 bits; read data two clocks after the address.
// A read of the word that is written in the same clock returns arbitrary data.
module block_ram_4096x224 (
    input  wire         clock,
    input  wire [11:0]  read_address,
    output reg  [223:0] read_data,
    input  wire         write_enable,
    input  wire [11:0]  write_address,
    input  wire [223:0] write_data
);

    (* ram_style = "block" *) reg [223:0] memory [0:4095];
    reg [223:0] array_register;
    wire collision = write_enable && (read_address == write_address);
    `ifdef FORMAL
    (* anyseq *) wire [223:0] arbitrary_word;
    // One arbitrary address that never changes, and the word there: what a proof speaks about.
    (* anyconst *) wire [11:0] watched_address;
    wire [223:0] watched_word = memory[watched_address];
    `else
    `ifdef VERILATOR
    function automatic [223:0] random_word(input integer unused);
       reg [223:0] random_bits;
       begin
          random_bits = {$urandom, $urandom, $urandom, $urandom, $urandom, $urandom, $urandom};
          random_word = random_bits[223:0];
       end
    endfunction
    integer word;
    initial begin
       for (word = 0; word < 4096; word = word + 1) memory[word] = random_word(word);
       array_register = random_word(0);
       read_data = random_word(0);
    end
    `endif
    `endif
    always @(posedge clock) begin
       if (write_enable) memory[write_address] <= write_data;
       read_data <= array_register;
    `ifdef FORMAL
       array_register <= collision ? arbitrary_word : memory[read_address];
    `elsif VERILATOR
       if (collision) array_register <= random_word(0);
       else array_register <= memory[read_address];
    `elsif DELTASCOPE_SIMULATION
       array_register <= collision ? {224{1'bx}} : memory[read_address];
    `else
       array_register <= memory[read_address];
    `endif
    end
endmodule
