//! See [`deltascope_fuzz::reply_stream`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| deltascope_fuzz::reply_stream(data));
