//! `secrets merge`: several env files as one, for a program that takes only one.

use std::path::PathBuf;
use std::sync::Arc;

use crate::adapters::git::command;
use crate::diagnostic::{Fault, FaultKind};
use crate::model::Model;
use crate::os::files::FileKind;
use crate::plan::{Effect, WhenOrphaned};
use crate::run::bindings::env_files::env_files;
use crate::run::node::Node;
use crate::run::{Action, Outcome, StepContext};
use crate::text::count::count;
use crate::text::dotenv::merge::{Clash, File, merge};

/// What is to be joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeRequest {
    /// The files, from where the command was given; those of the environment where none is named.
    pub files: Vec<PathBuf>,
    /// Whose files, where none is named.
    pub environment: Option<String>,
    /// Where to.
    pub output: PathBuf,
    /// Of a key with several values the last one counts.
    pub last_wins: bool,
    /// Also over a file that holds something else.
    pub force: bool,
}

/// The step that does it.
pub(super) fn node(model: &Arc<Model>, request: &MergeRequest) -> Node {
    Node {
        name: "secrets:merge".to_owned(),
        title: format!("merge into {}", request.output.display()),
        needs: Vec::new(),
        after: Vec::new(),
        effect: Effect::Changes,
        when_orphaned: WhenOrphaned::Stop,
        action: Box::new(MergeAction { model: Arc::clone(model), request: request.clone() }),
    }
}

struct MergeAction {
    model: Arc<Model>,
    request: MergeRequest,
}

impl Action for MergeAction {
    fn describe(&self) -> Vec<String> {
        let files: Vec<String> = self.request.files.iter().map(|file| file.display().to_string()).collect();
        let from = match (&self.request.environment, files.is_empty()) {
            (Some(environment), true) => format!("the env files of {environment}"),
            _ => files.join(", "),
        };
        vec![format!("write {} from {from}", self.request.output.display())]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.merge(context).into()
    }
}

impl MergeAction {
    fn merge(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let (doors, here) = (context.doors(), context.doors().environment.current_dir.clone());
        let paths = self.paths(context)?;
        let mut read = Vec::new();
        for path in &paths {
            let bytes = doors.files.read(&here.join(path)).map_err(|error| {
                Fault::new(FaultKind::File, format!("{} could not be read: {error}", path.display()))
            })?;
            read.push((path.display().to_string(), bytes));
        }
        let files: Vec<File<'_>> = read.iter().map(|(name, bytes)| File { name, bytes }).collect();
        let clash = if self.request.last_wins { Clash::LastWins } else { Clash::Refuse };
        let merged = merge(&files, clash).map_err(|faults| {
            let mut fault =
                Fault::new(FaultKind::File, format!("{} can't be one", count(files.len(), "env file")));
            fault.details = faults.iter().map(ToString::to_string).collect();
            fault.hint("make the values the same, or let the last one count: `--last-wins`")
        })?;
        let output = here.join(&self.request.output);
        let shown = self.request.output.display();
        if doors.files.kind(&output) != FileKind::Missing {
            let there = doors.files.read(&output).unwrap_or_default();
            if there == merged {
                return Ok(Outcome::UpToDate(format!("{shown} is as it would be written")));
            }
            if !self.request.force {
                return Err(Fault::new(FaultKind::Refused, format!("{shown} holds something else"))
                    .hint("`--force` writes over it"));
            }
        }
        self.refuse_unignored(context, &output)?;
        doors.files.write(&output, &merged, 0o600).map_err(|error| {
            Fault::new(FaultKind::World, format!("{shown} could not be written: {error}"))
        })?;
        Ok(Outcome::done())
    }

    /// The files, from where the command was given.
    fn paths(&self, context: &StepContext<'_>) -> Result<Vec<PathBuf>, Fault> {
        if !self.request.files.is_empty() {
            return Ok(self.request.files.clone());
        }
        let selection = super::Selection { environment: self.request.environment.clone(), names: Vec::new() };
        let mut paths = Vec::new();
        for entry in selection.entries(&self.model).iter().filter_map(|name| self.model.env_files.get(name)) {
            let files = env_files(context.doors(), &self.model.root, entry).map_err(|fault| {
                let fault = Fault::new(FaultKind::File, format!("the env files `{}`: {fault}", entry.name));
                context.bindings().fault_at(entry.path_span, fault)
            })?;
            paths.extend(files.into_iter().map(|file| self.model.root.join(file.path)));
        }
        if paths.is_empty() {
            return Err(Fault::new(FaultKind::Usage, "there is nothing to merge")
                .hint("name the files, or an environment that has some: `-e ENVIRONMENT`"));
        }
        Ok(paths)
    }

    /// In a repository the new file has to be ignored: it is all secrets.
    fn refuse_unignored(&self, context: &mut StepContext<'_>, output: &std::path::Path) -> Result<(), Fault> {
        let folder = output.parent().unwrap_or(output);
        let answer = context.read_command(&command::is_ignored(folder, output), true)?;
        // 0: ignored, 1: not, more: no repository.
        match answer.termination {
            crate::event::Termination::Exited { status: 1 } => Err(Fault::new(
                FaultKind::Refused,
                format!("git does not ignore {}", self.request.output.display()),
            )
            .hint("add it to .gitignore first: it would hold secrets")),
            _ => Ok(()),
        }
    }
}
