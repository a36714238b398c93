//! The shim: a small process between us and a command that must survive us.
//!
//! Shipway starts itself again as the shim, which starts the command in a process group of its own, waits for it and records how it
//! ended, whether Shipway still lives or not. Its standard input is a pipe whose only writer is Shipway: bytes are orders, the end of
//! the file means that Shipway is gone, and the shim acts by policy. terraform is told to stop exactly once, alone, so that it can end
//! what it started in its own way; what then is left of its group is ended after it (`orchestrators.md` 3.8).
//!
//! The shim's output files are the command's: terraform that writes to a pipe of ours would die with us, state unsaved.

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rustix::process::Signal;
use serde::{Deserialize, Serialize};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use super::files::{Files as _, RealFiles, append_private};
use super::identity;
use super::process::{Launch, signal_group, termination};
use crate::event::Termination;
use crate::journal::record::ProcessIdentity;

/// Our first argument where we are the shim.
pub const WORD: &str = "__shim";

/// Order: tell the command to stop, politely; only the first counts.
pub(super) const INTERRUPT: u8 = b'i';

/// Order: end the command and all that it started, at once.
pub(super) const KILL: u8 = b'k';

/// How long what a command left behind has to end after it was asked to.
const GRACE: Duration = Duration::from_secs(5);

/// How often it is looked whether it did.
const LOOK: Duration = Duration::from_millis(20);

/// What the shim does when Shipway is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orphaned {
    /// Let the command finish: on a laptop and on a server.
    Finish,
    /// Tell the command to stop, once: in CI, where the machine goes away next.
    Interrupt,
}

/// What the shim records beside the output files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum ShimReport {
    /// The command runs.
    Running {
        /// The command's process.
        process: ProcessIdentity,
    },
    /// The command ended.
    Ended {
        /// How.
        termination: Termination,
        /// Processes that it left behind and that were ended after it, by name.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        swept: Vec<String>,
    },
}

/// The arguments that make our program the shim for `launch`.
pub(super) fn arguments(status: &Path, orphaned: Orphaned, launch: &Launch) -> Vec<OsString> {
    let policy = match orphaned {
        Orphaned::Finish => "finish",
        Orphaned::Interrupt => "interrupt",
    };
    let mut arguments: Vec<OsString> = vec![WORD.into(), status.into(), policy.into()];
    arguments.push(launch.program.clone().into());
    arguments.extend(launch.args.iter().cloned());
    arguments
}

/// What the shim recorded last, if it did.
pub fn read_report(status: &Path) -> Option<ShimReport> {
    let bytes = RealFiles.read(status).ok()?;
    bytes.split(|byte| *byte == b'\n').rev().find_map(|line| serde_json::from_slice(line).ok())
}

/// Is the shim: `arguments` are those after `WORD`. Gives the status to exit with.
pub fn run(arguments: &[OsString]) -> u8 {
    let [status, policy, program, args @ ..] = arguments else {
        return 2;
    };
    let orphaned = if policy == "interrupt" { Orphaned::Interrupt } else { Orphaned::Finish };
    match run_command(Path::new(status), orphaned, program, args) {
        Ok(termination) => termination.status(),
        Err(error) => {
            // It goes where the command's own complaints would have gone.
            let text = format!("`{}` could not be started: {error}\n", program.to_string_lossy());
            super::terminal::say(crate::event::Stream::Err, &text);
            126
        }
    }
}

fn run_command(
    status: &Path,
    orphaned: Orphaned,
    program: &OsString,
    args: &[OsString],
) -> std::io::Result<Termination> {
    // A signal to us must not keep us from recording how the command ended.
    let ignored = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
        signal_hook::flag::register(signal, Arc::clone(&ignored))?;
    }
    let handle = duct::cmd(program, args)
        .stdin_null()
        .unchecked()
        .before_spawn(|command| {
            use std::os::unix::process::CommandExt as _;
            command.process_group(0);
            Ok(())
        })
        .start()?;
    let pid = handle.pids().first().copied().unwrap_or(0);
    record(status, &ShimReport::Running { process: identity::of(pid) })?;
    std::thread::Builder::new().name("orders".to_owned()).spawn(move || follow_orders(pid, orphaned))?;
    let ended = handle.wait().map_or(Termination::Unknown, |output| termination(output.status));
    let swept = sweep(pid);
    record(status, &ShimReport::Ended { termination: ended, swept })?;
    Ok(ended)
}

/// Ends what the command left of its group, such as what a `local-exec` put into the background: asks first. Gives the names.
fn sweep(group: u32) -> Vec<String> {
    // Mostly nothing is left, and the system says so without a look at all processes.
    if !identity::is_group_there(group) {
        return Vec::new();
    }
    let left = identity::group(group);
    signal_group(group, Signal::TERM);
    let mut waited = Duration::ZERO;
    while !identity::group(group).is_empty() {
        if waited >= GRACE {
            signal_group(group, Signal::KILL);
            break;
        }
        crossbeam_channel::after(LOOK).recv().ok();
        waited += LOOK;
    }
    left
}

/// A line for each report, in one write: a line that was torn is as good as none.
fn record(status: &Path, report: &ShimReport) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(report)?;
    line.push(b'\n');
    append_private(status)?.write_all(&line)
}

fn follow_orders(pid: u32, orphaned: Orphaned) {
    let mut told = false;
    let mut interrupt = || {
        if !std::mem::replace(&mut told, true)
            && let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw)
        {
            // It has ended by itself when this fails.
            rustix::process::kill_process(pid, Signal::INT).ok();
        }
    };
    let mut orders = std::io::stdin().lock();
    loop {
        let mut word = [0];
        match orders.read(&mut word) {
            Ok(1) if word[0] == INTERRUPT => interrupt(),
            Ok(1) if word[0] == KILL => signal_group(pid, Signal::KILL),
            Ok(1) => {}
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Ok(_) | Err(_) => {
                if orphaned == Orphaned::Interrupt {
                    interrupt();
                }
                return;
            }
        }
    }
}
