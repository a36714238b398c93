//! What Shipway costs: against the same bootstrap done by hand, and against other task runners at the start.
//!
//! ```text
//! cargo bench --bench bootstrap                     7 pairs without and 7 with servers that boot, and 50 starts
//! cargo bench --bench bootstrap -- --pairs 3 --starts 0
//! cargo bench --bench bootstrap -- --pairs 0 --starts 200
//! cargo bench --bench bootstrap -- --boot 30        servers that take 30 seconds to boot, instead of 2
//! ```
//!
//! A is `make bootstrap` of the Makefile beside this file: `terraform init`, `plan` and `apply` of one workspace after the other. B is
//! `shipway up`. C, for the bootstrap alone, is `make limit`: bare terraform on its critical path. All work on fresh copies of `templates/local`,
//! in turn (A B C A B …), so that what disturbs the machine disturbs them all. Rows are the bootstrap, the same again with nothing left to do, and
//! the teardown. Goals, on the clock: B at most half of A in the bootstrap, and with nothing to do at most a quarter of what A's bootstrap took.
//! The bound of the first is C/A, and it is above a half: four of the five workspaces stand in a row (meta, base, dotenv, then stage and prod side
//! by side), so eight of the ten plans and applies wait for each other, and only the inits and one of two servers can be had beside them.
//!
//! Processor time is that of all processes that a command started and waited for; time on the clock depends on what else the machine does.
//! What Shipway itself costs is told apart in runs of their own, in which terraform and the project's scripts are counted one by one. The
//! copies are made in `TMPDIR`; a disk, not memory, is what projects lie on.
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
    let mut boot = 2;
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
            "--boot" => boot = number()?,
            // Cargo says so; `cargo test --all-targets` does not.
            "--bench" => is_bench = true,
            _ => bail!("unknown: {word}; there are --pairs N, --starts N and --boot SECONDS"),
        }
    }
    if !is_bench {
        println!("nothing is measured: this is for `cargo bench`");
        return Ok(());
    }
    if pairs > 0 {
        project::measure(pairs, 0)?;
        if boot > 0 {
            project::measure(pairs, boot)?;
        }
        project::measure_own(pairs)?;
    }
    if starts > 0 {
        start::measure(starts)?;
    }
    Ok(())
}
