// The uniform face of every Verilated design: ports by index, one eval, waves on demand.
// `deltascope_sim::dut::ffi` mirrors these structs.
#ifndef DELTASCOPE_DUT_H
#define DELTASCOPE_DUT_H

#include <cstdint>
#include <memory>

#include "verilated.h"
#if VM_TRACE
#include "verilated_vcd_c.h"
#endif
#if VM_COVERAGE
#include "verilated_cov.h"
#endif

struct DutPort {
    const char* name;
    uint32_t bits;
    uint32_t is_input;
};

struct DutApi {
    uint32_t port_count;
    const DutPort* ports;
    void* (*create)(uint64_t seed);
    void (*destroy)(void* dut);
    // Where the port lives: 1, 2, 4 or 8 bytes, or 32-bit words above 64 bits.
    void* (*storage)(void* dut, uint32_t port);
    void (*eval)(void* dut);
    // Opens a VCD file; a null path closes it. Nothing for a design that was made without.
    void (*trace)(void* dut, const char* path);
    // Writes what the design counted of its lines and bits; nothing unless it was made to count.
    void (*coverage)(void* dut, const char* path);
};

// State of $urandom of the design that is being evaluated by this thread (runtime.cpp).
extern thread_local uint64_t* deltascope_random_state;

template <class Model>
struct Dut {
    // $urandom of this instance: two instances never disturb each other, whatever thread runs them.
    uint64_t random[2];
    VerilatedContext context;
    std::unique_ptr<Model> model;
#if VM_TRACE
    std::unique_ptr<VerilatedVcdC> waves;
#endif
    uint64_t evals = 0;

    explicit Dut(uint64_t seed) : random{seed ^ 0x9E3779B97F4A7C15ull, ~seed} {
        deltascope_random_state = random;
#if VM_TRACE
        context.traceEverOn(true);
#endif
        model = std::make_unique<Model>(&context, "dut");
    }
    ~Dut() {
        deltascope_random_state = random;
#if VM_TRACE
        if (waves) waves->close();
#endif
        model->final();
    }

    static Dut* self(void* dut) { return static_cast<Dut*>(dut); }
    static void* create(uint64_t seed) { return new Dut(seed); }
    static void destroy(void* dut) { delete self(dut); }
    static void eval(void* dut) {
        Dut* d = self(dut);
        deltascope_random_state = d->random;
        d->model->eval();
#if VM_TRACE
        // One eval is half a clock of 10 time units.
        if (d->waves) d->waves->dump(5 * d->evals);
#endif
        ++d->evals;
    }
    static void coverage(void* dut, const char* path) {
#if VM_COVERAGE
        self(dut)->context.coveragep()->write(path);
#else
        (void)dut;
        (void)path;
#endif
    }
    static void trace(void* dut, const char* path) {
#if VM_TRACE
        Dut* d = self(dut);
        if (d->waves) {
            d->waves->close();
            d->waves.reset();
        }
        if (path) {
            d->waves = std::make_unique<VerilatedVcdC>();
            d->model->trace(d->waves.get(), 99);
            d->waves->open(path);
        }
#else
        (void)dut;
        (void)path;
#endif
    }
};

#endif
