//! `secrets lint`: what is wrong with the env files themselves, and with how they are kept. No finding shows a value.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::item::Selection;
use crate::adapters::git::command;
use crate::diagnostic::{Fault, FaultKind};
use crate::event::Termination;
use crate::masking::{EnvValue, env_value};
use crate::model::{EnvFiles, Model};
use crate::os::files::access;
use crate::plan::{Effect, WhenOrphaned};
use crate::run::node::Node;
use crate::run::{Action, Outcome, StepContext};
use crate::text::dotenv::Reader;
use crate::text::dotenv::compose::keys_used;
use crate::text::dotenv::document::Document;
use crate::text::dotenv::lint::{Finding, Lint, Severity};

/// Who reads env files: compose, in both of its kinds, and a shell. `docker --env-file` is left out: it takes quotes for a part of the value,
/// so that every quoted one would be told.
const READERS: [Reader; 3] = [Reader::Compose, Reader::Python, Reader::Shell];

/// All that was found.
#[derive(Clone, Debug, Default)]
pub struct LintReport {
    /// In the order of the files.
    pub findings: Vec<FileFinding>,
    /// How many files were looked at.
    pub files: usize,
}

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileFinding {
    /// The file, from the root.
    pub file: PathBuf,
    /// From 1; 0: the file as a whole.
    pub line: usize,
    /// In characters, from 1; 0: the line as a whole.
    pub column: usize,
    /// `error`, `warning` or `note`.
    pub severity: &'static str,
    /// What kind of thing.
    pub code: &'static str,
    /// The key that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What is wrong and why.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// The step that looks.
pub(super) fn node(model: &Arc<Model>, environment: Option<&str>) -> Node {
    let selection = Selection { environment: environment.map(str::to_owned), names: Vec::new() };
    Node {
        name: "secrets:lint".to_owned(),
        title: "look at the env files".to_owned(),
        needs: Vec::new(),
        after: Vec::new(),
        effect: Effect::Reads,
        when_orphaned: WhenOrphaned::Stop,
        action: Box::new(LintAction { model: Arc::clone(model), selection }),
    }
}

struct LintAction {
    model: Arc<Model>,
    selection: Selection,
}

impl Action for LintAction {
    fn describe(&self) -> Vec<String> {
        let entries = self.selection.entries(&self.model);
        let paths = entries.iter().filter_map(|entry| self.model.env_files.get(entry));
        paths.map(|entry| format!("look at {}", entry.path.display())).collect()
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.lint(context).map(Outcome::done_with).into()
    }
}

impl LintAction {
    fn lint(&self, context: &mut StepContext<'_>) -> Result<LintReport, Fault> {
        let mut report = LintReport::default();
        let mut defined = BTreeSet::new();
        let mut seen = BTreeSet::new();
        for name in self.selection.entries(&self.model) {
            let Some(entry) = self.model.env_files.get(&name) else { continue };
            for (file, bytes) in context.bindings().read_env_files(context, entry)? {
                if !seen.insert(file.path.clone()) {
                    continue;
                }
                report.files += 1;
                report.findings.extend(of_content(entry, &file.path, &bytes));
                let document = Document::new(&bytes);
                let keys = document
                    .assignments()
                    .map(|(_, it)| String::from_utf8_lossy(document.key(it)).into_owned());
                defined.extend(keys);
                report.findings.extend(self.of_keeping(context, &file.path)?);
            }
        }
        report.findings.extend(self.of_compose(context, &defined)?);
        Ok(report)
    }

    /// Who may read the file, and whether git has it.
    fn of_keeping(&self, context: &mut StepContext<'_>, path: &Path) -> Result<Vec<FileFinding>, Fault> {
        let whole = |severity, code, message: String, help: String| FileFinding {
            file: path.to_owned(),
            line: 0,
            column: 0,
            severity: word(severity),
            code,
            key: None,
            message,
            help,
        };
        let shown = crate::text::quote::shell(&path.display().to_string()).into_owned();
        let mut findings = Vec::new();
        let root = self.model.root.clone();
        if let Some(access) = access(&root.join(path)).filter(|access| access.mode & 0o077 != 0) {
            let message = format!("others on this machine may read it (mode {:o})", access.mode);
            findings.push(whole(Severity::Warning, "open-mode", message, format!("`chmod 600 {shown}`")));
        }
        let ignored = context.read_command(&command::is_ignored(&root, path), true)?;
        match ignored.termination {
            Termination::Exited { status: 1 } => findings.push(whole(
                Severity::Error,
                "not-ignored",
                "git does not ignore it".to_owned(),
                format!(
                    "add `/{}` to .gitignore; where git has it already: `git rm --cached {shown}`",
                    path.display()
                ),
            )),
            Termination::Exited { status: 0 } => {}
            // No repository, or none that git can read.
            _ => return Ok(findings),
        }
        let log = context.read_command(&command::commit_of_path(&root, path), true)?;
        if let Some(commit) = log.out.lines().next().filter(|_| log.termination.is_success()) {
            let commit = commit.get(..12).unwrap_or(commit);
            findings.push(whole(
                Severity::Error,
                "in-history",
                format!("git has it in its history (commit {commit}): whoever can clone the repository has its secrets"),
                "replace these secrets everywhere; taking the file out of the history does not take it out of the clones".to_owned(),
            ));
        }
        Ok(findings)
    }

    /// Variables that a compose file wants and nobody gives.
    fn of_compose(
        &self,
        context: &StepContext<'_>,
        defined: &BTreeSet<String>,
    ) -> Result<Vec<FileFinding>, Fault> {
        let mut findings = Vec::new();
        let files = self.model.rollout.iter().flat_map(|rollout| &rollout.compose);
        for file in files {
            let bytes = context.doors().files.read(&self.model.root.join(&file.value)).map_err(|error| {
                let message = format!("{} could not be read: {error}", file.value.display());
                context.bindings().fault_at(file.span, Fault::new(FaultKind::File, message))
            })?;
            let text = String::from_utf8_lossy(&bytes);
            let mut told = BTreeSet::new();
            for used in keys_used(&text) {
                let is_given =
                    used.has_default || defined.contains(&used.key) || self.model.env.contains_key(&used.key);
                if is_given || !told.insert(used.key.clone()) {
                    continue;
                }
                findings.push(FileFinding {
                    file: file.value.clone(),
                    line: used.line,
                    column: 0,
                    severity: word(Severity::Warning),
                    code: "undefined-key",
                    message: format!("no env file defines `{}`, which the compose file uses", used.key),
                    help: "define it, or give it a default: `${KEY:-default}`".to_owned(),
                    key: Some(used.key),
                });
            }
        }
        Ok(findings)
    }
}

/// What is wrong with the content.
fn of_content(entry: &EnvFiles, path: &Path, bytes: &[u8]) -> Vec<FileFinding> {
    let is_too_weak =
        |key: &str, value: &[u8]| env_value(key, value, &entry.mask, &entry.public) == EnvValue::TooWeak;
    let lint = Lint { readers: &READERS, is_too_weak: &is_too_weak };
    lint.run(bytes).into_iter().map(|finding| of_file(path, finding)).collect()
}

fn of_file(path: &Path, finding: Finding) -> FileFinding {
    FileFinding {
        file: path.to_owned(),
        line: finding.line,
        column: finding.column,
        severity: word(finding.severity),
        code: finding.code,
        key: finding.key,
        message: finding.message,
        help: finding.help,
    }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}
