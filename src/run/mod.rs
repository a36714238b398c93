//! The engine.
mod observe;
pub use observe::{Answer, Ask, Observer, Question};
