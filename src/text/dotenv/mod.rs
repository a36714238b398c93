//! Env files: what they say, who reads them differently, and how to make one.
//!
//! - `parse` gives a file's names and values as docker compose reads them.
//! - `document` keeps every byte of a file and knows where its keys and values stand.
//! - `read_as` gives a value as one of several readers has it, `render_assignment` writes one that they agree on.
//! - `generate` fills the places for secrets, `merge` joins files.
//! - `lint` says what is wrong with a file, or differs by reader.
//! - `compose` tells which variables a compose file wants from them.
//!
//! Pure: knows no files, no environment and no random source. Values of env files are secrets, so no message
//! of this room shows one.

pub mod compose;
pub mod document;
pub mod generate;
pub mod lint;
mod lint_value;
pub mod merge;
mod parse;
mod read;
mod shell;
mod write;

pub use parse::{DotenvFault, parse};
pub use read::{Reader, Reading, Treatment, Unreadable, read_as};
pub use write::{Unwritable, is_shell_name, render_assignment};
