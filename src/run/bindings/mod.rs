//! What `{{ }}` stands for, found out when it is first needed and then kept for the run.
//!
//! A variable's command runs once however many steps use it; whoever comes second waits for the first. Secrets are given to the masker
//! before anybody can say them.

pub mod env_files;
mod environment;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;
use serde_json::Value as Json;

use super::context::{CommandRun, StepContext, interrupted};
use super::observe::{Answer, Question};
use super::script;
use super::shared::lock;
use crate::diagnostic::{Fault, FaultKind, Span};
use crate::event::Stream;
use crate::model::{
    Binding, Encoding, FileSource, GitFact, Model, Part, Reference, Template, Value, VarValue, Variable,
};
use crate::os::command::CommandSpec;

pub use env_files::{EnvFile, EnvFilesFault, env_files};

/// The name of the step that reads the outputs of a workspace.
pub fn outputs_step(workspace: &str) -> String {
    format!("workspace:{workspace}:outputs")
}

/// The name of the step that asks how a database is reached.
pub fn database_step(database: &str) -> String {
    format!("database:{database}")
}

/// The arguments that a task was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// By the argument's name.
    pub args: IndexMap<String, ArgumentValue>,
}

/// The value of one argument.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ArgumentValue {
    /// A value.
    Text(String),
    /// An optional one that is empty.
    Absent,
    /// A variadic.
    List(Vec<String>),
}

impl ArgumentValue {
    /// As it stands in the environment of the commands.
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Absent => String::new(),
            Self::List(items) => items.join(" "),
        }
    }
}

type Once = Arc<OnceLock<Result<Value, Fault>>>;

/// What `{{ }}` stands for in one run.
#[derive(Debug)]
pub struct Bindings {
    model: Arc<Model>,
    overrides: BTreeMap<String, String>,
    environment: Result<String, Fault>,
    known: Mutex<HashMap<Reference, Once>>,
}

impl Bindings {
    /// `overrides` are `NAME=value` of the command line, checked to be variables of the model. `environment` is the current one, or why
    /// it is not clear which that is.
    pub fn new(
        model: Arc<Model>,
        overrides: BTreeMap<String, String>,
        environment: Result<String, Fault>,
    ) -> Self {
        Self { model, overrides, environment, known: Mutex::default() }
    }

    /// The model that the names come from.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// The environment that is meant.
    pub fn environment(&self) -> Result<String, Fault> {
        self.environment.clone()
    }

    /// The value of a reference; of an argument too.
    pub fn value(
        &self,
        context: &mut StepContext<'_>,
        scope: &Scope,
        reference: &Reference,
    ) -> Result<Value, Fault> {
        match reference {
            Reference::Argument(name) => match scope.args.get(name) {
                Some(ArgumentValue::List(items)) => Ok(Value::public(items.clone())),
                Some(value) => Ok(Value::public(value.text())),
                None => Err(Fault::new(FaultKind::Bug, format!("the argument `{name}` has no value"))),
            },
            Reference::Output { workspace, output } => self.output(context, workspace, output),
            Reference::Export { task, export } => self.export(context, task, export),
            Reference::ProjectName => Ok(Value::public(self.model.project.name.clone())),
            Reference::Os => Ok(Value::public(std::env::consts::OS)),
            Reference::Arch => Ok(Value::public(std::env::consts::ARCH)),
            Reference::Environment => self.environment.clone().map(Value::public),
            Reference::EnvironmentVariable(name) => {
                let value = context.doors().environment.text(name).map_err(|_| not_text(name))?;
                Ok(Value::public(value.unwrap_or_default()))
            }
            Reference::Variable(_) | Reference::Git(_) | Reference::EnvFileMap { .. } => {
                let once = lock(&self.known).entry(reference.clone()).or_default().clone();
                once.get_or_init(|| self.find_out(context, reference)).clone()
            }
        }
    }

    /// The value of a template: typed where it is exactly one `{{ }}`, a string otherwise; a secret where any part is one.
    pub fn template(
        &self,
        context: &mut StepContext<'_>,
        scope: &Scope,
        template: &Template,
    ) -> Result<Value, Fault> {
        if let Some(hole) = template.sole() {
            return self.value(context, scope, &hole.reference);
        }
        let mut text = String::new();
        let mut secret = false;
        for part in &template.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Hole(hole) => {
                    let value = self.value(context, scope, &hole.reference)?;
                    secret |= value.secret;
                    text.push_str(&value.text());
                }
            }
        }
        let value = Value { json: Json::String(text), secret };
        self.keep_secret(context, &value);
        Ok(value)
    }

    /// The value of a TOML value whose strings are templates.
    pub fn var_value(&self, context: &mut StepContext<'_>, value: &VarValue) -> Result<Json, Fault> {
        Ok(match value {
            VarValue::Text(template) => self.template(context, &Scope::default(), template)?.json,
            VarValue::Literal(literal) => literal.clone(),
            VarValue::List(items) => {
                let items: Result<Vec<Json>, Fault> =
                    items.iter().map(|item| self.var_value(context, item)).collect();
                Json::Array(items?)
            }
            VarValue::Map(entries) => {
                let mut map = serde_json::Map::new();
                for (name, entry) in entries {
                    map.insert(name.clone(), self.var_value(context, entry)?);
                }
                Json::Object(map)
            }
        })
    }

    /// A fault at a place in the tasks file.
    pub fn fault_at(&self, span: Span, fault: Fault) -> Fault {
        let position = self.model.sources.position(span);
        let file = self.model.sources.path(span.source).display().to_string();
        fault.at(file, position.line, position.column)
    }

    fn find_out(&self, context: &mut StepContext<'_>, reference: &Reference) -> Result<Value, Fault> {
        let value = match reference {
            Reference::Variable(name) => self.variable(context, name),
            Reference::Git(fact) => git(context, *fact),
            Reference::EnvFileMap { environment } => self.env_file_map(context, environment),
            _ => Err(Fault::new(FaultKind::Bug, "this reference is not kept")),
        }?;
        self.keep_secret(context, &value);
        Ok(value)
    }

    fn keep_secret(&self, context: &StepContext<'_>, value: &Value) {
        if value.secret {
            context.masker().add(value.text().as_bytes());
        }
    }

    fn variable(&self, context: &mut StepContext<'_>, name: &str) -> Result<Value, Fault> {
        let Some(variable) = self.model.variables.get(name) else {
            return Err(Fault::new(FaultKind::Bug, format!("there is no variable `{name}`")));
        };
        let mut value = match self.overrides.get(name) {
            Some(text) => Value::public(text.clone()),
            None => self.binding(context, variable)?,
        };
        value.secret |= variable.secret;
        Ok(value)
    }

    fn binding(&self, context: &mut StepContext<'_>, variable: &Variable) -> Result<Value, Fault> {
        let at = |fault| self.fault_at(variable.span, fault);
        match &variable.binding {
            Binding::Text(template) => self.template(context, &Scope::default(), template),
            Binding::Literal(literal) => Ok(Value::public(literal.clone())),
            Binding::Environment { name, default } => {
                let set = context.doors().environment.text(name).map_err(|_| at(not_text(name)))?;
                set.map(str::to_owned).or_else(|| default.clone()).map(Value::public).ok_or_else(|| {
                    let message = format!("`{}` needs ${name}, which is not set", variable.reference());
                    at(Fault::new(FaultKind::World, message).hint(format!("set it: `export {name}=…`")))
                })
            }
            Binding::File(source) => self.file(context, source).map_err(at),
            Binding::Prompt { text, choices, default } => {
                let question = Question::Text {
                    text: text.clone(),
                    choices: choices.clone(),
                    default: default.clone(),
                    secret: variable.secret,
                };
                match context.ask_value(question) {
                    Answer::Text(text) => Ok(Value::public(text)),
                    Answer::Refused(fault) if !variable.can_be_given() => Err(at(fault)),
                    Answer::Refused(fault) => {
                        Err(at(fault.hint(format!("give it on the command line: `{}=…`", variable.name))))
                    }
                    Answer::Interrupted => Err(interrupted()),
                    Answer::Declined | Answer::Approved { .. } => {
                        Err(Fault::new(FaultKind::Declined, format!("no answer to \"{text}\"")))
                    }
                }
            }
            Binding::Shell(shell) => {
                let dir = self.model.root.join(&variable.folder);
                let env = self.environment_of_variables(context)?;
                let spec = script::shell_spec(context, &Scope::default(), shell, dir, env)?;
                let output = read_output(context, &spec, variable.secret)?;
                output.map(Value::public).map_err(|fault| {
                    at(Fault {
                        message: format!(
                            "the command of `{}` failed: {}",
                            variable.reference(),
                            fault.message
                        ),
                        ..fault
                    })
                })
            }
        }
    }

    /// A file's content, byte for byte.
    fn file(&self, context: &StepContext<'_>, source: &FileSource) -> Result<Value, Fault> {
        let shown = source.path.display();
        let at = |fault| self.fault_at(source.span, fault);
        let bytes = context.doors().files.read(&self.model.root.join(&source.path)).map_err(|error| {
            at(Fault::new(FaultKind::File, format!("{shown} could not be read: {error}"))
                .hint("it is kept out of version control: make it, or get it from somebody who has it"))
        })?;
        context.masker().add(&bytes);
        context.masker().add_file(&bytes);
        match source.encoding {
            Encoding::Base64 => Ok(Value::secret(STANDARD.encode(&bytes))),
            Encoding::Text => String::from_utf8(bytes).map(Value::secret).map_err(|_| {
                at(Fault::new(FaultKind::File, format!("{shown} is no text"))
                    .hint("keep it as base64: `encoding = \"base64\"`"))
            }),
        }
    }

    fn export(&self, context: &StepContext<'_>, task: &str, export: &str) -> Result<Value, Fault> {
        let exports = context.exports(&format!("task:{task}"));
        exports.and_then(|exports| exports.0.get(export).cloned()).ok_or_else(|| {
            Fault::new(FaultKind::Failed, format!("the task `{task}` did not hand on `{export}`"))
                .hint("it was skipped, or failed, which it ignores")
        })
    }

    fn output(&self, context: &StepContext<'_>, workspace: &str, output: &str) -> Result<Value, Fault> {
        let Some(exports) = context.exports(&outputs_step(workspace)) else {
            return Err(Fault::new(
                FaultKind::Refused,
                format!("the outputs of `{workspace}` can't be read: it has no state"),
            )
            .hint(format!("apply it first: `shipway up {workspace}`")));
        };
        exports.0.get(output).cloned().ok_or_else(|| {
            let known: Vec<&String> = exports.0.keys().collect();
            let fault = Fault::new(
                FaultKind::Failed,
                format!("the workspace `{workspace}` has no output `{output}`"),
            );
            match crate::text::suggest::nearest(output, known.iter().map(|name| name.as_str())) {
                Some(near) => fault.hint(format!("did you mean `{near}`?")),
                None => {
                    fault.hint(format!("declare it in the workspace and apply: `shipway up {workspace}`"))
                }
            }
        })
    }
}

/// A value of the caller that can't be put into a text. To take it for nothing, or a part of it, would be another value.
fn not_text(name: &str) -> Fault {
    Fault::new(FaultKind::World, format!("the value of ${name} is not UTF-8")).hint(format!(
        "a `{{{{ }}}}` stands for text; commands have `${name}` in their environment as it is, byte for byte"
    ))
}

/// What stands where a command printed bytes that are no text.
const NO_TEXT: char = '\u{fffd}';

/// Runs a command and gives what it printed to standard output, without the final newlines. The inner error is the command's own.
fn read_output(
    context: &mut StepContext<'_>,
    spec: &CommandSpec,
    secret: bool,
) -> Result<Result<String, Fault>, Fault> {
    let mut output = String::new();
    let mut complaint = Vec::new();
    let mut reader = |_: super::StepLog<'_>, stream: Stream, line: &str| match stream {
        Stream::Out => {
            output.push_str(line);
            output.push('\n');
        }
        Stream::Err => complaint.push(line.to_owned()),
    };
    let run = CommandRun { reader: Some(&mut reader), ..CommandRun::default() };
    let termination = context.run_command(spec, run)?;
    let output = output.trim_end_matches('\n').to_owned();
    if secret {
        context.masker().add(output.as_bytes());
    }
    if termination.is_success() && output.contains(NO_TEXT) {
        let fault = Fault::new(FaultKind::Failed, "what it printed is not UTF-8").detail(format!("$ {spec}"));
        return Ok(Err(fault.hint("a value is text: let the command print it in base64")));
    }
    if termination.is_success() {
        return Ok(Ok(output));
    }
    let kind = if context.is_cancelled() { FaultKind::Interrupted } else { FaultKind::Failed };
    let mut fault = Fault::new(kind, termination.to_string()).detail(format!("$ {spec}"));
    fault.details.extend(complaint);
    Ok(Err(fault))
}

fn git(context: &mut StepContext<'_>, fact: GitFact) -> Result<Value, Fault> {
    let args: &[&str] = match fact {
        GitFact::Commit => &["rev-parse", "--verify", "HEAD"],
        GitFact::Branch => &["symbolic-ref", "--quiet", "--short", "HEAD"],
        GitFact::Tag => &["describe", "--tags", "--exact-match", "HEAD"],
    };
    let spec = CommandSpec::new("git", context.root()).args(args.iter().copied());
    let output = read_output(context, &spec, false)?;
    match (fact, output) {
        (_, Ok(text)) => Ok(Value::public(text)),
        // A detached HEAD has no branch and a commit may have no tag: both are told by the exit status alone.
        (GitFact::Branch | GitFact::Tag, Err(_)) => Ok(Value::public("")),
        (GitFact::Commit, Err(fault)) => {
            Err(Fault { message: "git does not know the current commit".to_owned(), ..fault }
                .hint("`git.commit` needs a repository with at least one commit"))
        }
    }
}
