//! Small words of the language: counts, lists, near names, durations, quoting.
//!
//! Pure functions from values to text and back. They know no colour, no terminal and nothing of what they are
//! said about.

pub mod columns;
pub mod count;
pub mod cut;
pub mod dotenv;
pub mod duration;
pub mod list;
pub mod markdown;
pub mod patterns;
pub mod quote;
pub mod suggest;
pub mod visible;
pub mod whole_lines;
pub mod wildcard;
