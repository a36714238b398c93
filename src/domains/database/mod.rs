//! Managed databases: their provider is asked, when a task needs one, how it is reached; the task's commands get that in their environment.
//!
//! The provider lists all databases of an account, and exactly one has to have the name (`seeds.md` F95): with anything looser a command
//! could get another's password.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::adapters::digitalocean::{DIGITALOCEAN, connection, databases};
use crate::adapters::vendor::{Access, AccessError, Client, Pace, Token};
use crate::diagnostic::{Fault, FaultKind};
use crate::http::RealWeb;
use crate::model::{Database, Model, Value};
use crate::os::command::EnvironmentValue;
use crate::plan::{Effect, WhenOrphaned};
use crate::run::bindings::database_step;
use crate::run::node::Node;
use crate::run::{Action, Exports, Outcome, StepContext};

/// The step that asks how the database `name` is reached.
pub fn nodes(model: &Arc<Model>, name: &str) -> Result<Vec<Node>, Fault> {
    let database = model.databases.get(name).cloned();
    let database =
        database.ok_or_else(|| Fault::new(FaultKind::Bug, format!("there is no database `{name}`")))?;
    Ok(vec![Node {
        name: database_step(name),
        title: format!("ask for the database {name}"),
        needs: Vec::new(),
        after: Vec::new(),
        effect: Effect::Reads,
        when_orphaned: WhenOrphaned::Stop,
        action: Box::new(AskAction { database }),
    }])
}

struct AskAction {
    database: Database,
}

struct StepPace<'a, 'c>(&'a StepContext<'c>);

impl Pace for StepPace<'_, '_> {
    fn now(&self) -> jiff::Timestamp {
        self.0.doors().clock.now()
    }

    fn wait(&self, time: Duration) -> bool {
        self.0.wait(time)
    }
}

impl Action for AskAction {
    fn describe(&self) -> Vec<String> {
        vec![format!("ask DigitalOcean for the database {}", self.database.cluster)]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.ask(context)
            .map(Outcome::done_with)
            .map_err(|fault| context.bindings().fault_at(self.database.span, fault))
            .into()
    }
}

impl AskAction {
    fn ask(&self, context: &StepContext<'_>) -> Result<Exports, Fault> {
        let environment = &context.doors().environment;
        let token = Token::from_environment(environment, DIGITALOCEAN.token_variables).ok_or_else(|| {
            Fault::from(&AccessError::NoToken {
                vendor: DIGITALOCEAN.name,
                variables: DIGITALOCEAN.token_variables,
                new_token: DIGITALOCEAN.new_token,
            })
        })?;
        context.masker().add(token.secret.expose().as_bytes());
        let access = match &self.database.api {
            Some(api) => {
                Access::at(&DIGITALOCEAN, api, &format!("api of [databases.{}]", self.database.name), token)
            }
            None => Access::with_token(&DIGITALOCEAN, environment, token),
        };
        let access = access.map_err(|error| Fault::from(&error))?;
        let web = RealWeb::new(environment);
        let pace = StepPace(context);
        let client = Client::new(&web, &pace, &access);
        let mut found =
            databases::find(&client, &self.database.cluster).map_err(|error| Fault::from(&error))?;
        if let Some(name) = &self.database.database {
            let connections = [&mut found.connection, &mut found.private_connection];
            connections.into_iter().flatten().for_each(|connection| connection.database.clone_from(name));
        }
        for connection in [&found.connection, &found.private_connection].into_iter().flatten() {
            if let Some(password) = &connection.password {
                context.masker().add(password.expose().as_bytes());
            }
        }
        let variables =
            connection::variables(&found, self.database.private).map_err(|error| Fault::from(&error))?;
        let value = |value: EnvironmentValue| match value {
            EnvironmentValue::Plain(text) => Value::public(text),
            EnvironmentValue::Secret(secret) => {
                context.masker().add(secret.expose().as_bytes());
                Value::secret(secret.expose())
            }
        };
        let exports: BTreeMap<String, Value> =
            variables.into_iter().map(|(name, each)| (name, value(each))).collect();
        Ok(Exports(exports))
    }
}
