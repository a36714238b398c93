//! The commands that look, and `new`, from outside.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::harness::space::lines;
use crate::harness::{Output, Space, needs};

/// What is on standard output.
trait Tells {
    fn tells(&self, phrase: &str) -> &Self;
    fn does_not_tell(&self, phrase: &str) -> &Self;
}

impl Tells for Output {
    #[track_caller]
    fn tells(&self, phrase: &str) -> &Self {
        assert!(self.stdout.contains(phrase), "{phrase:?} is not told: {}", self.all());
        self
    }

    #[track_caller]
    fn does_not_tell(&self, phrase: &str) -> &Self {
        assert!(!self.stdout.contains(phrase), "{phrase:?} is told: {}", self.all());
        self
    }
}

const SHOP: &str = r#"
[project]
name = "shop"

[vars]
token = { env = "TOKEN", default = "", secret = true }

[tasks.lint]
run = "echo linted"

[tasks.test]
description = "Run the tests"
alias   = "t"
depends = ["lint"]
args    = ["suite=all", { name = "--jobs=4", short = "j", help = "How many", choices = ["4", "8"] }, "rest..."]
env     = { TOKEN = "{{ vars.token }}" }
confirm = { text = "Really?", type = "prod" }
run     = ["echo {{ suite }}", { exec = ["echo", "two words", "{{ rest }}"] }]
finally = "echo over"

[env_files.production]
path   = ".envs/.production"
prefix = "PROD"

[environments.prod]
env_files = ["production"]
protected = true

[terraform]
root = "terraform"

[workspaces.base]

[workspaces.prod]
environment   = "prod"
depends       = ["base", { task = "lint" }]
var_files     = ["vars.tfvars"]
vars          = { id = "{{ workspaces.base.outputs.id }}", size = 2 }
after_destroy = ["echo gone", "echo really"]
"#;

fn shop() -> Space {
    Space::with_tasks(SHOP).workspace("base", "").workspace("prod", "").file("terraform/prod/vars.tfvars", "")
}

#[test]
fn show_tells_a_task_as_it_was_written() {
    let output = shop().run("show t");
    output.exits(0);
    assert_eq!(
        output.stdout,
        "task test  (tasks.toml:11)\n  Run the tests\n\
         \x20 usage           shipway test [SUITE] [--jobs VALUE] [REST]...\n\
         \x20 alias           t\n\
         \x20 depends         lint\n\
         \x20 argument        suite=all\n\
         \x20 argument        --jobs=4  How many  [one of: 4, 8]  [-j]\n\
         \x20 argument        rest...\n\
         \x20 folder          .\n\
         \x20 env             TOKEN\n\
         \x20 confirm         Really?  [type prod]\n\
         \x20 run             $ echo {{ suite }}\n\
         \x20                 $ echo 'two words' {{ rest }}\n\
         \x20 finally         $ echo over\n"
    );
}

#[test]
fn show_tells_each_key_that_a_task_may_have() {
    let space = Space::with_tasks(
        r#"
[tasks.other]
run = "true"

[tasks.it]
description = "V-description"
alias       = "v-alias"
depends     = ["other"]
args        = ["v-args"]
dir         = "v-dir"
env         = { V_ENV = "{{ workspaces.base.outputs.id }}" }
dotenv      = ["v-dotenv?"]
databases   = ["v-databases"]
wait_for     = ["v-wait_for"]
depends_post = ["v-depends_post"]
exports      = ["v-exports"]
matrix       = { v-matrix = ["a"] }
sources      = ["v-sources"]
outputs      = ["v-outputs"]
cache        = false
if           = "v-if"
timeout      = "47s"
retry        = { attempts = 43 }
requires     = { tools = ["v-requires"] }
wait_until   = { file = "v-wait_until" }
ignore_error = true
hide         = true
quiet        = true
interactive  = true
tty          = true
pool         = "v-pool"
shell        = "v-shell -c"
confirm     = "v-confirm?"
run         = "v-run"
finally     = "v-finally"

[pools]
v-pool = 1

[databases.v-databases]
provider = "digitalocean"
name     = "x"

[tasks.v-wait_for]
run = "true"
[tasks.v-depends_post]
run = "true"

[workspaces.base]
"#,
    );
    let (page, data) = (space.run("show it").stdout, space.run("show it --json").stdout);
    // The keys are those that the reader of the file knows.
    let wrong = Space::with_tasks("[tasks.a]\nx = 1\nrun = \"true\"\n").run("check").stderr;
    let keys = wrong.lines().find_map(|line| line.split_once("its keys are ")).expect("the keys").1;
    let keys: Vec<&str> = keys.split('`').skip(1).step_by(2).collect();
    assert!(keys.len() >= 11, "{wrong}");
    for key in keys {
        let value = match key {
            "depends" => "other".to_owned(),
            "env" => "V_ENV".to_owned(),
            "timeout" => "47s".to_owned(),
            "retry" => "43 attempts".to_owned(),
            "ignore_error" | "hide" | "quiet" | "interactive" | "tty" | "cache" => key.replace('_', " "),
            _ => format!("v-{key}"),
        };
        assert!(page.to_lowercase().contains(&value.to_lowercase()), "{key}: {page}");
        assert!(data.to_lowercase().contains(&value.to_lowercase()), "{key}: {data}");
    }
    assert!(page.contains("  reads outputs   base\n"), "{page}");
}

#[test]
fn the_tasks_of_each_included_file_are_listed_together() {
    let space = Space::with_tasks(
        "[tasks.b]\ndescription = \"Second\"\nrun = \"true\"\n[include]\ndocs = \"docs\"\n[tasks]\na = \"true\"\n",
    )
    .file("docs/tasks.toml", "[tasks.html]\ndescription = \"Pages\"\nrun = \"true\"\n[include]\napi = \"api.toml\"\n")
    .file("docs/api.toml", "[tasks]\nbuild-all = \"true\"\n");
    space.run("list").exits(0).prints(
        "Tasks:\n  b                   Second\n  a\nTasks of docs/tasks.toml:\n  docs:html           Pages\n\
         Tasks of docs/api.toml:\n  docs:api:build-all\n",
    );
    let rows = lines(&space.run("list --json").stdout);
    let places: Vec<String> =
        rows.iter().map(|row| format!("{} {} {}", row["name"], row["group"], row["file"])).collect();
    assert!(
        places.contains(&"\"docs:api:build-all\" \"docs:api\" \"docs/api.toml\"".to_owned()),
        "{places:?}"
    );
}

#[test]
fn show_tells_a_workspace_as_it_was_written() {
    let space = shop();
    let output = space.run("show prod");
    output.exits(0);
    assert_eq!(
        output.stdout,
        "workspace prod  (tasks.toml:34)\n\
         \x20 folder          terraform/prod\n\
         \x20 engine          terraform\n\
         \x20 environment     prod  (protected)\n\
         \x20 depends         base, task lint\n\
         \x20 var files       vars.tfvars\n\
         \x20 var             id = \"{{ workspaces.base.outputs.id }}\"\n\
         \x20 var             size = 2\n\
         \x20 after_destroy   $ echo gone\n\
         \x20                 $ echo really\n\
         \x20 tasks           init-, validate-, fmt-, update-, plan-, apply-, output-, destroy-, clean-prod\n"
    );
    let shown = &lines(&space.run("show prod --json").stdout)[0];
    assert_eq!(shown["protected"], true);
    assert_eq!(shown["vars"]["size"], 2);
    assert_eq!(shown["hooks"]["after_destroy"][1]["script"], "echo really");
    assert_eq!(shown["line"], 34);
    space.run("show plan-prod").exits(0).tells("workspace prod  (tasks.toml:34)");
    space.run("show prdo").exits(2).says("there is no task or workspace `prdo`").says("did you mean `prod`?");
}

#[test]
fn check_says_what_is_in_order_and_with_which_tools() {
    needs!("git", "terraform");
    let space = shop();
    let output = space.run("check");
    output.exits(0).tells("this is no git repository").tells("note: terraform 1.");
    assert!(
        output.stdout.ends_with("\ntasks.toml is in order: 2 tasks, 2 workspaces\n"),
        "{}",
        output.stdout
    );
}

#[test]
fn check_tells_every_error_of_the_file_and_as_data() {
    let space = Space::with_tasks("[tasks.a]\nrun = \"x\"\ndepnds = []\n[tasks.b]\ndepends = [\"c\"]\n");
    space.run("check").exits(3).says("unknown-key").says("there is no task `c`");
    let output = space.run("check --json");
    output.exits(3);
    let found: Value = serde_json::from_str(&output.stdout).unwrap();
    let codes: Vec<&Value> = found.as_array().unwrap().iter().map(|each| &each["code"]).collect();
    assert_eq!(codes, ["unknown-key", "unknown-task"]);
}

#[test]
fn check_finds_folders_and_files_that_are_not_there() {
    let space = Space::with_tasks(SHOP).workspace("prod", "");
    space
        .run("check")
        .exits(3)
        .says("the folder terraform/base of the workspace `base` does not exist")
        .says("there is no file terraform/prod/vars.tfvars")
        .says("tasks.toml:37:");
}

#[test]
fn secrets_that_git_would_take_are_an_error_until_git_ignores_them() {
    needs!("git");
    let space = shop();
    space.git(&["init", "--quiet"]);
    // Also where they are not there yet.
    space.run("check").exits(3).says("git does not ignore the secrets in .envs/.production");
    space.write(".envs/.production/.django", "A=b\n");
    space
        .run("check")
        .exits(3)
        .says("not ignored: `.envs/.production/.django`")
        .says("add `/.envs/.production` to .gitignore");
    space.write(".gitignore", "/.envs/\n");
    space.run("check").exits(0).does_not_tell("ignore");
    // A file that git already has is in the repository, whatever .gitignore says.
    space.git(&["add", "--force", ".envs/.production/.django"]);
    space.run("check").exits(3).says("not ignored: `.envs/.production/.django`");
}

#[test]
fn env_files_that_others_may_read_are_a_warning() {
    let space = shop().file(".envs/.production/.django", "A=b\n");
    let mode = |mode| {
        let path = space.path(".envs/.production/.django");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(0o644);
    space.run("check").exits(0).tells("others on this machine may read .envs/.production/.django (mode 644)");
    mode(0o600);
    space.run("check").exits(0).does_not_tell("others on this machine");
    space.write(".envs/.production/.django~", "A=b\n");
    space
        .run("check")
        .exits(3)
        .says("`.django~` can't be the name of a secret")
        .says("`ignore` of [env_files.production]");
}

#[test]
fn runs_are_listed_and_shown_again() {
    let space = Space::with_tasks(
        "[tasks]\nhello = \"echo hello\"\nquiet = \"true\"\n[tasks.bad]\ndepends = [\"hello\"]\nrun = \"exit 42\"\n",
    );
    space.run("history").exits(0).prints("There are no runs yet.\n");
    space.run("logs").exits(2).says("there are no runs yet");
    space.run("hello").exits(0);
    space.run("bad").exits(42);
    let rows = lines(&space.run("history --json").stdout);
    let told: Vec<(&str, &str)> =
        rows.iter().map(|row| (row["command"].as_str().unwrap(), row["result"].as_str().unwrap())).collect();
    assert_eq!(told, [("shipway hello", "ok"), ("shipway bad", "failed")]);
    assert_eq!(rows[1]["exit_code"], 42);
    let table = space.run("history -n 1").stdout;
    assert!(table.contains("failed (42)") && !table.contains("shipway hello"), "{table}");
    // The last run, as it was: its end and why.
    let output = space.run("logs");
    output.exits(0);
    assert!(
        output.stdout.contains("\nhello\n") && output.stdout.contains("exit status 42"),
        "{}",
        output.stdout
    );
    let first = rows[0]["run"].as_str().unwrap();
    space.run(&format!("logs {first}")).exits(0).prints("$ echo hello\nhello\n");
    space.run("logs --step hello").exits(0).prints("$ echo hello\nhello\n(exit status 0)\n");
    space.run("logs --step helo").exits(2).says("did you mean `hello`?");
    space.run("logs 2").exits(2).says("2 runs begin with `2`");
    space.run("logs x").exits(2).says("there is no run `x`").says("`shipway history` lists the runs");
    let events = lines(&space.run("logs --json --step hello").stdout);
    assert!(events.len() > 2 && events.iter().all(|event| event["step"] == "task:hello"), "{events:?}");
    // What was done can be seen also where the file is wrong by now.
    space.write("tasks.toml", "[tasks");
    space.run("history").exits(0).tells("shipway bad");
    space.run("logs").exits(0).tells("exit status 42");
}

#[test]
fn a_new_project_is_in_order_and_never_mixes_with_what_is_there() {
    needs!("git", "terraform");
    let space = Space::new();
    space
        .run("new local My_Shop --dry-run")
        .exits(0)
        .tells("would make the project my-shop")
        .tells("My_Shop/tasks.toml");
    assert!(!space.has("My_Shop"));
    space
        .run("new local My_Shop")
        .exits(0)
        .tells("made the project my-shop in My_Shop")
        .tells("  cd My_Shop\n");
    assert!(space.read("My_Shop/tasks.toml").contains("name = \"my-shop\""));
    space.run("-f My_Shop check").exits(0).tells("tasks.toml is in order: 3 tasks, 5 workspaces");
    space.run("-f My_Shop up --dry-run").exits(0);
    space.run("new local My_Shop").exits(4).says("My_Shop is not empty");
    space.run("new local My_Shop/tasks.toml").exits(4).says("is no folder");
    space.run("new lokal other").exits(2).says("did you mean `local`?");
    let names: Vec<String> = space
        .root
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names, ["My_Shop"]);
}

#[test]
fn the_embedded_template_makes_the_folder_that_the_repository_has() {
    let space = Space::new();
    space.run("new local local-app").exits(0);
    let template = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/local");
    for path in
        ["tasks.toml", "scripts/sample-env-files.sh", "terraform/deploy/meta/vars.tfvars", ".gitignore"]
    {
        assert_eq!(
            space.read(&format!("local-app/{path}")),
            std::fs::read_to_string(template.join(path)).unwrap()
        );
    }
}

#[test]
fn generated_tasks_take_our_options_and_refuse_words_without_meaning() {
    let space = shop();
    space
        .run("plan-base --dry-run -- -parallelism=2")
        .exits(0)
        .tells("-parallelism=2")
        .tells("nothing was run");
    space.run("plan-base -parallelism=2").exits(2).says("`shipway plan-base -- -parallelism=2`");
    space.run("plan-base stage").exits(2).says("`plan-base` takes no arguments, and `stage` is one");
    space.run("plan-base --jobs many").exits(2).says("invalid value 'many'");
    space.run("builtin up --dry-run base").exits(0).tells("apply base");
}

#[test]
fn completion_answers_for_right_files_and_for_wrong_ones() {
    let space = shop();
    space.run("__complete te").exits(0).prints("test\tRun the tests\n");
    space.shipway(["__complete", "up", ""]).run().exits(0).prints("base\t\nprod\t\n");
    space.shipway(["__complete", "-e", ""]).run().exits(0).prints("prod\t\n");
    space.write("tasks.toml", &SHOP.replace("run = \"echo linted\"", "run = \"echo linted"));
    space.run("__complete te").exits(0).prints("test\tRun the tests\n");
    space.run("__complete plan-p").exits(0).prints("plan-prod\tShow what an apply of prod would do\n");
    // Nothing to complete from is no fault: a shell would print it into the line.
    let empty = Space::new();
    let output = empty.run("__complete st");
    output.exits(0).prints("status\tShow the state of each workspace, and what is live where\n");
    assert_eq!(output.stderr, "");
    assert!(!space.has(".shipway"));
}

#[test]
fn bash_completes_names_with_colons_and_after_a_separator() {
    needs!("bash");
    let space = Space::with_tasks("[include]\ndocs = \"docs.toml\"\n[tasks]\nlint = \"true\"\n")
        .file("docs.toml", "[tasks]\nbuild = \"true\"\nbundle = \"true\"\n");
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_shipway"));
    let complete = |line: &str| {
        let script = "PATH=$1:$PATH; source <(shipway completions bash); COMP_LINE=$2 COMP_POINT=${#2}; \
                      compopt() { :; }; _shipway; printf '%s ' \"${COMPREPLY[@]}\"";
        let mut bash = space.program("bash");
        bash.args(["-c", script, "bash"]).arg(program.parent().unwrap()).arg(line);
        String::from_utf8(bash.output().unwrap().stdout).unwrap()
    };
    assert_eq!(complete("shipway lin"), "lint ");
    assert_eq!(complete("shipway lint ::: docs:bu"), "build bundle ");
    assert_eq!(complete("shipway --color=auto --dry"), "--dry-run ");
}

/// A task whose arguments have choices.
const CHOICES: &str = "[tasks.serve]\nargs = [{ name = \"where\", choices = [\"here\", \"there:2\"] }, { name = \"--mode=\", short = \"m\", choices = [\"fast\", \"safe\"] }]\nrun = \"true\"\n";

#[test]
fn values_of_arguments_are_completed_by_the_one_binary() {
    let space = Space::with_tasks(CHOICES);
    let complete = |line: &str| {
        let words: Vec<&str> = std::iter::once("__complete").chain(line.split(' ')).collect();
        space.shipway(words).run().stdout
    };
    assert_eq!(complete("serve "), "here\t\nthere:2\t\n");
    assert_eq!(complete("serve --mode="), "--mode=fast\t\n--mode=safe\t\n");
    assert_eq!(complete("serve -m s"), "safe\t\n");
    assert_eq!(complete("serve --mode fast t"), "there:2\t\n");
    assert_eq!(complete("watch serve h"), "here\t\n");
}

#[test]
fn bash_completes_values_with_colons_and_equals_signs() {
    needs!("bash");
    let space = Space::with_tasks(CHOICES);
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_shipway"));
    let complete = |line: &str| {
        let script = "PATH=$1:$PATH; source <(shipway completions bash); COMP_LINE=$2 COMP_POINT=${#2}; \
                      compopt() { :; }; _shipway; printf '%s ' \"${COMPREPLY[@]}\"";
        let mut bash = space.program("bash");
        bash.args(["-c", script, "bash"]).arg(program.parent().unwrap()).arg(line);
        String::from_utf8(bash.output().unwrap().stdout).unwrap()
    };
    assert_eq!(complete("shipway serve the"), "there:2 ");
    assert_eq!(complete("shipway serve there:"), "2 ");
    assert_eq!(complete("shipway serve --mode=f"), "fast ");
    assert_eq!(complete("shipway serve --mode s"), "safe ");
}

/// A task whose choices a shell would take apart.
const BLANKS: &str = "[tasks.test]\nargs = [{ name = \"suite\", choices = [\"unit tests\", \"it's $5\", \"e2e\"] }, { name = \"--mode=\", choices = [\"safe one\", \"fast\"] }]\nrun = \"true\"\n[tasks.tested]\nhide = true\nargs = [{ name = \"x\", choices = [\"here\"] }]\nrun = \"true\"\n";

#[test]
fn bash_quotes_what_it_completes_as_the_word_is_begun() {
    needs!("bash");
    let space = Space::with_tasks(BLANKS);
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_shipway"));
    let complete = |line: &str| {
        let script = "PATH=$1:$PATH; source <(shipway completions bash); COMP_LINE=$2 COMP_POINT=${#2}; \
                      compopt() { :; }; _shipway; printf '%s|' \"${COMPREPLY[@]}\"";
        let mut bash = space.program("bash");
        bash.args(["-c", script, "bash"]).arg(program.parent().unwrap()).arg(line);
        String::from_utf8(bash.output().unwrap().stdout).unwrap()
    };
    for (line, replies) in [
        ("shipway test un", r"unit\ tests|"),
        ("shipway test it", r"it\'s\ \$5|"),
        (r"shipway test unit\ t", r"unit\ tests|"),
        // After an opening quote bash closes it.
        ("shipway test 'un", "unit tests|"),
        ("shipway test \"unit te", "unit tests|"),
        ("shipway test 'it", r"it'\''s $5|"),
        ("shipway test \"it", r"it's \$5|"),
        ("shipway test --mode=s", r"safe\ one|"),
        ("shipway test --mode='s", "safe one|"),
        ("shipway test '--mode=s", "--mode=safe one|"),
        ("shipway test 'unit tests' --mode=f", "fast|"),
        ("shipway test --mode \"safe one\" e", "e2e|"),
        // What is hidden is not offered, but known.
        ("shipway tes", "test|"),
        ("shipway tested ", "here|"),
    ] {
        assert_eq!(complete(line), replies, "{line}");
    }
}

#[test]
fn zsh_completes_after_an_opening_quote_and_quotes_blanks() {
    needs!("zsh");
    let space = Space::with_tasks(BLANKS);
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_shipway")).parent().unwrap();
    // A shell on a terminal, which tells the line that it has after the key.
    let script = format!(
        "zmodload zsh/zpty; zpty z zsh -f -i; zpty -w z \"PS1= PATH={}:\\$PATH; autoload -Uz compinit; compinit -u -d {}; \
         source <(shipway completions zsh); tell() {{ print -r -- \\$BUFFER >line; BUFFER= }}; zle -N tell; bindkey '^T' tell; : >ready\"; \
         until [[ -e ready ]]; do sleep 0.05; done; \
         ask() {{ zpty -w -n z $1$'\\t\\x14'; until [[ -s line ]]; do zpty -r -t z said; sleep 0.05; done; cat line; rm line }}; \
         ask 'shipway test un'; ask \"shipway test 'un\"; ask 'shipway test \"un'; ask 'shipway test --mode=s'; ask 'shipway test unit\\ t'; zpty -d z",
        folder.display(),
        space.path("dump").display()
    );
    let output = space.program("zsh").args(["-f", "-c", &script]).output().unwrap();
    let lines: Vec<String> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| line.trim_end().to_owned()).collect();
    assert_eq!(
        lines,
        [
            r"shipway test unit\ tests",
            "shipway test 'unit tests'",
            "shipway test \"unit tests\"",
            r"shipway test --mode=safe\ one",
            r"shipway test unit\ tests"
        ]
    );
}

#[test]
fn fish_completes_values() {
    needs!("fish");
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_shipway")).parent().unwrap();
    for (tasks, line, told) in [
        (CHOICES, "shipway serve --mode ", "fast\nsafe\n"),
        (BLANKS, "shipway test \\'un", "unit tests\n"),
        (BLANKS, "shipway tes", "test\n"),
    ] {
        let space = Space::with_tasks(tasks);
        let mut fish = space.program("fish");
        let script = format!(
            "set -x PATH {} $PATH; shipway completions fish | source; complete -C '{line}'",
            folder.display()
        );
        let output = fish.args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), told, "{line}");
    }
}

#[test]
fn topics_of_help_are_the_pages_of_the_docs() {
    let space = Space::new();
    space.run("help topics").exits(0).tells("tasks-file").tells("exit-codes");
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/exit-codes.md")).unwrap();
    space.run("help exit-codes").exits(0).prints(&page);
}
