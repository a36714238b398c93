//! `schema`: what an editor needs to know of the tasks file.

use crate::cli::print;
use crate::diagnostic::Fault;
use crate::model::schema;

pub(super) fn run() -> Result<u8, Fault> {
    print(&format!("{:#}\n", schema()));
    Ok(0)
}
