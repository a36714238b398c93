//! The repository at its forge: who may have it made, what is there, and making it.

use std::time::Duration;

use super::{Job, Visibility};
use crate::adapters::github::repository::NewRepository;
use crate::adapters::github::{self, GITHUB, RepositoryName, repository};
use crate::adapters::gitlab::{GITLAB, project};
use crate::adapters::vendor::{Access, Client, Pace, VendorError};
use crate::diagnostic::{Fault, FaultKind};
use crate::event::Level;
use crate::http::RealWeb;
use crate::model::{ForgeKind, ForgeSettings};
use crate::run::StepContext;
use crate::text::duration;

/// A repository that the forge has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct There {
    /// As it is called now.
    pub(super) name: String,
    pub(super) visibility: Visibility,
    pub(super) ssh: String,
    pub(super) https: String,
    /// Where a person reads it.
    pub(super) page: String,
}

/// Where a repository is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The token's own user.
    User,
    /// An organisation of GitHub's.
    Organisation,
    /// A group of GitLab's.
    Group(u64),
}

/// The forge, with a token for it.
pub(super) struct Forge {
    settings: ForgeSettings,
    pub(super) access: Access,
    web: RealWeb,
}

/// Waits as long as a step may.
struct StepPace<'a, 'c>(&'a StepContext<'c>);

impl Pace for StepPace<'_, '_> {
    fn now(&self) -> jiff::Timestamp {
        self.0.doors().clock.now()
    }

    fn wait(&self, time: Duration) -> bool {
        let text = format!("the forge does not answer well; trying again in {}", duration::render(time));
        self.0.log().notice(Level::Note, &text);
        self.0.wait(time)
    }
}

fn fault(error: VendorError) -> Fault {
    Fault::from(&error)
}

impl From<repository::Repository> for There {
    fn from(told: repository::Repository) -> Self {
        Self {
            name: told.full_name,
            visibility: if told.private { Visibility::Private } else { Visibility::Public },
            ssh: told.ssh_url,
            https: told.clone_url,
            page: told.html_url,
        }
    }
}

impl From<project::Project> for There {
    fn from(told: project::Project) -> Self {
        let visibility = match told.visibility.as_deref() {
            Some("public") => Visibility::Public,
            Some("internal") => Visibility::Internal,
            // Who is told nothing sees it all the same, by what he was given.
            _ => Visibility::Private,
        };
        Self {
            name: told.path_with_namespace,
            visibility,
            ssh: told.ssh_url_to_repo,
            https: told.http_url_to_repo,
            page: told.web_url,
        }
    }
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

    fn name(&self) -> Result<RepositoryName, Fault> {
        let name = self.settings.repo.parse();
        name.map_err(|error: github::NoRepository| Fault::new(FaultKind::File, error.to_string()))
    }

    /// The repository, if the forge has it and the token may see it.
    pub(super) fn find(&self, context: &StepContext<'_>) -> Result<Option<There>, Fault> {
        let pace = StepPace(context);
        let client = Client::new(&self.web, &pace, &self.access);
        match self.settings.kind {
            ForgeKind::Github => client
                .find(&repository::repository(&self.name()?))
                .map(|found| found.map(There::from))
                .map_err(fault),
            ForgeKind::Gitlab => client
                .find(&project::project(&self.settings.repo))
                .map(|found| found.map(There::from))
                .map_err(fault),
        }
    }

    /// Where it would be made.
    pub(super) fn owner(&self, context: &StepContext<'_>) -> Result<Owner, Fault> {
        let pace = StepPace(context);
        let client = Client::new(&self.web, &pace, &self.access);
        match self.settings.kind {
            ForgeKind::Github => {
                let user = client.run(&repository::user()).map_err(fault)?;
                let is_own = user.login.eq_ignore_ascii_case(&self.name()?.owner);
                Ok(if is_own { Owner::User } else { Owner::Organisation })
            }
            ForgeKind::Gitlab => {
                let user = client.run(&project::user()).map_err(fault)?;
                let (group, _) = self.group_and_name()?;
                if user.username.eq_ignore_ascii_case(group) {
                    return Ok(Owner::User);
                }
                Ok(Owner::Group(client.run(&project::namespace(group)).map_err(fault)?.id))
            }
        }
    }

    fn group_and_name(&self) -> Result<(&str, &str), Fault> {
        self.settings.repo.rsplit_once('/').ok_or_else(|| {
            let message = format!("`{}` names no project: it is written as GROUP/NAME", self.settings.repo);
            Fault::new(FaultKind::File, message)
        })
    }

    /// Makes it.
    pub(super) fn create(
        &self,
        context: &StepContext<'_>,
        owner: Owner,
        visibility: Visibility,
    ) -> Result<There, Fault> {
        let pace = StepPace(context);
        let client = Client::new(&self.web, &pace, &self.access);
        match self.settings.kind {
            ForgeKind::Github => {
                let new = NewRepository {
                    name: &self.name()?,
                    is_organisation: owner == Owner::Organisation,
                    private: visibility != Visibility::Public,
                    description: "",
                };
                client.run(&repository::create(&new)).map(There::from).map_err(fault)
            }
            ForgeKind::Gitlab => {
                let group = match owner {
                    Owner::Group(id) => Some(id),
                    Owner::User | Owner::Organisation => None,
                };
                let (_, name) = self.group_and_name()?;
                client.run(&project::create(name, group, visibility.word())).map(There::from).map_err(fault)
            }
        }
    }
}

impl There {
    /// The address that `origin` gets.
    pub(super) fn address(&self, job: &Job) -> &str {
        if job.request.https { &self.https } else { &self.ssh }
    }

    /// Refuses a repository that others may read than was asked for.
    pub(super) fn confirm(&self, job: &Job) -> Result<(), Fault> {
        let wanted = job.request.visibility;
        if self.visibility == wanted {
            return Ok(());
        }
        let (is, word) = (self.visibility.word(), wanted.word());
        let message = format!("the repository {} is {is}, and {word} was asked for", self.name);
        Err(Fault::new(FaultKind::Refused, message)
            .detail(self.page.clone())
            .hint(format!("say so if that is what you want: --{is}"))
            .hint("or change it there first: Shipway changes nobody's visibility"))
    }
}
