//! The images of a release, and the two files that say what it is: nothing that serves is touched.
//!
//! A release never names an image that a later build could move (`deployers.md` 3.4): what is built is tagged with the commit, and what
//! a rolled service takes from elsewhere gets such a tag, too. A service that is not rolled keeps the name by which the live release has
//! its image while the image is the same, and so keeps its container.

use std::path::{Path, PathBuf};

use super::ask::{self, compose_at, demand, note, perform, say};
use super::lint::lint;
use super::mounts::{self, inside};
use super::scene::Scene;
use super::{FINGERPRINT, GRACE, NETWORKS, OVERRIDE, RELEASE, caddyfile};
use crate::adapters::compose::command::Program;
use crate::adapters::compose::config::{self, Config, Service};
use crate::adapters::compose::overrides::{self, Override, Overrides};
use crate::adapters::docker::command as docker;
use crate::diagnostic::{Fault, FaultKind};
use crate::release::layout::Layout;
use crate::release::protocol::Settings;
use crate::release::record::{Compose, Flavour, Image, Probe, Release};
use crate::run::{Action, Outcome, StepContext};
use crate::text::count::count;

/// The first engine that crashes compose 1.x (`deployers.md` 5.6).
const ENGINE_WITHOUT_V1: u64 = 25;

/// What the part works on.
pub(super) struct Site {
    pub(super) layout: Layout,
    pub(super) draft: Release,
    pub(super) live: Option<Release>,
    pub(super) settings: Settings,
}

/// What the check found.
struct Checked {
    program: Program,
    config: Config,
}

/// Which step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Check,
    Images,
    Write,
}

pub(super) struct BuildAction {
    pub(super) verb: Verb,
    pub(super) site: std::sync::Arc<Site>,
}

impl Action for BuildAction {
    fn describe(&self) -> Vec<String> {
        let (site, draft) = (&self.site, &self.site.draft);
        let Some(compose) = &draft.compose else {
            return vec![format!("write {}", site.folder().join(RELEASE).display())];
        };
        // Which of two programs compose 2.x is, is found out when it runs.
        let program = match compose.flavour {
            Flavour::V1 => Program::Standalone,
            Flavour::V2 => Program::Plugin,
        };
        match self.verb {
            Verb::Check => vec![compose_at(&site.folder(), compose, program, false).config().to_string()],
            Verb::Images => {
                let name = site.reference("SERVICE");
                vec![format!(
                    "build the image of each service that has `build:`, as {name}, where it is not there"
                )]
            }
            Verb::Write => [OVERRIDE, RELEASE]
                .iter()
                .map(|file| format!("write {}", site.folder().join(file).display()))
                .collect(),
        }
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        let Some(compose) = &self.site.draft.compose else {
            return self.site.write_release(context, &self.site.draft).into();
        };
        match self.verb {
            Verb::Check => self.site.check(context, compose).map(Outcome::done_with).into(),
            Verb::Images => self.site.images(context, compose).into(),
            Verb::Write => self.site.write(context, compose).into(),
        }
    }
}

impl Site {
    fn folder(&self) -> PathBuf {
        self.layout.release(&self.draft.name)
    }

    fn source(&self) -> String {
        self.layout.source(&self.draft.name).to_string_lossy().into_owned()
    }

    /// `PROJECT-ENV/SERVICE:COMMIT`; in small letters, as docker wants it.
    fn reference(&self, service: &str) -> String {
        let project = self.draft.compose.as_ref().map(|compose| compose.project.as_str()).unwrap_or_default();
        let commit = self.draft.commit.get(..12).unwrap_or(&self.draft.commit);
        format!("{project}/{}:{commit}", service.to_lowercase())
    }

    fn is_rolled(&self, service: &str) -> bool {
        self.draft.rollout.groups.iter().any(|group| group.services.iter().any(|name| name == service))
    }

    fn check(&self, context: &mut StepContext<'_>, compose: &Compose) -> Result<Checked, Fault> {
        let home = &self.layout.home;
        let pinned = self.settings.compose.as_ref().map(|(flavour, _)| *flavour);
        let live = self.live.as_ref().and_then(|live| live.compose.as_ref()).map(|compose| compose.flavour);
        let flavour = pinned.or(live).unwrap_or(compose.flavour);
        let engine = demand(context, &docker::engine_version(home), "docker could not be asked")?;
        let (program, version) = ask::program(context, home, flavour)?;
        if flavour != compose.flavour {
            return Err(Fault::new(FaultKind::Bug, "the release is not for the compose that is pinned"));
        }
        refuse_crash(flavour, &version, engine.trim())?;
        let spec = compose_at(&self.folder(), compose, program, false).config();
        let answer = ask::ask(context, &spec)?;
        if !answer.termination.is_success() {
            return Err(ask::failed(&spec, &answer, "compose does not take the release's files"));
        }
        // A variable that is not set, a key that is out of date.
        for line in answer.err.iter().filter(|line| !line.trim().is_empty()) {
            ask::warn(context, &format!("compose: {}", line.trim()));
        }
        let config = config::parse(&answer.out).map_err(|error| {
            Fault::new(FaultKind::World, format!("what compose prints is not understood: {error}"))
                .detail(format!("$ {spec}"))
        })?;
        let files = &context.doors().files;
        let kind_of = |path: &str| files.kind(Path::new(path));
        let findings = lint(&config, &self.draft.rollout, &self.source(), &kind_of);
        for warning in &findings.warnings {
            ask::warn(context, warning);
        }
        if findings.errors.is_empty() {
            let scene =
                Scene { layout: self.layout.clone(), to: Some(self.draft.clone()), from: self.live.clone() };
            caddyfile::check(context, &scene, &self.source())?;
            return Ok(Checked { program, config });
        }
        let mut fault = Fault::new(FaultKind::File, "these services can't be rolled as they are written");
        fault.details = findings.errors;
        Err(fault.hint("change the compose files or `[rollout]`, commit, and deploy that"))
    }

    /// Makes the images that are not there.
    fn images(&self, context: &mut StepContext<'_>, compose: &Compose) -> Result<Outcome, Fault> {
        let checked = checked(context)?;
        let home = &self.layout.home;
        let mut missing = Vec::new();
        for (name, service) in &checked.config.services {
            let reference = self.reference(name);
            if service.is_built && ask::image(context, home, &reference)?.is_none() {
                missing.push(name.as_str());
            }
            if !service.is_built && self.is_rolled(name) && ask::image(context, home, &reference)?.is_none() {
                self.fetch(context, service, &reference)?;
            }
        }
        if missing.is_empty() {
            return Ok(Outcome::UpToDate("every image is there".to_owned()));
        }
        let named =
            checked.config.services.iter().filter(|(_, service)| service.is_built).map(|(name, _)| {
                (name.clone(), Override { image: Some(self.reference(name)), ..Override::default() })
            });
        let overrides = Overrides { services: named.collect(), ..Overrides::default() };
        self.write_override(context, &checked.config, &overrides)?;
        let caller = compose_at(&self.folder(), compose, checked.program, true);
        say(context, format!("building {}", count(missing.len(), "image")));
        perform(context, &caller.build(missing), "the images could not be built")?;
        Ok(Outcome::done())
    }

    /// The image of a rolled service that others built: fetched where it is not here, and tagged with the commit.
    fn fetch(&self, context: &mut StepContext<'_>, service: &Service, reference: &str) -> Result<(), Fault> {
        let home = &self.layout.home;
        let theirs = service.image.as_deref().unwrap_or_default();
        if ask::image(context, home, theirs)?.is_none() {
            perform(context, &docker::pull(home, theirs), "the image could not be fetched")?;
        }
        demand(context, &docker::tag(home, theirs, reference), "the image could not be tagged").map(drop)
    }

    fn write(&self, context: &mut StepContext<'_>, compose: &Compose) -> Result<Outcome, Fault> {
        let checked = checked(context)?;
        let mut compose = compose.clone();
        compose.stamp = ask::stamp(context, &self.layout.home, compose.flavour);
        let mut overrides = Overrides::default();
        for (name, service) in &checked.config.services {
            let image = self.image(context, name, service)?;
            let mut said = Override::default();
            if image.built {
                said.image = Some(image.reference.clone());
            }
            let mounts = self.mount(context, (name, service), &mut said, &mut overrides)?;
            if self.is_rolled(name) {
                let fingerprint = self.fingerprint(service, mounts.as_deref());
                said.labels.insert(FINGERPRINT.to_owned(), fingerprint.clone());
                if let Some(grace) = service.stop_grace {
                    said.labels.insert(GRACE.to_owned(), grace.as_secs_f64().ceil().to_string());
                }
                said.labels.insert(NETWORKS.to_owned(), service.networks.to_string());
                compose.fingerprints.insert(name.clone(), fingerprint);
            } else {
                compose.settings.insert(name.clone(), self.fingerprint(service, mounts.as_deref()));
                if service.on_demand {
                    compose.on_demand.push(name.clone());
                }
            }
            compose.mounts.extend(mounts.map(|digest| (name.clone(), digest)));
            compose.images.insert(name.clone(), image);
            overrides.services.insert(name.clone(), said);
        }
        self.write_override(context, &checked.config, &overrides)?;
        let release = Release { compose: Some(compose), ..self.draft.clone() };
        let outcome = self.write_release(context, &release)?;
        self.drop_names(context, &release)?;
        Ok(outcome)
    }

    /// Keeps what a service mounts of the release, and says so over it; its digest.
    fn mount(
        &self,
        context: &StepContext<'_>,
        (name, service): (&str, &Service),
        said: &mut Override,
        overrides: &mut Overrides,
    ) -> Result<Option<String>, Fault> {
        let source = self.source();
        let unkept = |error: std::io::Error| {
            Fault::new(FaultKind::World, format!("the files that `{name}` mounts can't be kept: {error}"))
        };
        let mounted = mounts::mounted(&*context.doors().files, service, &source).map_err(unkept)?;
        let Some(mounted) = mounted else { return Ok(None) };
        mounts::keep(&self.layout, &source, &mounted).map_err(unkept)?;
        let folder = match self.draft.rollout.caddy.as_deref() == Some(name) {
            true => mounts::proxy(&self.layout),
            false => mounts::kept(&self.layout, &mounted.digest),
        };
        said.volumes = mounts::volumes(service, &source, &folder);
        for file in &service.files {
            if let Some(path) = inside(&file.source, &source) {
                overrides.files.insert((file.kind, file.name.clone()), mounts::at(&folder, path));
            }
        }
        Ok(Some(mounted.digest))
    }

    /// Takes the commit's name from images that the release knows by an earlier one.
    fn drop_names(&self, context: &mut StepContext<'_>, release: &Release) -> Result<(), Fault> {
        let images = release.compose.as_ref().map(|compose| &compose.images);
        for (name, image) in images.into_iter().flatten() {
            let reference = self.reference(name);
            if image.built && image.reference != reference {
                ask::ask(context, &docker::untag(&self.layout.home, &reference))?;
            }
        }
        Ok(())
    }

    /// The image of a service as the release has it.
    fn image(&self, context: &mut StepContext<'_>, name: &str, service: &Service) -> Result<Image, Fault> {
        let home = &self.layout.home;
        let is_rolled = self.is_rolled(name);
        let built = service.is_built || is_rolled;
        let reference = if built { self.reference(name) } else { service.image.clone().unwrap_or_default() };
        let found = ask::image(context, home, &reference)?;
        let Some(found) = found else {
            if !built {
                // It is fetched when its container is made.
                return Ok(Image { reference, id: String::new(), built });
            }
            return Err(Fault::new(
                FaultKind::Failed,
                format!("the image {reference} of `{name}` is not there"),
            )
            .hint("it was there a moment ago: does something remove images on this server?"));
        };
        let wants_docker =
            self.draft.rollout.groups.iter().any(|group| {
                group.probe == Probe::Docker && group.services.iter().any(|other| other == name)
            });
        if wants_docker && service.has_health_check.is_none() && !found.has_health_check {
            return Err(Fault::new(
                FaultKind::File,
                format!("`{name}` has no health check that docker could run"),
            )
            .hint(
                "write a `healthcheck:` for it in the compose file, or a `HEALTHCHECK` in its Dockerfile",
            ));
        }
        let live = self.live.as_ref().and_then(|live| live.compose.as_ref()?.images.get(name));
        if let Some(live) = live.filter(|live| !is_rolled && live.built && built && live.id == found.id)
            && ask::image(context, home, &live.reference)?.is_some_and(|image| image.id == live.id)
        {
            note(context, &format!("{name}: its image is as it was, its container stays"));
            return Ok(live.clone());
        }
        Ok(Image { reference, id: found.id, built })
    }

    /// What a container of a rolled service is made of besides its image. Paths into the release count by what lies there.
    fn fingerprint(&self, service: &Service, mounts: Option<&str>) -> String {
        let body = service.body.to_string().replace(&self.source(), ".");
        let text = format!("{body}\n{}", mounts.unwrap_or_default());
        blake3::hash(text.as_bytes()).to_hex().get(..16).unwrap_or_default().to_owned()
    }

    fn write_override(
        &self,
        context: &StepContext<'_>,
        config: &Config,
        overrides: &Overrides,
    ) -> Result<(), Fault> {
        let text = overrides::render(config.version.as_deref(), overrides);
        let path = self.folder().join(OVERRIDE);
        context.doors().files.write(&path, text.as_bytes(), 0o600).map_err(|error| unwritable(&path, &error))
    }

    fn write_release(&self, context: &StepContext<'_>, release: &Release) -> Result<Outcome, Fault> {
        let path = self.folder().join(RELEASE);
        let bytes = serde_json::to_vec_pretty(release).map_err(|error| {
            Fault::new(FaultKind::Bug, format!("the release can't be written down: {error}"))
        })?;
        context
            .doors()
            .files
            .write_durable(&path, &bytes, 0o600)
            .map_err(|error| unwritable(&path, &error))?;
        Ok(Outcome::done())
    }
}

fn checked(context: &StepContext<'_>) -> Result<std::sync::Arc<Checked>, Fault> {
    context
        .value::<Checked>(super::CHECK)
        .ok_or_else(|| Fault::new(FaultKind::Bug, "the compose files were not read"))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Fault {
    Fault::new(FaultKind::World, format!("{} could not be written: {error}", path.display()))
        .hint("make room on the server and deploy again")
}

/// Compose 1.x on a newer engine crashes in the middle of a replacement (`KeyError: 'ContainerConfig'`) and leaves the service down.
fn refuse_crash(flavour: Flavour, version: &str, engine: &str) -> Result<(), Fault> {
    let major = engine.split('.').next().and_then(|major| major.parse::<u64>().ok());
    if flavour == Flavour::V1 && major.is_some_and(|major| major >= ENGINE_WITHOUT_V1) {
        return Err(Fault::new(
            FaultKind::Refused,
            format!("compose {version} can't replace containers on docker {engine}: it crashes half-way"),
        )
        .hint("install compose 2.x on the server and run `shipway server setup` again"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compose_that_would_crash_is_refused() {
        assert!(refuse_crash(Flavour::V1, "1.29.2", "20.10.24+dfsg1").is_ok());
        assert!(refuse_crash(Flavour::V2, "2.26.1", "26.1.5").is_ok());
        let fault = refuse_crash(Flavour::V1, "1.29.2", "26.1.5").expect_err("it crashes");
        assert_eq!(fault.kind, FaultKind::Refused);
    }
}
