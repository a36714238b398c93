//! The thin main: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let is_server = arguments.get(1).is_some_and(|word| word == shipway::server::WORD);
    ExitCode::from(if is_server {
        shipway::server::main(arguments.into_iter().skip(2).collect())
    } else {
        shipway::cli::main(arguments)
    })
}
