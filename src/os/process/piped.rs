//! A child that writes to us through pipes, and does not outlive us: its next write ends it.

use std::io::{self, Read as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::{Child, ChildControl, ChildEvent, Launch, signal_group, termination};
use crate::event::{Stream, Termination};

/// How long the pipes of a child that has ended are read on. Whoever still holds them then is a process that it left behind.
const DRAIN: Duration = Duration::from_millis(500);

enum Message {
    Output(Stream, Vec<u8>),
    Closed,
    Ended(Termination),
}

pub(super) struct PipedChild {
    pid: u32,
    messages: Receiver<Message>,
    open: usize,
    ended: Option<Termination>,
    control: Arc<GroupControl>,
}

impl PipedChild {
    pub(super) fn start(launch: &Launch) -> io::Result<Self> {
        let (out_reader, out_writer) = io::pipe()?;
        let (err_reader, err_writer) = io::pipe()?;
        let handle = {
            let expression = duct::cmd(&launch.program, &launch.args)
                .full_env(launch.env.iter().cloned())
                .dir(&launch.dir)
                .stdout_file(out_writer)
                .stderr_file(err_writer)
                .unchecked()
                .before_spawn(|command| {
                    use std::os::unix::process::CommandExt as _;
                    command.process_group(0);
                    Ok(())
                });
            let expression = match &launch.stdin {
                Some(bytes) => expression.stdin_bytes(bytes.clone()),
                None => expression.stdin_null(),
            };
            // The expression holds the writing ends: it must be gone before the pipes can come to their end.
            expression.start()?
        };
        let pid = handle.pids().first().copied().unwrap_or(0);
        let control = Arc::new(GroupControl { group: Mutex::new(Some(pid)) });
        // Few chunks of up to 64 KiB: after a signal all that was read is still shown, and `yes` prints two million lines in 4 MiB.
        let (sender, messages) = crossbeam_channel::bounded(4);
        read_along(out_reader, Stream::Out, sender.clone())?;
        read_along(err_reader, Stream::Err, sender.clone())?;
        let waiting = Arc::clone(&control);
        std::thread::Builder::new().name(format!("wait {pid}")).spawn(move || {
            let ended = handle.wait().map_or(Termination::Unknown, |output| termination(output.status));
            // From here on the number may belong to somebody else.
            waiting.forget();
            sender.send(Message::Ended(ended)).ok();
        })?;
        Ok(Self { pid, messages, open: 2, ended: None, control })
    }
}

impl Child for PipedChild {
    fn pid(&self) -> u32 {
        self.pid
    }

    fn next(&mut self, limit: Duration) -> ChildEvent {
        loop {
            if let (Some(termination), 0) = (self.ended, self.open) {
                return ChildEvent::Ended { termination, leaked: false, swept: Vec::new() };
            }
            let limit = if self.ended.is_some() { DRAIN } else { limit };
            match self.messages.recv_timeout(limit) {
                Ok(Message::Output(stream, bytes)) => return ChildEvent::Output(stream, bytes),
                Ok(Message::Closed) => self.open -= 1,
                Ok(Message::Ended(termination)) => self.ended = Some(termination),
                Err(RecvTimeoutError::Timeout) => match self.ended {
                    Some(termination) => {
                        return ChildEvent::Ended { termination, leaked: true, swept: Vec::new() };
                    }
                    None => return ChildEvent::Quiet,
                },
                Err(RecvTimeoutError::Disconnected) => {
                    let termination = self.ended.unwrap_or(Termination::Unknown);
                    return ChildEvent::Ended { termination, leaked: false, swept: Vec::new() };
                }
            }
        }
    }

    fn control(&self) -> Arc<dyn ChildControl> {
        Arc::clone(&self.control) as Arc<dyn ChildControl>
    }
}

fn read_along(mut reader: io::PipeReader, stream: Stream, sender: Sender<Message>) -> io::Result<()> {
    let reading = move || {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => {
                    if sender.send(Message::Output(stream, buffer[..length].to_vec())).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        sender.send(Message::Closed).ok();
    };
    std::thread::Builder::new().name("output".to_owned()).stack_size(128 * 1024).spawn(reading)?;
    Ok(())
}

struct GroupControl {
    group: Mutex<Option<u32>>,
}

impl GroupControl {
    fn forget(&self) {
        *self.group.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let group = self.group.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(group) = *group {
            signal_group(group, signal);
        }
    }
}

impl ChildControl for GroupControl {
    fn ask_to_end(&self, signal: i32) {
        if let Some(signal) = rustix::process::Signal::from_named_raw(signal) {
            self.signal(signal);
        }
    }

    fn kill(&self) {
        self.signal(rustix::process::Signal::KILL);
    }
}
