//! Scripts that need no shell: one command of plain words.
//!
//! Stricter than it could be, for whoever starts a program without a shell must be sure that a shell would have done nothing
//! else. A second, far smaller reading of the text than `classify`, so that neither depends on the other's finer points.

use std::ops::Range;

use super::classify::Piece;
use super::lexer::{Lexer, Unit};

/// Names that a shell does not look up in `PATH`: keywords and builtins of bash, dash and zsh. `true` and `false` are missing
/// on purpose: the programs do the same. Sorted, for each word of a file is looked up.
const NOT_PROGRAMS: [&str; 119] = [
    "!",
    ".",
    ":",
    "[",
    "[[",
    "]]",
    "alias",
    "always",
    "autoload",
    "bg",
    "bind",
    "bindkey",
    "break",
    "builtin",
    "bye",
    "caller",
    "case",
    "cd",
    "chdir",
    "command",
    "compgen",
    "complete",
    "compopt",
    "continue",
    "coproc",
    "declare",
    "dirs",
    "disable",
    "disown",
    "do",
    "done",
    "echo",
    "elif",
    "else",
    "emulate",
    "enable",
    "end",
    "esac",
    "eval",
    "exec",
    "exit",
    "export",
    "fc",
    "fg",
    "fi",
    "float",
    "for",
    "foreach",
    "function",
    "functions",
    "getln",
    "getopts",
    "hash",
    "help",
    "history",
    "if",
    "in",
    "integer",
    "jobs",
    "kill",
    "let",
    "limit",
    "local",
    "log",
    "logout",
    "mapfile",
    "nocorrect",
    "noglob",
    "popd",
    "print",
    "printf",
    "pushd",
    "pushln",
    "pwd",
    "r",
    "read",
    "readarray",
    "readonly",
    "rehash",
    "repeat",
    "return",
    "sched",
    "select",
    "set",
    "setopt",
    "shift",
    "shopt",
    "source",
    "suspend",
    "test",
    "then",
    "time",
    "times",
    "trap",
    "ttyctl",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unfunction",
    "unhash",
    "unlimit",
    "unset",
    "unsetopt",
    "until",
    "vared",
    "wait",
    "whence",
    "where",
    "which",
    "while",
    "zcompile",
    "zle",
    "zmodload",
    "zparseopts",
    "zstyle",
    "{",
    "}",
];

/// Characters that stand for themselves outside of quotes, wherever in a word.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-./:=@%+,".contains(&byte) || !byte.is_ascii()
}

/// The word that is being read.
#[derive(Default)]
struct Builder {
    pieces: Vec<Piece>,
    text: Vec<u8>,
    begun: bool,
}

impl Builder {
    fn is_empty(&self) -> bool {
        self.pieces.is_empty() && self.text.is_empty()
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.pieces.push(Piece::Text(String::from_utf8_lossy(&self.text).into_owned()));
            self.text.clear();
        }
    }

    fn hole(&mut self, hole: usize) {
        self.flush();
        self.pieces.push(Piece::Hole(hole));
    }

    fn end(&mut self) -> Option<Vec<Piece>> {
        self.flush();
        std::mem::take(&mut self.begun).then(|| std::mem::take(&mut self.pieces))
    }
}

/// The words of `text`, if it is one command that needs no shell.
pub(super) fn plain_words(text: &str, holes: &[Range<usize>]) -> Option<Vec<Vec<Piece>>> {
    let mut words = Vec::new();
    let mut word = Builder::default();
    let text = text.trim_end_matches([' ', '\t', '\n']);
    let mut cursor = Lexer::new(text, holes);
    loop {
        match cursor.here() {
            Unit::End => break,
            Unit::Byte(b' ' | b'\t') => words.extend(word.end()),
            Unit::Byte(quote @ (b'\'' | b'"')) => {
                word.begun = true;
                quoted(&mut cursor, quote, &mut word)?;
            }
            // zsh: `=name` is the path of a program, also behind empty quotes.
            Unit::Byte(b'=') if word.is_empty() => return None,
            Unit::Byte(byte) if is_plain(byte) => {
                word.begun = true;
                word.text.push(byte);
            }
            Unit::Byte(_) => return None,
            Unit::Hole(hole) => {
                word.begun = true;
                word.hole(hole);
            }
        }
        cursor.bump();
    }
    words.extend(word.end());
    words.first().is_some_and(|name| is_program(name)).then_some(words)
}

/// The inside of quotes, up to before the closing one.
fn quoted(cursor: &mut Lexer<'_>, quote: u8, word: &mut Builder) -> Option<()> {
    loop {
        cursor.bump();
        match cursor.here() {
            Unit::End => return None,
            Unit::Byte(byte) if byte == quote => return Some(()),
            Unit::Byte(b'$' | b'`') if quote == b'"' => return None,
            Unit::Byte(b'\\') if quote == b'"' => {
                cursor.bump();
                match cursor.here() {
                    Unit::Byte(byte @ (b'"' | b'\\' | b'$' | b'`')) => word.text.push(byte),
                    Unit::Byte(b'\n') => {}
                    Unit::Byte(byte) => word.text.extend([b'\\', byte]),
                    Unit::Hole(_) | Unit::End => return None,
                }
            }
            Unit::Byte(byte) => word.text.push(byte),
            Unit::Hole(hole) => word.hole(hole),
        }
    }
}

/// Whether a command of this name is a program, whatever its holes hold.
fn is_program(name: &[Piece]) -> bool {
    let Some(Piece::Text(begin)) = name.first() else { return false };
    let has_hole = name.iter().any(|piece| matches!(piece, Piece::Hole(_)));
    let texts = name.iter().filter_map(|piece| match piece {
        Piece::Text(text) => Some(text.as_str()),
        Piece::Hole(_) => None,
    });
    let assigns = texts.clone().any(|text| text.contains('='));
    // With a slash it is a path, so that no value can make it a builtin.
    let known = begin.contains('/') || !has_hole;
    known
        && !assigns
        && !begin.starts_with(['-', '%'])
        && NOT_PROGRAMS.binary_search(&begin.as_str()).is_err()
}

#[cfg(test)]
mod tests {
    use super::NOT_PROGRAMS;

    #[test]
    fn names_that_are_no_programs_can_be_looked_up() {
        assert!(NOT_PROGRAMS.is_sorted());
    }
}
