// SPDX-License-Identifier: MIT OR Apache-2.0
// A beat of an AXI4-Stream with data, keep, strobes and last, for C simulation without Vitis HLS.
#ifndef DELTASCOPE_CSIM_AP_AXI_SDATA_H
#define DELTASCOPE_CSIM_AP_AXI_SDATA_H

#include "ap_int.h"

template <int D, int U, int I, int T> struct ap_axiu {
    static_assert(U == 0 && I == 0 && T == 0, "ap_axiu: TUSER, TID and TDEST are not simulated");
    ap_uint<D> data;
    ap_uint<D / 8> keep;
    ap_uint<D / 8> strb;
    ap_uint<1> last;
};

#endif
