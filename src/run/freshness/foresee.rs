//! What a dry run knows: it looks at each step in the order of the plan, and at what those before it would do.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::case::Case;
use super::table::Table;
use super::{Judged, Left, judge, keep};
use crate::masking::Masker;
use crate::os::Doors;
use crate::plan::{Effect, Reason, StepId, Verdict};
use crate::run::action::RunPlan;
use crate::run::asker::Asker;
use crate::run::bindings::Bindings;
use crate::run::budget::Budget;
use crate::run::context::StepContext;
use crate::run::kept::{Kept, Resumed};
use crate::run::shared::{Channels, Mode, Shared, lock};
use crate::text::patterns::Patterns;

/// What a step may write that would run.
pub(super) enum Writes {
    /// What its outputs name, and what they were.
    Outputs(Patterns, Table),
    /// It does not say what.
    Anything,
}

/// Leaves sources out of what is known that a step before this one may write: what they will be, a run will tell.
pub(super) fn doubt(context: &StepContext<'_>, case: &mut Case<'_>) {
    let shared = context.shared();
    let foreseen = lock(&shared.freshness.foreseen);
    let (mut open, mut seen) = (shared.plan.step(context.id()).needs.clone(), HashSet::new());
    let mut writes_anything = false;
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        open.extend(&shared.plan.step(id).needs);
        match foreseen.get(&id) {
            None => {}
            Some(Writes::Anything) => writes_anything = true,
            Some(Writes::Outputs(patterns, made)) => {
                if let Some(path) = written(case, patterns, made) {
                    let left = |table: &Table| table.without(patterns);
                    case.sources = case.sources.as_ref().map(left);
                    if let Some(record) = &mut case.record {
                        record.sources = left(&record.sources);
                    }
                    case.in_doubt = true;
                    case.fingerprint.unknown.push(path);
                }
            }
        }
    }
    let fingerprint = &mut case.fingerprint;
    if writes_anything && fingerprint.unknown.is_empty() && !fingerprint.sources.is_empty() {
        fingerprint.unknown.push("its sources".to_owned());
    }
}

/// A source that is among what another step makes.
fn written(case: &Case<'_>, patterns: &Patterns, made: &Table) -> Option<String> {
    let sources = &case.fingerprint.sources;
    let named = || patterns.paths().find(|path| sources.means_path(path));
    let now = case.sources.as_ref().and_then(|table| table.first_of(patterns));
    let was = || case.record.as_ref().and_then(|record| record.sources.first_of(patterns));
    let of_made = || made.first_of(sources);
    let named = || named().map(|path| String::from_utf8_lossy(&path).into_owned());
    now.or_else(was).or_else(named).or_else(of_made)
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
    let mut shared = Shared::new((plan, doors, masker, bindings), None, root, channels, mode);
    shared.kept = resumed.cloned().map(Kept::new);
    let shared = &shared;
    let kept = shared.kept.as_ref();
    let order = plan.order().into_iter();
    order
        .map(|id| {
            let mut context = StepContext::new(shared, id, (1, None), &|| {});
            let step = plan.step(id);
            if let Some(reason) = kept.and_then(|kept| kept.reason(plan, id)) {
                keep(&mut context, plan.step(id).action.as_ref());
                return (id, Some(Verdict::Kept { reason }));
            }
            let untracked = || (step.effect != Effect::Reads).then_some(Writes::Anything);
            let (verdict, left, writes) = match judge(&mut context, plan.step(id).action.as_ref()) {
                Err(fault) => {
                    let why = format!("whether it has to can't be told: {}", fault.message);
                    (Some(Verdict::Stale(Reason::Always { why })), Left::Unknown, untracked())
                }
                Ok(Judged::Untracked(why)) => {
                    (why.map(|why| Verdict::Stale(Reason::Always { why })), Left::Unknown, untracked())
                }
                Ok(Judged::HandsOn(left)) => (None, left, None),
                Ok(Judged::Tracked(case)) => {
                    let made = case.record.as_ref().map(|record| record.outputs.clone()).unwrap_or_default();
                    let writes = match (&case.verdict, case.fingerprint.outputs.is_empty()) {
                        (Verdict::Fresh { .. }, _) => None,
                        (_, true) => untracked(),
                        (_, false) => Some(Writes::Outputs(case.fingerprint.outputs.clone(), made)),
                    };
                    let left = match (&case.verdict, case.record) {
                        (Verdict::Fresh { .. }, Some(record)) => Left::Digest(record.parts.left),
                        (Verdict::Stale(_), _) if case.fingerprint.outputs.is_empty() => Left::Unknown,
                        _ => Left::Open,
                    };
                    (Some(case.verdict.map_text(|text| masker.mask(text))), left, writes)
                }
            };
            shared.freshness.leave(id, left);
            if let Some(writes) = writes {
                lock(&shared.freshness.foreseen).insert(id, writes);
            }
            if let Some(kept) = kept {
                kept.note(plan, id, !matches!(verdict, Some(Verdict::Fresh { .. })));
            }
            (id, verdict)
        })
        .collect()
}
