//! What the terminal can do.

use std::io::IsTerminal as _;

/// Where standard output goes, seen from standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandardOutput {
    /// To a terminal: a person reads it.
    Terminal,
    /// To the very file or pipe that standard error goes to: both are one log (`2>&1`).
    Shared,
    /// Somewhere else: a program reads it, or it is kept.
    Apart,
}

/// What a report may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalFacts {
    /// Standard error is a terminal that can move its cursor.
    pub live: bool,
    /// Standard input and standard error are terminals: somebody can be asked.
    pub can_ask: bool,
    /// Where standard output goes.
    pub output: StandardOutput,
    /// Colour may be used on standard error (`NO_COLOR`, `CLICOLOR_FORCE`, `TERM=dumb` and `--color` are counted in).
    pub colour: bool,
    /// Width in columns; 80 where it is not known.
    pub columns: u16,
}

impl TerminalFacts {
    /// What standard input and error are now. `no_colour`, `force_colour` and `dumb` come from the environment.
    pub fn gather(no_colour: bool, force_colour: bool, dumb: bool) -> Self {
        let error = std::io::stderr().is_terminal();
        let columns = rustix::termios::tcgetwinsize(std::io::stderr()).map_or(80, |size| size.ws_col);
        Self {
            live: error && !dumb,
            can_ask: error && std::io::stdin().is_terminal(),
            output: standard_output(),
            colour: force_colour || (error && !no_colour && !dumb),
            columns: if columns == 0 { 80 } else { columns },
        }
    }
}

/// Whether a program that is given all that we have of standard input, output and error has a terminal.
pub fn is_whole() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal() && std::io::stderr().is_terminal()
}

/// Whether what we read is typed on a terminal.
pub fn is_typed() -> bool {
    std::io::stdin().is_terminal()
}

/// Whether a person sees what we print, on either output.
pub fn is_watched() -> bool {
    std::io::stdout().is_terminal() && std::io::stderr().is_terminal()
}

fn standard_output() -> StandardOutput {
    let out = std::io::stdout();
    if out.is_terminal() {
        return StandardOutput::Terminal;
    }
    match (rustix::fs::fstat(&out), rustix::fs::fstat(std::io::stderr())) {
        (Ok(out), Ok(error)) if (out.st_dev, out.st_ino) == (error.st_dev, error.st_ino) => {
            StandardOutput::Shared
        }
        _ => StandardOutput::Apart,
    }
}

/// Writes `text` to one of our own outputs. Nobody listens any more where that fails.
pub fn say(stream: crate::event::Stream, text: &(impl AsRef<[u8]> + ?Sized)) {
    use std::io::Write as _;
    match stream {
        crate::event::Stream::Out => std::io::stdout().lock().write_all(text.as_ref()).ok(),
        crate::event::Stream::Err => std::io::stderr().lock().write_all(text.as_ref()).ok(),
    };
}

/// Puts the terminal back as it was, when dropped: modes of the keyboard, and the cursor.
#[derive(Debug)]
pub struct TerminalGuard {
    modes: Option<rustix::termios::Termios>,
}

impl TerminalGuard {
    /// Remembers how the terminal is now; does nothing where there is none.
    pub fn new() -> Self {
        Self { modes: rustix::termios::tcgetattr(std::io::stdin()).ok() }
    }
}

impl Default for TerminalGuard {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for TerminalGuard {
    fn drop(&mut self) {
        let Some(before) = &self.modes else { return };
        let is_changed = rustix::termios::tcgetattr(std::io::stdin())
            .is_ok_and(|now| now.local_modes != before.local_modes || now.input_modes != before.input_modes);
        if is_changed {
            rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Now, before).ok();
            if std::io::stderr().is_terminal() {
                // Questions hide the cursor: `\e[?25h` shows it.
                say(crate::event::Stream::Err, "\u{1b}[?25h");
            }
        }
    }
}
