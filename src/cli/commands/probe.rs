//! Asks a program of this machine one question that changes nothing, and reads its whole answer. For `check`.

use std::path::Path;
use std::time::Duration;

use crate::event::{Stream, Termination};
use crate::os::Doors;
use crate::os::process::{ChildEvent, Launch, LaunchInput, LaunchOutput};

/// Whoever does not answer in this time has no answer.
const LIMIT: Duration = Duration::from_secs(20);

/// What a program answered.
#[derive(Debug)]
pub(super) struct Reply {
    /// The exit status, as a shell would tell it.
    pub(super) status: u8,
    /// Its standard output.
    pub(super) out: String,
    /// The same as it came.
    pub(super) bytes: Vec<u8>,
}

/// The answer of `tool`; `None` where it is not installed or does not answer.
pub(super) fn ask(
    doors: &Doors,
    dir: &Path,
    tool: &str,
    args: &[&str],
    stdin: &(impl AsRef<[u8]> + ?Sized),
) -> Option<Reply> {
    let variables = &doors.environment.variables;
    let path = variables.get(std::ffi::OsStr::new("PATH"));
    let program = doors.tools.find(tool, path.map(std::ffi::OsString::as_os_str), dir).ok()?;
    let launch = Launch {
        program,
        args: args.iter().map(Into::into).collect(),
        env: variables.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        dir: dir.to_owned(),
        input: match stdin.as_ref() {
            [] => LaunchInput::Nothing,
            bytes => LaunchInput::Bytes(bytes.to_vec()),
        },
        output: LaunchOutput::Pipe,
    };
    let mut child = doors.processes.start(&launch).ok()?;
    let deadline = doors.clock.monotonic() + LIMIT;
    let mut out = Vec::new();
    loop {
        let left = deadline.saturating_sub(doors.clock.monotonic());
        if left.is_zero() {
            child.control().kill();
            return None;
        }
        match child.next(left) {
            ChildEvent::Output(Stream::Out, bytes) => out.extend(bytes),
            ChildEvent::Output(Stream::Err, _) | ChildEvent::Quiet => {}
            ChildEvent::Ended { termination: Termination::Exited { status }, .. } => {
                let status = u8::try_from(status).unwrap_or(1);
                let text = String::from_utf8_lossy(&out).into_owned();
                return Some(Reply { status, out: text, bytes: out });
            }
            ChildEvent::Ended { .. } => return None,
        }
    }
}
