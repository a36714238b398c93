//! Init, where it is needed: when its fingerprint changed, or when terraform said in a plan that it is missing.

use super::site::Site;
use super::values::Absent;
use crate::adapters::terraform::{init, text_box};
use crate::diagnostic::Fault;
use crate::event::Level;
use crate::plan::Fingerprint;
use crate::run::{Action, Outcome, StepContext};

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

    fn fingerprint(&self, context: &mut StepContext<'_>) -> Result<Option<Fingerprint>, Fault> {
        if self.always {
            return Ok(None);
        }
        let files = self.site.files(context.doors())?;
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
        let data = self.site.data_folder(&context.doors().environment)?;
        for (part, path) in [
            ("the backend's record in .terraform", data.join("terraform.tfstate")),
            ("the list of modules in .terraform", data.join("modules/modules.json")),
            ("the lock file", folder.join(".terraform.lock.hcl")),
        ] {
            fingerprint.add_result(part, &context.doors().files.read(&path).unwrap_or_default());
        }
        let providers = context.doors().files.kind(&data.join("providers"));
        fingerprint.add_result("the providers in .terraform", format!("{providers:?}").as_bytes());
        Ok(Some(fingerprint))
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.init(context).into()
    }
}

impl InitAction {
    pub(super) fn init(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let workspace = self.site.workspace()?;
        let files = self.site.files(context.doors())?;
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
        let values = self.site.values(context, &workspace.backend_config, Absent::Fails)?;
        Ok(Some(self.site.write_private(context, "backend.json", &values)?))
    }
}

fn borrowed(files: &[(String, String)]) -> Vec<(&str, &str)> {
    files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
}
