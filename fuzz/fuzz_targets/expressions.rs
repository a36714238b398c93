//! Texts with `{{ }}` in every kind of place, from libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| shipway_fuzz::expressions(bytes));
