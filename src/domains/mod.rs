//! What Shipway is for. Each domain turns a part of the model into nodes and brings their actions; domains know each other only by the
//! names of steps, and none knows the screen.

pub mod database;
pub mod deploy;
pub mod releases;
pub mod repository;
pub mod rollout;
pub mod secrets;
pub mod task;
pub mod workspace;
