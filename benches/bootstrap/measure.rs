//! Runs one command and says what it cost.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

/// What commands cost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    /// Of all its processes, in user and kernel mode.
    pub(crate) processor: Duration,
    /// On the clock.
    pub(crate) wall: Duration,
}

/// A command that sees nothing of the user's settings for terraform, for Shipway and for a CI service.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>, dir: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let is_ours = ["TF_", "SHIPWAY_", "MAKE", "CARGO_"].iter().any(|start| text.starts_with(start));
        if is_ours || matches!(&*text, "CI" | "GITHUB_ACTIONS" | "GITLAB_CI") {
            command.env_remove(&name);
        }
    }
    command.current_dir(dir).stdin(Stdio::null());
    command
}

/// Runs the command `times` times and gives what they cost together. Its output is shown where it fails.
pub(crate) fn cost(command: &mut Command, times: usize) -> anyhow::Result<Cost> {
    let log = tempfile::NamedTempFile::new()?;
    command.stdout(log.reopen()?).stderr(log.reopen()?);
    let before = of_children()?;
    let start = Instant::now();
    for _ in 0..times {
        let status = command.status().with_context(|| format!("{command:?}"))?;
        ensure!(status.success(), "{command:?}: {status}\n{}", std::fs::read_to_string(log.path())?);
    }
    let wall = start.elapsed();
    Ok(Cost { processor: of_children()? - before, wall })
}

/// The processor time of all children that were waited for, and of theirs: fields 16 and 17 of `/proc/self/stat`
/// (`proc_pid_stat(5)`), counted after the name, which ends with the last `)`.
fn of_children() -> anyhow::Result<Duration> {
    /// `USER_HZ`, the unit of those fields, is 100 wherever Linux runs that matters here.
    const TICKS: u64 = 100;
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(") ").context("/proc/self/stat has no name")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    let field = |number: usize| fields.get(number - 3).and_then(|field| field.parse::<u64>().ok());
    let ticks = field(16).zip(field(17)).context("/proc/self/stat is short")?;
    Ok(Duration::from_millis((ticks.0 + ticks.1) * 1000 / TICKS))
}

/// A smaller program that stands for terraform is taken for a script that chooses one, which is asked for its version before each plan.
const LIKE_A_PROGRAM: usize = 1024 * 1024;

/// Folders put first in `PATH` so that the named programs are counted, and what they cost.
pub(crate) struct Account {
    folder: tempfile::TempDir,
}

/// What a command cost in processor time, and what it started.
pub(crate) struct Own {
    /// All of it.
    pub(crate) all: Duration,
    /// The counted programs in it.
    pub(crate) counted: Duration,
    /// How often terraform was started, by its subcommand.
    pub(crate) starts: BTreeMap<String, usize>,
}

impl Account {
    /// Counts each of `programs`, with all that it starts; what one of them starts is not counted again.
    pub(crate) fn of(programs: &[&str]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let bash = which::which("bash")?;
        let path = std::env::var("PATH").unwrap_or_default();
        for program in programs {
            let real = which::which(program)?;
            let place = folder.path().display();
            // `times` tells milliseconds: of the shell itself and, in a second line, of what it waited for.
            let text = format!(
                "#!{}\nexport PATH='{path}'\nprintf '%s\\n' \"$*\" >>'{place}/{program}-starts'\n{} \"$@\"\nstatus=$?\n\
                 LC_ALL=C times >>'{place}/counted'\nexit $status\n{}\n",
                bash.display(),
                real.display(),
                "#".repeat(LIKE_A_PROGRAM),
            );
            let wrapper = folder.path().join(program);
            std::fs::write(&wrapper, text)?;
            std::fs::set_permissions(&wrapper, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        }
        Ok(Self { folder })
    }

    /// Runs `words` in `dir`.
    pub(crate) fn run(&self, words: &[&str], dir: &Path) -> anyhow::Result<Own> {
        let total = self.folder.path().join("total");
        let script = "\"$@\" >/dev/null 2>&1; status=$?; LC_ALL=C times >\"$0\"; exit $status";
        let path = format!("{}:{}", self.folder.path().display(), std::env::var("PATH").unwrap_or_default());
        let mut bash = command(which::which("bash")?, dir);
        bash.arg("-c").arg(script).arg(&total).args(words).env("PATH", path);
        let status = bash.status()?;
        ensure!(status.success(), "{words:?}: {status}");
        let read = |name: &str| std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        let all = read("total").lines().nth(1).map(seconds).unwrap_or_default();
        let counted = read("counted").lines().map(seconds).sum::<f64>();
        let mut starts = BTreeMap::new();
        for line in read("terraform-starts").lines() {
            let subcommand = line.split(' ').find(|word| !word.starts_with('-')).unwrap_or_default();
            *starts.entry(subcommand.to_owned()).or_default() += 1;
        }
        Ok(Own { all: Duration::from_secs_f64(all), counted: Duration::from_secs_f64(counted), starts })
    }
}

/// A line of `times`, `0m0.123s 0m0.045s`, as one number.
fn seconds(line: &str) -> f64 {
    let one = |word: &str| -> Option<f64> {
        let (minutes, seconds) = word.strip_suffix('s')?.split_once('m')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
    };
    line.split_whitespace().filter_map(one).sum()
}
