//! A PostgreSQL server of a test's own, for terraform's `pg` backend.

use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::patience::until_true;
use super::tools;

/// A running server; it ends with the value.
pub(crate) struct Postgres {
    _folder: tempfile::TempDir,
    server: Child,
    port: u16,
    user: Option<(u32, u32)>,
}

impl Postgres {
    /// Starts it on a free port. It keeps nothing for a failure of the machine, which makes it quick.
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("shipway-pg-").tempdir().unwrap();
        // It refuses to be root; then it is the user that its package made.
        let user = rustix::process::geteuid().is_root().then(packaged_user);
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let data = folder.path().join("data");
        let mut initdb = program("initdb", user, folder.path());
        initdb.arg("-D").arg(&data).args(["-U", "postgres", "-A", "trust", "-N", "--no-instructions"]);
        let output = initdb.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut server = program("postgres", user, folder.path());
        server.arg("-D").arg(&data).args(["-F", "-h", "127.0.0.1", "-p", &port.to_string(), "-k"]);
        server.arg(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
        let server = server.spawn().unwrap();
        let started = Self { _folder: folder, server, port, user };
        until_true("the database answers", || started.ask("SELECT 1").is_some());
        started
    }

    /// What terraform takes as `PG_CONN_STR`.
    pub(crate) fn connection(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres?sslmode=disable", self.port)
    }

    /// What psql prints for a question; nothing where it fails.
    pub(crate) fn ask(&self, question: &str) -> Option<String> {
        let mut psql = program("psql", self.user, Path::new("/"));
        psql.args(["-X", "-A", "-t", "-d"]).arg(self.connection()).args(["-c", question]);
        let output = psql.output().unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
    }

    /// How many advisory locks are held: terraform's locks of states.
    pub(crate) fn locks(&self) -> String {
        self.ask("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").unwrap()
    }

    /// The state of a schema; nothing where there is none.
    pub(crate) fn state(&self, schema: &str) -> Option<serde_json::Value> {
        let text = self.ask(&format!("SELECT data FROM \"{schema}\".states"))?;
        serde_json::from_str(&text).ok()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // At once, without an orderly end: nobody needs the data.
        kill_process(Pid::from_child(&self.server), Signal::QUIT).ok();
        self.server.wait().ok();
    }
}

fn program(name: &str, user: Option<(u32, u32)>, dir: &Path) -> Command {
    let path: PathBuf = tools::find(name).unwrap();
    let mut command = Command::new(path);
    command
        .env_clear()
        .env("LC_ALL", "C")
        .env("PGCONNECT_TIMEOUT", "5")
        .current_dir(dir)
        .stdin(Stdio::null());
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command
}

fn packaged_user() -> (u32, u32) {
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let line = users.lines().find(|line| line.starts_with("postgres:")).expect("the user of the package");
    let mut numbers = line.split(':').skip(2).map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}
