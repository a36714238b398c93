//! Ordinary words and numbers of env files are shown wherever they stand.

use super::scene::{MODES, Mode};
use crate::harness::{Space, needs};

const TASKS: &str = r#"
[project]
name   = "web"
dotenv = [".env"]
[env_files.production]
path   = ".envs/.production"
prefix = "PROD"
[environments.web]
env_files = ["production"]
[terraform]
root = "terraform"
[workspaces.web]
vars = { files = "{{ environments.web.env_file_map }}" }
[tasks.postgres]
env = { MAP = "{{ environments.web.env_file_map }}" }
run = "echo postgres listens on web:5432, which is True; echo django.settings.production"
"#;

const ENV: &str = "POSTGRES_USER=postgres\nDEBUG=True\nPORT=5432\nHOST=web\nPOSTGRES_DB=postgres\n\
                   DJANGO_SETTINGS_MODULE=django.settings.production\nUSE_TOKENS=True\nDISABLE_KEYS=1\nPOSTGRES_PORT=5432\n";

const MAIN: &str = "variable \"files\" {}\nresource \"terraform_data\" \"web\" {\n  input = \"5432\"\n}\n\
                    output \"postgres\" {\n  value = \"postgres is True at web:5432\"\n}\n";

#[test]
fn words_and_numbers_of_env_files_blank_out_nothing() {
    needs!("terraform", "bash");
    for mode in MODES {
        let space = Space::with_tasks(TASKS)
            .file(".env", ENV)
            .file(".envs/.production/.django", ENV)
            .workspace("web", MAIN);
        let run = |line: &str| {
            let words = line.split_whitespace();
            let front = match mode {
                Mode::Json => vec!["--json"],
                Mode::DryRun => vec!["--dry-run"],
                _ => vec![],
            };
            let command = space.shipway(front.into_iter().chain(words));
            match mode {
                Mode::Terminal => {
                    let closed = command.terminal().wait();
                    closed.exits(0);
                    String::from_utf8_lossy(&closed.raw).into_owned()
                }
                Mode::GitHub => command.env("GITHUB_ACTIONS", "true").run().exits(0).all(),
                Mode::GitLab => command.env("GITLAB_CI", "true").run().exits(0).all(),
                _ => command.run().exits(0).all(),
            }
        };
        let task = run("postgres");
        let up = run("up --yes");
        let shown = format!("{task}{up}{}", run("output-web"));
        // The base64 of the file itself is a secret; no other thing is.
        assert!(!shown.contains("***"), "{mode:?}: {shown}");
        assert!(!shown.contains("add-mask::postgres") && !shown.contains("add-mask::True"), "{shown}");
        let phrases: &[&str] = match mode {
            Mode::DryRun => &["postgres listens on web:5432, which is True"],
            _ => &[
                "postgres listens on web:5432, which is True",
                "django.settings.production",
                "terraform_data.web",
            ],
        };
        for phrase in phrases {
            assert!(shown.contains(phrase), "{mode:?}: {phrase:?} is not shown: {shown}");
        }
        if mode == Mode::DryRun {
            continue;
        }
        for line in ["logs", "history", "status"] {
            let output = space.run(line);
            assert!(!output.exits(0).all().contains("***"), "{}", output.all());
        }
        for run in space.runs() {
            // The events of a short run stand in its journal.
            for file in run.read_dir().unwrap().map(|file| file.unwrap().path()) {
                let text = std::fs::read_to_string(file).unwrap();
                assert!(!text.contains("***"), "{text}");
            }
        }
    }
}
