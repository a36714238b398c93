//! Where secrets may stand, and what is counted of where they do.

use std::collections::BTreeMap;

use aho_corasick::AhoCorasick;

use super::forms::forms;
use super::secrets::Canary;

/// A place where secrets may stand.
pub(super) struct Allowed {
    pub(super) place: &'static str,
    /// The groups of commands that bring secrets there; in each of them it has to happen, so that this list can't rot.
    pub(super) groups: &'static [&'static str],
    pub(super) reason: &'static str,
}

pub(super) const OWN_FILES: &str = "the user's own files";
pub(super) const STATE: &str = "terraform's state";
pub(super) const OPEN_RUN: &str = "raw streams, plan and variable files of a run that was killed";
pub(super) const SERVER_FILES: &str = "env files on the server";
pub(super) const RELEASE_FILES: &str = "env files of a release";
pub(super) const MASK_LINES: &str = "`::add-mask::` lines in a GitHub job";
pub(super) const TOKEN_HEADERS: &str = "headers with the vendor's token";
pub(super) const GITLAB_VALUES: &str = "values in requests to GitLab";
pub(super) const TYPED_LINE: &str = "Shipway's own command line with NAME=value";

pub(super) const ALLOWED: [Allowed; 9] = [
    Allowed {
        place: OWN_FILES,
        groups: &["tasks", "crashes", "terraform", "secrets", "gitlab", "deploy"],
        reason: "they are where the secrets come from, and where `merge` and `unpack` are told to write",
    },
    Allowed {
        place: STATE,
        groups: &["terraform", "secrets", "gitlab"],
        reason: "terraform writes its values there",
    },
    Allowed {
        place: OPEN_RUN,
        groups: &["terraform"],
        reason: "it is all that is known of what was under way; the next run removes it",
    },
    Allowed { place: SERVER_FILES, groups: &["deploy"], reason: "`server setup` is there to bring them" },
    Allowed { place: RELEASE_FILES, groups: &["deploy"], reason: "the app reads them there" },
    Allowed {
        place: MASK_LINES,
        groups: &["tasks", "terraform", "secrets", "gitlab", "deploy"],
        reason: "GitHub takes them out of the log, and has no other way of being told",
    },
    Allowed { place: TOKEN_HEADERS, groups: &["secrets", "gitlab"], reason: "so one asks a vendor" },
    Allowed { place: GITLAB_VALUES, groups: &["gitlab"], reason: "GitLab takes values as they are, by TLS" },
    Allowed { place: TYPED_LINE, groups: &["tasks"], reason: "the user typed it" },
];

/// The place that a file belongs to, by its path below the folder that holds project, home, server and temporary files.
pub(super) fn place_of(path: &str, is_open: bool) -> &'static str {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["project", ".env" | "merged.env"]
        | ["project", ".envs" | "private", ..]
        | ["project", "terraform", "source", "secret.tfvars"] => OWN_FILES,
        ["project", "terraform", _, "terraform.tfstate" | "terraform.tfstate.backup"] => STATE,
        // Copies of it from before each apply and destroy.
        ["project", ".shipway", "snapshots", _, file] if file.ends_with(".tfstate") => STATE,
        ["project", ".shipway", "raw", ..] if is_open => OPEN_RUN,
        ["project", ".shipway", ..] => "Shipway's records",
        ["project", ..] => "other files of the project",
        ["server", "stage", "shared", ..] => SERVER_FILES,
        ["server", "stage", "releases", _, "src", ".envs", ..] => RELEASE_FILES,
        ["server", ..] => "other files of the server",
        ["home", ..] => "the user's home",
        ["tmp", ..] => "temporary files",
        _ => "elsewhere",
    }
}

/// A secret where none may be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    pub(super) canary: &'static str,
    pub(super) form: String,
    pub(super) place: String,
    pub(super) label: String,
    around: String,
}

/// Looks for all forms of all secrets, and counts.
pub(super) struct Search {
    group: &'static str,
    /// What each pattern is a form of.
    owners: Vec<(&'static str, Vec<u8>)>,
    machine: AhoCorasick,
    canaries: usize,
    pub(super) commands: usize,
    pub(super) command_lines: usize,
    bytes: usize,
    allowed: BTreeMap<&'static str, usize>,
    hits: BTreeMap<(String, &'static str), (usize, Hit)>,
}

impl Search {
    pub(super) fn new(group: &'static str, canaries: &[Canary]) -> Self {
        let owners: Vec<(&'static str, Vec<u8>)> =
            canaries.iter().flat_map(|it| forms(&it.value).into_iter().map(|form| (it.name, form))).collect();
        let machine = AhoCorasick::new(owners.iter().map(|(_, form)| form)).unwrap();
        Self {
            group,
            owners,
            machine,
            canaries: canaries.len(),
            commands: 0,
            command_lines: 0,
            bytes: 0,
            allowed: BTreeMap::new(),
            hits: BTreeMap::new(),
        }
    }

    /// Searches a text that was found at a place.
    pub(super) fn look(&mut self, place: &str, label: &str, text: &[u8]) {
        self.bytes += text.len();
        let is_allowed = |it: &&Allowed| it.place == place && it.groups.contains(&self.group);
        let allowed = ALLOWED.iter().find(is_allowed).map(|it| it.place);
        for found in self.machine.find_overlapping_iter(text) {
            if let Some(place) = allowed {
                *self.allowed.entry(place).or_default() += 1;
                continue;
            }
            let (canary, form) = &self.owners[found.pattern().as_usize()];
            let from = found.start().saturating_sub(30);
            let shown = |bytes: &[u8]| bytes.escape_ascii().to_string().chars().take(120).collect::<String>();
            let hit = Hit {
                canary,
                form: shown(form),
                place: place.to_owned(),
                label: label.to_owned(),
                around: shown(&text[from..text.len().min(found.end() + 10)]),
            };
            self.hits.entry((format!("{place}: {label}"), canary)).or_insert((0, hit)).0 += 1;
        }
    }

    /// What was found where nothing may be.
    pub(super) fn hits(&self) -> Vec<&Hit> {
        self.hits.values().map(|(_, hit)| hit).collect()
    }

    /// Prints the counts and asserts that there is nothing where nothing may be, and that each allowed place is needed.
    #[track_caller]
    pub(super) fn end(self) {
        let mut said = format!(
            "{}: {} secrets in {} forms; {} commands, {} command lines, {} bytes searched",
            self.group,
            self.canaries,
            self.owners.len(),
            self.commands,
            self.command_lines,
            self.bytes
        );
        for (place, count) in &self.allowed {
            said.push_str(&format!("\n  {count:>7} in {place}"));
        }
        let elsewhere: usize = self.hits.values().map(|(count, _)| count).sum();
        said.push_str(&format!("\n  {elsewhere:>7} elsewhere"));
        println!("{said}");
        let list: String = self.hits.values().map(|(count, hit)| format!("{count} × {hit:?}\n")).collect();
        assert!(self.hits.is_empty(), "{said}\n{list}");
        for allowed in ALLOWED.iter().filter(|it| it.groups.contains(&self.group)) {
            let place = allowed.place;
            assert!(
                self.allowed.contains_key(place),
                "{}: nothing was found in {place}, which is allowed because {}",
                self.group,
                allowed.reason
            );
        }
    }
}
