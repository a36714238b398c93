//! What deployments cost those who use the application meanwhile.
//!
//! ```text
//! cargo bench --bench deploy                                        every row, 5 deployments each: an hour
//! cargo bench --bench deploy -- --by shipway                        only Shipway's: a quarter of it
//! cargo bench --bench deploy -- --deployments 2 --load post --on-term die
//! ```
//!
//! A row is a load {`get`, `post`, `slow`: POST of 1.5 s} on an application that at SIGTERM {`die`s at once, is `graceful`, `ignore`s it}.
//! Two replicas stand behind caddy, and are deployed by the hook that people write for themselves (`tests/fixtures/deploy/seed`), and by
//! Shipway with the same compose file and Caddyfile. The load is open-loop, and every request without a whole good answer is lost.
//!
//! Needs a docker engine, docker-compose, git, caddy and curl. Everything in docker has a name of its own and is removed.
#![expect(clippy::print_stdout, reason = "it is there to print")]
#![expect(clippy::disallowed_methods, reason = "measures from outside, without Shipway's own doors")]

#[path = "../../tests/it/harness/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    unused_macros,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the tests' own, of which this is a small part"
)]
mod harness;

use anyhow::{Context as _, bail, ensure};
use harness::deploy_project::{DeployProject, OnTerm, Settings};
use harness::load::Kind;
use harness::seed::SeedServer;
use harness::series::Series;

const LOADS: [(&str, Kind); 3] = [("get", Kind::GET), ("post", Kind::POST), ("slow", Kind::SLOW_POST)];

const ENDS: [(&str, OnTerm); 3] =
    [("die", OnTerm::Die), ("graceful", OnTerm::Graceful), ("ignore", OnTerm::Ignore)];

type Deployer = fn(&Kind, OnTerm, usize) -> Series;

const DEPLOYERS: [(&str, Deployer); 2] = [("hook", by_hand), ("shipway", by_shipway)];

fn main() -> anyhow::Result<()> {
    let mut deployments = 5;
    let (mut only_load, mut only_end, mut only_by) = (None, None, None);
    let mut is_bench = false;
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            "--deployments" => deployments = value()?.parse().context("--deployments needs a number")?,
            "--load" => only_load = Some(value()?),
            "--on-term" => only_end = Some(value()?),
            "--by" => only_by = Some(value()?),
            // Cargo says so; `cargo test --all-targets` does not.
            "--bench" => is_bench = true,
            _ => {
                bail!("unknown: {word}; there are --deployments N, --load KIND, --on-term WHAT and --by WHOM")
            }
        }
    }
    if !is_bench {
        println!("nothing is measured: this is for `cargo bench`");
        return Ok(());
    }
    let tools = ["docker engine", "docker-compose", "git", "caddy", "curl"];
    ensure!(harness::tools::are_here(&tools), "nothing is measured");
    let is_wanted =
        |name: &str, only: &Option<String>| only.as_deref().is_none_or(|only_one| only_one == name);
    println!(
        "| deployed by | load | at SIGTERM | deployments | requests | lost | raced | longest | s each |"
    );
    println!("| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (load, kind) in LOADS.iter().filter(|(name, _)| is_wanted(name, &only_load)) {
        for (end, on_term) in ENDS.iter().filter(|(name, _)| is_wanted(name, &only_end)) {
            for (by, deploy) in DEPLOYERS.iter().filter(|(name, _)| is_wanted(name, &only_by)) {
                let series = deploy(kind, *on_term, deployments);
                let Series { report, .. } = &series;
                println!(
                    "| {by} | {load} | {end} | {deployments} | {} | {} | {} | {:.2} s | {:.1} |",
                    report.sent,
                    report.lost,
                    report.raced,
                    report.max_latency.as_secs_f64(),
                    series.median().as_secs_f64()
                );
            }
        }
    }
    Ok(())
}

/// With the hook that people write for themselves.
fn by_hand(kind: &Kind, on_term: OnTerm, deployments: usize) -> Series {
    let project = DeployProject::new(Settings { on_term, stop_grace: None, ..Settings::default() });
    let server = SeedServer::new(&project);
    project.serves("1", 10, &server.deploy());
    Series::run(&project, kind, deployments, || server.deploy())
}

/// With Shipway, to a folder of this machine.
fn by_shipway(kind: &Kind, on_term: OnTerm, deployments: usize) -> Series {
    let project = DeployProject::new(Settings { on_term, stop_grace: None, ..Settings::default() });
    project.space.run("server setup").exits(0);
    let deploy = || project.space.run("deploy --ref HEAD").exits(0).all();
    project.serves("1", 10, &deploy());
    Series::run(&project, kind, deployments, deploy)
}
