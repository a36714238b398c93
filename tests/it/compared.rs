//! What docs/compared.md says of tasks and no other test proves.

use crate::harness::{Space, needs};

const TASKS: &str = r#"
[tasks.serve]
description = "Serve it"
alias  = ["s", "up-it"]
args   = [{ name = "where", choices = ["here", "there"], help = "Where it is" }, "--keep", { name = "--jobs=4", short = "j", env = "JOBS", help = "How many" }]
dotenv = [".envs/{{ where }}"]
run    = "echo {{ where }} {{ keep }} {{ jobs }} \"$ZONE\""
[tasks.script]
run = '''
#!/usr/bin/env python3
print(6 * 7)
'''
[tasks.secretly]
hide = true
run  = "true"
"#;

fn project() -> Space {
    Space::with_tasks(TASKS).file(".envs/here", "ZONE=near\n").file(".envs/there", "ZONE=far\n")
}

#[test]
fn options_are_given_long_short_and_by_the_environment() {
    let space = project();
    for line in ["serve here --keep --jobs 2", "serve --jobs=2 here --keep", "serve -j 2 --keep here"] {
        space.run(line).exits(0).prints("here true 2 near\n");
    }
    space.shipway(["serve", "here"]).env("JOBS", "3").run().exits(0).prints("here false 3 near\n");
    space.run("serve here").exits(0).prints("here false 4 near\n");
}

#[test]
fn what_is_no_choice_is_refused() {
    project()
        .run("serve nowhere")
        .exits(2)
        .says("`nowhere` is no choice for `where` of `serve`: `here` or `there`")
        .prints("");
}

#[test]
fn an_argument_picks_the_dotenv_file() {
    let space = project();
    space.run("serve here").exits(0).prints("here false 4 near\n");
    space.run("serve there").exits(0).prints("there false 4 far\n");
}

#[test]
fn each_task_has_a_page_of_help() {
    let space = project();
    let page = "Serve it\n\nUsage: shipway serve WHERE [--keep] [--jobs VALUE]\n\n\
                Arguments:\n  WHERE       Where it is [one of: here, there]\n  --keep\n  -j, --jobs  How many [default: 4] [or $JOBS]\n\n\
                Example:\n  shipway serve WHERE [--keep] [--jobs VALUE]\n";
    space.run("serve --help").exits(0).prints(page);
    space.run("help serve").exits(0).prints(page);
}

#[test]
fn a_list_shows_aliases_and_no_hidden_tasks_and_is_data_too() {
    let space = project();
    space.run("up-it there").exits(0).prints("there false 4 far\n");
    let list = space.run("list").stdout;
    assert!(list.contains("Serve it  [alias s, up-it]") && !list.contains("secretly"), "{list}");
    assert!(space.run("list --all").stdout.contains("secretly"));
    let rows = crate::harness::space::lines(&space.run("list --json").stdout);
    let names: Vec<(&str, bool)> =
        rows.iter().map(|row| (row["name"].as_str().unwrap(), row["hidden"].as_bool().unwrap())).collect();
    assert_eq!(names, [("serve", false), ("script", false), ("secretly", true)]);
}

#[test]
fn a_script_names_its_own_interpreter() {
    needs!("python3");
    project().run("script").exits(0).prints("42\n");
}
