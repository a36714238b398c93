//! The preview of the whole chain, against what the real `up` then does.

use std::collections::BTreeMap;

use serde_json::Value;

use shipway::event::EventKind;

use crate::harness::http_backend::HttpBackend;
use crate::harness::space::lines;
use crate::harness::terminal::asked;
use crate::harness::{Output, Space, needs};

/// The rows of `plan --json` by workspace.
#[track_caller]
fn rows(output: &Output) -> BTreeMap<String, Value> {
    let rows = lines(&output.stdout);
    rows.into_iter().map(|row| (row["workspace"].as_str().unwrap().to_owned(), row)).collect()
}

/// What the applies of an `up --json` did: for each workspace how many objects by action.
fn done(output: &Output) -> BTreeMap<String, BTreeMap<String, u64>> {
    let mut done: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for event in lines(&output.stdout) {
        let step = event["step"].as_str().unwrap_or_default();
        let Some(name) = step.strip_prefix("workspace:").and_then(|step| step.strip_suffix(":plan")) else {
            continue;
        };
        let text = event["kind"]["text"].as_str().unwrap_or_default();
        let Some(summary) = text.lines().next().and_then(|line| line.strip_prefix(&format!("{name}: ")))
        else {
            continue;
        };
        for part in summary.split(", ") {
            if let Some((count, verb)) = part.split_once(" to ") {
                done.entry(name.to_owned()).or_default().insert(verb.to_owned(), count.parse().unwrap_or(0));
            }
        }
    }
    done
}

/// Every count that is not marked comes true, a marked one in its direction.
#[track_caller]
fn assert_comes_true(preview: &BTreeMap<String, Value>, up: &Output) {
    let real = done(up);
    for (name, row) in preview {
        let marked = |list: &str, kind: &str| row[list].as_array().unwrap().iter().any(|it| it == kind);
        for kind in ["add", "change", "replace", "destroy"] {
            let said = row["counts"][kind].as_u64().unwrap();
            let came = real.get(name).and_then(|real| real.get(kind)).copied().unwrap_or(0);
            let (at_most, at_least) = (marked("at_most", kind), marked("at_least", kind));
            let is_true = match (at_most, at_least) {
                (false, false) => came == said,
                (true, false) => came <= said,
                (false, true) => came >= said,
                (true, true) => true,
            };
            assert!(is_true, "{name}: {kind}: previewed {said}, came {came}: {row}\n{real:?}");
        }
    }
}

/// A chain that was never applied is previewed, and then applied: every count comes true; and after it there is nothing to do.
#[track_caller]
pub(crate) fn comes_true(space: &Space) {
    let plan = space.run("plan --json --detailed-exitcode");
    let preview = rows(plan.exits(2));
    assert!(
        preview.values().any(|row| row["preview"] == true),
        "something waits for another: {}",
        plan.stdout
    );
    assert!(preview.values().all(|row| row["status"] == "changes"), "{}", plan.stdout);
    let up = space.run("--json up --yes");
    assert_comes_true(&preview, up.exits(0));
    let real: u64 = done(&up).values().flat_map(|it| it.get("add")).sum();
    let said: u64 = preview.values().filter_map(|row| row["counts"]["add"].as_u64()).sum();
    assert_eq!(real, said, "{}", plan.stdout);
    let again = space.run("plan --json --detailed-exitcode");
    assert!(rows(again.exits(0)).values().all(|row| row["status"] == "no-changes"), "{}", again.stdout);
}

/// The folders that copies were planned in are gone.
#[track_caller]
fn assert_nothing_is_left(space: &Space) {
    let status = space.git(&["status", "--ignored", "--porcelain"]);
    let strange: Vec<&str> =
        status.lines().filter(|line| !line.contains(".shipway/") && !line.ends_with(".terraform/")).collect();
    assert!(strange.is_empty(), "{status}");
    let found = space.program("find").args([".", "-name", ".shipway-preview-*"]).output().unwrap();
    assert_eq!(String::from_utf8(found.stdout).unwrap(), "");
}

#[test]
fn on_an_empty_machine_the_five_workspaces_are_previewed_and_every_count_comes_true() {
    needs!("terraform", "git", "bash", "ssh-keygen");
    let space = Space::template_local();
    let plan = space.run("plan --json --detailed-exitcode");
    let preview = rows(plan.exits(2));
    assert_nothing_is_left(&space);
    assert!(!space.has(".local") && !space.has(".envs"), "a preview makes nothing and runs no task");

    let said = |name: &str, key: &str| preview[name][key].clone();
    let status = ["meta", "base", "dotenv", "stage", "prod"].map(|name| said(name, "status"));
    assert_eq!(status, ["changes", "changes", "changes", "deferred", "deferred"]);
    assert_eq!(said("meta", "preview"), false);
    assert_eq!(said("base", "preview"), true);
    assert_eq!(said("base", "counts")["add"], 4, "{}", said("base", "changes"));
    assert_eq!(said("base", "waits_for"), serde_json::json!(["meta"]));
    assert_eq!(
        said("stage", "counts")["add"],
        5,
        "the part that can be planned: {}",
        said("stage", "changes")
    );
    assert!(said("stage", "problem").as_str().unwrap().contains("Invalid for_each argument"));
    // Nothing of ours is among what is planned.
    assert!(!plan.stdout.contains("shipway_preview"), "{}", plan.stdout);

    let up = space.run("--json up --yes --confirm prod");
    assert_comes_true(&preview, up.exits(0));

    let again = space.run("plan --json --detailed-exitcode");
    for (name, row) in rows(again.exits(0)) {
        assert_eq!(row["status"], "no-changes", "{name}: {row}");
    }
}

#[test]
fn a_change_upstream_is_followed_through_living_workspaces() {
    needs!("terraform", "git", "bash", "ssh-keygen");
    let space = Space::template_local();
    space.run("up --yes --confirm prod").exits(0);
    let vars = space.read("terraform/deploy/meta/vars.tfvars");
    space.write("terraform/deploy/meta/vars.tfvars", &vars.replace("local-app.test", "other.test"));

    let plan = space.run("plan --json");
    let preview = rows(plan.exits(0));
    // meta and base only have other outputs; what comes of them is not known, so what may be replaced is counted as at most.
    assert_eq!(preview["meta"]["preview"], false);
    assert_eq!(preview["base"]["preview"], true, "{}", preview["base"]);
    assert_eq!(preview["dotenv"]["counts"]["add"], 0);
    for name in ["stage", "prod"] {
        assert_eq!(preview[name]["preview"], true, "{}", preview[name]);
        assert!(!preview[name]["waits_for"].as_array().unwrap().is_empty());
        assert_eq!(preview[name]["counts"]["destroy"], 0);
    }
    let up = space.run("--json up --yes --confirm prod");
    assert_comes_true(&preview, up.exits(0));
    assert!(space.read(".local/servers/stage/server.json").contains("other.test"));
}

/// `source` gives outputs, `sink` takes them as variables.
fn source_and_sink(vars: &str, sink: &str) -> Space {
    let tasks = format!(
        "[terraform]\nroot = \"terraform\"\n[workspaces.source]\n[workspaces.sink]\ndepends = [\"source\"]\n[workspaces.sink.vars]\n{vars}"
    );
    let source = r#"
resource "terraform_data" "thing" {
  input = "made"
}
output "text"   { value = terraform_data.thing.output }
output "steady" { value = "steady" }
output "list"   { value = [terraform_data.thing.id, "b"] }
output "hidden" {
  value     = { token = terraform_data.thing.id }
  sensitive = true
}
"#;
    Space::with_tasks(&tasks).workspace("source", source).workspace("sink", sink)
}

#[test]
fn variables_that_wait_for_outputs_are_unknown_with_their_types() {
    needs!("terraform");
    let vars = r#"
text   = "{{ workspaces.source.outputs.text }}"
list   = "{{ workspaces.source.outputs.list }}"
hidden = "{{ workspaces.source.outputs.hidden }}"
map    = { one = "<{{ workspaces.source.outputs.text }}>", two = "$${plain} ${x}" }
"#;
    let sink = r#"
variable "text" {
  type     = string
  nullable = false
  validation {
    condition     = length(var.text) > 0
    error_message = "It is empty."
  }
}
variable "list" { type = list(string) }
variable "hidden" {
  type      = map(string)
  sensitive = true
}
variable "map" { type = map(string) }

# Its keys are known although a value is not.
resource "terraform_data" "each" {
  for_each = var.map
  input    = "${each.value} of ${var.text}"
}
resource "terraform_data" "one" {
  count = 2
  input = [var.list[0], var.hidden["token"]]
  lifecycle {
    precondition {
      condition     = var.map["two"] == "$${plain} $${x}"
      error_message = "A known value is not what it was: ${nonsensitive(var.map["two"])}"
    }
  }
}
output "text" { value = var.text }
"#;
    // In TOML `${` has no meaning, and in the file for terraform it must not get one.
    let space = source_and_sink(&vars.replace("$${plain}", "${plain}"), sink);
    let plan = space.run("plan --json");
    let preview = rows(plan.exits(0));
    let sink = &preview["sink"];
    assert_eq!((sink["status"].as_str(), sink["preview"].as_bool()), (Some("changes"), Some(true)), "{sink}");
    assert_eq!(sink["counts"]["add"], 4);
    assert_eq!(sink["waits_for"], serde_json::json!(["source"]));
    assert_comes_true(&preview, space.run("--json up --yes").exits(0));
}

#[test]
fn outputs_that_stay_as_they_are_are_known() {
    needs!("terraform");
    let vars = "text = \"{{ workspaces.source.outputs.steady }}\"\n";
    let sink = "variable \"text\" {\n  type = string\n}\nresource \"terraform_data\" \"it\" {\n  for_each = toset([var.text])\n}\n";
    let space = source_and_sink(vars, sink);
    let first = space.run("plan --json");
    assert_eq!(rows(first.exits(0))["sink"]["status"], "deferred", "nothing of it is known yet");
    space.run("up --yes").exits(0);
    let source = space.read("terraform/source/main.tf").replace("\"made\"", "\"made anew\"");
    space.write("terraform/source/main.tf", &source);
    let plan = space.run("plan --json");
    let preview = rows(plan.exits(0));
    assert_eq!(preview["source"]["counts"]["change"], 1);
    assert_eq!(preview["sink"]["status"], "no-changes", "{}", preview["sink"]);
    assert_eq!(preview["sink"]["preview"], false);
}

#[test]
fn a_remote_state_that_is_as_it_will_be_is_read_and_only_the_other_is_unknown() {
    needs!("terraform");
    let space = Space::with_tasks(
        "[terraform]\nroot = \"terraform\"\n[workspaces.one]\n[workspaces.two]\n[workspaces.three]\ndepends = [\"one\", \"two\"]\n",
    );
    let giver = |value: &str| {
        format!(
            "resource \"terraform_data\" \"it\" {{\n  input = \"{value}\"\n}}\noutput \"names\" {{\n  value = [terraform_data.it.output]\n}}\n"
        )
    };
    let taker = r#"
data "terraform_remote_state" "of" {
  for_each = toset(["one", "two"])
  backend  = "local"
  config = {
    # Where it lies.
    path = "../${each.key}/terraform.tfstate"
  }
  lifecycle {
    precondition {
      condition     = fileexists("../${each.key}/terraform.tfstate")
      error_message = "Apply ${each.key} first."
    }
  }
}
resource "terraform_data" "known" {
  for_each = toset(data.terraform_remote_state.of["one"].outputs.names)
}
resource "terraform_data" "unknown" {
  input = data.terraform_remote_state.of["two"].outputs.names
}
module "part" {
  source = "../../modules/part"
  names  = data.terraform_remote_state.of["one"].outputs.names
}
"#;
    let part = "variable \"names\" {\n  type = list(string)\n}\nresource \"terraform_data\" \"part\" {\n  count = length(var.names)\n  input = file(\"../three/note.txt\")\n}\n";
    let space = space
        .workspace("one", &giver("a"))
        .workspace("two", &giver("b"))
        .workspace("three", taker)
        .file("terraform/three/note.txt", "a note")
        .file("modules/part/main.tf", part);
    space.run("up one --yes").exits(0);
    let plan = space.run("plan --json");
    let preview = rows(plan.exits(0));
    assert_eq!(preview["one"]["status"], "no-changes");
    let three = &preview["three"];
    assert_eq!(three["status"], "changes", "{three}");
    assert_eq!((&three["counts"]["add"], &three["waits_for"]), (&3.into(), &serde_json::json!(["two"])));
    assert_comes_true(&preview, space.run("--json up --yes").exits(0));
}

#[test]
fn what_is_wrong_fails_and_hides_nothing_else() {
    needs!("terraform");
    let space = Space::three_in_a_row();
    space.write("terraform/two/main.tf", "resource \"terraform_data\" \"it\" {\n  input = nothing.here\n}\n");
    let plan = space.run("plan --json --detailed-exitcode");
    let preview = rows(plan.exits(1));
    let status = ["one", "two", "three"].map(|name| preview[name]["status"].clone());
    assert_eq!(status, ["changes", "failed", "skipped"]);
    assert!(preview["two"]["problem"].as_str().unwrap().contains("Reference to undeclared resource"));
    space.run("plan").exits(1);
    space.run("plan --detailed-exitcode four").exits(1).says("four");
}

#[test]
fn what_a_killed_preview_left_goes_with_the_next_one() {
    needs!("terraform");
    let vars = "text = \"{{ workspaces.source.outputs.text }}\"\n";
    let sink = "variable \"text\" {}\nresource \"terraform_data\" \"it\" {\n  input = var.text\n}\n";
    let space = source_and_sink(vars, sink);
    space.write("terraform/.shipway-preview-4000000-1-sink/terraform.tfstate", "a secret");
    space.run("plan").exits(0);
    let left = std::fs::read_dir(space.path("terraform")).unwrap();
    let mut left: Vec<String> = left.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    assert_eq!(left, ["sink", "source"]);
}

#[test]
fn the_table_says_what_is_certain_and_drift_is_apart_from_intent() {
    needs!("terraform");
    let space = Space::three_in_a_row();
    let plan = space.run("plan two");
    let table = plan.exits(0).stdout.clone();
    assert!(table.starts_with("WORKSPACE  ADD  CHANGE"), "{table}");
    assert!(table.contains("\ntwo        1    -") && !table.contains("three"), "{table}");
    let dry = space.run("plan --dry-run");
    assert!(dry.exits(0).stdout.contains("terraform -chdir=terraform/one plan"), "{}", dry.stdout);
    // A workspace that reads nothing of another is planned as it is.
    let row = rows(space.run("plan --json two").exits(0))["two"].clone();
    assert_eq!((row["preview"].as_bool(), row["counts"]["drift"].as_u64()), (Some(false), Some(0)), "{row}");
}

/// How many questions were asked.
fn questions(output: &Output) -> usize {
    output.story().count(|kind| matches!(kind, EventKind::Asked { .. }))
}

#[test]
fn one_answer_is_enough_for_what_stays_within_the_preview() {
    needs!("terraform");
    let vars = "text = \"{{ workspaces.source.outputs.text }}\"\n";
    let sink = "variable \"text\" {}\nresource \"terraform_data\" \"it\" {\n  input = var.text\n}\n";
    let space = source_and_sink(vars, sink);
    let refused = space.run("up --preview");
    refused
        .exits(4)
        .says("Apply all of this, in this order?")
        .says("source  1 to add")
        .says("sink    1 to add");
    assert_eq!((space.state("source"), space.state("sink")), (vec![], vec![]));

    let up = space.run("--json up --preview --yes");
    assert_eq!(questions(up.exits(0)), 1, "{}", up.stdout);
    assert_eq!(space.state("sink"), ["terraform_data.it"]);
    let again = space.run("--json up --preview");
    assert_eq!(questions(again.exits(0)), 0, "{}", again.stdout);
    space.run("--json up --yes").exits(0);
}

#[test]
fn what_goes_beyond_the_preview_is_asked_for_again() {
    needs!("terraform", "git", "bash", "ssh-keygen");
    let space = Space::template_local();
    let refused = space.run("up --preview --yes");
    refused.exits(4).says("--confirm prod");
    assert!(!space.has(".envs") && !space.has(".local"), "no task runs before the answer");

    let up = space.shipway(["-j1", "up", "--preview"]).terminal();
    let screen = up.wait_for_word("prod");
    assert!(screen.contains("Apply all of this, in this order?"), "{screen}");
    up.types("prod\r");
    // meta, base and dotenv are within; of stage and prod only a part could be shown.
    let screen = up.wait_until("stage or prod asks", |screen| {
        asked(screen)
            .is_some_and(|asked| asked.contains("Apply stage?") || asked.contains("`prod` to confirm"))
            && screen.contains("beyond the preview")
    });
    assert!(screen.contains("+ module.server.terraform_data.secret["), "{screen}");
    let both = space.state_at(".local/state/dotenv.tfstate");
    assert!(!both.is_empty(), "what was within is applied");
    assert!(!space.has(".local/servers/stage") && !space.has(".local/servers/prod"));
    // Nobody sits there any more.
    drop(up);
}

#[test]
fn a_preview_that_failed_applies_nothing() {
    needs!("terraform");
    let space = Space::three_in_a_row();
    space.write(
        "terraform/three/main.tf",
        "resource \"terraform_data\" \"it\" {\n  input = nothing.here\n}\n",
    );
    let up = space.run("up --preview --yes");
    up.exits(4).says("the preview failed").says("Reference to undeclared resource");
    assert!(!space.has("made"));
}

#[test]
fn states_of_a_server_are_read_without_their_lock_and_never_written() {
    needs!("terraform");
    let (of_source, of_sink) = (HttpBackend::start(), HttpBackend::start());
    let address = of_source.block().split('"').find(|part| part.starts_with("http:")).unwrap().to_owned();
    let tasks = "[terraform]\nroot = \"terraform\"\nlock_timeout = \"1s\"\n[workspaces.source]\n[workspaces.sink]\ndepends = [\"source\"]\n\
                 vars = { kept = { hidden = \"{{ workspaces.source.outputs.hidden }}\", text = \"{{ workspaces.source.outputs.text }}\" } }\n";
    let source = |value: &str| {
        format!(
            "{}resource \"terraform_data\" \"it\" {{\n  input = \"{value}\"\n}}\noutput \"text\" {{\n  value = terraform_data.it.output\n}}\n\
             output \"hidden\" {{\n  value     = \"hunter2-is-secret\"\n  sensitive = true\n}}\n",
            of_source.block()
        )
    };
    let sink = format!(
        "{}variable \"kept\" {{\n  type      = map(string)\n  sensitive = true\n}}\n\
         data \"terraform_remote_state\" \"source\" {{\n  backend = \"http\"\n  config  = {{ address = \"{address}\" }}\n}}\n\
         resource \"terraform_data\" \"read\" {{\n  input = data.terraform_remote_state.source.outputs.text\n}}\n\
         resource \"terraform_data\" \"given\" {{\n  input = var.kept\n}}\n",
        of_sink.block()
    );
    let space = Space::with_tasks(tasks).workspace("source", &source("a")).workspace("sink", &sink);
    let unseen = |output: &Output| assert!(!output.all().contains("hunter2"), "{}", output.all());

    of_source.lock("held-by-ada");
    of_sink.lock("held-by-ada");
    let plan = space.run("plan --json");
    let preview = rows(plan.exits(0));
    assert_eq!(preview["sink"]["counts"]["add"], 2, "{}", preview["sink"]);
    for server in [&of_source, &of_sink] {
        assert!(server.requests().iter().all(|method| method == "GET"), "{:?}", server.requests());
        server.unlock();
    }
    assert_comes_true(&preview, space.run("--json up --yes").exits(0));

    space.write("terraform/source/main.tf", &source("b"));
    let (before, asked) = (of_sink.state(), of_sink.requests().len());
    let plan = space.run("plan --json");
    unseen(&plan);
    let preview = rows(plan.exits(0));
    let sink = &preview["sink"];
    assert_eq!((&sink["preview"], &sink["counts"]["add"]), (&true.into(), &0.into()), "{sink}");
    assert_eq!((&sink["counts"]["change"], &sink["at_most"]), (&2.into(), &serde_json::json!(["change"])));
    let table = space.run("plan");
    unseen(&table);
    assert!(table.stdout.contains("2?"), "{}", table.stdout);
    assert_eq!(of_sink.state(), before);
    assert!(of_sink.requests()[asked..].iter().all(|method| method == "GET"));
    assert_comes_true(&preview, space.run("--json up --yes").exits(0));
}
