//! The forge in one step: lists, makes environments, takes secrets. GitHub gets sealed boxes; GitLab has variables, which it gives back.

use std::collections::BTreeMap;
use std::time::Duration;

use super::compare::Held;
use super::forge::{Forge, HeldByScope};
use crate::adapters::github::{self, RepositoryName, environments, secrets};
use crate::adapters::gitlab::{project, variables};
use crate::adapters::vendor::{Client, Pace, VendorError};
use crate::diagnostic::{Fault, FaultKind};
use crate::event::Level;
use crate::ledger::{DigestKey, secret_key};
use crate::masking::Secret;
use crate::model::ForgeKind;
use crate::run::StepContext;
use crate::text::duration;

/// Waits as long as a step may.
struct StepPace<'a, 'c> {
    context: &'a StepContext<'c>,
}

impl Pace for StepPace<'_, '_> {
    fn now(&self) -> jiff::Timestamp {
        self.context.doors().clock.now()
    }

    fn wait(&self, time: Duration) -> bool {
        let text = format!("the forge does not answer well; trying again in {}", duration::render(time));
        self.context.log().notice(Level::Note, &text);
        self.context.wait(time)
    }
}

/// One secret on its way.
pub(super) struct Outgoing<'i> {
    /// `None`: for all jobs of the repository.
    pub(super) environment: Option<&'i str>,
    pub(super) name: &'i str,
    pub(super) value: &'i Secret,
    /// Only for jobs of protected branches, where the forge knows that.
    pub(super) is_protected: bool,
    /// There is one already.
    pub(super) is_there: bool,
}

/// The forge in one step. Keys and environments are looked up once.
pub(super) struct ForgeSession<'a, 'c> {
    forge: &'a Forge,
    pace: StepPace<'a, 'c>,
    keys: BTreeMap<Option<String>, secrets::Key>,
    ensured: Vec<String>,
}

fn fault(error: VendorError) -> Fault {
    Fault::from(&error)
}

impl<'a, 'c> ForgeSession<'a, 'c> {
    pub(super) fn new(forge: &'a Forge, context: &'a StepContext<'c>) -> Self {
        Self { forge, pace: StepPace { context }, keys: BTreeMap::new(), ensured: Vec::new() }
    }

    fn client(&self) -> Client<'_> {
        Client::new(&self.forge.web, &self.pace, &self.forge.access)
    }

    fn kind(&self) -> ForgeKind {
        self.forge.settings.kind
    }

    fn project(&self) -> &str {
        &self.forge.settings.repo
    }

    fn repository(&self) -> Result<RepositoryName, Fault> {
        self.project()
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

    /// What each scope holds; `None` for an environment that is not there.
    pub(super) fn list(
        &self,
        scopes: &[Option<String>],
        key: Option<&DigestKey>,
    ) -> Result<HeldByScope, Fault> {
        match self.kind() {
            ForgeKind::Github => {
                let of = |scope: &Option<String>| Ok((scope.clone(), self.list_github(scope.as_deref())?));
                scopes.iter().map(of).collect()
            }
            ForgeKind::Gitlab => self.list_gitlab(scopes, key),
        }
    }

    fn list_github(&self, scope: Option<&str>) -> Result<Option<BTreeMap<String, Held>>, Fault> {
        let client = self.client();
        if let Some(name) = scope {
            let there = client.find(&environments::environment(&self.repository()?, name)).map_err(fault)?;
            if there.is_none() {
                // A repository that can't be seen answers the same.
                client.run(&github::repository::repository(&self.repository()?)).map_err(fault)?;
                return Ok(None);
            }
        }
        let listed = client.list(&secrets::list(&self.place(scope)?)).map_err(fault)?;
        let held = |each: secrets::Listed| {
            (each.name, Held { updated_at: Some(each.updated_at.to_string()), digest: None })
        };
        Ok(Some(listed.into_iter().map(held).collect()))
    }

    fn list_gitlab(&self, scopes: &[Option<String>], key: Option<&DigestKey>) -> Result<HeldByScope, Fault> {
        let client = self.client();
        let all = client.list(&variables::list(self.project())).map_err(fault)?;
        let mut found = BTreeMap::new();
        for scope in scopes {
            let wanted = scope.as_deref().unwrap_or(variables::EVERYWHERE);
            if let Some(name) = scope {
                let environments =
                    client.list(&project::environments(self.project(), name)).map_err(fault)?;
                if !environments.iter().any(|environment| environment.name == *name) {
                    found.insert(scope.clone(), None);
                    continue;
                }
            }
            let of_scope = all.iter().filter(|variable| variable.environment_scope == wanted);
            let held = of_scope.map(|variable| {
                let value = variable.value.as_ref().zip(key);
                let digest = value.map(|(value, key)| {
                    key.digest(&secret_key(scope.as_deref(), &variable.key), value.expose().as_bytes())
                });
                (variable.key.clone(), Held { updated_at: None, digest })
            });
            found.insert(scope.clone(), Some(held.collect()));
        }
        Ok(found)
    }

    /// Makes an environment where there is none; whether it had to.
    pub(super) fn ensure(&mut self, environment: &str) -> Result<bool, Fault> {
        if self.ensured.iter().any(|name| name == environment) {
            return Ok(false);
        }
        let made = match self.kind() {
            ForgeKind::Github => environments::ensure(&self.client(), &self.repository()?, environment)
                .map(|made| made == environments::Ensured::Made),
            ForgeKind::Gitlab => project::ensure_environment(&self.client(), self.project(), environment),
        };
        let made = made.map_err(fault)?;
        self.ensured.push(environment.to_owned());
        Ok(made)
    }

    /// Stores a secret; gives the place's own time of it.
    pub(super) fn put(&mut self, secret: &Outgoing<'_>) -> Result<Option<String>, Fault> {
        match self.kind() {
            ForgeKind::Github => self.put_github(secret).map(Some),
            ForgeKind::Gitlab => self.put_gitlab(secret).map(|()| None),
        }
    }

    fn put_github(&mut self, secret: &Outgoing<'_>) -> Result<String, Fault> {
        let place = self.place(secret.environment)?;
        let scope = secret.environment.map(str::to_owned);
        let client = self.client();
        let key = match self.keys.get(&scope) {
            Some(key) => key.clone(),
            None => client.run(&secrets::public_key(&place)).map_err(fault)?,
        };
        let (_, key) = secrets::store(&client, &place, secret.name, secret.value.expose().as_bytes(), key)
            .map_err(|error| Fault::from(&error))?;
        let told = client.run(&secrets::one(&place, secret.name)).map_err(fault)?;
        self.keys.insert(scope, key);
        Ok(told.updated_at.to_string())
    }

    fn put_gitlab(&self, secret: &Outgoing<'_>) -> Result<(), Fault> {
        let scope = secret.environment.unwrap_or(variables::EVERYWHERE);
        let new = |masked| variables::NewVariable {
            key: secret.name,
            value: secret.value,
            protected: secret.is_protected,
            masked,
            environment_scope: scope,
        };
        // What GitLab can't mask is stored all the same, and said.
        let masked = match variables::wrong_value(secret.value.expose(), true) {
            None => true,
            Some(why) => {
                let text = format!("{}: GitLab does not mask it in its logs: {why}", secret.name);
                self.pace.context.log().notice(Level::Warning, &text);
                false
            }
        };
        let new = new(masked);
        let operation = match secret.is_there {
            true => variables::update(self.project(), &new),
            false => variables::create(self.project(), &new),
        };
        self.client().run(&operation).map(drop).map_err(fault)
    }
}
