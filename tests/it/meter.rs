//! The kit that deployments are measured with measures: a load that loses nothing where nothing happens, and what it must see where
//! requests are lost; and a real sshd.

use crate::harness::deploy_project::{DeployProject, OnTerm, Settings};
use crate::harness::load::{Kind, Load};
use crate::harness::needs;
use crate::harness::seed::SeedServer;

#[test]
fn the_seeds_own_flow_loses_requests() {
    needs!("docker engine", "docker-compose", "git", "caddy", "curl");
    let settings = Settings { on_term: OnTerm::Die, stop_grace: None, ..Settings::default() };
    let project = DeployProject::new(settings);
    let server = SeedServer::new(&project);
    server.deploy();
    project.serves("1", 10);

    let quiet = Load::start(project.address, &Kind::POST);
    quiet.goes_on_for(600);
    let quiet = quiet.stop();
    println!("nothing is deployed: {quiet}");
    quiet.lost_nothing();

    project.version("2");
    let load = Load::start(project.address, &Kind::POST);
    load.goes_on_for(100);
    let (took, _) = server.deploy();
    load.goes_on_for(100);
    let report = load.stop();
    println!("one deployment in {:.1} s: {report}", took.as_secs_f64());
    assert!(report.lost > 0, "the meter sees nothing: {report}");
    assert_eq!(report.versions.keys().collect::<Vec<_>>(), ["1", "2"], "{report}");
    project.serves("2", 10);
}
