//! The programs that tests drive.

use std::io::Write as _;
use std::path::PathBuf;

/// Where a program is.
pub(crate) fn find(tool: &str) -> Option<PathBuf> {
    which::which(tool).ok()
}

/// Whether all of `tools` are here; says so where they are not, past the test harness that swallows what passing tests print.
#[track_caller]
pub(crate) fn are_here(tools: &[&str]) -> bool {
    let missing: Vec<&str> = tools.iter().copied().filter(|tool| find(tool).is_none()).collect();
    if missing.is_empty() {
        return true;
    }
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let said = format!("skipped: {test} needs {}\n", missing.join(" and "));
    assert!(std::env::var_os("CI").is_none(), "{said}in CI everything has to be there");
    std::io::stderr().write_all(said.as_bytes()).ok();
    false
}
