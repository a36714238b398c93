//! The doors to the machine: processes, files, clock, environment, locks, signals, the terminal, tools.

pub mod command;
pub mod terminal;
