//! What is on a server, and our own program there.
//!
//! The program is tried where it is to run before it takes the place of another: one for another machine, or one that misses a library,
//! changes nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::key::{Found, STEP as KEY};
use super::looked;
use crate::adapters::git::command;
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::deploy::git::demand;
use crate::domains::deploy::remote::Remote;
use crate::domains::deploy::server::read_remote;
use crate::domains::deploy::target::Target;
use crate::event::Level;
use crate::os::command::{CommandSpec, Input, Raw};
use crate::release::protocol::Settings;
use crate::run::{Action, Outcome, StepContext};

/// The name of the step that looks.
pub(super) const STEP: &str = "server:look";

/// `$1` is the program, `$2` what an earlier setup found. A line for each thing that is there.
const LOOK: &str = r#"say() { key=$1; shift; out=$("$@" 2>/dev/null) || return 0; printf '%s=%s\n' "$key" "$(printf '%s' "$out" | tr -d '\n')"; }
say system uname -sm
say git git --version
say docker docker --version
say compose docker compose version --short
say docker-compose docker-compose version --short
if [ -f "$1" ]; then say version "$1" --version; say digest git hash-object --no-filters -- "$1"; fi
if [ -f "$2" ]; then say settings cat "$2"; fi
:"#;

/// `$1` is the folder; the program is the file `$2`, or comes on standard input. 8: the folder can't be written; 9: the program does not run.
const UPLOAD: &str = r#"umask 022
mkdir -p -- "$1" || exit 8
new="$1/.shipway.$$"
trap 'rm -f -- "$new"' EXIT
if [ -n "$2" ]; then cp -- "$2" "$new"; else cat >"$new"; fi && chmod 755 "$new" || exit 8
"$new" --version || exit 9
mv -f -- "$new" "$1/shipway" || exit 8"#;

/// Looks what is on a server.
pub(super) struct LookAction {
    pub(super) target: Target,
}

/// What is on a server.
pub(super) struct Looked {
    pub(super) remote: Remote,
    facts: BTreeMap<String, String>,
}

impl Looked {
    fn fact(&self, key: &str) -> Option<&str> {
        self.facts.get(key).map(String::as_str)
    }

    /// What an earlier setup found.
    pub(super) fn settings(&self) -> Option<Settings> {
        serde_json::from_str(self.fact("settings")?).ok()
    }
}

impl Action for LookAction {
    fn describe(&self) -> Vec<String> {
        vec!["uname -sm; git --version; docker --version; docker compose version  (on the server)".to_owned()]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        let found = context.value::<Found>(KEY);
        Remote::find(context, &self.target, found.as_deref().map(|found| &found.key))
            .and_then(|remote| Looked::at(context, remote))
            .map(Outcome::done_with)
            .into()
    }
}

impl Looked {
    /// Looks what is on `remote`.
    pub(super) fn at(context: &mut StepContext<'_>, remote: Remote) -> Result<Self, Fault> {
        let environment = &remote.environment;
        let words =
            [remote.address.path("bin/shipway"), remote.address.path(&format!("{environment}/server.json"))];
        let shown = format!("look at {}", remote.address);
        let spec = CommandSpec { shown: Some(shown), ..remote.shell(LOOK, &words) };
        let facts = facts(&read_remote(context, &remote, &spec)?);
        if !facts.contains_key("git") {
            return Err(Fault::new(FaultKind::Refused, format!("the server of `{environment}` has no git"))
                .hint("install it there: `sudo apt-get install git`"));
        }
        let looked = Self { remote, facts };
        let tools = ["git", "docker", "compose", "docker-compose"];
        let said: Vec<&str> =
            std::iter::once("system").chain(tools).filter_map(|key| looked.fact(key)).collect();
        context.log().notice(Level::Note, &said.join(", "));
        Ok(looked)
    }
}

fn facts(output: &str) -> BTreeMap<String, String> {
    let pairs = output.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), value.trim().to_owned())).collect()
}

/// Whether our own program could run on `system`, which is what `uname -sm` says.
fn fits(system: &str) -> bool {
    let (name, machine) = system.split_once(' ').unwrap_or((system, ""));
    let machine = match machine {
        "amd64" => "x86_64",
        "arm64" => "aarch64",
        other => other,
    };
    name.eq_ignore_ascii_case(std::env::consts::OS) && machine == std::env::consts::ARCH
}

/// Brings the program there.
pub(super) struct ProgramAction {
    pub(super) target: Target,
    pub(super) binary: Option<PathBuf>,
}

impl Action for ProgramAction {
    fn describe(&self) -> Vec<String> {
        let program =
            self.binary.as_deref().map_or("this program".to_owned(), |path| path.display().to_string());
        let place = Remote::preview(&self.target).address.path("bin/shipway");
        vec![format!("copy {program} to {place}, where it is not there yet")]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        looked(context).and_then(|looked| self.bring(context, &looked)).into()
    }
}

impl ProgramAction {
    pub(super) fn bring(&self, context: &mut StepContext<'_>, looked: &Looked) -> Result<Outcome, Fault> {
        let program = self.program(context)?;
        let system = looked.fact("system").unwrap_or_default();
        if self.binary.is_none() && !fits(system) {
            let own = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
            let message = format!("the server is {system}, and this program is for {own}");
            return Err(Fault::new(FaultKind::Refused, message)
                .hint("name a program for that system: `shipway server setup --binary FILE`"));
        }
        let spec = CommandSpec { dir: "/".into(), ..command::digests(context.root()) }.path(&program);
        let digest = demand(context, spec, "the program could not be read")?;
        if looked.fact("digest") == Some(digest.trim()) {
            let version = looked.fact("version").unwrap_or("it");
            return Ok(Outcome::UpToDate(format!("{version} is there")));
        }
        self.upload(context, &looked.remote, &program)
    }

    fn program(&self, context: &StepContext<'_>) -> Result<PathBuf, Fault> {
        let environment = &context.doors().environment;
        match &self.binary {
            Some(path) => Ok(environment.current_dir.join(path)),
            None => environment.executable.clone().ok_or_else(|| {
                Fault::new(FaultKind::World, "the system does not tell where Shipway's program is")
                    .hint("name it: `shipway server setup --binary FILE`")
            }),
        }
    }

    fn upload(
        &self,
        context: &mut StepContext<'_>,
        remote: &Remote,
        program: &Path,
    ) -> Result<Outcome, Fault> {
        let folder = remote.address.path("bin");
        let shown = Some(format!("copy the program to {folder}/shipway"));
        let spec = if remote.host().is_none() {
            let words = [folder, program.to_string_lossy().into_owned()];
            CommandSpec { shown, ..remote.shell(UPLOAD, &words) }
        } else {
            let bytes = context.doors().files.read(program).map_err(|error| {
                Fault::new(FaultKind::World, format!("{} could not be read: {error}", program.display()))
            })?;
            let stdin = Input::Raw(Raw(Arc::from(bytes)));
            CommandSpec { stdin, shown, ..remote.shell(UPLOAD, &[folder]) }
        };
        let version = read_remote(context, remote, &spec).map_err(|fault| self.explain(remote, fault))?;
        context.log().notice(Level::Note, version.trim());
        Ok(Outcome::done())
    }

    /// What the script's own statuses mean.
    fn explain(&self, remote: &Remote, fault: Fault) -> Fault {
        let folder = remote.address.path("bin");
        let says = |status: &str| fault.message.ends_with(status);
        if says("status 8") {
            let root = Path::new(&folder).parent().map(|root| root.display().to_string()).unwrap_or_default();
            let user = remote.host().and_then(|host| host.user.clone()).unwrap_or("USER".to_owned());
            let message = format!("{folder} on the server of `{}` can't be written", self.target.environment);
            return Fault { message, ..fault }
                .hint(format!("make its root there once: `sudo install -d -o {user} {root}`"));
        }
        if says("status 9") {
            let message = format!("the program does not run on the server of `{}`", self.target.environment);
            return Fault { message, ..fault }
                .hint("name one that does, best a static one: `shipway server setup --binary FILE`");
        }
        fault
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_says_is_read_line_by_line() {
        let facts = facts("system=Linux x86_64\ngit=git version 2.47.3\nsettings={\"a\":\"b=c\"}\nnoise\n");
        assert_eq!(facts["git"], "git version 2.47.3");
        assert_eq!(facts["settings"], "{\"a\":\"b=c\"}");
        assert_eq!(facts.len(), 3);
    }

    #[test]
    fn our_program_fits_our_own_system_alone() {
        let here = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
        assert!(fits(&here));
        assert!(!fits("Linux riscv64") && !fits("SunOS x86_64") && !fits(""));
    }
}
