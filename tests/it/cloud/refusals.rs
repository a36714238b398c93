//! What is refused, and what is said where the vendor does not let us.

use crate::cloud::project::{one, resources};
use crate::harness::needs;
use crate::harness::vendors::Given;
use crate::harness::vendors::StandIn;
use crate::harness::vendors::failures::{broken, given};
use crate::harness::vendors::terraform_cloud::{Holder, TerraformCloud};

/// Nothing was made over there but the workspace itself.
#[track_caller]
fn assert_untouched(cloud: &StandIn<TerraformCloud>) {
    let lines = cloud.lines();
    for part in ["/runs", "/configuration-versions", "/state-versions", "actions/lock"] {
        assert!(!lines.iter().any(|line| line.contains(part)), "{part}: {lines:#?}");
    }
}

#[test]
fn a_workspace_that_plans_over_there_is_refused_before_anything_is_sent() {
    needs!("terraform");
    for mode in ["remote", "agent"] {
        let cloud = StandIn::start(TerraformCloud::executing(mode));
        let space = one(&cloud, "true");
        let page = format!("https://{}/app/acme/workspaces/shop-one/settings/general", cloud.hostname());
        for line in ["up --yes", "plan", "plan-one", "apply-one --yes", "plan --save saved"] {
            let refused = space.run(line);
            refused.exits(4).says(&format!("acme/shop-one has the execution mode `{mode}`")).says(&page);
            refused.says(&format!("https://{}/app/acme/settings/general", cloud.hostname()));
            assert_untouched(&cloud);
        }
        // Once it is chosen, the same command goes through.
        cloud.vendor(|cloud| "local".clone_into(&mut cloud.named("shop-one").execution));
        space.run("up --yes").exits(0);
        assert_eq!(resources(&cloud), 2);
        // And back: nothing of it is looked at, nor destroyed, over there.
        cloud.vendor(|cloud| mode.clone_into(&mut cloud.named("shop-one").execution));
        let before = cloud.lines().len();
        space.run("down --yes").exits(4).says("execution mode");
        // It looks at all of them, so it only says that one could not be looked at.
        space.run("drift").exits(1).says("execution mode");
        let after = cloud.lines().split_off(before);
        assert!(
            !after.iter().any(|line| line.contains("/runs") || line.contains("state-versions")),
            "{after:#?}"
        );
        assert_eq!(resources(&cloud), 2);
    }
}

#[test]
fn who_plans_here_by_their_own_choice_may() {
    needs!("terraform");
    let cloud = StandIn::start(TerraformCloud::executing("remote"));
    let space = one(&cloud, "true");
    space.shipway(["up", "--yes"]).env("TF_FORCE_LOCAL_BACKEND", "1").run().exits(0);
    assert_eq!(resources(&cloud), 2);
    let tasks = space.read("tasks.toml") + "env = { TF_FORCE_LOCAL_BACKEND = \"1\" }\n";
    space.write("tasks.toml", &tasks);
    space.run("down --yes").exits(0);
    assert_eq!(resources(&cloud), 0);
}

#[test]
fn a_plan_that_is_only_a_bookmark_of_a_run_is_refused_though_nobody_could_ask() {
    needs!("terraform", "bash");
    let cloud = StandIn::start(TerraformCloud::local());
    let space = one(&cloud, "true");
    let real = crate::harness::tools::find("terraform").unwrap();
    // Dash would drop a variable with a `:` in its name.
    let space = space.tool(
        "terraform",
        &format!(
            "#!/bin/bash\ncase \"$*\" in\n*' plan '*) for word; do case \"$word\" in -out=*) out=${{word#-out=}};; esac; done\n\
             printf '{{\"remote_plan_format\":1,\"run_id\":\"run-CZcmD7eagjhyX0vN\",\"hostname\":\"{host}\"}}' >\"$out\"\n\
             printf '{{\"@level\":\"info\",\"type\":\"version\",\"terraform\":\"1.11.4\",\"ui\":\"1.2\"}}\\n'\n\
             printf 'Running plan in HCP Terraform. Output will stream here.\\n'\nexit 2;;\nesac\nexec '{real}' \"$@\"\n",
            host = cloud.hostname(),
            real = real.display(),
        ),
    );
    let refused = space.run("up --yes");
    refused
        .exits(4)
        .says("execution mode `remote`")
        .says("its run run-CZcmD7eagjhyX0vN, which waits there; discard it");
    space
        .run("plan --save saved")
        .exits(4)
        .says("its run run-CZcmD7eagjhyX0vN, which waits there; discard it");
    assert!(!space.has("saved/one.tfplan"), "it is not kept");
    assert_eq!(resources(&cloud), 0);
}

#[test]
fn a_lock_is_told_with_its_holder_and_the_command_that_breaks_it() {
    needs!("terraform");
    let cloud = StandIn::start(TerraformCloud::local());
    let space = one(&cloud, "true");
    space.run("init-one").exits(0);
    for (holder, told) in [
        (Holder::User("bob".to_owned()), "the state of `one` is locked: bob has locked it"),
        (
            Holder::Run("run-7".to_owned()),
            "the state of `one` is locked: the run run-7 of HCP Terraform has locked it",
        ),
    ] {
        cloud.vendor(|cloud| cloud.named("shop-one").holder = Some(holder.clone()));
        let locked = space.run("up --yes --unlock-own-stale");
        locked.exits(6).says(told).says("`terraform -chdir=terraform/one force-unlock acme/shop-one`");
        assert_eq!(
            cloud.vendor(|cloud| cloud.named("shop-one").holder.clone()),
            Some(holder),
            "nobody else's is broken"
        );
        assert_eq!(resources(&cloud), 0);
    }
    cloud.vendor(|cloud| cloud.named("shop-one").holder = None);
    space.run("up --yes").exits(0);
}

#[test]
fn who_has_no_token_is_told_how_to_come_by_one() {
    needs!("terraform");
    let cloud = StandIn::start(TerraformCloud::local());
    let mut space = one(&cloud, "true");
    let variable = cloud.token_variable();
    let token = space.environment.remove(std::ffi::OsStr::new(&variable)).unwrap();
    let said = space.run("up --yes");
    said.exits(1).says(&format!("`terraform login {}`", cloud.hostname())).says(&format!("`{variable}`"));

    let wrong = space.shipway(["up", "--yes"]).env(&variable, "hcp.atlasv1.wrong-one").run();
    wrong.exits(1).says("the token is wrong, revoked or expired").does_not_say("hcp.atlasv1.wrong-one");

    // What `terraform login` writes is enough, for terraform and for Shipway, and is masked.
    let file = space.root.with_file_name("home").join(".terraform.d/credentials.tfrc.json");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let credentials =
        serde_json::json!({"credentials": {cloud.hostname(): {"token": token.to_str().unwrap()}}});
    std::fs::write(&file, credentials.to_string()).unwrap();
    space.write(
        "tasks.toml",
        &(space.read("tasks.toml") + &format!("[tasks.leak]\nrun = \"cat {}\"\n", file.display())),
    );
    space.run("up --yes").exits(0);
    let leak = space.run("leak");
    assert!(
        leak.exits(0).stdout.contains("***") && !leak.all().contains(token.to_str().unwrap()),
        "{}",
        leak.all()
    );
    cloud.vendor(|cloud| "remote".clone_into(&mut cloud.named("shop-one").execution));
    space.run("plan").exits(4).says("execution mode `remote`");
}

#[test]
fn an_organization_that_the_token_may_not_see_is_named() {
    needs!("terraform");
    let cloud = StandIn::start(TerraformCloud::local());
    let space = one(&cloud, "true");
    let main = space.read("terraform/one/main.tf").replace("\"acme\"", "\"emca\"");
    space.write("terraform/one/main.tf", &main);
    space.run("up --yes").exits(1).says("emca");
}

#[test]
fn limits_and_gateways_that_fail_for_a_moment_are_waited_out() {
    needs!("terraform");
    let cloud = StandIn::start(TerraformCloud::local());
    let space = one(&cloud, "true");
    space.run("init-one").exits(0);
    let limit = Given::empty(429).header("x-ratelimit-limit", "30").header("x-ratelimit-reset", "0.2");
    cloud.fail(given(limit).on("GET", "/workspaces/shop-one").times(2));
    cloud.fail(broken(502).on("GET", "/current-state-version").times(1));
    cloud.fail(broken(503).on("POST", "/state-versions").times(1));
    space.run("up --yes").exits(0);
    assert_eq!(resources(&cloud), 2);
    assert_eq!(space.read("made"), "first\nsecond\n", "nothing was made twice");
}
