//! The bootstrap, the same again and the teardown, by hand and by Shipway.

use std::path::Path;
use std::process::Command;

use anyhow::ensure;

use crate::SHIPWAY;
use crate::measure::{Cost, command, cost};
use crate::table::Pairs;

/// One row: what it is called, the goal of the Makefile and the words for Shipway.
const ROWS: [(&str, &str, &[&str]); 3] = [
    ("bootstrap", "bootstrap", &["up", "--yes", "--confirm", "prod"]),
    ("the same again", "bootstrap", &["up", "--yes", "--confirm", "prod"]),
    ("teardown", "teardown", &["down", "--yes", "--confirm", "prod"]),
];

pub(crate) fn measure(pairs: usize) -> anyhow::Result<()> {
    let mut rows = ROWS.map(|(name, ..)| Pairs::new(name));
    for number in 1..=pairs {
        eprint(&format!("pair {number} of {pairs}"));
        let (by_hand, by_shipway) = (tempfile::tempdir()?, tempfile::tempdir()?);
        copy(&root().join("templates/local"), by_hand.path())?;
        copy(&root().join("templates/local"), by_shipway.path())?;
        for ((_, goal, words), row) in ROWS.iter().zip(&mut rows) {
            let is_up = *goal == "bootstrap";
            let mut make = make(goal, by_hand.path());
            let mut shipway = command(SHIPWAY, by_shipway.path());
            row.push(
                run(&mut make, by_hand.path(), is_up)?,
                run(shipway.args(*words), by_shipway.path(), is_up)?,
            );
        }
    }
    println!("\n{pairs} pairs on fresh copies of templates/local: A is the bare Makefile, B is Shipway\n");
    for row in rows {
        println!("{row}");
    }
    Ok(())
}

/// Runs one side, and looks whether it did what it says.
fn run(command: &mut Command, project: &Path, is_up: bool) -> anyhow::Result<Cost> {
    let cost = cost(command, 1)?;
    for path in [".local/servers/stage/server.json", ".local/servers/prod/server.json", ".local/state"] {
        let exists = project.join(path).exists();
        ensure!(exists == is_up, "{path} {} after {command:?}", if exists { "exists" } else { "is missing" });
    }
    Ok(cost)
}

fn make(goal: &str, project: &Path) -> Command {
    let mut make = command("make", project);
    make.args(["--no-print-directory", "-f"]).arg(root().join("benches/bootstrap/Makefile")).arg(goal);
    make.arg(format!("ROOT={}", project.display()));
    make
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Copies a folder without what a run in it left.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_string_lossy().starts_with('.') && name != ".gitignore" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to.join(name))?;
        } else {
            std::fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "a sign of life; the figures go to standard output")]
fn eprint(text: &str) {
    eprintln!("{text}");
}
