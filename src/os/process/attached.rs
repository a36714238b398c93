//! A child of an earlier Shipway that died: it goes on under its shim, and its files are read along.
//!
//! It is nobody's child any more, so it can't be waited for. That it runs is told by the lock on its output file, which it and its shim hold
//! (`shimmed`). Nor can the shim be given orders: the pipe that they came through is gone. To ask it to end is to stop reading along.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::fs::FlockOperation;

use super::shimmed::{TAIL, Tails, end};
use super::{Child, ChildControl, ChildEvent};
use crate::event::Termination;
use crate::os::shim::{self, ShimReport};
use crate::os::{files, identity};

/// Reads along with the command that writes to `path`, which has no ending, from its beginning to its end.
pub fn attach(path: &Path) -> io::Result<Box<dyn Child>> {
    Ok(Box::new(AttachedChild {
        path: path.to_owned(),
        tails: Tails::open(path)?,
        over: false,
        left: Arc::default(),
    }))
}

/// Whether the command that writes to `path`, which has no ending, or its shim, still runs.
pub fn is_written(path: &Path) -> bool {
    let lives =
        |report| matches!(report, Some(ShimReport::Running { process }) if identity::is_alive(&process));
    is_locked(path) || lives(shim::read_report(&path.with_extension("status")))
}

fn is_locked(path: &Path) -> bool {
    let Ok(file) = files::open(&path.with_extension("out")) else { return false };
    // Closing the file gives the lock back.
    rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared) == Err(rustix::io::Errno::WOULDBLOCK)
}

struct AttachedChild {
    path: PathBuf,
    tails: Tails,
    over: bool,
    left: Arc<Leave>,
}

#[derive(Default)]
struct Leave(AtomicBool);

impl ChildControl for Leave {
    fn ask_to_end(&self, _signal: i32) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn kill(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Child for AttachedChild {
    fn pid(&self) -> u32 {
        match shim::read_report(&self.path.with_extension("status")) {
            Some(ShimReport::Running { process }) => process.pid,
            Some(ShimReport::Ended { .. }) | None => 0,
        }
    }

    fn next(&mut self, limit: Duration) -> ChildEvent {
        let mut limit = limit;
        loop {
            if let Some((stream, bytes)) = self.tails.read() {
                return ChildEvent::Output(stream, bytes);
            }
            if self.over {
                return end(&self.path.with_extension("status"));
            }
            if self.left.0.load(Ordering::SeqCst) {
                return ChildEvent::Ended {
                    termination: Termination::Unknown,
                    leaked: false,
                    swept: Vec::new(),
                };
            }
            // What it wrote last is read once more after its end was seen.
            self.over = !is_written(&self.path);
            if !self.over {
                crossbeam_channel::after(limit.min(TAIL)).recv().ok();
                if limit <= TAIL {
                    return ChildEvent::Quiet;
                }
                limit -= TAIL;
            }
        }
    }

    fn control(&self) -> Arc<dyn ChildControl> {
        Arc::clone(&self.left) as Arc<dyn ChildControl>
    }
}
