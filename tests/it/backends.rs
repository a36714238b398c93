//! Backends that are servers: who waits for whom, whose lock is left, and that a chain is previewed there as it comes true.

mod ahead;
mod chain;
mod init;
mod on_disk;
mod pg;
mod s3;
mod store;
