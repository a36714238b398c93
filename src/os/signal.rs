//! Signals to us, as messages.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGTSTP};
use signal_hook::iterator::{Handle, Signals};

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
            Self::Suspend => "SIGTSTP",
        }
    }

    /// Its number.
    pub fn number(self) -> i32 {
        match self {
            Self::Interrupt => SIGINT,
            Self::Terminate => SIGTERM,
            Self::HangUp => SIGHUP,
            Self::Suspend => SIGTSTP,
        }
    }
}

/// While this lives, signals come as messages and do not end the process.
#[derive(Debug)]
pub struct SignalGuard {
    handle: Handle,
}

impl Drop for SignalGuard {
    fn drop(&mut self) {
        self.handle.close();
    }
}

/// Tells of every signal from now on that asks us to end, until it says that nobody listens any more.
pub fn watch(tell: impl FnMut(Signal) -> bool + Send + 'static) -> std::io::Result<SignalGuard> {
    watch_these(&[SIGINT, SIGTERM, SIGHUP], tell)
}

/// The same, and of Ctrl-Z: whoever hears it sees to our children, and then calls `suspend`.
pub fn watch_all(tell: impl FnMut(Signal) -> bool + Send + 'static) -> std::io::Result<SignalGuard> {
    watch_these(&[SIGINT, SIGTERM, SIGHUP, SIGTSTP], tell)
}

/// Stops us until the user wants us to go on, and returns then.
pub fn suspend() {
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP).ok();
}

fn watch_these(
    numbers: &[i32],
    mut tell: impl FnMut(Signal) -> bool + Send + 'static,
) -> std::io::Result<SignalGuard> {
    let mut signals = Signals::new(numbers)?;
    let handle = signals.handle();
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for number in signals.forever() {
            let signal = match number {
                SIGINT => Signal::Interrupt,
                SIGTERM => Signal::Terminate,
                SIGTSTP => Signal::Suspend,
                _ => Signal::HangUp,
            };
            if !tell(signal) {
                return;
            }
        }
    })?;
    Ok(SignalGuard { handle })
}

/// Asks the process `pid` to end. One that is gone hears nothing.
pub fn terminate(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid {
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok();
    }
}
