//! terraform commands that are shown as they are, and the removal of what init left.

use super::site::Site;
use crate::adapters::pulumi::Stack;
use crate::adapters::terraform::text_box;
use crate::diagnostic::{Fault, FaultKind};
use crate::event::Stream;
use crate::os::command::CommandSpec;
use crate::run::{Action, CommandRun, Outcome, StepContext};

/// A terraform command that is shown as it is: validate, fmt, get, output.
pub(super) struct PlainAction {
    pub(super) site: Site,
    pub(super) verb: PlainVerb,
    pub(super) extra: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlainVerb {
    Validate,
    Fmt,
    Update,
    Output,
}

impl PlainAction {
    fn spec(&self, root: &crate::adapters::terraform::Root<'_>) -> CommandSpec {
        let spec = match self.verb {
            PlainVerb::Validate => root.validate(),
            PlainVerb::Fmt => root.fmt(false),
            PlainVerb::Update => root.get_update(),
            PlainVerb::Output => root.output(),
        };
        spec.args(self.extra.iter().cloned())
    }

    fn on_stack(&self, stack: &Stack<'_>) -> CommandSpec {
        let spec = if self.verb == PlainVerb::Output { stack.output() } else { stack.install() };
        spec.args(self.extra.iter().cloned())
    }
}

impl Action for PlainAction {
    fn describe(&self) -> Vec<String> {
        match (self.site.is_pulumi(), self.verb) {
            (true, PlainVerb::Validate | PlainVerb::Fmt) => Vec::new(),
            (true, _) => vec![self.site.stack_preview(|stack| self.on_stack(stack))],
            (false, _) => vec![self.site.preview(|root| self.spec(root))],
        }
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.run_shown(context).into()
    }
}

impl PlainAction {
    fn run_shown(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let spec = match (self.site.is_pulumi(), self.verb) {
            (true, PlainVerb::Validate | PlainVerb::Fmt) => {
                return Ok(Outcome::Skipped("pulumi has no command for it".to_owned()));
            }
            (true, _) => self.site.stack_call(context, |stack| self.on_stack(stack))?,
            (false, _) => self.site.call(context, |root| self.spec(root))?,
        };
        let mut complaint = String::new();
        let mut reader = |log: crate::run::StepLog<'_>, stream: Stream, line: &str| {
            if stream == Stream::Err {
                complaint.push_str(line);
                complaint.push('\n');
            } else {
                log.line(stream, line);
            }
        };
        let run = CommandRun { reader: Some(&mut reader), ..CommandRun::default() };
        let termination = context.run_command(&spec, run)?;
        if termination.is_success() {
            return Ok(Outcome::done());
        }
        if context.is_cancelled() {
            return Err(crate::run::interrupted());
        }
        let diagnostics = text_box::parse(&complaint);
        let what = format!("{:?}", self.verb).to_lowercase();
        Err(self.site.failure(context, &what, &diagnostics, &complaint))
    }
}

/// Removes what init left in a workspace's folder.
pub(super) struct CleanAction {
    pub(super) site: Site,
}

impl Action for CleanAction {
    fn describe(&self) -> Vec<String> {
        if self.site.is_pulumi() {
            return Vec::new();
        }
        let dir = self.site.workspace().map(|workspace| workspace.dir.clone()).unwrap_or_default();
        vec![format!("rm -rf {}", dir.join(".terraform").display())]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        if self.site.is_pulumi() {
            return Outcome::UpToDate("what pulumi installs is the program's own".to_owned());
        }
        let folders = self
            .site
            .data_folder(&context.doors().environment)
            .and_then(|data| Ok((self.site.folder()?, data)));
        let folder = match folders {
            Ok((root, data)) if data == root.join(".terraform") => data,
            // Whatever that variable names may hold more than what init made.
            Ok((_, data)) => {
                let message = format!("terraform's folder of `{}` is where TF_DATA_DIR says", self.site.name);
                let fault = Fault::new(FaultKind::Refused, message);
                return Outcome::Failed(
                    fault.hint(format!("look at it and remove it yourself: {}", data.display())),
                );
            }
            Err(fault) => return Outcome::Failed(fault),
        };
        if context.doors().files.kind(&folder) == crate::os::files::FileKind::Missing {
            return Outcome::UpToDate("there is nothing to remove".to_owned());
        }
        match context.doors().files.remove_dir(&folder) {
            Ok(()) => Outcome::done(),
            Err(error) => Outcome::Failed(Fault::new(
                FaultKind::World,
                format!("{} could not be removed: {error}", folder.display()),
            )),
        }
    }
}
