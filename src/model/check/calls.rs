//! Whether the arguments of a call are what its task takes: in `depends`, of a deployment, before and after a roll-out.

use crate::diagnostic::Diagnostic;
use crate::model::Model;
use crate::model::expression::{Part, Reference, Template};
use crate::model::rollout::{Deploy, Rollout};
use crate::model::task::{Argument, ArgumentKind, Call, Shorts, Task};
use crate::model::workspace::Dependency;
use crate::text::{list, suggest};

/// Reports what is missing, too much or unknown in every call.
pub(super) fn check(model: &Model, faults: &mut Vec<Diagnostic>) {
    for task in model.tasks.values() {
        let steps = task.called().chain(task.called_finally());
        for call in task.depends.iter().chain(&task.depends_post).chain(steps) {
            check_call(call, &task.args, model, faults);
        }
    }
    for workspace in model.workspaces.values() {
        for dependency in &workspace.depends {
            if let Dependency::Task(call) = dependency {
                check_call(call, &[], model, faults);
            }
        }
    }
    let deploys = model.environments.values().filter_map(|environment| environment.deploy.as_ref());
    let rollout = model.rollout.iter().flat_map(Rollout::calls);
    for call in deploys.filter_map(Deploy::task).chain(rollout) {
        check_call(call, &[], model, faults);
    }
}

fn check_call(call: &Call, caller: &[Argument], model: &Model, faults: &mut Vec<Diagnostic>) {
    let Some(task) = model.tasks.get(&call.task.value) else { return };
    if call.args.is_empty() && task.args.is_empty() {
        return;
    }
    let mut given =
        Given { task, caller, named: Vec::new(), positional: 0, has_rest: false, open_ended: false, faults };
    given.read(&call.args);
    let Given { named, positional, has_rest, open_ended, .. } = given;
    let mut position = 0;
    let mut missing: Vec<&str> = Vec::new();
    for argument in &task.args {
        let (is_given, default) = match &argument.kind {
            ArgumentKind::Positional { default } => {
                position += 1;
                (position <= positional || open_ended, default.is_some())
            }
            ArgumentKind::Option { default } => {
                (named.contains(&argument.name.as_str()) || open_ended, default.is_some())
            }
            ArgumentKind::Rest { required } => (has_rest || open_ended, !required),
            ArgumentKind::Flag => continue,
        };
        if !is_given && !default && argument.env.is_none() {
            missing.push(&argument.name);
        }
    }
    if !missing.is_empty() {
        faults.push(
            Diagnostic::error(
                "missing-argument",
                format!("task `{}` needs {}", task.name, list::and_ticked(&missing)),
                call.task.span,
                "called without",
            )
            .also(task.span, "declared here")
            .help(format!(
                "write `{{ task = \"{}\", args = […] }}`, or give the argument a default",
                call.task.value
            )),
        );
    }
}

/// What a call gives, word by word.
struct Given<'m, 'o> {
    task: &'m Task,
    caller: &'m [Argument],
    named: Vec<&'m str>,
    positional: usize,
    /// Some word is one of the rest.
    has_rest: bool,
    /// A `rest...` is handed on: how many words it is shows only when it runs.
    open_ended: bool,
    faults: &'o mut Vec<Diagnostic>,
}

impl<'m> Given<'m, '_> {
    fn read(&mut self, words: &'m [Template]) {
        let mut words = words.iter();
        let mut options_ended = false;
        while let Some(word) = words.next() {
            let start = match word.parts.first() {
                Some(Part::Text(text)) => text.as_str(),
                _ => "",
            };
            if self.is_variadic(word) {
                self.open_ended = true;
            } else if !options_ended && start == "--" && word.parts.len() == 1 {
                options_ended = true;
            } else if !options_ended && start.starts_with("--") && self.task.takes_options() {
                self.option(word, &start[2..], &mut words);
            } else if !options_ended && self.task.is_shorts(start) {
                self.short(word, start, &mut words);
            } else {
                self.has_rest |= options_ended;
                self.word(word);
            }
        }
    }

    fn is_variadic(&self, word: &Template) -> bool {
        let Some(Reference::Argument(name)) = word.sole().map(|hole| &hole.reference) else { return false };
        self.caller.iter().any(|argument| argument.name == *name && argument.kind.is_rest())
    }

    fn word(&mut self, word: &Template) {
        self.positional += 1;
        let mut positionals =
            self.task.args.iter().filter(|argument| matches!(argument.kind, ArgumentKind::Positional { .. }));
        if let Some(argument) = positionals.nth(self.positional - 1) {
            self.check_choice(argument, word, literal(word));
        } else if self.task.args.iter().any(|argument| argument.kind.is_rest()) {
            self.has_rest = true;
        } else {
            let takes = match self.task.args.iter().filter(|a| a.kind != ArgumentKind::Flag).count() {
                0 => "it takes none".to_owned(),
                _ => {
                    let names: Vec<&str> =
                        self.task.args.iter().map(|argument| argument.name.as_str()).collect();
                    format!("it takes {}", list::and_ticked(&names))
                }
            };
            self.faults.push(
                Diagnostic::error(
                    "surplus-argument",
                    format!("task `{}` does not take this argument", self.task.name),
                    word.span,
                    "too much",
                )
                .also(self.task.span, takes),
            );
        }
    }

    fn option(&mut self, word: &'m Template, text: &'m str, words: &mut std::slice::Iter<'m, Template>) {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let is_named =
            |argument: &&Argument| matches!(argument.kind, ArgumentKind::Flag | ArgumentKind::Option { .. });
        let Some(argument) = self.task.args.iter().filter(is_named).find(|argument| argument.name == name)
        else {
            let diagnostic = Diagnostic::error(
                "unknown-option",
                format!("task `{}` has no option `--{name}`", self.task.name),
                word.span,
                "unknown option",
            )
            .also(self.task.span, "declared here");
            let known: Vec<&str> =
                self.task.args.iter().filter(is_named).map(|argument| argument.name.as_str()).collect();
            self.faults.push(match suggest::nearest(name, known) {
                Some(near) => diagnostic.help(format!("did you mean `--{near}`?")),
                None => diagnostic,
            });
            return;
        };
        let whole = word.parts.len() == 1;
        self.named(argument, word, value.map(|value| whole.then_some(value)), words);
    }

    fn short(&mut self, word: &'m Template, text: &'m str, words: &mut std::slice::Iter<'m, Template>) {
        let Shorts { option, unknown, .. } = self.task.shorts(text);
        if let Some(letter) = unknown {
            self.faults.push(
                Diagnostic::error(
                    "unknown-option",
                    format!("task `{}` has no option `-{letter}`", self.task.name),
                    word.span,
                    "unknown option",
                )
                .also(self.task.span, "declared here"),
            );
        }
        if let Some((argument, value)) = option {
            let is_whole = word.parts.len() == 1;
            let value = if is_whole { value.map(Some) } else { Some(None) };
            self.named(argument, word, value, words);
        }
    }

    /// An option or flag; `value` is what follows `=`, inside `None` where it holds a `{{ }}`.
    fn named(
        &mut self,
        argument: &'m Argument,
        word: &'m Template,
        value: Option<Option<&str>>,
        words: &mut std::slice::Iter<'m, Template>,
    ) {
        self.named.push(&argument.name);
        let fault = |title: String| Diagnostic::error("bad-argument", title, word.span, "");
        match (&argument.kind, value) {
            (ArgumentKind::Flag, Some(_)) => {
                self.faults.push(fault(format!("`--{}` is a flag and takes no value", argument.name)));
            }
            (ArgumentKind::Option { .. }, Some(value)) => self.check_choice(argument, word, value),
            (ArgumentKind::Option { .. }, None) => match words.next() {
                Some(value) => self.check_choice(argument, value, literal(value)),
                None => self.faults.push(fault(format!("`--{}` needs a value", argument.name))),
            },
            _ => {}
        }
    }

    fn check_choice(&mut self, argument: &Argument, word: &Template, value: Option<&str>) {
        if let Some(value) = value
            && !argument.choices.is_empty()
            && !argument.choices.iter().any(|choice| choice == value)
        {
            self.faults.push(
                Diagnostic::error(
                    "not-a-choice",
                    format!("`{value}` is not one of the choices"),
                    word.span,
                    "not a choice",
                )
                .also(argument.span, format!("the choices are {}", list::and_ticked(&argument.choices))),
            );
        }
    }
}

/// The text of a word without holes.
fn literal(word: &Template) -> Option<&str> {
    match word.parts.as_slice() {
        [] => Some(""),
        [Part::Text(text)] => Some(text),
        _ => None,
    }
}
