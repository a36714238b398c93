//! The machine's processes, as far as tests have to find those that outlive who started them.

use std::fs;

use rustix::process::Pid;

/// A process.
pub(crate) struct Process {
    /// Its number.
    pub(crate) pid: Pid,
    /// Its parent; `None` for the first of all.
    pub(crate) parent: Option<Pid>,
    /// At most 15 bytes.
    pub(crate) name: String,
}

/// All of them.
pub(crate) fn all() -> Vec<Process> {
    let one = |pid: Pid| {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name stands in parentheses and may have some of its own.
        let (name, rest) = text.split_once('(')?.1.rsplit_once(')')?;
        let parent = Pid::from_raw(rest.split_whitespace().nth(1)?.parse().ok()?);
        Some(Process { pid, parent, name: name.to_owned() })
    };
    numbers().into_iter().filter_map(one).collect()
}

/// Those that work below `place`, a folder that only one test has, or whose command line names a path there; not this one.
pub(crate) fn below(place: &str) -> Vec<Pid> {
    let own = Pid::from_raw(std::process::id().cast_signed());
    let is_below = |pid: &Pid| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let folder = fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(place) || folder.starts_with(place)
    };
    numbers().into_iter().filter(|pid| Some(*pid) != own).filter(is_below).collect()
}

fn numbers() -> Vec<Pid> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.flatten().filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)).collect()
}
