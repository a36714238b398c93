//! What running tasks costs, beside other runners and beside what the machine itself asks for.
//!
//! ```text
//! cargo bench --bench runner                                    every row, every runner that is installed
//! cargo bench --bench runner -- --install                       gets the runners first, into target/runners (mise takes long)
//! cargo bench --bench runner -- --install --without mise
//! cargo bench --bench runner -- --row chain --runner shipway,make --pairs 15
//! cargo bench --bench runner -- --thousand 20                   a short look: 20 tasks for a thousand
//! cargo bench --bench runner -- --shipway PATH                  another binary than the one of this build
//! cargo bench --bench runner -- --order FILE --map FILE         measures nothing: writes which functions everyday work calls (`order`)
//! ```
//!
//! On ext4 whoever makes a file is slower for some minutes after thousands were deleted: the file system passes over their inodes one by one.
//! So the row of sources comes late; who measures again sets TMPDIR to a disk in memory.
//!
//! Counted is processor time, since a machine has other things to do, too: each figure is the middle one of pairs of a runner and the
//! floor, taken in turn. A row's goal stands beside Shipway's figure, and whether it is met. How long one waits is told, too: a runner that
//! starts one command after another, whatever it is told of jobs, is not behind in processor time.
#![expect(clippy::print_stdout, reason = "it is there to print")]
#![expect(clippy::disallowed_methods, reason = "measures from outside, without Shipway's own doors")]

mod install;
mod measure;
mod order;
mod rows;
mod workload;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use measure::Meter;
use workload::Runner;

struct Wishes {
    thousand: usize,
    pairs: usize,
    rows: Option<String>,
    runners: Option<Vec<String>>,
    shipway: PathBuf,
}

fn main() -> Result<()> {
    let mut wishes = Wishes {
        thousand: 1000,
        pairs: 9,
        rows: None,
        runners: None,
        shipway: env!("CARGO_BIN_EXE_shipway").into(),
    };
    let tools = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/runners");
    let (mut is_bench, mut installs, mut without) = (false, false, Vec::new());
    let (mut order, mut map) = (None, None);
    let mut words = std::env::args().skip(1);
    let list = |text: String| -> Vec<String> { text.split(',').map(str::to_owned).collect() };
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            "--parse" => {
                let table: toml::Table = toml::from_str(&std::fs::read_to_string(value()?)?)?;
                std::mem::forget(table);
                return Ok(());
            }
            "--thousand" => wishes.thousand = value()?.parse().context("--thousand needs a number")?,
            "--pairs" => wishes.pairs = value()?.parse().context("--pairs needs a number")?,
            "--row" => wishes.rows = Some(value()?),
            "--runner" => wishes.runners = Some(list(value()?)),
            "--shipway" => wishes.shipway = std::path::absolute(value()?)?,
            "--order" => order = Some(std::path::absolute(value()?)?),
            "--map" => map = Some(std::path::absolute(value()?)?),
            "--install" => installs = true,
            "--without" => without = list(value()?),
            // Cargo says so; `cargo test --all-targets` does not.
            "--bench" => is_bench = true,
            _ => bail!("unknown: {word}; the head of benches/runner/main.rs names what there is"),
        }
    }
    if !is_bench {
        println!("nothing is measured: this is for `cargo bench`");
        return Ok(());
    }
    if installs {
        install::install(&tools, &without)?;
    }
    let folder = tempfile::tempdir()?;
    if let Some(file) = order {
        let map = map.context("--order needs the linker's --map")?;
        return order::write((&wishes.shipway, &map), folder.path(), &file);
    }
    let meter = Meter::new(folder.path(), Some(tools).filter(|tools| tools.is_dir()))?;
    measure_all(&wishes, &meter, folder.path())
}

fn measure_all(wishes: &Wishes, meter: &Meter, folder: &std::path::Path) -> Result<()> {
    let is_wanted = |runner: &Runner| {
        wishes.runners.as_ref().is_none_or(|names| names.iter().any(|name| name == runner.program()))
    };
    let mut runners = Vec::new();
    for runner in Runner::ALL.into_iter().filter(is_wanted) {
        let found = if runner == Runner::Shipway {
            Some(wishes.shipway.clone())
        } else {
            meter.find(runner.program())
        };
        match found {
            Some(program) => runners.push((runner, program)),
            None => println!("{} is not installed", runner.program()),
        }
    }
    println!("| row | runner | processor ms | floor ms | × floor | peak MiB | wall ms | goal | |");
    println!("| --- | --- | ---: | ---: | ---: | ---: | ---: | --- | --- |");
    for row in rows::rows(wishes.thousand) {
        if wishes.rows.as_ref().is_some_and(|part| !row.name.contains(part.as_str())) {
            continue;
        }
        let mut figures = Vec::new();
        for (runner, program) in &runners {
            match row.measure(meter, (*runner, program), wishes.pairs, folder) {
                Ok(figure) => figures.extend(figure),
                Err(error) => println!("| {} | {} | {error} | | | | | | |", row.name, runner.program()),
            }
        }
        for figure in &figures {
            let is_own = figure.runner == Runner::Shipway;
            let (goal, verdict) =
                if is_own { (row.goal(), row.verdict(&figures)) } else { Default::default() };
            println!(
                "| {} | {} | {:.2} | {:.2} | {:.2} | {:.1} | {:.2} | {goal} | {verdict} |",
                row.name,
                figure.runner.program(),
                figure.millis,
                figure.floor,
                figure.ratio,
                figure.peak,
                figure.wall
            );
        }
    }
    Ok(())
}
