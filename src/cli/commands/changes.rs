//! What changed in a watched folder, told once it is quiet.
//!
//! On a thread of its own: git is asked and writers are waited for while the run's output is shown and signals are heard. What does not
//! count (`.git`, `.shipway`, what git ignores) is no unrest either: a log that is written all the time keeps nothing back. And whoever
//! writes what counts all the time is not waited for longer than `LIMIT`.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, after, select};

use super::probe;
use crate::os::files::{self, FileKind};
use crate::os::watch::FolderWatch;
use crate::os::{Doors, clock::Clock};
use crate::text::visible::one_line;

/// So long nothing more has to change before it is told: an editor writes a file in several steps.
const QUIET: Duration = Duration::from_millis(150);

/// It is told after this time even where it does not become quiet.
const LIMIT: Duration = Duration::from_secs(2);

/// Changes of this time are looked at together: asking git of each alone would cost more than most tasks do.
const TOGETHER: Duration = Duration::from_millis(75);

/// How often it is looked whether the folder still is the one that is watched.
const LOOK: Duration = Duration::from_millis(500);

/// Who tells what changed.
pub(super) struct Changes<'a> {
    pub(super) doors: &'a Doors,
    /// Of the project: names are told from there.
    pub(super) root: &'a Path,
    pub(super) folder: &'a Path,
    pub(super) watch: FolderWatch,
    /// Each path that changed, as the system tells it; an empty one where it lost count.
    pub(super) paths: Receiver<PathBuf>,
    /// Broken off when nobody wants to be told any more.
    pub(super) over: Receiver<()>,
}

/// Changes that count and are not told yet.
#[derive(Clone, Debug)]
struct Unrest {
    what: PathBuf,
    first: Duration,
    last: Duration,
}

impl Unrest {
    /// When it is told.
    fn until(&self) -> Duration {
        (self.last + QUIET).min(self.first + LIMIT)
    }
}

impl Changes<'_> {
    /// Tells what changed, each time that something did, until that is over.
    pub(super) fn tell(mut self, told: &Sender<String>) {
        while let Some(what) = self.next() {
            if told.send(what).is_err() {
                return;
            }
        }
    }

    /// What changed next, once it is quiet; `None`: it is over.
    fn next(&mut self) -> Option<String> {
        let clock: &dyn Clock = &*self.doors.clock;
        let mut unrest: Option<Unrest> = None;
        let mut looked = clock.monotonic();
        loop {
            let now = clock.monotonic();
            let left = unrest.as_ref().map(|unrest| unrest.until().saturating_sub(now));
            if let (Some(unrest), Some(Duration::ZERO)) = (&unrest, left) {
                return Some(self.name(&unrest.what));
            }
            let mut paths = BTreeSet::new();
            let mut last = now;
            select! {
                recv(self.over) -> _ => return None,
                recv(self.paths) -> path => {
                    paths.extend(Some(path.ok()?).filter(|path| self.is_ours(path)));
                    if !paths.is_empty() {
                        last = self.take_together(&mut paths);
                    }
                }
                default(left.unwrap_or(LOOK).min(LOOK)) => {}
            }
            let mut counted = self.counted(&paths);
            if clock.monotonic().saturating_sub(looked) >= LOOK {
                looked = clock.monotonic();
                if self.watch.renew() {
                    counted.get_or_insert_with(|| self.folder.to_owned());
                    last = looked;
                }
            }
            if let Some(what) = counted {
                let begun = unrest.get_or_insert(Unrest { what, first: now, last });
                begun.last = last;
            }
        }
    }

    /// Takes what else changes right now. Gives when the last of it did.
    fn take_together(&self, paths: &mut BTreeSet<PathBuf>) -> Duration {
        let clock = &self.doors.clock;
        let end = after(TOGETHER);
        let mut last = clock.monotonic();
        loop {
            select! {
                recv(self.over) -> _ => return last,
                recv(end) -> _ => return last,
                recv(self.paths) -> path => {
                    let Ok(path) = path else { return last };
                    if self.is_ours(&path) {
                        paths.insert(path);
                        last = clock.monotonic();
                    }
                }
            }
        }
    }

    /// Whether it could count: neither git's nor ours, nor the folder itself, which changes with what it holds.
    fn is_ours(&self, path: &Path) -> bool {
        let mut parts = path.strip_prefix(self.root).unwrap_or(path).components();
        path != self.folder && !parts.any(|part| part.as_os_str() == ".git" || part.as_os_str() == ".shipway")
    }

    /// The first of them that git does not ignore. Where there is no repository each counts.
    fn counted(&self, paths: &BTreeSet<PathBuf>) -> Option<PathBuf> {
        let lost = Path::new("");
        if paths.is_empty() || paths.contains(lost) {
            return paths.first().cloned();
        }
        let mut asked: BTreeMap<PathBuf, BTreeSet<PathBuf>> = BTreeMap::new();
        let mut asked_for: Vec<(&PathBuf, Vec<(PathBuf, PathBuf)>)> = Vec::new();
        for path in paths {
            let questions = questions(self.folder, path, files::is_link, |folder| {
                self.doors.files.kind(&folder.join(".git")) != FileKind::Missing
            });
            for (repository, name) in &questions {
                asked.entry(repository.clone()).or_default().insert(name.clone());
            }
            asked_for.push((path, questions));
        }
        let ignored: BTreeMap<PathBuf, BTreeSet<PathBuf>> = asked
            .into_iter()
            .map(|(repository, names)| {
                let ignored = self.ignored(&repository, &names);
                (repository, ignored)
            })
            .collect();
        let is_ignored = |(repository, name): &(PathBuf, PathBuf)| {
            ignored.get(repository).is_some_and(|ignored| ignored.contains(name))
        };
        let mut counted = asked_for.iter().filter(|(_, questions)| !questions.iter().any(is_ignored));
        counted.next().map(|(path, _)| (*path).clone())
    }

    /// Which of these names the repository that `folder` is in ignores. Names are bytes, and go to git as they are.
    fn ignored(&self, folder: &Path, names: &BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
        let mut list = Vec::new();
        for name in names {
            list.extend_from_slice(name.as_os_str().as_bytes());
            list.push(0);
        }
        let reply = probe::ask(self.doors, folder, "git", &["check-ignore", "--stdin", "-z"], &list);
        let bytes = reply.filter(|reply| reply.status == 0).map(|reply| reply.bytes).unwrap_or_default();
        let names = bytes.split(|&byte| byte == 0).filter(|name| !name.is_empty());
        names.map(|name| PathBuf::from(OsStr::from_bytes(name))).collect()
    }

    fn name(&self, path: &Path) -> String {
        match path.strip_prefix(self.root).unwrap_or(path) {
            path if path.as_os_str().is_empty() => "something".to_owned(),
            path => one_line(&path.display().to_string()),
        }
    }
}

/// What has to be asked to learn whether git ignores `path` in `folder`: in which folder, and by which name there. One yes is enough.
///
/// git refuses the whole question where one name stands beyond a link or in a repository inside its own: of the first the link is asked
/// for, of the second also that repository.
fn questions(
    folder: &Path,
    path: &Path,
    is_link: impl Fn(&Path) -> bool,
    is_repository: impl Fn(&Path) -> bool,
) -> Vec<(PathBuf, PathBuf)> {
    let mut questions = Vec::new();
    let (mut repository, mut place) = (folder.to_owned(), folder.to_owned());
    let mut name = PathBuf::from(".");
    let mut parts = path.strip_prefix(folder).unwrap_or(path).components().peekable();
    while let Some(part) = parts.next() {
        place.push(part);
        name.push(part);
        let is_last = parts.peek().is_none() || is_link(&place);
        if is_last {
            break;
        }
        if is_repository(&place) {
            questions.push((std::mem::replace(&mut repository, place.clone()), name));
            name = PathBuf::from(".");
        }
    }
    questions.push((repository, name));
    questions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(path: &str, links: &[&str], repositories: &[&str]) -> Vec<(String, String)> {
        let is_one_of = |all: &[&str], path: &Path| all.iter().any(|each| Path::new(each) == path);
        questions(
            Path::new("/p"),
            Path::new(path),
            |path| is_one_of(links, path),
            |path| is_one_of(repositories, path),
        )
        .into_iter()
        .map(|(folder, name)| (folder.display().to_string(), name.display().to_string()))
        .collect()
    }

    #[test]
    fn git_is_asked_for_nothing_beyond_a_link_and_in_each_repository() {
        let pair = |folder: &str, name: &str| (folder.to_owned(), name.to_owned());
        assert_eq!(asked("/p/a/b", &[], &[]), [pair("/p", "./a/b")]);
        assert_eq!(asked("/p/:a", &[], &[]), [pair("/p", "./:a")]);
        assert_eq!(asked("/p/a/b/c", &["/p/a/b"], &[]), [pair("/p", "./a/b")]);
        assert_eq!(asked("/p/a", &["/p/a"], &[]), [pair("/p", "./a")]);
        assert_eq!(asked("/p/a/b/c", &[], &["/p/a"]), [pair("/p", "./a"), pair("/p/a", "./b/c")]);
        // A repository itself is the outer one's.
        assert_eq!(asked("/p/a", &[], &["/p/a"]), [pair("/p", "./a")]);
    }

    #[test]
    fn unrest_is_told_when_it_is_quiet_or_has_lasted_too_long() {
        let unrest = |first, last| Unrest {
            what: PathBuf::new(),
            first: Duration::from_millis(first),
            last: Duration::from_millis(last),
        };
        assert_eq!(unrest(1000, 1100).until(), Duration::from_millis(1250));
        assert_eq!(unrest(1000, 2990).until(), Duration::from_millis(3000));
    }
}
