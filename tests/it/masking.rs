//! Secrets on their way through a run: not once on the screen, in the journal, in a log, or on a command line.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::harness::space::resource;
use crate::harness::{Output, Space, needs};

/// Each with characters that some encoding rewrites.
const DECLARED: &str = "dEclared/with+slash&\"quote\" ünd 42";
const DOTENV: &str = "d0tenv:p@ss/w0rd?#%";
const OUTPUT: &str = "0utput<secret>\\back\\slash'single'";
const TYPED: &str = "typed-0n-the-command-line!";

/// How programs write a secret.
fn forms(secret: &str) -> Vec<String> {
    let url = |keep: fn(u8) -> bool| {
        let each = |byte: u8| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        secret.bytes().map(each).collect::<String>()
    };
    let json = serde_json::to_string(secret).unwrap();
    vec![
        secret.to_owned(),
        STANDARD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        url(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte)),
        json[1..json.len() - 1].to_owned(),
    ]
}

/// Every file below a folder, as text.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for entry in folder.read_dir().into_iter().flatten().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push((
                path.display().to_string(),
                String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned(),
            ));
        }
    }
    all
}

/// Looks at the command lines of all processes until it is told to end.
struct Watch {
    over: Arc<AtomicBool>,
    seen: std::thread::JoinHandle<BTreeSet<String>>,
}

impl Watch {
    fn start() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&over);
        let seen = std::thread::spawn(move || {
            let own = std::process::id().to_string();
            let mut seen = BTreeSet::new();
            while !stop.load(Ordering::Relaxed) {
                for entry in Path::new("/proc").read_dir().into_iter().flatten().flatten() {
                    let name = entry.file_name().to_string_lossy().into_owned();
                    if name == own || !name.bytes().all(|byte| byte.is_ascii_digit()) {
                        continue;
                    }
                    if let Ok(line) = fs::read(entry.path().join("cmdline")) {
                        seen.insert(String::from_utf8_lossy(&line).into_owned());
                    }
                }
            }
            seen
        });
        Self { over, seen }
    }

    fn end(self) -> BTreeSet<String> {
        self.over.store(true, Ordering::Relaxed);
        self.seen.join().unwrap()
    }
}

#[track_caller]
fn assert_unseen(secrets: &[&str], space: &Space, output: &Output) {
    for secret in secrets {
        for form in forms(secret) {
            assert!(!output.stdout.contains(&form), "{form:?} is on standard output: {}", output.all());
            assert!(!output.stderr.contains(&form), "{form:?} is on standard error: {}", output.all());
            for (path, text) in files(&space.path(".shipway")) {
                assert!(!text.contains(&form), "{form:?} is in {path}:\n{text}");
            }
        }
    }
}

/// A file with all forms of some secrets, one a line, each in the middle of other text.
fn all_forms(secrets: &[&str]) -> String {
    secrets.iter().flat_map(|secret| forms(secret)).map(|form| format!("before {form} after\n")).collect()
}

#[test]
fn secrets_of_every_source_are_masked_in_every_form_and_stand_on_no_command_line() {
    needs!("terraform", "bash", "base64");
    let secrets = [DECLARED, DOTENV, OUTPUT];
    let main = format!(
        "resource \"terraform_data\" \"a\" {{}}\noutput \"hidden\" {{\n  sensitive = true\n  value = {{ deep = [{}] }}\n}}\n",
        serde_json::to_string(OUTPUT).unwrap()
    );
    let space = Space::with_tasks(
        r#"
[project]
dotenv = [".env"]

[vars]
declared = { env = "DECLARED", secret = true }
bearer   = "Bearer {{ vars.declared }}"

[terraform]
root = "terraform"

[workspaces.source]

[tasks.show]
env = { A = "{{ vars.declared }}", B = "{{ workspaces.source.outputs.hidden }}", C = "{{ vars.bearer }}" }
run = [
  "printf '%s|%s|%s|%s\n' \"$A\" \"$B\" \"$C\" \"$THE_PASSWORD\"; printf %s \"$A\" | base64 -w0; echo; printf %s \"$THE_PASSWORD\" | base64 >&2",
  "cat forms; cat forms >&2; sleep 0.3",
  "echo \"fails with $A\" >&2; exit 3",
]
finally = "echo finally $THE_PASSWORD"
"#,
    )
    .file(".env", &format!("THE_PASSWORD='{DOTENV}'\n"))
    .file("forms", &all_forms(&secrets))
    .workspace("source", &main);
    space.shipway(["up", "--yes"]).env("DECLARED", DECLARED).run().exits(0);
    for line in [vec!["show"], vec!["--json", "show"]] {
        let watch = Watch::start();
        let output = space.shipway(&line).env("DECLARED", DECLARED).run();
        let command_lines = watch.end();
        output.exits(3);
        let shown = format!("{}{}", output.stdout, output.stderr);
        assert!(shown.contains("before *** after"), "what is no secret is shown: {}", output.all());
        assert_unseen(&secrets, &space, &output);
        assert!(command_lines.iter().any(|line| line.contains("cat") || line.contains("sleep")));
        for form in secrets.iter().flat_map(|secret| forms(secret)) {
            let seen = command_lines.iter().find(|line| line.contains(&form));
            assert_eq!(seen, None, "{form:?} was on a command line");
        }
    }
    for line in ["output-source", "status", "history", "logs"] {
        let output = space.shipway([line]).env("DECLARED", DECLARED).run();
        assert_unseen(&secrets, &space, &output);
    }
}

#[test]
fn a_secret_given_on_the_command_line_is_masked_in_the_record() {
    let space = Space::with_tasks(
        "[vars]\ntoken = { env = \"ABSENT\", secret = true }\n[tasks.t]\nenv = { T = \"{{ vars.token }}\" }\nrun = \"echo got $T\"\n",
    );
    let output = space.shipway([format!("token={TYPED}").as_str(), "t"]).run();
    output.exits(0);
    assert_unseen(&[TYPED], &space, &output);
}

#[test]
fn env_files_go_to_servers_byte_for_byte_and_are_never_shown() {
    needs!("terraform", "bash", "git", "ssh-keygen");
    let space = Space::template_local();
    let content =
        format!("# kept\nDJANGO_SECRET_KEY={DECLARED}\r\nDJANGO_ADMIN_URL=Zq3vT9xLwP2mN8bR/\nEMPTY=\n\n");
    let files = [
        ".production/.django",
        ".production/.postgres",
        ".production/.traefik",
        ".staging/.django",
        ".staging/.traefik",
    ];
    for file in files {
        space.write(&format!(".envs/{file}"), &content);
    }
    let watch = Watch::start();
    let output = space.run("up --yes --confirm prod");
    let command_lines = watch.end();
    output.exits(0);
    assert_eq!(space.read(".local/servers/prod/secrets/PROD_POSTGRES"), content);
    assert_eq!(space.read(".local/servers/stage/secrets/STAGE_DJANGO"), content);
    let key = space.read(".local/keys/deploy_ed25519");
    let line = key.lines().nth(1).unwrap();
    let whole = STANDARD.encode(&content);
    for secret in [DECLARED, "Zq3vT9xLwP2mN8bR", &whole, line] {
        assert_unseen(&[secret], &space, &output);
        let seen = command_lines.iter().find(|command| command.contains(secret));
        assert_eq!(seen, None, "{secret:?} was on a command line");
    }
    let outputs = space.run("output-base");
    outputs.exits(0);
    assert_unseen(&[line], &space, &outputs);
}

#[test]
fn a_secret_with_several_lines_is_masked_line_by_line() {
    let space = Space::with_tasks(
        "[vars]\nkey = { sh = \"cat key\", secret = true }\n[tasks.t]\nenv = { K = \"{{ vars.key }}\" }\nrun = \"echo \\\"$K\\\"; printf '%q\\\\n' \\\"$K\\\"\"\n",
    )
    .file("key", "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nqUzyWn5HKzqxk2VtKqzmLb0v6W8eF1xN\n-----END KEY-----\n");
    let output = space.run("t");
    output.exits(0);
    assert_unseen(&["MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "qUzyWn5HKzqxk2VtKqzmLb0v6W8eF1xN"], &space, &output);
}

#[test]
fn a_secret_in_a_line_without_end_is_masked_wherever_the_line_is_cut() {
    needs!("bash");
    let secret = "q7Zk2Vt9Kqz4mLb0v6W8eF1xN3rT5yUi";
    // Whatever the size of a chunk, its end is in the middle of a secret.
    let space = Space::with_tasks(
        "[vars]\ntoken = { env = \"TOKEN\", secret = true }\n[tasks.t]\nenv = { T = \"{{ vars.token }}\" }\nrun = \"cat endless\"\n",
    )
    .file("endless", &format!("{secret}-").repeat(30_000));
    let output = space.shipway(["t"]).env("TOKEN", secret).run();
    output.exits(0);
    assert!(output.stdout.contains("***-***"), "what is no secret is shown");
    for part in [&secret[..8], &secret[24..]] {
        let found = [&output.stdout, &output.stderr].iter().any(|text| text.contains(part));
        assert!(!found, "{part} is shown");
        for (path, text) in files(&space.path(".shipway")) {
            assert!(!text.contains(part), "{part} is in {path}");
        }
    }
}

#[test]
fn a_failing_terraform_shows_nothing_of_what_it_was_given() {
    needs!("terraform");
    let main = format!(
        "variable \"token\" {{\n  type = string\n  validation {{\n    condition = length(var.token) > 1000\n    error_message = \"No: ${{var.token}}\"\n  }}\n}}\n{}",
        resource("a", "true")
    );
    let space = Space::with_tasks(
        "[vars]\ntoken = { env = \"TOKEN\", secret = true }\n[terraform]\nroot = \"terraform\"\n[workspaces.one]\nvars = { token = \"{{ vars.token }}\" }\n",
    )
    .workspace("one", &main);
    let output = space.shipway(["up", "--yes"]).env("TOKEN", DECLARED).run();
    output.exits(1);
    assert_unseen(&[DECLARED], &space, &output);
}

/// Tasks that are given a secret, each in another way.
fn given_a_secret() -> Space {
    Space::with_tasks(
        "[vars]\ntok = { env = \"TOK\", secret = true }\nkind = { prompt = \"Kind\", choices = [\"a\"], secret = true }\n\
         [tasks.x]\nargs = [{ name = \"v\", env = \"TOK\" }]\nrun = 'echo hi {{ v }}; exit 1'\nfinally = 'echo bye {{ v }}'\n\
         [tasks.l]\ndepends = [{ task = \"x\", args = [\"{{ env.TOK }}\"] }]\n\
         [tasks.m]\nmatrix = { v = [\"Zq7pXw9LmN2vK4\"] }\nrun = 'echo {{ matrix.v }}'\n\
         [tasks.f]\nargs = [\"v\"]\nsources = [\"*.none\"]\nrun = 'echo hi {{ v }}'\n\
         [tasks.y]\nargs = [{ name = \"v\", env = \"TOK\", choices = [\"a\", \"b\"] }]\nrun = 'echo {{ v }}'\n\
         [tasks.p]\nargs = [{ name = \"v\", env = \"TOK\", pattern = '[a-z]+' }]\nrun = 'echo {{ v }}'\n\
         [tasks.o]\nargs = [\"--n=1\"]\nrun = 'echo {{ n }}'\n\
         [tasks.calls]\ndepends = [{ task = \"y\", args = [\"{{ env.TOK }}\"] }]\n\
         [env_files.all]\npath = \".envs\"\n",
    )
    .file(".envs/app", "APP_PASSWORD=d0tenv:p@ss/w0rd\n")
}

const TOKEN: &str = "Zq7pXw9LmN2vK4";

#[test]
fn a_dry_run_shows_no_secret_that_the_run_would_mask() {
    let space = given_a_secret();
    let run = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        space.shipway(words).env("TOK", TOKEN).run()
    };
    run("x").exits(1);
    for line in [
        "x",
        "l",
        "--json x",
        "--json l",
        "--explain l",
        "resume",
        "m",
        "--json m",
        "--explain f Zq7pXw9LmN2vK4",
    ] {
        let line = match line {
            "resume" => "resume --dry-run".to_owned(),
            line => format!("--dry-run {line}"),
        };
        let output = run(&line);
        output.exits(0);
        assert!(output.stdout.contains("***"), "{}", output.all());
        assert_unseen(&[TOKEN], &space, &output);
    }
    for line in ["--dry-run x d0tenv:p@ss/w0rd", "--dry-run --json x d0tenv:p@ss/w0rd"] {
        let output = space.run(line);
        output.exits(0);
        assert_unseen(&["d0tenv:p@ss/w0rd"], &space, &output);
    }
}

#[test]
fn words_that_do_not_fit_are_told_without_their_secrets() {
    let space = given_a_secret();
    let lines = [
        "y",
        "p",
        "calls",
        "o Zq7pXw9LmN2vK4",
        "o --Zq7pXw9LmN2vK4",
        "m Zq7pXw9LmN2vK4",
        "watch y",
        "kind=Zq7pXw9LmN2vK4 x",
    ];
    for line in lines {
        for options in ["", "--json "] {
            let line = format!("{options}{line}");
            let output = space.shipway(line.split(' ').collect::<Vec<_>>()).env("TOK", TOKEN).run();
            output.exits(2);
            assert!(output.all().replacen(&line, "", 1).contains("***"), "{}", output.all());
            assert_unseen(&[TOKEN], &space, &output);
        }
    }
    space.run("y d0tenv:p@ss/w0rd").exits(2).says("`***` is no choice for `v` of `y`: `a` or `b`");
}
