// SPDX-License-Identifier: MIT OR Apache-2.0
// A stream that holds one value. Reading from an empty one and writing to a full one wait: `csim::wait` gives the
// clock to the test bench, which decides when there is a value or room.
#ifndef DELTASCOPE_CSIM_HLS_STREAM_H
#define DELTASCOPE_CSIM_HLS_STREAM_H

namespace csim {
void wait();
}

namespace hls {

template <typename T> class stream {
    T value;
    bool is_full = false;

  public:
    bool empty() const { return !is_full; }
    bool full() const { return is_full; }
    T read() {
        while (!is_full) csim::wait();
        is_full = false;
        return value;
    }
    void write(const T &next) {
        while (is_full) csim::wait();
        value = next;
        is_full = true;
    }
};

} // namespace hls

#endif
