// Verilator's run-time library with $urandom drawn from the design's own state, so that a seed replays
// whatever else the process simulates. (Verilator keeps one state per thread and reseeds all threads at once.)
#define vl_rand64 verilator_own_rand64
#include "verilated.cpp"
#undef vl_rand64

thread_local uint64_t* deltascope_random_state = nullptr;

// Xoroshiro128+, as in Verilator.
uint64_t vl_rand64() VL_MT_SAFE {
    static thread_local uint64_t spare[2] = {1, 2};
    uint64_t* s = deltascope_random_state ? deltascope_random_state : spare;
    const uint64_t result = s[0] + s[1];
    s[1] ^= s[0];
    s[0] = ((s[0] << 55) | (s[0] >> 9)) ^ s[1] ^ (s[1] << 14);
    s[1] = (s[1] << 36) | (s[1] >> 28);
    return result;
}
