//! Whether a step has anything to do, by what was recorded of its last success.
//!
//! Before a step runs, what goes into it is compared with the record: the small parts of its fingerprint, the digests of its sources, what
//! the steps that it needs left, and its outputs as it left them. One that differs is the reason to run; none, and the step is up to date.
//!
//! What always holds, each for a fault of a peer:
//!
//! - Recorded is what went in *before* the run, and only where it is still the same afterwards: an edit while it runs is not lost.
//! - Recorded is only a success. That a step is about to run is written down first, so that one which was killed half way is never up to date,
//!   also where everything is put back as an older record has it.
//! - One record for each set of arguments, not a history: going back to an earlier state runs again, for the outputs are those of the later.
//! - A digest is of contents. Times only say whether a file has to be read again (`table`).
//! - In doubt it runs: no file to go by, one that can't be read, a need of which nobody knows what it did.
//!
//! A dry run asks the same (`foresee`), without starting, asking or writing anything: then a part may be unknown.

mod layout;
mod record;
mod store;
mod table;

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, Once};

pub use store::forget;

use record::{Parts, Record};
use store::{BadEnd, OpenRun, StepStore};
use table::Table;

use super::action::{Action, Exports, Outcome, Produced, RunPlan};
use super::asker::Asker;
use super::bindings::Bindings;
use super::budget::Budget;
use super::context::StepContext;
use super::kept::{Kept, Resumed};
use super::shared::{Channels, Mode, Shared, lock};
use crate::diagnostic::Fault;
use crate::event::{EventKind, Level};
use crate::masking::Masker;
use crate::os::walk::{self, Unreadable};
use crate::os::{Doors, contents, random};
use crate::plan::verdict::difference;
use crate::plan::{Fingerprint, Reason, StepId, Verdict};
use crate::text::patterns::Patterns;

/// What steps left for those that need them.
pub(super) struct Freshness {
    left: Mutex<Vec<Left>>,
    swept: Once,
}

/// What is known of a step's result.
#[derive(Clone, Debug, Default)]
enum Left {
    /// It ran, and nobody knows what that changed.
    #[default]
    Unknown,
    /// While this is the same, nothing changed.
    Digest(String),
    /// A run will tell.
    Open,
}

impl Freshness {
    pub(super) fn new(steps: usize) -> Self {
        Self { left: Mutex::new(vec![Left::Unknown; steps]), swept: Once::new() }
    }

    fn leave(&self, id: StepId, left: Left) {
        lock(&self.left)[id.index()] = left;
    }

    fn left(&self, id: StepId) -> Left {
        lock(&self.left)[id.index()].clone()
    }
}

/// What came of looking.
enum Judged<'a> {
    /// It always runs; why, where it says so.
    Untracked(Option<String>),
    /// It does nothing itself.
    HandsOn(Left),
    /// There is an answer.
    Tracked(Box<Case<'a>>),
}

/// A step that can be up to date, and all that is known of it.
struct Case<'a> {
    fingerprint: Fingerprint,
    verdict: Verdict,
    store: StepStore<'a>,
    record: Option<Record>,
    earlier: Vec<BadEnd>,
    /// `None`: they can't be read.
    sources: Option<Table>,
    outputs: Option<Table>,
    /// Files were read although they are the same: the record should know that next time.
    has_read: bool,
}

/// Runs a step, or finds that it need not.
pub(super) fn run(context: &mut StepContext<'_>, action: &dyn Action) -> Outcome {
    let shared = context.shared();
    let case = match judge(context, action) {
        Err(fault) => return Outcome::Failed(fault),
        Ok(Judged::Untracked(why)) => {
            if let Some(why) = why.filter(|_| shared.mode.explain) {
                say(context, &Verdict::Stale(Reason::Always { why }));
            }
            return action.run(context);
        }
        Ok(Judged::HandsOn(left)) => {
            shared.freshness.leave(context.id(), left);
            return action.run(context);
        }
        Ok(Judged::Tracked(case)) => case,
    };
    say(context, &case.verdict);
    if matches!(case.verdict, Verdict::Fresh { .. }) {
        return case.take_over(context);
    }
    let run = match case.store.open() {
        Ok(run) => run,
        Err(error) => return Outcome::Failed(super::context::unrecorded(&error)),
    };
    let outcome = action.run(context);
    match &outcome {
        Outcome::Done(value) => {
            let left = case.settle(context, action, &run, value.as_ref());
            shared.freshness.leave(context.id(), left);
        }
        // What says that it runs stays, and is the reason next time.
        Outcome::Failed(_) | Outcome::Ignored(_) => {}
        // It did nothing: all is as it was.
        Outcome::UpToDate(_)
        | Outcome::Skipped(_)
        | Outcome::Stopped(_)
        | Outcome::Ask(_)
        | Outcome::Redo { .. } => {
            case.store.close(&run);
            let left = case.record.map(|record| record.parts.left).unwrap_or_default();
            shared.freshness.leave(context.id(), Left::Digest(left));
        }
    }
    outcome
}

/// What a dry run knows of each step, in the order of the plan; nothing of those that always run and have nothing to say.
pub fn foresee(
    (plan, doors, masker, bindings): (&RunPlan, &Doors, &Masker, &Bindings),
    root: PathBuf,
    (force, resumed): (bool, Option<&Resumed>),
) -> Vec<(StepId, Option<Verdict>)> {
    // Nobody listens: nothing is said, and a question has no answer.
    let channels =
        Channels { life: Arc::default(), budget: Arc::new(Budget::endless()), asker: Asker::nobody() };
    let mode = Mode { force, explain: true, fail_fast: false, looks: true };
    let shared = Shared::new((plan, doors, masker, bindings), None, root, channels, mode);
    let kept = resumed.cloned().map(Kept::new);
    let order = plan.order().into_iter();
    order
        .map(|id| {
            if let Some(reason) = kept.as_ref().and_then(|kept| kept.reason(plan, id)) {
                return (id, Some(Verdict::Kept { reason }));
            }
            let mut context = StepContext::new(&shared, id, (1, None), &|| {});
            let (verdict, left) = match judge(&mut context, plan.step(id).action.as_ref()) {
                Err(fault) => {
                    let why = format!("whether it has to can't be told: {}", fault.message);
                    (Some(Verdict::Stale(Reason::Always { why })), Left::Unknown)
                }
                Ok(Judged::Untracked(why)) => {
                    (why.map(|why| Verdict::Stale(Reason::Always { why })), Left::Unknown)
                }
                Ok(Judged::HandsOn(left)) => (None, left),
                Ok(Judged::Tracked(case)) => {
                    let left = match (&case.verdict, case.record) {
                        (Verdict::Fresh { .. }, Some(record)) => Left::Digest(record.parts.left),
                        (Verdict::Stale(_), _) if case.fingerprint.outputs.is_empty() => Left::Unknown,
                        _ => Left::Open,
                    };
                    (Some(case.verdict.map_text(|text| masker.mask(text))), left)
                }
            };
            shared.freshness.leave(id, left);
            if let Some(kept) = &kept {
                kept.note(plan, id, !matches!(verdict, Some(Verdict::Fresh { .. })));
            }
            (id, verdict)
        })
        .collect()
}

pub(super) fn say(context: &StepContext<'_>, verdict: &Verdict) {
    let shared = context.shared();
    let masked = verdict.clone().map_text(|text| shared.masker.mask(text));
    shared.send(&context.step().name, EventKind::Judged(masked));
    // That it is up to date is said anyway.
    if shared.mode.explain && !matches!(verdict, Verdict::Fresh { .. }) {
        context.log().notice(Level::Note, &verdict.to_string());
    }
}

fn judge<'a>(context: &mut StepContext<'a>, action: &dyn Action) -> Result<Judged<'a>, Fault> {
    let Some(mut fingerprint) = action.fingerprint(context)? else { return Ok(Judged::Untracked(None)) };
    let needs = needs(context, &fingerprint.needs);
    if fingerprint.hands_on {
        return Ok(Judged::HandsOn(together(needs)));
    }
    if fingerprint.always.is_some() && fingerprint.outputs.is_empty() {
        return Ok(Judged::Untracked(fingerprint.always));
    }
    let mut runs_each_time = None;
    for (title, left) in needs {
        let part = format!("what `{title}` makes");
        match left {
            Left::Digest(digest) => {
                fingerprint.inputs.insert(part, digest);
            }
            Left::Open => fingerprint.unknown.push(part),
            Left::Unknown => runs_each_time = runs_each_time.or(Some(title)),
        }
    }
    let shared = context.shared();
    let store = StepStore::new(shared.doors, &shared.root, &context.step().name);
    let record = store.read();
    let earlier = store.bad_ends();
    let seen = look(context, &fingerprint.sources, record.as_ref().map(|record| &record.sources));
    let (sources, has_read, unreadable) = match seen {
        Ok((table, has_read)) => (Some(table), has_read, None),
        Err(error) => (None, false, Some(error.to_string())),
    };
    let mut case = Case {
        verdict: Verdict::Stale(Reason::NeverRun),
        fingerprint,
        store,
        record,
        earlier,
        sources,
        outputs: None,
        has_read,
    };
    let is_forced = shared.mode.force || context.redo_reason().is_some();
    let reason = if let Some(why) = case.fingerprint.always.clone().or(unreadable) {
        Some(Reason::Always { why })
    } else if is_forced {
        Some(Reason::Forced)
    } else {
        case.stale(context, runs_each_time)
    };
    case.verdict = match reason {
        Some(reason) => Verdict::Stale(reason),
        None if !case.fingerprint.unknown.is_empty() => {
            Verdict::Open { parts: case.fingerprint.unknown.clone() }
        }
        None => Verdict::Fresh {
            sources: case.sources.as_ref().map_or(0, Table::len),
            outputs: case.outputs.as_ref().map_or(0, Table::len),
        },
    };
    Ok(Judged::Tracked(Box::new(case)))
}

/// What the steps left that are meant by `names`, each with its title.
fn needs(context: &StepContext<'_>, names: &[String]) -> Vec<(String, Left)> {
    let shared = context.shared();
    let names: HashSet<&str> = names.iter().map(String::as_str).collect();
    // Behind its name a step has its arguments.
    let is_meant = |step: &str| {
        names.contains(step) || step.match_indices(' ').any(|(blank, _)| names.contains(&step[..blank]))
    };
    let steps = context.step().needs.iter().map(|id| (*id, shared.plan.step(*id)));
    steps
        .filter(|(_, step)| is_meant(&step.name))
        .map(|(id, step)| (step.title.clone(), shared.freshness.left(id)))
        .collect()
}

/// The results of several steps as one.
fn together(needs: Vec<(String, Left)>) -> Left {
    let mut hasher = blake3::Hasher::new();
    let mut is_open = false;
    for (title, left) in needs {
        match left {
            Left::Unknown => return Left::Unknown,
            Left::Open => is_open = true,
            Left::Digest(digest) => {
                hasher.update(title.as_bytes()).update(b"\0").update(digest.as_bytes()).update(b"\0");
            }
        }
    }
    if is_open { Left::Open } else { Left::Digest(hasher.finalize().to_hex().to_string()) }
}

/// The files as they are now, and whether any had to be read.
fn look(
    context: &StepContext<'_>,
    patterns: &Patterns,
    recorded: Option<&Table>,
) -> Result<(Table, bool), Unreadable> {
    if patterns.is_empty() {
        return Ok((Table::default(), false));
    }
    let taken = i64::try_from(context.doors().clock.now().as_nanosecond()).unwrap_or(i64::MIN);
    let mut table = {
        let folders = walk::walk(context.root(), patterns, |folder| table::carry_over(recorded, folder))?;
        Table::new(taken, folders)
    };
    let unread = table.unread();
    if unread.is_empty() {
        return Ok((table, false));
    }
    let mut digests = Vec::with_capacity(unread.len());
    for ((path, _), digest) in unread.iter().zip(contents::digests(context.root(), &unread)) {
        digests.push(match digest {
            Ok(digest) => Some(digest),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                return Err(Unreadable { path: String::from_utf8_lossy(path).into_owned().into(), error });
            }
        });
    }
    table.fill(&digests);
    Ok((table, true))
}

impl Case<'_> {
    /// Why it has to run, if anything says so.
    fn stale(&mut self, context: &StepContext<'_>, runs_each_time: Option<String>) -> Option<Reason> {
        if let Some(bad) = self.earlier.first() {
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
        if let Some(pattern) = missing(&fingerprint.sources, sources, false) {
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
        difference(&record.parts.results, &fingerprint.results, &[])
    }

    /// Its work is as it was left: it hands on what it left then.
    fn take_over(self, context: &StepContext<'_>) -> Outcome {
        let reason = self.verdict.unchanged();
        let Some(record) = self.record else { return Outcome::UpToDate(reason) };
        let shared = context.shared();
        if let Some(exports) = record.parts.exported() {
            shared.keep(context.id(), Some(std::sync::Arc::new(exports)));
        }
        shared.freshness.leave(context.id(), Left::Digest(record.parts.left.clone()));
        if self.has_read {
            // Another run may have got further in between; and where this can't be written, the files are read again next time.
            if self.store.read().is_some_and(|there| there.parts == record.parts) {
                let (sources, outputs) = (self.sources.unwrap_or_default(), self.outputs.unwrap_or_default());
                self.store.write(&Record { sources, outputs, ..record }).ok();
            }
        }
        Outcome::UpToDate(reason)
    }

    /// Records a success, or why it is none to go by.
    fn settle(
        self,
        context: &mut StepContext<'_>,
        action: &dyn Action,
        run: &OpenRun,
        value: Option<&Produced>,
    ) -> Left {
        let record = match self.success(context, action, value) {
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
        if self.store.finish(&record, run, &self.earlier).is_err() {
            context.log().notice(Level::Warning, "its success could not be recorded, so it will run again");
        }
        context.shared().freshness.swept.call_once(|| self.store.sweep());
        Left::Digest(record.parts.left)
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
        if let Some((part, ..)) = table::difference(sources, &now) {
            return Err(Reason::ChangedMeanwhile { part });
        }
        let recorded = self.outputs.as_ref().or(self.record.as_ref().map(|record| &record.outputs));
        let (outputs, _) = look(context, &before.outputs, recorded).map_err(unreadable)?;
        if let Some(pattern) = missing(&before.outputs, &outputs, true) {
            return Err(Reason::NotMade { pattern });
        }
        let exports = exports(value)?;
        let left = left(&before.outputs, &outputs, exports.as_ref()).ok_or(Reason::Unfinished)?;
        let step = context.step().name.clone();
        let parts = Parts { step, inputs: before.inputs.clone(), results: after.results, left, exports };
        Ok(Record { parts, sources: now, outputs })
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

/// The first pattern that fits none of the files: of those with a wildcard only where `each` has to, or where nothing fits at all.
fn missing(patterns: &Patterns, table: &Table, each: bool) -> Option<String> {
    let is_empty = table.len() == 0;
    patterns
        .each()
        .find(|(_, alone)| (is_empty || each || alone.is_name()) && !table.has(alone))
        .map(|(text, _)| text.to_owned())
}
