//! `[vars]`.

use toml::de::{DeTable, DeValue};

use super::argument::not_a_choice;
use super::reader::{Entry, Node, Reader, Subject};
use super::template::Scope;
use crate::diagnostic::Diagnostic;
use crate::model::project::{Binding, Variable};

impl<'f> Reader<'f, '_> {
    /// All variables of this file.
    pub(super) fn variables(&mut self, entry: Option<Entry<'f>>) -> Vec<Variable> {
        let entries = self.section(entry);
        entries.into_iter().filter_map(|entry| self.variable_entry(entry)).collect()
    }

    /// Variables that an included file is given; `prefix` is that file's.
    pub(super) fn given_variables(&mut self, entry: Option<Entry<'f>>, prefix: &str) -> Vec<Variable> {
        let entries = self.section_or_table(entry);
        let named = |entry: &Entry<'f>| format!("{prefix}{}", entry.name());
        let decode = |entry: Entry<'f>| Some(Variable { name: named(&entry), ..self.variable_entry(entry)? });
        entries.into_iter().filter_map(decode).collect()
    }

    fn variable_entry(&mut self, entry: Entry<'f>) -> Option<Variable> {
        self.check_identifier("a variable", entry);
        let (binding, secret) = match entry.value.get_ref() {
            DeValue::String(_) => {
                let what = Subject::Key(entry.name());
                (Binding::Text(self.template(what, entry.value, Scope::GLOBAL)?), false)
            }
            DeValue::Table(table) => self.binding(entry, table)?,
            _ => (Binding::Literal(self.literal(entry.value)?), false),
        };
        Some(Variable {
            name: format!("{}{}", self.file.prefix, entry.name()),
            span: self.key(entry),
            binding,
            secret,
            folder: self.file.folder.clone(),
        })
    }

    /// `{ sh = … }`, `{ env = … }` or `{ prompt = … }`.
    pub(super) fn binding(&mut self, entry: Entry<'f>, table: &'f DeTable<'f>) -> Option<(Binding, bool)> {
        let owner = Subject::Named("variable", entry.name());
        let before = self.faults.len();
        let [sh, env, prompt, choices, default, secret] =
            self.fields(table, owner, ["sh", "env", "prompt", "choices", "default", "secret"]);
        let secret = secret.and_then(|entry| self.boolean(entry)).unwrap_or_default();
        let sources: Vec<Entry<'f>> = [sh, env, prompt].into_iter().flatten().collect();
        match sources.as_slice() {
            [] => {
                if self.faults.len() == before {
                    self.no_source(entry);
                }
                return None;
            }
            [_] => {}
            [first, others @ ..] => {
                for other in others {
                    let fault = Diagnostic::error(
                        "conflicting-keys",
                        format!(
                            "variable `{}` has two sources, `{}` and `{}`",
                            entry.name(),
                            first.name(),
                            other.name()
                        ),
                        self.key(*other),
                        "the second",
                    )
                    .also(self.key(*first), "the first");
                    self.fault(fault);
                }
                return None;
            }
        }
        let stray =
            if prompt.is_some() { [None, None] } else { [choices, default.filter(|_| env.is_none())] };
        for stray in stray.into_iter().flatten() {
            let of = if stray.name() == "choices" { "`prompt`" } else { "`env` or `prompt`" };
            let place = self.key(stray);
            self.fault(Diagnostic::error(
                "conflicting-keys",
                format!("`{}` belongs to {of}", stray.name()),
                place,
                "has no meaning here",
            ));
        }
        let default_text = default.and_then(|entry| self.plain(Subject::Key("default"), entry.value));
        let binding = if let Some(sh) = sh {
            Binding::Shell(self.script(Subject::Key("sh"), sh.value, Scope::GLOBAL)?)
        } else if let Some(env) = env {
            let name = self.text(env)?;
            let span = self.at(env.value);
            self.check_variable(&name, span);
            Binding::Environment { name, default: default_text }
        } else {
            let choices: Vec<String> = self.texts(choices).into_iter().map(|choice| choice.value).collect();
            if let (Some(text), Some(entry)) = (&default_text, default)
                && !choices.is_empty()
                && !choices.contains(text)
            {
                let fault = not_a_choice(text, &choices, self.at(entry.value));
                self.fault(fault);
            }
            Binding::Prompt { text: self.text(prompt?)?, choices, default: default_text }
        };
        Some((binding, secret))
    }

    fn no_source(&mut self, entry: Entry<'f>) {
        let node: Node<'f> = entry.value;
        let span = self.at(node);
        self.fault(
            Diagnostic::error(
                "missing-key",
                format!("variable `{}` has no source", entry.name()),
                span,
                "needs `sh`, `env` or `prompt`",
            )
            .help("write `{ sh = \"…\" }`, `{ env = \"NAME\" }` or `{ prompt = \"…\" }`"),
        );
    }
}
