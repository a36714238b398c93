//! A small honest scanner of `.tf` and `.tf.json` texts, and of OpenTofu's `.tofu` and `.tofu.json`: blocks, their labels and attributes, and nothing about what they mean.
//!
//! It evaluates nothing and never fails: a text that terraform will refuse gives what could be read of it, and terraform then says
//! what is wrong. Strings with their `${ }`, comments and heredocs are passed over as whole tokens, so that a brace or the word `backend` in
//! one of them is never a block. <https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md>

use super::hcl_json;
/// Blocks below this depth are not read; terraform's own language has none.
const DEPTH: usize = 32;

/// A block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Block {
    /// Its first word.
    pub(super) kind: String,
    /// Its labels, without quotes.
    pub(super) labels: Vec<String>,
    /// Names and expressions, the latter in one line without comments.
    pub(super) attributes: Vec<(String, String)>,
    /// Blocks in it.
    pub(super) blocks: Vec<Block>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name or a number.
    Word(&'a str),
    /// A quoted string with its quotes, or a heredoc with its marks.
    Text(&'a str),
    Newline,
    Sign(char),
}

impl Block {
    /// The expression of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, text)| text.as_str())
    }

    /// The first label.
    pub(super) fn label(&self) -> &str {
        self.labels.first().map_or("", String::as_str)
    }

    /// The block in one line, its attributes by name: the same for every way to write it.
    pub(super) fn canonical(&self) -> String {
        let labels = self.labels.iter().map(|label| format!(" {label:?}")).collect::<String>();
        let mut parts: Vec<String> =
            self.attributes.iter().map(|(name, text)| format!("{name} = {text}")).collect();
        parts.sort();
        parts.extend(self.blocks.iter().map(Self::canonical));
        format!("{}{labels} {{ {} }}", self.kind, parts.join("; "))
    }
}

/// The blocks of one file; none of a file with another ending.
pub(super) fn blocks(name: &str, text: &str) -> Vec<Block> {
    if name.ends_with(".tf.json") || name.ends_with(".tofu.json") {
        hcl_json::blocks(text)
    } else if name.ends_with(".tf") || name.ends_with(".tofu") {
        whole(text).1
    } else {
        Vec::new()
    }
}

/// What stands in a text, whatever its file's name: attributes and blocks.
pub(super) fn whole(text: &str) -> Body {
    body(&tokens(text), &mut 0, 0)
}

/// The attributes of a text without blocks, a variable file, with the strings, numbers and words of each; keys of maps are not among them.
pub(super) fn attributes(text: &str) -> Vec<(String, Vec<String>)> {
    let tokens = tokens(text);
    let is_key = |at: usize| matches!(tokens.get(at + 1), Some(Token::Sign('=' | ':')));
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    let mut open = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Word(name) | Token::Text(name) if is_key(at) => {
                if open == 0 {
                    found.push((name.trim_matches('"').to_owned(), Vec::new()));
                }
            }
            Token::Word(text) | Token::Text(text) => {
                if let Some((_, texts)) = found.last_mut() {
                    texts.push((*text).to_owned());
                }
            }
            Token::Sign('{' | '[' | '(') => open += 1,
            Token::Sign('}' | ']' | ')') => open = open.saturating_sub(1),
            Token::Sign(_) | Token::Newline => {}
        }
    }
    found
}

/// The text of an expression that is one string without `${ }`.
pub(super) fn literal(expression: &str) -> Option<String> {
    let text = expression.strip_prefix('"')?.strip_suffix('"')?;
    (!text.contains(['"', '$'])).then(|| text.to_owned())
}

/// Attributes and blocks of a body.
pub(super) type Body = (Vec<(String, String)>, Vec<Block>);

/// Reads up to the brace that closes the body.
fn body(tokens: &[Token<'_>], at: &mut usize, depth: usize) -> Body {
    let (mut attributes, mut blocks) = (Vec::new(), Vec::new());
    while let Some(token) = tokens.get(*at) {
        *at += 1;
        match token {
            Token::Sign('}') if depth > 0 => break,
            Token::Word(name) | Token::Text(name) if tokens.get(*at) == Some(&Token::Sign('=')) => {
                *at += 1;
                attributes.push((name.trim_matches('"').to_owned(), expression(tokens, at)));
            }
            Token::Word(kind) => {
                let mut labels = Vec::new();
                while let Some(Token::Word(label) | Token::Text(label)) = tokens.get(*at) {
                    labels.push(label.trim_matches('"').to_owned());
                    *at += 1;
                }
                if tokens.get(*at) == Some(&Token::Sign('{')) {
                    *at += 1;
                    if depth < DEPTH {
                        let (attributes, inner) = body(tokens, at, depth + 1);
                        blocks.push(Block { kind: (*kind).to_owned(), labels, attributes, blocks: inner });
                    }
                }
            }
            _ => {}
        }
    }
    (attributes, blocks)
}

/// Reads up to the end of the line, or the brace that closes the block, outside of all brackets.
fn expression(tokens: &[Token<'_>], at: &mut usize) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut open = 0_usize;
    while let Some(token) = tokens.get(*at) {
        match token {
            Token::Newline if open == 0 => break,
            Token::Sign('}') if open == 0 => break,
            // A comma and a line's end separate alike.
            Token::Newline | Token::Sign(',') => {}
            Token::Sign(sign) => {
                match sign {
                    '{' | '[' | '(' => open += 1,
                    '}' | ']' | ')' => open = open.saturating_sub(1),
                    _ => {}
                }
                parts.push(sign.to_string());
            }
            Token::Word(text) | Token::Text(text) => parts.push((*text).to_owned()),
        }
        *at += 1;
    }
    parts.join(" ")
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    located(text).into_iter().map(|(_, token)| token).collect()
}

/// The tokens, each with the byte at which it starts.
pub(super) fn located(text: &str) -> Vec<(usize, Token<'_>)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let start = text.len() - rest.len();
        let (token, length) = match first {
            '\n' => (Some(Token::Newline), 1),
            '#' => (None, line_length(rest)),
            '/' if rest.starts_with("//") => (None, line_length(rest)),
            '/' if rest.starts_with("/*") => (None, rest.find("*/").map_or(rest.len(), |end| end + 2)),
            '"' => {
                let length = string_length(rest);
                (Some(Token::Text(&rest[..length])), length)
            }
            '<' if heredoc_length(rest).is_some() => {
                let length = heredoc_length(rest).unwrap_or(1);
                (Some(Token::Text(&rest[..length])), length)
            }
            c if c.is_whitespace() => (None, c.len_utf8()),
            c if is_of_word(c) => {
                let length = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
                (Some(Token::Word(&rest[..length])), length)
            }
            c => (Some(Token::Sign(c)), c.len_utf8()),
        };
        found.extend(token.map(|token| (start, token)));
        rest = &rest[length..];
    }
    found
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-' || c == '.'
}

fn line_length(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

/// The length of the string that `text` opens with: to its closing quote, or the line's end where it has none. Inside `${ }` and
/// `%{ }` stand expressions with strings of their own.
fn string_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut closers = vec![b'"'];
    let mut at = 1;
    while let (Some(closer), Some(&byte)) = (closers.last().copied(), bytes.get(at)) {
        let rest = &bytes[at..];
        let in_quotes = closer == b'"';
        if byte == b'\n' && closers.len() == 1 {
            return at;
        }
        at += 1;
        if byte == closer {
            closers.pop();
        } else if in_quotes && (rest.starts_with(b"$${") || rest.starts_with(b"%%{")) {
            at += 2;
        } else if in_quotes && (rest.starts_with(b"${") || rest.starts_with(b"%{")) {
            at += 1;
            closers.push(b'}');
        } else if in_quotes && byte == b'\\' {
            at += 1;
        } else if !in_quotes && byte == b'"' {
            closers.push(b'"');
        } else if !in_quotes && byte == b'{' {
            closers.push(b'}');
        }
    }
    // A backslash may have stepped into or over the last character.
    (at.min(text.len())..=text.len()).find(|&end| text.is_char_boundary(end)).unwrap_or(text.len())
}

/// The length of `<<MARK … MARK`, with neither the line's end before nor that behind it.
fn heredoc_length(text: &str) -> Option<usize> {
    let opening = text.strip_prefix("<<")?;
    let opening = opening.strip_prefix('-').unwrap_or(opening);
    let mark = opening[..line_length(opening)].trim_end();
    if mark.is_empty() || !mark.chars().all(is_of_word) {
        return None;
    }
    let mut length = line_length(text);
    for line in text.get(length + 1..)?.split('\n') {
        length += 1 + line.len();
        if line.trim() == mark {
            break;
        }
    }
    Some(length)
}

#[cfg(test)]
#[path = "hcl_tests.rs"]
mod tests;
