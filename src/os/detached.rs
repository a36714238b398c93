//! A process that goes on without whoever started it.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use super::files::append_private;

/// Starts `program`, which reads nothing and writes all to the file `log`. It has to call `leave` first of all.
pub fn start(
    program: &Path,
    args: &[OsString],
    env: &[(OsString, OsString)],
    dir: &Path,
    log: &Path,
) -> io::Result<()> {
    let out = append_private(log)?;
    let err = out.try_clone()?;
    // Nobody waits for it: it is told from others by what it writes into its record.
    duct::cmd(program, args)
        .full_env(env.iter().cloned())
        .dir(dir)
        .stdin_null()
        .stdout_file(out)
        .stderr_file(err)
        .unchecked()
        .start()
        .map(drop)
}

/// Leaves the session of whoever started us: neither its terminal nor its end reach us any more.
pub fn leave() {
    // It fails only for the leader of a process group, which is on its own already.
    rustix::process::setsid().ok();
}
