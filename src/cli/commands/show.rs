//! `show`: a task or a workspace as it was read. Nothing is evaluated and nothing is run.

use serde_json::{Value as Json, json};

use super::written;
use crate::cli::goals::{self, Named};
use crate::cli::print;
use crate::cli::session::Session;
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::task;
use crate::domains::workspace::Verb;
use crate::model::{Dependency, Engine, Model, Task, Workspace};
use crate::text::suggest;
use crate::text::visible::visible;

pub(super) fn run(session: &Session<'_>, name: &str) -> Result<u8, Fault> {
    let model = &*session.model;
    let (page, data) = match (goals::lookup(model, name), model.workspaces.get(name)) {
        (Named::Task(name), _) => {
            let task = model.task(&name).ok_or_else(|| unknown(model, &name))?;
            (task_page(model, task), task_json(model, task))
        }
        (_, Some(workspace)) => (workspace_page(model, workspace), workspace_json(model, workspace)),
        (Named::Generated(verb, names), None) => generated(model, name, verb, &names),
        (Named::Unknown, None) => return Err(unknown(model, name)),
    };
    print(&if session.options.json { format!("{data}\n") } else { visible(&page) });
    Ok(0)
}

fn unknown(model: &Model, name: &str) -> Fault {
    let fault = Fault::new(FaultKind::Usage, format!("there is no task or workspace `{name}`"));
    let known = model.tasks.keys().chain(model.workspaces.keys()).map(String::as_str);
    match suggest::nearest(name, known) {
        Some(near) => fault.hint(format!("did you mean `{near}`?")),
        None => fault.hint("`shipway` lists the tasks and the workspaces"),
    }
}

/// Lines `name  value` below a heading; what is empty is left out.
struct Page {
    text: String,
}

impl Page {
    fn new(kind: &str, name: &str, place: &str) -> Self {
        Self { text: format!("{kind} {name}  ({place})\n") }
    }

    fn sentence(&mut self, text: Option<&str>) {
        self.text.extend(text.map(|text| format!("  {text}\n")));
    }

    fn line(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.text.push_str(&format!("  {name:<14}  {value}\n"));
        }
    }

    fn list<T: AsRef<str>>(&mut self, name: &str, values: &[T]) {
        let values: Vec<&str> = values.iter().map(AsRef::as_ref).collect();
        self.line(name, &values.join(", "));
    }

    /// Each value on lines of its own.
    fn block<T: AsRef<str>>(&mut self, name: &str, values: &[T]) {
        let mut title = name;
        for value in values {
            let mut mark = "$";
            for line in value.as_ref().trim_end_matches('\n').lines() {
                self.line(title, format!("{mark} {line}").trim_end());
                (title, mark) = ("", " ");
            }
        }
    }
}

fn task_page(model: &Model, task: &Task) -> String {
    let mut page = Page::new("task", &task.name, &written::place(model, task.span));
    page.sentence(task.description.as_deref());
    page.line("usage", &task::usage(task));
    page.list("alias", &task.aliases);
    page.list("depends", &task.depends.iter().map(written::call).collect::<Vec<_>>());
    page.list("wait for", &task.wait_for.iter().map(|name| &name.value).collect::<Vec<_>>());
    page.list("then", &task.depends_post.iter().map(written::call).collect::<Vec<_>>());
    page.list("exports", &task.exports.iter().map(|name| &name.value).collect::<Vec<_>>());
    for (name, values) in &task.matrix {
        page.line("matrix", &format!("{name}: {}", values.join(", ")));
    }
    for (name, text) in written::rules(&task.rules) {
        page.line(name, &text);
    }
    for argument in &task.args {
        let mut about = written::argument(argument);
        if let Some(help) = &argument.help {
            about.push_str(&format!("  {help}"));
        }
        if !argument.choices.is_empty() {
            about.push_str(&format!("  [one of: {}]", argument.choices.join(", ")));
        }
        if let Some(short) = argument.short {
            about.push_str(&format!("  [-{short}]"));
        }
        if let Some(variable) = &argument.env {
            about.push_str(&format!("  [or ${variable}]"));
        }
        page.line("argument", &about);
    }
    let mut dir = task.folder.clone();
    dir.extend(task.dir.as_ref().map(written::template));
    page.line("folder", &written::path(&dir));
    page.list("env", &task.env.keys().collect::<Vec<_>>());
    page.list("dotenv", &task.dotenv.iter().map(written::dotenv).collect::<Vec<_>>());
    page.list("sources", &task.tracking.sources.iter().map(written::template).collect::<Vec<_>>());
    page.list("outputs", &task.tracking.outputs.iter().map(written::template).collect::<Vec<_>>());
    if !task.tracking.cache {
        page.line("cache", "false");
    }
    page.list("databases", &task.databases.iter().map(|name| &name.value).collect::<Vec<_>>());
    page.list("reads outputs", &reads(model, task));
    if let Some(confirm) = &task.confirm {
        let word = confirm.word.as_ref().map(|word| format!("  [type {word}]")).unwrap_or_default();
        page.line("confirm", &format!("{}{word}", confirm.text));
    }
    page.block("run", &task.run.iter().map(written::command).collect::<Vec<_>>());
    page.block("finally", &task.finally.iter().map(written::command).collect::<Vec<_>>());
    page.text
}

/// The workspaces whose outputs it reads, and so comes after.
fn reads(model: &Model, task: &Task) -> Vec<String> {
    model.outputs_among(task.references()).into_keys().collect()
}

fn task_json(model: &Model, task: &Task) -> Json {
    let (file, line) = written::place_json(model, task.span);
    let args: Vec<Json> = task
        .args
        .iter()
        .map(|argument| {
            json!({
                "name": argument.name, "written": written::argument(argument), "help": argument.help,
                "choices": argument.choices, "short": argument.short, "env": argument.env,
            })
        })
        .collect();
    let confirm = task.confirm.as_ref().map(|confirm| json!({ "text": confirm.text, "type": confirm.word }));
    json!({
        "kind": "task", "name": task.name, "file": file, "line": line, "description": task.description,
        "usage": task::usage(task), "aliases": task.aliases, "args": args, "confirm": confirm,
        "depends": task.depends.iter().map(written::call).collect::<Vec<_>>(),
        "exports": task.exports.iter().map(|name| &name.value).collect::<Vec<_>>(),
        "matrix": task.matrix,
        "wait_for": task.wait_for.iter().map(|name| &name.value).collect::<Vec<_>>(),
        "depends_post": task.depends_post.iter().map(written::call).collect::<Vec<_>>(),
        "rules": written::rules(&task.rules).into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        "dir": task.dir.as_ref().map(written::template),
        "env": task.env.keys().collect::<Vec<_>>(),
        "dotenv": task.dotenv.iter().map(written::dotenv).collect::<Vec<_>>(),
        "sources": task.tracking.sources.iter().map(written::template).collect::<Vec<_>>(),
        "outputs": task.tracking.outputs.iter().map(written::template).collect::<Vec<_>>(),
        "cache": task.tracking.cache,
        "databases": task.databases.iter().map(|name| &name.value).collect::<Vec<_>>(),
        "reads_outputs": reads(model, task),
        "run": written::commands_json(&task.run), "finally": written::commands_json(&task.finally),
    })
}

fn depends(workspace: &Workspace) -> Vec<String> {
    workspace
        .depends
        .iter()
        .map(|dependency| match dependency {
            Dependency::Workspace(name) => name.value.clone(),
            Dependency::Task(call) => format!("task {}", written::call(call)),
        })
        .collect()
}

fn workspace_page(model: &Model, workspace: &Workspace) -> String {
    let mut page = Page::new("workspace", &workspace.name, &written::place(model, workspace.span));
    page.line("folder", &written::path(&workspace.dir));
    page.line("engine", workspace.engine.program());
    if workspace.engine == Engine::Pulumi {
        page.line("stack", &workspace.stack);
    }
    if let Some(name) = &workspace.environment {
        let is_protected = model.environments.get(name).is_some_and(|environment| environment.protected);
        page.line("environment", &format!("{name}{}", if is_protected { "  (protected)" } else { "" }));
    }
    page.list("depends", &depends(workspace));
    let var_files: Vec<String> =
        workspace.var_files.iter().map(|file| file.value.display().to_string()).collect();
    page.list("var files", &var_files);
    for (name, value) in &workspace.vars {
        page.line("var", &format!("{name} = {}", written::value_json(value)));
    }
    page.list("backend", &workspace.backend_config.keys().collect::<Vec<_>>());
    page.list("env", &workspace.env.keys().collect::<Vec<_>>());
    for (name, commands) in hooks(workspace) {
        page.block(name, &commands.iter().map(written::command).collect::<Vec<_>>());
    }
    page.list("links", &workspace.links.iter().map(written::template).collect::<Vec<_>>());
    let tasks: Vec<String> = Verb::GENERATED.iter().map(|verb| verb.word().to_owned()).collect();
    page.line("tasks", &format!("{}-{}", tasks.join("-, "), workspace.name));
    page.text
}

fn hooks(workspace: &Workspace) -> [(&'static str, &[crate::model::Command]); 5] {
    [
        ("before_init", &workspace.before_init),
        ("before_apply", &workspace.before_apply),
        ("after_apply", &workspace.after_apply),
        ("before_destroy", &workspace.before_destroy),
        ("after_destroy", &workspace.after_destroy),
    ]
}

fn workspace_json(model: &Model, workspace: &Workspace) -> Json {
    let (file, line) = written::place_json(model, workspace.span);
    let hooks: serde_json::Map<String, Json> = hooks(workspace)
        .into_iter()
        .filter(|(_, commands)| !commands.is_empty())
        .map(|(name, commands)| (name.to_owned(), written::commands_json(commands)))
        .collect();
    let vars: serde_json::Map<String, Json> =
        workspace.vars.iter().map(|(name, value)| (name.clone(), written::value_json(value))).collect();
    let is_protected = workspace
        .environment
        .as_ref()
        .and_then(|name| model.environments.get(name))
        .is_some_and(|environment| environment.protected);
    json!({
        "kind": "workspace", "name": workspace.name, "file": file, "line": line,
        "dir": written::path(&workspace.dir), "engine": workspace.engine.program(),
        "stack": (workspace.engine == Engine::Pulumi).then_some(&workspace.stack), "environment": workspace.environment,
        "protected": is_protected, "depends": depends(workspace),
        "var_files": workspace.var_files.iter().map(|file| &file.value).collect::<Vec<_>>(), "vars": vars,
        "backend_config": workspace.backend_config.keys().collect::<Vec<_>>(),
        "env": workspace.env.keys().collect::<Vec<_>>(), "hooks": hooks,
        "links": workspace.links.iter().map(written::template).collect::<Vec<_>>(),
    })
}

/// A task that comes from workspaces.
fn generated(model: &Model, name: &str, verb: Verb, names: &[String]) -> (String, Json) {
    let mut text = format!("task {name}  (generated)\n");
    for each in names {
        text.push_str(&format!("  {}\n", verb.describes(each)));
    }
    text.push_str(&format!("  {:<14}  shipway {name} [OPTIONS] [-- TERRAFORM-ARGS]\n\n", "usage"));
    let pages: Vec<String> = names
        .iter()
        .filter_map(|name| model.workspaces.get(name))
        .map(|workspace| workspace_page(model, workspace))
        .collect();
    text.push_str(&pages.join("\n"));
    (text, json!({ "kind": "generated", "name": name, "verb": verb.word(), "workspaces": names }))
}
