//! Every path of a file that leads through the crate, written out from its root.

/// A path without its leading `crate`, and the line that it starts on.
pub(crate) type Found = (usize, Vec<String>);

/// The paths in `code`, which is the scrubbed text of the module `module`: those of `use`, one for each name in braces, and those in
/// between. A `*` stays as a name; `self` at an end is dropped.
pub(crate) fn paths(code: &str, module: &[String]) -> Vec<Found> {
    let tokens = tokens(code);
    let mut here = module.to_vec();
    // For each open brace, whether a module was opened with it.
    let mut braces: Vec<bool> = Vec::new();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((line, token)) = tokens.get(at) {
        let word = |offset: usize| tokens.get(at + offset).map_or("", |(_, token)| *token);
        match *token {
            "mod" if word(2) == "{" => {
                here.push(word(1).to_owned());
                braces.push(true);
                at += 3;
            }
            "{" => {
                braces.push(false);
                at += 1;
            }
            "}" => {
                if braces.pop() == Some(true) {
                    here.pop();
                }
                at += 1;
            }
            "crate" if word(1) == "as" => {
                found.push((*line, vec!["*".to_owned()]));
                at += 1;
            }
            "crate" | "super" | "self" if word(1) == "::" => {
                let mut base = if *token == "crate" { Vec::new() } else { here.clone() };
                if *token == "super" {
                    base.pop();
                }
                at += 2;
                while tokens.get(at).is_some_and(|(_, token)| *token == "super") {
                    base.pop();
                    at += 2;
                }
                let mut inside = Vec::new();
                at = tree(&tokens, at, &base, &mut inside);
                found.extend(inside.into_iter().map(|path| (*line, path)));
            }
            _ => at += 1,
        }
    }
    found
}

/// Reads what follows a `::` of `base`; gives the place behind it.
fn tree(tokens: &[(usize, &str)], at: usize, base: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let token = |at: usize| tokens.get(at).map_or("", |(_, token)| *token);
    if token(at) == "{" {
        let mut at = at + 1;
        while !matches!(token(at), "}" | "") {
            at = tree(tokens, at, base, found);
            while !matches!(token(at), "," | "}" | "") {
                at += 1;
            }
            at += usize::from(token(at) == ",");
        }
        return at + 1;
    }
    let name = token(at);
    let is_name = name == "*" || name.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let mut path = base.to_vec();
    if is_name && name != "self" {
        path.push(name.to_owned());
    }
    // `Vec::<T>` ends a path, too: what stands between the angles is found on its own.
    let goes_on = token(at + 1) == "::" && !matches!(token(at + 2), "<" | "");
    if is_name && goes_on {
        return tree(tokens, at + 2, &path, found);
    }
    found.push(path);
    at + usize::from(is_name)
}

/// Words, `::` and single signs, each with its line from 1.
fn tokens(code: &str) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    let mut rest = code;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        if first == '\n' {
            line += 1;
        }
        if !first.is_whitespace() {
            tokens.push((line, &rest[..length]));
        }
        rest = &rest[length..];
    }
    tokens
}

#[test]
fn every_way_to_write_a_path_is_read() {
    let cases: &[(&str, &[&str])] = &[
        ("use crate::a::B;", &["a::B"]),
        ("use crate::{\n  a::{self, B as C, d::*},\n  e,\n};", &["a", "a::B", "a::d::*", "e"]),
        ("pub(crate) fn f(x: &crate::a::B<crate::c::D>) -> E {}", &["a::B", "c::D"]),
        ("let x = crate::a::f::<crate::b::T>();", &["a::f", "b::T"]),
        ("use super::a; use super::super::super::b::C; use self::d;", &["x::a", "b::C", "x::y::d"]),
        ("mod tests { use super::*; fn f() { super::g(); } } use super::h;", &["x::y::*", "x::y::g", "x::h"]),
        ("use crate::*; use crate as ship; $crate::m!()", &["*", "*", "m"]),
    ];
    for (code, expected) in cases {
        let found: Vec<String> =
            paths(code, &["x".into(), "y".into()]).into_iter().map(|(_, path)| path.join("::")).collect();
        assert_eq!(found, *expected, "{code}");
    }
}
