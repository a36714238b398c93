//! A program that takes our place: our standard input and outputs are its.

use std::ffi::OsString;
use std::io;
use std::path::Path;

/// Runs a program that has the terminal to its end, with exactly this environment; gives its status.
pub fn foreground(
    program: &Path,
    args: &[OsString],
    env: &[(OsString, OsString)],
    dir: &Path,
) -> io::Result<u8> {
    let output = duct::cmd(program, args).full_env(env.iter().cloned()).dir(dir).unchecked().run()?;
    Ok(super::process::termination(output.status).status())
}

/// Runs `program` to its end; gives its status.
pub fn run(program: &str, args: &[OsString]) -> io::Result<u8> {
    let output = duct::cmd(program, args).unchecked().run()?;
    Ok(super::process::termination(output.status).status())
}
