//! The bootstrap, the same again and the teardown, by hand and by Shipway, and the fastest that bare terraform could be.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::ensure;

use crate::SHIPWAY;
use crate::measure::{Account, Cost, Own, command, cost};
use crate::table::{Goal, Table, milliseconds, percent, spread};

/// The words for Shipway.
const UP: [&str; 4] = ["up", "--yes", "--confirm", "prod"];
const DOWN: [&str; 4] = ["down", "--yes", "--confirm", "prod"];

/// Pairs on copies of the template whose two servers take `boot` seconds to be there, as machines do; with 0 they are there at once.
pub(crate) fn measure(pairs: usize, boot: usize) -> anyhow::Result<()> {
    let mut table = Table::default();
    for number in 1..=pairs {
        eprint(&format!("pair {number} of {pairs}, boot {boot} s"));
        let project = || -> anyhow::Result<tempfile::TempDir> {
            let folder = tempfile::tempdir()?;
            copy(&root().join("templates/local"), folder.path())?;
            boots(folder.path(), boot)?;
            Ok(folder)
        };
        let (by_hand, by_shipway, at_best) = (project()?, project()?, project()?);
        let hand = |goal: &str| run(&mut make(goal, by_hand.path()), by_hand.path(), goal != "teardown");
        let shipway = |words: &[&str]| {
            let mut command = command(SHIPWAY, by_shipway.path());
            run(command.args(words), by_shipway.path(), words != DOWN)
        };
        table.bootstrap.push([
            hand("bootstrap")?,
            shipway(&UP)?,
            run(&mut make("limit", at_best.path()), at_best.path(), true)?,
        ]);
        table.again.push([hand("bootstrap")?, shipway(&UP)?]);
        table.teardown.push([hand("teardown")?, shipway(&DOWN)?]);
    }
    println!("\n{pairs} pairs on fresh copies of templates/local, each server boots for {boot} s:");
    println!(
        "A is the Makefile, one command after the other; B is Shipway; C is the fastest that bare terraform can be\n"
    );
    // The goals are about machines that boot: without that, nothing of the time can be had by order alone.
    let goal = |ratio| (boot > 0).then_some(Goal(ratio));
    table.print(goal(0.5), goal(0.25));
    Ok(())
}

/// What was measured of one command.
struct Row {
    name: &'static str,
    own: Vec<f64>,
    share: Vec<f64>,
    /// How often it started terraform, by subcommand; the same in each run.
    starts: BTreeMap<String, usize>,
}

/// What Shipway itself costs in processor time: all of it without terraform, and without the project's own scripts.
pub(crate) fn measure_own(runs: usize) -> anyhow::Result<()> {
    let mut rows = ["up", "up again", "down"].map(|name| Row {
        name,
        own: Vec::new(),
        share: Vec::new(),
        starts: BTreeMap::new(),
    });
    for _ in 0..runs {
        let folder = tempfile::tempdir()?;
        copy(&root().join("templates/local"), folder.path())?;
        for (row, words) in rows.iter_mut().zip([UP, UP, DOWN]) {
            let words: Vec<&str> = [SHIPWAY].into_iter().chain(words).collect();
            let Own { all, counted, starts } =
                Account::of(&["terraform", "bash"])?.run(&words, folder.path())?;
            let ours = all.saturating_sub(counted);
            row.own.push(ours.as_secs_f64());
            row.share.push(ours.as_secs_f64() / counted.as_secs_f64().max(0.001));
            row.starts = starts;
        }
    }
    println!(
        "Shipway's own processor time, median of {runs} runs on templates/local; goal: at most 2 % of terraform's\n"
    );
    for Row { name, own, share, starts } in rows {
        let ([_, own, _], [least, share, most]) = (spread(own), spread(share));
        let starts: Vec<String> =
            starts.into_iter().map(|(subcommand, count)| format!("{count} {subcommand}")).collect();
        println!(
            "  {name:10} {:>10}  {:>7} of terraform's (from {} to {}); terraform was started for {}",
            milliseconds(Duration::from_secs_f64(own)),
            percent(share),
            percent(least),
            percent(most),
            if starts.is_empty() { "nothing".to_owned() } else { starts.join(", ") },
        );
    }
    println!();
    Ok(())
}

/// Lets both servers take a while.
fn boots(project: &Path, seconds: usize) -> anyhow::Result<()> {
    if seconds > 0 {
        let text = format!(
            "resource \"terraform_data\" \"boot\" {{\n  provisioner \"local-exec\" {{\n    command = \"sleep {seconds}\"\n  }}\n}}\n"
        );
        for app in ["stage", "prod"] {
            std::fs::write(project.join(format!("terraform/deploy/app/{app}/boot.tf")), &text)?;
        }
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
