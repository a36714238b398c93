//! The journal of the deployment that is under way, on the disk before each act.

use std::io;

use crate::diagnostic::{Fault, FaultKind};
use crate::os::files::{FileKind, Files};
use crate::os::kill_point;
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
    files.write_durable(&layout.state(), &serde_json::to_vec_pretty(state)?, 0o600)?;
    checkpoint();
    Ok(())
}

/// The deployment is over.
pub fn remove(files: &dyn Files, layout: &Layout) -> io::Result<()> {
    files.remove(&layout.state())?;
    checkpoint();
    Ok(())
}

/// A point at which a test may have us killed: after each write of the journal and each command. Nothing in a release build.
pub fn checkpoint() {
    kill_point::pass();
}

/// The containers that were told to leave.
pub(super) fn leaving(files: &dyn Files, layout: &Layout) -> Result<Vec<String>, Fault> {
    Ok(open(files, layout)?.leaving)
}

/// Records that a container is about to be told to leave.
pub(super) fn leave(files: &dyn Files, layout: &Layout, id: &str) -> Result<(), Fault> {
    let mut state = open(files, layout)?;
    if state.leaving.iter().any(|known| known == id) {
        return Ok(());
    }
    state.leaving.push(id.to_owned());
    write(files, layout, &state).map_err(|error| {
        Fault::new(FaultKind::World, format!("{} could not be written: {error}", layout.state().display()))
            .hint("nothing is changed without a record of it; make room on the server and deploy again")
    })
}

fn open(files: &dyn Files, layout: &Layout) -> Result<State, Fault> {
    let missing = || io::Error::other("there is none");
    read(files, layout).and_then(|state| state.ok_or_else(missing)).map_err(|error| {
        let path = layout.state();
        Fault::new(
            FaultKind::World,
            format!("the deployment's journal {} can't be read: {error}", path.display()),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::files::RealFiles;
    use crate::release::record::{RECORD_VERSION, Stage};

    #[test]
    fn who_is_told_to_leave_is_recorded_once_and_nothing_else_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let layout = Layout::at(folder.path());
        assert_eq!(leave(&RealFiles, &layout, "c0ffee").expect_err("no journal").kind, FaultKind::World);
        let state = State {
            version: RECORD_VERSION,
            number: 7,
            from: Some("6-v1-beef".to_owned()),
            to: None,
            stage: Stage::Rolling,
            leaving: Vec::new(),
        };
        write(&RealFiles, &layout, &state).expect("written");
        leave(&RealFiles, &layout, "c0ffee").expect("recorded");
        leave(&RealFiles, &layout, "c0ffee").expect("recorded");
        assert_eq!(leaving(&RealFiles, &layout).expect("a journal"), ["c0ffee"]);
        let now = read(&RealFiles, &layout).expect("read").expect("a journal");
        assert_eq!(State { leaving: Vec::new(), ..now }, state);
    }
}
