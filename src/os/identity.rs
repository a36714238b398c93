//! Who a process is: its number alone is used again by the next one.

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
#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn started(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields = stat.rsplit_once(") ")?.1;
    // One that has ended and that its parent has not looked at yet does nothing any more.
    if fields.starts_with(['Z', 'X']) {
        return None;
    }
    fields.split(' ').nth(19)?.parse().ok()
}

/// The names of the processes that run in the process group `group`, as far as the system tells.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
pub fn group(group: u32) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let name = |entry: std::fs::DirEntry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (name, fields) = stat.split_once('(')?.1.rsplit_once(") ")?;
        let mut fields = fields.split(' ');
        // Its state, its parent, its group.
        let runs = !matches!(fields.next()?, "Z" | "X");
        let is_in = fields.nth(1)?.parse() == Ok(group);
        (runs && is_in).then(|| format!("{name} ({pid})"))
    };
    entries.flatten().filter_map(name).collect()
}

#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn boot() -> Option<String> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_are_alive_and_a_process_of_another_start_is_not() {
        let own = own();
        assert!(is_alive(&own));
        assert!(!is_alive(&ProcessIdentity { started: own.started + 1, ..own }));
    }
}
