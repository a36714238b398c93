//! Heeds signals while a question stands that is asked before a run, which would do so itself.

use std::io;
use std::time::Duration;

use crossbeam_channel::{Receiver, unbounded};
use dialoguer::console::Term;

use crate::os::signal::{self, Signal};
use crate::os::terminal::TerminalGuard;

/// How long a signal that broke a question off may take to reach us.
const SIGNAL_DELAY: Duration = Duration::from_millis(500);

/// What comes first.
enum Heard<T> {
    Answer(io::Result<T>),
    Signal(Signal),
}

/// What `ask` gives, or the signal that came instead; then the terminal is as it was, and the cursor is there. An error of kind `Interrupted`
/// is a signal, too.
pub(super) fn heeding<T: Send + 'static>(
    ask: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<Result<T, Signal>> {
    let (tell, told) = unbounded();
    let heard = tell.clone();
    // Without a handler of ours a signal would leave the terminal as the question has it.
    let _signals = signal::watch(move |signal| heard.send(Heard::Signal(signal)).is_ok())?;
    let _terminal = TerminalGuard::new();
    // Whoever waits for a key hears no signal.
    std::thread::Builder::new().name("question".to_owned()).spawn(move || {
        tell.send(Heard::Answer(ask())).ok();
    })?;
    let ended = match told.recv() {
        Ok(Heard::Answer(Err(error))) if error.kind() == io::ErrorKind::Interrupted => {
            Ok(Err(signal_on_its_way(&told)))
        }
        Ok(Heard::Answer(answer)) => answer.map(Ok),
        Ok(Heard::Signal(signal)) => Ok(Err(signal)),
        Err(_) => Err(io::ErrorKind::UnexpectedEof.into()),
    };
    if !matches!(ended, Ok(Ok(_))) {
        // It is hidden until somebody answers. A terminal that went away needs none.
        Term::stderr().show_cursor().ok();
    }
    ended
}

/// Ctrl-C reaches a question as a key: the signal that it raises may be on its way still.
fn signal_on_its_way<T>(told: &Receiver<Heard<T>>) -> Signal {
    match told.recv_timeout(SIGNAL_DELAY) {
        Ok(Heard::Signal(signal)) => signal,
        _ => Signal::Interrupt,
    }
}
