//! What tasks are given: which values are the same, which are words, and what a variable's command knows.

use std::time::{Duration, Instant};

use crate::harness::Space;

#[test]
fn the_environment_may_be_made_by_a_variables_command() {
    let space = Space::with_tasks(
        "[project]\ndotenv = [\".env\", \".env.{{ vars.a }}?\"]\n\
         [vars]\na = { sh = \"echo a; echo one >>log; echo ${A-none} ${B-none} ${C-none} ${D-none} >>seen\" }\n\
         b = { sh = \"echo b-$C-{{ vars.a }}\" }\nthen = \"x{{ vars.b }}\"\n\
         [env]\nA = \"{{ vars.a }}\"\nB = \"{{ vars.then }}\"\nC = \"plain\"\n\
         [tasks.x]\nrun = \"echo $A $B $C $D ${E-}\"\n",
    )
    .file(".env", "D=d\n")
    .file(".env.a", "E=e\n");
    space.run("x").exits(0).prints("a xb-plain-a plain d e\n");
    assert_eq!((space.read("log").as_str(), space.read("seen").as_str()), ("one\n", "none none plain d\n"));
    // What is given needs no command.
    std::fs::remove_file(space.path("seen")).unwrap();
    space.run("a=z x").exits(0).prints("z xb-plain-z plain d\n");
    space.run("check").exits(0);
}

#[test]
fn two_calls_with_other_arguments_are_two() {
    let space = Space::with_tasks(
        "[tasks.build]\nargs = [\"target=all\", \"flags...\"]\nrun = \"echo build {{ target }} {{ flags }} >>log\"\n\
         [tasks.both]\ndepends = [{ task = \"build\", args = [\"x\"] }, { task = \"build\", args = [\"--\", \"target=x\"] }]\n\
         [tasks.e]\nargs = [\"who=World\"]\nrun = 'echo \"<$who>\" >>log'\n\
         [tasks.two]\ndepends = [\"e\", { task = \"e\", args = [\"\"] }]\n\
         [tasks.m]\nmatrix = { x = [\"a\", \"b\"] }\nargs = [\"rest...\"]\nrun = \"echo {{ matrix.x }} {{ rest }} >>log\"\n",
    );
    let log = |line: &str| {
        std::fs::remove_file(space.path("log")).ok();
        space.run(line).exits(0);
        let mut lines: Vec<String> = space.read("log").lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(log("both"), ["build all target=x", "build x"]);
    assert_eq!(log("build x ::: build -- target=x"), ["build all target=x", "build x"]);
    assert_eq!(log("two"), ["<>", "<World>"]);
    assert_eq!(log("m ::: m -- matrix.x=a"), ["a", "a matrix.x=a", "b", "b matrix.x=a"]);
}

#[test]
fn an_empty_word_is_a_word() {
    let space = Space::with_tasks(
        "[tasks.deploy]\nargs = [{ name = \"to\", choices = [\"stage\"], default = \"stage\" }, \
         { name = \"--tag=\", pattern = \"v[0-9]+\", default = \"v1\" }]\nrun = \"echo {{ to }} {{ tag }}\"\n\
         [tasks.copy]\nargs = [\"src\", \"to=out\"]\nrun = \"printf '<%s>' {{ src }} {{ to }} end\"\n\
         [tasks.may]\nargs = [\"x=\"]\nrun = \"printf '<%s>' a {{ x }} b\"\n\
         [tasks.over]\nargs = [\"x=\"]\nrun = [{ task = \"may\", args = [\"{{ x }}\"] }]\n",
    );
    space.shipway(["deploy", ""]).run().exits(2).says("`` is no choice for `to`");
    space.shipway(["deploy", "stage", "--tag", ""]).run().exits(2).says("does not fit `tag`");
    space.shipway(["deploy", "stage", "--tag="]).run().exits(2);
    space.shipway(["copy", "a", ""]).run().exits(0).prints("<a><><end>");
    // What is not given and empty is no word, handed on or not.
    space.shipway(["may"]).run().exits(0).prints("<a><b>");
    space.shipway(["may", ""]).run().exits(0).prints("<a><><b>");
    space.shipway(["over"]).run().exits(0).prints("<a><b>");
    space.shipway(["over", ""]).run().exits(0).prints("<a><><b>");
}

#[test]
fn a_value_that_is_handed_on_is_no_option() {
    let space = Space::with_tasks(
        "[tasks.b]\nargs = [\"x=1\", \"--f\"]\nrun = \"echo b {{ x }} {{ f }}\"\n\
         [tasks.d]\nargs = [\"x\"]\ndepends = [{ task = \"b\", args = [\"{{ x }}\"] }]\nrun = \"true\"\n\
         [tasks.flagged]\nargs = [\"x\"]\ndepends = [{ task = \"b\", args = [\"--f\", \"{{ x }}\"] }]\nrun = \"true\"\n\
         [tasks.c]\nargs = [{ name = \"y\", choices = [\"1\"] }]\nrun = \"true\"\n\
         [tasks.given]\nargs = [\"x\"]\ndepends = [{ task = \"c\", args = [\"{{ x }}\"] }]\nrun = \"true\"\n",
    );
    space.run("d -- --f").exits(0).prints("b --f false\n");
    space.run("d -- --zz").exits(0).prints("b --zz false\n");
    space.run("flagged -- --zz").exits(0).prints("b --zz true\n");
    // Who typed it is at fault.
    space.run("given 2").exits(2).says("`2` is no choice for `y` of `c`");
}

#[test]
fn a_prompted_variable_that_is_given_has_its_choices() {
    let space = Space::with_tasks(
        "[vars]\nregion = { prompt = \"Region\", choices = [\"nyc3\", \"fra1\"], default = \"nyc3\" }\n\
         [tasks.p]\nrun = \"echo in {{ vars.region }}\"\n",
    );
    space.run("region=fra1 p").exits(0).prints("in fra1\n");
    for wrong in ["region=z", "region="] {
        space.run(&format!("{wrong} p")).exits(2).says("is no choice for `region`: `nyc3` or `fra1`");
    }
}

#[test]
fn probes_and_conditions_end_with_the_tasks_time() {
    let space = Space::with_tasks(
        "[tasks.probe]\nrun = \"true\"\nwait_until = { run = \"sleep 60\", timeout = \"300ms\" }\n\
         [tasks.all]\ntimeout = \"300ms\"\nrun = \"true\"\nwait_until = { run = \"sleep 60\" }\n\
         [tasks.file]\ntimeout = \"300ms\"\nrun = \"true\"\nwait_until = { file = \"none\" }\n\
         [tasks.cond]\ntimeout = \"300ms\"\nif = \"sleep 60\"\nrun = \"true\"\n",
    );
    for (task, says) in [
        ("probe", "`probe` is not ready after 0.3s"),
        ("all", "`all` took longer than 0.3s"),
        ("file", "`file` took longer than 0.3s"),
        ("cond", "`cond` took longer than 0.3s"),
    ] {
        let begun = Instant::now();
        let code = if task == "probe" { 1 } else { 124 };
        space.run(task).exits(code).says(says);
        assert!(begun.elapsed() < Duration::from_secs(30), "{task}");
    }
}

#[test]
fn two_secrets_whose_names_would_be_one_are_refused() {
    let secret = |number: u32| format!("s3cr3t-v4lue-{number:06}");
    let mark = |number: &u32| blake3::hash(secret(*number).as_bytes()).to_hex()[..4].to_owned();
    let mut marks = std::collections::HashMap::new();
    let (one, other) = (0..).find_map(|number| Some((marks.insert(mark(&number), number)?, number))).unwrap();
    let space = Space::with_tasks(
        "[vars]\na = { env = \"A\", secret = true }\nb = { env = \"B\", secret = true }\nc = { env = \"C\", secret = true }\n\
         [tasks.send]\nargs = [\"what\"]\nrun = \"echo sent >>log\"\n",
    );
    let third = (0..).find(|number| mark(number) != mark(&one)).unwrap();
    let run = |words: [u32; 2]| {
        let words = words.map(secret);
        let line = ["send", &words[0], ":::", "send", &words[1]];
        space.shipway(line).env("A", secret(one)).env("B", secret(other)).env("C", secret(third)).run()
    };
    run([one, other]).exits(4).says("differ in a secret alone").does_not_say(&secret(one));
    assert!(!space.has("log"));
    run([one, one]).exits(0);
    assert_eq!(space.read("log"), "sent\n");
    run([one, third]).exits(0);
    assert_eq!(space.read("log"), "sent\nsent\nsent\n");
}
