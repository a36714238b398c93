//! Env files: what they say, who reads them differently, and how to make one.
//!
//! - `parse` gives a file's names and values as docker compose reads them.
//! - `document` keeps every byte of a file and knows where its keys and values stand.
//! - `read_as` gives a value as one of several readers has it.
//!
//! Pure: knows no files, no environment and no random source. Values of env files are secrets, so no message
//! of this room shows one.

pub mod document;
mod parse;
mod read;
mod shell;

pub use parse::{DotenvFault, parse};
pub use read::{Reader, Reading, Treatment, Unreadable, read_as};
