//! What a name between `{{` and `}}` means.

use super::reader::Reader;
use super::template::Scope;
use crate::diagnostic::{Diagnostic, Span};
use crate::model::expression::{GitFact, Reference};
use crate::model::secret::SECRET_PREFIX;
use crate::model::task::MATRIX_PREFIX;
use crate::text::{list, suggest};

/// The first words of names that are no arguments.
pub(super) const FIRST_WORDS: &[&str] = &[
    "vars",
    "env",
    "project",
    "git",
    "os",
    "arch",
    "environment",
    "environments",
    "workspaces",
    "secrets",
    "tasks",
    "matrix",
];

/// First words whose meaning a later version brings.
pub(super) const LATER_WORDS: &[&str] = &["release"];

impl Reader<'_, '_> {
    /// The reference that `path` stands for; faults are reported at `place`.
    pub(super) fn resolve(&mut self, path: &str, place: Span, scope: Scope<'_>) -> Option<Reference> {
        let resolved = if path.is_empty() {
            Err(bad("nothing stands between `{{` and `}}`", place, "empty"))
        } else if let Some(fault) = malformed(path, place) {
            Err(fault)
        } else {
            match path.split_once('.') {
                None => self.bare(path, place, scope),
                Some((first, rest)) => self.dotted(first, rest, place, scope),
            }
        };
        resolved.map_err(|diagnostic| self.fault(diagnostic)).ok()
    }

    fn bare(&self, name: &str, place: Span, scope: Scope<'_>) -> Result<Reference, Diagnostic> {
        let incomplete = |shape: &str| {
            Err(bad(format!("`{name}` is not a value"), place, "incomplete").help(format!("write `{shape}`")))
        };
        match name {
            "os" => Ok(Reference::Os),
            "arch" => Ok(Reference::Arch),
            "environment" if self.names.environments.is_empty() => Err(Diagnostic::error(
                "unknown-environment",
                "`environment` names the current environment, but the file defines none",
                place,
                "there is no environment",
            )
            .help("define one: `[environments.NAME]`")),
            "environment" => Ok(Reference::Environment),
            "vars" => incomplete("vars.NAME"),
            "env" => incomplete("env.NAME"),
            "secrets" => incomplete("secrets.NAME"),
            "project" => incomplete("project.name"),
            "git" => incomplete("git.commit"),
            "environments" => incomplete("environments.NAME.env_file_map"),
            "tasks" => incomplete("tasks.NAME.EXPORT"),
            "matrix" => incomplete("matrix.NAME"),
            "workspaces" => incomplete("workspaces.NAME.outputs.OUTPUT"),
            later if LATER_WORDS.contains(&later) => Err(not_built(later, place)),
            _ => self.argument(name, place, scope),
        }
    }

    fn argument(&self, name: &str, place: Span, scope: Scope<'_>) -> Result<Reference, Diagnostic> {
        let arguments = scope.arguments.unwrap_or_default();
        if arguments.iter().any(|argument| argument.name == name) {
            return Ok(Reference::Argument(name.to_owned()));
        }
        let (title, label) = match scope.arguments {
            Some(_) => (format!("the task has no argument `{name}`"), "unknown argument"),
            None => (format!("`{name}` is not known here"), "there are no arguments outside of tasks"),
        };
        let diagnostic = Diagnostic::error("unknown-argument", title, place, label);
        let near_argument = suggest::nearest(name, arguments.iter().map(|argument| argument.name.as_str()));
        Err(if self.names.variable(&self.file.prefix, name).is_some() {
            diagnostic.help(format!("did you mean the variable, `vars.{name}`?"))
        } else if let Some(near) = near_argument {
            diagnostic.help(format!("did you mean `{near}`?"))
        } else if let Some(near) = suggest::nearest(name, ["os", "arch", "environment"]) {
            diagnostic.help(format!("did you mean `{near}`?"))
        } else if arguments.is_empty() {
            diagnostic.help(format!(
                "a name without a dot is an argument of the task; everything else starts with {}",
                list::or_ticked(FIRST_WORDS)
            ))
        } else {
            let names: Vec<&str> = arguments.iter().map(|argument| argument.name.as_str()).collect();
            diagnostic.help(format!("the task's arguments: {}", list::and_ticked(&names)))
        })
    }

    fn dotted(
        &self,
        first: &str,
        rest: &str,
        place: Span,
        scope: Scope<'_>,
    ) -> Result<Reference, Diagnostic> {
        match first {
            "vars" => self.variable(rest, place),
            "env" if super::name::is_variable(rest) => Ok(Reference::EnvironmentVariable(rest.to_owned())),
            "env" => Err(bad(format!("`{rest}` can't be a variable of the environment"), place, "")),
            "project" if rest == "name" => Ok(Reference::ProjectName),
            "project" => Err(no_fact("project", rest, &["name"], place)),
            "git" => match rest {
                "commit" => Ok(Reference::Git(GitFact::Commit)),
                "branch" => Ok(Reference::Git(GitFact::Branch)),
                "tag" => Ok(Reference::Git(GitFact::Tag)),
                _ => Err(no_fact("git", rest, &["commit", "branch", "tag"], place)),
            },
            "os" | "arch" | "environment" => {
                Err(bad(format!("`{first}` has no parts"), place, "").help(format!("write `{first}`")))
            }
            "environments" => self.env_file_map(rest, place),
            "secrets" => self.secret(rest, place),
            "workspaces" => self.output(rest, place),
            "tasks" => self.export(rest, place),
            "matrix" => self.matrix_value(rest, place, scope),
            later if LATER_WORDS.contains(&later) => Err(not_built(later, place)),
            _ => {
                let known = scope.arguments.into_iter().flatten().any(|argument| argument.name == first);
                if known {
                    return Err(bad(format!("`{first}` is an argument and has no parts"), place, "")
                        .help(format!("write `{first}`")));
                }
                let diagnostic =
                    bad(format!("`{first}` is not a first word of a name"), place, "unknown name");
                Err(if let Some(near) = suggest::nearest(first, FIRST_WORDS.iter().copied()) {
                    diagnostic.help(format!("did you mean `{near}.{rest}`?"))
                } else {
                    diagnostic.help(format!("a name with a dot starts with {}", list::or_ticked(FIRST_WORDS)))
                })
            }
        }
    }

    fn variable(&self, name: &str, place: Span) -> Result<Reference, Diagnostic> {
        let prefix = &self.file.prefix;
        if let Some(full) = self.names.variable(prefix, name) {
            return Ok(Reference::Variable(full));
        }
        let diagnostic = Diagnostic::error(
            "unknown-variable",
            format!("there is no variable `{name}`"),
            place,
            "unknown variable",
        );
        Err(match self.names.nearest(prefix, name, self.names.variables.keys()) {
            Some(near) => diagnostic.help(format!("did you mean `vars.{near}`?")),
            None => diagnostic.help(format!("define it: `{name} = …` in `[vars]`")),
        })
    }

    fn export(&self, rest: &str, place: Span) -> Result<Reference, Diagnostic> {
        let Some((task, export)) =
            rest.rsplit_once('.').filter(|(_, export)| super::name::is_identifier(export))
        else {
            return Err(bad("of a task only what it exports can be read", place, "not an export")
                .help("write `tasks.NAME.EXPORT`"));
        };
        match self.names.task(&self.file.prefix, task) {
            Some(task) => Ok(Reference::Export { task, export: export.to_owned() }),
            None => Err(self.unknown_task(task, place)),
        }
    }

    fn matrix_value(&self, name: &str, place: Span, scope: Scope<'_>) -> Result<Reference, Diagnostic> {
        let known: Vec<&str> = scope
            .arguments
            .unwrap_or_default()
            .iter()
            .filter_map(|argument| argument.name.strip_prefix(MATRIX_PREFIX))
            .collect();
        if known.contains(&name) {
            return Ok(Reference::Argument(format!("{MATRIX_PREFIX}{name}")));
        }
        let title = format!("the task's matrix has no `{name}`");
        let diagnostic = Diagnostic::error("unknown-argument", title, place, "unknown");
        Err(match suggest::nearest(name, known.iter().copied()) {
            Some(near) => diagnostic.help(format!("did you mean `matrix.{near}`?")),
            None if known.is_empty() => diagnostic.help("give the task a `matrix`"),
            None => diagnostic.help(format!("it has {}", list::and_ticked(&known))),
        })
    }

    fn secret(&self, name: &str, place: Span) -> Result<Reference, Diagnostic> {
        match self.names.secrets.get(name) {
            Some(true) => return Ok(Reference::Variable(format!("{SECRET_PREFIX}{name}"))),
            Some(false) => {
                return Err(bad(
                    format!("`secrets.{name}` has no value of its own"),
                    place,
                    "one for each environment",
                )
                .help("refer to what its `values` refer to"));
            }
            None => {}
        }
        let diagnostic = Diagnostic::error(
            "unknown-secret",
            format!("there is no secret `{name}`"),
            place,
            "unknown secret",
        );
        Err(match self.names.nearest("", name, self.names.secrets.keys()) {
            Some(near) => diagnostic.help(format!("did you mean `secrets.{near}`?")),
            None => diagnostic.help(format!("define it: `[secrets.{name}]`")),
        })
    }

    fn env_file_map(&self, rest: &str, place: Span) -> Result<Reference, Diagnostic> {
        let Some(name) = rest.strip_suffix(".env_file_map") else {
            return Err(bad("an environment has one value, its `env_file_map`", place, "unknown value")
                .help("write `environments.NAME.env_file_map`"));
        };
        self.environment_name(name, place)?;
        Ok(Reference::EnvFileMap { environment: name.to_owned() })
    }

    /// Whether there is an environment of this name.
    pub(super) fn environment_name(&self, name: &str, place: Span) -> Result<(), Diagnostic> {
        if self.names.environments.contains_key(name) {
            return Ok(());
        }
        let diagnostic = Diagnostic::error(
            "unknown-environment",
            format!("there is no environment `{name}`"),
            place,
            "unknown environment",
        );
        Err(match self.names.nearest("", name, self.names.environments.keys()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help(format!("define it: `[environments.{name}]`")),
        })
    }

    fn output(&self, rest: &str, place: Span) -> Result<Reference, Diagnostic> {
        // From the right: a workspace's name may have dots, an output's may not.
        let Some((workspace, output)) = rest.rsplit_once(".outputs.") else {
            return Err(bad("of a workspace only its outputs can be read", place, "not an output")
                .help("write `workspaces.NAME.outputs.OUTPUT`"));
        };
        self.workspace_name(workspace, place)?;
        if !super::name::is_identifier(output) {
            return Err(bad(format!("`{output}` can't be the name of an output"), place, "")
                .note("an output is read whole: its parts can't be named here"));
        }
        Ok(Reference::Output { workspace: workspace.to_owned(), output: output.to_owned() })
    }

    /// Whether there is a workspace of this name.
    pub(super) fn workspace_name(&self, name: &str, place: Span) -> Result<(), Diagnostic> {
        if self.names.workspaces.contains_key(name) {
            return Ok(());
        }
        let diagnostic = Diagnostic::error(
            "unknown-workspace",
            format!("there is no workspace `{name}`"),
            place,
            "unknown workspace",
        );
        Err(if self.names.task("", name).is_some() {
            diagnostic.help(format!("a task is named in a table: `{{ task = \"{name}\" }}`"))
        } else {
            match self.names.nearest("", name, self.names.workspaces.keys()) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help(format!("define it: `[workspaces.{name}]`")),
            }
        })
    }
}

fn bad(title: impl Into<String>, place: Span, label: &str) -> Diagnostic {
    Diagnostic::error("bad-expression", title, place, label)
}

/// More than a name: an operator, a filter, Go's leading dot.
fn malformed(path: &str, place: Span) -> Option<Diagnostic> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
    if path.chars().all(allowed) && !path.starts_with(['.', '-', ':']) && !path.ends_with('.') {
        return None;
    }
    let diagnostic = bad(format!("`{path}` is not a name"), place, "not a name");
    Some(if path.starts_with('.') {
        diagnostic.help(format!(
            "a name has no leading dot; for a literal `{{{{{path}}}}}` write `{{{{ '{{{{' }}}}{path}}}}}`"
        ))
    } else {
        diagnostic
            .note("between `{{` and `}}` stands one name; there are no operators, filters or calls")
            .help("a literal `{{` is written `{{ '{{' }}`")
    })
}

fn not_built(word: &str, place: Span) -> Diagnostic {
    Diagnostic::error(
        "not-built",
        format!("`{word}` is reserved for a later version"),
        place,
        "has no meaning yet",
    )
    .note(format!("this is Shipway {}", env!("CARGO_PKG_VERSION")))
}

fn no_fact(word: &str, name: &str, facts: &[&str], place: Span) -> Diagnostic {
    let diagnostic = bad(format!("`{word}` has no `{name}`"), place, "unknown name");
    match suggest::nearest(name, facts.iter().copied()) {
        Some(near) => diagnostic.help(format!("did you mean `{word}.{near}`?")),
        None => diagnostic.help(format!("it has {}", list::and_ticked(facts))),
    }
}
