//! What README and docs show is what happens: their tasks files load, their commands run, their tables are the code's.
//!
//! The TOML blocks of a page, one after the other, are one tasks file. Lines `$ …` of console blocks run in a folder with that file, those
//! of Shipway as dry runs.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use clap::CommandFactory as _;
use shipway::cli::Cli;
use shipway::diagnostic::FaultKind;
use shipway::event::Termination;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn page(name: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(name)).expect("a page")
}

/// The text of the blocks of `language`, in order.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut rest = page;
    let opening = format!("```{language}\n");
    while let Some((_, after)) = rest.split_once(&opening) {
        let (block, after) = after.split_once("```").expect("the block's end");
        blocks.push(block.to_owned());
        rest = after;
    }
    blocks
}

/// The commands of console blocks.
fn console(page: &str) -> Vec<String> {
    let blocks = blocks(page, "console");
    blocks
        .iter()
        .flat_map(|block| block.lines())
        .filter_map(|line| line.strip_prefix("$ "))
        .map(str::to_owned)
        .collect()
}

/// A project in a folder of its own, outside of every repository.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// With this tasks file and all that it names.
    fn new(tasks: &str) -> Self {
        let place = Self { folder: tempfile::tempdir().expect("a folder") };
        place.file("tasks.toml", tasks);
        let table: toml::Table = toml::from_str(tasks).expect("TOML");
        let text = |table: &toml::Table, keys: &[&str]| -> Option<String> {
            let (last, path) = keys.split_last()?;
            let table = path.iter().try_fold(table, |table, key| table.get(*key)?.as_table())?;
            Some(table.get(*last)?.as_str()?.to_owned())
        };
        for (_, file) in table.get("include").and_then(toml::Value::as_table).into_iter().flatten() {
            place.file(file.as_str().expect("a path"), "[tasks]\nbuild = \"make html\"\n");
        }
        let root = text(&table, &["terraform", "root"]).unwrap_or_default();
        for (name, workspace) in table.get("workspaces").and_then(toml::Value::as_table).into_iter().flatten()
        {
            let workspace = workspace.as_table().expect("a workspace");
            let dir = format!("{root}/{}", text(workspace, &["dir"]).unwrap_or_else(|| name.clone()));
            place.file(&format!("{dir}/main.tf"), "");
            for file in workspace.get("var_files").and_then(toml::Value::as_array).into_iter().flatten() {
                place.file(&format!("{dir}/{}", file.as_str().expect("a file")), "");
            }
        }
        place
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn file(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    /// Runs a line of a shell, with our program in its PATH.
    fn run(&self, line: &str) -> Output {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_shipway"));
        let path = std::env::var("PATH").expect("PATH");
        let path = format!("{}:{path}", program.parent().expect("a folder").display());
        Command::new("bash")
            .args(["-c", line])
            .current_dir(self.path())
            .env("PATH", path)
            .env_remove("GITHUB_ACTIONS")
            .env_remove("GITLAB_CI")
            .env_remove("SHIPWAY_ENVIRONMENT")
            .env("GIT_CEILING_DIRECTORIES", "/")
            .output()
            .expect("bash")
    }
}

/// As a dry run.
fn dry(line: &str) -> String {
    match line.strip_prefix("shipway") {
        Some(rest) if !rest.starts_with(" --dry-run") => format!("shipway --dry-run{rest}"),
        _ => line.to_owned(),
    }
}

fn assert_runs(place: &Place, line: &str, page: &str) {
    let output = place.run(&dry(line));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{page}: `{line}` ends with {}:\n{error}", output.status);
}

#[test]
fn the_examples_of_each_page_run() {
    for name in ["README.md", "docs/tasks-file.md", "docs/plan.md"] {
        let text = page(name);
        let place = Place::new(&blocks(&text, "toml").join("\n"));
        let lines = console(&text);
        assert!(lines.len() >= 10, "{name}: only {} lines", lines.len());
        // Tags are made in a repository, and there has to be a run for `logs` to show.
        place.file(".gitignore", ".envs/\n");
        assert!(place.run("git init --quiet").status.success());
        place.file("other/tasks.toml", "[tasks]\ntest = \"echo tested\"\n");
        assert!(place.run("cd other && shipway test && mv .shipway ..").status.success());
        // Which plans there are is seen by their names.
        place.file("plans/base.tfplan", "");
        place.file("plans/base.json", "{}");
        for line in lines {
            assert_runs(&place, &line, name);
        }
    }
}

#[test]
fn every_page_is_covered() {
    let mut pages: Vec<String> = std::fs::read_dir(Path::new(ROOT).join("docs"))
        .expect("docs")
        .map(|entry| entry.expect("a page").file_name().to_string_lossy().into_owned())
        .collect();
    pages.sort();
    // The commands of `deploy.md`, `secrets.md` and `repository.md` are run for real, by `deploy_ssh`, `secrets::files` and `repo`.
    assert_eq!(
        pages,
        [
            "architecture.md",
            "bootstrap.md",
            "compared.md",
            "deploy.md",
            "exit-codes.md",
            "plan.md",
            "repository.md",
            "secrets.md",
            "tasks-file.md",
        ],
        "add the page to these tests"
    );
    for name in ["docs/architecture.md", "docs/bootstrap.md", "docs/compared.md", "docs/exit-codes.md"] {
        let text = page(name);
        assert!(blocks(&text, "toml").is_empty() && console(&text).is_empty(), "{name} has examples");
    }
}

#[test]
fn links_between_the_pages_lead_somewhere() {
    for name in [
        "README.md",
        "docs/tasks-file.md",
        "docs/architecture.md",
        "docs/bootstrap.md",
        "docs/compared.md",
        "docs/exit-codes.md",
        "docs/secrets.md",
        "docs/plan.md",
    ] {
        let text = page(name);
        let folder = Path::new(ROOT).join(name);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if !link.starts_with("http") {
                let file = link.split('#').next().unwrap_or_default();
                assert!(folder.parent().expect("a folder").join(file).is_file(), "{name}: {link}");
            }
        }
    }
}

/// Whether a source has a test of this name that is run.
fn has_test(source: &str, name: &str) -> bool {
    let head = format!("fn {name}(");
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    lines.iter().enumerate().filter(|(_, line)| line.starts_with(&head)).any(|(at, _)| {
        // What stands above a function up to the end of another thing is its own.
        let is_own =
            |line: &&&str| line.starts_with("//") || !(line.is_empty() || line.ends_with(['}', '{', ';']));
        let above: Vec<&str> = lines[..at].iter().rev().take_while(is_own).copied().collect();
        let attributes = || above.iter().filter(|line| !line.starts_with("//"));
        attributes().any(|line| *line == "#[test]") && !attributes().any(|line| line.contains("ignore"))
    })
}

#[test]
fn a_test_that_is_not_run_proves_nothing() {
    let source = "#[ignore]\nfn other() {}\n\n/// Not to ignore.\n#[test]\n#[expect(\n    x,\n)]\nfn runs() {}\n#[test]\nfn also() {}\n\
                  fn helps() {}\n#[test]\n#[ignore]\nfn a() {}\n#[ignore = \"why\"]\n#[test]\nfn b() {}\n\
                  #[test]\n#[cfg_attr(x, ignore)]\nfn c() {}\n";
    let names = ["runs", "also", "helps", "a", "b", "c", "ru"];
    assert_eq!(names.map(|name| has_test(source, name)), [true, true, false, false, false, false, false]);
}

#[test]
fn what_the_comparison_claims_has_a_test() {
    let text = page("docs/compared.md");
    let mut claims = 0;
    for row in text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let (feature, ours) = (cells[0], cells.get(1).copied().unwrap_or_default());
        let links: Vec<&str> = ours
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
            .filter(|link| link.contains('#'))
            .collect();
        if feature.starts_with("**") || feature.is_empty() || feature == "|" {
            assert!(links.is_empty(), "{row}");
            continue;
        }
        // Without a test it is a no, and says so.
        assert!(!links.is_empty() || ours.starts_with("no"), "`{feature}` is claimed without a test: {ours}");
        for link in links {
            let (file, name) = link.split_once('#').expect("the name of a test");
            let source = page(&format!("docs/{file}"));
            assert!(has_test(&source, name), "`{feature}`: there is no test `{name}` in {file}");
            claims += 1;
        }
    }
    assert!(claims > 60, "{claims}");
}

#[test]
fn the_reference_names_each_key_that_the_file_may_have() {
    let text = page("docs/tasks-file.md");
    let folder = Place::new(
        "[x]\n[tasks.a]\nx = 1\nrun = \"true\"\n[workspaces.w]\nx = 1\n[environments.e]\nx = 1\ndeploy = { x = 1 }\n[rollout]\nx = 1\nproxy = { x = 1 }\n[rollout.w]\nx = 1\nhealthcheck = { x = 1 }\ndrain = { x = 1 }\n",
    );
    let output = folder.run("shipway check");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let keys: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("keys are") || line.contains("sections are"))
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .collect();
    assert!(keys.len() > 55, "{said}");
    for key in keys {
        let forms = [format!("`{key}`"), format!("[{key}"), format!("\n{key} ")];
        assert!(forms.iter().any(|form| text.contains(form)), "the page does not tell of `{key}`");
    }
}

#[test]
fn the_table_of_exit_codes_is_the_codes() {
    let kinds = [
        FaultKind::Failed,
        FaultKind::Usage,
        FaultKind::File,
        FaultKind::Refused,
        FaultKind::Declined,
        FaultKind::Locked,
        FaultKind::World,
        FaultKind::Bug,
        FaultKind::Interrupted,
    ];
    let name = |kind: &FaultKind| serde_json::to_string(kind).expect("JSON").replace('"', "`");
    let mut expected = vec![("0".to_owned(), String::new())];
    expected.extend(kinds.iter().map(|kind| (kind.exit_code().to_string(), name(kind))));
    // What took too long has failed, with a status of its own.
    let late = Termination::TimedOut.status();
    expected.insert(expected.len() - 1, (late.to_string(), name(&FaultKind::Failed)));
    let page = page("docs/exit-codes.md");
    let rows: Vec<(String, String)> = page
        .lines()
        .filter(|line| line.starts_with("| ") && line[2..].starts_with(|c: char| c.is_ascii_digit()))
        .map(|line| {
            let mut cells = line.split('|').map(|cell| cell.trim().to_owned()).skip(1);
            (cells.next().expect("a code"), cells.next().expect("a kind"))
        })
        .collect();
    assert_eq!(rows, expected);
    let help = Cli::command().render_long_help().to_string();
    for kind in kinds.iter().filter(|kind| **kind != FaultKind::Interrupted) {
        assert!(help.contains(&format!("{} ", kind.exit_code())), "the help does not tell of {kind:?}");
    }
    assert!(help.contains(&format!("\n{late} ")), "the help does not tell of a timeout");
}

#[test]
fn the_fault_of_the_page_on_exit_codes_is_what_is_said() {
    let place = Place::new("[tasks]\ntest = \"true\"\n");
    let output = place.run("shipway --json tset");
    let expected = blocks(&page("docs/exit-codes.md"), "json");
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected[0]);
    assert_eq!(output.status.code(), Some(2));
}

/// The example lines of a command's help.
fn examples(command: &clap::Command) -> Vec<String> {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let from = help.split_once("Example").map_or("", |(_, rest)| rest);
    from.lines()
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .map(|line| line.trim().split("   ").next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn each_command_has_an_example_that_it_understands() {
    let cli = Cli::command();
    for command in cli.get_subcommands() {
        let name = command.get_name();
        let examples = examples(command);
        assert!(!examples.is_empty(), "`{name}` has no example");
        for line in examples {
            let line =
                line.strip_prefix("source <(").and_then(|line| line.strip_suffix(')')).unwrap_or(&line);
            let words =
                Command::new("bash").args(["-c", &format!("printf '%s\\n' {line}")]).output().expect("bash");
            let words = String::from_utf8_lossy(&words.stdout).into_owned();
            let parsed = cli.clone().try_get_matches_from(words.lines());
            let parsed = parsed.unwrap_or_else(|error| panic!("`{line}`: {error}"));
            assert_eq!(parsed.subcommand_name(), Some(name), "`{line}` is an example of another command");
        }
    }
}

#[test]
fn the_examples_of_the_main_help_run() {
    let place = Place::new(
        "[vars]\nregion = \"nyc3\"\n[tasks]\nlint = \"true\"\n[tasks.test]\nargs = [\"--keep\"]\nrun = \"true\"\n[workspaces.base]\nvars = { region = \"{{ vars.region }}\" }\n",
    );
    let examples = examples(&Cli::command());
    assert!(examples.len() >= 5, "{examples:?}");
    for line in examples {
        assert_runs(&place, &line, "the help");
    }
}

/// `templates/local/tasks.toml` as it has to stand in the root: paths from there, and without deployments: a release is the whole
/// repository, and this one is no app.
fn template_in_place() -> toml::Table {
    let text = page("templates/local/tasks.toml")
        .replace("\"terraform/deploy\"", "\"templates/local/terraform/deploy\"")
        .replace("\".envs/", "\"templates/local/.envs/")
        .replace("bash scripts/", "bash templates/local/scripts/");
    let mut table: toml::Table = toml::from_str(&text).expect("TOML");
    table.remove("rollout").expect("a roll-out");
    let environments = table["environments"].as_table_mut().expect("environments");
    for (name, environment) in environments.iter_mut() {
        environment.as_table_mut().and_then(|table| table.remove("deploy")).expect(name);
    }
    table
}

#[test]
fn the_repositorys_own_workspaces_are_those_of_the_template() {
    let own: toml::Table = toml::from_str(&page("tasks.toml")).expect("TOML");
    let template = template_in_place();
    for section in ["terraform", "env_files", "environments", "workspaces"] {
        assert_eq!(own.get(section), template.get(section), "[{section}]");
    }
    let run = |table: &toml::Table| table["tasks"]["env-files"]["run"].clone();
    assert_eq!(run(&own), run(&template));
    let known = |table: &toml::Table| table.keys().cloned().collect::<Vec<_>>();
    for section in known(&template) {
        assert!(own.contains_key(&section), "the template has a new section [{section}]");
    }
}

#[test]
fn the_repositorys_own_tasks_file_is_in_order() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_shipway")).arg("check").current_dir(ROOT).output().expect("shipway");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("tasks.toml is in order"), "{error}");
}

#[test]
fn the_readmes_commands_are_the_main_job_and_the_tests() {
    let commands = blocks(&page("README.md"), "sh");
    let commands: Vec<&str> = commands.iter().map(|block| block.trim()).collect();
    // The last block is run for real, by `template_deploys`.
    assert_eq!(
        commands[..commands.len() - 1],
        [
            "cargo run --release -- up --yes --confirm prod",
            "cargo test --locked",
            "cargo run --release -- down --yes --confirm prod",
        ]
    );
    assert!(page(".ci/run").trim_end().ends_with(commands[1]), ".ci/run runs other tests");
    let place = Place::new(&page("templates/local/tasks.toml"));
    for command in [commands[0], commands[2]] {
        assert_runs(
            &place,
            &format!("shipway {}", command.split_once(" -- ").expect("arguments").1),
            "README",
        );
    }
}
