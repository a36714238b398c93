//! Secrets, and the masker that keeps them out of all that is printed or kept.
//!
//! - `Secret` is a text that cannot be printed by accident.
//! - `Masker` knows every secret of a run, each in the forms that tools give to it (`forms`), and replaces
//!   them in a whole text or in a `MaskStream`.
//! - `Finder` says which of the secrets it was given stands where in a text.
//! - `env_value` and `dotenv_values` say which values of an env file are secrets, and which of them are too
//!   weak to be masked.
//!
//! What is looked for is found wherever it stands: all occurrences are taken, also those that overlap, and
//! each run of overlapping ones becomes one `MASK`. The usual choice, leftmost-longest, shows the tail of a
//! secret whose head is the tail of another.
//!
//! This room does not know where texts come from or go to. It is a net and not a wall: what a command
//! reverses, compresses or encrypts passes it.

mod dotenv;
mod env_value;
mod escape;
mod finder;
mod forms;
mod grams;
mod masker;
mod secret;
mod stream;
mod table;

pub use dotenv::dotenv_values;
pub use env_value::{EnvValue, env_value, env_value_is_secret};
pub use finder::Finder;
pub use forms::SHORTEST_SECRET;
pub use masker::Masker;
pub use secret::Secret;
pub use stream::MaskStream;

/// What stands where a secret stood.
pub const MASK: &str = "***";

#[cfg(test)]
mod tests;
