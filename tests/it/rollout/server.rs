//! A server as the roll-out meets it: releases in folders, a real docker, somebody who keeps asking.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use shipway::adapters::compose::project_name;
use shipway::diagnostic::Fault;
use shipway::domains::rollout::{self, Part, Request, state};
use shipway::event::{Event, EventKind};
use shipway::masking::Masker;
use shipway::model::{LoadedText, SourceLoader};
use shipway::os::Doors;
use shipway::os::files::RealFiles;
use shipway::plan::{Ending, PlanBuilder};
use shipway::release::layout::Layout;
use shipway::release::protocol::{PROTOCOL, Settings};
use shipway::release::record::{Compose, Flavour, RECORD_VERSION, Release, Rollout, Stage, State};
use shipway::run::node::Need;
use shipway::run::{Answer, Ask, Bindings, Observer, Question, RunSettings};

/// One of docker's commands; what it printed.
pub(super) fn docker(words: &[&str]) -> String {
    let output = Command::new("docker").args(words).output().expect("docker");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Seconds since 1970: what was lost is laid beside what was done then, and beside docker's events.
fn now() -> f64 {
    std::time::UNIX_EPOCH.elapsed().expect("a clock").as_secs_f64()
}

pub(super) fn succeed(command: &mut Command) {
    let output = command.output().expect("a command");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

struct NoFile;

impl SourceLoader for NoFile {
    fn load(&self, path: &Path) -> Result<LoadedText, String> {
        Ok(LoadedText { shown: path.to_owned(), text: String::new() })
    }
    fn is_folder(&self, _path: &Path) -> bool {
        false
    }
}

struct Heard(Arc<Mutex<Vec<String>>>);

impl Observer for Heard {
    fn event(&mut self, event: &Event) {
        let said = match &event.kind {
            EventKind::Notice { text, .. } => text.clone(),
            EventKind::CommandStarted { line } => format!("$ {line}"),
            _ => return,
        };
        self.0.lock().expect("a lock").push(format!("{:.3} {said}", now()));
    }
}

struct Nobody;

impl Ask for Nobody {
    fn is_silent(&self, _question: &Question) -> bool {
        true
    }
    fn ask(&mut self, _question: &Question) -> Answer {
        Answer::Interrupted
    }
}

/// A server with one environment; everything of it goes away with it.
pub(super) struct Server {
    folder: PathBuf,
    /// Removed with it; `None`: somebody else's.
    owned: Option<tempfile::TempDir>,
    pub(super) layout: Layout,
    project: String,
    said: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(super) fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let layout = Layout::new(folder.path(), "prod");
        std::fs::create_dir_all(layout.releases()).expect("a folder");
        let project = project_name(&format!("shipway-test-{name}-{}", std::process::id()), "prod");
        let app = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rollout/app.rs");
        succeed(
            Command::new("rustc")
                .args(["--edition", "2021", "-C", "target-feature=+crt-static", "-o"])
                .arg(folder.path().join("app"))
                .arg(app),
        );
        Self { folder: folder.path().to_owned(), owned: Some(folder), layout, project, said: Arc::default() }
    }

    /// One that somebody else made and takes away.
    pub(super) fn at(folder: &str, project: &str) -> Self {
        let folder = PathBuf::from(folder);
        let layout = Layout::new(&folder, "prod");
        Self { folder, owned: None, layout, project: project.to_owned(), said: Arc::default() }
    }

    pub(super) fn root(&self) -> &Path {
        &self.folder
    }

    pub(super) fn project(&self) -> &str {
        &self.project
    }

    /// A release as it is written down.
    pub(super) fn written(&self, name: &str) -> Release {
        let path = self.layout.release(name).join("release.json");
        serde_json::from_slice(&std::fs::read(path).expect("release.json")).expect("a release")
    }

    /// The deployment is over.
    pub(super) fn forget(&self) {
        state::remove(&RealFiles, &self.layout).expect("removed");
    }

    /// The name of every container.
    pub(super) fn names(&self) -> Vec<String> {
        let filter = format!("label=com.docker.compose.project={}", self.project);
        let names = docker(&["ps", "--all", "--filter", &filter, "--format", "{{.Names}}"]);
        names.lines().map(str::to_owned).collect()
    }

    fn caddy_image(&self) -> String {
        format!("{}/caddy-base", self.project)
    }

    /// An image of the machine's own Caddy.
    pub(super) fn with_caddy(self) -> Self {
        let image = self.folder.join("caddy");
        std::fs::create_dir_all(image.join("etc/caddy")).expect("a folder");
        let libraries = Command::new("ldd").arg("/usr/bin/caddy").output().expect("ldd");
        let mut lines = String::from("FROM scratch\nENV GODEBUG=netdns=go HOME=/\n");
        let libraries = String::from_utf8_lossy(&libraries.stdout).into_owned();
        for path in
            libraries.split_whitespace().filter(|word| word.starts_with('/')).chain(["/usr/bin/caddy"])
        {
            let name = path.rsplit('/').next().expect("a name");
            std::fs::copy(path, image.join(name)).expect("a copy");
            lines.push_str(&format!("COPY {name} {path}\n"));
        }
        lines.push_str("CMD [\"/usr/bin/caddy\", \"run\", \"--config\", \"/etc/caddy/Caddyfile\"]\n");
        std::fs::write(image.join("Dockerfile"), lines).expect("a file");
        succeed(Command::new("docker").args(["build", "--quiet", "--tag", &self.caddy_image()]).arg(&image));
        self
    }

    /// The files of a release, as a check-out would leave them.
    pub(super) fn release(
        &self,
        number: u64,
        version: &str,
        rollout: Rollout,
        files: &[(&str, &str)],
    ) -> Release {
        let commit = format!("{number:040}");
        let name = format!("{number}-v{number}-{commit:.12}");
        let source = self.layout.source(&name);
        std::fs::create_dir_all(&source).expect("a folder");
        std::fs::copy(self.folder.join("app"), source.join("app")).expect("the app");
        std::fs::write(source.join("version"), version).expect("a file");
        std::fs::write(source.join("Dockerfile"), "FROM scratch\nCOPY app version /\nCMD [\"/app\"]\n")
            .expect("a file");
        // A service whose image never changes.
        std::fs::create_dir_all(source.join("keeper")).expect("a folder");
        std::fs::copy(self.folder.join("app"), source.join("keeper/app")).expect("the app");
        // An image of its own: of one that other tests make too, they take the builder's cache away.
        std::fs::write(source.join("keeper/version"), &self.project).expect("a file");
        std::fs::copy(source.join("Dockerfile"), source.join("keeper/Dockerfile")).expect("a file");
        for (path, text) in files {
            let path = source.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text.replace("CADDY", &self.caddy_image())).expect("a file");
        }
        Release {
            version: RECORD_VERSION,
            number,
            name,
            project: "test".to_owned(),
            environment: "prod".to_owned(),
            commit: format!("{number:012}{commit:.28}"),
            tag: None,
            rollout,
            compose: Some(Compose {
                flavour: Flavour::V1,
                project: self.project.clone(),
                files: vec![PathBuf::from("docker-compose.yaml")],
                images: Default::default(),
                mounts: Default::default(),
                fingerprints: Default::default(),
                on_demand: Vec::new(),
                settings: Default::default(),
                stamp: String::new(),
            }),
        }
    }

    pub(super) fn run(&self, part: Part) -> Result<(), Fault> {
        let mut doors = Doors::real();
        doors.environment.executable = Some(env!("CARGO_BIN_EXE_shipway").into());
        let mut builder = PlanBuilder::default();
        for node in rollout::nodes(&Request { layout: self.layout.clone(), part }) {
            assert!(!node.action.describe().is_empty(), "{} says nothing", node.name);
            let needs = node.needs.iter().map(|need| match need {
                Need::Step(name) => name.clone(),
                other => panic!("{other:?}"),
            });
            let needs = needs.collect();
            builder.add(node.name, node.title, needs, (node.effect, node.when_orphaned), node.action);
        }
        let plan = builder.build().expect("a plan");
        let model = shipway::model::load(&self.folder.join("tasks.toml"), &NoFile).expect("a model");
        let bindings = Bindings::new(Arc::new(model), Default::default(), Ok(String::new()));
        let settings = RunSettings {
            command: "test".into(),
            project: "test".into(),
            root: self.folder.clone(),
            records: self.folder.clone(),
            jobs: 2,
            unlock_own_stale: false,
            keep_going: false,
            fail_fast: false,
            force: false,
            explain: false,
            tasks_file: String::new(),
            resumed: None,
            recorded: true,
        };
        let observer = Box::new(Heard(Arc::clone(&self.said)));
        let masker = Masker::default();
        let result =
            shipway::run::run((&plan, &doors, &masker, &bindings), settings, observer, Box::new(Nobody))?;
        for (_, ending) in result.endings {
            if let Ending::Failed { fault } = ending {
                return Err(fault);
            }
        }
        Ok(())
    }

    /// Builds a release; gives it as it is written down.
    pub(super) fn build(&self, draft: Release, live: Option<&Release>) -> Result<Release, Fault> {
        let name = draft.name.clone();
        let settings = Box::new(Settings {
            protocol: PROTOCOL,
            environment: "prod".to_owned(),
            git: String::new(),
            docker: None,
            compose: Some((Flavour::V1, "1.29.2".to_owned())),
        });
        self.run(Part::Build { draft: Box::new(draft), live: live.cloned().map(Box::new), settings })?;
        Ok(self.written(&name))
    }

    pub(super) fn converge(&self, to: Option<&Release>, from: Option<&Release>) -> Result<(), Fault> {
        let name = |release: Option<&Release>| release.map(|release| release.name.clone());
        let known = state::read(&RealFiles, &self.layout).expect("a journal");
        let state = State {
            version: RECORD_VERSION,
            number: 1,
            from: name(from),
            to: name(to),
            stage: Stage::Rolling,
            leaving: known.map(|state| state.leaving).unwrap_or_default(),
        };
        state::write(&RealFiles, &self.layout, &state).expect("a journal");
        let boxed = |release: Option<&Release>| release.cloned().map(Box::new);
        self.run(Part::Converge { to: boxed(to), from: boxed(from) })
    }

    /// `SERVICE ID` of every container, whatever its state.
    pub(super) fn containers(&self) -> Vec<String> {
        let filter = format!("label=com.docker.compose.project={}", self.project);
        let format = "{{.Label \"com.docker.compose.service\"}} {{.ID}}";
        let mut lines: Vec<String> = docker(&["ps", "--all", "--filter", &filter, "--format", format])
            .lines()
            .map(str::to_owned)
            .collect();
        lines.sort();
        lines
    }

    pub(super) fn container(&self, service: &str) -> String {
        let lines = self.containers();
        let mut ids = lines.iter().filter_map(|line| line.strip_prefix(&format!("{service} ")));
        let id = ids.next().unwrap_or_else(|| panic!("no {service} in {lines:?}")).to_owned();
        assert_eq!(ids.next(), None, "two of {service}: {lines:?}");
        id
    }

    /// The machine's path that a service mounts.
    pub(super) fn mounted(&self, service: &str) -> String {
        docker(&["inspect", "--format", "{{(index .Mounts 0).Source}}", &self.container(service)])
    }

    /// What a service says when it is asked on its own address.
    pub(super) fn version_of(&self, service: &str) -> String {
        let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
        let address = docker(&["inspect", "--format", format, &self.container(service)]);
        request(&format!("{address}:8000"), "GET", "/").expect("an answer").1
    }

    pub(super) fn said(&self) -> String {
        std::mem::take(&mut *self.said.lock().expect("a lock")).join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.owned.is_none() {
            return;
        }
        if std::thread::panicking() {
            eprintln!("{}\n{:?}", self.said(), self.containers());
        }
        for line in self.containers() {
            docker(&["rm", "--force", line.rsplit(' ').next().unwrap_or_default()]);
        }
        docker(&["network", "rm", &format!("{}_default", self.project)]);
        let images = docker(&["images", "--format", "{{.Repository}}:{{.Tag}}"]);
        for image in images.lines().filter(|image| image.starts_with(&format!("{}/", self.project))) {
            docker(&["rmi", image]);
        }
    }
}

/// One request on a connection of its own: status and body.
pub(super) fn request(address: &str, method: &str, path: &str) -> Result<(u16, String), String> {
    use std::io::{Read as _, Write as _};
    let broken = |error: std::io::Error| error.to_string();
    let mut stream = std::net::TcpStream::connect(address).map_err(broken)?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).map_err(broken)?;
    let body = if method == "POST" { "{\"a\": 1}" } else { "" };
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: web:8000\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).map_err(broken)?;
    let mut text = String::new();
    while !is_whole(&text).unwrap_or(false) {
        let mut bytes = [0; 4096];
        let length = stream.read(&mut bytes).map_err(broken)?;
        if length == 0 {
            break;
        }
        text.push_str(&String::from_utf8_lossy(&bytes[..length]));
    }
    if is_whole(&text) == Some(false) {
        return Err(format!("cut off: {text:?}"));
    }
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body = text.split("\r\n\r\n").nth(1).unwrap_or_default().to_owned();
    status.map(|status| (status, body)).ok_or_else(|| format!("no answer but {text:?}"))
}

/// Whether all of an answer's body is there; `None`: it does not say how long it is.
fn is_whole(text: &str) -> Option<bool> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let head = head.to_lowercase();
    let length: usize = head.split("content-length: ").nth(1)?.split('\r').next()?.parse().ok()?;
    Some(body.len() >= length)
}

/// Asks without a pause until it is told to stop, and keeps what went wrong.
pub(super) struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<std::thread::JoinHandle<(usize, Vec<String>)>>,
}

impl Load {
    pub(super) fn start(address: &str) -> Self {
        Self::of(address, &[("GET", "/"), ("POST", "/"), ("POST", "/"), ("POST", "/slow"), ("GET", "/slow")])
    }

    /// Answers that pause for longer than a connection has to be quiet.
    pub(super) fn of_streams(address: &str) -> Self {
        Self::of(address, &[("GET", "/stream"); 4])
    }

    fn of(address: &str, ways: &[(&'static str, &'static str)]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let ask = |&(method, path): &(&'static str, &'static str)| {
            let (address, stop) = (address.to_owned(), Arc::clone(&stop));
            std::thread::spawn(move || {
                let (mut number, mut lost) = (0, Vec::new());
                while !stop.load(Ordering::Relaxed) {
                    number += 1;
                    let from = now();
                    match request(&address, method, path) {
                        Ok((200, _)) => {}
                        other => lost.push(format!("{from:.3} to {:.3} {method} {path}: {other:?}", now())),
                    }
                }
                (number, lost)
            })
        };
        let threads = ways.iter().map(ask).collect();
        Self { stop, threads }
    }

    /// How many requests there were, all of which were answered.
    #[track_caller]
    pub(super) fn nothing_lost(self) -> usize {
        self.lost_at_most(0)
    }

    /// The same where Caddy was given another configuration: it may close a connection on which a request is just coming, without a byte,
    /// so that the client knows that it may ask again (`deployers.md` 3.5: 1 of 12,276).
    #[track_caller]
    pub(super) fn nothing_lost_but_by_a_reload(self) -> usize {
        self.lost_at_most(2)
    }

    #[track_caller]
    fn lost_at_most(self, unanswered: usize) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        let ended: Vec<_> = self.threads.into_iter().map(|thread| thread.join().expect("a thread")).collect();
        let lost: Vec<&String> = ended.iter().flat_map(|(_, lost)| lost).collect();
        let is_silence = |one: &&&String| one.ends_with("Err(\"no answer but \\\"\\\"\")");
        let silent = lost.iter().filter(is_silence).count();
        assert!(silent == lost.len() && silent <= unanswered, "{} lost: {lost:#?}", lost.len());
        ended.iter().map(|(number, _)| number).sum()
    }
}
