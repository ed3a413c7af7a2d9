//! See [`deltascope_fuzz::session`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| deltascope_fuzz::session(data));
