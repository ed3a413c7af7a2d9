//! See [`deltascope_fuzz::frame_stream`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| deltascope_fuzz::frame_stream(data));
