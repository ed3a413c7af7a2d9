// SPDX-License-Identifier: MIT OR Apache-2.0
// Fingerprints of raw bytes: CRC32C of each packet of an AXI4-Stream, sixteen bytes a clock.
//
// The interface is that of the block `fingerprint` of rtl/ (rtl/docs/fingerprint.md); either may be used in a board
// design.
#ifndef DELTASCOPE_FINGERPRINT_HPP
#define DELTASCOPE_FINGERPRINT_HPP

#include "ap_axi_sdata.h"
#include "ap_int.h"
#include "hls_stream.h"

// Sixteen bytes, the first in bits 7:0. Bytes without TKEEP may come before the first byte of a packet, after its last
// one, and as whole beats anywhere.
typedef ap_axiu<128, 0, 0, 0> byte_beat;

// Bits 31:0 are the CRC32C of the packet, bits 62:32 its bytes modulo 2^31. A packet with another gap has bit 63 alone.
typedef ap_axiu<64, 0, 0, 0> result_beat;

// Takes one beat; writes one result when it is the last of its packet.
void fingerprint(hls::stream<byte_beat> &bytes, hls::stream<result_beat> &results);

#endif
