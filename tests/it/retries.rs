//! What fails with what passes is tried again: an init, a plan, a look at a state; never an apply.

use crate::harness::http_backend::HttpBackend;
use crate::harness::{Output, Space, needs};

fn main(backend: &HttpBackend, value: &str) -> String {
    format!("{}resource \"terraform_data\" \"it\" {{\n  input = \"{value}\"\n}}\n", backend.impatient_block())
}

fn space(backend: &HttpBackend, retry: &str) -> Space {
    Space::with_tasks(&format!("[terraform]\nroot = \"terraform\"\n{retry}\n[workspaces.one]\n"))
        .workspace("one", &main(backend, "a"))
}

/// How often terraform was called so.
fn calls(output: &Output, verb: &str) -> usize {
    output.story().commands().iter().filter(|line| line.contains(verb)).count()
}

#[test]
fn a_busy_backend_is_asked_again_and_then_given_up() {
    needs!("terraform");
    let backend = HttpBackend::start();
    let space = space(&backend, "retry = { attempts = 3, delay = \"50ms\" }");
    space.run("up --yes").exits(0);
    backend.is_busy(2);
    let up = space.run("up --yes");
    up.exits(0).says("giving up after").says("for the 2nd of 3 times").says("for the 3rd of 3 times");
    space.write("terraform/one/main.tf", &main(&backend, "b"));
    backend.is_busy(usize::MAX);
    let failed = space.run("--json up --yes");
    assert_eq!(calls(failed.exits(1), " plan "), 3, "{}", failed.all());
    backend.is_busy(0);
    assert!(backend.state().unwrap().contains("\"a\""));
    space.run("up --yes").exits(0);
    assert!(backend.state().unwrap().contains("\"b\""));
}

#[test]
fn nothing_is_tried_again_where_nobody_wants_it_and_an_apply_never() {
    needs!("terraform");
    let backend = HttpBackend::start();
    let space = space(&backend, "retry = 0");
    space.run("up --yes").exits(0);
    space.write("terraform/one/main.tf", &main(&backend, "b"));
    backend.is_busy(usize::MAX);
    let failed = space.run("--json up --yes");
    assert_eq!(calls(failed.exits(1), " plan "), 1, "{}", failed.all());
    backend.is_busy(0);

    let tasks = space.read("tasks.toml").replace("retry = 0", "retry = { attempts = 3, delay = \"50ms\" }");
    space.write("tasks.toml", &tasks);
    backend.refuses_states(true);
    let failed = space.run("--json up --yes");
    assert_eq!(calls(failed.exits(1), " apply "), 1, "{}", failed.all());
}

#[test]
fn a_text_of_the_projects_own_says_what_passes() {
    needs!("terraform");
    let tasks = "[terraform]\nroot = \"terraform\"\nretry = { attempts = 2, delay = \"50ms\" }\nretry_on = [\"Not Yet \
                 there\"]\n[workspaces.one]\n";
    let main = "variable \"x\" {\n  default = 1\n  validation {\n    condition     = var.x == 2 || fileexists(\"there\")\n    \
                error_message = \"It is not yet there, and this ends it.\"\n  }\n}\n";
    let space = Space::with_tasks(tasks).workspace("one", main);
    let failed = space.run("--json up --yes");
    assert_eq!(calls(failed.exits(1), " plan "), 2, "{}", failed.all());
    space.write("tasks.toml", &tasks.replace("Not Yet there", "something else"));
    let failed = space.run("--json up --yes");
    assert_eq!(calls(failed.exits(1), " plan "), 1, "{}", failed.all());
}
