//! The command lines, by group. A new command without one fails a test.

use super::scene::{MODES, Mode};

/// A command line, and the status that it ends with. In the line, `@` stands for the mode: what one makes is not there yet in the next.
pub(super) struct Case {
    pub(super) group: &'static str,
    line: &'static str,
    code: i32,
    /// The status of a dry run.
    dry: i32,
    /// It wants a person in front of a terminal, or doesn't end by itself: the test of its group runs it there.
    without: &'static [Mode],
}

impl Case {
    /// What is typed in a mode, and the status that it ends with; nothing where the test of the group does that.
    pub(super) fn in_mode(&self, mode: Mode) -> Option<(String, i32)> {
        let code = if mode == Mode::DryRun { self.dry } else { self.code };
        let word = format!("{mode:?}").to_lowercase();
        (!self.without.contains(&mode)).then(|| (self.line.replace('@', &word), code))
    }
}

/// One that fails only by doing what it is told, so that its dry run doesn't.
const fn case(group: &'static str, line: &'static str, code: i32) -> Case {
    Case { group, line, code, dry: if code == 2 { 2 } else { 0 }, without: &[] }
}

/// One that a dry run says the same of.
const fn same(group: &'static str, line: &'static str, code: i32) -> Case {
    Case { group, line, code, dry: code, without: &[] }
}

/// One that the test of its group runs, in these modes.
const fn by_hand(group: &'static str, line: &'static str, code: i32, without: &'static [Mode]) -> Case {
    Case { group, line, code, dry: code, without }
}

pub(super) const CASES: &[Case] = &[
    case("tasks", "print", 0),
    case("tasks", "print-files", 0),
    case("tasks", "print-map", 0),
    case("tasks", "pieces", 0),
    case("tasks", "fails", 3),
    case("tasks", "run fails", 3),
    case("tasks", "resume", 3),
    case("tasks", "logs", 0),
    case("tasks", "history", 0),
    case("tasks", "clean-cache", 0),
    case("tasks", "graph", 0),
    case("tasks", "schema", 0),
    case("tasks", "list --all", 0),
    case("tasks", "builtin list", 0),
    case("tasks", "show print", 0),
    case("tasks", "show sink", 0),
    case("tasks", "check", 0),
    case("tasks", "help secrets", 0),
    case("tasks", "help print", 0),
    case("tasks", "completions bash", 0),
    case("tasks", "shwo", 2),
    case("tasks", "new local fresh-@", 0),
    by_hand("tasks", "choose", 4, &[Mode::Terminal]),
    same("tasks", "fmt --check", 1),
    by_hand("tasks", "watch print", 130, &MODES),
    case("tasks", "watch no-such-task", 2),
    case("tasks", "import ops.mk --from make --print --yes", 0),
    case("tasks", "import no-such-file", 2),
    case("terraform", "up source sink --yes", 0),
    case("terraform", "up broken --yes", 1),
    case("terraform", "plan source sink", 0),
    case("terraform", "drift source sink", 0),
    case("terraform", "status", 0),
    case("terraform", "output-source", 0),
    case("terraform", "output-sink", 0),
    case("terraform", "outputs", 0),
    case("terraform", "plan-sink", 0),
    case("terraform", "logs", 0),
    case("terraform", "down source sink --yes", 0),
    case("terraform", "init-all", 0),
    case("terraform", "validate-all", 0),
    case("terraform", "update-source", 0),
    case("terraform", "apply-source --yes", 0),
    case("terraform", "plan sink --save saved-@", 0),
    // A dry run has saved nothing that could be applied; the test of the group has one that could.
    Case { group: "terraform", line: "apply --saved saved-@ --yes", code: 0, dry: 2, without: &[] },
    case("terraform", "destroy-sink --yes", 0),
    case("terraform", "destroy-source --yes", 0),
    case("secrets", "secrets list", 0),
    case("secrets", "secrets diff", 0),
    case("secrets", "secrets push --yes --all", 0),
    case("secrets", "secrets merge --output merged.env --force", 0),
    case("secrets", "secrets generate --yes", 0),
    case("secrets", "secrets unpack --force", 0),
    case("secrets", "secrets lint", 0),
    case("secrets", "repo create --yes", 0),
    case("secrets", "database", 4),
    case("secrets", "logs", 0),
    case("gitlab", "secrets push --yes --all", 0),
    case("gitlab", "secrets diff", 0),
    case("gitlab", "secrets list", 0),
    case("deploy", "server setup", 0),
    case("deploy", "deploy --ref HEAD --again", 0),
    case("deploy", "tags", 0),
    case("deploy", "status", 0),
    case("deploy", "releases", 0),
    case("deploy", "attach", 0),
    case("deploy", "logs --release", 0),
    case("deploy", "ssh", 4),
    case("deploy", "logs", 0),
    case("deploy", "tag v-@ --no-push", 0),
    case("deploy", "deploy v-@", 0),
    case("deploy", "deploy v-@ --again", 0),
    case("deploy", "totag v0 --again", 0),
    case("deploy", "rollback", 0),
    case("deploy", "cancel", 0),
];

/// The cases of a group.
pub(super) fn of(group: &'static str) -> impl Iterator<Item = &'static Case> {
    CASES.iter().filter(move |it| it.group == group)
}

#[test]
fn every_command_has_a_case() {
    use clap::CommandFactory as _;
    let cli = shipway::cli::Cli::command();
    let mut leaves = Vec::new();
    for command in cli.get_subcommands() {
        let inner: Vec<String> = command
            .get_subcommands()
            .map(|inner| format!("{} {}", command.get_name(), inner.get_name()))
            .collect();
        if inner.is_empty() { leaves.push(command.get_name().to_owned()) } else { leaves.extend(inner) }
    }
    assert!(leaves.len() > 25, "{leaves:?}");
    for leaf in leaves {
        let has = |it: &Case| it.line == leaf || it.line.starts_with(&format!("{leaf} "));
        assert!(CASES.iter().any(has), "`shipway {leaf}` has no case");
    }
}
