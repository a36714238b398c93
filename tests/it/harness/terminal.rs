//! Shipway in a pseudo-terminal: its screen, its keys, its size.

use std::io::{PipeWriter, Read as _, Write as _};
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use pty_process::blocking::{Command, Pty};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, kill_process};

use super::patience::{DEADLINE, until_true};
use super::program::{PROGRAM, Shipway};

const ROWS: u16 = 50;
const COLUMNS: u16 = 150;

/// A started Shipway and its screen. It is killed when the value goes before its end was seen.
pub(crate) struct Terminal {
    line: String,
    child: Child,
    pty: Arc<Pty>,
    shown: Arc<(Mutex<Shown>, Condvar)>,
    /// Whoever reads the terminal stops when this goes.
    reads: Option<PipeWriter>,
    over: bool,
}

struct Shown {
    screen: vt100::Parser,
    raw: Vec<u8>,
    closed: bool,
}

impl Terminal {
    pub(super) fn start(shipway: &Shipway) -> Self {
        let (pty, pts) = pty_process::blocking::open().unwrap();
        pty.resize(pty_process::Size::new(ROWS, COLUMNS)).unwrap();
        let child = Command::new(PROGRAM)
            .args(&shipway.args)
            .current_dir(&shipway.dir)
            .env_clear()
            .envs(&shipway.environment)
            .env("TERM", "xterm-256color")
            .spawn(pts)
            .unwrap();
        let pty = Arc::new(pty);
        let screen = vt100::Parser::new(size(ROWS), size(COLUMNS), 0);
        let shown = Arc::new((Mutex::new(Shown { screen, raw: Vec::new(), closed: false }), Condvar::new()));
        let (source, target) = (Arc::clone(&pty), Arc::clone(&shown));
        let (stop, reads) = std::io::pipe().unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            loop {
                let mut waited = [PollFd::new(&*source, PollFlags::IN), PollFd::new(&stop, PollFlags::IN)];
                poll(&mut waited, None).unwrap_or_default();
                if !waited[1].revents().is_empty() {
                    return;
                }
                // The end is told as EIO once nobody has the terminal open any more.
                let read = (&*source).read(&mut buffer).unwrap_or(0);
                let mut shown = target.0.lock().unwrap_or_else(PoisonError::into_inner);
                shown.screen.process(&buffer[..read]);
                shown.raw.extend_from_slice(&buffer[..read]);
                shown.closed = read == 0;
                target.1.notify_all();
                if shown.closed {
                    return;
                }
            }
        });
        Self { line: shipway.args.join(" "), child, pty, shown, reads: Some(reads), over: false }
    }

    /// Its process.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// The screen as it is now.
    pub(crate) fn screen(&self) -> String {
        self.lock().screen.screen().contents()
    }

    /// Waits until the screen fulfils a condition; gives the screen.
    #[track_caller]
    pub(crate) fn wait_until(&self, what: &str, condition: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + DEADLINE;
        let mut shown = self.lock();
        loop {
            let screen = shown.screen.screen().contents();
            if condition(&screen) {
                return screen;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let line = &self.line;
            assert!(
                !left.is_zero() && !shown.closed,
                "`shipway {line}`: waited in vain until {what}; the screen is\n{screen}\n--- and before\n{}",
                String::from_utf8_lossy(&shown.raw)
            );
            shown = self.shown.1.wait_timeout(shown, left).unwrap().0;
        }
    }

    /// Waits for a text on the screen.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) -> String {
        self.wait_until(&format!("there is {text:?}"), |screen| screen.contains(text))
    }

    /// Waits for a question of yes or no that can be answered now.
    #[track_caller]
    pub(crate) fn wait_for_question(&self, question: &str) -> String {
        self.wait_until(&format!("it asks {question:?}"), |screen| {
            asked(screen).is_some_and(|asked| asked.contains(question))
        })
    }

    /// Waits for the question that wants a word typed.
    #[track_caller]
    pub(crate) fn wait_for_word(&self, word: &str) -> String {
        let wanted = format!("`{word}`");
        self.wait_until(&format!("it wants {word:?} typed"), |screen| {
            asked(screen).is_some_and(|asked| asked.contains(&wanted))
        })
    }

    /// Types.
    pub(crate) fn types(&self, keys: &str) -> &Self {
        (&*self.pty).write_all(keys.as_bytes()).unwrap();
        self
    }

    /// Its keyboard, to be looked at after its end.
    pub(crate) fn keyboard(&self) -> Keyboard {
        Keyboard(Arc::clone(&self.pty))
    }

    /// Whether what is typed is shown.
    pub(crate) fn echoes(&self) -> bool {
        self.keyboard().echoes()
    }

    /// Gives the terminal another size.
    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        self.lock().screen.screen_mut().set_size(size(rows), size(columns));
        self.pty.resize(pty_process::Size::new(rows, columns)).unwrap();
    }

    /// Closes the terminal, and gives the status that Shipway ends with.
    #[track_caller]
    pub(crate) fn hang_up(mut self) -> Option<i32> {
        self.reads = None;
        // The reader lets go of it, and so do we.
        let (pty, _) = pty_process::blocking::open().unwrap();
        let weak = Arc::downgrade(&self.pty);
        self.pty = Arc::new(pty);
        until_true("nobody has the terminal any more", || weak.strong_count() == 0);
        let mut status = None;
        until_true("it ended", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        self.over = true;
        status.and_then(|status| status.code())
    }

    /// Its end.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Closed {
        let line = self.line.clone();
        let (deadline, mut status) = (Instant::now() + DEADLINE, None);
        while status.is_none() {
            assert!(
                Instant::now() < deadline,
                "`shipway {line}` did not end; the screen is\n{}",
                self.screen()
            );
            let shown = self.lock();
            let left = std::time::Duration::from_millis(20);
            drop(self.shown.1.wait_timeout_while(shown, left, |shown| !shown.closed).unwrap());
            status = self.child.try_wait().unwrap();
        }
        self.over = true;
        // Somebody who outlives Shipway may keep the terminal open; then the screen is what it is.
        let shown = self.lock();
        let short = std::time::Duration::from_secs(2);
        drop(self.shown.1.wait_timeout_while(shown, short, |shown| !shown.closed).unwrap());
        let raw = std::mem::take(&mut self.lock().raw);
        Closed { line, status: status.unwrap(), screen: self.screen(), raw, hidden: self.is_cursor_hidden() }
    }

    fn is_cursor_hidden(&self) -> bool {
        self.lock().screen.screen().hide_cursor()
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if !self.over && matches!(self.child.try_wait(), Ok(None)) {
            kill_process(self.pid(), Signal::KILL).ok();
            self.child.wait().ok();
        }
    }
}

/// What a terminal does with keys.
pub(crate) struct Keyboard(Arc<Pty>);

impl Keyboard {
    /// Whether what is typed is shown.
    pub(crate) fn echoes(&self) -> bool {
        let modes = rustix::termios::tcgetattr(&*self.0).unwrap().local_modes;
        modes.contains(rustix::termios::LocalModes::ECHO | rustix::termios::LocalModes::ICANON)
    }
}

/// How a Shipway in a terminal ended.
pub(crate) struct Closed {
    line: String,
    status: ExitStatus,
    /// The last screen.
    pub(crate) screen: String,
    /// All bytes that came.
    pub(crate) raw: Vec<u8>,
    /// The cursor was left hidden.
    pub(crate) hidden: bool,
}

impl Closed {
    /// Asserts the exit status, and that the cursor is there.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &Self {
        assert_eq!(
            self.status.code(),
            Some(code),
            "`shipway {}` ended with {}; the screen was\n{}",
            self.line,
            self.status,
            self.screen
        );
        assert!(!self.hidden, "the cursor was left hidden\n{}", self.screen);
        self
    }

    /// Asserts that a phrase was shown at the end.
    #[track_caller]
    pub(crate) fn shows(&self, phrase: &str) -> &Self {
        assert!(self.screen.contains(phrase), "{phrase:?} is not on the screen\n{}", self.screen);
        self
    }
}

/// The question that stands at the end of a screen and can be answered now.
pub(crate) fn asked(screen: &str) -> Option<&str> {
    let last = screen.trim_end().lines().last()?;
    (last.to_lowercase().contains("y/n") || last.contains("Type `")).then_some(last)
}

fn size(number: u16) -> std::num::NonZeroU16 {
    std::num::NonZeroU16::new(number).unwrap()
}
