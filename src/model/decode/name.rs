//! What a name may look like, and which names are taken.

use super::reader::{Entry, Reader};
use crate::diagnostic::{Diagnostic, Span};

/// Variables that the commands of a task live by; an argument of such a name would replace one.
const GUARDED: &[&str] = &[
    "PATH",
    "HOME",
    "IFS",
    "ENV",
    "SHELL",
    "SHELLOPTS",
    "BASHOPTS",
    "CDPATH",
    "GLOBIGNORE",
    "FIGNORE",
    "PROMPT_COMMAND",
    "PS0",
    "PS1",
    "PS2",
    "PS3",
    "PS4",
    "PWD",
    "OLDPWD",
    "TMPDIR",
    "TERM",
    "USER",
    "LOGNAME",
    "UID",
    "EUID",
    "PPID",
    "GROUPS",
    "RANDOM",
    "SECONDS",
    "LINENO",
    "OPTIND",
    "OPTARG",
    "OPTERR",
    "REPLY",
    "FUNCNAME",
    "DIRSTACK",
    "PIPESTATUS",
    "HOSTNAME",
    "HOSTTYPE",
    "MACHTYPE",
    "OSTYPE",
    "SHLVL",
    "POSIXLY_CORRECT",
    "INPUTRC",
    "NODE_OPTIONS",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PYTHONHOME",
    "PERL5OPT",
    "PERL5LIB",
    "RUBYOPT",
    "RUBYLIB",
];

/// The beginnings of such names.
const GUARDED_PREFIXES: &[&str] = &["LD_", "DYLD_", "BASH_", "SHIPWAY_", "GIT_", "TF_CLI_"];

/// Whether a variable of the environment of this name must not be replaced.
pub(super) fn is_guarded(variable: &str) -> bool {
    GUARDED.contains(&variable) || GUARDED_PREFIXES.iter().any(|prefix| variable.starts_with(prefix))
}

/// Tasks, workspaces, environments: `[A-Za-z0-9][A-Za-z0-9_.-]*`.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// Variables and arguments: `[A-Za-z_][A-Za-z0-9_-]*`.
pub(super) fn is_identifier(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

/// Variables of the environment: `[A-Za-z_][A-Za-z0-9_]*`.
pub(super) fn is_variable(text: &str) -> bool {
    is_identifier(text) && !text.contains('-')
}

impl Reader<'_, '_> {
    /// Reports a key that can't be the name of a `noun`. Wrong or not, the name is taken as it is: what refers to it should
    /// not be reported as well.
    pub(super) fn check_name(&mut self, noun: &str, entry: Entry<'_>) {
        let span = self.key(entry);
        self.check_name_at(noun, entry.name(), span);
    }

    /// The same for a name that is no key.
    pub(super) fn check_name_at(&mut self, noun: &str, name: &str, span: Span) {
        if is_name(name) {
            return;
        }
        if name.is_empty() {
            self.fault(Diagnostic::error("bad-name", format!("the name of {noun} is empty"), span, "empty"));
            return;
        }
        let label = match name.chars().find(|c| !c.is_ascii_alphanumeric() && !"_.-".contains(*c)) {
            Some(character) => format!("`{character}` can't stand in a name"),
            None => "starts with neither a letter nor a digit".to_owned(),
        };
        self.fault(
            Diagnostic::error("bad-name", format!("`{name}` can't be the name of {noun}"), span, label)
                .help("a name has letters, digits, `_`, `.` and `-`, and starts with a letter or a digit"),
        );
    }

    /// Reports a key that can't be the name of a variable or an output.
    pub(super) fn check_identifier(&mut self, noun: &str, entry: Entry<'_>) {
        if is_identifier(entry.name()) {
            return;
        }
        let span = self.key(entry);
        self.fault(
            Diagnostic::error(
                "bad-name",
                format!("`{}` can't be the name of {noun}", entry.name()),
                span,
                "",
            )
            .help("such a name has letters, digits, `_` and `-`, and starts with a letter or `_`"),
        );
    }

    /// Reports a name that can't be a variable of the environment, or that Shipway itself sets.
    pub(super) fn check_variable(&mut self, name: &str, span: Span) {
        let diagnostic = if !is_variable(name) {
            Diagnostic::error(
                "bad-name",
                format!("`{name}` can't be a variable of the environment"),
                span,
                "",
            )
            .help("such a name has letters, digits and `_`, and starts with a letter or `_`")
        } else if name.starts_with("SHIPWAY_") {
            Diagnostic::error(
                "reserved-name",
                format!("`{name}` is Shipway's own"),
                span,
                "starts with `SHIPWAY_`",
            )
            .help("choose another name")
        } else {
            return;
        };
        self.fault(diagnostic);
    }
}
