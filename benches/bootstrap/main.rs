//! What Shipway costs: against the same bootstrap done by hand, and against other task runners at the start.
//!
//! ```text
//! cargo bench                                       7 pairs and 50 starts
//! cargo bench -- --pairs 3 --starts 0
//! cargo bench -- --pairs 0 --starts 200
//! ```
//!
//! A is `make bootstrap` of the Makefile beside this file: `terraform init`, `plan` and `apply` of one workspace after the other. B is
//! `shipway up`. Both work on fresh copies of `templates/local`, in turn (A B A B …), so that what disturbs the machine disturbs both.
//! Rows are the bootstrap, the same again with nothing left to do, and the teardown. The goal is a ratio below 1 in each of them.
//!
//! Processor time is that of all processes that a command started and waited for; Shipway's own is not told apart. It is the figure to
//! compare: time on the clock depends on what else the machine does. The copies are made in `TMPDIR`; a disk, not memory, is what
//! projects lie on.
//!
//! Needs GNU make and what `templates/local` needs. The other task runners are measured where they are installed, for instance by `pip install
//! rust-just go-task-bin ninja`.
#![expect(clippy::print_stdout, reason = "it is there to print")]
#![expect(
    clippy::disallowed_methods,
    reason = "measures processes from outside, without Shipway's own doors"
)]

mod measure;
mod project;
mod start;
mod table;

use anyhow::{Context as _, bail};

/// Shipway as it is shipped: benches are built with the release profile.
const SHIPWAY: &str = env!("CARGO_BIN_EXE_shipway");

fn main() -> anyhow::Result<()> {
    let mut pairs = 7;
    let mut starts = 50;
    let mut is_bench = false;
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || -> anyhow::Result<usize> {
            words.next().and_then(|word| word.parse().ok()).with_context(|| format!("{word} needs a number"))
        };
        match word.as_str() {
            "--pairs" => pairs = number()?,
            "--starts" => starts = number()?,
            // Cargo says so; `cargo test --all-targets` does not.
            "--bench" => is_bench = true,
            _ => bail!("unknown: {word}; there are --pairs N and --starts N"),
        }
    }
    if !is_bench {
        println!("nothing is measured: this is for `cargo bench`");
        return Ok(());
    }
    if pairs > 0 {
        project::measure(pairs)?;
    }
    if starts > 0 {
        start::measure(starts)?;
    }
    Ok(())
}
