//! Hostile values in every allowed place, in real shells: each has to arrive byte for byte.
//!
//! All rendered scripts for one shell are run by one process, one after another. Each calls `show`, which prints the
//! number of its arguments and these, each ended by a NUL byte.

use std::io::Write as _;
use std::path::Path;

use proptest::prelude::*;

use super::{render, script, text, words};
use crate::model::script::{Given, ScriptPart};

const SHOW: &str = "show() { printf '%s\\0' \"$#\" \"$@\"; }\nb=B; n=N; set --\n";

/// A script, and the arguments of each `show` in it, where `@` is the value.
type Template = (&'static str, &'static [&'static [&'static str]]);

const EVERYWHERE: &[Template] = &[
    ("show {{x}}", &[&["@"]]),
    ("show {{x}} {{x}}", &[&["@", "@"]]),
    ("show {{x}}{{x}}", &[&["@@"]]),
    ("show \"{{x}}\"", &[&["@"]]),
    ("show '{{x}}'", &[&["@"]]),
    ("show --b={{x}}", &[&["--b=@"]]),
    ("show a{{x}}b", &[&["a@b"]]),
    ("show 'a {{x}} \"'{{x}}\" {{x}} it's\"{{x}}", &[&["a @ \"@ @ it's@"]]),
    ("show \"$b{{x}} ${b}{{x}}b\" $b{{x}}", &[&["B@ B@b", "B@"]]),
    ("show \"\\\"{{x}}\\\"\" \\\"{{x}} \\\\{{x}}", &[&["\"@\"", "\"@", "\\@"]]),
    ("show \"$(printf '%s' ')')\"{{x}} `printf b`{{x}} $((1))\"{{x}}\"", &[&[")@", "b@", "1@"]]),
    ("show \"$b:{{x}}\" $b:{{x}} \"$b/{{x}}\"", &[&["B:@", "B:@", "B/@"]]),
    ("show b\\\n{{x}} \\\n {{x}}", &[&["b@", "@"]]),
    ("show {{x}},{{x}}:{{x}}=~{{x}}", &[]),
    ("show {{x}}: {{x}}# é{{x}}é", &[&["@:", "@#", "é@é"]]),
    ("v={{x}}; show \"$v\"", &[&["@"]]),
    ("v=\"{{x}}\" w='{{x}}'$b{{x}}; show \"$v\" \"$w\"", &[&["@", "@B@"]]),
    ("export v={{x}}; show \"$v\"", &[&["@"]]),
    ("v={{x}} show a", &[&["a"]]),
    ("for v in {{x}} b \"{{x}}\"; do show \"$v\"; done", &[&["@"], &["b"], &["@"]]),
    ("v={{x}}; case {{x}} in b) show no;; \"$v\") show {{x}};; esac", &[&["@"]]),
    ("case b in b|c) show {{x}};; esac", &[&["@"]]),
    ("f() { show {{x}} \"$@\"; }; f '{{x}}'", &[&["@", "@"]]),
    ("if [ {{x}} = \"{{x}}\" ]; then show {{x}}; fi", &[&["@"]]),
    ("(show {{x}} && { show {{x}}; }) | cat", &[&["@"], &["@"]]),
    ("! show {{x}} || show {{x}}", &[&["@"], &["@"]]),
    ("eval \"v=\"\\'b\\'; show \"$v\" {{x}} # it's", &[&["b", "@"]]),
    ("printf '%s\\0' 1 {{x}}; test {{x}} = \"{{x}}\" && [ -n a{{x}} ]", &[&["@"]]),
    ("sh -c 'printf \"%s\\0\" \"$#\" \"$@\"' sh {{x}} \"{{x}}\"", &[&["@", "@"]]),
    ("/usr/bin/env printf '%s\\0' 1 {{x}}", &[&["@"]]),
    ("cat <<EOF >/dev/null; show {{x}}\n' $( cat ) \"\nEOF\nshow {{x}}", &[&["@"], &["@"]]),
    ("show ${b:-'}'}{{x}} \"${b:-\"}\"}{{x}}\" ${b#\\'}{{x}}", &[&["B@", "B@", "B@"]]),
];

const ONLY_BASH: &[Template] = &[
    ("show {{x}}{,.bak}", &[&["@", "@.bak"]]),
    ("show {a,b}{{x}} [a]{{x}}c", &[&["a@", "b@", "[a]@c"]]),
    ("{ IFS= read -r -d '' v || :; show \"$v\"; } <<< {{x}}", &[&["@\n"]]),
    ("declare q=\"{{x}}\"; show \"$q\"", &[&["@"]]),
    ("a[1]={{x}}; show \"${a[1]}\"", &[&["@"]]),
    ("v=b; v+={{x}}; show \"$v\"", &[&["b@"]]),
    ("[[ a == a ]] && ((1)) && show $'a\\n'{{x}}", &[&["a\n@"]]),
    ("show {{x}} |& cat", &[&["@"]]),
];

fn values() -> Vec<String> {
    let mut values: Vec<String> = [
        "",
        "a",
        "2",
        "a b",
        " a ",
        "'",
        "''",
        "\"",
        "a'b\"c",
        "'\\''",
        "$(touch x)",
        "`touch x`",
        "${b}",
        "$b",
        "$",
        "$'a'",
        "a\nb",
        "a\n",
        "\n\na",
        "\n",
        "*",
        "?",
        "[a]",
        "[",
        "]",
        "-n",
        "--",
        "-",
        "~",
        "~root",
        "!",
        "!!",
        "#",
        "# a",
        ";",
        "; touch x",
        "&",
        "&&",
        "|",
        "||",
        "\\",
        "\\\\",
        "a\\",
        "\\n",
        "\t",
        "\r\n",
        "é…👾",
        "\u{81}\u{88}",
        "ぁ",
        "=",
        "a=b",
        "=ls",
        "{a,b}",
        "{1..3}",
        "(",
        ")",
        "()",
        "<",
        ">",
        "> x",
        "<(a)",
        "if",
        "done",
        "esac",
        "}",
        "\u{1}",
        "\u{7f}",
        "\u{1}\u{7f}'",
        "\u{1b}[31m",
        "%s",
        "a[$(touch x)]",
        "EOF",
        ":h",
        "{{x}}",
        "\u{a0}",
        "\u{2028}",
    ]
    .map(str::to_owned)
    .into();
    values.push("long '\"$`\\ ".repeat(9_000));
    values
}

/// The shells of this machine, each with its arguments before the script's file. `sh` is mostly one of the others.
fn shells() -> Vec<(&'static str, Vec<&'static str>)> {
    let known = [
        ("bash", vec!["--norc", "-euo", "pipefail"]),
        ("dash", vec!["-eu"]),
        ("sh", vec!["-eu"]),
        ("zsh", vec!["-f", "-eu"]),
    ];
    let mut programs = Vec::new();
    let mut found = Vec::new();
    for (name, arguments) in known {
        match which::which(name)
            .and_then(|path| path.canonicalize().map_err(|_| which::Error::CannotFindBinaryPath))
        {
            Ok(path) if programs.contains(&path) => {}
            Ok(path) => {
                programs.push(path);
                found.push((name, arguments));
            }
            Err(_) => println!("skipped: there is no {name} here"),
        }
    }
    found
}

/// What `shell` prints when it runs `script` in `folder`.
#[expect(clippy::disallowed_methods, reason = "the test is about real shells")]
fn run(shell: &str, arguments: &[&str], script: &str, folder: &Path) -> Vec<u8> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(script.as_bytes()).unwrap();
    let mut command = std::process::Command::new(which::which(shell).unwrap());
    let output = command.args(arguments).arg(file.path()).current_dir(folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{shell} {:?}: {said}", output.status);
    output.stdout
}

/// The bytes that `show` prints.
fn shown(arguments: &[String]) -> Vec<u8> {
    let mut bytes = format!("{}\0", arguments.len()).into_bytes();
    for argument in arguments {
        bytes.extend_from_slice(argument.as_bytes());
        bytes.push(0);
    }
    bytes
}

/// Runs all cases (a rendered script and the arguments it shows) in one process, and finds the first that differs.
fn check(shell: &str, arguments: &[&str], cases: &[(String, Vec<Vec<String>>)]) {
    let folder = tempfile::tempdir().unwrap();
    let whole: String = cases.iter().map(|(script, _)| format!("{script}\n")).collect();
    let printed = run(shell, arguments, &format!("{SHOW}{whole}"), folder.path());
    let mut rest = printed.as_slice();
    for (script, shows) in cases {
        for show in shows {
            // `/usr/bin/env printf` is given the number itself.
            let expected = shown(show);
            let (found, after) = rest.split_at(expected.len().min(rest.len()));
            assert!(
                found == expected,
                "{shell}: {script}\nexpected {:?}\nfound    {:?}",
                String::from_utf8_lossy(&expected),
                String::from_utf8_lossy(found),
            );
            rest = after;
        }
    }
    assert!(rest.is_empty(), "{shell}: {:?}", String::from_utf8_lossy(rest));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a value ran");
}

#[test]
fn hostile_values_reach_a_program_byte_for_byte() {
    for (shell, arguments) in shells() {
        let own = if shell == "bash" { ONLY_BASH } else { &[] };
        let mut cases = Vec::new();
        for (template, shows) in EVERYWHERE.iter().chain(own).filter(|(_, shows)| !shows.is_empty()) {
            let script = script(template);
            for value in values() {
                let rendered = script.render(&mut |_| text(&value));
                let fill = |word: &&str| word.replace('@', &value);
                let shows = shows.iter().map(|words| words.iter().map(fill).collect()).collect();
                cases.push((rendered, shows));
            }
        }
        check(shell, &arguments, &cases);
    }
}

#[test]
fn redirections_reach_the_file_of_that_very_name() {
    for (shell, arguments) in shells() {
        for value in values() {
            if value.contains('/') || value.len() > 200 {
                continue;
            }
            let folder = tempfile::tempdir().unwrap();
            let script = ["printf a > ./b{{x}}", "printf a 2>&1 >>\"./b{{x}}\" < './b{{x}}'"]
                .map(|command| render(command, &text(&value)));
            run(shell, &arguments, &script.join("\n"), folder.path());
            let names: Vec<_> =
                folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
            assert_eq!(names, [format!("b{value}").as_str()], "{shell}");
        }
    }
}

#[test]
fn absent_optionals_and_variadics_reach_a_program() {
    let given = |template, given: &Given, shows: &[&[&str]]| {
        let shows = shows.iter().map(|words| words.iter().map(|word| (*word).to_owned()).collect()).collect();
        (render(template, given), shows)
    };
    let items = ["", "a b", "*", "-x", "it's", "$(touch x)", "\n"];
    let cases = [
        given("show a {{x}} b", &Given::Absent, &[&["a", "b"]]),
        given("show a{{x}} \"{{x}}\" '{{x}}' {{x}}", &Given::Absent, &[&["a", "", ""]]),
        given("v={{x}}; show \"$v\"", &Given::Absent, &[&[""]]),
        given("case {{x}} in '') show b;; esac", &Given::Absent, &[&["b"]]),
        given("{{x}} show a", &Given::Absent, &[&["a"]]),
        given("for v in {{x}}; do show \"$v\"; done", &Given::Absent, &[]),
        given("show {{x}}", &words(&[]), &[&[]]),
        given(
            "show a {{x}} b",
            &words(&items),
            &[&["a", "", "a b", "*", "-x", "it's", "$(touch x)", "\n", "b"]],
        ),
        given("for v in {{x}}; do show \"$v\"; done", &words(&["a b", ""]), &[&["a b"], &[""]]),
        given("{{x}}", &words(&["show", "if", "a=b"]), &[&["if", "a=b"]]),
    ];
    for (shell, arguments) in shells() {
        check(shell, &arguments, &cases);
    }
}

#[test]
fn arguments_without_a_shell_are_those_that_a_shell_gives() {
    for (shell, arguments) in shells() {
        let mut cases = Vec::new();
        for command in ["/bin/a {{x}} -b={{x}} \"c {{x}} \\$ \\d\" 'e {{x}}' é", "/bin/a ''{{x}}"] {
            for value in values() {
                let script = script(command);
                let argv = script.argv(&mut |_| text(&value)).unwrap();
                let rendered = script.render(&mut |_| text(&value));
                cases.push((rendered.replacen("/bin/a", "show", 1), vec![argv[1..].to_vec()]));
            }
        }
        check(shell, &arguments, &cases);
    }
}

/// Pieces of words: what to write, and what it becomes. `{{x}}` and `@` are the value.
const PIECES: &[(&str, &str)] = &[
    ("{{x}}", "@"),
    ("\"{{x}}\"", "@"),
    ("'{{x}}'", "@"),
    ("\" {{x}}{{x}}$b\"", " @@B"),
    ("\"$b{{x}}\"", "B@"),
    ("'a\"{{x}} $b'", "a\"@ $b"),
    ("a", "a"),
    ("\\'", "'"),
    ("\\\\", "\\"),
    ("\"\\\"\"", "\""),
    ("${b}", "B"),
    ("$(printf \"%s\" \"')\")", "')"),
    (",", ","),
    ("\\\n", ""),
    ("%", "%"),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_value_survives_in_any_word(
        cases in proptest::collection::vec(
            (proptest::collection::vec(0..PIECES.len(), 1..6), "([^\\x00]|['\"$`\\\\ \n*]){0,12}"),
            100,
        ),
    ) {
        let cases: Vec<_> = cases
            .into_iter()
            .map(|(pieces, value)| {
                let word: String = pieces.iter().map(|piece| PIECES[*piece].0).collect();
                let text: String = pieces.iter().map(|piece| PIECES[*piece].1).collect();
                let script = script(&format!("show b{word} b"));
                assert!(script.parts.iter().all(|part| *part != ScriptPart::Text(String::new())));
                let rendered = script.render(&mut |_| Given::Text(value.clone()));
                (rendered, vec![vec![format!("b{}", text.replace('@', &value)), "b".to_owned()]])
            })
            .collect();
        for (shell, arguments) in shells() {
            check(shell, &arguments, &cases);
        }
    }

    #[test]
    fn words_of_a_plain_command_are_those_that_a_shell_reads(
        commands in proptest::collection::vec("[ab'\"\\\\ =:~{},.*?\\[\\]$`!#%@+^/é\n\t-]{0,9}", 400),
    ) {
        let cases: Vec<_> = commands
            .into_iter()
            .filter(|command| !command.contains("{{"))
            .filter_map(|command| {
                let argv = script(&format!("a {command}")).argv(&mut |_| Given::Absent)?;
                Some((format!("show {command}"), vec![argv[1..].to_vec()]))
            })
            .collect();
        for (shell, arguments) in shells() {
            check(shell, &arguments, &cases);
        }
    }
}
