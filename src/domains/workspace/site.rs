//! One workspace as its actions see it: its part of the model, its terraform calls, what terraform's answers mean as faults.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cloud;
use super::on_disk::OnDisk;
use super::pulumi::Dialect;
use super::resume::Resumed;
use crate::adapters::terraform::{
    LockInfo, Root, StreamEvent, TerraformDiagnostic, frame, narration, state, text_box,
};
use crate::diagnostic::{Fault, FaultKind};
use crate::event::{Level, Stream, Termination};
use crate::model::{Command, Model, Template, Workspace};
use crate::os::command::{CommandSpec, EnvironmentValue};
use crate::run::bindings::{Scope, outputs_step};
use crate::run::{CommandRun, StepContext, interrupted, script};
use crate::text::duration;

/// One workspace of a model.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) model: Arc<Model>,
    pub(super) name: String,
}

/// What a command printed.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) out: String,
    pub(super) err: String,
}

/// What is known of a workspace's state.
pub(super) enum StateFound {
    /// There is none, or it holds nothing.
    Empty,
    /// It holds something.
    Living(state::StateReading),
    /// terraform can't tell.
    Unreadable(Vec<TerraformDiagnostic>),
}

impl Site {
    /// The workspace's part of the model.
    pub(super) fn workspace(&self) -> Result<&Workspace, Fault> {
        self.model
            .workspaces
            .get(&self.name)
            .ok_or_else(|| Fault::new(FaultKind::Bug, format!("there is no workspace `{}`", self.name)))
    }

    /// The program that does its work, which also names itself so.
    pub(super) fn tool(&self) -> &'static str {
        self.workspace().map_or("terraform", |workspace| workspace.engine.program())
    }

    /// The name of one of its steps.
    pub(super) fn step(&self, verb: &str) -> String {
        step_name(&self.name, verb)
    }

    /// Its folder, absolute.
    pub(super) fn folder(&self) -> Result<PathBuf, Fault> {
        Ok(self.model.root.join(&self.workspace()?.dir))
    }

    /// A terraform call, for a dry run: what is added to the environment is left out.
    pub(super) fn preview(&self, call: impl FnOnce(&Root<'_>) -> CommandSpec) -> String {
        let Ok(workspace) = self.workspace() else { return String::new() };
        let env = BTreeMap::new();
        let root = Root { tool: self.tool(), project: &self.model.root, dir: &workspace.dir, env: &env };
        CommandSpec { env: BTreeMap::new(), ..call(&root) }.to_string()
    }

    /// The call that reads the state, for a dry run.
    pub(super) fn preview_state(&self) -> String {
        if self.is_pulumi() {
            self.stack_preview(|stack| stack.export())
        } else {
            self.preview(|root| root.state_pull())
        }
    }

    /// A terraform call.
    pub(super) fn call(
        &self,
        context: &mut StepContext<'_>,
        call: impl FnOnce(&Root<'_>) -> CommandSpec,
    ) -> Result<CommandSpec, Fault> {
        self.require_folder(context)?;
        let workspace = self.workspace()?;
        let env = self.environment(context)?;
        self.refuse_another_state(context, &env)?;
        let root = Root { tool: self.tool(), project: &self.model.root, dir: &workspace.dir, env: &env };
        let mut spec = call(&root);
        spec.shown = Some(CommandSpec { env: BTreeMap::new(), ..spec.clone() }.to_string());
        Ok(spec)
    }

    /// Fails where the workspace's folder is not there.
    pub(super) fn require_folder(&self, context: &StepContext<'_>) -> Result<(), Fault> {
        let workspace = self.workspace()?;
        let folder = self.folder()?;
        if context.doors().files.kind(&folder) != crate::os::files::FileKind::Folder {
            let fault = Fault::new(
                FaultKind::File,
                format!(
                    "the folder {} of the workspace `{}` does not exist",
                    workspace.dir.display(),
                    self.name
                ),
            );
            return Err(context
                .bindings()
                .fault_at(workspace.span, fault)
                .hint("make it, or set the workspace's `dir`"));
        }
        Ok(())
    }

    pub(super) fn environment(
        &self,
        context: &mut StepContext<'_>,
    ) -> Result<BTreeMap<String, EnvironmentValue>, Fault> {
        // A teardown seldom needs what another workspace no longer has.
        if context.value::<Resumed>("down:resume").is_some() {
            let site = self.without_gone(context)?;
            let env = &site.workspace()?.env;
            return context.bindings().environment_of(
                context,
                &Scope::default(),
                Path::new(""),
                &[env],
                None,
            );
        }
        let env = &self.workspace()?.env;
        context.bindings().environment_of(context, &Scope::default(), Path::new(""), &[env], None)
    }

    /// The site without those entries of its environment.
    pub(super) fn without(&self, unwanted: impl Fn(&str) -> bool) -> Self {
        let mut model = self.model.as_ref().clone();
        if let Some(workspace) = model.workspaces.get_mut(&self.name) {
            workspace.env.retain(|name, _| !unwanted(name));
        }
        Self { model: Arc::new(model), name: self.name.clone() }
    }

    /// The site without what other workspaces no longer have in its environment: enough to look at its state.
    pub(super) fn without_gone(&self, context: &StepContext<'_>) -> Result<Self, Fault> {
        let gone = self.gone_from_environment(context)?;
        Ok(if gone.is_empty() { self.clone() } else { self.without(|name| gone.iter().any(|it| it == name)) })
    }

    /// The entries of its environment that need an output which is not there.
    pub(super) fn gone_from_environment(&self, context: &StepContext<'_>) -> Result<Vec<String>, Fault> {
        let is_gone = |template: &Template| {
            let wanted = self.model.outputs_among(template.references());
            wanted.iter().any(|(workspace, outputs)| {
                let known = context.exports(&outputs_step(workspace));
                outputs.iter().any(|output| known.as_ref().is_none_or(|known| !known.0.contains_key(output)))
            })
        };
        let env = self.workspace()?.env.iter();
        Ok(env.filter(|(_, template)| is_gone(template)).map(|(name, _)| name.clone()).collect())
    }

    /// Tells what the plan of its end does without.
    pub(super) fn tell_gone(&self, context: &StepContext<'_>) -> Result<(), Fault> {
        for name in self.gone_from_environment(context)? {
            let text = format!("${name} is left out: the workspace that it is from is empty");
            context.log().notice(Level::Warning, &text);
        }
        Ok(())
    }

    /// Runs a call whose answer is read whole and not shown.
    pub(super) fn ask(
        &self,
        context: &mut StepContext<'_>,
        call: impl FnOnce(&Root<'_>) -> CommandSpec,
    ) -> Result<(Termination, Answer), Fault> {
        let spec = self.call(context, call)?;
        self.answer(context, &spec)
    }

    /// Runs what is read whole and not shown.
    pub(super) fn answer(
        &self,
        context: &mut StepContext<'_>,
        spec: &CommandSpec,
    ) -> Result<(Termination, Answer), Fault> {
        let mut answer = Answer::default();
        let mut reader = |_: crate::run::StepLog<'_>, stream: Stream, line: &str| {
            let text = if stream == Stream::Out { &mut answer.out } else { &mut answer.err };
            text.push_str(line);
            text.push('\n');
        };
        let run = CommandRun { reader: Some(&mut reader), ..CommandRun::default() };
        let termination = context.run_command(spec, run)?;
        if context.is_cancelled() && !termination.is_success() {
            return Err(interrupted());
        }
        Ok((termination, answer))
    }

    /// Runs a call whose answer is a stream of JSON lines: `observe` gets each event. Gives what was printed to standard error.
    pub(super) fn follow(
        &self,
        context: &mut StepContext<'_>,
        spec: &CommandSpec,
        run: CommandRun<'_>,
        mut observe: impl FnMut(crate::run::StepLog<'_>, &StreamEvent),
    ) -> Result<(Termination, String), Fault> {
        let mut complaint = String::new();
        let mut dialect = Dialect::of(self.tool());
        let mut reader = |log: crate::run::StepLog<'_>, stream: Stream, line: &str| match stream {
            Stream::Out => {
                let Some(event) = dialect.read(line) else { return };
                if let Some(line) = narration::line(&event) {
                    // It is talk, not data that somebody asked for.
                    log.line(Stream::Err, &line);
                }
                observe(log, &event);
            }
            Stream::Err => {
                complaint.push_str(line);
                complaint.push('\n');
            }
        };
        let run = CommandRun { reader: Some(&mut reader), ..run };
        let termination = context.run_command(spec, run)?;
        let (termination, last) = dialect.ended(termination);
        last.iter().for_each(|event| observe(context.log(), event));
        Ok((termination, complaint))
    }

    /// Reads the workspace's state.
    pub(super) fn state(&self, context: &mut StepContext<'_>) -> Result<StateFound, Fault> {
        if self.is_pulumi() {
            return self.stack_lives(context);
        }
        if let Some(OnDisk { reading, .. }) = self.state_on_disk(context)? {
            let living = reading.filter(|state| !state.managed.is_empty());
            return Ok(living.map_or(StateFound::Empty, StateFound::Living));
        }
        let (termination, answer) = self.ask_again(context, "reading the state", |root| root.state_pull())?;
        if !termination.is_success() {
            return Ok(StateFound::Unreadable(text_box::parse(&answer.err)));
        }
        match state::parse(&answer.out) {
            Ok(Some(state)) if !state.managed.is_empty() => Ok(StateFound::Living(state)),
            Ok(_) => Ok(StateFound::Empty),
            Err(error) => Err(Fault::new(
                FaultKind::Failed,
                format!("the state of `{}` could not be read: {error}", self.name),
            )),
        }
    }

    /// Runs a hook's commands, in order.
    pub(super) fn run_hook(
        &self,
        context: &mut StepContext<'_>,
        hook: &str,
        commands: &[Command],
    ) -> Result<(), Fault> {
        for command in commands {
            let env = self.environment(context)?;
            let spec =
                script::command_spec(context, &Scope::default(), command, self.model.root.clone(), env)?;
            let termination = context.run_command(&spec, CommandRun::default())?;
            if !termination.is_success() {
                if context.is_cancelled() {
                    return Err(interrupted());
                }
                let message = format!("`{hook}` of the workspace `{}` failed: {termination}", self.name);
                return Err(Fault::new(FaultKind::Failed, message).detail(format!("$ {spec}")));
            }
        }
        Ok(())
    }

    /// terraform's diagnostics as the end of a step. `complaint` is its standard error, read where the stream had no error.
    pub(super) fn failure(
        &self,
        context: &StepContext<'_>,
        what: &str,
        diagnostics: &[TerraformDiagnostic],
        complaint: &str,
    ) -> Fault {
        if self.is_pulumi() {
            return self.stack_failure(context, what, diagnostics, complaint);
        }
        if let Some(lock) = LockInfo::find(diagnostics) {
            return self.locked(context, &lock);
        }
        let dir = self.workspace().map(|workspace| workspace.dir.clone()).unwrap_or_default();
        let from_text = text_box::parse(complaint);
        let diagnostics = if diagnostics.iter().any(TerraformDiagnostic::is_error) {
            diagnostics
        } else {
            from_text.as_slice()
        };
        if let Some(lock) = LockInfo::find(diagnostics) {
            return self.locked(context, &lock);
        }
        let first = diagnostics.iter().find(|found| found.is_error());
        let message = match first {
            Some(first) => match &first.address {
                Some(address) => format!("{what} of `{}` failed at {address}: {}", self.name, first.summary),
                None => format!("{what} of `{}` failed: {}", self.name, first.summary),
            },
            None => format!("{what} of `{}` failed", self.name),
        };
        let mut fault = frame::fault(FaultKind::Failed, message, diagnostics, &dir);
        if first.is_none() {
            fault.details.extend(complaint.lines().map(str::to_owned));
        }
        cloud::token_hints(diagnostics, self.tool()).into_iter().fold(fault, Fault::hint)
    }

    /// The fault of a state that somebody else holds.
    pub(super) fn locked(&self, context: &StepContext<'_>, lock: &LockInfo) -> Fault {
        let holder = self.cloud_holder(context).unwrap_or_else(|| lock.holder());
        let mut message = format!("the state of `{}` is locked: {holder}", self.name);
        if let Some(held) = lock.held_for(context.doors().clock.now()) {
            message.push_str(&format!(", for {}", duration::render(held)));
        }
        let mut fault = Fault::new(FaultKind::Locked, message).detail(lock.message.clone());
        fault = fault.hint("wait until it is free and run this again; nothing was changed");
        if let (Some(id), Ok(workspace)) = (&lock.id, self.workspace()) {
            fault = fault.hint(format!(
                "where you are sure that its holder is gone: `{} -chdir={} force-unlock {id}`",
                self.tool(),
                workspace.dir.display()
            ));
        }
        fault
    }

    /// Shows terraform's warnings.
    pub(super) fn warn(&self, context: &StepContext<'_>, warnings: &[TerraformDiagnostic]) {
        let Ok(workspace) = self.workspace() else { return };
        for warning in warnings.iter().filter(|found| !found.is_error()) {
            let text = frame::render(warning, &workspace.dir).join("\n");
            // The report puts the word before it.
            context.log().notice(Level::Warning, text.strip_prefix("warning: ").unwrap_or(&text));
        }
    }
}

/// The name of a workspace's step.
pub(super) fn step_name(workspace: &str, verb: &str) -> String {
    format!("workspace:{workspace}:{verb}")
}
