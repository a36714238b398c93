//! The folder in which a workspace is planned with unknowns: beside the root's own, so that every relative path means what it means there.
//!
//! It holds the edited configuration, the state as the backend gave it, and links to all else that lies in the root's folder: providers
//! and modules are those that init installed for the root. It is private, git does not see it, and it goes when the plan is made; one that a
//! killed Shipway left goes with the next preview of its neighbours.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::site::Site;
use crate::adapters::terraform::shadow::{self, Unknowns};
use crate::adapters::terraform::{Root, init, text_box};
use crate::diagnostic::{Fault, FaultKind};
use crate::os::command::{CommandSpec, EnvironmentValue};
use crate::os::files::{FileKind, link, real_path};
use crate::os::{Doors, identity};
use crate::run::StepContext;

/// How the folder's name begins; then the process that made it, then the workspace.
const PREFIX: &str = ".shipway-preview-";

/// What of a root's folder the copy has in another form, or must not have.
const OWN: [&str; 6] = [
    ".terraform",
    ".terraform.lock.hcl",
    ".terraform.tfstate.lock.info",
    "errored.tfstate",
    "terraform.tfstate",
    "terraform.tfstate.backup",
];

/// A root's copy on the disk.
pub(super) struct ShadowFolder {
    path: PathBuf,
}

impl ShadowFolder {
    /// Makes the copy. `state` is what the backend holds; empty where that is nothing.
    pub(super) fn make(
        site: &Site,
        context: &StepContext<'_>,
        files: &[(String, String)],
        (unknowns, state): (&Unknowns, &str),
    ) -> Result<Self, Fault> {
        let root = real_path(&site.folder()?);
        let made = Self { path: place(site, context, &root)? };
        let data = site.data_folder(&context.doors().environment)?;
        made.fill(context.doors(), (&root, &data), &shadow::shadow(files, unknowns), state).map_err(
            |error| {
                made.remove(context.doors());
                let path = made.path.display();
                Fault::new(FaultKind::World, format!("the copy {path} could not be made: {error}"))
                    .hint("a workspace that waits for another one is previewed in a copy of its folder")
            },
        )?;
        Ok(made)
    }

    fn fill(
        &self,
        doors: &Doors,
        (root, data): (&Path, &Path),
        files: &[(String, String)],
        state: &str,
    ) -> std::io::Result<()> {
        let write = |name: &str, bytes: &[u8]| doors.files.write(&self.path.join(name), bytes, 0o600);
        write(".gitignore", b"*\n")?;
        doors.files.create_private_dir(&self.path.join(shadow::NAME))?;
        for (name, text) in files {
            write(name, text.as_bytes())?;
        }
        for name in doors.files.list(root)? {
            let is_configuration = files.iter().any(|(file, _)| *file == name);
            if !is_configuration && !OWN.contains(&name.as_str()) && name != ".gitignore" {
                link(&root.join(&name), &self.path.join(&name))?;
            }
        }
        if !state.trim().is_empty() {
            write("terraform.tfstate", state.as_bytes())?;
        }
        if let Ok(bytes) = doors.files.read(&root.join(".terraform.lock.hcl")) {
            write(".terraform.lock.hcl", &bytes)?;
        }
        let modules = self.path.join(".terraform/modules");
        doors.files.create_private_dir(&modules)?;
        if doors.files.kind(&data.join("providers")) == FileKind::Folder {
            link(&real_path(&data.join("providers")), &self.path.join(".terraform/providers"))?;
        }
        for name in doors.files.list(&data.join("modules")).unwrap_or_default() {
            if name != "modules.json" {
                link(&real_path(&data.join("modules").join(&name)), &modules.join(&name))?;
            }
        }
        let real = doors.files.read(&data.join("modules/modules.json")).ok();
        let real = real.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        write(".terraform/modules/modules.json", shadow::manifest(real.as_deref()).as_bytes())
    }

    /// A terraform call in the copy.
    pub(super) fn call(
        &self,
        site: &Site,
        context: &mut StepContext<'_>,
        call: impl FnOnce(&Root<'_>) -> CommandSpec,
    ) -> Result<CommandSpec, Fault> {
        let mut env = site.environment(context)?;
        env.insert("TF_DATA_DIR".to_owned(), EnvironmentValue::Plain(".terraform".to_owned()));
        let project = &site.model.root;
        let dir = self.path.strip_prefix(project).unwrap_or(&self.path);
        let mut spec = call(&Root { tool: site.tool(), project, dir, env: &env });
        spec.shown = Some(CommandSpec { env: BTreeMap::new(), ..spec.clone() }.to_string());
        Ok(spec)
    }

    /// Initialises the copy itself, where the root is not initialised or lacks something. The root's own providers are not touched.
    pub(super) fn init(&self, site: &Site, context: &mut StepContext<'_>) -> Result<(), Fault> {
        context.doors().files.remove(&self.path.join(".terraform/providers")).ok();
        let spec = self.call(site, context, |root| root.init(None, &[]))?;
        let answer = context.read_command(&spec, false)?;
        if answer.termination.is_success() {
            return Ok(());
        }
        let said = answer.err.join("\n");
        Err(site.failure(context, "the init of the preview", &text_box::parse(&said), &said))
    }

    /// Takes it away.
    pub(super) fn remove(&self, doors: &Doors) {
        doors.files.remove_dir(&self.path).ok();
    }
}

/// A new folder beside the root's; in the run's own place where none can be made there, or the project is the root.
fn place(site: &Site, context: &StepContext<'_>, root: &Path) -> Result<PathBuf, Fault> {
    let own = identity::own();
    let name = format!("{PREFIX}{}-{}-{}", own.pid, own.started, site.name);
    if let Some(beside) = root.parent().filter(|parent| parent.starts_with(&site.model.root)) {
        sweep(context.doors(), beside);
        let path = beside.join(&name);
        if context.doors().files.create_private_dir(&path).is_ok() {
            return Ok(path);
        }
    }
    let path = context.private_path(&name)?;
    context.doors().files.create_private_dir(&path).map_err(|error| {
        Fault::new(FaultKind::World, format!("{} could not be made: {error}", path.display()))
    })?;
    Ok(path)
}

/// Removes what a process that is no more has left.
fn sweep(doors: &Doors, folder: &Path) {
    for name in doors.files.list(folder).unwrap_or_default() {
        let Some(maker) = name.strip_prefix(PREFIX) else { continue };
        let mut parts = maker.splitn(3, '-');
        let mut number = || parts.next().and_then(|part| part.parse::<u64>().ok());
        let (Some(pid), Some(started)) = (number(), number()) else { continue };
        let lives = u32::try_from(pid).is_ok_and(|pid| identity::of(pid).started == started);
        if !lives {
            doors.files.remove_dir(&folder.join(&name)).ok();
        }
    }
}

/// Whether terraform gave up because something has to be installed first.
pub(super) fn lacks_init(diagnostics: &[crate::adapters::terraform::TerraformDiagnostic]) -> bool {
    init::missing_init(diagnostics).is_some()
}
