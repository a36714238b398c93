//! What runs a recipe: `SHELL` and `.SHELLFLAGS`, of the Makefile or of a target. Pure but for `expand`.
//!
//! make gives the shell a line behind `-c`; here it gets the name of a file. A program that is known as no interpreter may not take one.

use super::make_database::Rule;
use super::make_text::Texts;
use super::shebang;

/// The shells that make knows the grammar of.
const BOURNE: [&str; 7] = ["sh", "bash", "dash", "ksh", "rksh", "zsh", "ash"];

/// Others that take a file.
const OTHERS: [&str; 9] = ["python", "python3", "perl", "ruby", "node", "fish", "pwsh", "tclsh", "php"];

/// The shell of recipes.
pub(super) struct Shell {
    pub(super) shebang: String,
    /// `.ONESHELL`
    pub(super) is_one: bool,
    /// It is one that make knows the grammar of.
    pub(super) is_bourne: bool,
    /// Why there is none.
    pub(super) lost: Option<String>,
}

impl Shell {
    /// That of `rule`, or of the whole Makefile.
    pub(super) fn of(texts: &mut Texts<'_>, rule: Option<&Rule>) -> Self {
        let program = value(texts, "SHELL", rule);
        let flags = value(texts, ".SHELLFLAGS", rule);
        let is_one = texts.database.rules.iter().any(|rule| rule.name == ".ONESHELL");
        let (Some(program), Some(flags)) = (&program, &flags) else {
            let lost = Some("make ends with an error where it expands the shell".to_owned());
            return Self { shebang: shebang("sh", &[]), is_one, is_bourne: true, lost };
        };
        let words: Vec<&str> = program.split_whitespace().collect();
        let interpreter = interpreter(&words);
        let name = interpreter.rsplit('/').next().unwrap_or_default();
        let is_bourne = BOURNE.contains(&name);
        let is_known = is_bourne || OTHERS.contains(&name);
        let lost =
            (!is_known).then(|| format!("`{}` as a shell gets a file here, and no line", words.join(" ")));
        Self { shebang: line(&words, flags.split_whitespace()), is_one, is_bourne, lost }
    }
}

/// The `#!` line of the words of `SHELL`, which make splits.
fn line<'w>(words: &[&'w str], flags: impl Iterator<Item = &'w str>) -> String {
    let mut words = words.iter().copied();
    let first = words.next().unwrap_or("/bin/sh");
    let is_env = matches!(first, "env" | "/usr/bin/env" | "/bin/env");
    let mut rest: Vec<&str> = words.chain(flags).collect();
    // `env NAME=… sh`: the system's own `env` does all of it.
    let program = if is_env && !rest.is_empty() { rest.remove(0) } else { first };
    shebang(program, &rest)
}

/// What runs in the end: `env` starts another.
fn interpreter<'w>(words: &[&'w str]) -> &'w str {
    let mut words = words.iter().copied();
    match words.next() {
        None => "sh",
        Some("env" | "/usr/bin/env" | "/bin/env") => {
            words.find(|word| !word.contains('=') && !word.starts_with('-')).unwrap_or("env")
        }
        Some(word) => word,
    }
}

/// A value that somebody gave; empty where nobody did. `None` where make can't say it.
fn value(texts: &mut Texts<'_>, name: &str, rule: Option<&Rule>) -> Option<String> {
    let own = rule.is_some_and(|rule| rule.variables.iter().any(|own| own.name == name));
    let known = texts.database.variables.get(name);
    let known = known.filter(|it| matches!(it.origin.as_str(), "makefile" | "override"));
    match known {
        None if !own => Some(String::new()),
        Some(variable) if !own && !variable.value.contains('$') => Some(variable.value.trim().to_owned()),
        _ => texts.expanded(&format!("$({name})"), rule).map(|value| value.trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_of_several_words_is_split_as_make_does() {
        for (shell, flags, expected) in [
            ("", "", "#!/bin/sh"),
            ("/bin/bash", "-ec", "#!/usr/bin/env -S /bin/bash -e"),
            ("/bin/bash -o pipefail", "-c", "#!/usr/bin/env -S /bin/bash -o pipefail"),
            ("/usr/bin/env bash -euo pipefail", "", "#!/usr/bin/env -S bash -euo pipefail"),
            ("/usr/bin/env bash", "-c", "#!/usr/bin/env bash"),
            ("env PATH=/usr/bin /bin/sh", "", "#!/usr/bin/env -S PATH=/usr/bin /bin/sh"),
        ] {
            let words: Vec<&str> = shell.split_whitespace().collect();
            assert_eq!(line(&words, flags.split_whitespace()), expected, "{shell}");
        }
        assert_eq!(interpreter(&["env", "-i", "A=b", "/bin/dash"]), "/bin/dash");
    }
}
