//! How Shipway is linked where the GNU C library is: so that the system's loader has little to do at each start. That is every command that
//! a person types, and one more process for each terraform (the shim).
//!
//! - The program stands at a fixed address: 13,000 addresses need not be written into it, each on a page that is then copied.
//! - What unwinds the stack after a panic is in it: a library less to look for, to map, and to let count the processor's features.
//! - What a start, a step and its output call stands together: 1.6 MB of 12. So a start has a quarter fewer page faults, and the rest of the
//!   program is not in memory. `link-order.txt` names those functions, as `benches/runner/order.rs` found them; one that has another name by
//!   now stands where it would have stood anyway.
//!
//! Where the C compiler does not know that library as an archive, or the linker can't be told an order, it is linked as always.

#![expect(clippy::disallowed_methods, reason = "asks the compiler, without Shipway's own doors")]

use std::path::Path;
use std::process::Command;

/// What stands together: the symbols of functions, with `*` for whatever differs between compilers.
const ORDER: &str = include_str!("link-order.txt");

/// Names the file into which the linker writes where it put each function, for `order.rs`.
const MAP: &str = "SHIPWAY_LINK_MAP";

/// What unwinds the stack, as the GNU compilers bring it.
const UNWINDER: &str = "gcc_eh";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=link-order.txt");
    let of = |name: &str| std::env::var(name).unwrap_or_default();
    let is_native = of("HOST") == of("TARGET");
    if !is_native || of("CARGO_CFG_TARGET_OS") != "linux" || of("CARGO_CFG_TARGET_ENV") != "gnu" {
        return;
    }
    println!("cargo::rustc-link-arg-bins=-no-pie");
    println!("cargo::rerun-if-env-changed={MAP}");
    if !of(MAP).is_empty() {
        println!("cargo::rustc-link-arg-bins=-Wl,-Map={}", of(MAP));
    }
    if of("PROFILE") == "release"
        && let Some(script) = order(Path::new(&of("OUT_DIR")))
    {
        println!("cargo::rustc-link-arg-bins=-T{script}");
    }
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

/// Where the linker finds the order; `None` where it is not one that takes it, or where somebody chose another than the usual.
fn order(folder: &Path) -> Option<String> {
    let flags = std::env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    if std::env::var_os("RUSTC_LINKER").is_some() || flags.contains("link") {
        return None;
    }
    // A function that is seldom called is in a section of another name.
    let sections: String =
        ORDER.lines().map(|name| format!("*(.text.{name} .text.unlikely.{name})\n")).collect();
    let text = format!("SECTIONS {{ .text.start : {{\n{sections}}} }}\nINSERT BEFORE .text;\n");
    let (script, source) = (folder.join("order.ld"), folder.join("empty.c"));
    std::fs::write(&script, text).ok()?;
    std::fs::write(&source, "int main(void) { return 0; }\n").ok()?;
    let script = script.to_str()?.to_owned();
    let mut trial = Command::new("cc");
    trial.arg(format!("-T{script}")).arg("-o").arg(folder.join("empty")).arg(source);
    let is_taken = trial.output().is_ok_and(|output| output.status.success());
    is_taken.then_some(script)
}
