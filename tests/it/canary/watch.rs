//! Looks at the command lines of all processes of the machine for as long as anybody wants it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// A sampler. One sees what all scenes of a process start; each looks for its own secrets.
pub(super) struct Watch {
    over: Arc<AtomicBool>,
    seen: Arc<Mutex<BTreeSet<Vec<u8>>>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    pub(super) fn start() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::new(Mutex::new(BTreeSet::new()));
        let (stop, target) = (Arc::clone(&over), Arc::clone(&seen));
        let thread = std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let lines = all();
                target.lock().unwrap().extend(lines);
                // Somebody else wants the processor, too: what is sampled, above all.
                std::thread::yield_now();
            }
        });
        Self { over, seen, thread: Some(thread) }
    }

    /// Whether a command line with this in it was seen.
    pub(super) fn has(&self, text: &[u8]) -> bool {
        self.seen.lock().unwrap().iter().any(|line| line.windows(text.len()).any(|window| window == text))
    }

    /// The distinct command lines that were seen.
    pub(super) fn end(mut self) -> BTreeSet<Vec<u8>> {
        self.stop();
        std::mem::take(&mut self.seen.lock().unwrap())
    }

    fn stop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop();
    }
}

fn all() -> Vec<Vec<u8>> {
    let own = std::process::id().to_string();
    let entries = Path::new("/proc").read_dir().into_iter().flatten().flatten();
    let numbers = entries.filter(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        name != own && name.bytes().all(|byte| byte.is_ascii_digit())
    });
    numbers
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .filter(|line| !line.is_empty())
        .collect()
}
