//! See [`deltascope_fuzz::raw_records`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| deltascope_fuzz::raw_records(data));
