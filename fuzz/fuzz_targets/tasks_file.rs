//! A tasks file and what it includes, from libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| shipway_fuzz::tasks_file(bytes));
