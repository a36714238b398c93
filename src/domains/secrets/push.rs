//! `secrets push`: what the forge is not known to hold already is sent to it, after a question that says which and why.
//!
//! ```text
//! files, values → check → forge → approve → send
//! ```
//!
//! `check` refuses what no forge takes before the first call. Each secret that was taken is noted at once, so a push that is killed
//! half-way is continued by the next one: what was noted is current then, and what was not is sent again, which changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::compare::{State, compare};
use super::forge::{FORGE_STEP, Forge, Listing};
use super::forge_session::Outgoing;
use super::item::{Item, Selection, items};
use super::{limits, values};
use crate::diagnostic::{Fault, FaultKind};
use crate::event::Level;
use crate::ledger::{DigestKey, Ledger, LedgerError, LedgerWriter, Sent};
use crate::model::{ForgeSettings, Model};
use crate::plan::{Digest, Effect, Proposal, ProposedChange, WhenOrphaned};
use crate::run::node::{Need, Node};
use crate::run::{Action, Outcome, StepContext};
use crate::text::count::count;

const CHECK: &str = "secrets:check";
const APPROVE: &str = "secrets:approve";
const SEND: &str = "secrets:send";

/// What is to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushRequest {
    /// Which secrets.
    pub selection: Selection,
    /// Also those that are current.
    pub all: bool,
}

/// The steps of a push.
pub(super) fn nodes(model: &Arc<Model>, settings: &ForgeSettings, request: &PushRequest) -> Vec<Node> {
    let mut nodes = values::nodes(model, &request.selection);
    let found: Vec<Need> = nodes.iter().map(|node| Need::Step(node.name.clone())).collect();
    let node = |name: &str, title: String, needs: Vec<Need>, effect, verb| Node {
        name: name.to_owned(),
        title,
        needs,
        after: Vec::new(),
        effect,
        when_orphaned: WhenOrphaned::Stop,
        action: Box::new(PushAction {
            model: Arc::clone(model),
            settings: settings.clone(),
            request: request.clone(),
            verb,
        }),
    };
    let step = |name: &str| vec![Need::Step(name.to_owned())];
    let repo = &settings.repo;
    nodes.push(node(CHECK, "check the secrets".to_owned(), found, Effect::Reads, Verb::Check));
    nodes.push(super::forge::look_node(model, settings, &request.selection, &[CHECK]));
    nodes.push(node(
        APPROVE,
        "approve the secrets".to_owned(),
        step(FORGE_STEP),
        Effect::Reads,
        Verb::Approve,
    ));
    nodes.push(node(SEND, format!("send to {repo}"), step(APPROVE), Effect::Changes, Verb::Send));
    nodes
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Check,
    Approve,
    Send,
}

struct PushAction {
    model: Arc<Model>,
    settings: ForgeSettings,
    request: PushRequest,
    verb: Verb,
}

/// What passed the check.
struct Checked {
    items: Vec<Item>,
}

/// One secret that is to be sent, and why.
struct Pending<'i> {
    item: &'i Item,
    why: String,
}

impl Action for PushAction {
    fn describe(&self) -> Vec<String> {
        let repo = &self.settings.repo;
        match self.verb {
            Verb::Check => Vec::new(),
            Verb::Approve => vec![format!("ask: Send these to {repo}?")],
            Verb::Send => {
                vec![format!("send to {} what {repo} does not hold yet", self.settings.kind.title())]
            }
        }
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        match self.verb {
            Verb::Check => self.check(context).map(Outcome::done_with).into(),
            Verb::Approve => self.approve(context).into(),
            Verb::Send => self.send(context).into(),
        }
    }
}

impl PushAction {
    fn check(&self, context: &StepContext<'_>) -> Result<Checked, Fault> {
        let found = values::found(context, &self.model, &self.request.selection);
        let (items, faults) = items(&self.model, &found, &self.request.selection);
        let values = items.iter().filter_map(|item| item.value.as_ref().err());
        if let Some(fault) = faults.iter().chain(values).next() {
            return Err(fault.clone());
        }
        let unknown =
            self.request.selection.names.iter().find(|name| !items.iter().any(|it| it.name == **name));
        if let Some(name) = unknown {
            return Err(Fault::new(FaultKind::Usage, format!("there is no secret `{name}`"))
                .hint("`shipway secrets list` names them all"));
        }
        limits::check(self.settings.kind, &items, &BTreeMap::new())?;
        Ok(Checked { items })
    }

    /// What is to be sent, from what the steps before found.
    fn pending<'i>(
        &self,
        context: &StepContext<'_>,
        items: &'i [Item],
        listing: &Listing,
    ) -> Result<Vec<Pending<'i>>, Fault> {
        let names =
            |held: &BTreeMap<String, super::compare::Held>| held.keys().cloned().collect::<BTreeSet<_>>();
        let there =
            listing.scopes.iter().filter_map(|(scope, held)| Some((scope.clone(), names(held.as_ref()?))));
        limits::check(self.settings.kind, items, &there.collect())?;
        let ledger = Ledger::read(context.doors(), context.root()).map_err(|error| Fault::from(&error))?;
        let in_ci = context.doors().environment.is_ci();
        let mut pending = Vec::new();
        for item in items {
            let state = state(&listing.place, &ledger, listing, item);
            let why = match &state {
                State::Current if self.request.all => "--all".to_owned(),
                State::Current if in_ci => "a CI job sends all".to_owned(),
                State::Current => continue,
                State::Stale => "changed here".to_owned(),
                State::ChangedElsewhere { at: Some(at) } => format!("changed there by somebody else at {at}"),
                State::ChangedElsewhere { at: None } => "changed there by somebody else".to_owned(),
                State::Missing => "missing there".to_owned(),
                State::Unknown { reason } => reason.clone(),
            };
            pending.push(Pending { item, why });
        }
        Ok(pending)
    }

    fn found(context: &StepContext<'_>) -> Result<(Arc<Checked>, Arc<Listing>), Fault> {
        let lost = || Fault::new(FaultKind::Bug, "a step left no value");
        let checked = context.value::<Checked>(CHECK).ok_or_else(lost)?;
        Ok((checked, context.value::<Listing>(FORGE_STEP).ok_or_else(lost)?))
    }

    fn approve(&self, context: &StepContext<'_>) -> Result<Outcome, Fault> {
        let (checked, listing) = Self::found(context)?;
        let pending = self.pending(context, &checked.items, &listing)?;
        if pending.is_empty() {
            let number = count(checked.items.len(), "secret");
            return Ok(Outcome::Skipped(format!("{number}, all current")));
        }
        let made: BTreeSet<&str> = pending
            .iter()
            .filter_map(|each| each.item.environment.as_deref())
            .filter(|name| matches!(listing.scopes.get(&Some((*name).to_owned())), Some(None)))
            .collect();
        let mut changes: Vec<ProposedChange> = made
            .iter()
            .map(|name| ProposedChange {
                name: format!("environment {name}"),
                summary: "made first".to_owned(),
                destroys: Vec::new(),
                replaces: Vec::new(),
                digest: digest(&pending),
            })
            .collect();
        changes.extend(pending.iter().map(|each| ProposedChange {
            name: each.item.key(),
            summary: format!("{}; from {}", each.why, each.item.source),
            destroys: Vec::new(),
            replaces: Vec::new(),
            digest: digest(&pending),
        }));
        let touched = |name: &String| pending.iter().any(|each| each.item.environment.as_ref() == Some(name));
        let protected = self.model.environments.values().filter(|environment| environment.protected);
        let words = protected.map(|environment| environment.name.clone()).filter(touched).collect();
        let number = count(pending.len(), "secret");
        Ok(Outcome::Ask(Proposal {
            question: format!("Send {number} to {} at {}?", self.settings.repo, listing.host),
            changes,
            words,
        }))
    }

    fn send(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let (checked, listing) = Self::found(context)?;
        let pending = self.pending(context, &checked.items, &listing)?;
        if pending.is_empty() {
            return Ok(Outcome::UpToDate(format!("{} current", count(checked.items.len(), "secret"))));
        }
        if context.approval(&digest(&pending)).is_none() {
            let reason = "the secrets are not those that were shown".to_owned();
            return Ok(Outcome::Redo { from: CHECK.to_owned(), reason });
        }
        // Without a home there is nowhere to keep the key: then nothing is known later, and everything is sent again.
        let key = match DigestKey::of_user(context.doors()) {
            Ok(key) => Some(key),
            Err(LedgerError::NoHome) => None,
            Err(error) => return Err(Fault::from(&error)),
        };
        let (doors, root) = (context.doors(), context.root());
        let mut ledger = LedgerWriter::open(doors, root).map_err(|error| Fault::from(&error))?;
        let result = self.send_all(context, &pending, &listing, key.as_ref(), &mut ledger);
        ledger.close().map_err(|error| Fault::from(&error))?;
        result.map(|()| Outcome::done())
    }

    fn send_all(
        &self,
        context: &mut StepContext<'_>,
        pending: &[Pending<'_>],
        listing: &Listing,
        key: Option<&DigestKey>,
        ledger: &mut LedgerWriter<'_>,
    ) -> Result<(), Fault> {
        let forge = Forge::open(context, &self.settings)?;
        let mut session = forge.session(context);
        let told = |fault: Fault, done: usize| match done {
            0 => fault,
            _ => fault.hint(format!(
                "{done} of {} were sent and noted; the same command sends the rest",
                count(pending.len(), "secret")
            )),
        };
        for (done, each) in pending.iter().enumerate() {
            if context.is_cancelled() {
                return Err(told(Fault::new(FaultKind::Interrupted, "interrupted"), done));
            }
            let item = each.item;
            let scope = item.environment.as_deref();
            if let Some(environment) = scope
                && session.ensure(environment).map_err(|fault| told(fault, done))?
            {
                context.log().notice(Level::Note, &format!("made the environment {environment}"));
            }
            let Ok(value) = &item.value else { continue };
            let is_protected = scope
                .and_then(|scope| self.model.environments.get(scope))
                .is_some_and(|environment| environment.protected);
            let is_there = matches!(listing.scopes.get(&item.environment), Some(Some(held)) if held.contains_key(&item.name));
            let outgoing = Outgoing { environment: scope, name: &item.name, value, is_protected, is_there };
            let remote_updated_at = session.put(&outgoing).map_err(|fault| told(fault, done))?;
            if let Some(key) = key {
                let digest = key.digest(&item.key(), value.expose().as_bytes());
                let sent = Sent { digest, at: context.doors().clock.now(), remote_updated_at };
                ledger.note(&listing.place, &item.key(), sent).map_err(|error| Fault::from(&error))?;
            }
            context.log().notice(Level::Note, &format!("{}: {}", item.key(), each.why));
        }
        Ok(())
    }
}

/// How the forge stands to an item.
pub fn state(place: &str, ledger: &Ledger, listing: &Listing, item: &Item) -> State {
    let held = match listing.scopes.get(&item.environment) {
        Some(Some(held)) => held.get(&item.name),
        Some(None) => None,
        None => return State::unknown("the forge was not asked"),
    };
    let value = item.value.as_ref().ok();
    let ours = value
        .zip(listing.key.as_ref())
        .map(|(value, key)| key.digest(&item.key(), value.expose().as_bytes()));
    match (&ours, value) {
        (None, Some(_)) if held.is_some() => State::unknown("nothing is kept of what is sent from here"),
        _ => compare(ours.as_ref(), ledger.sent(place, &item.key()), held),
    }
}

/// What an approval is bound to: names and values.
fn digest(pending: &[Pending<'_>]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    for each in pending {
        let value = each.item.value.as_ref().map(|value| value.expose().as_bytes()).unwrap_or_default();
        hasher.update(each.item.key().as_bytes()).update(b"\0");
        hasher.update(blake3::hash(value).as_bytes());
    }
    Digest(hasher.finalize().to_hex().to_string())
}
