//! Scripts that need no shell.

use super::{render, script, text, words};
use crate::model::script::Given;

/// With `v w` in every hole: the arguments.
const PLAIN: &[(&str, &[&str])] = &[
    ("docker compose build", &["docker", "compose", "build"]),
    (" make\t-j4 \n", &["make", "-j4"]),
    ("cargo test -- --nocapture", &["cargo", "test", "--", "--nocapture"]),
    ("git commit -m 'a  b' \"c $\"\"d\"", &[]),
    ("git commit -m 'a  $b' \"it's\"", &["git", "commit", "-m", "a  $b", "it's"]),
    ("git log \"a\\\"b\\\\c\\$d\\`e\\f\"", &["git", "log", "a\"b\\c$d`e\\f"]),
    ("pytest -n {{x}} a{{x}}b", &["pytest", "-n", "v w", "av wb"]),
    ("pytest \"{{x}}\" '{{x}}'", &["pytest", "v w", "v w"]),
    ("pytest --x={{x}} {{x}}{{x}}", &["pytest", "--x=v w", "v wv w"]),
    ("./bin/{{x}} a", &["./bin/v w", "a"]),
    ("git '' \"\"", &["git", "", ""]),
    ("git a:b user@host c=d 50% +x a,b", &["git", "a:b", "user@host", "c=d", "50%", "+x", "a,b"]),
    ("g'i't café", &["git", "café"]),
    ("git 'a\nb'", &["git", "a\nb"]),
    ("git \"a\\\nb\"", &["git", "ab"]),
    ("true", &["true"]),
];

/// These need a shell.
const SHELL: &[&str] = &[
    "",
    "  \n",
    "a; b",
    "a && b",
    "a | b",
    "a &",
    "a > b",
    "a < b",
    "(a)",
    "{ a; }",
    "a\nb",
    "\na",
    "a # b",
    "#a",
    "a $b",
    "a \"$b\"",
    "a `b`",
    "a \"`b`\"",
    "a *",
    "a ?",
    "a [b]",
    "a {b,c}",
    "a {}",
    "a ~",
    "a --x=~/y",
    "a !b",
    "a ^b",
    "a \\b",
    "A=1 b",
    "a=1",
    "'a=1' b",
    "=a",
    "a =b",
    "a ''=b",
    "-a",
    "%1",
    "cd x",
    "export A=1",
    "echo a",
    "printf a",
    "test a",
    "[ a ]",
    "pwd",
    "kill 1",
    "'cd' x",
    "\"exec\" a",
    "if a",
    "time a",
    "! a",
    ": a",
    ". a",
    "source a",
    "{{x}}",
    "{{x}} a",
    "ec{{x}}",
    "''",
    "''{{x}} a",
    "\"{{x}}\" a",
    "a\rb",
    "a\\\nb",
    "#!/bin/sh",
    "a 'b",
];

#[test]
fn a_plain_command_needs_no_shell() {
    for (command, expected) in PLAIN {
        let argv = script(command).argv(&mut |_| text("v w"));
        let expected: Vec<_> = expected.iter().map(|word| (*word).to_owned()).collect();
        assert_eq!(argv, (!expected.is_empty()).then_some(expected), "{command}");
    }
}

#[test]
fn everything_else_needs_one() {
    for command in SHELL {
        // One row is no script at all, which without holes is the shell's to say.
        assert_eq!(script(command).words, None, "{command}");
    }
}

#[test]
fn an_absent_optional_is_no_argument_and_a_variadic_is_one_for_each_item() {
    let argv = |command, given: Given| script(command).argv(&mut |_| given.clone()).unwrap_or_default();
    assert_eq!(argv("a {{x}} b", Given::Absent), ["a", "b"]);
    assert_eq!(argv("a \"{{x}}\" -{{x}} ''{{x}}", Given::Absent), ["a", "", "-", ""]);
    assert_eq!(argv("a {{x}} b", text("")), ["a", "", "b"]);
    assert_eq!(argv("a {{x}} b", words(&["c d", "", "-e"])), ["a", "c d", "", "-e", "b"]);
    assert_eq!(argv("a {{x}} b", words(&[])), ["a", "b"]);
}

#[test]
fn values_are_quoted_for_their_place() {
    let value = text("it's");
    assert_eq!(render("a {{x}} -b={{x}}", &value), r"a 'it'\''s' -b='it'\''s'");
    assert_eq!(render("a \"b {{x}} $c{{x}}\"", &value), r#"a "b "'it'\''s'" $c"'it'\''s'"""#);
    assert_eq!(render("a 'b {{x}} c'", &value), r"a 'b it'\''s c'");
    assert_eq!(render("a {{x}}\r\n\tb  {{x}} # é\n", &text("")), "a ''\r\n\tb  '' # é\n");
    assert_eq!(render("a {{x}} b", &words(&["c d", "", "e"])), "a 'c d' '' 'e' b");
    assert_eq!(render("a {{x}} b", &words(&[])), "a  b");
    assert_eq!(
        render("a {{x}} b{{x}} \"{{x}}\" '{{x}}' > {{x}}", &Given::Absent),
        "a  b'' \"\"''\"\" '' > ''"
    );
    // Operators that an absent value would join.
    assert_eq!(render("a;{{x}};b &{{x}}& c", &Given::Absent), "a; ;b & & c");
    assert_eq!(render("{{x}}", &Given::Absent), "");
}
