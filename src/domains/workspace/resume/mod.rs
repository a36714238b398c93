//! What earlier runs left open, dealt with before anything else: `reading` says what it is, this step does what follows.
//!
//! An apply that still runs is waited for. One that ended is told, and its state is proven to have moved. Where nobody knows what was done,
//! every resource whose fate is open is named first; then a lock that is proven to be the dead one's may be released, a state that could
//! not be stored is stored, and what was made and is not in the state goes into the next plan as imports (`salvage`). Nothing is applied here, and
//! no old plan is used again: a fresh plan follows, and a fresh question.

mod reading;
mod repair;
mod salvage;
mod stale;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::apply::Applied;
use super::ground::{Memory, Seen};
use super::hold::Held;
use super::plan::Purpose;
use super::pulumi::{self, Dialect};
use super::site::{Site, StateFound};
use crate::adapters::terraform::narration;
use crate::adapters::terraform::stream::{self, StreamEvent};
use crate::adapters::terraform::{ApplyFold, ApplyReading, init};
use crate::diagnostic::{Fault, FaultKind};
use crate::event::{Level, Stream, Termination};
use crate::run::{Action, CommandRun, Fate, Leftover, Outcome, StepContext, StepLog, interrupted};
use crate::text::count::count;

pub(super) use reading::{CONFIGURATION, ENGINE, LINEAGE, PURPOSE, SERIAL, TERRAFORM, WHO, WORKSPACE};
pub use reading::{Doubt, OpenState, Unfinished, read_leftover, workspace_of};
use reading::{engine_of, fold_stream};
pub(super) use salvage::{FILE as SALVAGE_FILE, Import, render as render_imports, salvage};
pub(super) use stale::{Owner as LockOwner, judge as judge_lock};

/// The steps that may have dealt with a workspace in a run.
const STEPS: [&str; 3] = ["up:resume", "apply:resume", "down:resume"];

/// Deals with what earlier runs left open of some workspaces, and holds these for this run.
pub(super) struct ResumeAction {
    pub(super) purpose: Purpose,
    /// In the order of the file, so that two runs take locks in the same order.
    pub(super) sites: Vec<Site>,
    /// Only follows what runs, and changes nothing.
    pub(super) only_follow: bool,
}

/// What the step leaves to those after it.
#[derive(Default)]
pub(super) struct Resumed {
    held: Held,
    sites: BTreeMap<String, Dealt>,
    /// States of workspaces that are applied, as far as somebody looked at them.
    seen: Mutex<BTreeMap<String, Seen>>,
    memory: Memory,
}

/// What was left open of one workspace.
#[derive(Default)]
struct Dealt {
    /// Settled when the workspace's own apply is.
    open: Vec<Leftover>,
    /// An apply or destroy that went through without us: what follows it is still to be done.
    applied: Option<(Purpose, Arc<Applied>)>,
    imports: Vec<Import>,
    /// It did not end well.
    problem: Option<String>,
}

impl Action for ResumeAction {
    fn describe(&self) -> Vec<String> {
        Vec::new()
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.resume(context).into()
    }
}

impl ResumeAction {
    fn resume(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let mut resumed = Resumed::default();
        if !self.only_follow {
            for site in &self.sites {
                resumed.held.take(context, &site.name, site.model.terraform.lock_timeout)?;
            }
        }
        let leftovers = context.leftovers()?;
        self.name_strays(context, &leftovers);
        for site in &self.sites {
            let mine = |leftover: &&Leftover| workspace_of(leftover) == Some(&site.name);
            let mine: Vec<Leftover> = leftovers.iter().filter(mine).cloned().collect();
            if mine.is_empty() {
                continue;
            }
            // Before anything else nobody has read the outputs of other workspaces.
            let dealt = self.deal(context, &site.without_gone(context)?, mine)?;
            if let Some(problem) = dealt.problem.as_ref().filter(|_| self.only_follow) {
                return Err(Fault::new(FaultKind::Failed, problem.clone()).hint(
                    "`shipway up` or `shipway down` begins with it, and asks before anything is done",
                ));
            }
            resumed.sites.insert(site.name.clone(), dealt);
        }
        Ok(Outcome::done_with(resumed))
    }

    /// Names what was left open of workspaces that the file does not have any more: nobody can deal with it but a person.
    fn name_strays(&self, context: &StepContext<'_>, leftovers: &[Leftover]) {
        let Some(model) = self.sites.first().map(|site| &site.model) else { return };
        for leftover in leftovers {
            let Some(name) = workspace_of(leftover).filter(|name| !model.workspaces.contains_key(*name))
            else {
                continue;
            };
            let text = format!(
                "the run {run} left an apply of `{name}` open, which is no workspace any more; look what it made, then remove \
                 .shipway/raw/{run}",
                run = leftover.run
            );
            context.log().notice(Level::Warning, &text);
        }
    }

    fn deal(
        &self,
        context: &mut StepContext<'_>,
        site: &Site,
        leftovers: Vec<Leftover>,
    ) -> Result<Dealt, Fault> {
        let mut doubts: Vec<Unfinished> = Vec::new();
        let mut dealt = Dealt::default();
        for mut leftover in leftovers {
            let Some(unfinished) = ended(context, site, &mut leftover)? else { continue };
            match unfinished.state {
                OpenState::Running => return Err(interrupted()),
                OpenState::InDoubt(_) => doubts.push(unfinished),
                OpenState::Finished(reading) => {
                    let ended = Ended { run: unfinished.run, purpose: unfinished.purpose, reading: *reading };
                    let is_over =
                        self.tell_end(context, site, &leftover, ended, (&mut doubts, &mut dealt))?;
                    if is_over && !self.only_follow {
                        context.settle(Some(&leftover), "told")?;
                        continue;
                    }
                }
            }
            dealt.open.push(leftover);
        }
        if !doubts.is_empty() {
            dealt.problem = Some(format!("it is not known what became of `{}`", site.name));
            let doubt = self.doubt(context, site, &doubts);
            if !self.only_follow {
                dealt.imports = self.clear_up(context, site, &dealt.open, doubt)?;
            }
        }
        Ok(dealt)
    }

    /// Tells how an apply ended that nobody saw the end of. Gives whether nothing remains to be done about it.
    fn tell_end(
        &self,
        context: &mut StepContext<'_>,
        site: &Site,
        leftover: &Leftover,
        ended: Ended,
        (doubts, dealt): (&mut Vec<Unfinished>, &mut Dealt),
    ) -> Result<bool, Fault> {
        let what = format!("{} of `{}`", ended.purpose.noun(), site.name);
        let run = &ended.run;
        match ended.reading {
            ApplyReading::Applied { outputs, counts } => {
                let parts = counts.add + counts.change + counts.remove;
                if parts > 0 && !self.only_follow && !has_moved(context, site, leftover)? {
                    let text = read_stream(context, leftover);
                    let completed = fold_stream(leftover, &text).completed().to_vec();
                    let state = OpenState::InDoubt(Doubt { completed, ..Doubt::default() });
                    let (run, workspace) = (ended.run, site.name.clone());
                    doubts.push(Unfinished { run, workspace, purpose: ended.purpose, state });
                    return Ok(false);
                }
                let text = format!(
                    "the {what} that the run {run} began went through without it: {} added, {} changed, {} destroyed",
                    counts.add, counts.change, counts.remove
                );
                context.log().notice(Level::Note, &text);
                dealt.applied = Some((ended.purpose, Arc::new(Applied { outputs })));
                // Its hooks are still to run, by the step that would have run them.
                Ok(ended.purpose != self.purpose)
            }
            ApplyReading::Failed { diagnostics, completed, .. } => {
                let fault = site.failure(context, &format!("the {}", ended.purpose.noun()), &diagnostics, "");
                let mut text = format!("in the run {run}, which died: {}", fault.message);
                fault.details.iter().for_each(|line| text.push_str(&format!("\n  {line}")));
                text.push_str(&done_before(&completed));
                context.log().notice(Level::Warning, &text);
                dealt.problem = Some(fault.message);
                Ok(true)
            }
            ApplyReading::Interrupted { completed, .. } => {
                let text =
                    format!("the {what} of the run {run} was stopped in order{}", done_before(&completed));
                context.log().notice(Level::Note, &text);
                dealt.problem = Some(format!("the {what} was stopped"));
                Ok(true)
            }
            // Nothing was changed.
            ApplyReading::Stale(_) | ApplyReading::Locked(_) | ApplyReading::Incomplete { .. } => Ok(true),
        }
    }

    /// Names everything whose fate is unknown, before anything is run.
    fn doubt(&self, context: &StepContext<'_>, site: &Site, doubts: &[Unfinished]) -> Doubt {
        for unfinished in doubts {
            let OpenState::InDoubt(doubt) = &unfinished.state else { continue };
            let mut text = format!(
                "the {} of `{}` in the run {} ended without saying how",
                unfinished.purpose.noun(),
                site.name,
                unfinished.run
            );
            let mut list = |heading: &str, operations: &[stream::Operation]| {
                for operation in operations {
                    let id =
                        operation.id_value.as_deref().map(|id| format!(" (id {id})")).unwrap_or_default();
                    text.push_str(&format!(
                        "\n  {heading}: {} {}{id}",
                        operation.action.doing(),
                        operation.address
                    ));
                }
            };
            list("done, perhaps not in its state", &doubt.completed);
            list("in doubt, started and not ended", &doubt.in_doubt);
            if doubt.completed.is_empty() && doubt.in_doubt.is_empty() {
                text.push_str("; it had not begun to change anything");
            }
            context.log().notice(Level::Warning, &text);
        }
        Doubt::sum(doubts.iter().filter_map(|unfinished| match &unfinished.state {
            OpenState::InDoubt(doubt) => Some(doubt.clone()),
            OpenState::Running | OpenState::Finished(_) => None,
        }))
    }

    /// Brings lock and state in order, and gives what the next plan has to take over.
    fn clear_up(
        &self,
        context: &mut StepContext<'_>,
        site: &Site,
        open: &[Leftover],
        doubt: Doubt,
    ) -> Result<Vec<Import>, Fault> {
        if site.is_pulumi() {
            pulumi::clear_up(context, site, self.purpose, &doubt)?;
            note_edits(context, site, open);
            return Ok(Vec::new());
        }
        repair::triage_lock(context, site, open)?;
        if doubt.state_left_behind {
            repair::push_state(context, site)?;
        }
        let managed = match site.state(context)? {
            StateFound::Empty => Vec::new(),
            StateFound::Living(state) => state.managed,
            StateFound::Unreadable(diagnostics) => {
                let fault = site.failure(context, "reading the state", &diagnostics, "");
                let is_init = init::missing_init(&diagnostics).is_some();
                return Err(if is_init {
                    fault.hint(format!("first `shipway init-{}`, then this again", site.name))
                } else {
                    fault
                });
            }
        };
        let salvage = salvage(&doubt, &managed);
        let mut text = String::new();
        for import in &salvage.imports {
            text.push_str(&format!(
                "\n  is imported by the next plan: {} (id {})",
                import.address, import.id
            ));
        }
        for (list, what) in [
            (&salvage.lost, "exists and is not in the state, and has no id to import it by"),
            (&salvage.maybe, "may exist and is not in the state; look before you approve that it is made"),
            (&salvage.looked_at, "is in the state, and the next plan looks at it"),
        ] {
            list.iter().for_each(|address| text.push_str(&format!("\n  {what}: {address}")));
        }
        if !text.is_empty() {
            let text = format!("what becomes of that in `{}`:{text}", site.name);
            context.log().notice(Level::Warning, &text);
        }
        note_edits(context, site, open);
        if self.purpose == Purpose::Destroy && !(salvage.imports.is_empty() && salvage.lost.is_empty()) {
            let left = salvage.imports.len() + salvage.lost.len();
            let message = format!(
                "`{}` can't be destroyed whole: {} that an apply made {} not in its state",
                site.name,
                count(left, "resource"),
                if left == 1 { "is" } else { "are" }
            );
            return Err(Fault::new(FaultKind::Refused, message)
                .hint(format!("`shipway up {}` takes that over first; then destroy", site.name)));
        }
        Ok(salvage.imports)
    }
}

/// How an apply ended.
struct Ended {
    run: String,
    purpose: Purpose,
    reading: ApplyReading,
}

/// What was left open, once it has ended: what still runs is followed. `Running` where a signal came first.
fn ended(
    context: &StepContext<'_>,
    site: &Site,
    leftover: &mut Leftover,
) -> Result<Option<Unfinished>, Fault> {
    if leftover.fate == Fate::Running(None) {
        leftover.fate = context.look_again(leftover);
    }
    if let Fate::Running(process) = &leftover.fate {
        let pid = process.as_ref().map(|process| format!(", process {}", process.pid)).unwrap_or_default();
        let what = leftover.facts.get(PURPOSE).map_or("apply", String::as_str);
        let text = format!(
            "attached to the run {}: its {what} of `{}` goes on without it{pid}",
            leftover.run, site.name
        );
        context.log().notice(Level::Note, &text);
        match follow(context, leftover)? {
            Some(termination) => leftover.fate = Fate::Ended(termination),
            None => {
                let text = format!(
                    "the {what} of `{}` goes on; `shipway attach --run` follows it, `kill -INT` of its process stops it in order",
                    site.name
                );
                context.log().notice(Level::Note, &text);
            }
        }
    }
    Ok(read_leftover(leftover, &read_stream(context, leftover)))
}

/// Shows what runs as if it were our own. What provisioners print is left out: the secrets in it are those of another run.
fn follow(context: &StepContext<'_>, leftover: &Leftover) -> Result<Option<Termination>, Fault> {
    let clock = &context.doors().clock;
    let mut fold = ApplyFold::default();
    let mut dialect = Dialect::of(engine_of(leftover));
    let mut reader = |log: StepLog<'_>, stream: Stream, line: &str| {
        if stream != Stream::Out {
            return;
        }
        let Some(event) = dialect.read(line) else { return };
        let is_told = !matches!(event, StreamEvent::ProvisionProgress(_) | StreamEvent::NotJson(_));
        if let Some(line) = narration::line(&event).filter(|_| is_told) {
            log.line(Stream::Err, &line);
        }
        let now = clock.monotonic();
        fold.observe(&event, now);
        log.progress(fold.progress(now));
    };
    context.follow_leftover(leftover, CommandRun { reader: Some(&mut reader), ..CommandRun::default() })
}

fn read_stream(context: &StepContext<'_>, leftover: &Leftover) -> String {
    let bytes = context.doors().files.read(&leftover.files.with_extension("out")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether the state was written since the apply began; yes where that is not known.
fn has_moved(context: &mut StepContext<'_>, site: &Site, leftover: &Leftover) -> Result<bool, Fault> {
    let before: Option<u64> = leftover.facts.get(SERIAL).and_then(|serial| serial.parse().ok());
    let (Some(before), StateFound::Living(state)) = (before, site.state(context)?) else { return Ok(true) };
    let is_same = leftover.facts.get(LINEAGE).is_none_or(|lineage| *lineage == state.lineage);
    Ok(!is_same || state.serial > before)
}

/// Says where the configuration is another one now.
fn note_edits(context: &StepContext<'_>, site: &Site, open: &[Leftover]) {
    let now = site.configuration(context).ok();
    let is_other = |leftover: &&Leftover| {
        leftover.facts.get(CONFIGURATION).is_some_and(|then| now.as_ref() != Some(then))
    };
    if open.iter().any(|leftover| is_other(&leftover)) {
        let text = format!(
            "the files of `{}` were edited since; the next plan is made from what they say now",
            site.name
        );
        context.log().notice(Level::Note, &text);
    }
}

fn done_before(completed: &[stream::Operation]) -> String {
    let done: Vec<&str> = completed.iter().map(|operation| operation.address.as_str()).collect();
    if done.is_empty() { String::new() } else { format!("\n  done before, and kept: {}", done.join(", ")) }
}

impl Purpose {
    fn noun(self) -> &'static str {
        self.word()
    }
}

impl Resumed {
    /// What the step of this run that dealt with `site` left, if one did.
    pub(super) fn of(context: &StepContext<'_>, site: &Site) -> Option<Arc<Self>> {
        let found = STEPS.iter().filter_map(|step| context.value::<Self>(step));
        let all: Vec<Arc<Self>> = found.collect();
        all.iter().find(|resumed| resumed.sites.contains_key(&site.name)).or(all.first()).cloned()
    }

    /// Whether nothing of `site` was left open by earlier runs.
    pub(super) fn is_clear(&self, site: &Site) -> bool {
        !self.sites.contains_key(&site.name)
    }

    /// What somebody saw of the state of an applied workspace.
    pub(super) fn seen(&self, workspace: &str) -> Option<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(workspace).cloned()
    }

    /// Keeps what was seen of the state of an applied workspace.
    pub(super) fn note_seen(&self, workspace: &str, seen: &Seen) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(workspace.to_owned(), seen.clone());
    }

    /// What the run has found out of files.
    pub(super) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// What earlier runs left open of `site`.
    pub(super) fn open(&self, site: &Site) -> &[Leftover] {
        self.sites.get(&site.name).map_or(&[], |dealt| &dealt.open)
    }

    /// What the next plan of `site` has to take over.
    pub(super) fn imports(&self, site: &Site) -> &[Import] {
        self.sites.get(&site.name).map_or(&[], |dealt| &dealt.imports)
    }

    /// What an earlier run's apply left, which went through without it.
    pub(super) fn applied(&self, site: &Site, purpose: Purpose) -> Option<Arc<Applied>> {
        let (what, applied) = self.sites.get(&site.name)?.applied.as_ref()?;
        (*what == purpose).then(|| Arc::clone(applied))
    }

    /// The workspace is as its files say: nothing of it is open any more.
    pub(super) fn settle(&self, context: &StepContext<'_>, site: &Site) -> Result<(), Fault> {
        for leftover in self.sites.get(&site.name).map_or([].as_slice(), |dealt| &dealt.open) {
            context.settle(Some(leftover), "brought in order")?;
        }
        self.held.release(&site.name);
        Ok(())
    }
}
