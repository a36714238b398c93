//! Env files as real programs read them: what is written for them, and what the models say of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use shipway::masking::{EnvValue, env_value};
use shipway::text::dotenv::lint::Lint;
use shipway::text::dotenv::{Reader, parse, read_as, render_assignment};

use crate::harness::docker::{DockerName, LABEL, docker};
use crate::harness::needs;

/// Values with whatever some reader takes for its own.
const VALUES: &[&str] = &[
    "",
    "postgres",
    "two words",
    " blanks around ",
    "a # b",
    "a#b",
    "#a",
    "it's",
    "say \"no\"",
    "'quoted'",
    "\"quoted\"",
    "$HOME",
    "${HOME}",
    "${HOME:-x}",
    "pa$5",
    "pa$$word",
    "a$",
    "back\\slash",
    "back\\nslash",
    "at the end\\",
    "C:\\new\\table",
    "`id`",
    "$(id)",
    "a;b&c|d<e>f(g)h",
    "~/a:~",
    "a*b?c[d]{e,f}",
    "!history",
    "one\ntwo",
    "one\n\nthree # four\n",
    "tab\tinside",
    "-----BEGIN KEY-----\nMIIE+/==\n-----END KEY-----\n",
    "é ü 😀",
    "=",
    "a=b",
    "export A=1",
    "postgres://user:p%40ss@db:5432/app?sslmode=require",
    "{\"a\": [1, \"b\"]}",
    "yes",
    "0123",
    "null",
];

/// An env file of all values that can be written for `readers`, and those values by their keys.
fn written(readers: &[Reader]) -> (String, BTreeMap<String, String>) {
    let mut file = "# written\n".to_owned();
    let mut values = BTreeMap::new();
    for (number, value) in VALUES.iter().enumerate() {
        let key = format!("K{number}");
        if let Ok(line) = render_assignment(&key, value, readers) {
            writeln!(file, "{line}").unwrap();
            values.insert(key, (*value).to_owned());
        }
    }
    (file, values)
}

/// What `docker-compose config` has for a service whose `env_file` this is.
fn as_compose_1(file: &str) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), file).unwrap();
    let project = "version: \"2.4\"\nservices:\n  a:\n    image: none\n    env_file: file\n";
    std::fs::write(folder.path().join("docker-compose.yml"), project).unwrap();
    let mut command = Command::new("docker-compose");
    command.args(["--project-name", "env-files", "config"]).current_dir(folder.path()).env_remove("HOME");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let config: serde_json::Value = serde_saphyr::from_slice(&output.stdout).unwrap();
    let Some(environment) = config["services"]["a"]["environment"].as_object() else {
        return BTreeMap::new();
    };
    // What it prints can be read by it again, so each `$` is doubled.
    let text = |value: &serde_json::Value| value.as_str().expect("a text").replace("$$", "$");
    environment.iter().map(|(key, value)| (key.clone(), text(value))).collect()
}

#[test]
fn compose_1_reads_back_what_is_written() {
    needs!("docker-compose");
    let (file, values) = written(&[Reader::Compose, Reader::Python]);
    assert!(values.len() > VALUES.len() - 4, "{}", values.len());
    assert_eq!(as_compose_1(&file), values);
}

#[test]
fn compose_1_reads_what_the_model_of_python_dotenv_reads() {
    needs!("docker-compose");
    let ways = ["", "'", "\""];
    let mut file = String::new();
    let mut expected = BTreeMap::new();
    for (number, value) in VALUES.iter().enumerate() {
        for (way, quote) in ways.iter().enumerate() {
            let raw = format!("{quote}{value}{quote}");
            let key = format!("K{number}_{way}");
            // One that is refused could take the next lines with it.
            if let Ok(reading) = read_as(Reader::Python, &raw) {
                writeln!(file, "{key}={raw}").unwrap();
                expected.insert(key, reading.value);
            }
        }
    }
    assert!(expected.len() > 100, "{}", expected.len());
    assert_eq!(as_compose_1(&file), expected);
}

#[test]
fn shells_read_back_what_is_written() {
    needs!("sh", "bash");
    let (file, values) = written(&[Reader::Compose, Reader::Python, Reader::Shell]);
    assert!(values.len() > VALUES.len() - 4, "{}", values.len());
    let parsed: BTreeMap<String, String> =
        parse(&file, |_| None, |_| None).expect("compose 2 reads it").into_iter().collect();
    assert_eq!(parsed, values);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), &file).unwrap();
    let asked: String = values.keys().map(|key| format!(" \"${key}\"")).collect();
    let script = format!("set -eu; . ./file; printf '%s\\0'{asked}");
    for shell in ["sh", "bash"] {
        let output = Command::new(shell).args(["-c", &script]).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{shell}: {output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let found: Vec<&str> = text.split_terminator('\0').collect();
        assert_eq!(found, values.values().map(String::as_str).collect::<Vec<_>>(), "{shell}");
    }
}

#[test]
fn docker_reads_what_its_model_reads() {
    needs!("docker", "docker engine");
    let mut file = "# written\n".to_owned();
    let mut expected = BTreeMap::new();
    for (number, value) in VALUES.iter().enumerate() {
        for (way, quote) in ["", "'", "\"", " "].iter().enumerate() {
            let (key, raw) = (format!("K{number}_{way}"), format!("{quote}{value}{quote}"));
            if let Ok(reading) = read_as(Reader::DockerEnvFile, &raw) {
                writeln!(file, "{key}={raw}").unwrap();
                expected.insert(key, reading.value);
            }
        }
    }
    assert!(expected.len() > 100, "{}", expected.len());
    let name = DockerName::new();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    std::fs::write(path("file"), file).unwrap();
    // An archive of nothing ends with two empty blocks.
    std::fs::write(path("nothing.tar"), [0; 1_024]).unwrap();
    let label = format!("LABEL {LABEL}={}", name.text);
    let image = format!("{}:1", name.text);
    docker(&["import", "--change", &label, &path("nothing.tar"), &image]);
    docker(&["create", "--name", &name.text, "--env-file", &path("file"), &image, "none"]);
    let answer = docker(&["inspect", "--format", "{{json .Config.Env}}", &name.text]);
    let list: Vec<String> = serde_json::from_str(&answer).unwrap();
    let each = |line: &String| line.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
    let mut found: BTreeMap<String, String> = list.iter().filter_map(each).collect();
    found.remove("PATH");
    assert_eq!(found, expected);
}

#[test]
fn a_password_that_is_a_word_is_told_and_not_masked() {
    let file = "POSTGRES_DB=postgres\nPOSTGRES_PASSWORD=postgres\nPUBLIC_KEY=web\nAPI_KEY='aB3dE5fG7h'\nPIN_TOKEN=12\n";
    let public = ["PUBLIC_KEY".to_owned()];
    let is_too_weak = |key: &str, value: &[u8]| env_value(key, value, &[], &public) == EnvValue::TooWeak;
    let found = Lint { readers: &[], is_too_weak: &is_too_weak }.run(file.as_bytes());
    let places: Vec<_> = found.iter().map(|one| (one.code, one.line, one.key.as_deref())).collect();
    assert_eq!(
        places,
        [("too-weak-to-mask", 2, Some("POSTGRES_PASSWORD")), ("too-weak-to-mask", 5, Some("PIN_TOKEN"))]
    );
}
