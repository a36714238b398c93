//! `args`: the string forms and the table.

use toml::de::{DeTable, DeValue};

use super::name::{is_guarded, is_identifier};
use super::reader::{Entry, Node, Reader, Subject};
use super::resolve::{FIRST_WORDS, LATER_WORDS};
use crate::diagnostic::{Diagnostic, Span};
use crate::model::task::{Argument, ArgumentKind};
use crate::text::list;

impl<'f> Reader<'f, '_> {
    /// The arguments of a task, with the rules that hold between them.
    pub(super) fn arguments(&mut self, entry: Option<Entry<'f>>) -> Vec<Argument> {
        let mut arguments: Vec<Argument> = Vec::new();
        for node in self.items(entry) {
            let Some(argument) = self.argument_item(node) else { continue };
            self.check_beside(&argument, &arguments);
            arguments.push(argument);
        }
        arguments
    }

    fn argument_item(&mut self, node: Node<'f>) -> Option<Argument> {
        match node.get_ref() {
            DeValue::String(_) => {
                let form = self.filled(Subject::Plain("an argument"), node)?;
                let span = self.at(node);
                let (name, kind) = self.form(&form, span)?;
                Some(Argument {
                    name,
                    span,
                    kind,
                    help: None,
                    choices: Vec::new(),
                    pattern: None,
                    short: None,
                    env: None,
                })
            }
            DeValue::Table(table) => self.argument_table(node, table),
            _ => {
                self.wrong_type(
                    Subject::Plain("an argument"),
                    "a string or a table `{ name = \"…\" }`",
                    node,
                );
                None
            }
        }
    }

    /// `"name"`, `"name=default"`, `"rest..."`, `"rest+..."`, `"--flag"`, `"--option="`, `"--option=default"`.
    fn form(&mut self, form: &str, span: Span) -> Option<(String, ArgumentKind)> {
        let (left, default) = match form.split_once('=') {
            Some((left, default)) => (left, Some(default)),
            None => (form, None),
        };
        let (name, kind) = if let Some(name) = left.strip_prefix("--") {
            let kind = match default {
                None => ArgumentKind::Flag,
                Some(default) => {
                    ArgumentKind::Option { default: (!default.is_empty()).then(|| default.to_owned()) }
                }
            };
            (name, kind)
        } else if let Some(name) = left.strip_suffix("...") {
            if default.is_some() {
                self.fault(
                    bad(format!("`{name}...` can't have a default"), span)
                        .help("where nothing is given it is empty"),
                );
            }
            let (name, required) = name.strip_suffix('+').map_or((name, false), |name| (name, true));
            (name, ArgumentKind::Rest { required })
        } else {
            (left, ArgumentKind::Positional { default: default.map(str::to_owned) })
        };
        if !is_identifier(name) {
            let fault = malformed(form, name, span);
            self.fault(fault);
            return None;
        }
        self.check_argument_name(name, span);
        Some((name.to_owned(), kind))
    }

    fn check_argument_name(&mut self, name: &str, span: Span) {
        let variable = name.replace('-', "_");
        if FIRST_WORDS.contains(&name) || LATER_WORDS.contains(&name) {
            self.fault(
                Diagnostic::error(
                    "reserved-name",
                    format!("an argument can't be called `{name}`"),
                    span,
                    format!("`{{{{ {name} }}}}` means something else"),
                )
                .help("choose another name"),
            );
        } else if is_guarded(&variable) {
            self.fault(
                Diagnostic::error(
                    "reserved-name",
                    format!("an argument can't be called `{name}`"),
                    span,
                    format!("would replace `${variable}` for every command"),
                )
                .note("commands see each argument as a variable of its name")
                .help("choose another name, in small letters"),
            );
        }
    }

    fn argument_table(&mut self, node: Node<'f>, table: &'f DeTable<'f>) -> Option<Argument> {
        let owner = Subject::Plain("an argument");
        let keys = ["name", "help", "choices", "pattern", "default", "short", "env"];
        let before = self.faults.len();
        let [name, help, choices, pattern, default, short, env] = self.fields(table, owner, keys);
        let misspelt = self.faults.len() > before;
        let help = help.and_then(|entry| self.text(entry));
        let choices: Vec<String> = self.texts(choices).into_iter().map(|choice| choice.value).collect();
        let pattern = pattern.and_then(|entry| self.value_pattern(entry));
        let short = short.and_then(|entry| self.short(entry));
        let variable = env.and_then(|entry| {
            let variable = self.text(entry)?;
            let span = self.at(entry.value);
            self.check_variable(&variable, span);
            Some(variable)
        });
        let default_text = default.and_then(|entry| self.plain(Subject::Key("default"), entry.value));
        let Some(name) = name else {
            // A wrong key was told instead; it may well be this one.
            if !misspelt {
                self.missing(owner, "name", node);
            }
            return None;
        };
        let form = self.filled(Subject::Key("name"), name.value)?;
        let span = self.at(name.value);
        let (name, mut kind) = self.form(&form, span)?;
        if let (Some(entry), Some(text)) = (default, &default_text) {
            let place = self.key(entry);
            match &mut kind {
                ArgumentKind::Positional { default: slot } | ArgumentKind::Option { default: slot } => {
                    if slot.replace(text.clone()).is_some() {
                        self.fault(conflict(&name, "has two defaults", place).also(span, "the other one"));
                    }
                }
                ArgumentKind::Flag => self.fault(
                    conflict(&name, "is a flag and can't have a default", place)
                        .help(format!("an option that takes a value is written `--{name}=`")),
                ),
                ArgumentKind::Rest { .. } => {
                    self.fault(conflict(&name, "takes the rest and can't have a default", place))
                }
            }
        }
        if let (Some(entry), true) = (env, kind.is_rest()) {
            let place = self.key(entry);
            self.fault(
                conflict(&name, "takes the rest and can't have an `env`", place)
                    .help("commands can read the variable themselves: one variable is one word here"),
            );
        }
        if kind == ArgumentKind::Flag && pattern.is_some() {
            self.fault(conflict(&name, "is a flag and can't have a `pattern`", span));
        }
        let is_positional = matches!(kind, ArgumentKind::Positional { .. } | ArgumentKind::Rest { .. });
        if let (Some((_, place)), true) = (short, is_positional) {
            self.fault(conflict(&name, "is no flag or option and can't have a `short`", place));
        }
        if kind == ArgumentKind::Flag && !choices.is_empty() {
            self.fault(conflict(&name, "is a flag and can't have `choices`", span));
        }
        if let ArgumentKind::Positional { default: Some(text) } | ArgumentKind::Option { default: Some(text) } =
            &kind
            && !choices.is_empty()
            && !choices.contains(text)
        {
            let place = default.map_or(span, |entry| self.at(entry.value));
            let fault = not_a_choice(text, &choices, place);
            self.fault(fault);
        }
        let short = short.map(|(letter, _)| letter);
        Some(Argument { name, span, kind, help, choices, pattern, short, env: variable })
    }

    /// A regular expression that can be read.
    fn value_pattern(&mut self, entry: Entry<'f>) -> Option<String> {
        let text = self.text(entry)?;
        match regex_lite::Regex::new(&text) {
            Ok(_) => Some(text),
            Err(error) => {
                let span = self.at(entry.value);
                self.fault(
                    bad("`pattern` is no regular expression", span)
                        .note(error.to_string())
                        .help("write for example `pattern = '[a-z]+-[0-9]+'`; it has to fit the whole value"),
                );
                None
            }
        }
    }

    fn short(&mut self, entry: Entry<'f>) -> Option<(char, Span)> {
        let text = self.text(entry)?;
        let span = self.at(entry.value);
        let letter = text.strip_prefix('-').unwrap_or(&text);
        let mut characters = letter.chars();
        match (characters.next(), characters.next()) {
            (Some(letter), None) if letter.is_ascii_alphanumeric() => Some((letter, span)),
            _ => {
                self.fault(
                    bad("`short` must be one letter or digit", span).help("write `short = \"x\"` for `-x`"),
                );
                None
            }
        }
    }

    /// The rules between an argument and those before it.
    fn check_beside(&mut self, argument: &Argument, before: &[Argument]) {
        if let Some(other) = before.iter().find(|other| other.variable() == argument.variable()) {
            let title = if other.name == argument.name {
                format!("two arguments are called `{}`", argument.name)
            } else {
                format!("`{}` and `{}` are the same variable", other.name, argument.name)
            };
            self.fault(
                Diagnostic::error("duplicate-name", title, argument.span, "declared again")
                    .also(other.span, "first declared here"),
            );
            return;
        }
        if let Some(other) =
            before.iter().find(|other| other.short.is_some() && other.short == argument.short)
        {
            let letter = argument.short.unwrap_or_default();
            self.fault(
                Diagnostic::error(
                    "duplicate-name",
                    format!("two arguments have the short `-{letter}`"),
                    argument.span,
                    "",
                )
                .also(other.span, "the other one"),
            );
        }
        let positional = matches!(argument.kind, ArgumentKind::Positional { .. } | ArgumentKind::Rest { .. });
        let rest = before.iter().find(|other| other.kind.is_rest());
        if let (true, Some(rest)) = (positional, rest) {
            self.fault(
                bad(format!("nothing can follow `{}...`", rest.name), argument.span)
                    .also(rest.span, "takes all that is left")
                    .help(format!("move `{}...` to the end", rest.name)),
            );
        } else if argument.kind == (ArgumentKind::Positional { default: None })
            // Only the first that follows it: one wrong default makes all the rest wrong.
            && let Some(optional) =
                before.iter().rfind(|other| matches!(other.kind, ArgumentKind::Positional { .. }))
            && matches!(optional.kind, ArgumentKind::Positional { default: Some(_) })
        {
            self.fault(
                bad(
                    format!("`{}` is required but stands after an optional one", argument.name),
                    argument.span,
                )
                .also(optional.span, "optional")
                .help(format!("give it a default: `{}=…`, or move it forward", argument.name)),
            );
        }
    }
}

fn bad(title: impl Into<String>, span: Span) -> Diagnostic {
    Diagnostic::error("bad-argument", title, span, "")
}

fn conflict(name: &str, what: &str, span: Span) -> Diagnostic {
    bad(format!("`{name}` {what}"), span)
}

/// A value that its `choices` don't have.
pub(super) fn not_a_choice(value: &str, choices: &[String], span: Span) -> Diagnostic {
    Diagnostic::error("not-a-choice", format!("`{value}` is not one of the choices"), span, "not a choice")
        .help(format!("the choices are {}", list::and_ticked(choices)))
}

/// Says what was probably meant: other tools write arguments in other ways.
fn malformed(form: &str, name: &str, span: Span) -> Diagnostic {
    let diagnostic = bad(format!("`{form}` is not an argument"), span);
    let bare =
        name.trim_start_matches(['*', '+', '-', '$', '<', '[', '.']).trim_end_matches(['>', ']', '?', '.']);
    let help = if !is_identifier(bare) {
        "write `name`, `name=default`, `rest...`, `rest+...`, `--flag`, `--option=` or `--option=default`"
            .to_owned()
    } else if name.starts_with('+') {
        format!("the rest of the command line, of one word at least, is written `{bare}+...`")
    } else if name.starts_with('*') || name.ends_with("..") {
        format!("the rest of the command line is written `{bare}...`")
    } else if name.starts_with('-') && bare.len() == 1 {
        format!("a short form stands in a table: `{{ name = \"--long\", short = \"{bare}\" }}`")
    } else if name.starts_with('-') {
        format!("did you mean `--{bare}`?")
    } else if name.ends_with(['?', ']']) {
        format!("an optional argument is written `{bare}=`")
    } else {
        format!("did you mean `{bare}`?")
    };
    diagnostic.help(help)
}
