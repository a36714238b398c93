//! What an excerpt holds, and when the whole file is read.

use std::path::Path;

use super::super::load::{LoadedText, SourceLoader, load};
use super::{index, is_current, load_excerpt};
use crate::model::Model;

const FILE: &str = "/p/tasks.toml";
const STAMP: &str = "this one";

/// One file.
struct Text<'t>(&'t str);

impl SourceLoader for Text<'_> {
    fn load(&self, path: &Path) -> Result<LoadedText, String> {
        assert_eq!(path, Path::new(FILE));
        Ok(LoadedText { shown: "tasks.toml".into(), text: self.0.to_owned() })
    }

    fn is_folder(&self, _path: &Path) -> bool {
        false
    }
}

fn whole(text: &str) -> Model {
    load(Path::new(FILE), &Text(text)).unwrap()
}

fn part(text: &str, index: &str, wanted: &[&str]) -> Option<Model> {
    load_excerpt(Path::new(FILE), &Text(text), (index, STAMP), wanted)
}

/// Long enough for an index: `text` and tasks that nobody needs.
fn long(text: &str) -> String {
    let mut long = text.to_owned();
    for number in 0..400 {
        long.push_str(&format!("[tasks.other{number}]\nrun = \"echo {number}\"\n\n"));
    }
    long
}

const MIXED: &str = r#"# [tasks.no] is a comment.
pools = { database = 1 }

[project]
name = "example"

[vars]
image = "web"
made = "{{ tasks.make.version }}"

[tasks]
inline = "echo inline"
dotted.run = "echo dotted"

[tasks.dotted.env]
A = "1"

[tasks.make]
run = '''
echo "
[tasks.no]
"
'''
exports = ["version"]

[env]
GLOBAL = "yes"

[tasks.test]
alias = "t"
depends = ["lint", { task = "build", args = ["{{ tasks.late.name }}"] }]
wait_for = ["first"]
run = ["echo a", { task = "step" }]
finally = { task = "last" }
if = "test {{ vars.image }} = web"

[[tasks.build.args]]
name = "what"

[tasks.build]
run = "echo {{ what }}"

  [tasks.lint] # indented
  run = "echo {{ vars.made }}"

[tasks.late]
exports = ["name"]
run = "true"
depends_post = ["after"]

[tasks.after]
run = "true"

[tasks.first]
run = "true"

[tasks.step]
run = "true"

[tasks.last]
run = "true"

[tasks.test.env]
B = "2"

"#;

#[test]
fn a_task_is_in_the_excerpt_what_it_is_in_the_file() {
    let text = long(MIXED);
    let model = whole(&text);
    let index = index(&model, STAMP).unwrap();
    assert!(is_current(&index, &model, STAMP));
    for name in model.tasks.keys() {
        let part = part(&text, &index, &[name]).unwrap_or_else(|| panic!("{name}"));
        assert!(part.tasks.len() < 20, "{name}: {:?}", part.tasks.keys());
        assert!(part.tasks.contains_key(name), "{name}");
        for task in part.tasks.values() {
            assert_eq!(format!("{task:?}"), format!("{:?}", model.tasks[&task.name]), "{name}");
        }
        let rest = |model: &Model| {
            let parts = (&model.project, &model.variables, &model.env, &model.pools, &model.root);
            format!("{parts:?} {:?}", model.sources)
        };
        assert_eq!(rest(&part), rest(&model), "{name}");
    }
}

#[test]
fn what_a_task_needs_comes_with_it() {
    let text = long(MIXED);
    let index = index(&whole(&text), STAMP).unwrap();
    let names = |wanted: &[&str]| -> Vec<String> {
        let part = part(&text, &index, wanted).unwrap();
        part.tasks.keys().filter(|name| !name.starts_with("other")).cloned().collect()
    };
    // What a variable reads is always there, and so are tasks that stand in `[tasks]` itself.
    assert_eq!(names(&["other7"]), ["inline", "dotted", "make"]);
    let test =
        ["inline", "dotted", "make", "test", "build", "lint", "late", "after", "first", "step", "last"];
    assert_eq!(names(&["test"]), test);
    assert_eq!(names(&["t"]), test);
    assert_eq!(names(&["first", "last"]), ["inline", "dotted", "make", "first", "last"]);
}

#[test]
fn the_whole_file_is_read_where_an_index_does_not_fit() {
    let text = long(MIXED);
    let index = index(&whole(&text), STAMP).unwrap();
    assert!(part(&text, &index, &["first"]).is_some());
    assert!(part(&text, &index, &["absent"]).is_none());
    assert!(part(&text.replace("echo a", "echo b"), &index, &["first"]).is_none());
    assert!(load_excerpt(Path::new(FILE), &Text(&text), (&index, "another one"), &["first"]).is_none());
    let all: Vec<String> = (0..300).map(|number| format!("other{number}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    assert!(part(&text, &index, &all).is_none(), "most of the file");
    assert!(part(&text, &index[..index.len() / 2], &["other399"]).is_none(), "damaged");
    assert!(part(&text, &index.replace("\tfirst", "\t"), &["nothing"]).is_none());
}

#[test]
fn an_excerpt_that_misses_something_is_given_up() {
    let text = long("[tasks.a]\ndepends = [\"b\"]\n\n[tasks.b]\nrun = \"true\"\n\n");
    let right = index(&whole(&text), STAMP).unwrap();
    assert!(right.contains("\na\t0-27\t1\n"), "{right}");
    assert!(part(&text, &right, &["a"]).is_some());
    assert!(part(&text, &right.replace("\na\t0-27\t1\n", "\na\t0-27\t\n"), &["a"]).is_none());
    assert!(part(&text, &right.replace("\na\t0-27\t1\n", "\na\t2-27\t1\n"), &["a"]).is_none());
}

#[test]
fn files_that_hide_whose_a_table_is_have_no_index() {
    for (text, why) in [
        ("[tasks.\"a\"]\nrun = \"true\"\n\n", "a quoted name"),
        ("[\"tasks\".a]\nrun = \"true\"\n\n", "a quoted section"),
        ("tasks.a.run = \"true\"\n\n", "a dotted key of the file itself"),
        ("[tasks]\n\"a\" = \"true\"\n\n", "a quoted key"),
    ] {
        let rest = if text.starts_with("tasks.") { "#".repeat(10_000) } else { long("") };
        let text = format!("{text}{rest}");
        assert_eq!(index(&whole(&text), STAMP), None, "{why}");
    }
    assert_eq!(index(&whole("[tasks.a]\nrun = \"true\"\n"), STAMP), None, "short");
}

#[test]
fn what_a_workspace_is_read_for_is_named_by_all_tasks() {
    let text = long(
        "[terraform]\nroot = \"tf\"\n\n[workspaces.base]\ndepends = [{ task = \"before\" }]\n\n\
         [tasks.before]\nrun = \"true\"\n\n[tasks.reads]\nenv = { A = \"{{ workspaces.base.outputs.x }}\" }\nrun = \"true\"\n\n",
    );
    let model = whole(&text);
    let index = index(&model, STAMP).unwrap();
    let part = part(&text, &index, &["other1"]).unwrap();
    assert_eq!(part.tasks.keys().collect::<Vec<_>>(), ["before", "reads", "other1"]);
    assert_eq!(part.all_outputs(), model.all_outputs());
}
