// SPDX-License-Identifier: MIT OR Apache-2.0
// C simulation of the fingerprint kernel: `main SEED < beats > results`.
//
// A beat is 20 bytes: 16 of data, two of TKEEP (little endian), TLAST, and the clocks without a beat in front of it. A
// result is eight bytes, little endian. The sink takes results by a pattern that changes with SEED. Standard error gets
// one line: clocks, clocks in which a beat waited, clocks in which a result waited.
#include "fingerprint.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ucontext.h>

namespace {

const size_t BEAT_BYTES = 20;
const size_t STACK_BYTES = 1 << 18;

ucontext_t bench, kernel;
hls::stream<byte_beat> bytes;
hls::stream<result_beat> results;

void run_kernel() {
    for (;;) fingerprint(bytes, results);
}

uint64_t random_state;

uint32_t next_random() {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return uint32_t(random_state >> 32);
}

// A sink is willing in `percent` of the clocks, and changes that now and then.
bool sink_is_willing() {
    static const unsigned PERCENT[] = {100, 50, 10, 90, 2};
    static unsigned percent = 100, left = 0;
    if (left == 0) {
        percent = PERCENT[next_random() % 5];
        left = 1 + next_random() % 2000;
    }
    --left;
    return next_random() % 100 < percent;
}

} // namespace

void csim::wait() {
    swapcontext(&kernel, &bench);
}

int main(int count, char **arguments) {
    random_state = (count > 1 ? strtoull(arguments[1], nullptr, 10) : 1) * 0x9E3779B97F4A7C15ull | 1;
    static char stack[STACK_BYTES];
    getcontext(&kernel);
    kernel.uc_stack.ss_sp = stack;
    kernel.uc_stack.ss_size = sizeof stack;
    kernel.uc_link = nullptr;
    makecontext(&kernel, run_kernel, 0);

    static unsigned char input[BEAT_BYTES];
    uint64_t clocks = 0, beats_waited = 0, results_waited = 0;
    unsigned gap = 0, idle = 0;
    bool offered = false;
    for (;;) {
        if (!offered) {
            const size_t found = fread(input, 1, sizeof input, stdin);
            if (found != 0 && found != sizeof input) {
                fprintf(stderr, "expected beats of %zu bytes, found %zu at the end\n", sizeof input, found);
                return 1;
            }
            offered = found != 0;
            gap = offered ? input[19] : 0;
        }
        // After the last beat, long enough for every result to leave.
        idle = offered || !bytes.empty() || !results.empty() ? 0 : idle + 1;
        if (idle > 1000) break;
        if (offered && gap > 0) {
            --gap;
        } else if (offered && bytes.full()) {
            ++beats_waited;
        } else if (offered) {
            byte_beat beat;
            for (int lane = 0; lane < 16; ++lane) beat.data.range(8 * lane + 7, 8 * lane) = input[lane];
            beat.keep = input[16] | input[17] << 8;
            beat.strb = beat.keep;
            beat.last = input[18];
            bytes.write(beat);
            offered = false;
        }
        if (!results.empty()) {
            if (sink_is_willing()) {
                const result_beat result = results.read();
                if (result.keep != 0xFF || result.last != 1) {
                    fprintf(stderr, "a result without TKEEP or TLAST\n");
                    return 1;
                }
                for (int byte = 0; byte < 8; ++byte) putchar(int(unsigned(result.data.range(8 * byte + 7, 8 * byte))));
            } else {
                ++results_waited;
            }
        }
        swapcontext(&bench, &kernel);
        ++clocks;
    }
    fprintf(stderr, "%llu %llu %llu\n", (unsigned long long)clocks, (unsigned long long)beats_waited,
            (unsigned long long)results_waited);
    return fflush(stdout) == 0 ? 0 : 1;
}
