//! Runs one command and says what it cost.

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
