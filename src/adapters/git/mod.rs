//! git: what to call, what its answer means. Pure; knows no step and no rule of ours about tags.

pub mod command;
pub mod history;
pub mod push;
pub mod receive;
pub mod repository;
pub mod snapshot;
pub mod status;
pub mod tags;
