//! An env file, from libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| shipway_fuzz::dotenv(bytes));
