//! Providers: what one workspace has fetched, the others take; what a lock file demands and nothing else; and who decides himself is left alone.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::harness::registry::{REQUIRED, Registry};
use crate::harness::{Output, Space, needs};

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// Five roots with the same provider; the user's settings lead to the registry, and hold a token.
fn project(registry: &Registry) -> Space {
    let tasks = NAMES.iter().fold("[terraform]\nroot = \"terraform\"\n".to_owned(), |tasks, name| {
        tasks + &format!("[workspaces.{name}]\n")
    });
    let space = NAMES.iter().fold(Space::with_tasks(&tasks), |space, name| space.workspace(name, REQUIRED));
    settings(&space, &registry.settings());
    space
}

fn settings(space: &Space, text: &str) {
    let token = "credentials \"app.example.com\" {\n  token = \"t0ken-of-the-user\"\n}\n";
    std::fs::write(home(space).join(".terraformrc"), format!("{token}{text}")).unwrap();
}

fn home(space: &Space) -> PathBuf {
    space.root.with_file_name("home")
}

fn packages(space: &Space) -> PathBuf {
    home(space).join(".cache/shipway/providers/packages")
}

/// What is installed for a workspace.
fn installed(space: &Space, name: &str) -> PathBuf {
    let version =
        space.path(&format!("terraform/{name}/.terraform/providers/registry.example.com/acme/fake/1.0.0"));
    version.read_dir().unwrap().map(|entry| entry.unwrap().path()).next().unwrap()
}

fn is_from_store(space: &Space, name: &str) -> bool {
    installed(space, name).read_link().is_ok_and(|target| target.starts_with(packages(space)))
}

/// As if all roots had committed the lock file that the first one got.
fn share_the_lock(space: &Space) {
    let lock = space.read("terraform/a/.terraform.lock.hcl");
    for name in &NAMES[1..] {
        space.write(&format!("terraform/{name}/.terraform.lock.hcl"), &lock);
    }
}

#[track_caller]
fn program(space: &Space, name: &str) -> PathBuf {
    let program = installed(space, name).join("terraform-provider-fake_v1.0.0");
    assert_eq!(std::fs::metadata(&program).unwrap().permissions().mode() & 0o100, 0o100, "it can be run");
    program
}

#[test]
fn what_one_workspace_fetched_the_others_take_side_by_side_and_ask_nobody() {
    needs!("terraform");
    let registry = Registry::start();
    let space = project(&registry);
    space.run("init-a").exits(0);
    assert_eq!(registry.fetched(), 1);
    assert!(!is_from_store(&space, "a"), "the first has its own");
    share_the_lock(&space);
    let (asked, lock) = (registry.asked(), space.read("terraform/a/.terraform.lock.hcl"));
    space.run("-j4 init-all").exits(0);
    assert_eq!(registry.asked(), asked, "the registry was asked for what the lock file names");
    for name in &NAMES[1..] {
        assert!(is_from_store(&space, name), "{name}");
        program(&space, name);
        assert_eq!(space.read(&format!("terraform/{name}/.terraform.lock.hcl")), lock, "{name}");
    }
    // The user's token was in the settings that terraform got, and stays nowhere.
    let found = space.program("grep").args(["-rlF", "t0ken-of-the-user", "."]).output().unwrap();
    assert_eq!(String::from_utf8(found.stdout).unwrap(), "");
    let mode = std::fs::metadata(home(&space).join(".cache/shipway/providers")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn without_a_lock_file_the_registry_chooses() {
    needs!("terraform");
    let registry = Registry::start();
    let space = project(&registry);
    space.run("init-a").exits(0);
    space.run("init-b").exits(0);
    assert_eq!(registry.fetched(), 2);
    assert!(!is_from_store(&space, "b"));
    // Now it has one.
    std::fs::remove_dir_all(space.path("terraform/b/.terraform")).unwrap();
    space.run("init-b").exits(0);
    assert_eq!(registry.fetched(), 2);
    assert!(is_from_store(&space, "b"));
    // What is to be chosen anew is not taken from the store.
    let asked = registry.asked();
    space.run("init-c -- -upgrade").exits(0);
    assert!(registry.asked() > asked);
}

#[test]
fn a_damaged_package_and_a_cleared_store_are_noticed_and_mended() {
    needs!("terraform");
    let registry = Registry::start();
    let space = project(&registry);
    space.run("init-a").exits(0);
    share_the_lock(&space);
    space.run("init-b").exits(0);
    assert!(is_from_store(&space, "b"));

    std::fs::write(program(&space, "b"), "something else").unwrap();
    let mended = space.run("init-c");
    mended.exits(0).says("not what the lock file demands");
    assert!(!is_from_store(&space, "c"));
    assert_eq!(registry.fetched(), 2);
    // What was fetched took the place of what was damaged.
    space.run("init-d").exits(0).does_not_say("demands");
    assert!(is_from_store(&space, "d"));
    assert_eq!(std::fs::read(program(&space, "d")).unwrap(), std::fs::read(program(&space, "a")).unwrap());

    // Links that lead nowhere would make init stumble.
    std::fs::remove_dir_all(home(&space).join(".cache")).unwrap();
    space.run("init-d").exits(0);
    program(&space, "d");
    space.run("init-e").exits(0);
    assert!(is_from_store(&space, "e"));
}

#[test]
fn who_says_where_providers_come_from_has_no_store() {
    needs!("terraform");
    let registry = Registry::start();
    let space = project(&registry);
    let cache = space.root.with_file_name("cache");
    std::fs::create_dir(&cache).unwrap();
    settings(&space, &format!("plugin_cache_dir = \"{}\"\n{}", cache.display(), registry.settings()));
    space.run("init-a").exits(0);
    assert!(cache.join("registry.example.com").exists(), "it was the user's to say");
    settings(&space, &registry.settings());
    space.shipway(["init-b"]).env("TF_PLUGIN_CACHE_DIR", cache.as_os_str()).run().exits(0);
    let own = home(&space).join(".terraform.d/plugins");
    std::fs::create_dir_all(&own).unwrap();
    space.run("init-c").exits(0);
    assert!(!packages(&space).exists());
}

#[test]
fn a_ci_job_takes_what_was_locked_and_says_what_to_commit() {
    needs!("terraform");
    let registry = Registry::start();
    let space = project(&registry);
    let in_ci = |line: &str| -> Output { space.shipway(line.split(' ')).env("CI", "true").run() };
    // None is there: as ever.
    in_ci("init-a").exits(0);
    share_the_lock(&space);
    in_ci("init-b").exits(0);
    assert!(is_from_store(&space, "b"));
    // One that lacks a provider is not completed where nobody would see it.
    space.write("terraform/c/.terraform.lock.hcl", "");
    let refused = in_ci("init-c");
    refused.exits(1).says("Provider dependency changes detected").says("run `shipway init-c` where you work");
    assert_eq!(space.read("terraform/c/.terraform.lock.hcl"), "");
    space.run("init-c").exits(0);
    in_ci("init-c").exits(0);
}
