//! The command lines, by group. A new command without one fails a test.

/// A command line, and the status that it ends with; a dry run ends with 0.
pub(super) struct Case {
    pub(super) group: &'static str,
    pub(super) line: &'static str,
    pub(super) code: i32,
}

const fn case(group: &'static str, line: &'static str, code: i32) -> Case {
    Case { group, line, code }
}

pub(super) const CASES: &[Case] = &[
    case("tasks", "print", 0),
    case("tasks", "print-files", 0),
    case("tasks", "print-map", 0),
    case("tasks", "pieces", 0),
    case("tasks", "fails", 3),
    case("tasks", "run fails", 3),
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
    case("deploy", "logs", 0),
];

/// The same for commands that change what a second one would find otherwise: these run once, plainly.
pub(super) const ONCE: &[Case] = &[
    case("tasks", "new local fresh", 0),
    case("tasks", "choose", 4),
    case("tasks", "fmt --check", 1),
    case("tasks", "watch no-such-task", 2),
    case("tasks", "import no-such-file", 2),
    case("terraform", "init-all", 0),
    case("terraform", "validate-all", 0),
    case("terraform", "update-source", 0),
    case("terraform", "apply-source --yes", 0),
    case("terraform", "plan sink --save saved", 0),
    case("terraform", "apply --saved saved --yes", 0),
    case("terraform", "destroy-sink --yes", 0),
    case("terraform", "destroy-source --yes", 0),
    case("deploy", "tag v1 --no-push", 0),
    case("deploy", "deploy v1", 0),
    case("deploy", "deploy v1 --again", 0),
    case("deploy", "totag v1 --again", 0),
    case("deploy", "rollback", 0),
    case("deploy", "cancel", 0),
];

/// Lines of a group.
pub(super) fn of(cases: &'static [Case], group: &'static str) -> impl Iterator<Item = &'static Case> {
    cases.iter().filter(move |it| it.group == group)
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
        assert!(CASES.iter().chain(ONCE).any(has), "`shipway {leaf}` has no case");
    }
}
