//! The repository's forge: what it holds, and how it takes a secret.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::compare::Held;
use super::item::Selection;
use crate::adapters::github::{self, GITHUB, RepositoryName, environments, secrets};
use crate::adapters::vendor::{Access, AccessError, Client, Pace, Token};
use crate::diagnostic::{Fault, FaultKind};
use crate::event::Level;
use crate::http::RealWeb;
use crate::ledger::DigestKey;
use crate::masking::Secret;
use crate::model::{ForgeKind, ForgeSettings, Model};
use crate::plan::{Effect, WhenOrphaned};
use crate::run::node::{Need, Node};
use crate::run::{Action, Outcome, StepContext};
use crate::text::duration;

/// The name of the step that asks the forge what it holds.
pub const FORGE_STEP: &str = "secrets:forge";

/// How often a wait looks whether it was cancelled.
const OFTEN: Duration = Duration::from_millis(50);

/// What the forge holds.
#[derive(Clone, Debug)]
pub struct Listing {
    /// As the ledger calls the place: `github:ada/shop`.
    pub place: String,
    /// Where it was asked: `api.github.com`.
    pub host: String,
    /// By environment (`None`: the repository) and name; `None`: there is no such environment.
    pub scopes: BTreeMap<Option<String>, Option<BTreeMap<String, Held>>>,
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
        let mut scopes = BTreeMap::new();
        for scope in &self.scopes {
            scopes.insert(scope.clone(), session.list(scope.as_deref(), key.as_ref())?);
        }
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
    settings: ForgeSettings,
    access: Access,
    web: RealWeb,
}

impl Forge {
    /// Finds the token: of the environment, or of `gh`.
    pub(super) fn open(context: &mut StepContext<'_>, settings: &ForgeSettings) -> Result<Self, Fault> {
        let environment = &context.doors().environment;
        let vendor = match settings.kind {
            ForgeKind::Github => &GITHUB,
            ForgeKind::Gitlab => &GITHUB,
        };
        let mut token = Token::from_environment(environment, vendor.token_variables);
        if token.is_none() && settings.kind == ForgeKind::Github {
            token = token_of_gh(context)?;
        }
        let missing = AccessError::NoToken {
            vendor: vendor.name,
            variables: vendor.token_variables,
            new_token: vendor.new_token,
        };
        let token = token.ok_or_else(|| match settings.kind {
            ForgeKind::Github => {
                Fault::from(&missing).hint("or sign in once with GitHub's own program: `gh auth login`")
            }
            ForgeKind::Gitlab => Fault::from(&missing),
        })?;
        context.masker().add(token.secret.expose().as_bytes());
        let access = match &settings.api {
            Some(api) => Access::at(vendor, api, "api of [forge]", token),
            None => Access::with_token(vendor, environment, token),
        };
        let access = access.map_err(|error| Fault::from(&error))?;
        Ok(Self { settings: settings.clone(), access, web: RealWeb::new(environment) })
    }

    /// Where it is asked.
    pub(super) fn host(&self) -> String {
        let base = self.access.base.as_str();
        let rest = base.split_once("://").map_or(base, |(_, rest)| rest);
        rest.split('/').next().unwrap_or(rest).to_owned()
    }

    /// The forge for the length of a step.
    pub(super) fn session<'a, 'c>(&'a self, context: &'a StepContext<'c>) -> ForgeSession<'a, 'c> {
        ForgeSession { forge: self, pace: StepPace { context }, keys: BTreeMap::new(), ensured: Vec::new() }
    }
}

/// What `gh` was signed in with, where it is there and knows.
fn token_of_gh(context: &mut StepContext<'_>) -> Result<Option<Token>, Fault> {
    let path = context.doors().environment.variables.get(std::ffi::OsStr::new("PATH")).cloned();
    if context.doors().tools.find("gh", path.as_deref(), context.root()).is_err() {
        return Ok(None);
    }
    let answer = context.read_command(&github::token_command(context.root()), true)?;
    if !answer.termination.is_success() {
        return Ok(None);
    }
    Ok(Token::from_output(&answer.out, github::TOKEN_COMMAND))
}

/// Waits until the time is over or a signal comes.
struct StepPace<'a, 'c> {
    context: &'a StepContext<'c>,
}

impl Pace for StepPace<'_, '_> {
    fn now(&self) -> jiff::Timestamp {
        self.context.doors().clock.now()
    }

    fn wait(&self, time: Duration) -> bool {
        let clock = &self.context.doors().clock;
        let until = clock.monotonic() + time;
        if time > OFTEN {
            let text = format!("the forge asks to wait {}", duration::render(time));
            self.context.log().notice(Level::Note, &text);
        }
        while clock.monotonic() < until {
            if self.context.is_cancelled() {
                return false;
            }
            crossbeam_channel::after(OFTEN.min(until.saturating_sub(clock.monotonic()))).recv().ok();
        }
        true
    }
}

/// The forge in one step. Keys and environments are looked up once.
pub(super) struct ForgeSession<'a, 'c> {
    forge: &'a Forge,
    pace: StepPace<'a, 'c>,
    keys: BTreeMap<Option<String>, secrets::Key>,
    ensured: Vec<String>,
}

impl ForgeSession<'_, '_> {
    fn client(&self) -> Client<'_> {
        Client::new(&self.forge.web, &self.pace, &self.forge.access)
    }

    fn repository(&self) -> Result<RepositoryName, Fault> {
        self.forge
            .settings
            .repo
            .parse()
            .map_err(|error: github::NoRepository| Fault::new(FaultKind::File, error.to_string()))
    }

    fn place(&self, scope: Option<&str>) -> Result<secrets::Place, Fault> {
        let repository = self.repository()?;
        Ok(match scope {
            None => secrets::Place::Repository(repository),
            Some(environment) => secrets::Place::Environment(repository, environment.to_owned()),
        })
    }

    /// What a scope holds; `None`: there is no such environment.
    pub(super) fn list(
        &self,
        scope: Option<&str>,
        key: Option<&DigestKey>,
    ) -> Result<Option<BTreeMap<String, Held>>, Fault> {
        let client = self.client();
        let fault = |error| Fault::from(&error);
        if let Some(name) = scope {
            let there = client.find(&environments::environment(&self.repository()?, name)).map_err(fault)?;
            if there.is_none() {
                // A repository that can't be seen answers the same.
                client.run(&github::repository::repository(&self.repository()?)).map_err(fault)?;
                return Ok(None);
            }
        }
        let listed = client.list(&secrets::list(&self.place(scope)?)).map_err(fault)?;
        let held = listed
            .into_iter()
            .map(|each| (each.name, Held { updated_at: Some(each.updated_at.to_string()), digest: None }));
        Ok(Some(held.collect()))
    }

    /// Makes an environment where there is none; whether it had to.
    pub(super) fn ensure(&mut self, environment: &str) -> Result<bool, Fault> {
        if self.ensured.iter().any(|name| name == environment) {
            return Ok(false);
        }
        let made = environments::ensure(&self.client(), &self.repository()?, environment)
            .map_err(|error| Fault::from(&error))?;
        self.ensured.push(environment.to_owned());
        Ok(made == environments::Ensured::Made)
    }

    /// Stores a secret; gives the place's own time of it.
    pub(super) fn put(
        &mut self,
        scope: Option<&str>,
        name: &str,
        value: &Secret,
        is_protected: bool,
    ) -> Result<Option<String>, Fault> {
        let place = self.place(scope)?;
        let client = self.client();
        let key = match self.keys.get(&scope.map(str::to_owned)) {
            Some(key) => key.clone(),
            None => client.run(&secrets::public_key(&place)).map_err(|error| Fault::from(&error))?,
        };
        let (_, key) = secrets::store(&client, &place, name, value.expose().as_bytes(), key)
            .map_err(|error| Fault::from(&error))?;
        let listed = client.run(&secrets::one(&place, name)).map_err(|error| Fault::from(&error))?;
        drop(client);
        self.keys.insert(scope.map(str::to_owned), key);
        Ok(Some(listed.updated_at.to_string()))
    }
}
