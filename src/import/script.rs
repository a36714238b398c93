//! How a command of another tool is written here: pure.
//!
//! Shipway runs scripts with `bash -euo pipefail`; make, just, Task and mise with a plain `sh`, some with `-e` or `-u`. A line of simple commands
//! means the same to all of them and stays as it is, its values as `{{ }}`. Any other becomes a script with the `#!` of its own shell,
//! which gets its values as variables: there `{{ }}` would be code.

/// A part of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// As it stands.
    Text(String),
    /// A value of a variable or an argument.
    Value(Value),
}

/// A value that a command uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// What stands between the braces.
    pub reference: String,
    /// The variable that a script finds it in.
    pub variable: String,
    /// It is never empty and never several words where it stands bare.
    pub is_word: bool,
    /// How the argument is declared that it is of; commands have its variable anyway.
    pub argument: Option<String>,
}

/// A command as it is written here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fitted {
    /// The step.
    pub step: String,
    /// What its environment needs.
    pub env: Vec<(String, String)>,
}

/// Words that begin more than a simple command, or whose meaning depends on the shell's switches.
const KEYWORDS: [&str; 17] = [
    "if", "for", "while", "until", "case", "select", "function", "time", "set", "exit", "trap", "eval",
    "exec", "source", ".", "[[", "read",
];

/// The command of `pieces` under the shell of `shebang`; with `ignore`, its failure is nobody's.
pub fn fit(pieces: &[Piece], shebang: &str, ignore: bool) -> Fitted {
    let shape: String = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Value(_) => "x".to_owned(),
        })
        .collect();
    let words = pieces
        .iter()
        .all(|piece| matches!(piece, Piece::Text(_)) || matches!(piece, Piece::Value(it) if it.is_word));
    if words && is_simple(&shape) {
        let text: String = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => super::literal(text),
                Piece::Value(value) => format!("{{{{ {} }}}}", value.reference),
            })
            .collect();
        let text = text.trim();
        if is_taken(text, pieces) {
            return Fitted {
                step: if ignore { format!("{text} || true") } else { text.to_owned() },
                env: Vec::new(),
            };
        }
    }
    let mut script = String::new();
    let mut env = Vec::new();
    let mut quotes = Quotes::default();
    for piece in pieces {
        match piece {
            Piece::Text(text) => {
                text.chars().for_each(|c| quotes.read(c));
                script.push_str(&super::literal(text));
            }
            Piece::Value(value) => {
                let (open, close) = if quotes.single { ("'\"", "\"'") } else { ("", "") };
                script.push_str(&format!("{open}${{{}}}{close}", value.variable));
                let entry = (value.variable.clone(), format!("{{{{ {} }}}}", value.reference));
                if value.argument.is_none() && !env.contains(&entry) {
                    env.push(entry);
                }
            }
        }
    }
    let script = script.trim_matches('\n');
    let script = if ignore { format!("(\n{script}\n) || true") } else { script.to_owned() };
    let step =
        if script.starts_with("#!") { format!("{script}\n") } else { format!("{shebang}\n{script}\n") };
    Fitted { step, env }
}

/// Whether the values may stand where they do: where a shell would evaluate one, the tasks file refuses it.
fn is_taken(text: &str, pieces: &[Piece]) -> bool {
    let values = pieces.iter().filter_map(|piece| match piece {
        Piece::Value(value) => Some(value),
        Piece::Text(_) => None,
    });
    let (mut args, mut vars) = (Vec::new(), String::new());
    for value in values {
        match (&value.argument, value.reference.strip_prefix("vars.")) {
            (Some(form), _) if !args.contains(form) => args.push(form.clone()),
            (None, Some(name)) if !vars.contains(&format!("\n{name} =")) => {
                vars.push_str(&format!("\n{name} = \"x\""))
            }
            _ => {}
        }
    }
    let task = toml::Table::from_iter([("args".to_owned(), args.into()), ("run".to_owned(), text.into())]);
    super::loads(&format!("[tasks.it]\n{task}\n[vars]{vars}\n"))
}

/// Where a text is among quotes.
#[derive(Clone, Copy, Debug, Default)]
struct Quotes {
    single: bool,
    double: bool,
    escaped: bool,
}

impl Quotes {
    fn read(&mut self, c: char) {
        match c {
            _ if self.escaped => self.escaped = false,
            '\\' if !self.single => self.escaped = true,
            '\'' if !self.double => self.single = !self.single,
            '"' if !self.single => self.double = !self.double,
            _ => {}
        }
    }

    fn is_inside(self) -> bool {
        self.single || self.double || self.escaped
    }
}

/// Whether every shell, whatever its switches, does the same with this text: simple commands, joined by `&&` and `||`, with plain
/// redirections.
pub fn is_simple(text: &str) -> bool {
    let text = text.trim();
    let mut quotes = Quotes::default();
    let mut bare = String::new();
    let characters: Vec<char> = text.chars().collect();
    for (index, c) in characters.iter().enumerate() {
        let was_inside = quotes.is_inside();
        quotes.read(*c);
        match c {
            '\n' | '`' => return false,
            '$' if !quotes.single => return false,
            // `echo '\n'` is read differently by different shells.
            '\\' if text.contains("echo") => return false,
            ';' | '(' | ')' | '{' | '}' | '!' | '#' | '~' | '*' | '?' | '['
                if !was_inside && !quotes.is_inside() =>
            {
                // A `[` that is a command, and patterns, are alike to all; the rest is grammar.
                let is_pattern = matches!(c, '*' | '?' | '[' | '~');
                let is_in_a_word = *c == '#' && index > 0 && characters[index - 1] != ' ';
                if !is_pattern && !is_in_a_word {
                    return false;
                }
                bare.push(*c);
            }
            _ if was_inside || quotes.is_inside() => bare.push('q'),
            _ => bare.push(*c),
        }
    }
    if quotes.is_inside() || text.is_empty() {
        return false;
    }
    let bare = bare
        .replace("2>&1", "")
        .replace("1>&2", "")
        .replace(">&2", "")
        .replace("&&", "\u{1}")
        .replace("||", "\u{1}");
    !bare.contains(['&', '|'])
        && !bare.contains("<<")
        && bare.split('\u{1}').all(|command| {
            let first = command.split_whitespace().next();
            first.is_some_and(|first| !KEYWORDS.contains(&first))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_commands_are_told_from_scripts() {
        for simple in [
            "docker build -t app:1 .",
            "cd app && ./x --y='a $b; c' || echo no >&2",
            "A=b cmd > out 2>&1",
            "ls *.rs a#b",
            "[ -f x ] || touch x",
            "terraform -chdir=prod plan -var 'x=[\"a\"]'",
        ] {
            assert!(is_simple(simple), "{simple}");
        }
        for script in [
            "a; b",
            "a | b",
            "a &",
            "echo $HOME",
            "echo `x`",
            "if x; then y; fi",
            "(a)",
            "{ a; }",
            "a\nb",
            "! a",
            "set -e",
            "echo 'a\\n'",
            "cat <<E",
            "a 'b",
            "exit 1",
            "a && if",
            "",
            "a # b",
            "echo \"$x\"",
        ] {
            assert!(!is_simple(script), "{script}");
        }
    }

    fn value(is_word: bool) -> Piece {
        let (reference, variable) = ("vars.TAG".to_owned(), "TAG".to_owned());
        Piece::Value(Value { reference, variable, is_word, argument: None })
    }

    fn text(text: &str) -> Piece {
        Piece::Text(text.to_owned())
    }

    #[test]
    fn values_stand_in_braces_or_come_as_variables() {
        let plain =
            fit(&[text("docker build -t app:"), value(true), text(" --format '{{.ID}}'")], "#!/bin/sh", true);
        assert_eq!(plain.step, "docker build -t app:{{ vars.TAG }} --format '{{ \"{{\" }}.ID}}' || true");
        assert!(plain.env.is_empty());
        let script = fit(
            &[text("test -n \""), value(true), text("\"; echo '"), value(true), text("'")],
            "#!/bin/sh",
            false,
        );
        assert_eq!(script.step, "#!/bin/sh\ntest -n \"${TAG}\"; echo ''\"${TAG}\"''\n");
        assert_eq!(script.env, [("TAG".to_owned(), "{{ vars.TAG }}".to_owned())]);
        assert!(
            fit(&[text("git tag "), value(false)], "#!/bin/sh -u", false).step.starts_with("#!/bin/sh -u\n")
        );
    }
}
