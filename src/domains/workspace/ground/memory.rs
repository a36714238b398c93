//! What a run has found out of files, so that it is not found out again for each workspace and after each plan.
//!
//! Files of a configuration are read each time: what is remembered is what their text means, by the text's digest. Only of a file that a variable
//! names, such as the certificates of a machine, which may be large and stands for ten variables, the digest itself is remembered, by its
//! place, size and time; and only where it was written long enough ago that a second change could not have the same time.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::adapters::terraform::init;
use crate::adapters::terraform::module::ModuleCall;
use crate::adapters::terraform::reads::Reads;
use crate::os::Doors;
use crate::os::files::{modified, stamp};

/// A file that was written so long ago is another one when its time is. File systems count at least so finely (FAT: two seconds).
const SETTLED: Duration = Duration::from_secs(3);

/// The text of files by their names.
pub(in super::super) type Texts = [(String, String)];

/// What is remembered.
#[derive(Default)]
pub(in super::super) struct Memory {
    modules: Mutex<BTreeMap<[u8; 32], Arc<Module>>>,
    named: Mutex<BTreeMap<String, [u8; 32]>>,
}

/// What the files of a module mean.
pub(super) struct Module {
    pub(super) calls: Vec<ModuleCall>,
    pub(super) reads: Reads,
}

impl Memory {
    /// What the files of a module mean.
    pub(super) fn module(&self, texts: &Texts) -> Arc<Module> {
        let mut hasher = blake3::Hasher::new();
        for (name, text) in texts {
            hasher
                .update(&length(name))
                .update(name.as_bytes())
                .update(&length(text))
                .update(text.as_bytes());
        }
        let key = *hasher.finalize().as_bytes();
        if let Some(known) = self.modules.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Arc::clone(known);
        }
        let borrowed: Vec<(&str, &str)> =
            texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let mut reads = Reads::default();
        borrowed.iter().for_each(|(name, text)| reads.add(name, text));
        let module = Arc::new(Module { calls: init::static_need(&borrowed).modules, reads });
        self.modules.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&module));
        module
    }

    /// The digest of a file that a variable names.
    pub(super) fn named(&self, doors: &Doors, path: &Path) -> [u8; 32] {
        let is_settled = || {
            let now =
                Duration::try_from(doors.clock.now().duration_since(jiff::Timestamp::UNIX_EPOCH)).ok()?;
            Some(now.checked_sub(modified(path)?)? > SETTLED)
        };
        let mark = stamp(path);
        let may_keep = !mark.is_empty() && is_settled() == Some(true);
        if may_keep && let Some(known) = self.named.lock().unwrap_or_else(PoisonError::into_inner).get(&mark)
        {
            return *known;
        }
        let digest = *blake3::hash(&doors.files.read(path).unwrap_or_default()).as_bytes();
        if may_keep {
            self.named.lock().unwrap_or_else(PoisonError::into_inner).insert(mark, digest);
        }
        digest
    }
}

fn length(text: &str) -> [u8; 8] {
    (text.len() as u64).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn a_module_is_another_one_when_a_text_or_a_name_is() {
        let memory = Memory::default();
        let texts = |name: &str, text: &str| [(name.to_owned(), text.to_owned())];
        let call = "module \"a\" {\n  source = \"./a\"\n}\n";
        let known = memory.module(&texts("main.tf", call));
        assert_eq!(known.calls.len(), 1);
        assert!(Arc::ptr_eq(&known, &memory.module(&texts("main.tf", call))));
        for other in [texts("main.tf", ""), texts("a.tf", call)] {
            assert!(!Arc::ptr_eq(&known, &memory.module(&other)));
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "another program writes the file, at a time of its own")]
    fn a_file_that_was_written_just_now_is_read_each_time() {
        let doors = Doors::real();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("certificates");
        let write = |text: &str, time: SystemTime| {
            std::fs::write(&path, text).unwrap();
            std::fs::File::options().append(true).open(&path).unwrap().set_modified(time).unwrap();
        };
        let memory = Memory::default();
        let now = SystemTime::now();
        write("one", now);
        let one = memory.named(&doors, &path);
        write("two", now);
        assert_ne!(memory.named(&doors, &path), one);
        // Long ago it counts by its time, and what has another time is read.
        write("one", now - Duration::from_secs(60));
        assert_eq!(memory.named(&doors, &path), one);
        write("two", now - Duration::from_secs(60));
        assert_eq!(memory.named(&doors, &path), one);
        write("two", now - Duration::from_secs(59));
        assert_ne!(memory.named(&doors, &path), one);
    }
}
