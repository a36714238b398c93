//! Shipway.
#![allow(missing_docs, reason = "skeleton")]
pub mod diagnostic;
pub mod masking;
pub mod model;
pub mod text;
