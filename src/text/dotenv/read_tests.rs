//! The readers as one table, and against real shells and the real python-dotenv.

use std::process::Command;

use proptest::prelude::*;

use super::*;

/// A value of each reader, or why there is none.
fn readings(raw: &str) -> [Result<String, &'static str>; 4] {
    Reader::ALL.map(|reader| match read_as(reader, raw) {
        Ok(reading) => Ok(reading.value),
        Err(Unreadable(reason)) => Err(reason),
    })
}

/// `None` for a reader that has no value.
type Row<'t> = (&'t str, [Option<&'t str>; 4]);

#[test]
fn each_reader_has_its_own_value() {
    let rows: &[Row] = &[
        // What is written: compose 2, python-dotenv, docker --env-file, a shell.
        ("", [Some(""); 4]),
        ("postgres", [Some("postgres"); 4]),
        ("a=b/c:d-e@f%+,.", [Some("a=b/c:d-e@f%+,."); 4]),
        ("é", [Some("é"); 4]),
        ("two words", [Some("two words"), Some("two words"), Some("two words"), None]),
        (" a", [Some("a"), Some("a"), Some(" a"), None]),
        ("a ", [Some("a"), Some("a"), Some("a "), Some("a")]),
        ("a # b", [Some("a"), Some("a"), Some("a # b"), Some("a")]),
        ("a#b", [Some("a#b"); 4]),
        ("#a", [Some("#a"); 4]),
        (" # a", [Some(""), Some("# a"), Some(" # a"), Some("")]),
        ("'a b'", [Some("a b"), Some("a b"), Some("'a b'"), Some("a b")]),
        ("\"a b\"", [Some("a b"), Some("a b"), Some("\"a b\""), Some("a b")]),
        ("'a' # b", [Some("a"), Some("a"), Some("'a' # b"), Some("a")]),
        ("'a'b", [None, None, Some("'a'b"), Some("ab")]),
        ("a'b'", [Some("a'b'"), Some("a'b'"), Some("a'b'"), Some("ab")]),
        ("it's", [Some("it's"), Some("it's"), Some("it's"), None]),
        ("'it\\'s'", [Some("it's"), Some("it's"), Some("'it\\'s'"), None]),
        ("'a", [None, None, Some("'a"), None]),
        ("'a\nb'", [Some("a\nb"), Some("a\nb"), None, Some("a\nb")]),
        ("a\nB=c", [None; 4]),
        ("$B", [Some(""), Some("$B"), Some("$B"), Some("")]),
        ("${B}x", [Some("x"), Some("x"), Some("${B}x"), Some("x")]),
        ("${B:-x}", [Some("x"), Some("x"), Some("${B:-x}"), Some("x")]),
        ("${B-x}", [Some("x"), Some(""), Some("${B-x}"), Some("x")]),
        ("'${B}'", [Some("${B}"), Some(""), Some("'${B}'"), Some("${B}")]),
        ("$_", [Some(""), Some("$_"), Some("$_"), None]),
        ("${_:-x}", [Some("x"), Some("x"), Some("${_:-x}"), None]),
        ("$_B", [Some(""), Some("$_B"), Some("$_B"), Some("")]),
        ("pa$5", [Some("pa$5"), Some("pa$5"), Some("pa$5"), None]),
        ("a$", [Some("a$"); 4]),
        ("\"a$\"", [Some("a$"), Some("a$"), Some("\"a$\""), Some("a$")]),
        ("a$$b", [Some("a$b"), Some("a$$b"), Some("a$$b"), None]),
        ("\"\\$B\"", [Some("$B"), Some("\\$B"), Some("\"\\$B\""), Some("$B")]),
        ("a\\b", [Some("a\\b"), Some("a\\b"), Some("a\\b"), Some("ab")]),
        ("a\\", [Some("a\\"), Some("a\\"), Some("a\\"), None]),
        ("'a\\nb'", [Some("a\\nb"), Some("a\\nb"), Some("'a\\nb'"), Some("a\\nb")]),
        ("\"a\\nb\"", [Some("a\nb"), Some("a\nb"), Some("\"a\\nb\""), Some("a\\nb")]),
        ("'a\\\\b'", [Some("a\\\\b"), Some("a\\b"), Some("'a\\\\b'"), Some("a\\\\b")]),
        ("'a\\'", [None, None, Some("'a\\'"), Some("a\\")]),
        ("'a\\\\'b'", [None, Some("a\\'b"), Some("'a\\\\'b'"), None]),
        ("`id`", [Some("`id`"), Some("`id`"), Some("`id`"), None]),
        ("$(id)", [Some("$(id)"), Some("$(id)"), Some("$(id)"), None]),
        ("a;b", [Some("a;b"), Some("a;b"), Some("a;b"), None]),
        ("<a>", [Some("<a>"), Some("<a>"), Some("<a>"), None]),
        ("~/a", [Some("~/a"), Some("~/a"), Some("~/a"), None]),
        ("a:~", [Some("a:~"), Some("a:~"), Some("a:~"), None]),
        ("a~", [Some("a~"); 4]),
        ("*", [Some("*"); 4]),
        ("a\rb", [Some("a\rb"), None, Some("a\rb"), Some("a\rb")]),
        ("a\0", [None; 4]),
        ("${", [None, Some("${"), Some("${"), None]),
    ];
    for (raw, expected) in rows {
        let found = readings(raw);
        let values = found.clone().map(Result::ok);
        let expected = expected.map(|value| value.map(str::to_owned));
        assert_eq!(values, expected, "{raw:?}: {found:?}");
    }
}

#[test]
fn what_a_reader_does_is_told() {
    use Treatment::{DropsComment, ReplacesVariables, ResolvesBackslashes, Trims, Unquotes};
    for (reader, raw, treatments) in [
        (Reader::Compose, "a", &[][..]),
        (
            Reader::Compose,
            " \"a\\n$B\" # c",
            &[Unquotes, DropsComment, ResolvesBackslashes, ReplacesVariables],
        ),
        (Reader::Compose, "'a$B\\n'", &[Unquotes]),
        (Reader::Compose, " a$B # c", &[Trims, DropsComment, ReplacesVariables]),
        (Reader::Compose, "a # c", &[DropsComment]),
        (Reader::Compose, "a ", &[Trims]),
        (Reader::Python, " a # ${B}", &[Trims, DropsComment]),
        (Reader::Python, "a${B} ", &[Trims, ReplacesVariables]),
        (Reader::Python, "'a\\'${B}' # c", &[Unquotes, DropsComment, ResolvesBackslashes, ReplacesVariables]),
        (Reader::DockerEnvFile, " 'a' # $B", &[]),
        (
            Reader::Shell,
            "'a'\"$B\"\\c # d",
            &[Unquotes, DropsComment, ResolvesBackslashes, ReplacesVariables],
        ),
        (Reader::Shell, "a ", &[Trims]),
    ] {
        let found = read_as(reader, raw).map(|reading| reading.treatments);
        assert_eq!(found.as_deref(), Ok(treatments), "{reader:?} {raw:?}");
    }
}

#[expect(clippy::disallowed_methods, reason = "the claim is about real readers")]
fn command(program: &str) -> Command {
    Command::new(program)
}

/// What `shell` has in `A` after it ran a file that says `A=raw`; `None` where it fails or says something.
fn as_real_shell(shell: &str, file: &str) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    #[expect(clippy::disallowed_methods, reason = "a real file for a real shell")]
    std::fs::write(&path, file).expect("written");
    let mut command = command(shell);
    command.args(["-c", ". ./file; printf %s \"$A\""]).current_dir(folder.path()).env_clear();
    let output = command.output().expect("the shell starts");
    (output.status.success() && output.stderr.is_empty()).then_some(output.stdout)
}

/// Values of all that matters to some reader.
fn raw_values() -> impl Strategy<Value = String> {
    "(['\"]\\PC{0,3})?(\\\\\\\\'|[ab '\"\\\\$#~:]|\\$\\{B\\}|\\$B|[ -~]|\\$\\{B:-w\\}| # |é|\\n|\\t){0,8}"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn what_the_model_reads_a_real_shell_reads(raw in raw_values()) {
        if let Ok(reading) = read_as(Reader::Shell, &raw) {
            for shell in ["sh", "bash"] {
                let found = as_real_shell(shell, &format!("A={raw}\n"));
                prop_assert_eq!(found.as_deref(), Some(reading.value.as_bytes()), "{}: {:?}", shell, raw);
            }
        }
    }
}

/// Reads a JSON list of files from its input and writes a list of what each has for A.
const PYTHON: &str = "\
import io, json, sys
try:
    import dotenv
except ImportError:
    sys.exit(3)
files = json.load(sys.stdin)
print(json.dumps([dotenv.dotenv_values(stream=io.StringIO(file, newline=None)).get('A') for file in files]))
";

/// What python-dotenv has for `A` in each file; `None` where it is not installed.
fn as_real_python(files: &[String]) -> Option<Vec<Option<String>>> {
    use std::io::Write as _;
    use std::process::Stdio;
    let mut command = command("python3");
    command.args(["-c", PYTHON]).env_remove("B").env_remove("A");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let input = serde_json::to_vec(files).expect("a list");
    child.stdin.take().expect("piped").write_all(&input).expect("read");
    let output = child.wait_with_output().expect("it ends");
    output.status.success().then(|| serde_json::from_slice(&output.stdout).expect("a list"))
}

#[test]
fn what_the_model_reads_the_real_python_dotenv_reads() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut raws: Vec<String> = Vec::new();
    for _ in 0..4_000 {
        let tree = raw_values().new_tree(&mut runner).expect("a value");
        raws.push(proptest::strategy::ValueTree::current(&tree));
    }
    let files: Vec<String> = raws.iter().map(|raw| format!("A={raw}\n")).collect();
    let Some(found) = as_real_python(&files) else {
        eprintln!("skipped: python3 has no module dotenv");
        return;
    };
    let mut compared = 0;
    for (raw, found) in raws.iter().zip(found) {
        if let Ok(reading) = read_as(Reader::Python, raw) {
            assert_eq!(found.as_deref(), Some(reading.value.as_str()), "{raw:?}");
            compared += 1;
        }
    }
    assert!(compared > 1_000, "{compared}");
}

proptest! {
    #[test]
    fn nothing_makes_a_reader_panic(raw in "([ab '\"\\\\${}:#-]|\\PC|[\\n\\r\\x00]){0,20}") {
        for reader in Reader::ALL {
            drop(read_as(reader, &raw));
        }
    }
}
