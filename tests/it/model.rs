//! Right tasks files and what they mean.

use std::path::Path;
use std::time::Duration;

use shipway::model::{
    ArgumentKind, Binding, Command, Dependency, DeployTarget, Drain, GitFact, HealthCheck, Model, Part,
    Probe, Proxy, Reference, ScriptPart, Template, VarValue,
};

use crate::texts::Texts;

/// A file with every key of the format.
pub(crate) const EVERYTHING: &str = r#"
[project]
name    = "shop"
shipway = ">=0.1"
dotenv  = [".env", ".env.local?"]
default_environment = "stage"

[vars]
image  = "registry.example.com/{{ project.name }}"
commit = { sh = "git rev-parse --short=12 HEAD" }
token  = { env = "DO_TOKEN", default = "", secret = true }
region = { prompt = "Region", choices = ["nyc3", "fra1"], default = "nyc3" }
ports  = [80, 443]
bearer = "Bearer {{ vars.token }}"

[env]
COMPOSE_DOCKER_CLI_BUILD = "1"

[include]
docs = "docs"

[tasks]
hello = "echo hello"

[tasks.build]
run = ["docker build -t {{ vars.image }} .", { exec = ["git", "tag", "{{ vars.commit }}"] }]

[tasks.test]
description = "Run the tests"
alias   = ["t", "check"]
depends = ["hello", { task = "deploy-to", args = ["{{ suite }}", "--dry-run"] }, "docs:build"]
args    = [
  "suite=all",
  "--keep",
  { name = "--jobs=4", short = "j", env = "JOBS", help = "How many" },
  "rest...",
]
dir     = "app/{{ suite }}"
env     = { DJANGO_DEBUG = "0", TOKEN = "{{ vars.token }}" }
dotenv  = [".envs/.{{ suite }}?"]
confirm = { text = "Really?", type = "prod" }
run     = '''
pytest -n {{ jobs }} \
  {{ rest }}
'''
finally = "docker compose down"

[tasks.deploy-to]
args = [{ name = "where", choices = ["all", "some"] }, "--dry-run"]
run  = """docker ps --format '{{ "{{" }}.Names}}'"""

[env_files.production]
path   = ".envs/.production"
prefix = "PROD"
ignore = [".gitkeep"]
mask   = ["DSN"]
public = ["PUBLIC_KEY"]

[env_files.staging]
path = ".envs/.staging"

[environments.stage]
branch    = "stage"
env_files = ["production", "staging"]

[environments.prod]
branch    = "main"
tags      = "v*"
env_files = ["production"]
protected = true

[environments.prod.deploy]
server   = "ssh://deploy@{{ workspaces.prod.outputs.host }}/srv/{{ project.name }}"
host_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA6wiCeRkINk8WgHMkSSZ9G8YsZEAFb1SS3WsOfLgA4K"

[environments.stage.deploy]
task = { task = "deploy-to", args = ["some", "--dry-run"] }

[rollout]
compose = ["docker-compose.yaml", "deploy/docker-compose.prod.yaml"]
proxy   = { kind = "caddy", service = "caddy" }
before  = [{ task = "deploy-to", args = ["all"] }, "docs:build"]
after   = "hello"
keep_releases = 3

[rollout.web]
services      = ["web", "web2"]
healthcheck   = { path = "/healthz?full=1", port = 8000, timeout = "5m", successes = 3 }
drain         = { signal = "SIGUSR1" }
drain_timeout = "0s"

[rollout.worker]
healthcheck = { exec = ["celery", "inspect", "ping"] }
drain       = { exec = ["touch", "/tmp/draining", ""] }

[rollout.mail]
healthcheck = { tcp = 0x19 }

[rollout.search.healthcheck]
docker = true

[terraform]
root = "terraform/deploy"

[workspaces.meta]
var_files = ["vars.tfvars"]

[workspaces.base]
depends = ["meta", { task = "hello" }]
links   = ["https://cloud.example.com/{{ workspaces.base.outputs.id }}"]
after_apply = "echo {{ workspaces.base.outputs.id }}"

[workspaces.prod]
dir         = "app/prod"
environment = "prod"
depends     = ["base"]
vars        = { domain = "{{ workspaces.base.outputs.domain_name }}", size = 3, tags = ["a", "{{ os }}"], on = true }
backend_config = { key = "prod" }
env         = { MAP = "{{ environments.prod.env_file_map }}" }
before_init = "true"
before_apply = ["true"]
before_destroy = { exec = ["true"] }
after_destroy = ["true"]
"#;

/// What `EVERYTHING` includes.
pub(crate) const INCLUDED: &str = r#"
[vars]
theme = "dark"

[env]
LANGUAGE = "C"

[tasks.build]
alias = "b"
depends = ["prepare", "hello"]
env = { THEME = "{{ vars.theme }}", IMAGE = "{{ vars.image }}" }
run = "make html"

[tasks.prepare]
run = "true"
"#;

fn everything() -> Model {
    match Texts::main(EVERYTHING).file("docs/tasks.toml", INCLUDED).load() {
        Ok(model) => model,
        Err(failure) => panic!("{:#?}", failure.diagnostics),
    }
}

fn text(template: &Template) -> String {
    let part = |part: &Part| match part {
        Part::Text(text) => text.clone(),
        Part::Hole(hole) => format!("<{:?}>", hole.reference),
    };
    template.parts.iter().map(part).collect()
}

#[test]
fn the_full_file_means_what_it_says() {
    let model = everything();
    assert!(model.warnings.is_empty(), "{:?}", model.warnings);
    assert_eq!(
        (model.file.as_path(), model.root.as_path()),
        (Path::new("/project/tasks.toml"), Path::new("/project"))
    );
    assert_eq!(model.project.name, "shop");
    assert_eq!(model.project.default_environment.as_deref(), Some("stage"));
    let dotenv: Vec<(String, bool)> =
        model.project.dotenv.iter().map(|file| (text(&file.path), file.optional)).collect();
    assert_eq!(dotenv, [(".env".to_owned(), false), (".env.local".to_owned(), true)]);
    assert_eq!(
        model.tasks.keys().collect::<Vec<_>>(),
        ["hello", "build", "test", "deploy-to", "docs:build", "docs:prepare"]
    );
    assert_eq!(model.workspaces.keys().collect::<Vec<_>>(), ["meta", "base", "prod"]);
    assert_eq!(model.env_files["staging"].prefix, "STAGING");
    assert!(model.environments["prod"].protected && !model.environments["stage"].protected);
}

#[test]
fn variables_know_where_they_come_from_and_what_they_may_not_show() {
    let model = everything();
    assert!(matches!(&model.variables["commit"].binding, Binding::Shell(script) if script.parts.len() == 1));
    assert!(
        matches!(&model.variables["region"].binding, Binding::Prompt { choices, .. } if choices.len() == 2)
    );
    assert!(
        matches!(&model.variables["ports"].binding, Binding::Literal(json) if json == &serde_json::json!([80, 443]))
    );
    let secret: Vec<&str> =
        model.variables.values().filter(|each| each.secret).map(|each| each.name.as_str()).collect();
    assert_eq!(secret, ["token", "bearer"], "a text that holds a secret is one");
    assert_eq!(model.variables["docs:theme"].folder, Path::new("docs"));
}

#[test]
fn a_task_has_all_that_its_table_says() {
    let model = everything();
    let task = model.task("t").expect("by its alias");
    assert_eq!(task.name, "test");
    assert_eq!(task.aliases, ["t", "check"]);
    assert_eq!(task.confirm.as_ref().and_then(|confirm| confirm.word.as_deref()), Some("prod"));
    let depends: Vec<&str> = task.depends.iter().map(|call| call.task.value.as_str()).collect();
    assert_eq!(depends, ["hello", "deploy-to", "docs:build"]);
    let kinds: Vec<(&str, &ArgumentKind)> =
        task.args.iter().map(|argument| (argument.name.as_str(), &argument.kind)).collect();
    assert_eq!(
        kinds,
        [
            ("suite", &ArgumentKind::Positional { default: Some("all".to_owned()) }),
            ("keep", &ArgumentKind::Flag),
            ("jobs", &ArgumentKind::Option { default: Some("4".to_owned()) }),
            ("rest", &ArgumentKind::Rest { required: false }),
        ]
    );
    assert_eq!((task.args[2].short, task.args[2].env.as_deref()), (Some('j'), Some("JOBS")));
    assert_eq!(task.dir.as_ref().map(text).as_deref(), Some("app/<Argument(\"suite\")>"));
    assert!(task.dotenv[0].optional);
    let Command::Shell(script) = &task.run[0] else { panic!("a script") };
    let names: Vec<&Reference> = script.references().collect();
    assert_eq!(names, [&Reference::Argument("jobs".to_owned()), &Reference::Argument("rest".to_owned())]);
}

#[test]
fn a_quoted_text_between_braces_stands_for_itself() {
    let model = everything();
    let Command::Shell(script) = &model.tasks["deploy-to"].run[0] else { panic!("a script") };
    assert_eq!(script.parts, [ScriptPart::Text("docker ps --format '{{.Names}}'".to_owned())]);
}

#[test]
fn names_of_an_included_file_mean_its_own_things_first() {
    let model = everything();
    let task = &model.tasks["docs:build"];
    let depends: Vec<&str> = task.depends.iter().map(|call| call.task.value.as_str()).collect();
    assert_eq!(depends, ["docs:prepare", "hello"]);
    assert_eq!(task.aliases, ["docs:b"]);
    assert_eq!(task.folder, Path::new("docs"));
    assert_eq!(text(&task.env["THEME"]), "<Variable(\"docs:theme\")>");
    assert_eq!(text(&task.env["IMAGE"]), "<Variable(\"image\")>");
    assert_eq!(text(&task.env["LANGUAGE"]), "C", "its `[env]` is its tasks' own");
    assert!(!model.env.contains_key("LANGUAGE") && !model.tasks["hello"].env.contains_key("LANGUAGE"));
}

#[test]
fn a_workspace_has_all_that_its_table_says() {
    let model = everything();
    let prod = &model.workspaces["prod"];
    assert_eq!(prod.dir, Path::new("terraform/deploy/app/prod"));
    assert_eq!(model.workspaces["meta"].dir, Path::new("terraform/deploy/meta"));
    assert_eq!(prod.environment.as_deref(), Some("prod"));
    assert_eq!(prod.upstream().collect::<Vec<_>>(), ["base"]);
    assert!(
        matches!(&model.workspaces["base"].depends[1], Dependency::Task(call) if call.task.value == "hello")
    );
    assert_eq!(prod.vars["size"], VarValue::Literal(3.into()));
    let VarValue::Text(domain) = &prod.vars["domain"] else { panic!("a text") };
    let output = Reference::Output { workspace: "base".to_owned(), output: "domain_name".to_owned() };
    assert_eq!(domain.sole().map(|hole| &hole.reference), Some(&output), "alone, so that the type is kept");
    assert_eq!(prod.hooks().count(), 4);
}

#[test]
fn an_environment_knows_what_it_is_deployed_to() {
    let model = everything();
    let deploy = |name: &str| model.environments[name].deploy.as_ref().expect("a deployment");
    let DeployTarget::Server { address, host_key, .. } = &deploy("prod").target else { panic!("a server") };
    assert_eq!(
        text(address),
        "ssh://deploy@<Output { workspace: \"prod\", output: \"host\" }>/srv/<ProjectName>"
    );
    let key = host_key.as_deref().expect("a key");
    assert!(key.starts_with("ssh-ed25519 AAAAC3Nza") && key.ends_with("gA4K"), "{key}");
    let call = deploy("stage").task().expect("a task");
    assert_eq!((call.task.value.as_str(), call.args.len()), ("deploy-to", 2));
    assert!(model.all_outputs()["prod"].contains("host"), "the address is read like any other output");
}

#[test]
fn a_server_may_be_a_folder_on_this_machine_or_all_a_variable() {
    for server in
        ["/srv/app", "../srv", "srv", "{{ vars.where }}", "ssh://{{ vars.where }}", "ssh://host:2222/srv/app"]
    {
        let main =
            format!("[vars]\nwhere = 'host/srv'\n[environments.prod_1-a.deploy]\nserver = '{server}'\n");
        let model = Texts::main(main).load().unwrap_or_else(|failure| panic!("{:?}", failure.diagnostics));
        let deploy = model.environments["prod_1-a"].deploy.as_ref().expect("a deployment");
        assert!(matches!(deploy.target, DeployTarget::Server { host_key: None, .. }), "{server}");
    }
}

#[test]
fn a_host_key_is_kept_as_ssh_writes_it() {
    let ed25519 = "AAAAC3NzaC1lZDI1NTE5AAAAIA6wiCeRkINk8WgHMkSSZ9G8YsZEAFb1SS3WsOfLgA4K";
    let ecdsa = "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBLMAABU3EDYDy6Kpza4HWoROwNyRY6CZkbgLJOZ2oOs5fG8boe9JZVG1YYnpQ+QrejZaG2zEz/Fit3kT9/jzFBw=";
    for (written, expected) in [
        (format!(" ssh-ed25519   {ed25519}\\n"), format!("ssh-ed25519 {ed25519}")),
        (format!("ecdsa-sha2-nistp256 {ecdsa}"), format!("ecdsa-sha2-nistp256 {ecdsa}")),
    ] {
        let main =
            format!("[environments.prod.deploy]\nserver = 'ssh://host/srv'\nhost_key = \"{written}\"\n");
        let model = Texts::main(main).load().unwrap_or_else(|failure| panic!("{:?}", failure.diagnostics));
        let deploy = model.environments["prod"].deploy.as_ref().expect("a deployment");
        let DeployTarget::Server { host_key, .. } = &deploy.target else { panic!("a server") };
        assert_eq!(host_key.as_ref(), Some(&expected));
    }
}

#[test]
fn a_rollout_has_all_that_its_tables_say() {
    let model = everything();
    let rollout = model.rollout.expect("a roll-out");
    let compose: Vec<&Path> = rollout.compose.iter().map(|file| file.value.as_path()).collect();
    assert_eq!(compose, ["docker-compose.yaml", "deploy/docker-compose.prod.yaml"].map(Path::new));
    assert!(matches!(&rollout.proxy, Proxy::Caddy { service } if service.value == "caddy"));
    let calls: Vec<&str> = rollout.calls().map(|call| call.task.value.as_str()).collect();
    assert_eq!(calls, ["deploy-to", "docs:build", "hello"]);
    assert_eq!((rollout.before.len(), rollout.after.len(), rollout.keep_releases), (2, 1, 3));
    assert_eq!(rollout.groups.keys().collect::<Vec<_>>(), ["web", "worker", "mail", "search"]);
    let services = |name: &str| -> Vec<String> {
        rollout.groups[name].services.iter().map(|service| service.value.clone()).collect()
    };
    assert_eq!(services("web"), ["web", "web2"]);
    assert_eq!(services("worker"), ["worker"], "the table's name");
    let web = &rollout.groups["web"];
    let probe = Probe::Http { path: "/healthz?full=1".to_owned(), port: 8000 };
    assert_eq!(web.healthcheck, HealthCheck { probe, timeout: Duration::from_secs(300), successes: 3 });
    assert_eq!(web.drain, Some(Drain::Signal("USR1".to_owned())), "without `SIG`");
    assert_eq!(web.drain_timeout, Duration::ZERO);
    let worker = &rollout.groups["worker"];
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    assert_eq!(worker.healthcheck.probe, Probe::Exec(words(&["celery", "inspect", "ping"])));
    assert_eq!(worker.drain, Some(Drain::Exec(words(&["touch", "/tmp/draining", ""]))));
    let mail = &rollout.groups["mail"];
    let expected =
        HealthCheck { probe: Probe::Tcp { port: 25 }, timeout: Duration::from_secs(60), successes: 2 };
    assert_eq!(mail.healthcheck, expected, "what is left out has its default");
    assert_eq!((&mail.drain, mail.drain_timeout), (&None, Duration::from_secs(30)));
    assert_eq!(rollout.groups["search"].healthcheck.probe, Probe::Docker);
}

#[test]
fn a_rollout_may_be_tasks_alone() {
    let model = Texts::main("[tasks]\nmigrate = 'true'\n[rollout]\nbefore = 'migrate'\n").load();
    let rollout = model.expect("a model").rollout.expect("a roll-out");
    assert!(rollout.compose.is_empty() && rollout.groups.is_empty() && rollout.after.is_empty());
    assert_eq!((rollout.proxy, rollout.keep_releases), (Proxy::None, 5));
}

#[test]
fn every_first_word_is_known() {
    let words = [
        ("vars.a", Reference::Variable("a".to_owned())),
        ("env.HOME", Reference::EnvironmentVariable("HOME".to_owned())),
        ("project.name", Reference::ProjectName),
        ("git.branch", Reference::Git(GitFact::Branch)),
        ("git.tag", Reference::Git(GitFact::Tag)),
        ("git.commit", Reference::Git(GitFact::Commit)),
        ("os", Reference::Os),
        ("arch", Reference::Arch),
        ("environment", Reference::Environment),
        ("environments.a.b.env_file_map", Reference::EnvFileMap { environment: "a.b".to_owned() }),
        (
            "workspaces.a.b.outputs.c",
            Reference::Output { workspace: "a.b".to_owned(), output: "c".to_owned() },
        ),
    ];
    for (word, expected) in words {
        let main = format!(
            "[vars]\na = 'x'\n[environments.'a.b']\n[workspaces.'a.b']\n[tasks.t]\nrun = 'true'\nenv = {{ X = '{{{{ {word} }}}}' }}"
        );
        let model = Texts::main(main).load().unwrap_or_else(|failure| panic!("{:?}", failure.diagnostics));
        assert_eq!(model.tasks["t"].env["X"].references().collect::<Vec<_>>(), [&expected]);
    }
}

#[test]
fn a_chain_of_a_hundred_thousand_tasks_is_no_trouble() {
    let mut main = String::from("[tasks.t0]\nrun = 'true'\n");
    for task in 1..100_000 {
        main += &format!("[tasks.t{task}]\ndepends = ['t{}']\n", task - 1);
    }
    assert_eq!(Texts::main(main.clone()).load().expect("a model").tasks.len(), 100_000);
    let ring = main.replacen("run = 'true'", "depends = ['t99999']", 1);
    let failure = Texts::main(ring).load().expect_err("a ring");
    let codes: Vec<&str> = failure.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    assert_eq!(codes, ["dependency-cycle"]);
    assert!(failure.diagnostics[0].labels.len() < 10 && failure.diagnostics[0].notes[0].len() < 300);
}

#[test]
fn an_empty_file_is_a_project_without_tasks() {
    let model = Texts::main("").load().expect("a model");
    assert_eq!(model.project.name, "project", "the folder's name");
    assert!(model.tasks.is_empty());
}

#[test]
fn a_missing_file_is_told() {
    let failure = Texts::default().load().expect_err("no file");
    assert_eq!(failure.diagnostics[0].code, "unreadable");
}

#[test]
fn a_file_with_windows_line_ends_means_the_same() {
    let model = Texts::main(EVERYTHING.replace('\n', "\r\n")).file("docs/tasks.toml", INCLUDED).load();
    let model = model.unwrap_or_else(|failure| panic!("{:?}", failure.diagnostics));
    let parts = |model: &Model| match &model.tasks["test"].run[0] {
        Command::Shell(script) => script
            .parts
            .iter()
            .map(|part| match part {
                ScriptPart::Text(text) => text.clone(),
                ScriptPart::Hole(hole, _) => format!("{:?}", hole.reference),
            })
            .collect::<Vec<_>>(),
        Command::Exec(_) | Command::Task(_) => Vec::new(),
    };
    assert_eq!(parts(&model), parts(&everything()), "a shell would read `\\r` as a part of a word");
}
