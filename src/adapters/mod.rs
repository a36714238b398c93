//! Adapters: one room for each foreign tool. Each says what to call and what the answer means, as pure functions over data.
//!
//! An adapter starts no process, opens no file and knows neither the model nor the steps.

pub mod caddy;
pub mod compose;
pub mod digitalocean;
pub mod docker;
pub mod git;
pub mod github;
pub mod gitlab;
pub mod hcp;
pub mod pulumi;
pub mod ssh;
pub mod terraform;
pub mod vendor;
