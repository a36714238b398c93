//! All that a command started, as far as it is in our session: what is in its process group, and what has left that group for one of its own,
//! as `timeout` does and as a shell under `set -m` arranges for each job. It is known by its parents while these live, and by its group after
//! that. A session of its own (`setsid`) is how a program says that it is to be left alone.
//!
//! Only Linux tells who that is. Elsewhere it is the group alone.

use std::collections::BTreeSet;

use crate::os::identity::{self, Process};

/// Shells: they pass no signal on to what they started, since a terminal tells a group as a whole.
const SHELLS: [&str; 8] = ["sh", "dash", "bash", "zsh", "ksh", "mksh", "fish", "busybox"];

/// Where a command's processes are.
#[derive(Clone, Debug)]
pub(super) struct Family {
    /// Its first process, and the group that this one leads, if it does.
    pub(super) group: u32,
    /// The other groups that were found.
    others: BTreeSet<u32>,
    /// The processes that are in our own group.
    ours: BTreeSet<u32>,
}

impl Family {
    pub(super) fn new(group: u32) -> Self {
        Self { group, others: BTreeSet::new(), ours: BTreeSet::new() }
    }

    /// Those of its processes that are in our own group, when it was looked last.
    pub(super) fn ours(&self) -> impl Iterator<Item = u32> {
        self.ours.iter().copied()
    }

    /// All its groups that are known.
    pub(super) fn groups(&self) -> impl Iterator<Item = u32> {
        std::iter::once(self.group).chain(self.others.iter().copied())
    }

    /// Who runs now; looks for groups that are new.
    pub(super) fn look(&mut self) -> Vec<Process> {
        self.among(identity::processes(), std::process::id())
    }

    /// Those of `all` who belong to it, where we are the process `us`.
    fn among(&mut self, all: Vec<Process>, us: u32) -> Vec<Process> {
        // Our session and our group have the number 0 where who leads them is outside of our container.
        let Some((session, ours)) = all.iter().find(|it| it.pid == us).map(|it| (it.session, it.group))
        else {
            return Vec::new();
        };
        let (mut rest, mut found) = (all, Vec::new());
        rest.retain(|it| it.session == session);
        let mut known = std::mem::take(&mut self.ours);
        known.insert(self.group);
        let mut parents = BTreeSet::from([self.group]);
        loop {
            let is_in = |it: &Process| it.group != ours && self.groups().any(|group| group == it.group);
            let is_new = |it: &Process| is_in(it) || known.contains(&it.pid) || parents.contains(&it.parent);
            let (new, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(is_new);
            if new.is_empty() {
                return found;
            }
            for it in &new {
                parents.insert(it.pid);
                match it.group == ours {
                    true => self.ours.insert(it.pid),
                    false => it.group != self.group && self.others.insert(it.group),
                };
            }
            found.extend(new);
            rest = others;
        }
    }

    /// Those of its members who lead a group of their own and hear of a signal from nobody but us: a shell started them.
    pub(super) fn unheard(&self, members: &[Process]) -> Vec<u32> {
        let is_shell = |pid: u32| {
            let parent = members.iter().find(|it| it.pid == pid);
            parent.and_then(Process::program).is_some_and(|name| SHELLS.contains(&name.as_str()))
        };
        let leaders = members.iter().filter(|it| it.pid == it.group && it.group != self.group);
        leaders.filter(|it| is_shell(it.parent)).map(|it| it.pid).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Its number, its parent, its group, its session.
    fn process([pid, parent, group, session]: [u32; 4]) -> Process {
        Process { pid, parent, group, session, is_stopped: false, name: "x".to_owned() }
    }

    #[test]
    fn who_left_the_group_is_known_by_its_parents_and_later_by_its_group() {
        let all = [
            // We, and another command of ours.
            [2, 1, 2, 1],
            [50, 2, 50, 1],
            // The command, what left its group, and what that started.
            [10, 2, 10, 1],
            [12, 10, 12, 1],
            [13, 12, 12, 1],
            // A daemon, and who joined our own group.
            [14, 10, 14, 14],
            [15, 10, 2, 1],
        ];
        let mut family = Family::new(10);
        let pids = |found: Vec<Process>| found.iter().map(|it| it.pid).collect::<Vec<_>>();
        assert_eq!(pids(family.among(all.map(process).to_vec(), 2)), [10, 12, 15, 13]);
        // Its first process is gone, and what it started has another parent.
        let later = [[2, 1, 2, 1], [12, 1, 12, 1], [13, 12, 12, 1], [15, 1, 2, 1], [50, 2, 50, 1]];
        assert_eq!(pids(family.among(later.map(process).to_vec(), 2)), [12, 13, 15]);
        assert_eq!(family.groups().collect::<Vec<_>>(), [10, 12]);
        assert_eq!(family.ours().collect::<Vec<_>>(), [15]);
    }

    #[test]
    fn in_a_container_our_session_and_our_group_may_have_no_number() {
        let all = [[2, 1, 0, 0], [3, 2, 0, 0], [10, 2, 10, 0], [12, 10, 12, 0], [15, 10, 0, 0]];
        let mut family = Family::new(10);
        let found = family.among(all.map(process).to_vec(), 2);
        assert_eq!(found.iter().map(|it| it.pid).collect::<Vec<_>>(), [10, 12, 15]);
        assert_eq!(family.groups().collect::<Vec<_>>(), [10, 12]);
        assert_eq!(family.ours().collect::<Vec<_>>(), [15]);
    }
}
