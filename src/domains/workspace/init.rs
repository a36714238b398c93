//! Init, where it is needed: when its fingerprint changed, or when terraform said in a plan that it is missing.

use super::provider_store::{self, ProviderStore};
use super::site::{Answer, Site};
use super::values::Absent;
use crate::adapters::terraform::{Root, init, text_box};
use crate::diagnostic::Fault;
use crate::event::{Level, Termination};
use crate::os::command::{CommandSpec, EnvironmentValue};
use crate::os::files::FileKind;
use crate::plan::Fingerprint;
use crate::run::{Action, Outcome, StepContext};

/// What failed, in messages.
const WHAT: &str = "the init";

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
        let extra = self.options(context)?;
        let call = |root: &Root<'_>| root.init(backend_config.as_deref(), &extra);
        let result = if surfaces.providers {
            self.init_from_store(context, call)
        } else {
            self.site.ask_again(context, WHAT, call)
        };
        if let Some(path) = backend_config {
            context.doors().files.remove(&path).ok();
        }
        let (termination, answer) = result?;
        if termination.is_success() {
            return Ok(Outcome::done());
        }
        let diagnostics = text_box::parse(&answer.err);
        let fault = self.site.failure(context, "init", &diagnostics, &answer.err);
        Err(if init::awaits_choice(&diagnostics) {
            let (tool, dir) = (self.site.tool(), workspace.dir.display());
            fault.hint(format!(
                "decide what becomes of the state: `{tool} -chdir={dir} init -migrate-state` moves it, \
                 `{tool} -chdir={dir} init -reconfigure` leaves it where it is"
            ))
        } else if init::wants_to_lock(&diagnostics) {
            let file = workspace.dir.join(".terraform.lock.hcl");
            fault
                .detail(format!(
                    "{} does not name all that this needs, and in CI it is not changed",
                    file.display()
                ))
                .hint(format!(
                    "run `shipway init-{}` where you work, and commit what it makes of {}",
                    self.site.name,
                    file.display()
                ))
        } else {
            fault
        })
    }

    /// Options of the user and ours. A CI job takes what was locked: what it would lock itself nobody would see.
    fn options(&self, context: &StepContext<'_>) -> Result<Vec<String>, Fault> {
        let mut options = self.extra.clone();
        let is_said = |option: &String| option.contains("-lockfile") || option.contains("-upgrade");
        let lock = self.site.folder()?.join(".terraform.lock.hcl");
        let doors = context.doors();
        if doors.environment.is_ci()
            && !options.iter().any(is_said)
            && doors.files.kind(&lock) == FileKind::File
        {
            options.push("-lockfile=readonly".to_owned());
        }
        Ok(options)
    }

    /// Init that takes providers from the store where it has what the lock file demands, and keeps there what was fetched.
    fn init_from_store(
        &self,
        context: &mut StepContext<'_>,
        call: impl Fn(&Root<'_>) -> CommandSpec,
    ) -> Result<(Termination, Answer), Fault> {
        let Some(store) = ProviderStore::of(&self.site, context, &self.extra)? else {
            return self.site.ask_again(context, WHAT, call);
        };
        let mut done = None;
        if let Some(settings) = store.settings(context.doors()) {
            let file = self.site.write_private_text(context, "terraform.tfrc", &settings)?;
            let value = EnvironmentValue::Plain(file.to_string_lossy().into_owned());
            let answered = self.site.ask_again(context, WHAT, |root| {
                let mut spec = call(root);
                spec.env.insert(provider_store::SETTINGS.to_owned(), value.clone());
                spec
            });
            context.doors().files.remove(&file).ok();
            let (termination, answer) = answered?;
            if termination.is_success() || !init::could_not_install(&text_box::parse(&answer.err)) {
                done = Some((termination, answer));
            } else {
                let text = "a package in the store of providers is not what the lock file demands: it is fetched again";
                context.log().notice(Level::Warning, text);
                store.drop_damaged(context.doors());
            }
        }
        let (termination, answer) = match done {
            Some(done) => done,
            None => self.site.ask_again(context, WHAT, call)?,
        };
        if termination.is_success()
            && let Err(error) = store.keep(context.doors())
        {
            context
                .log()
                .notice(Level::Note, &format!("providers could not be kept for other workspaces: {error}"));
        }
        Ok((termination, answer))
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
