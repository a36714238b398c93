//! What workspaces and servers hold.

use crate::harness::needs;
use crate::harness::space::{Space, lines};

const TASKS: &str = r#"
[env_files.production]
path = ".envs/.production"
prefix = "PROD"
[environments.prod]
env_files = ["production"]
[environments.prod.deploy]
server = "server"
[terraform]
root = "terraform"
[workspaces.app.vars]
files = "{{ environments.prod.env_file_map }}"
token = "{{ secrets.TOKEN }}"
[secrets.TOKEN]
value = { env = "TOKEN" }
[rollout]
before = ["migrate"]
[tasks.migrate]
run = "true"
"#;

const MAIN: &str = r#"
variable "files" {
  type      = map(string)
  sensitive = true
}
variable "token" {
  type      = string
  sensitive = true
}
resource "terraform_data" "files" {
  input = sha256(join(",", values(var.files)))
}
"#;

/// `PLACE of NAME: STATE`.
fn states(space: &Space) -> Vec<String> {
    let output = space.run("secrets list --json");
    output.exits(0).does_not_say("hunter");
    let rows = lines(&output.stdout);
    let of = |row: &serde_json::Value| {
        let name = row["name"].as_str().unwrap().to_owned();
        let places = row["places"].as_array().unwrap().clone();
        places.into_iter().map(move |place| {
            format!("{} of {name}: {}", place["place"].as_str().unwrap(), place["state"].as_str().unwrap())
        })
    };
    rows.iter().flat_map(of).collect()
}

#[test]
fn what_an_apply_and_a_setup_brought_is_known() {
    needs!("terraform", "git");
    let mut space = Space::with_tasks(TASKS)
        .file(".envs/.production/.django", "SECRET_KEY=hunter-one\n")
        .file(".gitignore", ".envs/\nserver/\n.shipway/\n")
        .workspace("app", MAIN);
    space.environment.insert("TOKEN".into(), "hunter-token".into());
    space.git(&["init", "--quiet"]);
    space.git(&["add", "-A"]);
    space.git(&["commit", "--quiet", "-m", "first"]);
    let before = [
        "workspace app of TOKEN: unknown",
        "workspace app of PROD_DJANGO: unknown",
        "server prod of PROD_DJANGO: missing",
    ];
    assert_eq!(states(&space), before);
    space.run("up --yes").exits(0);
    space.run("server setup -e prod").exits(0);
    let all = [
        "workspace app of TOKEN: current",
        "workspace app of PROD_DJANGO: current",
        "server prod of PROD_DJANGO: current",
    ];
    assert_eq!(states(&space), all);
    assert!(!space.read(".shipway/secrets.json").contains("hunter"));

    space.write(".envs/.production/.django", "SECRET_KEY=hunter-two\n");
    space.environment.insert("TOKEN".into(), "hunter-token-2".into());
    let stale = [
        "workspace app of TOKEN: stale",
        "workspace app of PROD_DJANGO: stale",
        "server prod of PROD_DJANGO: stale",
    ];
    assert_eq!(states(&space), stale);
    space.run("secrets diff --exit-code").exits(1);
    space.run("up --yes").exits(0);
    space.run("server setup -e prod").exits(0);
    assert_eq!(states(&space), all);
    space.run("secrets diff --exit-code").exits(0);

    space.run("down --yes").exits(0);
    assert_eq!(states(&space)[0], "workspace app of TOKEN: unknown");
}
