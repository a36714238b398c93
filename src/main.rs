//! Shipway.
fn main() {}
