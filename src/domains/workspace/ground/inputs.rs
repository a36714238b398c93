//! What a plan is about to be made from: gathered from the disk, the values and the environment.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::memory::Memory;
use super::places::{self, Found};
use super::{Ground, Inputs, Seen, mark_of, surroundings};
use crate::adapters::terraform::reads::{Base, PathRead, Reads, Wanted};
use crate::adapters::terraform::{backend, state};
use crate::diagnostic::Fault;
use crate::domains::workspace::configuration::{self, Configuration};
use crate::domains::workspace::resume::Resumed;
use crate::domains::workspace::site::Site;
use crate::ledger::DigestKey;
use crate::os::Doors;
use crate::run::StepContext;

/// What is found on the way.
struct Gathering<'s> {
    site: &'s Site,
    memory: &'s Memory,
    root: PathBuf,
    key: DigestKey,
    parts: BTreeMap<String, String>,
    /// Why nobody can tell what terraform would say.
    world: BTreeSet<String>,
    states: BTreeMap<String, Wanted>,
    /// Paths, each with the folder of the module that it stands in.
    paths: BTreeSet<(PathBuf, PathRead)>,
}

/// Gathers it. `values` are those that the tasks file gives; `with_states`: the states that go in as well.
pub(in super::super) fn gather(
    context: &mut StepContext<'_>,
    site: &Site,
    values: &Json,
    with_states: bool,
) -> Result<Ground, Fault> {
    let shaky = |why: &str| Ok(Ground::Shaky(why.to_owned()));
    let Ok(key) = DigestKey::of_user(context.doors()) else {
        return shaky("there is no home folder for the key of digests");
    };
    let resumed = Resumed::of(context, site);
    let fresh = Memory::default();
    let memory = resumed.as_ref().map_or(&fresh, |resumed| resumed.memory());
    let mut gathering = Gathering {
        site,
        memory,
        root: site.folder()?,
        key,
        parts: BTreeMap::new(),
        world: BTreeSet::new(),
        states: BTreeMap::new(),
        paths: BTreeSet::new(),
    };
    gathering.add_configuration(context.doors())?;
    // Of many roots this is known by now, and all that lies around them need not be looked at.
    if let Some(why) = gathering.world.pop_first() {
        return Ok(Ground::Shaky(why));
    }
    let around = match surroundings::gather(context, site, memory)? {
        Ok(around) => around,
        Err(why) => return Ok(Ground::Shaky(why)),
    };
    gathering.add_values(context.doors(), values, around)?;
    if let Some(why) = gathering.world.pop_first() {
        return Ok(Ground::Shaky(why));
    }
    if let Err(why) = gathering.add_paths(context.doors()) {
        return Ok(Ground::Shaky(why));
    }
    let Gathering { key, parts, states, .. } = gathering;
    let mut inputs = Inputs { key, parts, states, upstream: BTreeMap::new(), own: None };
    if with_states {
        let Ok(text) = site.state_text(context)? else { return shaky("its state can't be read") };
        let Some(own) = mark(&text) else { return shaky("its state can't be understood") };
        inputs.own = own;
        if !inputs.states.is_empty() {
            match super::upstream(context, site, &inputs.key)? {
                Ok(upstream) => inputs.upstream = upstream,
                Err(why) => return Ok(Ground::Shaky(why)),
            }
        }
    }
    Ok(Ground::Firm(Box::new(inputs)))
}

impl Gathering<'_> {
    fn add(&mut self, name: String, bytes: &[u8]) {
        let digest = self.key.digest(&name, bytes).as_str().to_owned();
        self.parts.insert(name, digest);
    }

    fn take(&mut self, folder: &Path, reads: &Reads) {
        self.world.extend(reads.unknowable.iter().cloned());
        for (name, wanted) in &reads.states {
            // Two modules may each have a data source of that name.
            self.states.entry(name.clone()).and_modify(|all| *all = Wanted::All).or_insert(wanted.clone());
        }
        self.paths.extend(reads.paths.iter().map(|path| (folder.to_owned(), path.clone())));
    }

    /// Files of the root and of all modules, and what init made of them.
    fn add_configuration(&mut self, doors: &Doors) -> Result<(), Fault> {
        let data = self.site.data_folder(&doors.environment)?;
        let installed = configuration::installed_modules(doors, &self.root, &data);
        let Configuration { files, modules } = configuration::read(self.site, doors, &installed, &|texts| {
            self.memory.module(texts).calls.clone()
        })?;
        for (name, digest) in files {
            self.add(name, digest.as_bytes());
        }
        for (folder, texts) in &modules {
            self.take(folder, &self.memory.module(texts).reads);
        }
        for (name, path) in [
            ("the list of modules", data.join("modules/modules.json")),
            ("the backend's record", data.join("terraform.tfstate")),
        ] {
            self.add(name.to_owned(), &doors.files.read(&path).unwrap_or_default());
        }
        Ok(())
    }

    /// Values of the tasks file, of variable files and of the environment.
    fn add_values(
        &mut self,
        doors: &Doors,
        values: &Json,
        around: Vec<(String, Vec<u8>)>,
    ) -> Result<(), Fault> {
        let mut reads = Reads::default();
        for (name, value) in values.as_object().into_iter().flatten() {
            self.add(format!("the variable `{name}`"), value.to_string().as_bytes());
            texts_of(value, &mut |text| reads.add_value(text));
        }
        for file in &self.site.workspace()?.var_files {
            let bytes = doors.files.read(&self.root.join(&file.value)).unwrap_or_default();
            reads.add("values.tfvars", &String::from_utf8_lossy(&bytes));
        }
        for (name, value) in around {
            if name.starts_with("$TF_VAR_") {
                reads.add_value(&String::from_utf8_lossy(&value));
            }
            self.add(name, &value);
        }
        let root = self.root.clone();
        self.take(&root, &reads);
        Ok(())
    }

    /// What lies at the paths; the reason where that can't be told.
    fn add_paths(&mut self, doors: &Doors) -> Result<(), String> {
        let paths: Vec<(PathBuf, PathRead)> = self.paths.iter().cloned().collect();
        let prefixes = places::prefixes(&self.root, &paths);
        for (folder, path) in &paths {
            let bases = match path.base {
                Base::Module => vec![folder.clone()],
                Base::Root => std::iter::once(self.root.clone()).chain(prefixes.iter().cloned()).collect(),
            };
            for base in bases {
                let Some(Found { name, digest, template }) =
                    places::look(doors, &self.site.model.root, &base, path)?
                else {
                    continue;
                };
                self.add(name, digest.as_bytes());
                let mut reads = Reads::default();
                template.iter().for_each(|text| reads.add_template(text));
                if !reads.unknowable.is_empty() || reads.paths.iter().any(|path| path.is_certain) {
                    return Err("a template of it reads what is not in it".to_owned());
                }
            }
        }
        Ok(())
    }
}

/// Which state a text is, and how often it was written; nothing inside where there is none, nothing at all where the text is no state.
pub(super) fn mark(text: &str) -> Option<Option<(String, u64)>> {
    state::parse(text).ok().map(mark_of)
}

/// What is seen of the state of a workspace.
pub(super) fn seen(
    context: &StepContext<'_>,
    site: &Site,
    key: &DigestKey,
    text: &str,
) -> Result<Seen, Fault> {
    let doors = context.doors();
    let record = site.data_folder(&doors.environment)?.join("terraform.tfstate");
    let record = doors.files.read(&record).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let place = backend::place(record.as_deref(), &crate::os::files::real_path(&site.folder()?));
    let state: Json = serde_json::from_str(text).unwrap_or_default();
    let outputs = state.get("outputs").and_then(Json::as_object).into_iter().flatten();
    let digest = |(name, output): (&String, &Json)| {
        (name.clone(), key.digest(name, output.to_string().as_bytes()).as_str().to_owned())
    };
    Ok(Seen { place, outputs: outputs.map(digest).collect() })
}

fn texts_of(value: &Json, give: &mut dyn FnMut(&str)) {
    match value {
        Json::String(text) => give(text),
        Json::Array(items) => items.iter().for_each(|item| texts_of(item, give)),
        Json::Object(entries) => entries.values().for_each(|entry| texts_of(entry, give)),
        _ => {}
    }
}
