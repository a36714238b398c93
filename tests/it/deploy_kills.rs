//! A deployment that is killed anywhere loses no request and leaves nothing that the next one does not put in order.
//!
//! A debug build ends itself hard after the N-th write of its journal or external command. Here a few such places are tried; with
//! `DEPLOYMENT_KILLS` set every one, or, where that is `FROM-TO`, those.

use std::process::Output;

use crate::harness::deploy_project::{DeployProject, OnTerm, Settings};
use crate::harness::load::{Kind, Load};
use crate::harness::needs;
use crate::harness::server::told;

/// Pushes what is committed by plain git: no client of Shipway that would be killed instead.
fn push(project: &DeployProject, variable: Option<(&str, &str)>) -> Output {
    let repository = project.server().join("stage/repo.git");
    let mut git = project.space.program("git");
    git.arg("push").arg(repository).arg("+HEAD:refs/deploy/stage");
    git.envs(variable).output().unwrap()
}

fn records(project: &DeployProject) -> Vec<serde_json::Value> {
    let folder = project.server().join("stage/records");
    let mut numbers: Vec<u64> = std::fs::read_dir(&folder)
        .unwrap()
        .filter_map(|entry| entry.unwrap().path().file_stem()?.to_str()?.parse().ok())
        .collect();
    numbers.sort_unstable();
    let read = |number: u64| std::fs::read(folder.join(format!("{number}.json"))).unwrap();
    numbers.into_iter().map(|number| serde_json::from_slice(&read(number)).unwrap()).collect()
}

#[test]
fn a_deployment_killed_anywhere_loses_no_request_and_the_next_one_puts_things_in_order() {
    needs!("docker engine", "docker-compose", "git", "caddy");
    let project = DeployProject::new(Settings { on_term: OnTerm::Die, ..Settings::default() });
    project.space.run("server setup").exits(0);
    assert!(push(&project, None).status.success());
    project.serves("1", 10, "");

    let counter = project.space.root.with_file_name("points");
    project.version("2");
    let counted = push(&project, Some(("SHIPWAY_COUNT_POINTS", &counter.to_string_lossy())));
    assert!(counted.status.success(), "{}", told(&counted).1);
    let points: u64 = std::fs::read_to_string(&counter).unwrap().parse().unwrap();
    assert!(points > 40, "{points}");
    let tried: Vec<u64> = match std::env::var("DEPLOYMENT_KILLS") {
        Err(_) => (1..=3).map(|nth| points * nth / 4).collect(),
        Ok(range) => {
            let range =
                range.split_once('-').and_then(|(from, to)| Some(from.parse().ok()?..=to.parse().ok()?));
            (1..=points).filter(|point| range.as_ref().is_none_or(|range| range.contains(point))).collect()
        }
    };

    let load = Load::start(project.address, &Kind::POST);
    load.goes_on_for(100);
    let (mut kills, mut recovered) = (0, 0);
    for (turn, point) in tried.iter().enumerate() {
        project.version(&format!("killed {turn}"));
        let killed = push(&project, Some(("SHIPWAY_KILL_AT", &point.to_string())));
        kills += u32::from(!killed.status.success());
        let version = format!("after {turn}");
        let commit = project.version(&version);
        let (ok, said) = told(&push(&project, None));
        assert!(ok, "after a kill at {point} of {points}: {said}\n--- killed\n{}", told(&killed).1);
        project.serves(&version, 10, &said);
        let replicas = project.replicas();
        assert_eq!(replicas.len(), 2, "after a kill at {point}: {replicas:?}");
        for replica in &replicas {
            assert!(replica.state == "running" && replica.image.ends_with(&commit[..12]), "{replica:?}");
        }
        let records = records(&project);
        let last = records.last().unwrap();
        assert_eq!(
            (last["result"].as_str(), last["commit"].as_str()),
            (Some("succeeded"), Some(commit.as_str()))
        );
        let results: Vec<&str> =
            records.iter().map(|record| record["result"].as_str().unwrap_or("open")).collect();
        assert!(!results.contains(&"open"), "after a kill at {point}: {results:?}");
        assert!(!project.server().join("stage/state.json").exists());
        recovered += 1;
        println!("{point} of {points}: {} lost so far", load.so_far().lost);
    }
    load.goes_on_for(100);
    let report = load.stop();
    println!("{kills} kills of {points} places, {recovered} recovered: {report}");
    report.lost_nothing();
}
