//! A project that is deployed: two replicas behind caddy, made of nothing that is not on the machine.
//!
//! The shape is that of the post which Shipway's deployments are measured against: `web` and `web2` from one build, caddy before them
//! with health checks of its own. `version` commits the next version, `faulty` one with a defect. All that it has in docker, and every
//! process that was started from its folders, is gone with the value, after a failed test too.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};

use super::docker::{Container, DockerName, LABEL, docker_says, free_port};
use super::load::get;
use super::patience::DEADLINE;
use super::{Space, app, processes};

/// What the application does at SIGTERM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnTerm {
    /// It ends at once, with all that it was asked.
    Die,
    /// It finishes that first.
    Graceful,
    /// It goes on, until it is killed.
    Ignore,
}

/// The application and how it is rolled out.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// At SIGTERM.
    pub(crate) on_term: OnTerm,
    /// How long an answer takes.
    pub(crate) work: Duration,
    /// How long it takes until the application listens.
    pub(crate) boot: Duration,
    /// Compose's `stop_grace_period`, where it is not compose's own of 10 s.
    pub(crate) stop_grace: Option<&'static str>,
    /// `[rollout.web] drain`, in TOML.
    pub(crate) drain: Option<&'static str>,
    /// The script of the task `migrate`, which runs before traffic moves; empty: there is none.
    pub(crate) migrate: &'static str,
    /// The script of the task `collect`, which runs after traffic has moved; empty: there is none.
    pub(crate) collect: &'static str,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            on_term: OnTerm::Graceful,
            work: Duration::from_millis(20),
            boot: Duration::from_millis(300),
            stop_grace: Some("2s"),
            drain: Some("{ signal = \"USR1\" }"),
            migrate: "",
            collect: "",
        }
    }
}

/// What is wrong with a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    /// It serves, but its health check answers 503 for ever.
    Unhealthy,
    /// It ends before it listens.
    CrashesAtBoot,
    /// Its image can't be built.
    DoesNotBuild,
    /// `app migrate` ends with 1.
    FailsToMigrate,
}

/// The project.
pub(crate) struct DeployProject {
    /// Its files, a git repository, and the home beside it.
    pub(crate) space: Space,
    /// Its name, and a part of the names of all that it has in docker.
    pub(crate) docker: DockerName,
    /// Where caddy listens.
    pub(crate) address: SocketAddr,
    /// Where `web` listens, past caddy.
    pub(crate) web: SocketAddr,
    settings: Settings,
}

impl DeployProject {
    /// With version 1 as its first commit. Its environment `stage` is deployed to a folder of this machine.
    pub(crate) fn new(settings: Settings) -> Self {
        let project = Self {
            space: Space::new(),
            docker: DockerName::new(),
            address: free_port(),
            web: free_port(),
            settings,
        };
        let name = project.name();
        let base = format!("{name}-caddy-base");
        app::make_caddy(&base, &format!("{LABEL}={name}"));
        project.space.git(&["init", "--quiet"]);
        let caddy = format!("FROM {base}\nCOPY Caddyfile /etc/caddy/Caddyfile\n");
        project.space.write("Dockerfile.caddy", &caddy);
        project.space.write("Caddyfile", CADDYFILE);
        project.space.write("docker-compose.yaml", &project.compose_file());
        project.space.write("image/version", "");
        fs::copy(app::binary(), project.space.path("image/app")).unwrap();
        let server = project.server();
        project.deploys_to(&server.to_string_lossy(), None);
        project.version("1");
        project
    }

    /// The project's name.
    pub(crate) fn name(&self) -> &str {
        &self.docker.text
    }

    /// The root on the server, where that is a folder of this machine; nothing is there yet.
    pub(crate) fn server(&self) -> PathBuf {
        self.space.root.with_file_name("server")
    }

    /// Writes a tasks file with this `server` and, where there is one, this `host_key`. The next version has it.
    pub(crate) fn deploys_to(&self, server: &str, host_key: Option<&str>) {
        let Settings { drain, migrate, collect, .. } = &self.settings;
        let name = self.name();
        let host_key = host_key.map_or(String::new(), |key| format!("host_key = \"{key}\"\n"));
        let drain = drain.map_or(String::new(), |drain| format!("drain         = {drain}\n"));
        let task = |key: &str, task: &str, script: &str| {
            let table = format!("\n[tasks.{task}]\nrun = '''\n{script}\n'''\n");
            if script.is_empty() {
                (String::new(), String::new())
            } else {
                (format!("{key} = [\"{task}\"]\n"), table)
            }
        };
        let (before, migrate) = task("before ", "migrate", migrate);
        let (after, collect) = task("after  ", "collect", collect);
        let tasks = format!(
            "[project]\nname = \"{name}\"\n\n[environments.stage]\nbranch = \"main\"\n\n\
             [environments.stage.deploy]\nserver = \"{server}\"\n{host_key}\n\
             [rollout]\ncompose = [\"docker-compose.yaml\"]\nproxy   = {{ kind = \"caddy\", service = \"caddy\" }}\n{before}{after}\n\
             [rollout.web]\nservices      = [\"web\", \"web2\"]\n\
             healthcheck   = {{ path = \"/healthz\", port = 8000, timeout = \"20s\", successes = 2 }}\n\
             {drain}drain_timeout = \"10s\"\n{migrate}{collect}"
        );
        self.space.write("tasks.toml", &tasks);
    }

    /// Commits a version: the commit.
    pub(crate) fn version(&self, version: &str) -> String {
        self.commit(version, None)
    }

    /// Commits a version that can't become live.
    pub(crate) fn faulty(&self, version: &str, defect: Defect) -> String {
        self.commit(version, Some(defect))
    }

    fn commit(&self, version: &str, defect: Option<Defect>) -> String {
        let name = self.name();
        let broken = if defect == Some(Defect::DoesNotBuild) { "COPY missing /\n" } else { "" };
        let dockerfile =
            format!("FROM scratch\nLABEL {LABEL}={name}\n{broken}COPY image/ /\nENTRYPOINT [\"/app\"]\n");
        self.space.write("Dockerfile", &dockerfile);
        self.space.write("image/version", &format!("{version}\n"));
        let flags = [
            ("broken", Defect::Unhealthy),
            ("crash", Defect::CrashesAtBoot),
            ("fail-migration", Defect::FailsToMigrate),
        ];
        for (flag, of) in flags {
            let path = format!("image/{flag}");
            if defect == Some(of) {
                self.space.write(&path, "");
            } else {
                fs::remove_file(self.space.path(&path)).ok();
            }
        }
        self.space.git(&["add", "--all"]);
        self.space.git(&["commit", "--quiet", "--allow-empty", "--message", &format!("version {version}")]);
        self.space.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// Builds and starts what is committed, by compose alone: a project that serves, without Shipway.
    #[track_caller]
    pub(crate) fn compose_up(&self) {
        self.compose(&["up", "-d", "--build"]);
    }

    /// Runs compose.
    #[track_caller]
    pub(crate) fn compose(&self, args: &[&str]) {
        let mut compose = self.space.program("docker-compose");
        let output = compose.args(["-p", self.name()]).args(args).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Waits until `version` answers behind caddy, `times` times in a row. `said` is told where it does not.
    #[track_caller]
    pub(crate) fn serves(&self, version: &str, times: usize, said: &str) {
        let answers = || get(self.address, "/version").is_some_and(|body| body.trim() == version);
        let deadline = Instant::now() + DEADLINE;
        while !(0..times).all(|_| answers()) {
            assert!(Instant::now() < deadline, "version {version} does not serve\n{said}\n{}", self.logs());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The last lines of each container, for a failed assertion.
    pub(crate) fn logs(&self) -> String {
        let one = |container: Container| {
            let said = docker_says(&["logs", "--tail", "15", &container.id]);
            format!("--- {} ({}): {}\n{said}", container.name, container.image, container.state)
        };
        self.docker.containers().into_iter().map(one).collect()
    }

    /// Its containers, by name; those of `web` and `web2` alone.
    pub(crate) fn replicas(&self) -> Vec<Container> {
        let mut containers = self.docker.containers();
        containers.retain(|container| ["web", "web2"].contains(&container.service.as_str()));
        containers
    }

    /// The replica of a service; there has to be one.
    #[track_caller]
    pub(crate) fn replica(&self, service: &str) -> Container {
        let found = self.replicas().into_iter().find(|container| container.service == service);
        found.unwrap_or_else(|| panic!("no {service}\n{}", self.logs()))
    }

    /// Asks a replica a number, past caddy: `/busy` and `/served`. `None` where it does not answer.
    pub(crate) fn number(&self, replica: &Container, path: &str) -> Option<u64> {
        let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
        let address = docker_says(&["inspect", "--format", format, &replica.id]);
        let address = SocketAddr::new(address.trim().parse().ok()?, 8000);
        get(address, path)?.trim().parse().ok()
    }

    fn compose_file(&self) -> String {
        let Settings { on_term, work, boot, stop_grace, .. } = &self.settings;
        let on_term = format!("{on_term:?}").to_lowercase();
        let grace = stop_grace.map_or(String::new(), |grace| format!("    stop_grace_period: {grace}\n"));
        let replica = format!(
            "    build: {{ context: ., dockerfile: Dockerfile }}\n{grace}    environment:\n      ON_TERM: {on_term}\n      \
             WORK_MS: \"{}\"\n      BOOT_MS: \"{}\"\n",
            work.as_millis(),
            boot.as_millis()
        );
        let (proxy, web) = (self.address, self.web);
        format!(
            "version: \"2.4\"\nservices:\n  caddy:\n    build: {{ context: ., dockerfile: Dockerfile.caddy }}\n    \
             ports: [\"{proxy}:80\"]\n    volumes: [\"caddy_data:/data\", \"caddy_config:/config\"]\n  \
             web:\n{replica}    ports: [\"{web}:8000\"]\n  web2:\n{replica}    expose: [\"8000\"]\n\
             volumes:\n  caddy_data: {{}}\n  caddy_config: {{}}\n"
        )
    }
}

/// As in the post, without a name and so without certificates.
const CADDYFILE: &str = "{
    auto_https off
}

:80 {
    reverse_proxy web:8000 web2:8000 {
        health_uri /healthz
        health_interval 300ms
        lb_policy least_conn
    }
}
";

impl Drop for DeployProject {
    fn drop(&mut self) {
        // A deployment outlives who asked for it; and what it makes after `docker` was cleaned would stay.
        let place = self.space.root.with_file_name("").to_string_lossy().into_owned();
        for pid in processes::below(&place) {
            kill_process(pid, Signal::KILL).ok();
        }
    }
}
