//! The journal: what a run meant to do, on disk before it did it, and how it went.

pub mod record;
