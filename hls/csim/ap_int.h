// SPDX-License-Identifier: MIT OR Apache-2.0
// As much of ap_uint as the kernel uses, written from the description in UG1399, for C simulation without Vitis HLS.
#ifndef DELTASCOPE_CSIM_AP_INT_H
#define DELTASCOPE_CSIM_AP_INT_H

#include <cstdlib>

// At most 128 bits. Arithmetic is modulo 2^W once its result is stored.
template <int W> class ap_uint {
    static_assert(W >= 1 && W <= 128, "ap_uint: 1 to 128 bits");
    typedef unsigned __int128 Word;

    static constexpr Word mask(int bits) { return bits >= 128 ? ~Word(0) : (Word(1) << bits) - 1; }
    static void check(int high, int low) {
        if (low < 0 || high < low || high >= W) std::abort();
    }

    Word value;

  public:
    // A part of a value that can be assigned.
    class Part {
        ap_uint &whole;
        int high, low;

      public:
        Part(ap_uint &of, int to, int from) : whole(of), high(to), low(from) { check(high, low); }
        template <typename T> Part &operator=(const T &other) {
            const Word part = mask(high - low + 1);
            whole.value = (whole.value & ~(part << low)) | ((Word(other) & part) << low);
            return *this;
        }
        operator Word() const { return (whole.value >> low) & mask(high - low + 1); }
    };

    ap_uint() : value(0) {}
    template <typename T> ap_uint(const T &other) : value(Word(other) & mask(W)) {}
    operator Word() const { return value; }

    Part range(int high, int low) { return Part(*this, high, low); }
    ap_uint range(int high, int low) const {
        check(high, low);
        return ap_uint((value >> low) & mask(high - low + 1));
    }
    Part operator[](int bit) { return Part(*this, bit, bit); }
    bool operator[](int bit) const {
        check(bit, bit);
        return (value >> bit) & 1;
    }
    bool xor_reduce() const {
        return (__builtin_popcountll((unsigned long long)value) + __builtin_popcountll((unsigned long long)(value >> 64))) & 1;
    }
};

#endif
