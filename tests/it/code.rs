//! Rust sources as the tests of the house read them: code without its comments, its texts and, where asked for, its tests.
//!
//! No parser of Rust: a scanner that knows comments, literals and braces, which is all that these tests need.
#![expect(clippy::disallowed_methods, reason = "reads the sources")]

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The project's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One source file.
pub(crate) struct Source {
    /// From the project's folder.
    pub(crate) path: PathBuf,
    /// As it stands.
    pub(crate) text: String,
    /// As long as `text`; comments and the insides of literals are blanks.
    pub(crate) code: String,
    /// Only compiled for tests.
    pub(crate) is_test: bool,
}

impl Source {
    /// The code without what is compiled only for tests.
    pub(crate) fn without_tests(&self) -> String {
        if self.is_test {
            return String::new();
        }
        let mut code = self.code.clone();
        for (_, range) in test_items(&self.code) {
            code.replace_range(range.clone(), &blanks(&self.code[range]));
        }
        code
    }

    /// How many lines are compiled only for tests.
    pub(crate) fn lines_of_tests(&self) -> usize {
        test_items(&self.code).into_iter().map(|(_, range)| self.code[range].lines().count()).sum()
    }
}

/// Every file below `folder` that ends with `ending`, sorted.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for path in folder.read_dir().expect("folder").map(|entry| entry.expect("entry").path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path.strip_prefix(root()).expect("below").to_owned());
            }
        }
    }
    found.sort();
    found
}

/// A file of the project.
pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A file of the project that may be anything.
pub(crate) fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files of `src`.
pub(crate) fn sources() -> Vec<Source> {
    let mut sources: Vec<Source> = files("src", ".rs")
        .into_iter()
        .map(|path| {
            let text = read(&path);
            Source { code: scrub(&text), path, text, is_test: false }
        })
        .collect();
    // A file is a test's when its declaration is, or the file that declares it.
    let mut tests: BTreeSet<PathBuf> = BTreeSet::new();
    for source in &sources {
        for (name, range) in test_items(&source.code) {
            let named =
                source.text[range].split_once("#[path = \"").and_then(|(_, rest)| rest.split('"').next());
            if let Some(path) = named {
                tests.insert(source.path.with_file_name(path).with_extension(""));
            } else if let Some(name) = name {
                tests.insert(folder_of_modules(&source.path).join(name));
            }
        }
    }
    for source in &mut sources {
        let module = folder_of_modules(&source.path);
        source.is_test = tests.iter().any(|test| module.starts_with(test));
    }
    sources
}

/// Where the modules that the file declares have their files: `src/run/mod.rs` → `src/run`, `src/event.rs` → `src/event`.
fn folder_of_modules(path: &Path) -> PathBuf {
    match path.file_name().and_then(|name| name.to_str()) {
        Some("mod.rs" | "lib.rs" | "main.rs") => path.parent().unwrap_or(path).to_owned(),
        _ => path.with_extension(""),
    }
}

/// The items behind `#[cfg(test)]`: the name where it is `mod NAME;`, and the bytes.
fn test_items(code: &str) -> Vec<(Option<&str>, Range<usize>)> {
    const MARK: &str = "#[cfg(test)]";
    let mut items = Vec::new();
    let mut at = 0;
    while let Some(start) = code[at..].find(MARK).map(|found| at + found) {
        let body = start + MARK.len();
        let mut depth = 0_usize;
        let mut end = code.len();
        for (offset, c) in code[body..].char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 && matches!(c, '}' | ';') {
                end = body + offset + 1;
                break;
            }
        }
        let name = code[body..end].strip_suffix(';').and_then(|item| item.rsplit_once("mod "));
        items.push((name.map(|(_, name)| name.trim()), start..end));
        at = end;
    }
    items
}

/// The text with blanks in place of comments and of what stands in literals; of the same length, with the same lines.
pub(crate) fn scrub(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let follows_word = code.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => block_comment(rest),
            '"' => quoted(rest, '"'),
            'r' | 'b' | 'c' if !follows_word => prefixed(rest),
            '\'' if is_character(rest) => quoted(rest, '\''),
            _ => 0,
        };
        if length == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            code.push_str(&blanks(&rest[..length]));
            rest = &rest[length..];
        }
    }
    code
}

fn blanks(text: &str) -> String {
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}

/// Blocks nest.
fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// A literal from its quote to the same quote, with escapes.
fn quoted(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (offset, c) in text.char_indices().skip(1) {
        if is_escaped {
            is_escaped = false;
        } else if c == '\\' {
            is_escaped = true;
        } else if c == quote {
            return offset + 1;
        }
    }
    text.len()
}

/// A literal with `r`, `b` or `c` before it; 0 where it is a word.
fn prefixed(text: &str) -> usize {
    let letters = text.len() - text.trim_start_matches(['r', 'b', 'c']).len();
    let hashes = text[letters..].len() - text[letters..].trim_start_matches('#').len();
    let start = letters + hashes;
    if letters > 2 || !text[start..].starts_with('"') {
        return if letters == 1 && text.starts_with("b'") { 1 + quoted(&text[1..], '\'') } else { 0 };
    }
    if text[..letters].contains('r') {
        let end = format!("\"{}", "#".repeat(hashes));
        text[start + 1..].find(&end).map_or(text.len(), |found| start + 1 + found + end.len())
    } else if hashes == 0 {
        letters + quoted(&text[letters..], '"')
    } else {
        0
    }
}

/// Whether the quote starts a character and not a lifetime.
fn is_character(text: &str) -> bool {
    let mut chars = text.chars().skip(1);
    matches!((chars.next(), chars.next()), (Some('\\'), _) | (Some(_), Some('\'')))
}

#[test]
fn comments_and_literals_are_blanks() {
    let cases = [
        ("a // b\nc", "a     \nc"),
        ("a /* b /* c */ d */ e", "a                   e"),
        (r#"f("x \" y", 'z', '\'', b'"', &'a str)"#, "f(        ,    ,     ,     , &'a str)"),
        (r##"r"\", r#"a"b"#, br"c", number, 'x"##, "    ,         ,      , number, 'x"),
        ("\"// no comment\" g", "                g"),
    ];
    for (text, code) in cases {
        assert_eq!(scrub(text), code, "{text}");
    }
    let source = "fn a() {}\n#[cfg(test)]\nmod tests { fn b() { {} } }\n#[cfg(test)]\nmod tape;\nfn c() {}";
    let names: Vec<Option<&str>> = test_items(source).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, [None, Some("tape")]);
    let source =
        Source { path: PathBuf::new(), text: String::new(), code: source.to_owned(), is_test: false };
    assert_eq!(source.without_tests().split_whitespace().collect::<String>(), "fna(){}fnc(){}");
}
