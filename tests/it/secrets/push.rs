//! What is sent, when and why, and what is known of it afterwards.

use super::{DJANGO, Shop, TASKS};
use crate::harness::vendors::failures::{broken, github_forbidden};
use crate::harness::vendors::github::GitHub;
use crate::harness::vendors::gitlab::GitLab;

const ALL: [&str; 8] = [
    "DEPLOY_TOKEN",
    "HOST@stage",
    "PROD_DJANGO@stage",
    "PROD_POSTGRES@stage",
    "STAGE_DJANGO@stage",
    "HOST@prod",
    "PROD_DJANGO@prod",
    "PROD_POSTGRES@prod",
];

fn all(state: &str) -> Vec<String> {
    ALL.iter().map(|name| format!("{name}: {state}")).collect()
}

fn but(mut states: Vec<String>, name: &str, state: &str) -> Vec<String> {
    let row = states.iter_mut().find(|row| row.starts_with(&format!("{name}: "))).unwrap();
    *row = format!("{name}: {state}");
    states
}

fn opened(shop: &Shop<GitHub>, environment: &str, name: &str) -> Vec<u8> {
    shop.forge.vendor(|github| {
        github.repositories["ada/shop"].environments[environment].secrets.open(name).unwrap()
    })
}

#[test]
fn each_secret_is_known_as_missing_current_stale_and_changed_elsewhere() {
    let shop = Shop::github();
    assert_eq!(shop.states(), all("missing"));
    let pushed = shop.run("secrets push --yes --confirm prod");
    pushed.exits(0).says("made the environment stage").says("PROD_DJANGO").says("missing there");
    assert_eq!(shop.states(), all("current"));
    let encoded = "REpBTkdPX1NFQ1JFVF9LRVk9YzRuYXJ5LWRqYW5nby1wcm9kClNJVEU9c2hvcC5leGFtcGxlCg==";
    assert_eq!(opened(&shop, "prod", "PROD_DJANGO"), encoded.as_bytes());
    assert_eq!(opened(&shop, "prod", "HOST"), b"203.0.113.7");
    let made = shop.changes();
    assert_eq!(made.iter().filter(|line| line.ends_with("/environments/stage")).count(), 1);
    // Nothing is sent twice, and nothing asked.
    shop.run("secrets push").exits(0).says("8 secrets current");
    assert_eq!(shop.changes(), made);
    shop.run("secrets diff --exit-code").exits(0).prints("Every place holds every secret as it is here.\n");

    shop.space.write(".envs/.production/.django", &DJANGO.replace("prod", "prod-2"));
    let stale = but(but(all("current"), "PROD_DJANGO@stage", "stale"), "PROD_DJANGO@prod", "stale");
    assert_eq!(shop.states(), stale);
    let diff = shop.run("secrets diff --exit-code");
    diff.exits(1).does_not_say("POSTGRES");
    assert!(diff.stdout.contains("PROD_DJANGO"));
    shop.run("secrets push -e stage --yes").exits(0).says("stage/PROD_DJANGO: changed here");
    assert_eq!(shop.states(), but(all("current"), "PROD_DJANGO@prod", "stale"));

    shop.forge.vendor(|github| {
        let prod = github.repositories.get_mut("ada/shop").unwrap().environments.get_mut("prod").unwrap();
        prod.secrets.touch("HOST");
    });
    assert_eq!(
        shop.states(),
        but(but(all("current"), "PROD_DJANGO@prod", "stale"), "HOST@prod", "changed-elsewhere")
    );
    let shown = shop.run("secrets push --yes");
    shown.exits(4).says("--confirm prod");
    shop.run("secrets push --yes --confirm prod").exits(0).says("by somebody else");
    assert_eq!(shop.states(), all("current"));
}

#[test]
fn another_persons_machine_knows_nothing_and_says_so() {
    let mut shop = Shop::github();
    shop.run("secrets push --yes --confirm prod").exits(0);
    let kept = shop.space.read(".shipway/secrets.json");
    assert!(!kept.contains("c4nary") && !kept.contains("REpBTkdP"), "{kept}");
    shop.set([("XDG_STATE_HOME".to_owned(), shop.space.path("elsewhere").display().to_string())]);
    // The digests are of another key.
    assert_eq!(shop.states(), all("unknown"));
    std::fs::remove_file(shop.space.path(".shipway/secrets.json")).unwrap();
    assert_eq!(shop.states(), all("unknown"));
    assert!(shop.run("secrets list").stdout.contains("it was not sent from here"));
}

#[test]
fn a_ci_job_sends_all() {
    let mut shop = Shop::github();
    shop.run("secrets push --yes --confirm prod").exits(0);
    let before = shop.changes().len();
    shop.set([("CI".to_owned(), "true".to_owned())]);
    shop.run("secrets push --yes --confirm prod").exits(0).says("a CI job sends all");
    assert_eq!(shop.changes().len(), before + 8);
}

#[test]
fn a_push_that_breaks_off_is_continued_by_the_next_one() {
    let shop = Shop::github();
    shop.forge.fail(broken(502).on("PUT", "/environments/stage/secrets/STAGE_DJANGO").times(9));
    let broken = shop.run("secrets push --yes --confirm prod");
    broken.exits(7).says("4 of 8 secrets were sent and noted; the same command sends the rest");
    let sent: Vec<String> = shop.states().into_iter().filter(|row| row.ends_with(": current")).collect();
    assert_eq!(sent.len(), 4, "{sent:?}");
    shop.forge.forgive();
    let before = shop.changes().len();
    shop.run("secrets push --yes --confirm prod").exits(0);
    // The environment prod, and four secrets.
    assert_eq!(shop.changes().len() - before, 5);
    assert_eq!(shop.states(), all("current"));
}

#[test]
fn what_no_forge_takes_is_told_before_the_first_call() {
    let shop = Shop::github();
    std::fs::write(shop.space.path(".envs/.staging/.big"), vec![b'x'; 36_865]).unwrap();
    std::fs::write(shop.space.path(".envs/.staging/.empty"), b"").unwrap();
    let refused = shop.run("secrets push --yes --confirm prod");
    refused
        .exits(4)
        .says("STAGE_BIG of stage: 49156 bytes, GitHub takes 49152")
        .says("STAGE_EMPTY of stage: it is empty");
    assert!(shop.forge.lines().is_empty());
    std::fs::remove_file(shop.space.path(".envs/.staging/.empty")).unwrap();
    std::fs::write(shop.space.path(".envs/.staging/.big"), vec![b'x'; 36_864]).unwrap();
    shop.run("secrets push --yes --confirm prod").exits(0);
    assert_eq!(opened(&shop, "stage", "STAGE_BIG").len(), 49_152);
    for number in 0..100 {
        shop.space.write(&format!(".envs/.staging/.f{number}"), "A=1\n");
    }
    shop.run("secrets push --yes")
        .exits(4)
        .says("`stage` would have 105 secrets, GitHub takes 100 at each level");
}

#[test]
fn a_key_that_is_rotated_in_between_costs_one_more_try() {
    let shop = Shop::github();
    shop.forge.vendor(|github| github.rotates_after_reading = true);
    shop.run("secrets push DEPLOY_TOKEN --yes").exits(1).says("it does not take what was sent");
    shop.forge.vendor(|github| github.rotates_after_reading = false);
    shop.run("secrets push DEPLOY_TOKEN --yes").exits(0);
    let value = shop.forge.vendor(|github| github.repositories["ada/shop"].secrets.open("DEPLOY_TOKEN"));
    assert_eq!(value.as_deref(), Some("c4nary-deploy-token".as_bytes()));
}

#[test]
fn a_dry_run_asks_nobody() {
    let shop = Shop::github();
    shop.run("secrets push --dry-run").exits(0);
    assert!(shop.forge.lines().is_empty() && !shop.space.has(".shipway/secrets.json"));
}

#[test]
fn without_somebody_to_ask_nothing_is_sent() {
    let shop = Shop::github();
    shop.run("secrets push").exits(4).says("nobody can be asked here");
    assert_eq!(shop.changes(), Vec::<String>::new());
}

#[test]
fn a_value_that_is_not_here_is_told_and_keeps_nothing_else_from_being_listed() {
    let mut shop = Shop::github();
    shop.space.environment.remove(std::ffi::OsStr::new("DEPLOY_TOKEN"));
    let listed = shop.run("secrets list");
    listed.exits(0);
    assert!(
        listed.stdout.contains("DEPLOY_TOKEN: `secrets.DEPLOY_TOKEN` needs $DEPLOY_TOKEN, which is not set")
    );
    assert!(listed.stdout.contains("STAGE_DJANGO"));
    shop.run("secrets push --yes --confirm prod").exits(7).says("export DEPLOY_TOKEN=");
    assert_eq!(shop.forge.lines().iter().filter(|line| line.starts_with("PUT")).count(), 0);
    shop.set([("DEPLOY_TOKEN".to_owned(), "x".to_owned())]);
    shop.space.environment.remove(std::ffi::OsStr::new("GITHUB_TOKEN"));
    shop.space.environment.remove(std::ffi::OsStr::new("GH_TOKEN"));
    let listed = shop.run("secrets list");
    assert!(
        listed.stdout.contains("no token for GitHub") && listed.stdout.contains("unknown"),
        "{}",
        listed.stdout
    );
    shop.run("secrets push --yes --confirm prod").exits(7).says("GH_TOKEN").says("gh auth login");
}

#[test]
fn a_token_that_may_not_write_is_told_what_it_lacks() {
    let shop = Shop::github();
    shop.forge.fail(github_forbidden().on("PUT", "/environments/stage"));
    shop.run("secrets push --yes --confirm prod").exits(7).says("it needs the scope `repo`");
}

#[test]
fn gitlab_gets_variables_and_gives_them_back() {
    let mut tasks = TASKS.to_owned();
    tasks.push_str("[forge]\nkind = \"gitlab\"\nrepo = \"team/shop\"\n");
    let shop = Shop::new(&tasks, GitLab::with_project("team/shop"));
    assert_eq!(shop.states(), all("missing"));
    shop.run("secrets push --yes --confirm prod").exits(0);
    assert_eq!(shop.states(), all("current"));
    let variables = shop.forge.vendor(|gitlab| gitlab.projects["team/shop"].variables.clone());
    let one = |key: &str, scope: &str| {
        variables.iter().find(|it| it.key == key && it.scope == scope).unwrap().clone()
    };
    let django = one("PROD_DJANGO", "prod");
    assert!(django.masked && django.protected && django.raw, "{django:?}");
    assert!(!one("STAGE_DJANGO", "stage").protected);
    assert_eq!(one("DEPLOY_TOKEN", "*").value, "c4nary-deploy-token");
    // Its values can be read: so also what somebody else wrote is known.
    std::fs::remove_file(shop.space.path(".shipway/secrets.json")).unwrap();
    assert_eq!(shop.states(), all("current"));
    shop.forge.vendor(|gitlab| {
        let project = gitlab.projects.get_mut("team/shop").unwrap();
        project.variables.iter_mut().find(|it| it.key == "HOST" && it.scope == "prod").unwrap().value =
            "198.51.100.1".to_owned();
    });
    assert_eq!(shop.states(), but(all("current"), "HOST@prod", "changed-elsewhere"));
    shop.run("secrets push --yes --confirm prod").exits(0);
    assert_eq!(shop.states(), all("current"));
}
