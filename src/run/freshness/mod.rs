//! Whether a step has anything to do, by what was recorded of its last success.
//!
//! Before a step runs, what goes into it is compared with the record: the small parts of its fingerprint, the digests of its sources, what
//! the steps that it needs left, and its outputs as it left them. One that differs is the reason to run; none, and the step is up to date.
//!
//! What always holds, each for a fault of a peer:
//!
//! - Recorded is what went in *before* the run, and only where it is still the same afterwards: an edit while it runs is not lost.
//! - The same holds of what the steps that it needs left: a run beside this one may make it anew while it is read.
//! - Recorded is only a success. That a step is about to run is written down first, so that one which was killed half way is never up to date,
//!   also where everything is put back as an older record has it.
//! - One record for each set of arguments, not a history: going back to an earlier state runs again, for the outputs are those of the later.
//! - A digest is of contents. Times only say whether a file has to be read again (`table`).
//! - In doubt it runs: no file to go by, one that can't be read, a need of which nobody knows what it did.
//!
//! A dry run asks the same (`foresee`), without starting, asking or writing anything: then a part may be unknown.

mod case;
mod foresee;
mod layout;
mod record;
mod store;
mod table;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

pub use foresee::foresee;
pub use store::forget;

use case::Case;
use foresee::Writes;
use store::{Ends, StepStore};
use table::Table;

use super::action::{Action, Exports, Outcome};
use super::context::StepContext;
use super::shared::{Shared, lock};
use crate::diagnostic::Fault;
use crate::event::{EventKind, Level};
use crate::os::contents;
use crate::os::walk::{self, Unreadable};
use crate::plan::{Reason, StepId, Verdict};
use crate::text::patterns::Patterns;

/// What steps left for those that need them.
pub(super) struct Freshness {
    left: Mutex<Vec<Left>>,
    made: Mutex<HashMap<StepId, Arc<Made>>>,
    /// In a dry run: what steps may write that would run.
    foreseen: Mutex<HashMap<StepId, Writes>>,
    swept: Once,
    /// Steps, without their arguments, of which surplus records were forgotten.
    trimmed: Mutex<HashSet<String>>,
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
    /// It ran in the run that this one goes on for, and not again.
    Kept,
}

/// What a step made, and by what one sees whether another run makes it anew.
struct Made {
    ends: Ends,
    outputs: Table,
    /// Of its record.
    stamp: Option<Duration>,
}

impl Freshness {
    pub(super) fn new(steps: usize) -> Self {
        Self {
            left: Mutex::new(vec![Left::Unknown; steps]),
            made: Mutex::default(),
            foreseen: Mutex::default(),
            swept: Once::new(),
            trimmed: Mutex::default(),
        }
    }

    fn leave(&self, id: StepId, left: Left) {
        lock(&self.left)[id.index()] = left;
    }

    fn left(&self, id: StepId) -> Left {
        lock(&self.left)[id.index()].clone()
    }

    fn made(&self, id: StepId, made: Made) {
        lock(&self.made).insert(id, Arc::new(made));
    }

    fn made_by(&self, id: StepId) -> Option<Arc<Made>> {
        lock(&self.made).get(&id).cloned()
    }

    /// Whether no step of this name, with whatever arguments, has come here yet.
    fn is_first_of(&self, step: &str) -> bool {
        lock(&self.trimmed).insert(store::bare(step).to_owned())
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
    let run = match case.store.open(case.work()) {
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
            shared.freshness.leave(context.id(), case.left_alone(context));
        }
    }
    outcome
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
    let shared = context.shared();
    let was_done = || shared.kept.as_ref().is_some_and(|kept| kept.was_done(shared.plan, context.id()));
    for (title, left) in needs {
        let part = format!("what `{title}` makes");
        match left {
            Left::Digest(digest) => {
                fingerprint.inputs.insert(part, digest);
            }
            Left::Open => fingerprint.unknown.push(part),
            Left::Kept if was_done() => {}
            Left::Unknown | Left::Kept => runs_each_time = runs_each_time.or(Some(title)),
        }
    }
    let store = StepStore::new(shared.doors, &shared.root, &context.step().name);
    let record = store.read();
    let earlier = store.ends();
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
        in_doubt: false,
    };
    if shared.mode.looks {
        foresee::doubt(context, &mut case);
    }
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

/// The step is kept: it does nothing now, and what hands on what it needs itself does that.
pub(super) fn keep(context: &mut StepContext<'_>, action: &dyn Action) {
    let left = match judge(context, action) {
        Ok(Judged::HandsOn(left)) => left,
        _ => Left::Kept,
    };
    context.shared().freshness.leave(context.id(), left);
}

/// What the steps left that are meant by `names`, each with its title.
fn needs(context: &StepContext<'_>, names: &[String]) -> Vec<(String, Left)> {
    let shared = context.shared();
    let steps = needed(shared, context.id(), names).into_iter();
    steps.map(|id| (shared.plan.step(id).title.clone(), shared.freshness.left(id))).collect()
}

/// The steps that `id` needs and that are meant by `names`.
fn needed(shared: &Shared<'_>, id: StepId, names: &[String]) -> Vec<StepId> {
    let names: HashSet<&str> = names.iter().map(String::as_str).collect();
    // Behind its name a step has its arguments.
    let is_meant = |step: &str| {
        names.contains(step) || step.match_indices(' ').any(|(blank, _)| names.contains(&step[..blank]))
    };
    let needs = shared.plan.step(id).needs.iter().copied();
    needs.filter(|id| is_meant(&shared.plan.step(*id).name)).collect()
}

/// The results of several steps as one.
fn together(needs: Vec<(String, Left)>) -> Left {
    let mut hasher = blake3::Hasher::new();
    let (mut is_open, mut is_kept) = (false, false);
    for (title, left) in needs {
        match left {
            Left::Unknown => return Left::Unknown,
            Left::Kept => is_kept = true,
            Left::Open => is_open = true,
            Left::Digest(digest) => {
                hasher.update(title.as_bytes()).update(b"\0").update(digest.as_bytes()).update(b"\0");
            }
        }
    }
    if is_kept {
        return Left::Kept;
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
