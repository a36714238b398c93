//! Where in a shell's text a value stands, and how a variable is written there: pure.
//!
//! A shell reads quotes, comments and here-documents each in its own way: `${NAME}` in single quotes or in the document of `<<'EOF'` is just
//! text. Where the place is not certain nothing is written, and the step is lost rather than wrong.

use super::script::{Piece, Value};

/// The private characters that stand for values while the text is read.
const FIRST: u32 = 0xF_0000;

/// What a part of the text is inside of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    /// Commands, up to `)`, a backtick or the end; with the parentheses that are open in them.
    Commands(Option<char>, usize),
    Double,
    Single,
    /// `$'…'`.
    Escapes,
    /// `${…}`; whether quotes are around it.
    Braces(bool),
    /// `$((…))`, with the parentheses that are open.
    Arithmetic(usize),
    Comment,
    /// A here-document in which the shell expands.
    Document,
}

/// A here-document whose text begins after the line.
struct Document {
    end: String,
    is_quoted: bool,
    strips_tabs: bool,
    /// Where its word stands in what was written.
    word: std::ops::Range<usize>,
}

/// The text of `pieces` with a variable for each value; `None` where one stands at a place at which no variable means the same.
pub(super) fn with_variables(pieces: &[Piece]) -> Option<String> {
    let mut text = Vec::new();
    let mut values = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(part) if part.chars().any(|c| u32::from(c) >= FIRST) => return None,
            Piece::Text(part) => text.extend(part.chars()),
            Piece::Value(value) => {
                text.push(char::from_u32(FIRST + u32::try_from(values.len()).ok()?)?);
                values.push(value);
            }
        }
    }
    read(&text, &values, Inside::Commands(None, 0))
}

fn read(text: &[char], values: &[&Value], base: Inside) -> Option<String> {
    let mut reader = Reader {
        text,
        values,
        at: 0,
        out: String::new(),
        stack: vec![base],
        documents: Vec::new(),
        is_unsure: false,
    };
    while reader.at < text.len() {
        reader.step()?;
    }
    Some(reader.out)
}

struct Reader<'t> {
    text: &'t [char],
    values: &'t [&'t Value],
    at: usize,
    out: String,
    stack: Vec<Inside>,
    documents: Vec<Document>,
    is_unsure: bool,
}

impl Reader<'_> {
    fn inside(&self) -> Inside {
        self.stack.last().copied().unwrap_or(Inside::Commands(None, 0))
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.text.get(self.at + ahead).copied()
    }

    fn value(&self, c: char) -> Option<&Value> {
        let index = u32::from(c).checked_sub(FIRST)?;
        self.values.get(usize::try_from(index).ok()?).copied()
    }

    /// Writes the next `count` characters as they are.
    fn copy(&mut self, count: usize) -> Option<()> {
        for _ in 0..count {
            let Some(c) = self.peek(0) else { break };
            // What a backslash or `$` would do to a value, it does not do to a variable.
            if self.value(c).is_some() {
                return None;
            }
            self.out.push(c);
            self.at += 1;
        }
        Some(())
    }

    fn enter(&mut self, inside: Inside, signs: usize) -> Option<()> {
        self.stack.push(inside);
        self.copy(signs)
    }

    fn leave(&mut self) -> Option<()> {
        if self.stack.len() > 1 {
            self.stack.pop();
        }
        self.copy(1)
    }

    fn step(&mut self) -> Option<()> {
        let Some(c) = self.peek(0) else { return Some(()) };
        if let Some(value) = self.value(c) {
            let written = self.written(&value.variable)?;
            self.out.push_str(&written);
            self.at += 1;
            return Some(());
        }
        match (self.inside(), c) {
            (Inside::Comment, '\n') => {
                self.stack.pop();
                Some(())
            }
            (Inside::Comment, _) => self.copy(1),
            (Inside::Single | Inside::Escapes, '\'') | (Inside::Double, '"') | (Inside::Braces(_), '}') => {
                self.leave()
            }
            (Inside::Single, _) => self.copy(1),
            (_, '\\') => self.copy(2),
            (Inside::Escapes, _) => self.copy(1),
            (Inside::Commands(Some('`'), _), '`') => self.leave(),
            (_, '`') => self.enter(Inside::Commands(Some('`'), 0), 1),
            (inside, '$') => self.expansion(inside),
            (Inside::Double | Inside::Document, _) => self.copy(1),
            (Inside::Braces(is_quoted), _) => {
                match c {
                    '"' => return self.enter(Inside::Double, 1),
                    '\'' if !is_quoted => return self.enter(Inside::Single, 1),
                    // A quote or a letter, by the operator and the shell.
                    '\'' => self.is_unsure = true,
                    _ => {}
                }
                self.copy(1)
            }
            (Inside::Arithmetic(depth), _) => self.arithmetic(c, depth),
            (Inside::Commands(until, depth), _) => self.command(c, until, depth),
        }
    }

    /// A variable as it has to be written where the reader is.
    fn written(&self, variable: &str) -> Option<String> {
        let is_in_backticks = self.stack.contains(&Inside::Commands(Some('`'), 0));
        match self.inside() {
            Inside::Comment => Some(format!("${{{variable}}}")),
            _ if self.is_unsure => None,
            Inside::Single | Inside::Escapes if is_in_backticks => None,
            Inside::Single => Some(format!("'\"${{{variable}}}\"'")),
            Inside::Escapes => Some(format!("'\"${{{variable}}}\"$'")),
            Inside::Braces(_) if self.out.ends_with("${") => None,
            _ => Some(format!("${{{variable}}}")),
        }
    }

    fn expansion(&mut self, inside: Inside) -> Option<()> {
        let is_quoted = matches!(inside, Inside::Double | Inside::Document | Inside::Braces(true));
        match (self.peek(1), self.peek(2)) {
            (Some('('), Some('(')) => self.enter(Inside::Arithmetic(0), 1),
            (Some('('), _) => self.enter(Inside::Commands(Some(')'), 0), 2),
            (Some('{'), _) => self.enter(Inside::Braces(is_quoted), 2),
            (Some('\''), _) if matches!(inside, Inside::Commands(..)) => self.enter(Inside::Escapes, 2),
            (Some('#'), _) => self.copy(2),
            (Some(next), _) if self.value(next).is_some() => None,
            _ => self.copy(1),
        }
    }

    fn arithmetic(&mut self, c: char, depth: usize) -> Option<()> {
        let depth = match c {
            '(' => depth + 1,
            ')' => depth.saturating_sub(1),
            // It may be a subshell in a subshell.
            '\'' | '"' | '\n' => {
                self.is_unsure = true;
                depth
            }
            _ => depth,
        };
        if c == ')' && depth == 0 {
            return self.leave();
        }
        self.set(Inside::Arithmetic(depth))?;
        self.copy(1)
    }

    fn set(&mut self, inside: Inside) -> Option<()> {
        *self.stack.last_mut()? = inside;
        Some(())
    }

    fn command(&mut self, c: char, until: Option<char>, depth: usize) -> Option<()> {
        let before = self.at.checked_sub(1).and_then(|at| self.text.get(at).copied());
        let begins = before.is_none_or(|c| c.is_whitespace() || ";&|()`".contains(c));
        match c {
            '\'' => self.enter(Inside::Single, 1),
            '"' => self.enter(Inside::Double, 1),
            '#' if begins => self.enter(Inside::Comment, 1),
            '(' if self.peek(1) == Some('(') => self.enter(Inside::Arithmetic(0), 0),
            '(' => {
                self.set(Inside::Commands(until, depth + 1))?;
                self.copy(1)
            }
            ')' if depth > 0 => {
                self.set(Inside::Commands(until, depth - 1))?;
                self.copy(1)
            }
            ')' if until == Some(')') => self.leave(),
            '<' if self.peek(1) == Some('<') && self.peek(2) == Some('<') => self.copy(3),
            '<' if self.peek(1) == Some('<') => self.document(),
            '\n' => self.documents(),
            _ => {
                let is_case = begins && self.text[self.at..].starts_with(&['c', 'a', 's', 'e', ' ']);
                // The `)` of its patterns ends nothing.
                self.is_unsure |= is_case && until.is_some();
                self.copy(1)
            }
        }
    }

    /// `<<WORD` and `<<-WORD`.
    fn document(&mut self) -> Option<()> {
        self.copy(2)?;
        let strips_tabs = self.peek(0) == Some('-');
        self.copy(usize::from(strips_tabs))?;
        while self.peek(0).is_some_and(|c| c == ' ' || c == '\t') {
            self.copy(1)?;
        }
        let start = self.out.len();
        while self.peek(0).is_some_and(|c| !c.is_whitespace() && !";&|<>()".contains(c)) {
            self.copy(1)?;
        }
        let word = &self.out[start..];
        if ['\'', '"'].iter().any(|quote| word.matches(*quote).count() % 2 == 1) {
            return None;
        }
        let is_quoted = word.contains(['\'', '"', '\\']);
        let end = word.replace(['\'', '"', '\\'], "");
        self.documents.push(Document { end, is_quoted, strips_tabs, word: start..self.out.len() });
        Some(())
    }

    /// The end of a line, and the here-documents that begin after it.
    fn documents(&mut self) -> Option<()> {
        self.copy(1)?;
        let mut written = String::new();
        let mut bare = Vec::new();
        for document in std::mem::take(&mut self.documents) {
            let body = self.body(&document);
            let has_values = body.iter().any(|c| self.value(*c).is_some());
            if !document.is_quoted {
                written.push_str(&read(body, self.values, Inside::Document)?);
            } else if !has_values {
                written.extend(body);
            } else {
                // The same document without quotes around its word: what they protected gets a backslash each.
                if document.end.is_empty()
                    || !document.end.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                {
                    return None;
                }
                for c in body {
                    match self.value(*c) {
                        Some(value) => written.push_str(&format!("${{{}}}", value.variable)),
                        None if matches!(c, '$' | '`' | '\\') => written.extend(['\\', *c]),
                        None => written.push(*c),
                    }
                }
                bare.push((document.word.clone(), document.end.clone()));
            }
            self.at += body.len();
        }
        for (word, end) in bare.into_iter().rev() {
            self.out.replace_range(word, &end);
        }
        self.out.push_str(&written);
        Some(())
    }

    /// The lines of a here-document, without the one that ends it.
    fn body(&self, document: &Document) -> &[char] {
        let rest = &self.text[self.at..];
        let mut length = 0;
        for line in rest.split_inclusive(|c| *c == '\n') {
            let bare: String = line.iter().filter(|c| **c != '\n').collect();
            let bare = if document.strips_tabs { bare.trim_start_matches('\t') } else { &bare };
            if bare == document.end {
                break;
            }
            length += line.len();
        }
        &rest[..length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with `@` as a value.
    fn with(text: &str) -> Option<String> {
        let value =
            Value { reference: "vars.V".to_owned(), variable: "V".to_owned(), is_word: true, argument: None };
        let mut pieces = Vec::new();
        for (index, part) in text.split('@').enumerate() {
            if index > 0 {
                pieces.push(Piece::Value(value.clone()));
            }
            pieces.push(Piece::Text(part.to_owned()));
        }
        with_variables(&pieces)
    }

    #[test]
    fn a_variable_is_written_so_that_the_shell_expands_it() {
        for (text, expected) in [
            ("echo @", "echo ${V}"),
            ("echo '@' \"@'@\"", "echo ''\"${V}\"'' \"${V}'${V}\""),
            ("# don't @\necho @", "# don't ${V}\necho ${V}"),
            ("echo a#b'@'", "echo a#b''\"${V}\"''"),
            ("cat <<E\nit's @\nE\necho '@'", "cat <<E\nit's ${V}\nE\necho ''\"${V}\"''"),
            ("cat <<'E' | x\n$a `b` \\ @\nE\necho @", "cat <<E | x\n\\$a \\`b\\` \\\\ ${V}\nE\necho ${V}"),
            ("cat <<'E'\nit's $a\nE\necho @", "cat <<'E'\nit's $a\nE\necho ${V}"),
            ("cat <<-\"E\"\n\t@\n\tE\necho '@'", "cat <<-E\n\t${V}\n\tE\necho ''\"${V}\"''"),
            ("a <<A <<'B'\n@'\nA\n@$\nB\n@", "a <<A <<B\n${V}'\nA\n${V}\\$\nB\n${V}"),
            ("x \"$(echo '@')\" '@'", "x \"$(echo ''\"${V}\"'')\" ''\"${V}\"''"),
            ("x=\"${y:-@}\"; z $((1 << @)) '@'", "x=\"${y:-${V}}\"; z $((1 << ${V})) ''\"${V}\"''"),
            ("cat <<<\"@\"\necho '@'", "cat <<<\"${V}\"\necho ''\"${V}\"''"),
            ("printf $'a\\'@'", "printf $'a\\''\"${V}\"$''"),
            ("echo $# '@'", "echo $# ''\"${V}\"''"),
        ] {
            assert_eq!(with(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn where_a_variable_would_mean_something_else_there_is_none() {
        for text in
            ["echo \\@", "echo $@", "${@}", "cat <<'a b'\n@\na b\n", "x \"${y:-it's}\" @", "cat <<@\nx\n@"]
        {
            assert_eq!(with(text), None, "{text}");
        }
    }
}
