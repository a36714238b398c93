//! `secrets generate`: the places that a template left for secrets in env files, `!!!SET NAME!!!`, get strong values.
//!
//! One name has one value in all files that are filled together. A file that changes between the question and the writing is not touched.

use std::path::PathBuf;
use std::sync::Arc;

use crate::diagnostic::{Fault, FaultKind};
use crate::event::Level;
use crate::model::Model;
use crate::os::random;
use crate::plan::{Digest, Effect, Proposal, ProposedChange, WhenOrphaned};
use crate::run::bindings::env_files::env_files;
use crate::run::node::{Need, Node};
use crate::run::{Action, Outcome, StepContext};
use crate::text::count::count;
use crate::text::dotenv::document::Document;
use crate::text::dotenv::generate::{Generator, markers};

const APPROVE: &str = "secrets:approve";

/// The steps that fill the env files of `environment`, or all.
pub(super) fn nodes(model: &Arc<Model>, environment: Option<&str>) -> Vec<Node> {
    let selection = super::Selection { environment: environment.map(str::to_owned), names: Vec::new() };
    let entries = selection.entries(model);
    let node = |name: &str, title: &str, needs: &[&str], effect, writes| Node {
        name: name.to_owned(),
        title: title.to_owned(),
        needs: needs.iter().map(|&need| Need::Step(need.to_owned())).collect(),
        after: Vec::new(),
        effect,
        when_orphaned: WhenOrphaned::Stop,
        action: Box::new(GenerateAction { model: Arc::clone(model), entries: entries.clone(), writes }),
    };
    vec![
        node(APPROVE, "find what is not set", &[], Effect::Reads, false),
        node("secrets:generate", "generate secrets", &[APPROVE], Effect::Changes, true),
    ]
}

struct GenerateAction {
    model: Arc<Model>,
    entries: Vec<String>,
    writes: bool,
}

/// A file with markers.
struct Open {
    path: PathBuf,
    bytes: Vec<u8>,
    /// The keys whose values have a marker.
    keys: Vec<String>,
}

impl Action for GenerateAction {
    fn describe(&self) -> Vec<String> {
        let entries = self.entries.iter().filter_map(|entry| self.model.env_files.get(entry));
        match self.writes {
            true => {
                entries.map(|entry| format!("fill `!!!SET NAME!!!` in {}", entry.path.display())).collect()
            }
            false => vec!["ask: Generate these secrets?".to_owned()],
        }
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        let open = match self.open(context) {
            Ok(open) => open,
            Err(fault) => return Outcome::Failed(fault),
        };
        if open.is_empty() {
            let reason = "no env file has a place that is not set".to_owned();
            return if self.writes { Outcome::UpToDate(reason) } else { Outcome::Skipped(reason) };
        }
        if self.writes { self.write(context, &open).into() } else { Outcome::Ask(proposal(&open)) }
    }
}

impl GenerateAction {
    fn open(&self, context: &StepContext<'_>) -> Result<Vec<Open>, Fault> {
        let mut found: Vec<Open> = Vec::new();
        for entry in self.entries.iter().filter_map(|entry| self.model.env_files.get(entry)) {
            let at = |fault| context.bindings().fault_at(entry.path_span, fault);
            let files = env_files(context.doors(), &self.model.root, entry).map_err(|fault| {
                at(Fault::new(FaultKind::File, format!("the env files `{}`: {fault}", entry.name)))
            })?;
            for file in files {
                if found.iter().any(|open| open.path == file.path) {
                    continue;
                }
                let bytes =
                    context.doors().files.read(&self.model.root.join(&file.path)).map_err(|error| {
                        at(Fault::new(
                            FaultKind::File,
                            format!("{} could not be read: {error}", file.path.display()),
                        ))
                    })?;
                let document = Document::new(&bytes);
                let unset = document.assignments().filter(|(_, it)| !markers(document.raw(it)).is_empty());
                let keys: Vec<String> =
                    unset.map(|(_, it)| String::from_utf8_lossy(document.key(it)).into_owned()).collect();
                if !keys.is_empty() {
                    found.push(Open { path: file.path, bytes, keys });
                }
            }
        }
        Ok(found)
    }

    fn write(&self, context: &StepContext<'_>, open: &[Open]) -> Result<Outcome, Fault> {
        if context.approval(&digest(open)).is_none() {
            let reason = "the env files are not those that were shown".to_owned();
            return Ok(Outcome::Redo { from: APPROVE.to_owned(), reason });
        }
        let mut problem = None;
        let mut draw = |bytes: &mut [u8]| {
            if let Err(error) = random::fill(bytes) {
                problem = Some(error);
            }
        };
        let mut generator = Generator::new(&mut draw);
        let filled: Vec<Vec<u8>> = open.iter().map(|open| generator.fill(&open.bytes)).collect();
        generator.values().values().for_each(|value| {
            context.masker().add(value.as_bytes());
        });
        if let Some(error) = problem {
            return Err(Fault::new(FaultKind::World, format!("the system gives no random bytes: {error}")));
        }
        for (open, bytes) in open.iter().zip(filled) {
            let path = self.model.root.join(&open.path);
            context.doors().files.write_durable(&path, &bytes, 0o600).map_err(|error| {
                Fault::new(FaultKind::World, format!("{} could not be written: {error}", open.path.display()))
            })?;
            let text = format!("{}: {}", open.path.display(), open.keys.join(", "));
            context.log().notice(Level::Note, &text);
        }
        Ok(Outcome::done())
    }
}

fn proposal(open: &[Open]) -> Proposal {
    let change = |file: &Open| ProposedChange {
        name: file.path.display().to_string(),
        summary: file.keys.join(", "),
        destroys: Vec::new(),
        replaces: Vec::new(),
        digest: digest(open),
    };
    let number = count(open.iter().map(|open| open.keys.len()).sum(), "secret");
    Proposal {
        question: format!("Generate {number}?"),
        changes: open.iter().map(change).collect(),
        words: Vec::new(),
    }
}

fn digest(open: &[Open]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    for file in open {
        hasher.update(file.path.to_string_lossy().as_bytes()).update(b"\0");
        hasher.update(blake3::hash(&file.bytes).as_bytes());
    }
    Digest(hasher.finalize().to_hex().to_string())
}
