//! A lock on a file that is held exactly as long as somebody works under it.
//!
//! The kernel's lock belongs to the open file, which child processes inherit: when the holder is killed, the lock stays until the last
//! command that it started has ended (`deployers.md` 3.3). At an orderly end the holder has waited for its commands, so it takes the file
//! away: what a command left running on purpose (a service, say) keeps only a file that nobody asks any more.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

/// A lock that is held.
#[derive(Debug)]
pub struct FileLock {
    // Held by being open.
    file: File,
    path: PathBuf,
}

impl FileLock {
    /// Takes the lock; `None` where somebody else holds it.
    pub fn try_take(path: &Path) -> io::Result<Option<Self>> {
        Self::take(path, rustix::io::FdFlags::empty())
    }

    /// The same, for a lock that goes with its holder alone: what it has started does not keep it.
    pub fn try_take_alone(path: &Path) -> io::Result<Option<Self>> {
        Self::take(path, rustix::io::FdFlags::CLOEXEC)
    }

    /// Writes who holds it, for those who wait; in place of what the holder before wrote.
    pub fn write_holder(&mut self, text: &[u8]) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.write_all(text)
    }

    fn take(path: &Path, flags: rustix::io::FdFlags) -> io::Result<Option<Self>> {
        loop {
            let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
            // The holder before us may have taken the file away after we opened it.
            let is_current = std::fs::metadata(path)
                .is_ok_and(|there| file.metadata().is_ok_and(|ours| ours.ino() == there.ino()));
            if is_current {
                rustix::io::fcntl_setfd(&file, flags)?;
                return Ok(Some(Self { file, path: path.to_owned() }));
            }
        }
    }

    /// Gives it back, also where a process that was started under it still runs.
    pub fn release(self) -> io::Result<()> {
        std::fs::remove_file(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_it_and_the_next_gets_it_after() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let lock = FileLock::try_take(&path).unwrap().unwrap();
        assert!(FileLock::try_take(&path).unwrap().is_none());
        lock.release().unwrap();
        let again = FileLock::try_take(&path).unwrap().unwrap();
        drop(again);
        assert!(FileLock::try_take(&path).unwrap().is_some());
    }

    #[test]
    fn a_child_keeps_it_when_its_holder_is_gone_and_not_after_an_orderly_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let start = || duct::cmd!("cat").stdin_file(io::pipe().unwrap().0).start().unwrap();
        let (reader, writer) = io::pipe().unwrap();
        let lock = FileLock::try_take(&path).unwrap().unwrap();
        let child = duct::cmd!("cat").stdin_file(reader).start().unwrap();
        drop(lock);
        assert!(FileLock::try_take(&path).unwrap().is_none(), "the child still works");
        drop(writer);
        child.wait().unwrap();
        // Another test's child may have been started in between and hold it for a moment.
        let patience = std::time::Duration::from_millis(20);
        let lock = (0..200)
            .find_map(|_| {
                crossbeam_channel::after(patience).recv().ok();
                FileLock::try_take(&path).unwrap()
            })
            .unwrap();
        let left = start();
        lock.release().unwrap();
        assert!(FileLock::try_take(&path).unwrap().is_some());
        left.kill().unwrap();
    }
}
