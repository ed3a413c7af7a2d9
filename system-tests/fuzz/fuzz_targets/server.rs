//! See [`deltascope_fuzz::server`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| deltascope_fuzz::server(data));
