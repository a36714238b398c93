//! Reads a line without showing it.
//!
//! Own code because dialoguer's `Password` restarts the read on Ctrl-C and so can't be left. The terminal sends no signal while we read
//! (a handler would not wake a blocked read); Ctrl-C comes as a byte, and the signal is raised by us once the terminal is as it was,
//! just as dialoguer does for the other questions. The terminal is put back on every way out, a panic included.

use std::io::{self, Write as _};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Asks on standard error, reads from standard input.
pub(super) fn read(question: &str) -> io::Result<String> {
    let typed = {
        let _unseen = Unseen::start()?;
        io::stderr().write_all(format!("{question} (not shown): ").as_bytes())?;
        read_line(|| {
            let mut byte = [0];
            match rustix::io::read(io::stdin(), &mut byte) {
                Ok(0) => Ok(None),
                Ok(_) => Ok(Some(byte[0])),
                Err(error) => Err(error.into()),
            }
        })
    };
    io::stderr().write_all(b"\n")?;
    if matches!(&typed, Err(error) if error.kind() == io::ErrorKind::Interrupted) {
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::INT)?;
    }
    typed
}

/// The terminal while what is typed is not shown.
struct Unseen {
    before: Termios,
}

impl Unseen {
    fn start() -> io::Result<Self> {
        let before = tcgetattr(io::stdin()).map_err(|_| io::Error::from(io::ErrorKind::NotConnected))?;
        let mut unseen = before.clone();
        unseen.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG | LocalModes::IEXTEN;
        tcsetattr(io::stdin(), OptionalActions::Drain, &unseen)?;
        Ok(Self { before })
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.before);
    }
}

/// A line from single bytes, with the keys that a terminal's own line editing would know.
fn read_line(mut next: impl FnMut() -> io::Result<Option<u8>>) -> io::Result<String> {
    let mut typed: Vec<u8> = Vec::new();
    loop {
        match next()? {
            Some(b'\r' | b'\n') => break,
            Some(0x03) => return Err(io::ErrorKind::Interrupted.into()),
            // Ctrl-D ends what was typed; alone it is the end of input.
            None | Some(0x04) if typed.is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
            None | Some(0x04) => break,
            Some(0x08 | 0x7f) => while typed.pop().is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000) {},
            // Ctrl-U.
            Some(0x15) => typed.clear(),
            Some(byte) => typed.push(byte),
        }
    }
    String::from_utf8(typed)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "what was typed is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(bytes: &[u8]) -> Result<String, io::ErrorKind> {
        let mut bytes = bytes.iter().copied();
        read_line(|| Ok(bytes.next())).map_err(|error| error.kind())
    }

    #[test]
    fn keys_edit_the_line_as_a_terminal_would() {
        for (bytes, line) in [
            (&b"hunter2\n"[..], Ok("hunter2")),
            (b"hunter2\r", Ok("hunter2")),
            (b"\n", Ok("")),
            (b"ab\x7fc\n", Ok("ac")),
            ("aé\u{7f}b\n".as_bytes(), Ok("ab")),
            (b"\x7f\x7fa\n", Ok("a")),
            (b"wrong\x15right\n", Ok("right")),
            (b"half\x04", Ok("half")),
            (b"half", Ok("half")),
            (b"\x04", Err(io::ErrorKind::UnexpectedEof)),
            (b"", Err(io::ErrorKind::UnexpectedEof)),
            (b"half\x03", Err(io::ErrorKind::Interrupted)),
            (b"\xff\n", Err(io::ErrorKind::InvalidData)),
        ] {
            assert_eq!(typed(bytes), line.map(str::to_owned), "{bytes:?}");
        }
    }
}
