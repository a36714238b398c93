//! `schema`: it has the decoder's keys, takes what loads and refuses what has the wrong shape.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;
use shipway::model::schema;

use crate::harness::Space;
use crate::texts::Texts;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// For each table of the schema a file with a key that it does not have: what is said about that names the keys that it has.
const PROBES: &[(&str, &str)] = &[
    ("", "[zzzz]\n"),
    ("include", "[include]\na = { zzzz = 1 }\n"),
    ("project", "[project]\nzzzz = 1\n"),
    ("variable", "[vars]\nv = { zzzz = 1 }\n"),
    ("task", "[tasks.a]\nzzzz = 1\n"),
    ("argument", "[tasks.a]\nrun = \"true\"\nargs = [{ zzzz = 1 }]\n"),
    ("confirm", "[tasks.a]\nrun = \"true\"\nconfirm = { zzzz = 1 }\n"),
    ("step", "[tasks.a]\nrun = [{ zzzz = 1 }]\n"),
    ("condition", "[tasks.a]\nrun = \"true\"\nif = { zzzz = 1 }\n"),
    ("retry", "[tasks.a]\nrun = \"true\"\nretry = { zzzz = 1 }\n"),
    ("requires", "[tasks.a]\nrun = \"true\"\nrequires = { zzzz = 1 }\n"),
    ("required_tool", "[tasks.a]\nrun = \"true\"\nrequires = { tools = [{ zzzz = 1 }] }\n"),
    ("required_variable", "[tasks.a]\nrun = \"true\"\nrequires = { env = [{ zzzz = 1 }] }\n"),
    ("wait_until", "[tasks.a]\nrun = \"true\"\nwait_until = { zzzz = 1 }\n"),
    ("call", "[tasks.a]\ndepends = [{ zzzz = 1 }]\n"),
    ("env_files", "[env_files.a]\nzzzz = 1\n"),
    ("environment", "[environments.a]\nzzzz = 1\n"),
    ("deploy", "[environments.a]\ndeploy = { zzzz = 1 }\n"),
    ("terraform", "[terraform]\nzzzz = 1\n"),
    ("workspace", "[workspaces.a]\nzzzz = 1\n"),
    ("secret", "[secrets.A]\nzzzz = 1\n"),
    ("secret_file", "[secrets.A]\nvalue = { file = \"x\", zzzz = 1 }\n"),
    ("forge", "[forge]\nzzzz = 1\n"),
    ("database", "[databases.a]\nzzzz = 1\n"),
    ("rollout", "[rollout]\nzzzz = 1\n"),
    ("proxy", "[rollout]\nproxy = { zzzz = 1 }\n"),
    ("group", "[rollout]\n[rollout.a]\nzzzz = 1\n"),
    ("healthcheck", "[rollout]\n[rollout.a]\nhealthcheck = { zzzz = 1 }\n"),
    ("drain", "[rollout]\n[rollout.a]\ndrain = { zzzz = 1 }\n"),
];

#[test]
fn each_table_has_the_keys_that_the_decoder_reads() {
    let schema = schema();
    let mut tables: BTreeMap<&str, &Json> = BTreeMap::from([("", &schema)]);
    tables
        .extend(schema["definitions"].as_object().unwrap().iter().map(|(name, each)| (name.as_str(), each)));
    for (name, file) in PROBES {
        let failure = Texts::main(*file).load().unwrap_err();
        let said: Vec<&String> = failure.diagnostics.iter().flat_map(|each| &each.help).collect();
        let told = |help: &&&String| {
            help.contains("keys are") || help.contains("only key is") || help.contains("sections are")
        };
        let keys = said.iter().find(told).unwrap_or_else(|| panic!("{name}: {said:?}"));
        let mut keys: Vec<&str> = keys.split('`').skip(1).step_by(2).collect();
        let table = tables.remove(name).unwrap_or_else(|| panic!("the schema has no {name}"));
        let mut known: Vec<&str> =
            table["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        known.sort_unstable();
        assert_eq!(known, keys, "{name}: src/model/schema/keys.rs and the decoder");
    }
    assert!(tables.is_empty(), "no probe for {:?}", tables.keys());
}

/// Whether the schema takes a tasks file; `None` where it is no TOML.
struct Editor {
    schemas: boon::Schemas,
    index: boon::SchemaIndex,
}

impl Editor {
    fn new() -> Self {
        let mut schemas = boon::Schemas::new();
        let mut compiler = boon::Compiler::new();
        compiler.add_resource("file:///schema.json", schema()).unwrap();
        let index = compiler.compile("file:///schema.json", &mut schemas).unwrap();
        Self { schemas, index }
    }

    fn reads(&self, text: &str) -> Option<Result<(), String>> {
        let table: toml::Table = toml::from_str(text).ok()?;
        let value = serde_json::to_value(table).unwrap();
        Some(self.schemas.validate(&value, self.index).map_err(|error| error.to_string()))
    }
}

/// The blocks of TOML of a page, which together are one tasks file.
fn page(name: &str) -> String {
    let text = std::fs::read_to_string(Path::new(ROOT).join(name)).unwrap();
    let blocks = text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.collect::<Vec<_>>().join("\n")
}

#[test]
fn our_own_files_and_examples_are_taken() {
    let editor = Editor::new();
    for name in ["tasks.toml", "templates/local/tasks.toml"] {
        let text = std::fs::read_to_string(Path::new(ROOT).join(name)).unwrap();
        assert_eq!(editor.reads(&text), Some(Ok(())), "{name}");
    }
    for name in ["README.md", "docs/tasks-file.md"] {
        let text = page(name);
        assert!(text.len() > 300);
        assert_eq!(editor.reads(&text), Some(Ok(())), "{name}");
    }
}

#[test]
fn what_import_writes_is_taken() {
    let editor = Editor::new();
    let mut taken = 0;
    for entry in Path::new(ROOT).join("tests/fixtures/imports").read_dir().unwrap() {
        let path = entry.unwrap().path().join("expected.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(editor.reads(&text), Some(Ok(())), "{}", path.display());
        taken += 1;
    }
    assert!(taken >= 20, "{taken}");
}

#[test]
fn a_command_that_is_empty_is_refused_as_loading_does() {
    let editor = Editor::new();
    for text in [
        "[tasks]\na = \"\"\n",
        "[tasks]\na = []\n",
        "[tasks]\na = [\"true\", \"\"]\n",
        "[tasks.a]\nrun = \"\"\n",
        "[tasks.a]\nrun = \" \\n\"\n",
        "[tasks.a]\nrun = []\n",
        "[tasks.a]\nrun = [\"true\", \"\"]\n",
        "[tasks.a]\nrun = { exec = [] }\n",
        "[tasks.a]\nrun = \"true\"\nfinally = []\n",
        "[tasks.a]\nrun = \"true\"\nif = \"\"\n",
        "[tasks.a]\nrun = \"true\"\nif = { run = \"\" }\n",
        "[tasks.a]\nwait_until = { run = \"\" }\n",
        "[vars]\na = { sh = \"\" }\n",
        "[workspaces.a]\nbefore_apply = []\n",
        "[workspaces.a]\nbefore_apply = \"\"\n",
    ] {
        let failure = Texts::main(text).load().unwrap_err();
        assert!(
            failure.diagnostics.iter().any(|each| each.code == "empty"),
            "{text}: {:?}",
            failure.diagnostics
        );
        assert!(editor.reads(text).unwrap().is_err(), "{text} is taken");
    }
    assert_eq!(editor.reads("[tasks.a]\nrun = \"{{ x }}\"\nfinally = [\"true\"]\n"), Some(Ok(())));
}

#[test]
fn wrong_shapes_are_refused_and_files_that_load_are_taken() {
    let editor = Editor::new();
    let (mut refused, mut taken) = (0, 0);
    for entry in Path::new(ROOT).join("tests/it/wrong_files").read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let name = path.display();
        let text = std::fs::read_to_string(&path).unwrap();
        let Some(read) = editor.reads(&text) else { continue };
        match Texts::main(&text).load() {
            Ok(_) => {
                assert_eq!(read, Ok(()), "{name}");
                taken += 1;
            }
            Err(failure) => {
                let shape = ["unknown-key", "wrong-type", "bad-duration", "missing-key", "empty"];
                // Rules between tables, or between the values of a table, are `check`'s.
                let is_rule =
                    |title: &str| title.ends_with("needs `compose`") || title.ends_with("needs `service`");
                let is_shape = failure
                    .diagnostics
                    .iter()
                    .any(|each| shape.contains(&each.code) && !is_rule(&each.title));
                if is_shape {
                    assert!(read.is_err(), "{name} is taken: {:?}", failure.diagnostics);
                    refused += 1;
                }
            }
        }
    }
    assert!(refused >= 15 && taken >= 1, "{refused} {taken}");
}

#[test]
fn the_command_prints_the_schema() {
    let output = Space::new().run("schema");
    output.exits(0);
    assert_eq!(serde_json::from_str::<Json>(&output.stdout).unwrap(), schema());
}
