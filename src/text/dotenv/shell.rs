//! The value of `KEY=value` to a shell that runs the file.
//!
//! Only what every POSIX shell does in the same way and without the machine has a value here. Anything else,
//! above all what would run a command, is refused with the reason.

use super::read::{Reading, Treatment, Unreadable};

/// A word of a default value that is nothing but itself.
fn is_plain(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./:,@%+=".contains(&byte))
}

/// What a shell makes of all that follows `KEY=`.
pub(super) fn read(raw: &str) -> Result<Reading, Unreadable> {
    let mut word = Word { rest: raw, value: String::new(), treatments: Vec::new(), after_colon: true };
    word.take()?;
    let Word { rest, value, mut treatments, .. } = word;
    let after = rest.trim_start_matches([' ', '\t']);
    if let Some(comment) = after.strip_prefix('#') {
        if comment.contains('\n') {
            return Err(Unreadable("takes a later line of it for a command"));
        }
        treatments.push(Treatment::DropsComment);
    } else if after.trim_start_matches(['\n', ' ', '\t']).is_empty() {
        if !rest.is_empty() {
            treatments.push(Treatment::Trims);
        }
    } else {
        return Err(Unreadable("runs what follows a blank as a command"));
    }
    Ok(Reading::new(value, treatments))
}

/// The word that is being read.
struct Word<'r> {
    rest: &'r str,
    value: String,
    treatments: Vec<Treatment>,
    /// Whether a `~` would be a home folder here.
    after_colon: bool,
}

impl Word<'_> {
    /// Up to the first blank or newline outside quotes.
    fn take(&mut self) -> Result<(), Unreadable> {
        while let Some(c) = self.rest.chars().next() {
            let may_be_home = std::mem::replace(&mut self.after_colon, c == ':');
            match c {
                ' ' | '\t' | '\n' => break,
                '\'' => self.single()?,
                '"' => self.double()?,
                '\\' => self.escaped(|_| true)?,
                '$' => self.variable(false)?,
                '`' => return Err(Unreadable("runs what stands in backquotes as a command")),
                ';' | '&' | '|' | '<' | '>' | '(' | ')' => {
                    return Err(Unreadable("takes one of `;&|<>()` for a sign of its own"));
                }
                '~' if may_be_home => return Err(Unreadable("may put a home folder in the place of `~`")),
                _ => self.keep(c),
            }
        }
        Ok(())
    }

    fn keep(&mut self, c: char) {
        self.value.push(c);
        self.skip(c.len_utf8());
    }

    fn skip(&mut self, length: usize) {
        self.rest = &self.rest[length..];
    }

    fn single(&mut self) -> Result<(), Unreadable> {
        let (inner, after) = self.rest[1..].split_once('\'').ok_or(OPEN_QUOTE)?;
        self.value.push_str(inner);
        self.rest = after;
        self.treatments.push(Treatment::Unquotes);
        Ok(())
    }

    fn double(&mut self) -> Result<(), Unreadable> {
        self.skip(1);
        self.treatments.push(Treatment::Unquotes);
        loop {
            match self.rest.chars().next().ok_or(OPEN_QUOTE)? {
                '"' => break,
                '\\' => self.escaped(|c| matches!(c, '$' | '`' | '"' | '\\' | '\n'))?,
                '$' => self.variable(true)?,
                '`' => return Err(Unreadable("runs what stands in backquotes as a command")),
                c => self.keep(c),
            }
        }
        self.skip(1);
        Ok(())
    }

    /// A backslash and, where it escapes it, what follows.
    fn escaped(&mut self, is_escaped: impl Fn(char) -> bool) -> Result<(), Unreadable> {
        self.skip(1);
        match self.rest.chars().next() {
            None => return Err(Unreadable("joins the next line to a backslash at the end")),
            Some(c) if is_escaped(c) => {
                self.treatments.push(Treatment::ResolvesBackslashes);
                match c {
                    '\n' => self.skip(1),
                    c => self.keep(c),
                }
            }
            Some(_) => self.value.push('\\'),
        }
        Ok(())
    }

    fn variable(&mut self, quoted: bool) -> Result<(), Unreadable> {
        self.skip(1);
        let rest = self.rest;
        match rest.chars().next() {
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let name = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                let name = name.unwrap_or(rest.len());
                if &rest[..name] == LAST_WORD {
                    return Err(OWN_VALUE);
                }
                self.skip(name);
                self.treatments.push(Treatment::ReplacesVariables);
            }
            Some('{') => {
                let (inner, after) =
                    rest[1..].split_once('}').ok_or(Unreadable("refuses a `${` without `}`"))?;
                let name =
                    inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
                let (name, operation) = inner.split_at(name);
                let word = operation.strip_prefix(":-").or_else(|| operation.strip_prefix('-'));
                if name == LAST_WORD {
                    return Err(OWN_VALUE);
                }
                let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
                match word.or(operation.is_empty().then_some("")) {
                    Some(word) if is_name && is_plain(word) => self.value.push_str(word),
                    _ => return Err(Unreadable("works out a `${` in its own way")),
                }
                self.rest = after;
                self.treatments.push(Treatment::ReplacesVariables);
            }
            Some('(') => return Err(Unreadable("runs what stands in `$(` as a command")),
            Some('0'..='9' | '$' | '?' | '#' | '@' | '*' | '!' | '-') => {
                return Err(OWN_VALUE);
            }
            // `$'…'`, `$"…"` and `$[…]` are quotes and arithmetic to some.
            Some('\'' | '"') if quoted => self.value.push('$'),
            Some('\'' | '"' | '[') => {
                return Err(Unreadable("takes `$` before a quote or `[` in several ways"));
            }
            _ => self.value.push('$'),
        }
        Ok(())
    }
}

/// `$_`: the last word of the command before it, or the shell's own path.
const LAST_WORD: &str = "_";

const OWN_VALUE: Unreadable = Unreadable("has a value of its own for a `$` and the sign after it");

const OPEN_QUOTE: Unreadable = Unreadable("reads on after a quote that nothing closes");
