//! Deployments of a real project with containers, from the command line to what people who use it meanwhile notice.

use std::time::Instant;

use crate::harness::deploy_project::{Defect, DeployProject, OnTerm, Settings};
use crate::harness::load::{Kind, Load};
use crate::harness::needs;
use crate::harness::program::Output;
use crate::harness::series::Series;

/// A project whose version 1 is live.
fn live(settings: Settings) -> DeployProject {
    let project = DeployProject::new(settings);
    project.space.run("server setup").exits(0);
    project.serves("1", 10, &deploy(&project).exits(0).all());
    project
}

/// Deploys what is committed.
fn deploy(project: &DeployProject) -> Output {
    project.space.run("deploy --ref HEAD")
}

/// What the environment's ref names on the server.
fn live_ref(project: &DeployProject) -> String {
    let repository = project.server().join("stage/repo.git");
    let format = "--format=%(objectname)";
    let said = project.space.git(&[
        "-C",
        &repository.to_string_lossy(),
        "for-each-ref",
        format,
        "refs/deploy/stage",
    ]);
    said.trim().to_owned()
}

fn loses_nothing(kind: &Kind, on_term: OnTerm, deployments: usize) {
    let project = live(Settings { on_term, ..Settings::default() });
    let caddy = || project.docker.containers().into_iter().find(|container| container.service == "caddy");
    let proxy = caddy();
    let series = Series::run(&project, kind, deployments, || deploy(&project).exits(0).all());
    println!(
        "{on_term:?}, {}{}: {series}",
        if kind.is_post { "POST" } else { "GET" },
        match kind.work {
            Some(work) => format!(" of {work:?}"),
            None => String::new(),
        }
    );
    series.report.lost_nothing();
    let replicas = project.replicas();
    assert_eq!(replicas.len(), 2, "{replicas:?}");
    // F23.
    assert_eq!(caddy(), proxy, "the proxy was never made anew");
}

#[test]
fn an_app_that_finishes_at_sigterm_loses_no_get() {
    needs!("docker engine", "docker-compose", "git", "caddy");
    loses_nothing(&Kind::GET, OnTerm::Graceful, 2);
}

#[test]
fn an_app_that_dies_at_sigterm_loses_no_post() {
    needs!("docker engine", "docker-compose", "git", "caddy");
    loses_nothing(&Kind::POST, OnTerm::Die, 2);
}

#[test]
fn an_app_that_ignores_sigterm_loses_no_slow_post() {
    needs!("docker engine", "docker-compose", "git", "caddy");
    loses_nothing(&Kind::SLOW_POST, OnTerm::Ignore, 2);
}

#[test]
fn what_can_not_become_live_leaves_the_live_version_untouched_and_the_same_command_works_after_the_fix() {
    needs!("docker engine", "docker-compose", "git", "caddy");
    let migrate = "docker-compose run --rm --no-deps -T web migrate";
    let project = live(Settings { migrate, ..Settings::default() });
    let one = live_ref(&project);
    let before = project.replicas();
    let load = Load::start(project.address, &Kind::POST);
    load.goes_on_for(100);
    for (version, defect) in [("2", Defect::DoesNotBuild), ("3", Defect::FailsToMigrate)] {
        project.faulty(version, defect);
        let said = deploy(&project);
        said.exits(1);
        assert_eq!(live_ref(&project), one, "{}", said.all());
        assert_eq!(project.replicas(), before, "{}", said.all());
    }
    for (version, defect) in [("4", Defect::Unhealthy), ("5", Defect::CrashesAtBoot)] {
        project.faulty(version, defect);
        let said = deploy(&project);
        said.exits(1).says("putting back");
        assert_eq!(live_ref(&project), one, "{}", said.all());
        let after = project.replicas();
        let images = |replicas: &[crate::harness::docker::Container]| -> Vec<String> {
            replicas.iter().map(|it| it.image.clone()).collect()
        };
        assert_eq!(images(&after), images(&before), "{}", said.all());
        let second = |replicas: &[crate::harness::docker::Container]| {
            replicas.iter().find(|it| it.service == "web2").cloned()
        };
        assert_eq!(second(&after), second(&before), "it was never touched: {}", said.all());
        project.serves("1", 10, &said.all());
    }
    project.version("6");
    let said = deploy(&project);
    project.serves("6", 10, &said.exits(0).all());
    load.goes_on_for(100);
    let report = load.stop();
    println!("four deployments that fail and one that does not: {report}");
    report.lost_nothing();
}

/// A PATH with a docker and a compose that build nothing.
fn without_builder(project: &DeployProject) -> std::ffi::OsString {
    let bin = project.space.root.with_file_name("no-builder");
    std::fs::create_dir_all(&bin).unwrap();
    for tool in ["docker", "docker-compose"] {
        let real = crate::harness::tools::find(tool).unwrap();
        let script = format!(
            "#!/bin/sh\nfor word in \"$@\"; do if [ \"$word\" = build ]; then echo 'no builder' >&2; exit 9; fi; done\n\
             exec '{}' \"$@\"\n",
            real.display()
        );
        let status = std::process::Command::new("sh")
            .args(["-c", "printf '%s' \"$1\" >\"$0\" && chmod 755 \"$0\""])
            .arg(bin.join(tool))
            .arg(script)
            .status();
        assert!(status.unwrap().success());
    }
    let mut path = bin.into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    path
}

#[test]
fn a_roll_back_takes_seconds_and_no_builder() {
    needs!("docker engine", "docker-compose", "git", "caddy");
    let project = live(Settings::default());
    project.space.run("totag v1").exits(4);
    project.space.git(&["tag", "v1"]);
    project.version("2");
    project.space.run("deploy v2 --commit x --yes").exits(0);
    project.serves("2", 10, "");
    let load = Load::start(project.address, &Kind::POST);
    load.goes_on_for(100);
    let begun = Instant::now();
    let said = project.space.shipway(["totag", "v1"]).env("PATH", without_builder(&project)).run();
    let took = begun.elapsed();
    project.serves("1", 10, &said.exits(0).all());
    load.goes_on_for(100);
    let report = load.stop();
    println!("totag v1 after {:.1} s: {report}", took.as_secs_f64());
    report.lost_nothing();
    assert!(!said.all().contains("✓ build"), "{}", said.all());
}
