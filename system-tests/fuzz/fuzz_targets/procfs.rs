//! See [`deltascope_fuzz::procfs`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| deltascope_fuzz::procfs(data));
