//! An environment's folder on a server: the repository that is pushed to, its hook, and what was found and is pinned. Idempotent.

use std::path::Path;

use super::git::demand;
use crate::adapters::git::command;
use crate::diagnostic::{Fault, FaultKind};
use crate::os::command::CommandSpec;
use crate::os::files::FileKind;
use crate::plan::{Effect, WhenOrphaned};
use crate::release::layout::Layout;
use crate::release::protocol::{PROTOCOL, Settings, WORD};
use crate::release::record::Flavour;
use crate::run::node::Node;
use crate::run::{Action, CommandRun, Outcome, StepContext};
use crate::text::quote;

/// A folder that is to be prepared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrepareRequest {
    /// The folder.
    pub layout: Layout,
    /// What is pinned already.
    pub pinned: Option<Settings>,
}

struct PrepareAction(PrepareRequest);

/// The node that prepares it; it leaves `Settings`.
pub fn prepare_nodes(request: &PrepareRequest) -> Vec<Node> {
    vec![Node {
        name: "server:prepare".to_owned(),
        title: format!("prepare {}", request.layout.home.display()),
        needs: Vec::new(),
        after: Vec::new(),
        effect: Effect::Changes,
        when_orphaned: WhenOrphaned::Stop,
        action: Box::new(PrepareAction(request.clone())),
    }]
}

/// Whether this git runs the hook `proc-receive` (2.29 and later).
pub fn has_proc_receive(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= (2, 29)
}

impl Action for PrepareAction {
    fn describe(&self) -> Vec<String> {
        let repository = self.0.layout.repository();
        let mut lines = vec![command::init_bare(&repository).to_string()];
        lines.extend(self.configuration().iter().map(CommandSpec::to_string));
        lines.push(format!("write {}", repository.join("hooks/proc-receive").display()));
        lines
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.prepare(context).map(Outcome::done_with).into()
    }
}

impl PrepareAction {
    fn configuration(&self) -> Vec<CommandSpec> {
        let repository = self.0.layout.repository();
        let hooks = repository.join("hooks");
        [
            ("receive.procReceiveRefs", "refs/deploy"),
            ("receive.advertisePushOptions", "true"),
            // A rewritten branch is deployed as well: only the environment's own ref is ours, and it says what is live.
            ("receive.denyNonFastForwards", "false"),
            // A place for hooks that is set for the whole machine would silently leave ours out (`seeds.md` F1).
            ("core.hooksPath", &hooks.to_string_lossy()),
        ]
        .iter()
        .map(|(name, value)| command::configure(&repository, name, value))
        .collect()
    }

    fn prepare(&self, context: &mut StepContext<'_>) -> Result<Settings, Fault> {
        let layout = &self.0.layout;
        let repository = layout.repository();
        for folder in [
            layout.home.clone(),
            repository.clone(),
            layout.releases(),
            layout.records(),
            layout.shared(),
            layout.home.join("log"),
        ] {
            context.doors().files.create_private_dir(&folder).map_err(|error| unwritable(&folder, &error))?;
        }
        let git = demand(context, command::version(&layout.home), "git could not be asked")?;
        let git =
            git.trim().trim_start_matches("git version ").split(' ').next().unwrap_or_default().to_owned();
        if context.doors().files.kind(&repository.join("HEAD")) == FileKind::Missing {
            demand(context, command::init_bare(&repository), "the repository could not be made")?;
        }
        for spec in self.configuration() {
            demand(context, spec, "the repository could not be configured")?;
        }
        write_hook(context, layout, &git)?;
        let docker = ask(context, &layout.home, &["docker", "version", "--format", "{{.Server.Version}}"])?;
        let compose = match docker {
            Some(_) => self.compose(context)?,
            None => None,
        };
        Ok(Settings { protocol: PROTOCOL, environment: layout.environment.clone(), git, docker, compose })
    }

    /// The compose that is pinned, where it is still there; otherwise the newer one that is.
    fn compose(&self, context: &mut StepContext<'_>) -> Result<Option<(Flavour, String)>, Fault> {
        let home = &self.0.layout.home;
        let v2 = ask(context, home, &["docker", "compose", "version", "--short"])?;
        let v1 =
            ask(context, home, &["docker-compose", "version", "--short"])?.filter(|it| it.starts_with("1."));
        let (v1, v2) = (v1.map(|version| (Flavour::V1, version)), v2.map(|version| (Flavour::V2, version)));
        let pinned = self.0.pinned.as_ref().and_then(|settings| settings.compose.as_ref());
        Ok(match pinned {
            Some((Flavour::V1, _)) => v1.or(v2),
            _ => v2.or(v1),
        })
    }
}

fn write_hook(context: &StepContext<'_>, layout: &Layout, git: &str) -> Result<(), Fault> {
    let (hook, verb, other) = if has_proc_receive(git) {
        ("proc-receive", "receive", "pre-receive")
    } else {
        ("pre-receive", "pre-receive", "proc-receive")
    };
    let program = layout.program().to_string_lossy().into_owned();
    let home = layout.home.to_string_lossy().into_owned();
    let text = format!(
        "#!/bin/sh\n# Written by `shipway server setup`.\nexec {} {WORD} {PROTOCOL} {} {verb}\n",
        quote::shell(&program),
        quote::shell(&home)
    );
    let hooks = layout.repository().join("hooks");
    let files = &context.doors().files;
    files.create_private_dir(&hooks).map_err(|error| unwritable(&hooks, &error))?;
    let path = hooks.join(hook);
    files.write(&path, text.as_bytes(), 0o755).map_err(|error| unwritable(&path, &error))?;
    let other = hooks.join(other);
    files.remove(&other).map_err(|error| unwritable(&other, &error))
}

/// What a tool says, or nothing where it is not there or has nothing to say.
fn ask(context: &mut StepContext<'_>, folder: &Path, words: &[&str]) -> Result<Option<String>, Fault> {
    let spec = CommandSpec::new(words[0], folder).args(words[1..].iter().copied());
    let mut said = String::new();
    let mut reader = |_: crate::run::StepLog<'_>, stream: crate::event::Stream, line: &str| {
        if stream == crate::event::Stream::Out {
            said.push_str(line);
        }
    };
    let run = CommandRun { reader: Some(&mut reader), ..CommandRun::default() };
    match context.run_command(&spec, run) {
        Ok(ended) => Ok(ended.is_success().then(|| said.trim().to_owned()).filter(|said| !said.is_empty())),
        Err(fault) if fault.kind == FaultKind::World => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Fault {
    Fault::new(FaultKind::World, format!("{} could not be written: {error}", path.display()))
        .hint("the user of the address has to own the root; make it once: `sudo install -d -o USER ROOT`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_has_the_hook_from_2_29_on() {
        for (version, has) in
            [("2.47.3", true), ("2.29.0", true), ("2.28.1", false), ("3.0", true), ("", false)]
        {
            assert_eq!(has_proc_receive(version), has, "{version}");
        }
    }
}
