//! Tells what changes in a folder, as the system tells it.
//!
//! Links are not followed: what is beyond one is not the folder's. A folder that is made anew is another one to the system, and has to be
//! watched anew (`FolderWatch::renew`).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::Sender;
use notify::event::{EventKind, ModifyKind};
use notify::{Config, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::files;

/// While this lives, changes are told.
#[derive(Debug)]
pub struct FolderWatch {
    folder: PathBuf,
    /// The same without links: the one that is watched may itself be reached by one.
    real: PathBuf,
    _watcher: RecommendedWatcher,
    /// Which folder is watched; `None`: none that is there.
    watched: Option<(u64, u64)>,
    /// The watched one was taken away. A new one may have its number.
    is_gone: Arc<AtomicBool>,
    sender: Sender<PathBuf>,
}

/// Sends the path of everything that changes in `folder` and below from now on; an empty path where the system lost count.
pub fn folder(folder: &Path, sender: Sender<PathBuf>) -> io::Result<FolderWatch> {
    let is_gone = Arc::new(AtomicBool::new(false));
    let real = files::real_path(folder);
    let watcher = watcher((folder, &real), &sender, &is_gone)?;
    let watched = files::identity(&real);
    Ok(FolderWatch { folder: folder.to_owned(), real, _watcher: watcher, watched, is_gone, sender })
}

impl FolderWatch {
    /// Watches the folder anew where it is another one than before, and tells whether it is.
    pub fn renew(&mut self) -> bool {
        let real = files::real_path(&self.folder);
        let now = files::identity(&real);
        if real == self.real && now == self.watched && !self.is_gone.load(Ordering::Relaxed) {
            return false;
        }
        if now.is_none() {
            self.watched = None;
            return false;
        }
        let is_gone = Arc::new(AtomicBool::new(false));
        // One that goes away right now is looked for again.
        let Ok(watcher) = watcher((&self.folder, &real), &self.sender, &is_gone) else { return false };
        let (folder, sender) = (std::mem::take(&mut self.folder), self.sender.clone());
        *self = Self { folder, real, _watcher: watcher, watched: now, is_gone, sender };
        true
    }
}

/// Watches the folder `real` and tells of it as `folder`.
fn watcher(
    (folder, real): (&Path, &Path),
    sender: &Sender<PathBuf>,
    is_gone: &Arc<AtomicBool>,
) -> io::Result<RecommendedWatcher> {
    let (told_as, watched) = (folder.to_owned(), real.to_owned());
    let (sender, is_gone) = (sender.clone(), Arc::clone(is_gone));
    let tell = move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        // Who only reads changes nothing.
        if matches!(event.kind, EventKind::Access(_)) {
            return;
        }
        let takes_away = matches!(event.kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)));
        if takes_away && event.paths.contains(&watched) {
            is_gone.store(true, Ordering::Relaxed);
        }
        let paths = if event.need_rescan() { vec![PathBuf::new()] } else { event.paths };
        for path in paths {
            let path = match path.strip_prefix(&watched) {
                Ok(below) if below.as_os_str().is_empty() => told_as.clone(),
                Ok(below) => told_as.join(below),
                Err(_) => path,
            };
            // Nobody listens any more at the end.
            sender.send(path).ok();
        }
    };
    let config = Config::default().with_follow_symlinks(false);
    let mut watcher = RecommendedWatcher::new(tell, config).map_err(io::Error::other)?;
    watcher.watch(real, RecursiveMode::Recursive).map_err(io::Error::other)?;
    Ok(watcher)
}
