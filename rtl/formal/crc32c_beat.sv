// Proves the arithmetic of the fingerprint block against the bytewise definition of CRC32C, for every state and all
// data: no induction, each output is an identity between the emitted matrices and eight shifts for each byte.
//
// B(s, bytes) is the state after bytes, by the definition. Lanes without TKEEP are zero.
//   whole_beat   A16 s ^ sum(d) = B(s, d), for sixteen bytes d.
//   taken_back   the retreat by n undoes n zero bytes: what a last beat adds behind its last byte is taken back, since
//                B(s, bytes then n zeros) = B(B(s, bytes), n zeros).
//   first_beat   start(n) = A16 t for the state t with B(t, n zeros) = all ones. So a first beat with n lanes in front of
//                its bytes gives start(n) ^ sum(d) = A16 t ^ sum(d) = B(t, n zeros then bytes) = B(all ones, bytes).
//   no_bytes     start(16) = all ones.
// That each beat goes through these matrices once and in order, with its lanes, is proved in fingerprint.sv.
module crc32c_beat_proof (
    input  wire [127:0] data,
    input  wire [31:0]  state,
    output wire         whole_beat,
    output wire [15:1]  taken_back,
    output wire [15:0]  first_beat,
    output wire         no_bytes
);
    localparam [31:0] INITIAL = 32'hffffffff;

    // B(old, value): shift eight times, the polynomial 0x1EDC6F41 reflected.
    function [31:0] byte_after(input [31:0] old, input [7:0] value);
        integer i;
        begin
            byte_after = old ^ {24'd0, value};
            for (i = 0; i < 8; i = i + 1)
                byte_after = {1'b0, byte_after[31:1]} ^ (32'h82f63b78 & {32{byte_after[0]}});
        end
    endfunction

    wire [31:0] state_moved, beat_sum;
    wire [31:0] after_bytes [0:16];
    crc32c_advance_16 advance_state(.state(state), .moved(state_moved));
    crc32c_beat_sum sum(.data(data), .sum(beat_sum));
    assign whole_beat = (state_moved ^ beat_sum) == after_bytes[16];
    assign after_bytes[0] = state;

    // After n zero bytes, from any state and from the one that is all ones after n.
    wire [31:0] after_zeros [0:15];
    assign after_zeros[0] = state;
    genvar n;
    generate
        for (n = 0; n < 16; n = n + 1) begin : lane
            assign after_bytes[n + 1] = byte_after(after_bytes[n], data[8 * n +: 8]);
            localparam [3:0] LANES = n;
            wire [31:0] begun, moved, start;
            crc32c_retreat_by begin_from(.lanes(LANES), .moved(INITIAL), .state(begun));
            crc32c_advance_16 advance_begun(.state(begun), .moved(moved));
            crc32c_start start_at(.lead({1'b0, LANES}), .word(start));
            wire [31:0] zeros [0:n];
            assign zeros[0] = begun;
            genvar i;
            for (i = 0; i < n; i = i + 1) begin : zero
                assign zeros[i + 1] = byte_after(zeros[i], 8'd0);
            end
            assign first_beat[n] = zeros[n] == INITIAL && start == moved;
            if (n > 0) begin : back
                wire [31:0] found;
                assign after_zeros[n] = byte_after(after_zeros[n - 1], 8'd0);
                crc32c_retreat_by take_back(.lanes(LANES), .moved(after_zeros[n]), .state(found));
                assign taken_back[n] = found == state;
            end
        end
    endgenerate
    wire [31:0] start_without_bytes;
    crc32c_start start_at_16(.lead(5'd16), .word(start_without_bytes));
    assign no_bytes = start_without_bytes == INITIAL;
endmodule

// What a beat adds to the state, as the stages C and D of the block compute it.
module crc32c_beat_sum (
    input  wire [127:0] data,
    output wire [31:0]  sum
);
    wire [31:0] part_0, part_1, part_2, part_3;
    crc32c_advance_16 advance_0(.state(data[31:0]), .moved(part_0));
    crc32c_advance_12 advance_1(.state(data[63:32]), .moved(part_1));
    crc32c_advance_8 advance_2(.state(data[95:64]), .moved(part_2));
    crc32c_advance_4 advance_3(.state(data[127:96]), .moved(part_3));
    assign sum = part_0 ^ part_1 ^ part_2 ^ part_3;
endmodule

// The state without `lanes` zero bytes, as the stages F of the block compute it.
module crc32c_retreat_by (
    input  wire [3:0]  lanes,
    input  wire [31:0] moved,
    output wire [31:0] state
);
    wire [31:0] back_8, back_4, back_2, back_1;
    wire [31:0] less_8 = lanes[3] ? back_8 : moved;
    wire [31:0] less_4 = lanes[2] ? back_4 : less_8;
    wire [31:0] less_2 = lanes[1] ? back_2 : less_4;
    assign state = lanes[0] ? back_1 : less_2;
    crc32c_retreat_8 retreat_8(.moved(moved), .state(back_8));
    crc32c_retreat_4 retreat_4(.moved(less_8), .state(back_4));
    crc32c_retreat_2 retreat_2(.moved(less_4), .state(back_2));
    crc32c_retreat_1 retreat_1(.moved(less_2), .state(back_1));
endmodule
