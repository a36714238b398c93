//! A child that writes to us through pipes or pseudo-terminals, and does not outlive us: its next write ends it.
//!
//! Whoever asks what it did next waits itself, in one `poll` for its end, its output and room in its input. Threads that wait for each of
//! these cost more than most commands do.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::control::FamilyControl;
use super::remains::{LOOK, Remains};
use super::{Child, ChildControl, ChildEvent, Launch, LaunchInput, LaunchOutput, pty, termination};
use crate::event::{Stream, Termination};

/// How long the pipes of a child that has ended are read on. Whoever still holds them then is a process that it left behind.
const DRAIN: Duration = Duration::from_millis(500);

/// So long a child is left alone at first: it fills a pipe, but for very chatty ones, and most have ended by then. Were its pipes looked at
/// meanwhile, we would be woken as it closes each of them, and take the processor from it.
const ALONE: Duration = Duration::from_millis(2);

/// Read at once at most; as much as a pipe holds.
const CHUNK: usize = 64 * 1024;

/// Read at once of a child that has not printed more than this at once yet: most print little, and room that is not used costs time.
const FIRST_CHUNK: usize = 1024;

/// What we were started with.
#[expect(clippy::disallowed_methods, reason = "compared with what a child is to have")]
static OWN_ENVIRONMENT: LazyLock<Vec<(OsString, OsString)>> = LazyLock::new(|| {
    let mut own: Vec<_> = std::env::vars_os().collect();
    own.sort_unstable();
    own
});

/// What every child reads that has no input; opened once.
static NOTHING: LazyLock<io::Result<File>> = LazyLock::new(|| crate::os::files::open(Path::new("/dev/null")));

/// Its outputs, in the order of its pipes.
const STREAMS: [Stream; 2] = [Stream::Out, Stream::Err];

pub(super) struct PipedChild {
    child: std::process::Child,
    /// Readable when the child has ended.
    end: OwnedFd,
    pipes: [Option<File>; 2],
    feed: Option<Feed>,
    /// It was started just now.
    is_new: bool,
    /// Read at once.
    chunk: usize,
    /// Which pipe was looked at first.
    turn: usize,
    ended: Option<Termination>,
    remains: Option<Remains>,
    control: Arc<FamilyControl>,
}

/// What can be done.
struct Ready {
    /// The child has ended.
    end: bool,
    /// What can be said of its outputs.
    pipes: [PollFlags; 2],
    /// Its input takes more.
    feed: bool,
}

/// What the child is still to read.
struct Feed {
    pipe: File,
    bytes: Vec<u8>,
    written: usize,
}

impl PipedChild {
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    pub(super) fn start(launch: &Launch) -> io::Result<Self> {
        let mut command = Command::new(&launch.program);
        command
            .args(&launch.args)
            .current_dir(&launch.dir)
            .process_group(0)
            .stdin(match launch.input {
                LaunchInput::Nothing => nothing(),
                LaunchInput::Bytes(_) => Stdio::piped(),
                LaunchInput::Ours => Stdio::inherit(),
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut terminals = [None, None];
        if matches!(launch.output, LaunchOutput::Tty) {
            let ((out, its_out), (err, its_err)) = (pty::open()?, pty::open()?);
            command.stdout(its_out).stderr(its_err);
            terminals = [Some(out), Some(err)];
        }
        // An environment that is ours as it stands need not be made anew.
        if launch.env[..] != OWN_ENVIRONMENT[..] {
            let env = launch.env.iter().map(|(name, value)| -> (&OsStr, &OsStr) { (name, value) });
            command.env_clear().envs(env);
        }
        let mut child = command.spawn()?;
        // From here on the ends that it prints into are the child's alone: what is read ends when it has closed them.
        drop(command);
        let pid = child.id();
        let end = end_of(pid).inspect_err(|_| {
            // Nobody could wait for it.
            child.kill().ok();
            child.wait().ok();
        })?;
        let [out, err] = terminals;
        let out = out.or_else(|| child.stdout.take().map(|pipe| File::from(OwnedFd::from(pipe))));
        let err = err.or_else(|| child.stderr.take().map(|pipe| File::from(OwnedFd::from(pipe))));
        let mut feed = None;
        if let (LaunchInput::Bytes(bytes), Some(pipe)) = (&launch.input, child.stdin.take()) {
            // A child that reads slowly must not keep its output from being read.
            rustix::io::ioctl_fionbio(&pipe, true)?;
            feed = Some(Feed { pipe: File::from(OwnedFd::from(pipe)), bytes: bytes.clone(), written: 0 });
        }
        let control = Arc::new(FamilyControl::of_group(pid));
        Ok(Self {
            child,
            end,
            pipes: [out, err],
            is_new: feed.is_none(),
            feed,
            chunk: FIRST_CHUNK,
            turn: 1,
            ended: None,
            remains: None,
            control,
        })
    }

    /// Waits until something can be done.
    fn wait(&self, limit: Duration) -> Ready {
        let mut waited = Vec::with_capacity(4);
        if self.ended.is_none() {
            waited.push(PollFd::new(&self.end, PollFlags::IN));
        }
        let pipes = self.pipes.iter().flatten().map(|pipe| PollFd::new(pipe, PollFlags::IN));
        waited.extend(pipes);
        if let Some(feed) = &self.feed {
            waited.push(PollFd::new(&feed.pipe, PollFlags::OUT));
        }
        let limit = Timespec::try_from(limit).ok();
        // A signal of ours is told elsewhere.
        while matches!(poll(&mut waited, limit.as_ref()), Err(Errno::INTR)) {}
        let mut answers = waited.iter().map(PollFd::revents);
        let mut next = |is_waited: bool| {
            let answer = if is_waited { answers.next() } else { None };
            answer.unwrap_or(PollFlags::empty())
        };
        let end = !next(self.ended.is_none()).is_empty();
        let pipes = [next(self.pipes[0].is_some()), next(self.pipes[1].is_some())];
        Ready { end, pipes, feed: !next(self.feed.is_some()).is_empty() }
    }

    /// Whether it ends in that time, whatever it prints.
    fn ends_within(&self, time: Duration) -> bool {
        let mut end = [PollFd::new(&self.end, PollFlags::IN)];
        poll(&mut end, Timespec::try_from(time).ok().as_ref()).is_ok_and(|ended| ended > 0)
    }

    fn reap(&mut self) {
        // While it is not waited for, its number is nobody else's.
        self.control.leader_ended();
        self.ended = Some(self.child.wait().map_or(Termination::Unknown, termination));
        self.feed = None;
    }

    /// The end, or that it is not the end yet: of a group that was asked to end, all are waited for.
    fn end(&mut self, termination: Termination, leaked: bool) -> ChildEvent {
        if self.remains.is_none() {
            self.remains = self.control.remains();
        }
        let Some(remains) = &mut self.remains else {
            return ChildEvent::Ended { termination, leaked, swept: Vec::new() };
        };
        if remains.look() {
            if self.pipes.iter().all(Option::is_none) {
                crossbeam_channel::after(LOOK).recv().ok();
            }
            return ChildEvent::Quiet;
        }
        self.control.forget();
        ChildEvent::Ended { termination, leaked, swept: remains.names() }
    }

    fn read(&mut self, at: usize) -> Option<ChildEvent> {
        let pipe = self.pipes[at].as_ref()?;
        let mut bytes = Vec::with_capacity(self.chunk);
        match rustix::io::read(pipe, spare_capacity(&mut bytes)) {
            Ok(length @ 1..) => {
                if length >= self.chunk {
                    self.chunk = CHUNK;
                }
                return Some(ChildEvent::Output(STREAMS[at], bytes));
            }
            Err(Errno::INTR) => {}
            Ok(_) | Err(_) => self.pipes[at] = None,
        }
        None
    }

    fn feed(&mut self) {
        let Some(feed) = &mut self.feed else { return };
        match feed.pipe.write(&feed.bytes[feed.written..]) {
            Ok(length) => feed.written += length,
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {}
            // It wants no more.
            Err(_) => feed.written = feed.bytes.len(),
        }
        if feed.written == feed.bytes.len() {
            self.feed = None;
        }
    }
}

impl Child for PipedChild {
    fn pid(&self) -> u32 {
        self.child.id()
    }

    fn next(&mut self, limit: Duration) -> ChildEvent {
        loop {
            if let (Some(termination), [None, None]) = (self.ended, &self.pipes) {
                return self.end(termination, false);
            }
            if std::mem::take(&mut self.is_new) && self.ends_within(ALONE.min(limit)) {
                self.reap();
            }
            let limit = match self.ended {
                Some(_) if self.remains.is_some() => LOOK,
                Some(_) => DRAIN,
                None => limit,
            };
            let Ready { end: has_ended, pipes, feed: can_feed } = self.wait(limit);
            if !has_ended && !can_feed && pipes.iter().all(PollFlags::is_empty) {
                return match self.ended {
                    Some(termination) => self.end(termination, true),
                    None => ChildEvent::Quiet,
                };
            }
            if has_ended {
                self.reap();
            }
            if can_feed {
                self.feed();
            }
            // In turn, so that neither keeps the other from being read.
            self.turn = 1 - self.turn;
            for at in [self.turn, 1 - self.turn] {
                if pipes[at] == PollFlags::HUP && cfg!(target_os = "linux") {
                    // Nobody can write to it any more, and it is empty.
                    self.pipes[at] = None;
                } else if !pipes[at].is_empty()
                    && let Some(output) = self.read(at)
                {
                    return output;
                }
            }
            if can_feed {
                return ChildEvent::Quiet;
            }
        }
    }

    fn control(&self) -> Arc<dyn ChildControl> {
        Arc::clone(&self.control) as Arc<dyn ChildControl>
    }
}

fn nothing() -> Stdio {
    let file = NOTHING.as_ref().ok().and_then(|file| file.try_clone().ok());
    file.map_or_else(Stdio::null, Stdio::from)
}

/// What can be read as soon as the child `pid` of ours has ended.
fn end_of(pid: u32) -> io::Result<OwnedFd> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(Errno::SRCH)?;
    #[cfg(target_os = "linux")]
    if let Ok(end) = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()) {
        return Ok(end);
    }
    // Other systems, and Linux before 5.3, need a thread that waits.
    let (reader, writer) = io::pipe()?;
    std::thread::Builder::new().name("wait".to_owned()).stack_size(64 * 1024).spawn(move || {
        let how = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(pid), how), Err(Errno::INTR)) {}
        drop(writer);
    })?;
    Ok(OwnedFd::from(reader))
}
