//! A step that can be up to date: why it has to run, and what is recorded once it did.
//!
//! Of other steps nothing is known here but what they left (`mod`); of the store only that it keeps a record.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::record::{Parts, Record};
use super::store::{Ends, OpenRun, StepStore, Work, bare};
use super::table::{self, Table};
use super::{Left, Made, look, needed};
use crate::event::Level;
use crate::os::files::FileKind;
use crate::os::random;
use crate::os::walk::{self, Unreadable};
use crate::plan::verdict::difference;
use crate::plan::{FileChange, Fingerprint, Reason, Verdict};
use crate::run::action::{Action, Exports, Outcome, Produced};
use crate::run::context::StepContext;
use crate::text::patterns::Patterns;

/// A step that can be up to date, and all that is known of it.
pub(super) struct Case<'a> {
    pub(super) fingerprint: Fingerprint,
    pub(super) verdict: Verdict,
    pub(super) store: StepStore<'a>,
    pub(super) record: Option<Record>,
    pub(super) earlier: Ends,
    /// `None`: they can't be read.
    pub(super) sources: Option<Table>,
    pub(super) outputs: Option<Table>,
    /// Files were read although they are the same: the record should know that next time.
    pub(super) has_read: bool,
    /// In a dry run: a step before it may write sources, which are left out here.
    pub(super) in_doubt: bool,
}

impl Case<'_> {
    /// Why it has to run, if anything says so.
    pub(super) fn stale(
        &mut self,
        context: &StepContext<'_>,
        runs_each_time: Option<String>,
    ) -> Option<Reason> {
        if let Some(bad) = self.earlier.bad.first() {
            return Some(bad.reason.clone());
        }
        let Some(record) = &self.record else { return Some(Reason::NeverRun) };
        if let Some(title) = runs_each_time {
            return Some(Reason::Needs { title });
        }
        let fingerprint = &self.fingerprint;
        let changed = difference(&record.parts.inputs, &fingerprint.inputs, &fingerprint.unknown);
        if changed.is_some() {
            return changed;
        }
        let sources = self.sources.as_ref()?;
        if let Some((path, change, others)) = table::difference(&record.sources, sources) {
            return Some(Reason::Source { path, change, others });
        }
        if let Some(pattern) = missing(&fingerprint.sources, sources)
            && !self.in_doubt
        {
            return Some(Reason::NoSource { pattern });
        }
        let (outputs, has_read) = match look(context, &fingerprint.outputs, Some(&record.outputs)) {
            Ok(seen) => seen,
            Err(error) => return Some(Reason::Always { why: error.to_string() }),
        };
        self.has_read |= has_read;
        let changed = table::difference(&record.outputs, &outputs);
        self.outputs = Some(outputs);
        if let Some((path, change, others)) = changed {
            return Some(Reason::Output { path, change, others });
        }
        let outputs = self.outputs.as_ref()?;
        if let Some(pattern) = not_made(context, &fingerprint.outputs, outputs) {
            return Some(Reason::Output { path: pattern, change: FileChange::Removed, others: 0 });
        }
        difference(&record.parts.results, &fingerprint.results, &[])
    }

    /// What it is about to make of what.
    pub(super) fn work(&self) -> Work {
        let mut hasher = blake3::Hasher::new();
        for (part, digest) in &self.fingerprint.inputs {
            hasher.update(part.as_bytes()).update(b"\0").update(digest.as_bytes()).update(b"\0");
        }
        if let Some(sources) = &self.sources {
            sources.stamp(&mut hasher);
        }
        Work { inputs: hasher.finalize().to_hex().to_string(), outputs: self.fingerprint.outputs.clone() }
    }

    /// It did nothing. What it leaves is what is there, be that what a failure made half, or somebody else.
    pub(super) fn left_alone(&self, context: &StepContext<'_>) -> Left {
        let patterns = &self.fingerprint.outputs;
        let recorded = self.record.as_ref();
        if patterns.is_empty() {
            // What it makes has no name: it is what it was only where nothing came to a bad end since.
            return match self.earlier.bad.is_empty() {
                true => Left::Digest(recorded.map(|record| record.parts.left.clone()).unwrap_or_default()),
                false => Left::Unknown,
            };
        }
        let outputs = look(context, patterns, recorded.map(|record| &record.outputs));
        let exports = recorded.and_then(|record| record.parts.exports.as_ref());
        let left = outputs.ok().and_then(|(outputs, _)| left(patterns, &outputs, exports));
        left.map_or(Left::Unknown, Left::Digest)
    }

    /// Its work is as it was left: it hands on what it left then.
    pub(super) fn take_over(self, context: &StepContext<'_>) -> Outcome {
        let reason = self.verdict.unchanged();
        let Some(record) = self.record else { return Outcome::UpToDate(reason) };
        let shared = context.shared();
        if let Some(exports) = record.parts.exported() {
            shared.keep(context.id(), Some(std::sync::Arc::new(exports)));
        }
        shared.freshness.leave(context.id(), Left::Digest(record.parts.left.clone()));
        let outputs = self.outputs.unwrap_or_default();
        // Another run may have got further in between; and where this can't be written, the files are read again next time.
        if self.has_read && self.store.read().is_some_and(|there| there.parts == record.parts) {
            let sources = self.sources.unwrap_or_default();
            self.store.write(&Record { sources, outputs: outputs.clone(), ..record }).ok();
        }
        let made = Made { ends: self.earlier, outputs, stamp: self.store.stamp() };
        shared.freshness.made(context.id(), made);
        Outcome::UpToDate(reason)
    }

    /// Records a success, or why it is none to go by.
    pub(super) fn settle(
        self,
        context: &mut StepContext<'_>,
        action: &dyn Action,
        run: &OpenRun,
        value: Option<&Produced>,
    ) -> Left {
        let record = self.success(context, action, value).and_then(|record| {
            match self.store.made_by_another(run, &record.outputs, &self.earlier) {
                Some(path) => Err(Reason::MadeByTwo { path }),
                None => Ok(record),
            }
        });
        let record = match record {
            Ok(record) => record,
            Err(reason) => {
                if let Reason::NotMade { .. } = reason {
                    context.log().notice(Level::Warning, &format!("{reason}, so it will run again"));
                }
                // Where this can't be written, it is known all the same that there was no good end.
                self.store.leave(run, &reason).ok();
                return Left::Unknown;
            }
        };
        if self.store.finish(&record, run, &self.earlier.bad).is_err() {
            context.log().notice(Level::Warning, "its success could not be recorded, so it will run again");
        }
        let shared = context.shared();
        let freshness = &shared.freshness;
        freshness.swept.call_once(|| self.store.sweep());
        if freshness.is_first_of(context.name()) {
            let steps = shared.plan.ids().map(|id| shared.plan.step(id).name.as_str());
            self.store.forget_surplus(steps);
        }
        let Record { parts, outputs, .. } = record;
        let made = Made { ends: self.earlier, outputs, stamp: self.store.stamp() };
        freshness.made(context.id(), made);
        Left::Digest(parts.left)
    }

    fn success(
        &self,
        context: &mut StepContext<'_>,
        action: &dyn Action,
        value: Option<&Produced>,
    ) -> Result<Record, Reason> {
        let unreadable = |error: Unreadable| Reason::Always { why: error.to_string() };
        let before = &self.fingerprint;
        let after = action.fingerprint(context).ok().flatten().ok_or(Reason::Unfinished)?;
        let own = |inputs: &BTreeMap<String, String>| -> BTreeMap<String, String> {
            let own = inputs
                .iter()
                .filter(|(part, _)| after.inputs.contains_key(*part) || !part.starts_with("what `"));
            own.map(|(part, digest)| (part.clone(), digest.clone())).collect()
        };
        if let Some(Reason::Changed { part }) = difference(&own(&before.inputs), &after.inputs, &[]) {
            return Err(Reason::ChangedMeanwhile { part });
        }
        let Some(sources) = &self.sources else { return Err(Reason::Unfinished) };
        let (now, _) = look(context, &before.sources, Some(sources)).map_err(unreadable)?;
        if let Some(part) = table::touched(sources, &now) {
            return Err(Reason::ChangedMeanwhile { part });
        }
        if let Some(title) = self.made_anew(context) {
            return Err(Reason::ChangedMeanwhile { part: format!("what `{title}` makes") });
        }
        let recorded = self.outputs.as_ref().or(self.record.as_ref().map(|record| &record.outputs));
        let (outputs, _) = look(context, &before.outputs, recorded).map_err(unreadable)?;
        if let Some(pattern) = not_made(context, &before.outputs, &outputs) {
            return Err(Reason::NotMade { pattern });
        }
        let exports = exports(value)?;
        let left = left(&before.outputs, &outputs, exports.as_ref()).ok_or(Reason::Unfinished)?;
        let step = context.step().name.clone();
        let parts = Parts { step, inputs: before.inputs.clone(), results: after.results, left, exports };
        Ok(Record { parts, sources: now, outputs })
    }

    /// A step that this one needs, whose work another run may have done anew meanwhile.
    fn made_anew(&self, context: &StepContext<'_>) -> Option<String> {
        let shared = context.shared();
        let mut open = needed(shared, context.id(), &self.fingerprint.needs);
        let (mut seen, mut marks) = (HashSet::new(), HashMap::new());
        while let Some(id) = open.pop() {
            let step = shared.plan.step(id);
            match shared.freshness.made_by(id) {
                _ if !seen.insert(id) => {}
                Some(made) => {
                    let store = StepStore::new(shared.doors, &shared.root, &step.name);
                    let marks = marks.entry(bare(&step.name)).or_insert_with(|| store.marks());
                    if store.is_made_anew(&made, marks) {
                        return Some(step.title.clone());
                    }
                }
                // What hands on what others made.
                None => open.extend(&step.needs),
            }
        }
        None
    }
}

/// The values that a step left, as they are recorded.
fn exports(value: Option<&Produced>) -> Result<Option<BTreeMap<String, serde_json::Value>>, Reason> {
    let Some(value) = value else { return Ok(None) };
    let always = |why: &str| Reason::Always { why: why.to_owned() };
    let exports = value.downcast_ref::<Exports>().ok_or_else(|| always("what it leaves can't be kept"))?;
    if exports.0.values().any(|value| value.secret) {
        return Err(always("it exports a secret, which is kept nowhere"));
    }
    Ok(Some(exports.0.iter().map(|(name, value)| (name.clone(), value.json.clone())).collect()))
}

/// What steps that need this one compare: what it made, or where it does not say what that is, that it ran.
fn left(
    patterns: &Patterns,
    outputs: &Table,
    exports: Option<&BTreeMap<String, serde_json::Value>>,
) -> Option<String> {
    let mut hasher = blake3::Hasher::new();
    if patterns.is_empty() && exports.is_none() {
        let mut bytes = [0; 32];
        random::fill(&mut bytes).ok()?;
        hasher.update(&bytes);
    }
    outputs.digest(&mut hasher);
    hasher.update(&serde_json::to_vec(&exports).ok()?);
    Some(hasher.finalize().to_hex().to_string())
}

/// The first pattern of which nothing was made: a folder that is named may be empty.
fn not_made(context: &StepContext<'_>, patterns: &Patterns, table: &Table) -> Option<String> {
    let files = &context.doors().files;
    let is_folder = |path: &[u8]| files.kind(&context.root().join(walk::os_path(path))) == FileKind::Folder;
    let without = patterns.each().into_iter().filter(|(_, alone)| !table.has(alone));
    without
        .filter(|(_, alone)| !alone.paths().any(|path| is_folder(&path)))
        .map(|(text, _)| text.to_owned())
        .next()
}

/// The first pattern that fits none of the files: of those with a wildcard only where nothing fits at all.
fn missing(patterns: &Patterns, table: &Table) -> Option<String> {
    let is_empty = table.len() == 0;
    patterns
        .each()
        .into_iter()
        .find(|(_, alone)| (is_empty || alone.is_name()) && !table.has(alone))
        .map(|(text, _)| text.to_owned())
}
