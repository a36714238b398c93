//! The journal of the deployment that is under way, on the disk before each act.

use std::io;

use crate::os::files::{FileKind, Files};
use crate::release::layout::Layout;
use crate::release::record::State;

/// What the last deployment left undone; `None`: nothing.
pub fn read(files: &dyn Files, layout: &Layout) -> io::Result<Option<State>> {
    if files.kind(&layout.state()) == FileKind::Missing {
        return Ok(None);
    }
    let bytes = files.read(&layout.state())?;
    serde_json::from_slice(&bytes).map(Some).map_err(io::Error::other)
}

/// Writes the journal; it is on the disk when this returns.
pub fn write(files: &dyn Files, layout: &Layout, state: &State) -> io::Result<()> {
    files.write_durable(&layout.state(), &serde_json::to_vec_pretty(state)?, 0o600)
}

/// The deployment is over.
pub fn remove(files: &dyn Files, layout: &Layout) -> io::Result<()> {
    files.remove(&layout.state())
}
