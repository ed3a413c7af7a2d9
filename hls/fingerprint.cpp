// SPDX-License-Identifier: MIT OR Apache-2.0
// The CRC of a message is linear in state and message, and the state XORs into the first four bytes. So a beat, taken as
// four words, moves the state s to A16 (s ^ w0) ^ A12 w1 ^ A8 w2 ^ A4 w3, where An is the effect of n zero bytes. Only
// A16 s is in the loop from one beat to the next: six inputs of a LUT make it two levels.
#include "fingerprint.hpp"

namespace {

const unsigned LANES = 16;
const unsigned WORDS = LANES / 4;
const unsigned BITS = 32;

// The polynomial 0x1EDC6F41, reflected: bit 31 is the power zero.
const unsigned POLYNOMIAL = 0x82F63B78u;

// A matrix over GF(2): `row[i]` selects the input bits whose XOR is output bit i.
struct Matrix {
    unsigned row[BITS];
};

constexpr unsigned forward(unsigned state) {
    return (state >> 1) ^ ((state & 1) ? POLYNOMIAL : 0);
}

// The polynomial has bit 31 set, so that bit of a state says whether the polynomial was added.
constexpr unsigned backward(unsigned state) {
    return (state >> 31) ? (((state ^ POLYNOMIAL) << 1) | 1) : (state << 1);
}

constexpr unsigned advanced(unsigned state, unsigned bytes) {
    for (unsigned i = 0; i < 8 * bytes; ++i) state = forward(state);
    return state;
}

constexpr unsigned retreated(unsigned state, unsigned bytes) {
    for (unsigned i = 0; i < 8 * bytes; ++i) state = backward(state);
    return state;
}

constexpr Matrix advance(unsigned bytes) {
    Matrix matrix = {};
    for (unsigned j = 0; j < BITS; ++j) {
        const unsigned column = advanced(1u << j, bytes);
        for (unsigned i = 0; i < BITS; ++i) matrix.row[i] |= ((column >> i) & 1) << j;
    }
    return matrix;
}

constexpr Matrix retreat(unsigned bytes) {
    Matrix matrix = {};
    for (unsigned j = 0; j < BITS; ++j) {
        const unsigned column = retreated(1u << j, bytes);
        for (unsigned i = 0; i < BITS; ++i) matrix.row[i] |= ((column >> i) & 1) << j;
    }
    return matrix;
}

struct Table {
    unsigned entry[LANES + 1];
};

// The initial state at the end of a first beat whose first byte is at lane `lead`; 16 when the beat has no byte.
constexpr Table starts() {
    Table table = {};
    for (unsigned lead = 0; lead <= LANES; ++lead) table.entry[lead] = advanced(0xFFFFFFFFu, LANES - lead);
    return table;
}

constexpr Matrix ADVANCE[WORDS] = {advance(16), advance(12), advance(8), advance(4)};
constexpr Matrix RETREAT[4] = {retreat(8), retreat(4), retreat(2), retreat(1)};
constexpr Table START = starts();

ap_uint<BITS> times(const Matrix &matrix, ap_uint<BITS> word) {
#pragma HLS INLINE
    ap_uint<BITS> product = 0;
    for (unsigned i = 0; i < BITS; ++i) {
#pragma HLS UNROLL
        const ap_uint<BITS> selected = word & ap_uint<BITS>(matrix.row[i]);
        product[i] = selected.xor_reduce();
    }
    return product;
}

} // namespace

void fingerprint(hls::stream<byte_beat> &bytes, hls::stream<result_beat> &results) {
#pragma HLS INTERFACE axis port=bytes
#pragma HLS INTERFACE axis port=results
#pragma HLS INTERFACE ap_ctrl_none port=return
#pragma HLS PIPELINE II=1 style=flp

    static ap_uint<BITS> state = 0;
    static ap_uint<4> pad = 0;
    static ap_uint<31> length = 0;
    static ap_uint<1> broken = 0;
    static ap_uint<1> in_packet = 0;
#pragma HLS RESET variable=in_packet

    const byte_beat beat = bytes.read();
    const bool first = in_packet == 0;

    // Bytes that do not belong to the packet are zero; lanes before its first byte and after its last one.
    ap_uint<BITS> word[WORDS];
#pragma HLS ARRAY_PARTITION variable=word complete
    ap_uint<5> lead = LANES;
    ap_uint<4> after = 0;
    ap_uint<5> begins = 0;
    for (unsigned lane = 0; lane < LANES; ++lane) {
#pragma HLS UNROLL
        const bool kept = beat.keep[lane] == 1;
        const bool kept_before = lane > 0 && beat.keep[lane == 0 ? 0 : lane - 1] == 1;
        const ap_uint<8> byte = kept ? ap_uint<8>(beat.data.range(8 * lane + 7, 8 * lane)) : ap_uint<8>(0);
        word[lane / 4].range(8 * (lane % 4) + 7, 8 * (lane % 4)) = byte;
        if (kept && !kept_before) {
            if (begins == 0) lead = lane;
            begins = begins + 1;
        }
        if (kept) after = LANES - 1 - lane;
    }
    const bool empty = lead == LANES;

    ap_uint<BITS> sum = first ? ap_uint<BITS>(START.entry[lead]) : ap_uint<BITS>(0);
    for (unsigned w = 0; w < WORDS; ++w) {
#pragma HLS UNROLL
        sum = sum ^ times(ADVANCE[w], word[w]);
    }
    const bool gap = !empty && (lead != 0 || pad != 0);
    broken = (begins > 1 || (!first && (broken == 1 || gap))) ? 1 : 0;
    if (first || !empty) {
        state = first ? sum : ap_uint<BITS>(times(ADVANCE[0], state) ^ sum);
        pad = after;
    }
    const ap_uint<31> count = LANES - lead - after;
    length = first ? count : ap_uint<31>(length + count);
    in_packet = (beat.last == 0 && (in_packet == 1 || !empty)) ? 1 : 0;

    if (beat.last == 1) {
        ap_uint<BITS> end = state;
        for (unsigned step = 0; step < 4; ++step) {
#pragma HLS UNROLL
            if (pad[3 - step] == 1) end = times(RETREAT[step], end);
        }
        result_beat result;
        result.data = 0;
        if (broken == 1) {
            result.data[63] = 1;
        } else {
            result.data.range(31, 0) = ap_uint<BITS>(~end);
            result.data.range(62, 32) = length;
        }
        result.keep = 0xFF;
        result.strb = 0xFF;
        result.last = 1;
        results.write(result);
    }
}
