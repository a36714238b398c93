//! The journal: what a run meant to do, on disk before it did it, and how it went.
//!
//! `record` is data (floor 3); `store` keeps it under `.shipway/runs/` (floor 5). Nothing here knows how a run is shown, nor what is to be
//! done after a crash.

pub mod record;
pub mod store;
