//! Workspaces whose state lies in HCP Terraform: what their vendor is asked where terraform does not tell, and what is refused.
//!
//! Only workspaces in *local* execution are Shipway's: elsewhere a plan is made from an upload, its file is a bookmark, and who answers it may be
//! somebody in a browser. So nothing is asked of the vendor but two questions, where plans are made and who holds a lock; where it does not answer,
//! terraform goes on and says what is wrong itself, and a plan that turns out to be a bookmark is refused all the same.

use std::time::Duration;

use super::site::Site;
use crate::adapters::hcp::place::CloudPlace;
use crate::adapters::hcp::workspace::{self, CloudWorkspace};
use crate::adapters::hcp::{self, DEFAULT_HOST, HCP, credentials};
use crate::adapters::terraform::diagnostic::errors;
use crate::adapters::terraform::{Root, TerraformDiagnostic, bookmark};
use crate::adapters::vendor::{Access, Client, Pace, Token, TokenSource};
use crate::diagnostic::{Fault, FaultKind};
use crate::http::RealWeb;
use crate::masking::Secret;
use crate::os::command::CommandSpec;
use crate::run::StepContext;

/// Makes terraform plan here whatever the workspace's execution mode: a person's own choice, which is respected.
const FORCE_LOCAL: &str = "TF_FORCE_LOCAL_BACKEND";

struct StepPace<'a, 'c>(&'a StepContext<'c>);

impl Pace for StepPace<'_, '_> {
    fn now(&self) -> jiff::Timestamp {
        self.0.doors().clock.now()
    }

    fn wait(&self, time: Duration) -> bool {
        self.0.wait(time)
    }
}

impl Site {
    /// The call of a plan, where it is made here.
    pub(super) fn call_plan(
        &self,
        context: &mut StepContext<'_>,
        call: impl FnOnce(&Root<'_>) -> CommandSpec,
    ) -> Result<CommandSpec, Fault> {
        let spec = self.call(context, call)?;
        let forces = context.doors().environment.get(FORCE_LOCAL).is_some_and(|value| !value.is_empty());
        if forces || spec.env.contains_key(FORCE_LOCAL) {
            return Ok(spec);
        }
        let Some(place) = self.cloud_place(context)? else { return Ok(spec) };
        match self.cloud_workspace(context, &place) {
            Some(found) if !found.is_local() => Err(self.plans_elsewhere(&place, &found.execution)),
            _ => Ok(spec),
        }
    }

    /// Refuses a plan file that only names a run of the vendor's.
    pub(super) fn refuse_bookmark(
        &self,
        context: &StepContext<'_>,
        file: &std::path::Path,
    ) -> Result<(), Fault> {
        let bytes = context.doors().files.read(file).unwrap_or_default();
        let Some(run) = bookmark::read(&bytes) else { return Ok(()) };
        context.doors().files.remove(file).ok();
        let place = self.cloud_place(context)?.unwrap_or_else(|| CloudPlace {
            host: run.host.clone(),
            organization: "ORGANIZATION".to_owned(),
            name: "WORKSPACE".to_owned(),
            token: None,
        });
        let fault = self.plans_elsewhere(&place, "remote");
        Err(fault.detail(format!(
            "{} has made the plan as its run {}, which waits there; discard it",
            run.host, run.id
        )))
    }

    fn plans_elsewhere(&self, place: &CloudPlace, execution: &str) -> Fault {
        let message = format!(
            "the plans of `{}` are made by HCP Terraform: {} has the execution mode `{execution}`",
            self.name,
            place.id()
        );
        Fault::new(FaultKind::Refused, message)
            .detail("what is answered here has to be what is applied, and a run over there can be answered and changed by others")
            .hint(format!("choose the execution mode \"Local\": {}", place.settings()))
            .hint(format!("or as the default of all workspaces of {}: {}", place.organization, place.organization_settings()))
            .hint(format!("or plan here with the workspace's own variables: `env = {{ {FORCE_LOCAL} = \"1\" }}`"))
    }

    /// Where its state lies, if that is in HCP Terraform and init has set it up.
    pub(super) fn cloud_place(&self, context: &StepContext<'_>) -> Result<Option<CloudPlace>, Fault> {
        let doors = context.doors();
        let data = self.data_folder(&doors.environment)?;
        let text = |name: &str| {
            String::from_utf8_lossy(&doors.files.read(&data.join(name)).unwrap_or_default()).into_owned()
        };
        let variable = |name: &str| doors.environment.get(name);
        Ok(CloudPlace::read(&text("terraform.tfstate"), &text("environment"), variable))
    }

    /// One clause about who has locked it; `None` where it lies elsewhere, or the vendor does not tell.
    pub(super) fn cloud_holder(&self, context: &StepContext<'_>) -> Option<String> {
        let place = self.cloud_place(context).ok()??;
        let found = self.cloud_workspace(context, &place)?;
        found.holder.map(|holder| holder.told())
    }

    /// Asks the vendor. Nothing where it does not answer: terraform asks it the next moment, and says what is wrong.
    fn cloud_workspace(&self, context: &StepContext<'_>, place: &CloudPlace) -> Option<CloudWorkspace> {
        let token = token(context, place)?;
        context.masker().add(token.secret.expose().as_bytes());
        let access = Access::at(&HCP, &format!("https://{}", place.host), "hostname", token).ok()?;
        let web = RealWeb::new(&context.doors().environment);
        let pace = StepPace(context);
        let client = Client::new(&web, &pace, &access);
        let api = match place.host.as_str() {
            DEFAULT_HOST => "/api/v2".to_owned(),
            _ => client.run(&hcp::discover()).ok()?,
        };
        client.run(&workspace::show(&api, place)).ok()
    }
}

/// The token that terraform would take.
fn token(context: &StepContext<'_>, place: &CloudPlace) -> Option<Token> {
    let doors = context.doors();
    let of = |secret: Secret, source| Token { secret, source };
    if let Some(token) = &place.token {
        return Some(of(token.clone(), TokenSource::Variable("token".to_owned())));
    }
    let variables = doors.environment.variables.iter();
    let texts = variables.filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)));
    if let Some((name, value)) = credentials::among(texts, &place.host) {
        return Some(of(Secret::new(value), TokenSource::Variable(name.to_owned())));
    }
    let file = doors.files.read(&doors.environment.home()?.join(credentials::FILE)).ok()?;
    let token = credentials::in_file(&String::from_utf8_lossy(&file), &place.host)?;
    Some(of(Secret::new(token), TokenSource::Command("terraform login".to_owned())))
}

/// What to do about a token that is missing or wrong, where that is what terraform says.
pub(super) fn token_hints(diagnostics: &[TerraformDiagnostic], tool: &str) -> Vec<String> {
    let named = |text: &str, before: &str| {
        let host = text.split_once(before)?.1.split_whitespace().next()?;
        Some(host.trim_end_matches([':', '.', ',']).to_owned())
    };
    for error in errors(diagnostics) {
        if error.summary == "Required token could not be found" {
            let host = named(&error.detail, "token for ").unwrap_or_else(|| DEFAULT_HOST.to_owned());
            return vec![
                format!("sign in once: `{tool} login {host}`"),
                format!("or, in CI, put a token into the variable `{}`", credentials::variable(&host)),
            ];
        }
        // go-tfe's word for a 401.
        if error.summary.starts_with("Failed to read organization") && error.detail.ends_with("unauthorized")
        {
            let host = named(&error.summary, " at host ").unwrap_or_else(|| DEFAULT_HOST.to_owned());
            let variable = credentials::variable(&host);
            return vec![format!(
                "the token is wrong, revoked or expired: make a new one with `{tool} login {host}`, and where `{variable}` is set, set that to it"
            )];
        }
    }
    Vec::new()
}
