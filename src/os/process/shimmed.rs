//! A child that outlives us: under the shim, writing to files that we read along.

use std::io::{self, PipeWriter, Read as _, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use rustix::fs::FlockOperation;

use super::{Child, ChildControl, ChildEvent, Launch};
use crate::event::{Stream, Termination};
use crate::os::files;
use crate::os::shim::{self, Orphaned, ShimReport};

/// How often files that a child writes are looked at.
pub(super) const TAIL: Duration = Duration::from_millis(40);

pub(super) struct ShimmedChild {
    pid: u32,
    ended: Receiver<()>,
    over: bool,
    status: PathBuf,
    tails: Tails,
    control: Arc<ShimControl>,
}

impl ShimmedChild {
    pub(super) fn start(
        launch: &Launch,
        executable: &std::path::Path,
        path: &std::path::Path,
        orphaned: Orphaned,
    ) -> io::Result<Self> {
        let (out_path, err_path) = (path.with_extension("out"), path.with_extension("err"));
        let out = files::create_private(&out_path)?;
        let err = files::create_private(&err_path)?;
        // The lock goes with the file to the shim and the command: while it is held one of them lives, whatever became of us, of
        // process numbers, or of the moment between a start and its record. A file system without locks leaves the shim's report to tell.
        rustix::fs::flock(&out, FlockOperation::NonBlockingLockExclusive).ok();
        let (life_reader, life) = io::pipe()?;
        let handle = duct::cmd(executable, shim::arguments(&path.with_extension("status"), orphaned, launch))
            .full_env(launch.env.iter().cloned())
            .dir(&launch.dir)
            .stdin_file(life_reader)
            .stdout_file(out)
            .stderr_file(err)
            .unchecked()
            .before_spawn(|command| {
                use std::os::unix::process::CommandExt as _;
                command.process_group(0);
                Ok(())
            })
            .start()?;
        let pid = handle.pids().first().copied().unwrap_or(0);
        let (sender, ended) = crossbeam_channel::bounded(1);
        std::thread::Builder::new().name(format!("wait {pid}")).spawn(move || {
            handle.wait().ok();
            sender.send(()).ok();
        })?;
        Ok(Self {
            pid,
            ended,
            over: false,
            status: path.with_extension("status"),
            tails: Tails::open(path)?,
            control: Arc::new(ShimControl { life: Mutex::new(life) }),
        })
    }
}

impl Child for ShimmedChild {
    fn pid(&self) -> u32 {
        self.pid
    }

    fn next(&mut self, limit: Duration) -> ChildEvent {
        let mut limit = limit;
        loop {
            if let Some((stream, bytes)) = self.tails.read() {
                return ChildEvent::Output(stream, bytes);
            }
            if self.over {
                return end(&self.status);
            }
            match self.ended.recv_timeout(limit.min(TAIL)) {
                Ok(()) | Err(RecvTimeoutError::Disconnected) => self.over = true,
                Err(RecvTimeoutError::Timeout) if limit <= TAIL => return ChildEvent::Quiet,
                Err(RecvTimeoutError::Timeout) => limit -= TAIL,
            }
        }
    }

    fn control(&self) -> Arc<dyn ChildControl> {
        Arc::clone(&self.control) as Arc<dyn ChildControl>
    }
}

/// The files that a child writes, read along.
pub(super) struct Tails([(Stream, std::fs::File); 2]);

impl Tails {
    /// From their beginning; `path` has no ending.
    pub(super) fn open(path: &std::path::Path) -> io::Result<Self> {
        let open = |ending: &str| files::open(&path.with_extension(ending));
        Ok(Self([(Stream::Out, open("out")?), (Stream::Err, open("err")?)]))
    }

    /// What was written since.
    pub(super) fn read(&mut self) -> Option<(Stream, Vec<u8>)> {
        for (stream, file) in &mut self.0 {
            let mut buffer = vec![0; 64 * 1024];
            if let Ok(length @ 1..) = file.read(&mut buffer) {
                buffer.truncate(length);
                return Some((*stream, buffer));
            }
        }
        None
    }
}

/// The end that the shim recorded in the file `status`.
pub(super) fn end(status: &std::path::Path) -> ChildEvent {
    let (termination, swept) = match shim::read_report(status) {
        Some(ShimReport::Ended { termination, swept }) => (termination, swept),
        Some(ShimReport::Running { .. }) | None => (Termination::Unknown, Vec::new()),
    };
    ChildEvent::Ended { termination, leaked: false, swept }
}

struct ShimControl {
    life: Mutex<PipeWriter>,
}

impl ShimControl {
    fn tell(&self, word: u8) {
        // The shim is gone when this fails; then there is nobody to tell.
        self.life.lock().unwrap_or_else(PoisonError::into_inner).write_all(&[word]).ok();
    }
}

impl ChildControl for ShimControl {
    fn ask_to_end(&self, _signal: i32) {
        self.tell(shim::INTERRUPT);
    }

    fn kill(&self) {
        self.tell(shim::KILL);
    }
}
