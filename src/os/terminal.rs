//! What the terminal can do.

use std::io::IsTerminal as _;

/// What a report may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalFacts {
    /// Standard error is a terminal that can move its cursor.
    pub live: bool,
    /// Standard input and standard error are terminals: somebody can be asked.
    pub can_ask: bool,
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
            colour: force_colour || (error && !no_colour && !dumb),
            columns: if columns == 0 { 80 } else { columns },
        }
    }
}
