//! Random bytes on every way into a command, through the real shells of this machine: they arrive as they are, or they are refused by name.
//! Nothing in between: no value is cut, replaced or run.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::sync::OnceLock;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::harness::tools::{are_here, find};
use crate::harness::{Space, needs};

/// Bytes that shells, quotes and templates have plans for come often.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        4 => proptest::sample::select(b"'\"\\$`!*?[]{}()<>|&;#~=%^ \t\n\r-".to_vec()),
        2 => 1..=127_u8,
        1 => 128..=255_u8,
    ]
}

/// Values without a NUL byte, which no process can be given.
fn values() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let text = "([^\\x00]|['\"$`\\\\ \n*{}]){0,16}".prop_map(String::into_bytes);
    vec(prop_oneof![1 => vec(byte(), 0..24), 1 => text], VALUES)
}

/// So many travel at once: a process for each would take too long.
const VALUES: usize = 40;

/// A tasks file in which each value stands bare, quoted in both ways, as a part of a word, and in a command without a shell.
fn everywhere() -> String {
    let mut vars = String::from("[vars]\n");
    let mut words = String::new();
    let mut exec = String::new();
    for number in 0..VALUES {
        vars.push_str(&format!("v{number} = {{ env = \"V{number}\" }}\n"));
        let hole = format!("{{{{ vars.v{number} }}}}");
        words.push_str(&format!(" {hole} \"<{hole}>\" '<{hole}>' a{hole}b"));
        exec.push_str(&format!(", \"{hole}\""));
    }
    format!(
        "{vars}[tasks.words]\nrun = '''\nprintf '%s\\0'{words} >words\n'''\n[tasks.exec]\nrun = {{ exec = [\"sh\", \"-c\", \"printf '%s\\\\0' \\\"$@\\\" >exec\", \"sh\"{exec}] }}\n"
    )
}

fn split(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut parts: Vec<Vec<u8>> = bytes.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
    assert_eq!(parts.pop(), Some(Vec::new()), "each value has its NUL byte behind it");
    parts
}

fn with_values(mut space: Space, values: &[Vec<u8>]) -> Space {
    for (number, value) in values.iter().enumerate() {
        space.environment.insert(format!("V{number}").into(), OsString::from_vec(value.clone()));
    }
    space
}

/// Only what stands here, so that there is no bash.
fn without_bash(space: &mut Space) {
    let bin = space.path("only");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(find("sh").unwrap(), bin.join("sh")).unwrap();
    space.environment.insert("PATH".into(), bin.into());
}

/// The shells that are here; what is missing is said once.
fn shells() -> &'static [&'static str] {
    static SHELLS: OnceLock<Vec<&str>> = OnceLock::new();
    SHELLS.get_or_init(|| {
        ["sh", "bash", "dash", "zsh", "fish"].into_iter().filter(|shell| are_here(&[shell])).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_reach_a_program_as_they_are_or_are_refused(values in values()) {
        let texts: Vec<Vec<u8>> =
            values.iter().map(|value| if std::str::from_utf8(value).is_ok() { value.clone() } else { b"text".to_vec() }).collect();
        for has_bash in [find("bash").is_some(), false] {
            let mut space = with_values(Space::with_tasks(&everywhere()), &texts);
            if !has_bash {
                without_bash(&mut space);
            }
            space.run("words").exits(0);
            let expected: Vec<Vec<u8>> = texts
                .iter()
                .flat_map(|text| {
                    let between = |before: &[u8], after: &[u8]| [before, text, after].concat();
                    [text.clone(), between(b"<", b">"), between(b"<", b">"), between(b"a", b"b")]
                })
                .collect();
            prop_assert_eq!(split(&space.bytes("words")), expected, "bash: {}", has_bash);
            space.run("exec").exits(0);
            prop_assert_eq!(split(&space.bytes("exec")), texts.clone());
        }
        // What is no text is refused where a text is wanted, by name, and nothing was started.
        let space = with_values(Space::with_tasks(&everywhere()), &values);
        let output = space.run("words");
        match values.iter().position(|value| std::str::from_utf8(value).is_err()) {
            None => {
                output.exits(0);
            }
            Some(first) => {
                output.exits(7).says(&format!("the value of $V{first} is not UTF-8"));
                prop_assert!(!space.has("words"));
            }
        }
    }

    #[test]
    fn the_environment_of_a_script_has_random_bytes_as_they_are(values in values()) {
        let mut scripts = Vec::new();
        let names: String = (0..VALUES).map(|number| format!(" \"$V{number}\"")).collect();
        // Each shell's own words, in its own interpreter: here nothing is put in by Shipway, and nothing may be taken away.
        for shell in shells() {
            scripts.push((shell, format!("[tasks.{shell}]\nrun = '''\n#!/usr/bin/env {shell}\nprintf '%s\\0'{names} >{shell}\n'''\n")));
        }
        let tasks: String = scripts.iter().map(|(_, text)| text.as_str()).collect();
        let space = with_values(Space::with_tasks(&tasks), &values);
        for (shell, _) in scripts {
            space.run(shell).exits(0);
            prop_assert_eq!(split(&space.bytes(shell)), values.clone(), "{}", shell);
        }
    }
}

/// Bytes that are no text.
const BROKEN: &[u8] = b"a\xff\xfeb";

#[test]
fn what_is_no_text_is_refused_on_each_way() {
    needs!("bash");
    let tasks = r#"
[vars]
file = { sh = "cat broken" }
[tasks.hole]
run = "echo {{ env.BROKEN }} >ran"
[tasks.environment]
env = { X = "{{ env.BROKEN }}" }
run = "touch ran"
[tasks.command]
run = "echo {{ vars.file }} >ran"
[tasks.dotenv]
dotenv = ["broken.env"]
run = "touch ran"
[tasks.argument]
args = [{ name = "word=usual", env = "BROKEN" }]
run = "echo {{ word }} >ran"
[tasks.gives]
exports = ["X"]
run = "cat broken >$SHIPWAY_OUTPUT"
[tasks.takes]
run = "echo {{ tasks.gives.X }} >ran"
"#;
    let mut space = Space::with_tasks(tasks);
    std::fs::write(space.path("broken"), BROKEN).unwrap();
    std::fs::write(space.path("broken.env"), [b"X=", BROKEN].concat()).unwrap();
    space.environment.insert("BROKEN".into(), OsString::from_vec(BROKEN.to_vec()));
    for (task, code, said) in [
        ("hole", 7, "the value of $BROKEN is not UTF-8"),
        ("environment", 7, "the value of $BROKEN is not UTF-8"),
        ("command", 1, "the command of `vars.file` failed: what it printed is not UTF-8"),
        ("dotenv", 3, "broken.env is not UTF-8"),
        ("argument", 2, "`word` of `argument` comes from $BROKEN, whose value is not UTF-8"),
        ("takes", 1, "`gives` wrote no text to $SHIPWAY_OUTPUT"),
    ] {
        space.run(task).exits(code).says(said);
        assert!(!space.has("ran"), "{task}");
    }
}

#[test]
fn what_is_no_text_is_set_all_the_same() {
    needs!("bash");
    let tasks = "[project]\ndotenv = [\".env\"]\n[tasks.t]\nrequires = { env = [\"BROKEN\"] }\nif = { env = \"BROKEN\" }\n\
                 sources = [\"s\"]\nrun = \"printf '%s' \\\"$BROKEN\\\" >ran\"\n";
    let mut space = Space::with_tasks(tasks).file("s", "").file(".env", "BROKEN=from the file\n");
    for value in [BROKEN, b"a\xffb"] {
        space.environment.insert("BROKEN".into(), OsString::from_vec(value.to_vec()));
        // Not that of the file: the caller's wins. Nor that of the run before: another value makes it run again.
        space.run("t").exits(0);
        assert_eq!(space.bytes("ran"), value);
    }
}
