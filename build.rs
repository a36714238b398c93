//! How Shipway is linked where the GNU C library is: so that the system's loader has little to do at each start. That is every command that
//! a person types, and one more process for each terraform (the shim).
//!
//! - The program stands at a fixed address: 13,000 addresses need not be written into it, each on a page that is then copied.
//! - What unwinds the stack after a panic is in it: a library less to look for, to map, and to let count the processor's features.
//!
//! Where the C compiler does not know that library as an archive, it is linked as always.

#![expect(clippy::disallowed_methods, reason = "asks the compiler, without Shipway's own doors")]

use std::path::Path;
use std::process::Command;

/// What unwinds the stack, as the GNU compilers bring it.
const UNWINDER: &str = "gcc_eh";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let of = |name: &str| std::env::var(name).unwrap_or_default();
    let is_native = of("HOST") == of("TARGET");
    if !is_native || of("CARGO_CFG_TARGET_OS") != "linux" || of("CARGO_CFG_TARGET_ENV") != "gnu" {
        return;
    }
    println!("cargo::rustc-link-arg-bins=-no-pie");
    let Ok(output) = Command::new("cc").arg(format!("-print-file-name=lib{UNWINDER}.a")).output() else {
        return;
    };
    let archive = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    // It says the bare name back where there is none.
    if let Some(folder) = Path::new(&archive).parent().filter(|folder| folder.is_absolute()) {
        println!("cargo::rustc-link-search=native={}", folder.display());
        println!("cargo::rustc-link-lib=static:-bundle={UNWINDER}");
    }
}
