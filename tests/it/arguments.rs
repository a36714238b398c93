//! Which word of a command line is which argument, and what stands in for one that is not given.

use crate::harness::Space;

#[test]
fn an_empty_variable_stands_for_none() {
    let space = Space::with_tasks(
        r#"
[tasks.envi]
args = [{ name = "--n=2", choices = ["1", "2"], env = "NN" }, { name = "p=v1", pattern = "v[0-9]", env = "PP" }, { name = "--f", env = "FF" }]
run = "echo 'n=[{{ n }}] p=[{{ p }}] f=[{{ f }}]'"
[tasks.needs]
args = [{ name = "x", env = "XX" }]
run = "echo 'x=[{{ x }}]'"
[tasks.passes]
args = ["x="]
run = [{ task = "envi", args = ["--n", "{{ x }}", "{{ x }}"] }]
"#,
    );
    let run = |line: &str, name: &str, value: &str| space.shipway(line.split(' ')).env(name, value).run();
    run("envi", "NN", "").exits(0).prints("n=[2] p=[v1] f=[false]\n");
    run("envi", "PP", "").exits(0).prints("n=[2] p=[v1] f=[false]\n");
    run("envi", "NN", "1").exits(0).prints("n=[1] p=[v1] f=[false]\n");
    run("envi", "NN", "3").exits(2).says("`3` is no choice for `n`");
    run("needs", "XX", "").exits(2).says("needs the argument `x`");
    run("needs", "XX", "y").exits(0).prints("x=[y]\n");
    // Handed on, it is the callee's default, and its variable.
    space.run("passes").exits(0).prints("n=[2] p=[v1] f=[false]\n");
    run("passes", "NN", "1").exits(0).prints("n=[1] p=[v1] f=[false]\n");
    space.shipway(["passes", ""]).run().exits(2).says("`` is no choice for `n`");
}

#[test]
fn a_variable_sets_a_flag_unless_it_says_no() {
    let space =
        Space::with_tasks("[tasks.t]\nargs = [{ name = \"--f\", env = \"FF\" }]\nrun = \"echo {{ f }}\"\n");
    let flags = [("", "false"), ("0", "false"), ("No", "false"), ("off", "false"), ("FALSE", "false")];
    for (value, flag) in flags.into_iter().chain([("n", "true"), ("f", "true"), ("1", "true"), ("x", "true")])
    {
        space.shipway(["t"]).env("FF", value).run().exits(0).prints(&format!("{flag}\n"));
    }
}

#[test]
fn what_is_handed_on_and_was_not_given_takes_no_place() {
    let space = Space::with_tasks(
        r#"
[tasks.two]
args = ["a=A", "b=B"]
run = "echo a={{ a }} b={{ b }}"
[tasks.all]
args = ["a=A", "rest+..."]
run = "echo a={{ a }} rest: {{ rest }}"
[tasks.one]
args = ["a", "b=B"]
run = "echo 'a=[{{ a }}]' b={{ b }}"
[tasks.pass]
args = ["x="]
run = [{ task = "two", args = ["{{ x }}", "second"] }]
[tasks.alone]
args = ["x="]
run = [{ task = "two", args = ["{{ x }}"] }]
[tasks.rest]
args = ["x="]
run = [{ task = "all", args = ["first", "{{ x }}", "r"] }]
[tasks.none]
args = ["x="]
run = [{ task = "all", args = ["first", "{{ x }}"] }]
[tasks.required]
args = ["x="]
run = [{ task = "one", args = ["{{ x }}", "second"] }]
"#,
    );
    space.run("pass").exits(0).prints("a=second b=B\n");
    space.run("pass first").exits(0).prints("a=first b=second\n");
    space.shipway(["pass", ""]).run().exits(0).prints("a= b=second\n");
    space.run("alone").exits(0).prints("a=A b=B\n");
    space.run("rest").exits(0).prints("a=first rest: r\n");
    space.run("none").exits(2).says("`all` needs the argument `rest`");
    // One that has to be there is empty then.
    space.run("required").exits(0).prints("a=[] b=second\n");
}

#[test]
fn behind_two_dashes_words_go_to_what_has_to_be_there_and_then_to_the_rest() {
    let space = Space::with_tasks(
        r#"
[tasks.vr]
args = ["one", "--flag", "rest..."]
run = "echo one={{ one }} flag={{ flag }} {{ rest }}"
[tasks.may]
args = ["one=1", "--flag", "rest..."]
run = "echo one={{ one }} flag={{ flag }} {{ rest }}"
"#,
    );
    space.run("vr -- -q").exits(0).prints("one=-q flag=false\n");
    space.run("vr --flag -- -q -- --flag").exits(0).prints("one=-q flag=true -- --flag\n");
    space.run("vr a -- -q").exits(0).prints("one=a flag=false -q\n");
    space.run("vr -- --").exits(0).prints("one=-- flag=false\n");
    space.run("vr --").exits(2).says("needs the argument `one`");
    space.run("may -- -q").exits(0).prints("one=1 flag=false -q\n");
}

#[test]
fn help_is_asked_for_anywhere_before_two_dashes() {
    let space = Space::with_tasks(
        r#"
[tasks.vr]
args = ["one=", { name = "--many=3", short = "m" }, "--flag", "rest..."]
run = "echo ran {{ one }} {{ many }} {{ rest }}"
[tasks.plain]
args = ["one="]
run = "echo ran {{ one }}"
[tasks.dj]
args = ["rest..."]
run = "echo ran {{ rest }}"
[tasks.own]
args = ["--help", { name = "--host=", short = "h", default = "x" }]
run = "echo ran {{ help }} {{ host }}"
"#,
    );
    for line in
        ["vr --help", "vr -h", "vr word --help", "vr --flag -h", "vr -m 4 -h x", "plain -h", "plain a --help"]
    {
        let page = space.run(line);
        page.exits(0);
        assert!(page.stdout.contains("Usage: shipway "), "{}", page.all());
    }
    assert!(space.run("dj --help").stdout.contains("Usage: shipway "));
    space.run("dj migrate --help").exits(0).prints("ran migrate --help\n");
    space.run("dj -h").exits(0).prints("ran -h\n");
    space.run("vr a -- --help").exits(0).prints("ran a 3 --help\n");
    space.run("vr a --many --help").exits(0).prints("ran a --help\n");
    space.run("vr a -m -h").exits(0).prints("ran a -h\n");
    space.run("own --help -h y").exits(0).prints("ran true y\n");
}

#[test]
fn a_list_longer_than_a_variable_may_be_is_given_to_commands() {
    let space = Space::with_tasks(
        r#"
[tasks.exec]
args = ["r..."]
run = [{ exec = ["/bin/echo", "{{ r }}"] }]
[tasks.variable]
args = ["r..."]
run = "echo ${r-none}"
[tasks.script]
args = ["r..."]
run = "for each in {{ r }}; do :; done"
[tasks.fails]
args = ["r..."]
run = [{ exec = ["false", "{{ r }}"] }]
"#,
    );
    let run =
        |task: &str, words: Vec<String>| space.shipway(std::iter::once(task.to_owned()).chain(words)).run();
    let many = || (1..60_000).map(|number| number.to_string()).collect::<Vec<_>>();
    let printed = run("exec", many());
    assert!(printed.stdout.ends_with(" 59999\n"), "{} {}", printed.stdout.len(), &printed.stderr[..200]);
    printed.exits(0);
    let few = (1..20_000).map(|number| number.to_string()).collect::<Vec<_>>();
    assert!(few.join(" ").len() < 128 * 1024);
    run("variable", few.clone()).exits(0).prints(&format!("{}\n", few.join(" ")));
    run("variable", many()).exits(0).prints("none\n");
    // What can't be said is told, and not at its whole length.
    let failed = run("fails", many());
    failed.exits(1).says("`fails` failed").says("…");
    assert!(failed.stderr.matches("59999").count() < 2, "{}", failed.stderr.len());
    let refused = run("script", many());
    refused.exits(7).says("could not be started").says("give the words in a file");
    assert!(refused.stderr.matches("59999").count() < 2, "{}", refused.stderr.len());
    run("exec", few).exits(0);
}
