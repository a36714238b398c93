//! Gives the parts of a deployment to the engine: each is a plan that is run, recorded and printed like any other.
//!
//! Everything that needs no word of the release's own tasks file runs under the environment's own one, which `server setup` wrote; so going
//! back needs nothing of the release but what is kept of it. The release's file is read for its roll-out and its tasks.

use std::path::{Path, PathBuf};

use super::store::{Store, unwritable};
use crate::adapters::compose::project_name;
use crate::assemble::Goal;
use crate::cli::{Options, Session};
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::releases::{CheckoutRequest, ForgetRequest, MoveRefRequest, has_proc_receive};
use crate::domains::rollout;
use crate::model::Call;
use crate::os::Doors;
use crate::os::files::FileKind;
use crate::plan::Ending;
use crate::release::layout::Layout;
use crate::release::protocol::{Settings, deploy_ref};
use crate::release::record::{Compose, Flavour, RECORD_VERSION, Record, Release};
use crate::run::RunResult;

/// The parts of a deployment.
pub(super) struct Order<'a> {
    store: Store<'a>,
    settings: Settings,
}

impl<'a> Order<'a> {
    pub(super) fn new(store: Store<'a>) -> Result<Self, Fault> {
        Ok(Self { store, settings: store.settings()? })
    }

    /// The commit's files and the environment's as a fresh folder, which gets its name when it is whole.
    pub(super) fn check_out(&self, record: &Record, name: &str) -> Result<(), Fault> {
        let (layout, files) = (self.store.layout, &self.store.doors.files);
        let folder = layout.releases().join(format!("{name}.tmp"));
        files.remove_dir(&folder).map_err(|error| unwritable(&folder, &error))?;
        files.create_private_dir(&folder).map_err(|error| unwritable(&folder, &error))?;
        let request = CheckoutRequest {
            repository: layout.repository(),
            commit: record.commit.clone(),
            folder: folder.join("src"),
            shared: layout.shared(),
        };
        self.perform(&[Goal::Checkout(request)], "checkout")?;
        let place = layout.release(name);
        files.rename(&folder, &place).map_err(|error| unwritable(&place, &error))
    }

    /// Takes away a release that never served.
    pub(super) fn discard(&self, name: &str) -> Result<(), Fault> {
        let layout = self.store.layout;
        let mut request = ForgetRequest {
            folders: vec![layout.release(name), layout.releases().join(format!("{name}.tmp"))],
            ..ForgetRequest::default()
        };
        if let Some(compose) = self.store.release(name)?.and_then(|release| release.compose) {
            request.images = super::forget::removable(self.store, &compose, |other| other != name)?;
        }
        self.forget(request)
    }

    /// Starts what tasks before the traffic moves may need.
    pub(super) fn start(&self, to: &Release) -> Result<(), Fault> {
        if to.compose.is_none() {
            return Ok(());
        }
        let part = rollout::Part::Start { to: Box::new(to.clone()) };
        self.roll(part, "start")
    }

    /// Makes `to` what serves.
    pub(super) fn converge(&self, to: Option<&Release>, from: Option<&Release>) -> Result<(), Fault> {
        let boxed = |release: Option<&Release>| release.cloned().map(Box::new);
        self.roll(rollout::Part::Converge { to: boxed(to), from: boxed(from) }, "roll")
    }

    fn roll(&self, part: rollout::Part, what: &str) -> Result<(), Fault> {
        let request = rollout::Request { layout: self.store.layout.clone(), part };
        let file = self.store.layout.home.join("tasks.toml");
        run(&session(self.store.doors, &file, self.store.layout)?, &[Goal::Rollout(request)], what)
    }

    /// The environment's ref says what is live. A git that asks us before (`pre-receive`) moves the ref of a push itself.
    pub(super) fn move_ref(&self, record: &Record) -> Result<(), Fault> {
        if !has_proc_receive(&self.settings.git) {
            return Ok(());
        }
        let layout = self.store.layout;
        let request = MoveRefRequest {
            repository: layout.repository(),
            name: deploy_ref(&layout.environment),
            commit: record.commit.clone(),
        };
        self.perform(&[Goal::MoveRef(request)], "ref")
    }

    /// The release's own tasks file.
    pub(super) fn open(&self, record: &Record, name: &str) -> Result<Opened<'a>, Fault> {
        let layout = self.store.layout;
        let source = layout.source(name);
        let file = source.join("tasks.toml");
        if self.store.doors.files.kind(&file) != FileKind::File {
            return Err(Fault::new(FaultKind::File, "the commit has no tasks.toml")
                .hint("a release is rolled out as its own tasks file says; commit one"));
        }
        let mut doors = Doors::real();
        doors.environment.variables.clone_from(&self.store.doors.environment.variables);
        doors.environment.current_dir.clone_from(&source);
        let opened = Opened {
            store: self.store,
            settings: self.settings.clone(),
            record: record.clone(),
            name: name.to_owned(),
            file,
            doors,
        };
        opened.with_environment()
    }

    /// Takes away releases with all that is theirs alone.
    pub(super) fn forget(&self, request: ForgetRequest) -> Result<(), Fault> {
        self.perform(&[Goal::Forget(request)], "forget")
    }

    /// Runs goals that need no release's tasks file, and tells only their failure.
    fn perform(&self, goals: &[Goal], what: &str) -> Result<(), Fault> {
        let session =
            session(self.store.doors, &self.store.layout.home.join("tasks.toml"), self.store.layout)?;
        ended(session.perform_unseen(goals, &line(what))?)
    }
}

/// A release with its own tasks file.
pub(super) struct Opened<'a> {
    store: Store<'a>,
    settings: Settings,
    record: Record,
    name: String,
    file: PathBuf,
    doors: Doors,
}

impl Opened<'_> {
    /// What tasks of a release find in their environment.
    fn with_environment(mut self) -> Result<Self, Fault> {
        let layout = self.store.layout;
        let mut set = |name: &str, value: String| {
            self.doors.environment.variables.insert(name.into(), value.into());
        };
        set("SHIPWAY_ENVIRONMENT", layout.environment.clone());
        set("SHIPWAY_RELEASE", self.name.clone());
        set("SHIPWAY_COMMIT", self.record.commit.clone());
        set("SHIPWAY_TAG", self.record.tag.clone().unwrap_or_default());
        set("SHIPWAY_HOME", layout.home.to_string_lossy().into_owned());
        if let Some(compose) = self.store.release(&self.name)?.and_then(|release| release.compose) {
            let source = layout.source(&self.name);
            let mut files: Vec<PathBuf> = compose.files.iter().map(|file| source.join(file)).collect();
            files.push(layout.release(&self.name).join("override.yml"));
            let files: Vec<String> = files.iter().map(|file| file.to_string_lossy().into_owned()).collect();
            set("COMPOSE_FILE", files.join(":"));
            set("COMPOSE_PROJECT_NAME", compose.project.clone());
            let program = match compose.flavour {
                Flavour::V1 => "docker-compose",
                Flavour::V2 => "docker compose",
            };
            set("SHIPWAY_COMPOSE", program.to_owned());
        }
        Ok(self)
    }

    fn session(&self) -> Result<Session<'_>, Fault> {
        session(&self.doors, &self.file, self.store.layout)
    }

    /// Makes the images and `release.json`.
    pub(super) fn build(&self, live: Option<&Release>) -> Result<(), Fault> {
        let session = self.session()?;
        let (resolved, files) = rollout::resolve(&session.model);
        let layout = self.store.layout;
        let compose = if files.is_empty() {
            None
        } else {
            let (flavour, _) = self.settings.compose.clone().ok_or_else(|| {
                Fault::new(
                    FaultKind::World,
                    "the tasks file has a roll-out with compose, and this server has none",
                )
                .hint("install docker and compose there, then `shipway server setup`")
            })?;
            let project = project_name(&self.project()?, &layout.environment);
            Some(Compose {
                flavour,
                project,
                files,
                images: Default::default(),
                mounts: Default::default(),
                fingerprints: Default::default(),
                on_demand: Default::default(),
                settings: Default::default(),
                stamp: String::new(),
            })
        };
        let draft = Release {
            version: RECORD_VERSION,
            number: self.record.number,
            name: self.name.clone(),
            project: self.project()?,
            environment: layout.environment.clone(),
            commit: self.record.commit.clone(),
            tag: self.record.tag.clone(),
            rollout: resolved,
            compose,
        };
        let part = rollout::Part::Build {
            draft: Box::new(draft),
            live: live.cloned().map(Box::new),
            settings: Box::new(self.settings.clone()),
        };
        run(&session, &[Goal::Rollout(rollout::Request { layout: layout.clone(), part })], "build")
    }

    /// Whether anything is to run before traffic moves.
    pub(super) fn has_before(&self) -> bool {
        self.session().is_ok_and(|session| {
            session.model.rollout.as_ref().is_some_and(|rollout| !rollout.before.is_empty())
        })
    }

    /// Runs the tasks that come before traffic moves, one after another.
    pub(super) fn before(self) -> Result<(), Fault> {
        self.tasks(|rollout| &rollout.before)
    }

    /// Runs those that come after.
    pub(super) fn after(self) -> Result<(), Fault> {
        self.tasks(|rollout| &rollout.after)
    }

    fn tasks(self, which: impl Fn(&crate::model::Rollout) -> &[Call]) -> Result<(), Fault> {
        // The images are known by now, and with them the environment.
        let opened = self.with_environment()?;
        let session = opened.session()?;
        let calls: Vec<Call> =
            session.model.rollout.as_ref().map(|it| which(it).to_vec()).unwrap_or_default();
        calls.iter().try_for_each(|call| run(&session, &[Goal::Call(call.clone())], &call.task.value))
    }

    /// The project's name as `server setup` was told, so that containers keep their names when the tasks file changes its own.
    fn project(&self) -> Result<String, Fault> {
        let file = self.store.layout.home.join("tasks.toml");
        Ok(session(self.store.doors, &file, self.store.layout)?.model.project.name.clone())
    }
}

fn session<'s>(doors: &'s Doors, file: &Path, layout: &Layout) -> Result<Session<'s>, Fault> {
    let options = Options {
        file: Some(file.to_owned()),
        environment: Some(layout.environment.clone()),
        yes: true,
        ..Options::default()
    };
    let session = Session::open(doors, options, &[])?.recorded_in(&layout.home);
    super::files::teach(doors, &layout.shared(), session.model.env_files.values(), session.masker())?;
    Ok(session)
}

/// Runs goals; the first fault is the result.
fn run(session: &Session<'_>, goals: &[Goal], what: &str) -> Result<(), Fault> {
    ended(session.perform(goals, &line(what))?)
}

fn line(what: &str) -> Vec<String> {
    vec!["server".to_owned(), what.to_owned()]
}

fn ended(result: RunResult) -> Result<(), Fault> {
    let failed = result.endings.into_iter().find_map(|(_, ending)| match ending {
        Ending::Failed { fault } => Some(fault),
        _ => None,
    });
    match (failed, result.exit_code) {
        (Some(fault), _) => Err(fault),
        (None, 0) => Ok(()),
        (None, code) => Err(Fault { status: Some(code), ..Fault::new(FaultKind::Interrupted, "cancelled") }),
    }
}
