//! `[terraform]` and `[workspaces]`.

use std::time::Duration;

use toml::de::DeValue;

use super::reader::{Entry, Node, Reader, Subject};
use super::template::Scope;
use crate::diagnostic::{Diagnostic, Spanned};
use crate::model::rules::Retry;
use crate::model::workspace::{Dependency, Engine, TerraformSettings, Workspace};
use crate::text::list;

/// Longer than a colleague's plan, shorter than a person's patience.
const LOCK_TIMEOUT: Duration = Duration::from_secs(120);

/// A network that comes back within seven seconds: waits of one, two and four.
const ATTEMPTS: u32 = 4;

const KEYS: [&str; 16] = [
    "dir",
    "engine",
    "stack",
    "environment",
    "depends",
    "stateful",
    "var_files",
    "vars",
    "backend_config",
    "env",
    "before_init",
    "before_apply",
    "after_apply",
    "before_destroy",
    "after_destroy",
    "links",
];

impl<'f> Reader<'f, '_> {
    /// `[terraform]`.
    pub(super) fn terraform(&mut self, entry: Option<Entry<'f>>) -> TerraformSettings {
        let mut settings = TerraformSettings {
            root: Default::default(),
            lock_timeout: LOCK_TIMEOUT,
            engine: Engine::default(),
            retry: Retry { attempts: ATTEMPTS, ..Retry::default() },
            retry_on: Vec::new(),
        };
        let Some(table) = entry.and_then(|entry| self.table(Subject::Section("terraform"), entry.value))
        else {
            return settings;
        };
        let keys = ["root", "lock_timeout", "engine", "retry", "retry_on"];
        let [root, lock_timeout, engine, retry, retry_on] =
            self.fields(table, Subject::Section("terraform"), keys);
        if let Some(root) = root.and_then(|entry| self.path(Subject::Key("root"), entry.value)) {
            settings.root = root;
        }
        if let Some(timeout) = lock_timeout.and_then(|entry| self.duration(entry)) {
            settings.lock_timeout = timeout;
        }
        if let Some(engine) = engine.and_then(|entry| self.engine(entry)) {
            settings.engine = engine;
        }
        if let Some(retry) = retry.and_then(|entry| self.retry(entry)) {
            settings.retry = retry;
        }
        settings.retry_on = self
            .items(retry_on)
            .into_iter()
            .filter_map(|node| self.filled(Subject::Item("retry_on"), node))
            .collect();
        settings
    }

    /// What does the work, by its word.
    fn engine(&mut self, entry: Entry<'f>) -> Option<Engine> {
        let word = self.text(entry)?;
        let engine = Engine::of(&word);
        if engine.is_none() {
            let span = self.at(entry.value);
            let diagnostic =
                Diagnostic::error("bad-value", format!("there is no engine `{word}`"), span, "unknown");
            let diagnostic = diagnostic.help(format!("write {}", list::or_ticked(&Engine::WORDS)));
            self.fault(diagnostic);
        }
        engine
    }

    /// All of `[workspaces]`, with what `[terraform]` says of all of them.
    pub(super) fn workspaces(
        &mut self,
        entry: Option<Entry<'f>>,
        settings: &TerraformSettings,
    ) -> Vec<Workspace> {
        let entries = self.section(entry);
        entries.into_iter().filter_map(|entry| self.workspace(entry, settings)).collect()
    }

    fn workspace(&mut self, entry: Entry<'f>, settings: &TerraformSettings) -> Option<Workspace> {
        if entry.name() == "all" {
            let span = self.key(entry);
            self.fault(
                Diagnostic::error("reserved-name", "a workspace can't be called `all`", span, "")
                    .note("`plan-all`, `apply-all` and so on mean all workspaces")
                    .help("choose another name"),
            );
        } else {
            self.check_name("a workspace", entry);
        }
        let owner = Subject::Named("workspace", entry.name());
        let table = self.table(owner, entry.value)?;
        let fields = self.fields(table, owner, KEYS);
        let [
            dir,
            engine,
            stack,
            environment,
            depends,
            stateful,
            var_files,
            vars,
            backend_config,
            env,
            hooks @ ..,
            links,
        ] = fields;
        let [before_init, before_apply, after_apply, before_destroy, after_destroy] =
            hooks.map(|hook| self.commands(hook, Scope::GLOBAL));
        let engine = engine.and_then(|entry| self.engine(entry)).unwrap_or(settings.engine);
        match engine {
            Engine::Pulumi => {
                [var_files, vars, backend_config].into_iter().flatten().for_each(|key| self.not_pulumis(key))
            }
            Engine::Terraform | Engine::Tofu => {
                stack.into_iter().for_each(|key| self.only_pulumis(key, engine))
            }
        }
        let environment = environment.and_then(|entry| self.environment_of(entry));
        let stack = stack.and_then(|entry| self.stack(entry));
        let dir = dir
            .and_then(|dir| self.path(Subject::Key("dir"), dir.value))
            .unwrap_or_else(|| entry.name().into());
        Some(Workspace {
            name: entry.name().to_owned(),
            span: self.key(entry),
            dir: settings.root.join(dir),
            engine,
            stack: stack.or(environment.clone()).unwrap_or_else(|| entry.name().to_owned()),
            environment,
            depends: self.items(depends).into_iter().filter_map(|node| self.dependency(node)).collect(),
            var_files: self.var_files(var_files),
            vars: self.values(vars, "a variable"),
            backend_config: self.values(backend_config, "a backend's setting"),
            env: self.env(env, Scope::GLOBAL),
            before_init,
            before_apply,
            after_apply,
            before_destroy,
            after_destroy,
            stateful: self
                .items(stateful)
                .into_iter()
                .filter_map(|node| self.filled(Subject::Item("stateful"), node))
                .collect(),
            links: self
                .items(links)
                .into_iter()
                .filter_map(|node| self.template(Subject::Plain("a link"), node, Scope::GLOBAL))
                .collect(),
        })
    }

    /// A stack's name, as `pulumi --stack` takes it: `prod`, `acme/shop/prod`. A template would let one plan be another stack's.
    fn stack(&mut self, entry: Entry<'f>) -> Option<String> {
        let name = self.text(entry)?;
        let is_part = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        };
        let parts = name.split('/').count();
        if parts <= 3 && !name.starts_with('-') && name.split('/').all(is_part) {
            return Some(name);
        }
        let span = self.at(entry.value);
        let title = format!("`{name}` can't be the name of a stack");
        self.fault(
            Diagnostic::error("bad-value", title, span, "")
                .help("write `STACK`, `ORGANISATION/STACK` or `ORGANISATION/PROJECT/STACK`, each of letters, digits, `-`, `_` and `.`"),
        );
        None
    }

    /// A key that Pulumi has no use for.
    fn not_pulumis(&mut self, entry: Entry<'f>) {
        let span = self.key(entry);
        let title = format!("`{}` is terraform's, and pulumi does the work here", entry.name());
        let cure = match entry.name() {
            "backend_config" => "name the backend in Pulumi.yaml, or in `env` as PULUMI_BACKEND_URL",
            _ => {
                "pulumi reads a stack's values from Pulumi.STACK.yaml; what comes from this file can be given in `env`"
            }
        };
        self.fault(Diagnostic::error("bad-value", title, span, "has no meaning").help(cure));
    }

    fn only_pulumis(&mut self, entry: Entry<'f>, engine: Engine) {
        let span = self.key(entry);
        let title = format!("`stack` is pulumi's, and {} does the work here", engine.program());
        let diagnostic = Diagnostic::error("bad-value", title, span, "has no meaning");
        self.fault(diagnostic.help("take it out, or set `engine = \"pulumi\"`"));
    }

    fn var_files(&mut self, entry: Option<Entry<'f>>) -> Vec<Spanned<std::path::PathBuf>> {
        let mut files = Vec::new();
        for node in self.items(entry) {
            if let Some(path) = self.path(Subject::Item("var_files"), node) {
                files.push(Spanned::new(path, self.at(node)));
            }
        }
        files
    }

    fn dependency(&mut self, node: Node<'f>) -> Option<Dependency> {
        if !matches!(node.get_ref(), DeValue::String(_)) {
            let what = Subject::Item("depends");
            return self.call(what, node, Scope::GLOBAL).map(Dependency::Task);
        }
        let name = self.filled(Subject::Item("depends"), node)?;
        let span = self.at(node);
        match self.workspace_name(&name, span) {
            Ok(()) => Some(Dependency::Workspace(Spanned::new(name, span))),
            Err(diagnostic) => {
                self.fault(diagnostic);
                None
            }
        }
    }
}
