//! How a command of another tool is written here: pure.
//!
//! Shipway runs scripts with `bash -euo pipefail`; make, just, Task and mise with a plain `sh`, some with `-e` or `-u`. A line of simple commands
//! means the same to all of them and stays as it is, its values as `{{ }}`. Any other becomes a script with the `#!` of its own shell,
//! which gets its values as variables: there `{{ }}` would be code.

use super::script_text::with_variables;

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

/// What a text is where it stands bare in a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One word.
    Word,
    /// No word, several ones, or a pattern of files: what an unquoted variable becomes, too.
    Words,
    /// Quotes, redirections, assignments and the like, which mean nothing in a variable.
    Code,
}

/// The shape of a text.
pub fn shape(text: &str) -> Shape {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:=@%+,^".contains(c);
    let assigns = text.split_once('=').is_some_and(|(name, _)| {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        !name.is_empty() && name.chars().all(is_name) && !name.starts_with(|c: char| c.is_ascii_digit())
    });
    if assigns || text.chars().any(|c| !is_plain(c) && !" \t*?[]".contains(c)) {
        Shape::Code
    } else if !text.is_empty() && text.chars().all(is_plain) {
        Shape::Word
    } else {
        Shape::Words
    }
}

/// Whether what this command prints is known to be one word.
pub fn prints_a_word(command: &str) -> bool {
    let begins = |known: &&str| command.trim_start().starts_with(*known);
    is_simple(command) && ["git rev-parse ", "git describe "].iter().any(begins)
}

/// A command as it is written here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fitted {
    /// The step.
    pub step: String,
    /// What its environment needs.
    pub env: Vec<(String, String)>,
    /// Why it is none: the step fails.
    pub lost: Option<&'static str>,
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
                ..Fitted::default()
            };
        }
    }
    let has_values = pieces.iter().any(|piece| matches!(piece, Piece::Value(_)));
    let Some(script) = with_variables(pieces) else {
        return lost("has a value at a place where no shell expands a variable");
    };
    let mut env = Vec::new();
    for piece in pieces {
        if let Piece::Value(value) = piece {
            let entry = (value.variable.clone(), format!("{{{{ {} }}}}", value.reference));
            if value.argument.is_none() && !env.contains(&entry) {
                env.push(entry);
            }
        }
    }
    let script = super::literal(script.trim_matches('\n'));
    let own = script.lines().next().filter(|line| line.starts_with("#!"));
    if has_values && own.is_some_and(|line| !is_shell(line)) {
        return lost("has a value in a script that is none of a shell");
    }
    let script = match ignore {
        false => script,
        // Inside of `( … ) || true` no failure would end it.
        true if stops_at_failures(shebang) => format!("set +e\n(\nset -e\n{script}\n)\ntrue"),
        true => format!("(\n{script}\n) || true"),
    };
    let step =
        if script.starts_with("#!") { format!("{script}\n") } else { format!("{shebang}\n{script}\n") };
    Fitted { step, env, lost: None }
}

fn lost(why: &'static str) -> Fitted {
    let step = "#!/bin/sh\necho 'this step was not carried over' >&2\nexit 1\n".to_owned();
    Fitted { step, env: Vec::new(), lost: Some(why) }
}

/// Whether the `#!` line is one of a shell that knows `${NAME}`.
pub fn is_shell(line: &str) -> bool {
    let program = |word: &str| word.rsplit('/').next().unwrap_or_default().to_owned();
    let shells = ["sh", "bash", "dash", "zsh", "ksh", "ash"];
    line.trim_start_matches("#!").split_whitespace().any(|word| shells.contains(&program(word).as_str()))
}

/// The words of a shell that a script's `#!` line can't stand for: it is none of ours, or runs elsewhere (`docker exec web sh -c`).
pub fn strange_shell(program: &str, flags: &[&str]) -> Option<Vec<String>> {
    // `-o` and `-euo` take the word behind them.
    let takes_more = |flag: &str| flag.starts_with(['-', '+']) && flag.ends_with(['o', 'O']);
    let is_option = |(index, flag): (usize, &&str)| {
        flag.starts_with(['-', '+']) || index > 0 && takes_more(flags[index - 1])
    };
    let is_ours = is_shell(program) && !program.contains(char::is_whitespace);
    let is_plain = is_ours && flags.iter().enumerate().all(is_option);
    (!is_plain).then(|| std::iter::once(program).chain(flags.iter().copied()).map(str::to_owned).collect())
}

/// The text of `pieces` for a shell that is not ours: nobody knows how a value is quoted there, nor how a failure is passed over.
pub fn fit_elsewhere(pieces: &[Piece], ignore: bool) -> Fitted {
    let texts: Option<String> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => Some(super::literal(text)),
            Piece::Value(_) => None,
        })
        .collect();
    match texts {
        None => lost("has a value for a shell whose quotes Shipway does not know"),
        Some(_) if ignore => lost("may fail, and its shell is none that Shipway knows"),
        Some(text) => Fitted { step: text.trim().to_owned(), ..Fitted::default() },
    }
}

/// The text of a variable's command; `None` where a value stands at a place at which it would be code.
pub fn printed(pieces: &[Piece]) -> Option<String> {
    let text = template(pieces);
    is_taken(&text, pieces).then_some(text)
}

/// Pieces as a text that is no command.
pub fn template(pieces: &[Piece]) -> String {
    let part = |piece: &Piece| match piece {
        Piece::Text(text) => super::literal(text),
        Piece::Value(value) => format!("{{{{ {} }}}}", value.reference),
    };
    pieces.iter().map(part).collect()
}

/// What stands around the `{{ }}` of a text.
pub fn without_holes(text: &str) -> String {
    text.split("{{").map(|part| part.split_once("}}").map_or(part, |(_, rest)| rest)).collect()
}

/// Whether a shell does more with a bare text than to split it and to look for files.
pub fn is_evaluated(text: &str) -> bool {
    text.contains([
        '\'', '"', '\\', '$', '`', '<', '>', '|', '&', ';', '(', ')', '{', '}', '~', '#', '!', '\n',
    ])
}

/// `-e` of a `#!` line.
fn stops_at_failures(shebang: &str) -> bool {
    let mut words = shebang.split_whitespace().skip(1);
    words.any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains('e'))
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

/// Where a text is among quotes; knows neither comments nor here-documents.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Quotes {
    pub(super) single: bool,
    double: bool,
    escaped: bool,
}

impl Quotes {
    /// Goes on by a character.
    pub(super) fn read(&mut self, c: char) {
        match c {
            _ if self.escaped => self.escaped = false,
            '\\' if !self.single => self.escaped = true,
            '\'' if !self.double => self.single = !self.single,
            '"' if !self.single => self.double = !self.double,
            _ => {}
        }
    }

    /// Whether a variable here is data, whatever it holds.
    pub(super) fn keep(self) -> bool {
        self.single || self.double
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
    fn texts_that_are_code_are_told_from_words() {
        for (text, expected) in [
            ("registry.example.com/a:1", Shape::Word),
            ("--opt=x", Shape::Word),
            ("docker compose", Shape::Words),
            ("", Shape::Words),
            ("*.yml", Shape::Words),
            ("FOO=1", Shape::Code),
            ("> out.txt", Shape::Code),
            ("it's", Shape::Code),
            ("$HOME", Shape::Code),
            ("~/x", Shape::Code),
        ] {
            assert_eq!(shape(text), expected, "{text}");
        }
        assert!(prints_a_word("git describe --tags") && !prints_a_word("git describe | cat"));
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
