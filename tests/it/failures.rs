//! What goes wrong in a bootstrap, and what is left standing then.

use shipway::event::EventKind;
use shipway::plan::Ending;

use crate::harness::http_backend::HttpBackend;
use crate::harness::patience::until_true;
use crate::harness::space::{gate, resource};
use crate::harness::tools;
use crate::harness::{Space, needs};

const NOTHING: [&str; 0] = [];

#[test]
fn a_failing_apply_stops_the_row_and_keeps_what_was_made_before() {
    needs!("terraform");
    let broken = format!(
        "{}\nresource \"terraform_data\" \"broken\" {{\n  depends_on = [terraform_data.before]\n  provisioner \"local-exec\" {{\n    \
         command = \"echo no luck >&2; exit 9\"\n  }}\n}}\n",
        resource("before", "true")
    );
    let space = Space::three_in_a_row().workspace("two", &broken);
    let failed = space.run("up --yes");
    failed.exits(1).says("terraform_data.broken").says("terraform/two/main.tf:12").says("no luck");
    assert_eq!(space.state("one"), ["terraform_data.thing"]);
    assert!(space.state("two").contains(&"terraform_data.before".to_owned()));
    assert_eq!(space.state("three"), NOTHING);
    assert!(!space.has("terraform/two/.terraform.tfstate.lock.info"));

    let json = space.run("--json up --yes");
    let story = json.exits(1).story();
    assert!(!story.has_started("workspace:three:init"));
    assert!(matches!(story.ending("workspace:three:apply"), Ending::Skipped(_)));
    let Ending::Failed { fault } = story.ending("workspace:two:apply") else { panic!("{}", json.all()) };
    let place = fault.place.as_ref().expect("a place");
    assert_eq!((place.file.as_str(), place.line), ("terraform/two/main.tf", 12));

    // Repaired, it goes on where it stopped.
    space.write("terraform/two/main.tf", &resource("before", "true"));
    space.run("up --yes").exits(0);
    assert_eq!(space.state("three"), ["terraform_data.thing"]);
}

#[test]
fn a_failed_plan_names_the_line_and_nothing_is_asked() {
    needs!("terraform");
    let space = Space::three_in_a_row()
        .workspace("one", "resource \"terraform_data\" \"a\" {\n  input = var.nowhere\n}\n");
    space.run("up --yes").exits(1).says("terraform/one/main.tf:2");
    assert_eq!(space.state("one"), NOTHING);
}

#[test]
fn keep_going_finishes_what_does_not_depend_on_the_failure() {
    needs!("terraform");
    let tasks = "[terraform]\nroot = \"terraform\"\n[workspaces.bad]\n[workspaces.needy]\ndepends = [\"bad\"]\n\
                 [workspaces.other]\n[workspaces.after]\ndepends = [\"other\"]\n";
    let space = Space::with_tasks(tasks)
        .workspace("bad", &resource("a", "exit 3"))
        .workspace("needy", &resource("a", "true"))
        .workspace("other", &resource("a", "true"))
        .workspace("after", &resource("a", "true"));
    space.run("up --yes --keep-going").exits(1);
    assert_eq!(space.state("needy"), NOTHING);
    assert_eq!(space.state("after"), ["terraform_data.a"]);
}

#[test]
fn a_missing_var_file_is_named_and_nothing_is_changed() {
    needs!("terraform");
    let space = Space::with_tasks(
        "[terraform]\nroot = \"terraform\"\n[workspaces.one]\nvar_files = [\"absent.tfvars\"]\n",
    )
    .workspace("one", &resource("a", "true"));
    let missing = space.run("up --yes");
    missing.exits(3).says("absent.tfvars").says("tasks.toml:4");
    assert_eq!(space.state("one"), NOTHING);
    space.write("terraform/one/absent.tfvars", "");
    space.run("up --yes").exits(0);
}

#[test]
fn a_missing_folder_of_a_workspace_is_named() {
    needs!("terraform");
    let space = Space::with_tasks("[terraform]\nroot = \"terraform\"\n[workspaces.one]\n");
    space.run("up --yes").exits(3).says("terraform/one");
}

#[test]
fn a_missing_terraform_is_told_with_what_to_do() {
    let space = Space::three_in_a_row();
    let empty = space.path("empty");
    std::fs::create_dir(&empty).unwrap();
    let missing = space.shipway(["up", "--yes"]).env("PATH", empty.as_os_str()).run();
    missing.exits(7).says("terraform").says("install").says("PATH");
    // What needs no terraform works without it.
    space.write("tasks.toml", "[tasks.hello]\nrun = { exec = [\"/bin/sh\", \"-c\", \"true\"] }\n");
    space.shipway(["hello"]).env("PATH", empty.as_os_str()).run().exits(0);
}

#[test]
fn a_state_that_somebody_else_holds_is_told_with_its_holder() {
    needs!("terraform");
    let space = Space::three_in_a_row();
    let (runs, go) = (space.path("apply-runs"), space.path("go"));
    let space = space.workspace("one", &resource("slow", &gate(&runs, &go)));
    let mut other = space
        .program("terraform")
        .args(["-chdir=terraform/one", "apply", "-auto-approve", "-no-color"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    space.wait_for("apply-runs");
    let locked = space.run("up --yes");
    space.write("go", "");
    assert!(other.wait().unwrap().success());
    locked.exits(6).says("one").says("locked").says("@").says("force-unlock");
    // Free again, it goes on.
    space.run("up --yes").exits(0);
    assert_eq!(space.state("three"), ["terraform_data.thing"]);
}

#[test]
fn a_remote_state_that_is_locked_is_waited_for_and_then_told() {
    needs!("terraform");
    let server = HttpBackend::start();
    let space =
        Space::with_tasks("[terraform]\nroot = \"terraform\"\nlock_timeout = \"1s\"\n[workspaces.one]\n")
            .workspace("one", &format!("{}{}", server.block(), resource("a", "true")));
    server.lock("4f2a-held");
    space.run("up --yes").exits(6).says("locked").says("4f2a-held");
    assert_eq!(server.state(), None);
    server.unlock();

    space.run("up --yes").exits(0);
    assert!(server.state().is_some_and(|state| state.contains("terraform_data")));
    assert!(!server.is_locked(), "the lock was given back");
    assert!(server.requests().iter().any(|method| method == "LOCK"));

    // A holder that goes in time is only waited for.
    let tasks = space.read("tasks.toml").replace("\"1s\"", "\"50s\"");
    space.write("tasks.toml", &tasks);
    server.lock("4f2b-held");
    let before = server.requests().len();
    let waiting = space.start("down --yes");
    until_true("it asked for the lock twice", || {
        server.requests()[before..].iter().filter(|method| *method == "LOCK").count() >= 2
    });
    server.unlock();
    waiting.wait().exits(0);
    assert!(!server.is_locked());
}

#[test]
fn a_plan_that_went_stale_while_the_question_stood_is_made_shown_and_asked_again() {
    needs!("terraform");
    let space = Space::with_tasks("[terraform]\nroot = \"terraform\"\n[workspaces.one]\n")
        .workspace("one", &(resource("a", "true") + &resource("b", "true")));
    let terminal = space.shipway(["up"]).terminal();
    let screen = terminal.wait_for_question("Apply one?");
    assert!(screen.contains("2 to add"), "{screen}");
    space.terraform("one", &["apply", "-auto-approve", "-target=terraform_data.a"]);
    terminal.types("y\r");
    let screen = terminal.wait_until("it asks again about less", |screen| {
        screen.contains("1 to add") && asked_about_one(screen)
    });
    assert!(screen.contains("changed after its plan was made"), "{screen}");
    assert_eq!(space.state("one"), ["terraform_data.a"], "the stale plan was not applied");
    terminal.types("y\r");
    terminal.wait().exits(0);
    assert_eq!(space.state("one"), ["terraform_data.a", "terraform_data.b"]);
}

fn asked_about_one(screen: &str) -> bool {
    crate::harness::terminal::asked(screen).is_some_and(|asked| asked.contains("Apply one?"))
}

#[test]
fn a_state_that_changes_after_every_plan_ends_the_run() {
    needs!("terraform");
    let terraform = tools::find("terraform").unwrap();
    let tasks = format!(
        "[terraform]\nroot = \"terraform\"\n[workspaces.one]\nbefore_apply = \"{} -chdir=terraform/one apply -auto-approve \
         -replace=terraform_data.a -target=terraform_data.a >/dev/null && echo x >>hooks\"\n",
        terraform.display()
    );
    let space = Space::with_tasks(&tasks).workspace("one", &(resource("a", "true") + &resource("b", "true")));
    let ended = space.run("--json up --yes");
    let story = ended.exits(1).story();
    let redone = story.count(|kind| matches!(kind, EventKind::StepRedone { .. }));
    assert!((1..=3).contains(&redone), "{redone} times again\n{}", ended.all());
    assert_eq!(space.read("hooks").lines().count(), redone + 1);
    assert_eq!(space.state("one"), ["terraform_data.a"], "no stale plan was applied");
}

#[test]
fn a_plan_file_that_somebody_changed_is_not_applied() {
    needs!("terraform");
    let space = Space::with_tasks("[terraform]\nroot = \"terraform\"\n[workspaces.one]\n")
        .workspace("one", &resource("a", "true"));
    let terminal = space.shipway(["up"]).terminal();
    terminal.wait_for_question("Apply one?");
    let raw = space.raw_of(&space.runs().pop().unwrap());
    let plan = raw
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "tfplan"))
        .expect("a plan file");
    // Another plan, which is a valid one too.
    space.write("terraform/one/other.tf", &resource("sneaked", "true"));
    space.terraform("one", &["plan", "-out", plan.to_str().unwrap()]);
    terminal.types("y\r");
    terminal.wait().exits(4).shows("one");
    assert_eq!(space.state("one"), NOTHING);
}

#[test]
fn a_hook_that_fails_before_a_destroy_stops_it() {
    needs!("terraform");
    let space = Space::with_tasks(
        "[terraform]\nroot = \"terraform\"\n[workspaces.one]\nbefore_destroy = \"echo no backup; exit 4\"\n",
    )
    .workspace("one", &resource("a", "true"));
    space.run("up --yes").exits(0);
    space.run("down --yes").exits(1).says("before_destroy").says("no backup");
    assert_eq!(space.state("one"), ["terraform_data.a"]);
}

#[test]
fn a_teardown_stops_before_what_the_failed_one_depends_on() {
    needs!("terraform");
    let guarded = "resource \"terraform_data\" \"thing\" {\n  provisioner \"local-exec\" {\n    when    = destroy\n    \
                   command = \"test -e may-go\"\n  }\n}\n";
    let space = Space::three_in_a_row().workspace("two", guarded);
    space.run("up --yes").exits(0);
    let failed = space.run("down --yes");
    failed.exits(1).says("terraform_data.thing").says("terraform/two/main.tf:2");
    assert_eq!(space.state("three"), NOTHING);
    assert_eq!(space.state("two"), ["terraform_data.thing"]);
    assert_eq!(space.state("one"), ["terraform_data.thing"]);
    // Once it may go, the rest follows.
    space.write("terraform/two/may-go", "");
    space.run("down --yes").exits(0);
    assert_eq!(space.state("one"), NOTHING);
}

#[test]
fn a_sensitive_value_in_terraforms_own_error_is_not_shown() {
    needs!("terraform");
    let main = "variable \"token\" {\n  type = string\n  sensitive = true\n}\nresource \"terraform_data\" \"a\" {\n  \
                provisioner \"local-exec\" {\n    command = \"echo it is $TOKEN >&2; exit 1\"\n    environment = { TOKEN = var.token }\n  }\n}\n";
    let space = Space::with_tasks(
        "[vars]\ntoken = { env = \"THE_TOKEN\", secret = true }\n[terraform]\nroot = \"terraform\"\n[workspaces.one]\n\
         vars = { token = \"{{ vars.token }}\" }\n",
    )
    .workspace("one", main);
    let failed = space.shipway(["up", "--yes"]).env("THE_TOKEN", "s3cr3t-of-somebody").run();
    failed.exits(1).says("terraform_data.a").does_not_say("s3cr3t-of-somebody");
}
