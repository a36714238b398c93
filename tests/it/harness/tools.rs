//! The programs that tests drive.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// What is no program but has to be there: an engine that answers.
const ENGINE: &str = "docker engine";

/// Libsodium itself, as Python's `nacl` has it.
const LIBSODIUM: &str = "libsodium";

/// A Python that has a module: the first in PATH, or that of the system, which packages of the system bring modules to.
pub(crate) fn python_with(module: &str) -> Option<PathBuf> {
    let has = |python: &PathBuf| {
        let mut command = Command::new(python);
        command.args(["-c", &format!("import {module}")]).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    find("python3").into_iter().chain([PathBuf::from("/usr/bin/python3")]).find(has)
}

/// Where a program is.
pub(crate) fn find(tool: &str) -> Option<PathBuf> {
    find_in(tool, &std::env::var_os("PATH").unwrap_or_default())
}

/// Where a program is for somebody with this PATH. Those of administrators are not in everybody's, nor Debian's of a
/// PostgreSQL server.
pub(crate) fn find_in(tool: &str, path: &OsStr) -> Option<PathBuf> {
    which::which_in_global(tool, Some(path)).ok().and_then(|mut found| found.next()).or_else(|| {
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let folders = versions.map(|version| version.path().join("bin"));
        folders.chain([PathBuf::from("/usr/sbin")]).map(|bin| bin.join(tool)).find(|path| path.is_file())
    })
}

/// Whether all of `tools` are here; says so where they are not, and fails in CI.
#[track_caller]
pub(crate) fn are_here(tools: &[&str]) -> bool {
    let is_here = |tool: &str| match tool {
        ENGINE => an_engine_answers(),
        LIBSODIUM => python_with("nacl").is_some(),
        tool => find(tool).is_some(),
    };
    let missing: Vec<&str> = tools.iter().copied().filter(|tool| !is_here(tool)).collect();
    if missing.is_empty() {
        return true;
    }
    let missing = missing.join(" and ");
    assert!(std::env::var_os("CI").is_none(), "in CI everything has to be there, and {missing} is not");
    say_skipped(&missing);
    false
}

/// Says that the test is skipped for want of `what`, past the test harness that swallows what passing tests print.
pub(crate) fn say_skipped(what: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    std::io::stderr().write_all(format!("skipped: {test} needs {what}\n").as_bytes()).ok();
}

/// Asked once: the engine that is there at the start is there at the end.
fn an_engine_answers() -> bool {
    static ANSWERS: OnceLock<bool> = OnceLock::new();
    *ANSWERS.get_or_init(|| {
        let Some(docker) = find("docker") else { return false };
        let mut command = Command::new(docker);
        command.args(["version", "--format", "{{.Server.Version}}"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    })
}
