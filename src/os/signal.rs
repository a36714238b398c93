//! Signals to us.

use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::iterator::backend::{Handle, SignalDelivery};
use signal_hook::iterator::exfiltrator::SignalOnly;

/// The number of the signal that asks a program to end.
pub const TERMINATE: i32 = SIGTERM;

/// A signal that ends a run, or keeps it from going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// `kill`, a cancelled CI job, a shutdown.
    Terminate,
    /// The terminal was closed.
    HangUp,
    /// Ctrl-\.
    Quit,
    /// Ctrl-Z.
    Suspend,
}

impl Signal {
    /// `SIGINT` and so on.
    pub fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
            Self::HangUp => "SIGHUP",
            Self::Quit => "SIGQUIT",
            Self::Suspend => "SIGTSTP",
        }
    }

    /// Its number.
    pub fn number(self) -> i32 {
        match self {
            Self::Interrupt => SIGINT,
            Self::Terminate => SIGTERM,
            Self::HangUp => SIGHUP,
            Self::Quit => SIGQUIT,
            Self::Suspend => SIGTSTP,
        }
    }
}

/// Signals that came to us. While this lives, they do not end the process.
pub struct Signals {
    delivery: SignalDelivery<UnixStream, SignalOnly>,
}

/// Where this goes, nobody waits for signals any more.
#[derive(Debug)]
pub struct SignalGuard {
    handle: Handle,
}

impl Drop for SignalGuard {
    fn drop(&mut self) {
        self.handle.close();
    }
}

impl Signals {
    /// Takes every signal from now on that asks us to end, and Ctrl-Z: whoever hears that one sees to our children, and then calls `suspend`.
    pub fn listen() -> std::io::Result<(Self, SignalGuard)> {
        Self::listen_to(&[SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP])
    }

    fn listen_to(numbers: &[i32]) -> std::io::Result<(Self, SignalGuard)> {
        let (read, write) = UnixStream::pair()?;
        let delivery = SignalDelivery::with_pipe(read, write, SignalOnly, numbers)?;
        let handle = delivery.handle();
        Ok((Self { delivery }, SignalGuard { handle }))
    }

    /// Those that came, waiting for them for `limit` at most; none where it is over, or woken for nothing. `None` where the guard is gone.
    pub fn next(&mut self, limit: Option<Duration>) -> Option<impl Iterator<Item = Signal> + use<>> {
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        // A wait that a signal broke off is over, too.
        poll(&mut [PollFd::new(self.delivery.get_read(), PollFlags::IN)], limit.as_ref()).ok();
        if self.delivery.handle().is_closed() {
            return None;
        }
        Some(self.delivery.pending().map(|number| match number {
            SIGINT => Signal::Interrupt,
            SIGTERM => Signal::Terminate,
            SIGQUIT => Signal::Quit,
            SIGTSTP => Signal::Suspend,
            _ => Signal::HangUp,
        }))
    }
}

/// Tells of every signal from now on that asks us to end, until it says that nobody listens any more.
pub fn watch(tell: impl FnMut(Signal) -> bool + Send + 'static) -> std::io::Result<SignalGuard> {
    watch_these(&[SIGINT, SIGTERM, SIGHUP, SIGQUIT], tell)
}

/// The same, and of Ctrl-Z: whoever hears that one sees to our children, and then calls `suspend`.
pub fn watch_all(tell: impl FnMut(Signal) -> bool + Send + 'static) -> std::io::Result<SignalGuard> {
    watch_these(&[SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP], tell)
}

fn watch_these(
    numbers: &[i32],
    mut tell: impl FnMut(Signal) -> bool + Send + 'static,
) -> std::io::Result<SignalGuard> {
    let (mut signals, guard) = Signals::listen_to(numbers)?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        while let Some(mut heard) = signals.next(None) {
            if !heard.all(&mut tell) {
                return;
            }
        }
    })?;
    Ok(guard)
}

/// Stops us until the user wants us to go on, and returns then.
pub fn suspend() {
    // To this thread: one to the process may reach another thread, and this one would go on for a moment.
    signal_hook::low_level::raise(signal_hook::consts::SIGSTOP).ok();
}

/// Asks our child `pid`, as Ctrl-Z asks us, to stop, and waits until it has: one that is woken before would stop for good. Who does not
/// within a second is not waited for.
pub fn suspend_child(pid: u32) {
    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return };
    kill_process(pid, Signal::TSTP).ok();
    let how = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    for _ in 0..100 {
        if !matches!(waitid(WaitId::Pid(pid), how), Ok(None)) {
            return;
        }
        crossbeam_channel::after(Duration::from_millis(10)).recv().ok();
    }
}

/// Asks the process `pid` to end. One that is gone hears nothing.
pub fn terminate(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid {
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok();
    }
}
