//! Ways around what Shipway promises, each found by somebody who looked for one.

use std::os::unix::fs::PermissionsExt as _;

use crate::harness::{Space, needs};

const TWO: &str = "[terraform]\nroot = \"terraform\"\n[workspaces.one]\nbefore_destroy = \"touch backed-up\"\n\
                   [workspaces.two]\ndepends = [\"one\"]\n";

fn two() -> Space {
    let resource = "resource \"terraform_data\" \"x\" { input = \"1\" }\n";
    Space::new()
        .file("tasks.toml", TWO)
        .file("terraform/one/main.tf", resource)
        .file("terraform/two/main.tf", resource)
}

#[test]
fn arguments_for_terraform_cannot_turn_an_apply_into_a_destroy() {
    needs!("terraform");
    let space = two();
    space.run("up --yes").exits(0);
    for word in ["-destroy", "-out=elsewhere", "-state=other.tfstate", "-json=false"] {
        let refused = space.run(&format!("apply-one --yes -- {word}"));
        refused.exits(2).says(word).says("Shipway sets it itself");
    }
    let refused = space.shipway(["up", "--yes"]).env("TF_CLI_ARGS_plan", "-destroy").run();
    refused.exits(4).says("TF_CLI_ARGS_plan").says("-destroy");
    assert_eq!(space.state("one"), ["terraform_data.x"]);
    assert!(!space.has("terraform/one/elsewhere"));
    space.run("apply-one --yes -- -parallelism=2").exits(0);
}

#[test]
fn another_state_that_is_selected_by_hand_is_never_taken_for_an_empty_one() {
    needs!("terraform");
    let space = two();
    space.run("up --yes").exits(0);
    let down = space.shipway(["down", "--yes"]).env("TF_WORKSPACE", "typo").run();
    down.exits(4).says("`typo`").says("unset TF_WORKSPACE").does_not_say("proven empty");
    space.terraform("one", &["workspace", "new", "other"]);
    let down = space.run("down --yes");
    down.exits(4).says("`other`").says("workspace select default").does_not_say("nothing to destroy");
    assert_eq!(space.state("one"), ["terraform_data.x"]);
    space.terraform("one", &["workspace", "select", "default"]);
    space.run("down --yes").exits(0).says("proven empty");
    assert!(space.has("backed-up"));
}

#[test]
fn a_secret_of_the_environment_is_masked_before_anything_asks_for_it() {
    const SECRET: &str = "zq-token-value-42";
    let space = Space::with_tasks(
        "[vars]\ntoken = { env = \"TOKEN\", secret = true }\n\
         [tasks.first]\nrun = \"env | grep TOKEN\"\n\
         [tasks.second]\ndepends = [\"first\"]\nargs = [\"x=1\"]\nenv = { T = \"{{ vars.token }}\" }\nrun = \"true\"\n",
    );
    let run = space.shipway(["second", SECRET]).env("TOKEN", SECRET).run();
    run.exits(0);
    assert!(run.stdout.contains("TOKEN=***"), "{}", run.all());
    let history = space.shipway(["history"]).env("TOKEN", SECRET).run();
    let json = space.shipway(["--json", "second", SECRET]).env("TOKEN", SECRET).run();
    for output in [&run, &history, &json] {
        assert!(!output.all().replace(&format!("second {SECRET}"), "").contains(SECRET), "{}", output.all());
    }
    let kept = space.program("grep").args(["-r", "-F", SECRET, ".shipway"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&kept.stdout), "");
}

#[test]
fn an_included_file_is_trusted_no_more_than_the_main_one() {
    let space = Space::with_tasks("[include]\ni = \"inc/tasks.toml\"\n")
        .file("inc/tasks.toml", "[tasks]\nx = \"true\"\n")
        .file("../outside.toml", "[tasks]\nx = \"true\"\n");
    space.run("i:x").exits(0);
    let file = space.path("inc/tasks.toml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
    space.run("i:x").exits(3).says("may be written by everybody");
    std::fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink(space.path("../outside.toml"), &file).unwrap();
    space.run("i:x").exits(3).says("outside of the project");
}

#[test]
fn a_yes_to_one_set_of_arguments_is_none_to_another() {
    let space = Space::with_tasks(
        "[tasks.deploy]\nargs = [\"target=dev\"]\nconfirm = \"Deploy?\"\nrun = \"touch {{ target }}\"\n",
    );
    let asked = space.run("--json --yes deploy dev ::: deploy prod");
    let questions = asked.exits(0).stdout.matches("\"event\":\"asked\"").count();
    assert_eq!(questions, 2, "{}", asked.all());
    assert!(asked.stdout.contains("deploy target=prod"), "the question names what it is about");
}

#[test]
fn a_slip_in_a_word_or_a_name_is_said_before_anything_starts() {
    let space = Space::with_tasks(
        "[vars]\na = \"1\"\n[environments.prod]\nprotected = true\n[tasks.make]\nrun = \"touch made\"\n",
    );
    space.run("--confirm porod make").exits(2).says("did you mean `--confirm prod`");
    space.run("a=1 a=2 make").exits(2).says("given twice");
    assert!(!space.has("made"));
}

#[test]
fn steps_with_like_names_have_logs_of_their_own() {
    let space = Space::with_tasks("[include]\nfoo = \"foo/tasks.toml\"\n[tasks]\nfoo-x = \"echo main\"\n")
        .file("foo/tasks.toml", "[tasks]\nx = \"echo included\"\n");
    space.run("foo-x ::: foo:x").exits(0);
    let (main, included) = (space.run("logs --step foo-x"), space.run("logs --step foo:x"));
    assert!(main.stdout.contains("main") && !main.stdout.contains("included"), "{}", main.all());
    assert!(included.stdout.contains("included") && !included.stdout.contains("main"), "{}", included.all());
}

#[test]
fn wrong_options_are_told_as_data_where_data_is_wanted() {
    let space = Space::with_tasks("[tasks]\nx = \"true\"\n");
    for line in ["--json -j 0 x", "--json --bad", "--json builtin foo"] {
        let told = space.run(line);
        told.exits(2);
        let fault: serde_json::Value = serde_json::from_str(told.stdout.trim()).unwrap();
        assert_eq!(fault["exit_code"], 2, "{}", told.all());
    }
}

#[test]
fn a_state_that_cannot_be_read_is_told_and_hides_no_other() {
    needs!("terraform");
    let space = two();
    space.run("up --yes").exits(0);
    space.write("terraform/one/terraform.tfstate", "{broken");
    let status = space.run("status");
    assert!(status.stdout.contains("unreadable") && status.stdout.contains("two"), "{}", status.all());
    space.run("down --yes").exits(1).does_not_say("proven empty");
    assert_eq!(space.state("two"), ["terraform_data.x"]);
}

#[test]
fn text_of_others_does_not_steer_the_terminal() {
    let space = Space::with_tasks("[tasks.x]\nargs = [\"a=\"]\nrun = \"echo {{ a }}\"\n");
    let escape = "\u{1b}]0;title\u{7}\u{1b}[2J";
    for args in [vec!["--dry-run", "x", escape], vec!["x", escape], vec!["history"]] {
        let told = space.shipway(args.clone()).run();
        let talk = if args == ["x", escape] { told.stderr.clone() } else { told.stdout.clone() };
        assert!(!talk.contains('\u{1b}') && !talk.contains('\u{7}'), "{args:?}: {talk:?}");
    }
}

#[test]
fn data_that_could_not_be_written_is_no_success() {
    let space = Space::with_tasks("[tasks]\nx = \"true\"\n");
    let shipway = env!("CARGO_BIN_EXE_shipway");
    let full = space.program("sh").args(["-c", &format!("{shipway} list >/dev/full")]).status().unwrap();
    assert_eq!(full.code(), Some(7));
    let closed = space.program("sh").args(["-c", &format!("{shipway} list | true")]).status().unwrap();
    assert_eq!(closed.code(), Some(0));
}

#[test]
fn a_folder_that_terraform_keeps_elsewhere_is_known_and_never_removed() {
    needs!("terraform");
    let space = Space::with_tasks("[terraform]\nroot = \"terraform\"\n[workspaces.one]\n").workspace(
        "one",
        "terraform {\n  backend \"local\" {\n    path = \"state\"\n  }\n}\nresource \"terraform_data\" \"x\" {}\n",
    );
    let run = |line: &str| {
        let elsewhere = space.path("elsewhere");
        space.shipway(line.split(' ')).env("TF_DATA_DIR", elsewhere.into_os_string()).run()
    };
    run("--json up --yes").exits(0);
    let again = run("--json up --yes");
    assert!(!again.exits(0).story().commands().iter().any(|line| line.contains(" init ")), "{}", again.all());
    run("clean-one").exits(4).says("TF_DATA_DIR").says("elsewhere");
    assert!(space.has("elsewhere/terraform.tfstate"));
}
