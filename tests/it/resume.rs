//! What becomes of an `up` or `down` when something dies under it: Shipway, terraform, or both.
//!
//! `table` has a row of the resume table in each test, with written journals; `crash` the crash matrix with real terraform; `kills` kills Shipway at
//! every write of its journal, `moments` at any time; `locks` has two runs meet; `salvage` is about what a state does not know.

mod crash;
mod kills;
mod locks;
mod moments;
pub(crate) mod place;
mod salvage;
mod table;
