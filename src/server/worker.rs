//! Does one deployment, detached from whoever asked for it: waits for the lock, puts in order what a dead one left, deploys, records.
//!
//! ```text
//! lock → recover → checkout → build → before → | converge → after | → conclude → forget
//!                  Preparing                     Rolling              Concluding
//! ```
//!
//! The stage is on the disk before anything of it is done (`State`). A failure before `Rolling` leaves nothing but a record. A failure in it
//! puts back what was live, by the same `converge` with the targets exchanged, and so does whoever finds such a state after a crash.

use std::time::Duration;

use super::forget::forget;
use super::line::{asked, say};
use super::order::Order;
use super::store::{Store, live, unwritable};
use super::wait::{Turn, wait_for_turn};
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::rollout::state;
use crate::os::lock::FileLock;
use crate::os::signal::{Signal, watch};
use crate::os::{detached, identity};
use crate::release::record::{Ended, Phase, RECORD_VERSION, Record, Release, Stage, State};
use crate::text::duration;

/// A deployment at work.
pub(super) struct Worker<'a> {
    pub(super) store: Store<'a>,
    pub(super) record: Record,
    pub(super) signals: crossbeam_channel::Receiver<Signal>,
}

/// Is the worker of deployment `number`.
pub(super) fn run(store: Store<'_>, number: u64, no_wait: bool) -> Result<(), Fault> {
    detached::leave();
    let (sender, signals) = crossbeam_channel::unbounded();
    let _guard = watch(move |signal| sender.send(signal).is_ok())
        .map_err(|error| Fault::new(FaultKind::World, format!("signals can't be watched: {error}")))?;
    let mut record = store.record(number)?;
    record.process = Some(identity::own());
    store.write(&record)?;
    let mut worker = Worker { store, record, signals };
    let lock = match wait_for_turn(&worker, no_wait) {
        Ok(Turn::Ours(lock)) => lock,
        Ok(Turn::Superseded(by)) => {
            say(&format!("deployment #{by} waits for the same environment and takes the place of this one"));
            return worker.end(Ended::Superseded, None);
        }
        Ok(Turn::Cancelled) => return worker.end(Ended::Cancelled, None),
        Err(fault) => {
            worker.tell(&fault);
            return worker.end(Ended::Failed, Some(&fault));
        }
    };
    let result = worker.deploy();
    let ended = match &result {
        Ok(()) => Ended::Succeeded,
        Err(fault) if fault.kind == FaultKind::Interrupted => Ended::Cancelled,
        Err(_) => Ended::Failed,
    };
    if let Err(fault) = &result {
        // What the engine ran it has told already.
        match worker.record.phases.last() {
            Some(phase) if !phase.succeeded && phase.name != "checkout" => {}
            _ if worker.record.phases.iter().any(|phase| phase.name == "restore") => {}
            _ => worker.tell(fault),
        }
        worker.conclude(ended, Some(fault))?;
    }
    // From here on whatever goes wrong is not the deployment's.
    if let Err(fault) = worker.tidy() {
        worker.tell(&fault);
    }
    worker.finish()?;
    lock.release().map_err(|error| unwritable(&store.layout.lock(), &error))
}

/// Puts in order what a dead deployment left, without a deployment.
pub(super) fn recover(store: Store<'_>) -> Result<(), Fault> {
    let path = store.layout.lock();
    let lock = FileLock::try_take(&path).map_err(|error| unwritable(&path, &error))?;
    let Some(lock) = lock else {
        return Err(Fault::new(FaultKind::Locked, "a deployment is at work on this environment")
            .hint("watch it: `shipway attach`"));
    };
    let found = state::read(store.doors.files.as_ref(), store.layout)
        .map_err(|error| super::store::unreadable(&store.layout.state(), &error))?;
    let result = match found {
        None => {
            say("nothing was left undone");
            Ok(())
        }
        Some(found) => {
            let (_, signals) = crossbeam_channel::unbounded();
            Worker { store, record: store.record(found.number)?, signals }.recover()
        }
    };
    let result = result.and_then(|()| store.bury());
    lock.release().map_err(|error| unwritable(&path, &error))?;
    result
}

impl Worker<'_> {
    fn deploy(&mut self) -> Result<(), Fault> {
        let clock = &self.store.doors.clock;
        let begun = clock.monotonic();
        self.recover()?;
        self.store.bury()?;
        let records = self.store.records()?;
        let from = live(&records).cloned();
        self.record.started = Some(clock.now());
        self.record.parent = from.as_ref().map(|live| live.number);
        self.store.write(&self.record)?;
        say(&asked(&self.record, from.as_ref()));
        let from = match from.as_ref().and_then(|live| live.release.as_deref()) {
            Some(name) => self.store.release(name)?,
            None => None,
        };
        let order = Order::new(self.store)?;
        let mut state = State {
            version: RECORD_VERSION,
            number: self.record.number,
            from: from.as_ref().map(|release| release.name.clone()),
            to: None,
            stage: Stage::Preparing,
            leaving: Vec::new(),
        };
        let to = match self.kept_release(&records, from.as_ref())? {
            Some(release) => {
                self.record.release = Some(release.name.clone());
                self.store.write(&self.record)?;
                release
            }
            None => {
                self.write_state(&state)?;
                match self.prepare(&order, &mut state, from.as_ref()) {
                    Ok(release) => release,
                    Err(fault) => {
                        self.discard(&state)?;
                        return Err(fault);
                    }
                }
            }
        };
        state.to = Some(to.name.clone());
        self.go_live(&order, state, &to, from.as_ref())?;
        let took = duration::render(self.store.doors.clock.monotonic().saturating_sub(begun));
        let back = records.iter().any(|record| record.result == Some(Ended::Succeeded));
        let hint = if back { "; back: `shipway rollback`" } else { "" };
        say(&format!("live after {took}{hint}"));
        Ok(())
    }

    /// What is kept of the wanted release from an earlier time, where it is whole and the deployment does not ask to make it anew.
    fn kept_release(&self, records: &[Record], live: Option<&Release>) -> Result<Option<Release>, Fault> {
        if let Some(name) = &self.record.release {
            let release = self.store.release(name)?;
            return release.map(Some).ok_or_else(|| {
                Fault::new(FaultKind::Refused, format!("the release {name} is not kept any more"))
                    .hint("deploy its tag again: `shipway totag TAG`")
            });
        }
        if live.is_some_and(|live| live.commit == self.record.commit) {
            return Ok(None);
        }
        let same =
            |record: &&Record| record.result == Some(Ended::Succeeded) && record.commit == self.record.commit;
        match records.iter().rev().find(same).and_then(|record| record.release.as_deref()) {
            Some(name) => self.store.release(name),
            None => Ok(None),
        }
    }

    /// Everything up to the first act that touches what serves.
    fn prepare(
        &mut self,
        order: &Order<'_>,
        state: &mut State,
        live: Option<&Release>,
    ) -> Result<Release, Fault> {
        let name = release_name(&self.record);
        state.to = Some(name.clone());
        self.write_state(state)?;
        self.phase("checkout", |worker| order.check_out(&worker.record, &name))?;
        self.record.release = Some(name.clone());
        self.store.write(&self.record)?;
        let opened = order.open(&self.record, &name)?;
        self.phase("build", |_| opened.build(live))?;
        let release = self.store.release(&name)?.ok_or_else(|| {
            Fault::new(FaultKind::Bug, format!("the release {name} was built and left no release.json"))
        })?;
        if opened.has_before() {
            self.phase("before", |_| {
                order.start(&release)?;
                opened.before()
            })?;
        }
        self.heed()?;
        Ok(release)
    }

    /// Makes `to` what serves, or puts back `from`.
    fn go_live(
        &mut self,
        order: &Order<'_>,
        mut state: State,
        to: &Release,
        from: Option<&Release>,
    ) -> Result<(), Fault> {
        state.stage = Stage::Rolling;
        self.write_state(&state)?;
        let result = self.phase("roll", |_| order.converge(Some(to), from)).and_then(|()| {
            if to.rollout.has_after {
                self.phase("after", |worker| order.open(&worker.record, &to.name)?.after())?;
            }
            self.heed()
        });
        let Err(fault) = result else {
            state.stage = Stage::Concluding;
            self.write_state(&state)?;
            order.move_ref(&self.record)?;
            self.conclude(Ended::Succeeded, None)?;
            return self.end_state();
        };
        say(match from {
            Some(_) => "putting back what was live",
            None => "taking away what was started: nothing was live before",
        });
        state.stage = Stage::Restoring;
        self.read_leaving(&mut state)?;
        self.write_state(&state)?;
        match self.phase("restore", |worker| worker.restore(order, to, from)) {
            Ok(()) => {
                self.end_state()?;
                Err(fault)
            }
            Err(worse) => {
                let mut both = Fault::new(
                    fault.kind,
                    format!("{}; and what was live could not be put back: {}", fault.message, worse.message),
                );
                both.details = worse.details;
                Err(both.hint("the next deployment tries again to put it back first"))
            }
        }
    }

    fn restore(&self, order: &Order<'_>, to: &Release, from: Option<&Release>) -> Result<(), Fault> {
        order.converge(from, Some(to))?;
        match from {
            Some(from) if from.rollout.has_after => order.open(&self.record, &from.name)?.after(),
            _ => Ok(()),
        }
    }

    /// Puts in order what a deployment left that died.
    pub(super) fn recover(&mut self) -> Result<(), Fault> {
        let layout = self.store.layout;
        let found = state::read(self.store.doors.files.as_ref(), layout)
            .map_err(|error| super::store::unreadable(&layout.state(), &error))?;
        let Some(mut state) = found else { return Ok(()) };
        let mut dead = self.store.record(state.number)?;
        say(&format!("deployment #{} died under way; putting things in order first", state.number));
        let order = Order::new(self.store)?;
        let named = |name: &Option<String>| match name {
            Some(name) => self.store.release(name),
            None => Ok(None),
        };
        let (from, to) = (named(&state.from)?, named(&state.to)?);
        match (state.stage, to) {
            (Stage::Preparing, _) | (_, None) => self.discard(&state)?,
            (Stage::Concluding, Some(to)) => {
                order.converge(Some(&to), from.as_ref())?;
                dead.result = Some(Ended::Succeeded);
                order.move_ref(&dead)?;
            }
            (Stage::Rolling | Stage::Restoring, Some(to)) => {
                state.stage = Stage::Restoring;
                self.write_state(&state)?;
                order.converge(from.as_ref(), Some(&to))?;
                if let Some(from) = from.as_ref().filter(|from| from.rollout.has_after) {
                    order.open(&dead, &from.name)?.after()?;
                }
            }
        }
        dead.result = dead.result.or(Some(Ended::Abandoned));
        dead.finished = dead.finished.or_else(|| Some(self.store.doors.clock.now()));
        self.store.write(&dead)?;
        self.end_state()
    }

    /// Takes away what `Preparing` made.
    fn discard(&self, state: &State) -> Result<(), Fault> {
        if let Some(name) = &state.to {
            let order = Order::new(self.store)?;
            order.discard(name)?;
        }
        self.end_state()
    }

    fn tidy(&self) -> Result<(), Fault> {
        forget(self.store)
    }

    /// Runs a part and keeps how long it took; a signal between parts ends the deployment.
    fn phase(&mut self, name: &str, part: impl FnOnce(&Self) -> Result<(), Fault>) -> Result<(), Fault> {
        if name != "restore" {
            self.heed()?;
        }
        let begun = self.store.doors.clock.monotonic();
        let result = part(self);
        let took = self.store.doors.clock.monotonic().saturating_sub(begun);
        let mark = if result.is_ok() { "✓" } else { "✗" };
        say(&format!("{mark} {name} {}", duration::render(took)));
        self.record.phases.push(Phase { name: name.to_owned(), took, succeeded: result.is_ok() });
        self.store.write(&self.record)?;
        result
    }

    /// Somebody cancelled it, or the machine goes down.
    pub(super) fn heed(&self) -> Result<(), Fault> {
        match self.signals.try_recv() {
            Ok(_) => Err(Fault::new(FaultKind::Interrupted, "cancelled")),
            Err(_) => Ok(()),
        }
    }

    fn write_state(&self, state: &State) -> Result<(), Fault> {
        let layout = self.store.layout;
        state::write(self.store.doors.files.as_ref(), layout, state)
            .map_err(|error| unwritable(&layout.state(), &error))
    }

    /// What the roll-out itself added to the journal.
    fn read_leaving(&self, state: &mut State) -> Result<(), Fault> {
        let layout = self.store.layout;
        let found = state::read(self.store.doors.files.as_ref(), layout)
            .map_err(|error| super::store::unreadable(&layout.state(), &error))?;
        state.leaving = found.map(|found| found.leaving).unwrap_or_default();
        Ok(())
    }

    fn end_state(&self) -> Result<(), Fault> {
        let layout = self.store.layout;
        state::remove(self.store.doors.files.as_ref(), layout)
            .map_err(|error| unwritable(&layout.state(), &error))
    }

    /// Writes how it ended, and that nothing is left to do.
    fn end(&mut self, ended: Ended, fault: Option<&Fault>) -> Result<(), Fault> {
        self.conclude(ended, fault)?;
        self.finish()
    }

    /// Nothing is left to do: whoever follows goes away.
    fn finish(&mut self) -> Result<(), Fault> {
        self.record.finished = Some(self.store.doors.clock.now());
        self.store.write(&self.record)
    }

    /// Writes how it ended.
    fn conclude(&mut self, ended: Ended, fault: Option<&Fault>) -> Result<(), Fault> {
        self.record.result = Some(ended);
        self.record.error = fault.map(|fault| fault.message.clone());
        self.record.fault = fault.map(|fault| fault.kind);
        self.store.write(&self.record)
    }

    fn tell(&self, fault: &Fault) {
        say(&format!("{}: {}", fault.kind.heading(), fault.message));
        fault.details.iter().for_each(|line| say(&format!("  {line}")));
        fault.hints.iter().for_each(|line| say(&format!("hint: {line}")));
    }
}

/// `N-TAG-COMMIT`: what a person wants to see in a listing, and nothing that a path could not hold.
fn release_name(record: &Record) -> String {
    let commit = record.commit.get(..12).unwrap_or(&record.commit);
    let safe = |c: char| if c.is_ascii_alphanumeric() || "._".contains(c) { c } else { '-' };
    match &record.tag {
        Some(tag) => {
            let tag: String = tag.chars().map(safe).take(60).collect();
            format!("{}-{tag}-{commit}", record.number)
        }
        None => format!("{}-{commit}", record.number),
    }
}

/// How often a waiting deployment looks.
pub(super) const OFTEN: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::store::tests::record;

    #[test]
    fn a_release_is_named_so_that_any_tag_makes_a_path() {
        let mut asked = record(42, None, None);
        assert_eq!(release_name(&asked), "42-111111111111");
        asked.tag = Some("v2".to_owned());
        assert_eq!(release_name(&asked), "42-v2-111111111111");
        asked.tag = Some("../../team/v2".to_owned());
        assert_eq!(release_name(&asked), "42-..-..-team-v2-111111111111");
    }
}
