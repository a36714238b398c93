//! The repository's forge: who asks it, and what it holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::compare::Held;
use super::forge_session::ForgeSession;
use super::item::Selection;
use crate::adapters::github::{self, GITHUB};
use crate::adapters::gitlab::GITLAB;
use crate::adapters::vendor::Access;
use crate::diagnostic::Fault;
use crate::http::RealWeb;
use crate::ledger::DigestKey;
use crate::model::{ForgeKind, ForgeSettings, Model};
use crate::plan::{Effect, WhenOrphaned};
use crate::run::node::{Need, Node};
use crate::run::{Action, Outcome, StepContext};

/// The name of the step that asks the forge what it holds.
pub const FORGE_STEP: &str = "secrets:forge";

/// What is held, by environment (`None`: the repository) and name; `None`: there is no such environment.
pub type HeldByScope = BTreeMap<Option<String>, Option<BTreeMap<String, Held>>>;

/// What the forge holds.
#[derive(Clone, Debug)]
pub struct Listing {
    /// As the ledger calls the place: `github:ada/shop`.
    pub place: String,
    /// Where it was asked: `api.github.com`.
    pub host: String,
    /// In each scope that was asked.
    pub scopes: HeldByScope,
    /// The key of the digests; `None`: there is nowhere to keep one.
    pub key: Option<DigestKey>,
}

/// The step that asks.
pub(super) fn look_node(
    model: &Arc<Model>,
    settings: &ForgeSettings,
    selection: &Selection,
    needs: &[&str],
) -> Node {
    let mut scopes = Vec::new();
    for name in model.environments.keys() {
        if selection.environment.as_ref().is_none_or(|wanted| wanted == name) {
            scopes.push(Some(name.clone()));
        }
    }
    if selection.environment.is_none() {
        scopes.insert(0, None);
    }
    Node {
        name: FORGE_STEP.to_owned(),
        title: format!("ask {} for what it holds", settings.repo),
        needs: needs.iter().map(|&need| Need::Step(need.to_owned())).collect(),
        after: Vec::new(),
        effect: Effect::Reads,
        when_orphaned: WhenOrphaned::Stop,
        action: Box::new(LookAction { settings: settings.clone(), scopes }),
    }
}

struct LookAction {
    settings: ForgeSettings,
    scopes: Vec<Option<String>>,
}

impl Action for LookAction {
    fn describe(&self) -> Vec<String> {
        vec![format!("list the secrets of {} at {}", self.settings.repo, self.settings.kind.title())]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.look(context).map(Outcome::done_with).into()
    }
}

impl LookAction {
    fn look(&self, context: &mut StepContext<'_>) -> Result<Listing, Fault> {
        let forge = Forge::open(context, &self.settings)?;
        let key = DigestKey::of_user(context.doors()).ok();
        let session = forge.session(context);
        let scopes = session.list(&self.scopes, key.as_ref())?;
        Ok(Listing { place: self.settings.place(), host: forge.host(), scopes, key })
    }
}

impl ForgeSettings {
    /// As the ledger calls it.
    pub fn place(&self) -> String {
        let kind = match self.kind {
            ForgeKind::Github => "github",
            ForgeKind::Gitlab => "gitlab",
        };
        match &self.api {
            Some(api) => format!("{kind}:{}:{}", api.trim_start_matches("https://"), self.repo),
            None => format!("{kind}:{}", self.repo),
        }
    }
}

/// The forge, with a token for it.
pub(super) struct Forge {
    pub(super) settings: ForgeSettings,
    pub(super) access: Access,
    pub(super) web: RealWeb,
}

impl Forge {
    /// Finds the token: of the environment, or of `gh`.
    pub(super) fn open(context: &mut StepContext<'_>, settings: &ForgeSettings) -> Result<Self, Fault> {
        let environment = &context.doors().environment;
        let vendor = match settings.kind {
            ForgeKind::Github => &GITHUB,
            ForgeKind::Gitlab => &GITLAB,
        };
        let signed_in = || github::signed_in(context.root(), |spec| context.look_up(spec));
        let access = Access::of_forge(vendor, environment, settings.api.as_deref(), signed_in)?;
        context.masker().add(access.token.secret.expose().as_bytes());
        Ok(Self { settings: settings.clone(), access, web: RealWeb::new(environment) })
    }

    /// Where it is asked.
    pub(super) fn host(&self) -> String {
        self.access.host().to_owned()
    }

    /// The forge for the length of a step.
    pub(super) fn session<'a, 'c>(&'a self, context: &'a StepContext<'c>) -> ForgeSession<'a, 'c> {
        ForgeSession::new(self, context)
    }
}
