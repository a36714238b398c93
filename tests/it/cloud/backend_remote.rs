//! The older way to the same states: the backend `remote`.

use crate::cloud::project::{one, resources};
use crate::harness::needs;
use crate::harness::vendors::StandIn;
use crate::harness::vendors::terraform_cloud::{Holder, TerraformCloud};

#[test]
fn a_root_with_the_backend_remote_is_held_to_the_same_rules() {
    needs!("terraform");
    let cloud = StandIn::start(TerraformCloud::local());
    let space = one(&cloud, "true");
    let main = space.read("terraform/one/main.tf").replace("cloud {", "backend \"remote\" {");
    space.write("terraform/one/main.tf", &main);
    space.run("up --yes").exits(0);
    assert_eq!(resources(&cloud), 2);
    space.run("up").exits(0).says("nothing to change");

    cloud.vendor(|cloud| cloud.named("shop-one").holder = Some(Holder::User("bob".to_owned())));
    space.write("terraform/one/main.tf", &main.replace("input = \"1\"", "input = \"2\""));
    space.run("up --yes").exits(6).says("the state of `one` is locked: bob has locked it");
    cloud.vendor(|cloud| cloud.named("shop-one").holder = None);

    cloud.vendor(|cloud| "remote".clone_into(&mut cloud.named("shop-one").execution));
    space.run("up --yes").exits(4).says("acme/shop-one has the execution mode `remote`");
    cloud.vendor(|cloud| "local".clone_into(&mut cloud.named("shop-one").execution));
    space.run("down --yes").exits(0);
    assert_eq!(resources(&cloud), 0);
}
