//! docker: what to call, what its answer means. Pure; knows nothing of compose's rules and of when a container is replaced.

pub mod command;
pub mod guest;
pub mod inspect;
