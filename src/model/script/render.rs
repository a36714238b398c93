//! A script with its values put in: for a shell, or as the arguments of a program.
//!
//! Every value goes between single quotes of its own, even one that looks harmless: `echo {{ n }}>log` with a plain `2` would
//! redirect standard error, a plain `if` or `a=b` at a command's place would be a keyword or an assignment. In double quotes
//! these are closed before the value and opened again behind it. Escaping with backslashes instead would have the value
//! lengthen a name before it (`"$image{{ tag }}"`), and in locales such as Shift JIS the backslash itself can be the second
//! byte of a character, so that what it should quote is not quoted.

use std::borrow::Cow;

use super::{Hole, Place, Script, ScriptPart};

/// What a hole stands for, now that it is known. A text with a NUL byte can be given to no program: whoever has one refuses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// A text.
    Text(String),
    /// An optional argument that was not given and has no default.
    Absent,
    /// The items of a variadic argument.
    Words(Vec<String>),
}

impl Given {
    /// The value as one text, for a place that has room for just one.
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Absent => String::new(),
            Self::Words(items) => items.join(" "),
        }
    }
}

impl Script {
    /// The script for its shell, with each value quoted for its place. All other text stays byte for byte.
    pub fn render(&self, value: &mut dyn FnMut(&Hole) -> Given) -> String {
        let mut script = String::new();
        for (index, part) in self.parts.iter().enumerate() {
            match part {
                ScriptPart::Text(text) => script.push_str(text),
                ScriptPart::Hole(hole, Place::Bare) => {
                    let words = quote_words(value(hole));
                    if words.is_empty() && self.operators_meet(index) {
                        // Or `a;{{ x }};b` would become `a;;b`.
                        script.push(' ');
                    }
                    script.push_str(&words);
                }
                ScriptPart::Hole(hole, Place::BarePart) => script.push_str(&quote(&value(hole).into_text())),
                ScriptPart::Hole(hole, Place::DoubleQuoted) => {
                    script.push('"');
                    script.push_str(&quote(&value(hole).into_text()));
                    script.push('"');
                }
                ScriptPart::Hole(hole, Place::SingleQuoted) => {
                    script.push_str(&escape(&value(hole).into_text()));
                }
            }
        }
        script
    }

    /// The program and its arguments, where the script needs no shell.
    pub fn argv(&self, value: &mut dyn FnMut(&Hole) -> Given) -> Option<Vec<String>> {
        let mut argv = Vec::new();
        for word in self.words.as_ref()? {
            if let [ScriptPart::Hole(hole, Place::Bare)] = word.as_slice() {
                match value(hole) {
                    Given::Text(text) => argv.push(text),
                    Given::Absent => {}
                    Given::Words(items) => argv.extend(items),
                }
                continue;
            }
            let pieces = word.iter().map(|piece| match piece {
                ScriptPart::Text(text) => Cow::Borrowed(text.as_str()),
                ScriptPart::Hole(hole, _) => Cow::Owned(value(hole).into_text()),
            });
            argv.push(pieces.collect());
        }
        Some(argv)
    }

    /// Whether text would meet text, with no blank between, if the hole `parts[index]` were nothing.
    fn operators_meet(&self, index: usize) -> bool {
        let is_blank = |letter: char| letter == ' ' || letter == '\t';
        let before = index.checked_sub(1).and_then(|before| self.parts.get(before));
        let after = self.parts.get(index + 1);
        match (before, after) {
            (Some(ScriptPart::Text(before)), Some(ScriptPart::Text(after))) => {
                !before.ends_with(is_blank) && !after.starts_with(is_blank)
            }
            _ => false,
        }
    }
}

/// The words of a whole bare word: none, one or many.
fn quote_words(given: Given) -> String {
    match given {
        Given::Text(text) => quote(&text),
        Given::Absent => String::new(),
        Given::Words(items) => items.iter().map(|item| quote(item)).collect::<Vec<_>>().join(" "),
    }
}

/// `text` in single quotes.
fn quote(text: &str) -> String {
    format!("'{}'", escape(text))
}

/// `text` for between single quotes: a quote ends them, stands alone behind a backslash, and opens them again.
fn escape(text: &str) -> String {
    text.replace('\'', "'\\''")
}
