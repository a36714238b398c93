//! Shipway.
#![allow(missing_docs, reason = "skeleton")]
pub mod adapters;
pub mod assemble;
pub mod cli;
pub mod diagnostic;
pub mod domains;
pub mod event;
pub mod journal;
pub mod masking;
pub mod model;
pub mod os;
pub mod plan;
pub mod report;
pub mod run;
pub mod template;
pub mod text;
