//! Who a process is: its number alone is used again by the next one.

use std::io::Read as _;
use std::sync::OnceLock;

use crate::journal::record::ProcessIdentity;

/// The identity of the process `pid` on this machine.
pub fn of(pid: u32) -> ProcessIdentity {
    ProcessIdentity {
        pid,
        started: started(pid).unwrap_or(0),
        boot: boot().unwrap_or_default(),
        host: host(),
    }
}

/// Our own.
pub fn own() -> ProcessIdentity {
    of(std::process::id())
}

/// Whether the process still runs: same machine, same boot, same start.
pub fn is_alive(process: &ProcessIdentity) -> bool {
    process.host == host()
        && boot().unwrap_or_default() == process.boot
        && started(process.pid).is_some_and(|started| started == process.started)
}

/// The machine's name.
pub fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The user that we run as.
pub fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Field 22 of `/proc/PID/stat`, in clock ticks since boot (`proc_pid_stat(5)`). The second field may hold blanks and parentheses,
/// so fields are counted after its last `)`.
fn started(pid: u32) -> Option<u64> {
    let stat = told(&format!("/proc/{pid}/stat"))?;
    let fields = stat.rsplit_once(") ")?.1;
    // One that has ended and that its parent has not looked at yet does nothing any more.
    if fields.starts_with(['Z', 'X']) {
        return None;
    }
    fields.split(' ').nth(19)?.parse().ok()
}

/// Whether anything is in the process group `group`, be it only what has ended and was not waited for; yes where the system does not tell.
pub fn is_group_there(group: u32) -> bool {
    let group = i32::try_from(group).ok().and_then(rustix::process::Pid::from_raw);
    group.is_some_and(|group| rustix::process::test_kill_process_group(group) != Err(rustix::io::Errno::SRCH))
}

/// The names of the processes that run in the process group `group`, as far as the system tells.
pub fn group(group: u32) -> Vec<String> {
    let members = processes().into_iter().filter(|process| process.group == group);
    members.map(|member| format!("{} ({})", member.name, member.pid)).collect()
}

/// A process that runs.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Who started it; another one where that has ended.
    pub parent: u32,
    /// The process group that it is in, by the number of the one that leads it.
    pub group: u32,
    /// Likewise its session.
    pub session: u32,
    /// It was stopped, and hears no signal but those that end it or let it go on.
    pub is_stopped: bool,
    /// At most 15 bytes.
    pub name: String,
}

impl Process {
    /// Whether it has said that it does not want to hear of this signal.
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    pub fn ignores(&self, signal: i32) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
        u32::try_from(signal - 1).is_ok_and(|bit| mask.checked_shr(bit).unwrap_or_default() & 1 == 1)
    }

    /// The name of its program's file; of a script, that of who reads it.
    pub fn program(&self) -> Option<String> {
        let file = std::fs::read_link(format!("/proc/{}/exe", self.pid)).ok()?;
        Some(file.file_name()?.to_string_lossy().into_owned())
    }
}

/// The processes that run, as far as the system tells.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
pub fn processes() -> Vec<Process> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let process = |entry: std::fs::DirEntry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (name, fields) = stat.split_once('(')?.1.rsplit_once(") ")?;
        // Its state, its parent, its group, its session.
        let mut fields = fields.split(' ');
        let state = fields.next()?;
        let mut number = || fields.next()?.parse().ok();
        let (parent, group, session) = (number()?, number()?, number()?);
        let process =
            Process { pid, parent, group, session, is_stopped: state == "T", name: name.to_owned() };
        (!matches!(state, "Z" | "X")).then_some(process)
    };
    entries.flatten().filter_map(process).collect()
}

fn boot() -> Option<String> {
    // It can't change while we run.
    static BOOT: OnceLock<Option<String>> = OnceLock::new();
    let read = || {
        let id = told("/proc/sys/kernel/random/boot_id")?;
        Some(id.trim().to_owned())
    };
    BOOT.get_or_init(read).clone()
}

/// A short file of the system's, which does not say how long it is: read at once, and not in ever larger pieces.
fn told(path: &str) -> Option<String> {
    let mut text = String::with_capacity(1024);
    std::fs::File::open(path).ok()?.read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a child that leads a group, and nothing else")]
    fn a_group_is_there_until_its_last_process_was_waited_for() {
        use std::os::unix::process::CommandExt as _;
        let mut child = std::process::Command::new("true").process_group(0).spawn().unwrap();
        let group = child.id();
        assert!(is_group_there(group));
        child.wait().unwrap();
        assert!(!is_group_there(group));
    }

    #[test]
    fn we_are_alive_and_a_process_of_another_start_is_not() {
        let own = own();
        assert!(is_alive(&own));
        assert!(!is_alive(&ProcessIdentity { started: own.started + 1, ..own }));
    }
}
