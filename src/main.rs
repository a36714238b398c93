//! The thin main: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(shipway::cli::main(std::env::args_os().collect()))
}
