//! Small words of the language.

pub mod count;
pub mod duration;
pub mod list;
pub mod quote;
pub mod suggest;
