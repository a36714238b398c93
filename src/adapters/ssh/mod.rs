//! ssh: addresses of servers, what to call, whose host key is believed. Pure; knows nothing of what is done on a server.

pub mod address;
pub mod command;
pub mod host_key;

pub use address::{Address, AddressFault, Host};
