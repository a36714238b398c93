//! The one integration binary: every file here is a module of it.

// `cfg(test)` is always on here; it tells clippy that helpers, too, are tests.
#[cfg(test)]
mod code;
#[cfg(test)]
mod floors;
#[cfg(test)]
mod model;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod texts;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod wrong_files;
