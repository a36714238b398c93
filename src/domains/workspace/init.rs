//! Init, where it is needed: when its fingerprint changed, or when terraform said in a plan that it is missing.

use super::site::{Site, StateFound};
use crate::adapters::terraform::{init, text_box};
use crate::diagnostic::{Fault, FaultKind};
use crate::event::Level;
use crate::os::Doors;
use crate::os::files::FileKind;
use crate::plan::Fingerprint;
use crate::run::{Action, FingerprintContext, Outcome, StepContext};

pub(super) struct InitAction {
    pub(super) site: Site,
    /// Further arguments of the user, for `init-NAME -- …`.
    pub(super) extra: Vec<String>,
    /// The user asked for it by name.
    pub(super) always: bool,
}

impl Action for InitAction {
    fn describe(&self) -> Vec<String> {
        let when = if self.always { "" } else { "  (where it is missing)" };
        vec![format!("{}{when}", self.site.preview(|root| root.init(None, &self.extra)))]
    }

    fn fingerprint(&self, context: &FingerprintContext<'_>) -> Result<Option<Fingerprint>, Fault> {
        if self.always {
            return Ok(None);
        }
        let files = self.files(context.doors)?;
        if !init::static_need(&borrowed(&files)).needs_init() {
            return Ok(None);
        }
        let workspace = self.site.workspace()?;
        let mut fingerprint = Fingerprint::default();
        fingerprint.add(
            "what init reads of the configuration",
            init::init_surface_text(&borrowed(&files)).as_bytes(),
        );
        // Values that are known only in a run are compared by what the file says of them.
        fingerprint.add("backend_config", format!("{:?}", workspace.backend_config).as_bytes());
        let folder = self.site.folder()?;
        for (part, path) in [
            ("the backend's record in .terraform", ".terraform/terraform.tfstate"),
            ("the list of modules in .terraform", ".terraform/modules/modules.json"),
            ("the lock file", ".terraform.lock.hcl"),
        ] {
            fingerprint.add(part, &context.doors.files.read(&folder.join(path)).unwrap_or_default());
        }
        let providers = context.doors.files.kind(&folder.join(".terraform/providers"));
        fingerprint.add("the providers in .terraform", format!("{providers:?}").as_bytes());
        Ok(Some(fingerprint))
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.init(context).into()
    }
}

impl InitAction {
    fn init(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let workspace = self.site.workspace()?;
        let files = self.files(context.doors())?;
        let surfaces = init::static_need(&borrowed(&files));
        if !self.always && context.redo_reason().is_none() && !surfaces.needs_init() {
            return Ok(Outcome::Skipped("it has only what is built in".to_owned()));
        }
        for module in surfaces.unpinned() {
            let text = format!(
                "module `{}` of `{}` names no version: {} can change without a plan noticing",
                module.name, self.site.name, module.source
            );
            context.log().notice(Level::Warning, &text);
        }
        self.site.run_hook(context, "before_init", &workspace.before_init)?;
        let backend_config = self.backend_config(context)?;
        let (termination, answer) =
            self.site.ask(context, |root| root.init(backend_config.as_deref(), &self.extra))?;
        if let Some(path) = backend_config {
            context.doors().files.remove(&path).ok();
        }
        if termination.is_success() {
            return Ok(Outcome::done());
        }
        let diagnostics = text_box::parse(&answer.err);
        let fault = self.site.failure(context, "init", &diagnostics, &answer.err);
        Err(if init::awaits_choice(&diagnostics) {
            let dir = workspace.dir.display();
            fault.hint(format!(
                "decide what becomes of the state: `terraform -chdir={dir} init -migrate-state` moves it, \
                 `terraform -chdir={dir} init -reconfigure` leaves it where it is"
            ))
        } else {
            fault
        })
    }

    /// Backend arguments go in a private file: some are credentials.
    fn backend_config(&self, context: &mut StepContext<'_>) -> Result<Option<std::path::PathBuf>, Fault> {
        let workspace = self.site.workspace()?;
        if workspace.backend_config.is_empty() {
            return Ok(None);
        }
        let values = self.site.values(context, &workspace.backend_config)?;
        Ok(Some(self.site.write_private(context, "backend.json", &values)?))
    }

    fn files(&self, doors: &Doors) -> Result<Vec<(String, String)>, Fault> {
        let folder = self.site.folder()?;
        let names = doors.files.list(&folder).map_err(|error| {
            Fault::new(FaultKind::File, format!("{} could not be read: {error}", folder.display()))
                .hint(format!("it is the folder of the workspace `{}`", self.site.name))
        })?;
        let mut files = Vec::new();
        for name in names {
            let path = folder.join(&name);
            let is_configuration = name.ends_with(".tf") || name.ends_with(".tf.json");
            if is_configuration && doors.files.kind(&path) == FileKind::File {
                // A file that can't be read is terraform's to complain about, with a place.
                let bytes = doors.files.read(&path).unwrap_or_default();
                files.push((name, String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
        Ok(files)
    }
}

fn borrowed(files: &[(String, String)]) -> Vec<(&str, &str)> {
    files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
}

/// Refuses what would act out of order.
pub(super) struct GuardAction {
    pub(super) site: Site,
    /// The workspaces that are looked at.
    pub(super) others: Vec<Site>,
    pub(super) rule: Rule,
}

/// What a guard demands of the other workspaces.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// All of them have a state: this one depends on them.
    UpstreamLives,
    /// None of them has a state: they depend on this one.
    DependentsAreGone,
}

impl Action for GuardAction {
    fn describe(&self) -> Vec<String> {
        self.others.iter().map(|other| other.preview(|root| root.state_pull())).collect()
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.guard(context).into()
    }
}

impl GuardAction {
    fn guard(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let name = &self.site.name;
        for other in &self.others {
            let found = other.state(context)?;
            let refusal = match (self.rule, found) {
                (Rule::UpstreamLives, StateFound::Living(_))
                | (Rule::DependentsAreGone, StateFound::Empty) => {
                    continue;
                }
                (Rule::UpstreamLives, StateFound::Empty) => Fault::new(
                    FaultKind::Refused,
                    format!("`{name}` depends on `{}`, which is not applied: it has no state", other.name),
                )
                .hint(format!("apply it first: `shipway apply-{}`", other.name))
                .hint(format!("or all that `{name}` needs, in order: `shipway up {name}`")),
                (Rule::DependentsAreGone, StateFound::Living(state)) => Fault::new(
                    FaultKind::Refused,
                    format!(
                        "`{}` depends on `{name}` and still lives: its state has {}",
                        other.name,
                        crate::text::count::count(state.managed.len(), "resource")
                    ),
                )
                .hint(format!("destroy it first: `shipway destroy-{}`", other.name))
                .hint("or all, in reverse order: `shipway down`"),
                (_, StateFound::Unreadable(diagnostics)) => {
                    let mut fault = other.failure(context, "reading the state", &diagnostics, "");
                    fault.kind = FaultKind::Refused;
                    fault.hint(format!("what can't be read counts as living; `{name}` was not touched"))
                }
            };
            return Err(refusal);
        }
        Ok(Outcome::done())
    }
}
