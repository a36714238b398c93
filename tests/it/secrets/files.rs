//! Env files: unpacked in a job, generated, merged.

use std::os::unix::fs::PermissionsExt as _;

use super::Shop;
use crate::harness::space::Space;

const TASKS: &str = r#"
[env_files.production]
path = ".envs/.production"
prefix = "PROD"
[environments.prod]
env_files = ["production"]
"#;

fn job(variables: &[(&str, &str)]) -> Space {
    let mut space = Space::with_tasks(TASKS);
    space.environment.extend(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())));
    space
}

/// Of `DJANGO_SECRET_KEY=c4nary-django\nDEBUG=off\n`.
const DJANGO: &str = "REpBTkdPX1NFQ1JFVF9LRVk9YzRuYXJ5LWRqYW5nbwpERUJVRz1vZmYK";

#[test]
fn a_job_gets_its_files_and_github_is_told_what_to_mask() {
    let space = job(&[("PROD_DJANGO", DJANGO), ("GITHUB_ACTIONS", "true"), ("CI", "true")]);
    let output = space.run("secrets unpack -e prod");
    output.exits(0).says("::add-mask::c4nary-django\n").says("$PROD_DJANGO → .envs/.production/.django");
    // Nowhere but there.
    assert_eq!(output.all().matches("c4nary").count(), 1, "{}", output.all());
    assert!(!output.all().contains("add-mask::off"));
    assert_eq!(space.read(".envs/.production/.django"), "DJANGO_SECRET_KEY=c4nary-django\nDEBUG=off\n");
    let mode = std::fs::metadata(space.path(".envs/.production/.django")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    space.run("secrets unpack -e prod").exits(0);
}

#[test]
fn what_is_missing_empty_or_broken_writes_nothing() {
    let space = job(&[]);
    space
        .run("secrets unpack -e prod")
        .exits(4)
        .says("no variable begins with PROD_")
        .says("shipway secrets push -e prod");
    let space = job(&[("PROD_DJANGO", DJANGO), ("PROD_POSTGRES", ""), ("PROD_OTHER", "not base64!")]);
    let output = space.run("secrets unpack -e prod");
    output
        .exits(4)
        .says("$PROD_POSTGRES: is empty: the forge has no such secret")
        .says("$PROD_OTHER: is no base64 of a file");
    output.does_not_say("not base64!");
    assert!(!space.has(".envs"));
}

#[test]
fn a_file_that_holds_something_else_is_left_alone() {
    let space = job(&[("PROD_DJANGO", DJANGO)]).file(".envs/.production/.django", "MINE=1\n");
    space.run("secrets unpack -e prod").exits(4).says(".envs/.production/.django").says("--force");
    assert_eq!(space.read(".envs/.production/.django"), "MINE=1\n");
    space.run("--force secrets unpack -e prod").exits(0);
    assert!(space.read(".envs/.production/.django").contains("c4nary"));
}

#[test]
fn what_a_template_left_open_gets_strong_values() {
    let space = job(&[])
        .file(".envs/.production/.django", "# !!!SET X!!!\nDJANGO_SECRET_KEY=!!!SET DJANGO_SECRET_KEY!!!\r\nURL=postgres://app:!!!SET POSTGRES_PASSWORD!!!@db/\n")
        .file(".envs/.production/.postgres", "POSTGRES_PASSWORD=!!!SET POSTGRES_PASSWORD!!!");
    space.run("secrets generate").exits(4).says("--yes");
    let output = space.run("secrets generate --yes");
    output.exits(0).says("DJANGO_SECRET_KEY, URL");
    let (django, postgres) =
        (space.read(".envs/.production/.django"), space.read(".envs/.production/.postgres"));
    let password = postgres.strip_prefix("POSTGRES_PASSWORD=").unwrap();
    assert_eq!(password.len(), 64);
    let key = django.split("DJANGO_SECRET_KEY=").nth(1).unwrap().split("\r\n").next().unwrap();
    assert_eq!(
        django,
        format!("# !!!SET X!!!\nDJANGO_SECRET_KEY={key}\r\nURL=postgres://app:{password}@db/\n")
    );
    output.does_not_say(password).does_not_say(key);
    space.run("secrets generate --yes").exits(0).says("no env file has a place that is not set");
}

#[test]
fn what_is_wrong_with_env_files_is_told_without_a_value() {
    let tasks = format!(
        "{TASKS}[rollout]\ncompose = \"compose.yml\"\n[rollout.web]\nservices = [\"web\"]\nhealthcheck = {{ tcp = 80 }}\n"
    );
    let space = Space::with_tasks(&tasks)
        .file(
            ".envs/.production/.django",
            "A=1\nA=hunter-one\nOPEN=!!!SET OPEN!!!\nPRICE=5$hunter7\nPOSTGRES_PASSWORD=postgres\n",
        )
        .file("compose.yml", "services:\n  web:\n    image: ${IMAGE}:${TAG:-1}\n    command: $A\n");
    let wide = |path: &str, mode| {
        std::fs::set_permissions(space.path(path), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    wide(".envs/.production/.django", 0o644);
    space.git(&["init", "--quiet"]);
    space.git(&["add", "-A"]);
    space.git(&["commit", "--quiet", "-m", "too much"]);
    let output = space.run("secrets lint");
    output.exits(1);
    for said in [
        ".envs/.production/.django:2:1: error[duplicate-key]",
        ".envs/.production/.django:3:",
        "[unset-marker]",
        ".envs/.production/.django:4:",
        ".envs/.production/.django:5:",
        ".envs/.production/.django: warning[open-mode]: others on this machine may read it (mode 644)",
        ".envs/.production/.django: error[not-ignored]",
        ".envs/.production/.django: error[in-history]",
        "compose.yml:3: warning[undefined-key]: no env file defines `IMAGE`",
    ] {
        assert!(output.stdout.contains(said), "{said}\n{}", output.stdout);
    }
    assert!(!output.stdout.contains("hunter") && !output.stdout.contains("TAG"), "{}", output.stdout);
    let rows = crate::harness::space::lines(&space.run("secrets lint --json").stdout);
    assert!(rows.iter().any(|row| row["code"] == "in-history"));
    let clean = job(&[]).file(".envs/.production/.django", "A=1\n").file(".gitignore", ".envs/\n");
    std::fs::set_permissions(clean.path(".envs/.production/.django"), std::fs::Permissions::from_mode(0o600))
        .unwrap();
    clean.git(&["init", "--quiet"]);
    clean.run("secrets lint").exits(0).prints("1 env file, nothing wrong\n");
}

#[test]
fn files_are_joined_into_one_that_git_ignores() {
    let space = job(&[])
        .file(".envs/.production/.django", "A=1\nSHARED=x")
        .file(".envs/.production/.postgres", "B=2\nSHARED=x\n")
        .file(".gitignore", ".envs/\n");
    space.git(&["init", "--quiet"]);
    space.run("secrets merge -e prod --output .env").exits(4).says("git does not ignore .env");
    assert!(!space.has(".env"));
    space.write(".gitignore", ".envs/\n.env\n");
    space.run("secrets merge -e prod --output .env").exits(0);
    let merged = space.read(".env");
    assert!(
        merged.contains("A=1\n") && merged.contains("B=2\n") && merged.matches("SHARED").count() == 1,
        "{merged}"
    );
    space.run("secrets merge -e prod --output .env").exits(0).says("is as it would be written");
    space.write(".envs/.production/.postgres", "B=2\nSHARED=hunter22\n");
    let output = space.run("--force secrets merge -e prod --output .env");
    output.exits(3).says("SHARED").says(".django:2").does_not_say("hunter22");
    space.run("--force secrets merge -e prod --output .env --last-wins").exits(0);
    assert!(space.read(".env").contains("SHARED=hunter22"));
}

#[test]
fn the_page_on_secrets_is_true() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/secrets.md")).unwrap();
    let mut shop = Shop::github();
    let tasks = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    shop.space.write("tasks.toml", tasks);
    shop.space.write(".gitignore", ".envs/\n.env\n");
    shop.space.git(&["init", "--quiet"]);
    shop.set([("SHIPWAY_ENVIRONMENT".to_owned(), "prod".to_owned())]);
    let lines: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("$ shipway ")).collect();
    assert!(lines.len() >= 8, "{lines:?}");
    for line in lines {
        let answers = if line.contains("push") || line.contains("generate") { " --yes" } else { "" };
        let output = shop.run(&format!("{line}{answers}"));
        // Before the push there is a difference.
        output.exits(i32::from(line.contains("--exit-code")));
    }
}
