//! From a command to what is needed to start it: the program's path, the environment, where its output goes.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::context::StepContext;
use crate::diagnostic::{Fault, FaultKind};
use crate::journal::store::file_name;
use crate::os::command::{Argument, CommandSpec, EnvironmentValue, Input, Output};
use crate::os::process::{Launch, LaunchInput, LaunchOutput};
use crate::os::shim::Orphaned;
use crate::os::terminal;
use crate::plan::WhenOrphaned;

/// Variables by which programs find the one that shows their output page by page.
const PAGERS: [&str; 6] = ["PAGER", "GIT_PAGER", "MANPAGER", "SYSTEMD_PAGER", "AWS_PAGER", "GH_PAGER"];

impl StepContext<'_> {
    /// Finds the program, and gives all that is needed to start it.
    pub(super) fn launch(&mut self, spec: &CommandSpec) -> Result<Launch, Fault> {
        let doors = self.doors();
        let env = self.launch_environment(spec);
        let path = env.binary_search_by_key(&OsStr::new("PATH"), |(name, _)| name.as_os_str());
        let path = path.ok().map(|at| env[at].1.as_os_str());
        if !self.shared().is_folder(&spec.dir) {
            return Err(no_folder(spec));
        }
        let program = doors.tools.find(&spec.tool, path, &spec.dir).map_err(|missing| {
            Fault::new(FaultKind::World, missing.to_string())
                .hint(format!("install `{}`, or add its folder to PATH, and run this again", missing.tool))
        })?;
        let output = match spec.output {
            Output::Terminal if terminal::is_whole() => LaunchOutput::Terminal,
            Output::Tty if terminal::is_watched() => LaunchOutput::Tty,
            Output::Pipe | Output::Tty | Output::Terminal => LaunchOutput::Pipe,
            Output::File => self.shim_output()?,
        };
        let args = spec.args.iter().map(|argument| match argument {
            Argument::Plain(text) => OsString::from(text),
            Argument::Path(path) => path.clone().into_os_string(),
        });
        let input = match &spec.stdin {
            // In the background of a terminal it would be stopped when it reads.
            Input::Empty if spec.output == Output::Terminal && !terminal::is_typed() => LaunchInput::Ours,
            Input::Empty => LaunchInput::Nothing,
            Input::Bytes(secret) => LaunchInput::Bytes(secret.expose().as_bytes().to_vec()),
            Input::Raw(raw) => LaunchInput::Bytes(raw.0.to_vec()),
        };
        let env = if matches!(output, LaunchOutput::Tty) { without_pagers(&env) } else { env };
        Ok(Launch { program, args: args.collect(), env, dir: spec.dir.clone(), input, output })
    }

    /// Ours, and what the command adds to it.
    fn launch_environment(&self, spec: &CommandSpec) -> Arc<[(OsString, OsString)]> {
        let ours = self.shared().environment();
        if spec.env.is_empty() {
            return Arc::clone(ours);
        }
        let mut env: BTreeMap<OsString, OsString> = ours.iter().cloned().collect();
        for (name, value) in &spec.env {
            let value = match value {
                EnvironmentValue::Plain(value) => value,
                EnvironmentValue::Secret(secret) => secret.expose(),
            };
            env.insert(OsString::from(name), OsString::from(value));
        }
        env.into_iter().collect()
    }

    fn shim_output(&mut self) -> Result<LaunchOutput, Fault> {
        let Some(executable) = self.doors().environment.executable.clone() else {
            return Err(Fault::new(FaultKind::World, "the system does not tell where Shipway's program is"));
        };
        let number = self.commands.fetch_add(1, Ordering::Relaxed) + 1;
        let name = format!("{}-{}-{number}.stream", file_name(&self.step().name), self.attempt());
        let files = self.private_path(&name)?;
        // A change finishes without us on a laptop; a read is of no use without us, and a CI machine goes away with us.
        let finishes = self.step().when_orphaned == WhenOrphaned::Finish && !self.doors().environment.is_ci();
        let orphaned = if finishes { Orphaned::Finish } else { Orphaned::Interrupt };
        Ok(LaunchOutput::Shim { executable, files, orphaned })
    }
}

/// Whoever believes that somebody reads would show it page by page, and wait for a key.
fn without_pagers(env: &[(OsString, OsString)]) -> Arc<[(OsString, OsString)]> {
    let cat = |name: &&str| (OsString::from(name), OsString::from("cat"));
    env.iter().cloned().chain(PAGERS.iter().map(cat)).collect()
}

/// The fault of a command whose folder is not there.
pub(super) fn no_folder(spec: &CommandSpec) -> Fault {
    let message = format!("the folder {} does not exist", spec.dir.display());
    Fault::new(FaultKind::World, message).detail(format!("`{}` was to run there", spec.tool))
}
