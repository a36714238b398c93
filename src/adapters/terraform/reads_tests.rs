//! What is read of a module's text: of the world, paths, states of others.

use super::*;

fn reads(text: &str) -> Reads {
    let mut reads = Reads::default();
    reads.add("main.tf", text);
    reads
}

fn why(text: &str) -> String {
    reads(text).unknowable.into_iter().collect::<Vec<_>>().join("; ")
}

fn certain(text: &str) -> Vec<(Base, String, bool)> {
    let paths = reads(text).paths.into_iter().filter(|path| path.is_certain);
    paths.map(|path| (path.base, path.text, path.is_prefix)).collect()
}

#[test]
fn what_looks_at_the_world_is_told() {
    for (text, expected) in [
        ("resource \"a\" \"b\" { x = 1 }\nvariable \"v\" {}\nmoved {\n  from = a.c\n  to = a.b\n}", ""),
        ("data \"aws_ami\" \"last\" {}", "it has the data source `aws_ami.last`, which looks at the world"),
        (
            "check \"up\" {\n  data \"http\" \"site\" {\n    url = \"x\"\n  }\n}",
            "it has the data source `http.site`, which looks at the world",
        ),
        ("ephemeral \"a\" \"b\" {}", "it has the ephemeral resource `a.b`, which looks at the world"),
        ("action \"a\" \"b\" {}", "it has a block `action`, which Shipway does not know"),
        ("locals { t = timestamp() }", "`timestamp` gives another value each time"),
        ("locals { t = \"x-${ lower(uuid()) }\" }", "`uuid` gives another value each time"),
        ("locals { t = uuidv5(\"dns\", \"x\") }", ""),
        ("# timestamp()\nlocals { t = \"timestamp()\" }", ""),
        ("locals { t = provider::x::y(1) }", "it calls a function of a provider, which may look at anything"),
        (
            "locals { t = data .terraform_remote_state.a.outputs.x }",
            "it refers to a state by `.terraform_remote_state.a.outputs.x`",
        ),
        ("locals { t = file(var.x) }", "`file` has a path that is put together when terraform runs"),
        (
            "locals { t = \"${templatefile(\"${var.x}/a\", {})}\" }",
            "`templatefile` has a path that is put together when terraform runs",
        ),
    ] {
        assert_eq!(why(text), expected, "{text}");
    }
    let mut json = Reads::default();
    json.add("x.tf.json", r#"{"data":{"http":{"a":{}}},"locals":{"a":"${timestamp()}"}}"#);
    assert_eq!(json.unknowable.len(), 2, "{json:?}");
    json = Reads::default();
    json.add("x.tofu", "data \"http\" \"a\" {}");
    assert_eq!(json.unknowable.len(), 1, "{json:?}");
}

#[test]
fn a_path_of_a_function_is_known_as_far_as_it_is_written() {
    for (text, base, path, is_prefix) in [
        ("file(\"../x/a.txt\")", Base::Root, "../x/a.txt", false),
        ("file(\"${path.module}/a b.txt\")", Base::Module, "a b.txt", false),
        ("filesha256(\"${path.root}/../a\")", Base::Root, "../a", false),
        ("templatefile(\"${path.module}/t/${each.key}.json\", { a = 1 })", Base::Module, "t/", true),
        ("fileset(\"${path.module}/files\", \"**\")", Base::Module, "files", false),
        ("fileset(path.module, \"*.json\")", Base::Module, "", false),
        ("file(pathexpand(\"~/.ssh/id.pub\"))", Base::Root, "~/.ssh/id.pub", false),
        ("file(\"x-${var.y}.json\")", Base::Root, "", true),
        ("nonsensitive(file(\"a\"))", Base::Root, "a", false),
        ("\"<${trimspace(file(\"a\"))}>\"", Base::Root, "a", false),
    ] {
        let text = format!("locals {{\n  it = {text}\n}}\n");
        assert_eq!(certain(&text), [(base, path.to_owned(), is_prefix)], "{text}");
        assert_eq!(why(&text), "", "{text}");
    }
}

#[test]
fn each_text_may_be_a_path() {
    let found = reads(
        "resource \"a\" \"b\" {\n  chart = \"../charts/web\"\n  run = <<-EOT\n    ${path.module}/run.sh\n  EOT\n  \
         two = \"${path.module}/b/${var.c}\"\n}\n",
    );
    let texts: Vec<(Base, &str, bool)> =
        found.paths.iter().map(|path| (path.base, path.text.as_str(), path.is_prefix)).collect();
    assert!(texts.contains(&(Base::Root, "../charts/web", false)), "{texts:?}");
    assert!(texts.contains(&(Base::Module, "b/", true)), "{texts:?}");
}

#[test]
fn of_a_state_only_what_is_referred_to_is_wanted() {
    let wanted = |text: &str| reads(text).states.remove("a");
    let some = |names: &[&str]| Some(Wanted::Some(names.iter().map(|name| (*name).to_owned()).collect()));
    let data = "data \"terraform_remote_state\" \"a\" {\n  backend = \"local\"\n}\n";
    for (text, expected) in [
        ("", some(&[])),
        ("x = data.terraform_remote_state.a.outputs.one", some(&["one"])),
        ("x = data.terraform_remote_state.a.outputs.one.two", some(&["one"])),
        ("x = data.terraform_remote_state.a.outputs[\"one\"]", some(&["one"])),
        ("x = \"${data.terraform_remote_state.a[\"k\"].outputs.one}\"", some(&["one"])),
        ("x = data.terraform_remote_state.a[var.k[0]].outputs[\"two\"].three", some(&["two"])),
        ("x = 1-data.terraform_remote_state.a.outputs.one", some(&["one"])),
        ("x = data.terraform_remote_state.a.outputs", Some(Wanted::All)),
        ("x = data.terraform_remote_state.a", Some(Wanted::All)),
        ("x = data.terraform_remote_state.a.outputs[var.k]", Some(Wanted::All)),
        ("x = values(data.terraform_remote_state.a)[*].outputs.one", Some(Wanted::All)),
    ] {
        assert_eq!(wanted(&format!("{data}locals {{\n  {text}\n}}\n")), expected, "{text}");
    }
    let checked = "data \"terraform_remote_state\" \"a\" {\n  lifecycle {\n    postcondition {\n      condition = \
                   length(self.outputs) > 0\n    }\n  }\n}\n";
    assert_eq!(wanted(checked), Some(Wanted::All));
}

#[test]
fn which_states_were_read_is_told_by_a_state_and_by_a_plan() {
    let state = r#"{"resources":[{"mode":"data","type":"terraform_remote_state","name":"a","instances":[
        {"attributes":{"backend":"local","config":{"value":{"path":"../a.tfstate"},"type":"object"},"workspace":null}}]},
        {"mode":"managed","type":"terraform_data","name":"y","instances":[{"attributes":{}}]}]}"#;
    let plan = r#"{"prior_state":{"values":{"root_module":{"child_modules":[{"resources":[
        {"mode":"data","type":"terraform_remote_state","name":"a","values":{"backend":"local","config":{"path":"../a.tfstate"},"workspace":"x"}}]}]}}}}"#;
    let read = |workspace: Option<&str>| StateRead {
        name: "a".into(),
        backend: "local".into(),
        config: serde_json::json!({ "path": "../a.tfstate" }),
        workspace: workspace.map(str::to_owned),
    };
    assert_eq!(states_of_state(state), [read(None)]);
    assert_eq!(states_of_plan(plan), [read(Some("x"))]);
    assert_eq!(states_of_plan("no"), []);
}
