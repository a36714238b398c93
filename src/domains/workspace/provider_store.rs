//! The provider store: a package that one workspace has fetched is what the others take, on this machine and for this user.
//!
//! terraform has a cache for that (`TF_PLUGIN_CACHE_DIR`), which breaks where inits run side by side: it unpacks over files that a neighbour runs.
//! The store is a folder of unpacked packages that are never written again; init links to them. It serves what a lock file demands, version
//! and hash, and nothing else: which version is chosen is never its business, and terraform checks the hash as it does for any source.
//!
//! `$XDG_CACHE_HOME/shipway/providers` has packages under `packages` and their hashes under `hashes`. A package is copied beside its place and
//! renamed, so it is whole where it is there. Whoever says himself where providers come from, by settings of terraform's command line, by
//! `TF_PLUGIN_CACHE_DIR` or by one of the folders that terraform looks into by itself, has no store.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::site::Site;
use crate::adapters::terraform::providers::{self, LockedProvider, SettingsFile};
use crate::diagnostic::Fault;
use crate::os::command::EnvironmentValue;
use crate::os::environment::Environment;
use crate::os::files::{self, FileKind};
use crate::os::{Doors, identity};
use crate::run::StepContext;

/// The variable that names the file with settings of terraform's command line.
pub(super) const SETTINGS: &str = "TF_CLI_CONFIG_FILE";

/// Variables by which people say where providers come from.
const DECIDES: [&str; 2] = ["TF_PLUGIN_CACHE_DIR", "TERRAFORM_CONFIG"];

/// Options of init that do.
const OPTIONS: [&str; 3] = ["plugin-dir", "upgrade", "get-plugins"];

/// A user's store, as one workspace sees it.
pub(super) struct ProviderStore {
    folder: PathBuf,
    settings: Vec<SettingsFile>,
    /// Where init puts what it installs.
    installed: PathBuf,
    lock: Vec<LockedProvider>,
    lock_file: PathBuf,
}

impl ProviderStore {
    /// The store; `None` where the user says where providers come from, and where there is no home to keep it in.
    pub(super) fn of(
        site: &Site,
        context: &mut StepContext<'_>,
        extra: &[String],
    ) -> Result<Option<Self>, Fault> {
        let env = site.environment(context)?;
        let doors = context.doors();
        let variable = |name: &str| value(&env, &doors.environment, name);
        let words: Vec<String> = ["TF_CLI_ARGS", "TF_CLI_ARGS_init"]
            .into_iter()
            .flat_map(|name| {
                variable(name).unwrap_or_default().split_whitespace().map(str::to_owned).collect::<Vec<_>>()
            })
            .chain(extra.iter().cloned())
            .collect();
        let is_said = |word: &String| {
            let name = word.trim_start_matches('-').split('=').next().unwrap_or_default();
            word.starts_with('-') && OPTIONS.contains(&name)
        };
        let folder = site.folder()?;
        let decides = DECIDES.iter().any(|name| variable(name).is_some_and(|value| !value.is_empty()))
            || words.iter().any(is_said)
            || implied(&folder, &variable).iter().any(|path| doors.files.kind(path) != FileKind::Missing);
        let Some(cache) = cache(&doors.environment).filter(|_| !decides) else { return Ok(None) };
        let Some(settings) = settings(doors, &variable) else { return Ok(None) };
        let lock_file = folder.join(".terraform.lock.hcl");
        let lock = read_lock(doors, &lock_file);
        let installed = site.data_folder(&doors.environment)?.join("providers");
        Ok(Some(Self { folder: cache.join("shipway/providers"), settings, installed, lock, lock_file }))
    }

    /// The settings that make init take from the store what the lock file demands; `None` where it has nothing of that. Links into a store
    /// that was cleared are removed: init stumbles over them.
    pub(super) fn settings(&self, doors: &Doors) -> Option<String> {
        for provider in &self.lock {
            let link = self.installed.join(provider.place());
            if doors.files.kind(&link) == FileKind::Missing {
                doors.files.remove(&link).ok();
            }
        }
        let taken: Vec<&str> =
            self.lock.iter().filter(|it| self.has(doors, it)).map(|it| it.address.as_str()).collect();
        if taken.is_empty() {
            return None;
        }
        providers::with_store(&self.settings, &self.packages(), &taken)
    }

    /// Keeps what init has fetched. A machine that has no room for it does without: nothing is lost.
    pub(super) fn keep(&self, doors: &Doors) -> std::io::Result<()> {
        for provider in read_lock(doors, &self.lock_file) {
            let place = self.installed.join(provider.place());
            let is_own = doors.files.kind(&place) == FileKind::Folder
                && files::real_path(&place) == files::real_path(&self.installed).join(provider.place());
            if is_own && doors.files.kind(&self.packages().join(provider.place())) == FileKind::Missing {
                self.keep_one(doors, &provider, &place)?;
            }
        }
        Ok(())
    }

    /// Removes packages that are not what they were when they were kept.
    pub(super) fn drop_damaged(&self, doors: &Doors) {
        for provider in &self.lock {
            let package = self.packages().join(provider.place());
            let kept = doors.files.read(&self.hash_file(provider)).unwrap_or_default();
            let is_sound = names(doors, &package)
                .and_then(|names| hash(&package, &names))
                .is_ok_and(|hash| hash.as_bytes() == kept.as_slice());
            if !is_sound {
                doors.files.remove(&self.hash_file(provider)).ok();
                doors.files.remove_dir(&package).ok();
            }
        }
    }

    fn keep_one(&self, doors: &Doors, provider: &LockedProvider, from: &Path) -> std::io::Result<()> {
        let names = names(doors, from)?;
        let hash = hash(from, &names)?;
        // One that no lock file of this platform vouches for is of no use to anybody.
        if !provider.hashes.contains(&hash) {
            return Ok(());
        }
        let own = identity::own();
        let beside =
            self.folder.join(format!("new-{}-{}-{hash}", own.host, own.pid).replace(['/', '+'], "_"));
        doors.files.remove_dir(&beside)?;
        doors.files.create_private_dir(&beside)?;
        for name in &names {
            let path = beside.join(name);
            if let Some(folder) = path.parent() {
                doors.files.create_private_dir(folder)?;
            }
            files::copy(&from.join(name), &path)?;
        }
        let (package, hash_file) = (self.packages().join(provider.place()), self.hash_file(provider));
        for path in [&package, &hash_file] {
            if let Some(folder) = path.parent() {
                doors.files.create_private_dir(folder)?;
            }
        }
        // Another run may have been first; then its package stays.
        if doors.files.rename(&beside, &package).is_err() {
            doors.files.remove_dir(&beside)?;
        }
        doors.files.write(&hash_file, hash.as_bytes(), 0o600)
    }

    fn has(&self, doors: &Doors, provider: &LockedProvider) -> bool {
        let hash = doors.files.read(&self.hash_file(provider)).unwrap_or_default();
        provider.hashes.iter().any(|known| known.as_bytes() == hash.as_slice())
            && doors.files.kind(&self.packages().join(provider.place())) == FileKind::Folder
    }

    fn packages(&self) -> PathBuf {
        self.folder.join("packages")
    }

    fn hash_file(&self, provider: &LockedProvider) -> PathBuf {
        self.folder.join("hashes").join(provider.place())
    }
}

/// The files of a package, from its folder.
fn names(doors: &Doors, folder: &Path) -> std::io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![String::new()];
    while let Some(prefix) = open.pop() {
        for name in doors.files.list(&folder.join(&prefix))? {
            let name = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            match doors.files.kind(&folder.join(&name)) {
                FileKind::Folder => open.push(name),
                _ => found.push(name),
            }
        }
    }
    Ok(found)
}

fn hash(folder: &Path, names: &[String]) -> std::io::Result<String> {
    let digest =
        |name: &String| Ok((name.clone(), providers::file_digest(files::open(&folder.join(name))?)?));
    names.iter().map(digest).collect::<std::io::Result<Vec<_>>>().map(providers::package_hash)
}

fn read_lock(doors: &Doors, path: &Path) -> Vec<LockedProvider> {
    providers::locked(&String::from_utf8_lossy(&doors.files.read(path).unwrap_or_default()))
}

/// A variable as terraform would get it. A secret one is taken for set to something that we don't know.
fn value(env: &BTreeMap<String, EnvironmentValue>, environment: &Environment, name: &str) -> Option<String> {
    match env.get(name) {
        Some(EnvironmentValue::Plain(value)) => Some(value.clone()),
        Some(EnvironmentValue::Secret(_)) => Some("-".to_owned()),
        None => environment.get(name).map(str::to_owned),
    }
}

fn cache(environment: &Environment) -> Option<PathBuf> {
    let named = environment.get("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    named.or_else(|| Some(environment.home()?.join(".cache")))
}

/// Folders that terraform takes providers from where they are there, unless settings say otherwise.
/// <https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories>
fn implied(folder: &Path, variable: &impl Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    let home = PathBuf::from(variable("HOME").unwrap_or_default());
    let data = variable("XDG_DATA_HOME").map_or_else(|| home.join(".local/share"), PathBuf::from);
    let shared = variable("XDG_DATA_DIRS").unwrap_or_else(|| "/usr/local/share:/usr/share".to_owned());
    let mut found = vec![
        folder.join("terraform.d/plugins"),
        home.join(".terraform.d/plugins"),
        data.join("terraform/plugins"),
        home.join("Library/Application Support/io.terraform/plugins"),
        PathBuf::from("/Library/Application Support/io.terraform/plugins"),
    ];
    found.extend(
        shared.split(':').filter(|it| !it.is_empty()).map(|it| Path::new(it).join("terraform/plugins")),
    );
    found
}

/// The files with the user's settings, as terraform finds them; `None` where one can't be read.
fn settings(doors: &Doors, variable: &impl Fn(&str) -> Option<String>) -> Option<Vec<SettingsFile>> {
    let mut paths = Vec::new();
    if let Some(named) = variable(SETTINGS).filter(|named| !named.is_empty()) {
        paths.push(PathBuf::from(named));
    } else {
        let home = PathBuf::from(variable("HOME")?);
        paths.push(home.join(".terraformrc"));
        let folder = home.join(".terraform.d");
        let names = doors.files.list(&folder).unwrap_or_default();
        let is_settings = |name: &String| name.ends_with(".tfrc") || name.ends_with(".tfrc.json");
        paths.extend(names.into_iter().filter(is_settings).map(|name| folder.join(name)));
    }
    let mut found = Vec::new();
    for path in paths {
        // A path that is not whole counts from a folder that we don't know here.
        if !path.is_absolute() {
            return None;
        }
        if doors.files.kind(&path) != FileKind::Missing {
            let text = String::from_utf8(doors.files.read(&path).ok()?).ok()?;
            found.push((path.to_string_lossy().into_owned(), text));
        }
    }
    Some(found)
}
