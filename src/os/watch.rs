//! Tells what changes in a folder, as the system tells it.

use std::io;
use std::path::{Path, PathBuf};

use crossbeam_channel::Sender;
use notify::event::EventKind;
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

/// While this lives, changes are told.
#[derive(Debug)]
pub struct FolderWatch {
    _watcher: RecommendedWatcher,
}

/// Sends the path of everything that changes in `folder` and below from now on; an empty path where the system lost count.
pub fn folder(folder: &Path, sender: Sender<PathBuf>) -> io::Result<FolderWatch> {
    let tell = move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        // Who only reads changes nothing.
        if matches!(event.kind, EventKind::Access(_)) {
            return;
        }
        let paths = if event.need_rescan() { vec![PathBuf::new()] } else { event.paths };
        for path in paths {
            // Nobody listens any more at the end.
            sender.send(path).ok();
        }
    };
    let mut watcher = notify::recommended_watcher(tell).map_err(io::Error::other)?;
    watcher.watch(folder, RecursiveMode::Recursive).map_err(io::Error::other)?;
    Ok(FolderWatch { _watcher: watcher })
}
