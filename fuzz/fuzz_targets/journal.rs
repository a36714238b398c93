//! The journal of an earlier run, from libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| shipway_fuzz::journal(bytes));
