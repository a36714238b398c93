//! What a death leaves where the state and its lock lie over there.

use rustix::process::Signal;

use crate::cloud::project::{one, resources};
use crate::harness::patience::until_true;
use crate::harness::space::gate;
use crate::harness::vendors::StandIn;
use crate::harness::vendors::failures::broken;
use crate::harness::vendors::terraform_cloud::{Holder, TerraformCloud};
use crate::harness::{Space, needs, processes};
use crate::resume::place::process;

fn gated(cloud: &StandIn<TerraformCloud>) -> Space {
    let place = Space::new();
    let gate = gate(&place.root.join("waits"), &place.root.join("go"));
    // The gate's files lie in the project itself, whose folder is known only now.
    let space = one(cloud, "GATE");
    let gate = gate.replace(&place.root.display().to_string(), &space.root.display().to_string());
    let main = space.read("terraform/one/main.tf").replace("GATE", &gate);
    space.write("terraform/one/main.tf", &main);
    space
}

fn holder(cloud: &StandIn<TerraformCloud>) -> Option<Holder> {
    cloud.vendor(|cloud| cloud.named("shop-one").holder.clone())
}

/// Waits until nothing that was started in this place runs any more.
#[track_caller]
fn is_quiet(space: &Space) {
    let place = space.root.parent().unwrap().to_string_lossy().into_owned();
    until_true("all processes have ended", || processes::below(&place).is_empty());
}

#[test]
fn an_apply_outlives_shipway_and_gives_its_lock_back() {
    needs!("terraform");
    let cloud = StandIn::start(TerraformCloud::local());
    let space = gated(&cloud);
    let running = space.start("up --yes");
    space.wait_for("waits");
    assert_eq!(holder(&cloud), Some(Holder::User("ada".to_owned())), "it is locked while it is changed");
    running.signal(Signal::KILL);
    running.wait();
    space.write("go", "");
    is_quiet(&space);
    assert_eq!((holder(&cloud), resources(&cloud)), (None, 2));
    space.run("up --yes").exits(0).says("went through without it: 2 added");
    assert_eq!(space.read("made"), "first\nsecond\n");
}

#[test]
fn a_lock_that_a_killed_terraform_left_is_named_and_broken_only_by_hand() {
    needs!("terraform");
    let cloud = StandIn::start(TerraformCloud::local());
    let space = gated(&cloud);
    let running = space.start("up --yes");
    space.wait_for("waits");
    rustix::process::kill_process(process(&space, "one:apply"), Signal::KILL).unwrap();
    running.wait().exits(1).says("in doubt, started and not ended: terraform_data.second");
    space.write("go", "");
    is_quiet(&space);
    assert_eq!(resources(&cloud), 0, "nothing was stored");

    // The vendor tells no time and no process of a lock, so nothing proves that it is ours: even the option does not break it.
    let locked = space.run("up --yes --unlock-own-stale");
    locked
        .exits(6)
        .says("done, perhaps not in its state: creating terraform_data.first")
        .says("not provably by us: HCP Terraform says that ada has locked it")
        .says("`terraform -chdir=terraform/one force-unlock acme/shop-one`");
    assert_eq!(holder(&cloud), Some(Holder::User("ada".to_owned())));

    // The command that it names does.
    space.terraform("one", &["force-unlock", "-force", "acme/shop-one"]);
    assert_eq!(holder(&cloud), None);
    space.run("up --yes").exits(0).says("is imported by the next plan: terraform_data.first");
    assert_eq!((holder(&cloud), resources(&cloud)), (None, 2));
    space.run("up").exits(0).says("nothing to change");
}

#[test]
fn a_state_that_could_not_be_stored_is_stored_by_the_next_up() {
    needs!("terraform");
    let cloud = StandIn::start(TerraformCloud::local());
    let space = one(&cloud, "true");
    space.run("init-one").exits(0);
    cloud.fail(broken(422).on("POST", "/state-versions"));
    let failed = space.run("up --yes");
    failed.exits(1).says("errored.tfstate");
    // terraform keeps the lock, so that nobody goes on with the old state.
    assert_eq!((holder(&cloud), resources(&cloud)), (Some(Holder::User("ada".to_owned())), 0));
    cloud.forgive();
    space.run("up --yes").exits(6).says("ada has locked it").says("force-unlock acme/shop-one");
    assert!(space.has("terraform/one/errored.tfstate"), "it is kept until it is stored");
    space.terraform("one", &["force-unlock", "-force", "acme/shop-one"]);
    space.run("up --yes").exits(0).says("the state of `one` is stored");
    assert_eq!(space.read("made"), "first\nsecond\n", "nothing was made twice");
    assert_eq!((holder(&cloud), resources(&cloud)), (None, 2));
    assert!(!space.has("terraform/one/errored.tfstate"));
}
