//! The one integration binary: every file here is a module of it.

mod model;
mod mutations;
mod texts;
mod wrong_files;
