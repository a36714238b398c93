//! `import` of what Shipway can't do alike: it fails with a message, or is done in another way that means the same; never wrong in silence.

use crate::harness::{Space, needs};
use crate::imports::lost;

const RM: &str = "#!/bin/sh\necho \"rm $*\" >>removed\n";

/// A justfile by what `just --dump` says of it, with only what counts here.
fn justfile(source: &str, dump: &str) -> (Space, String) {
    let space = Space::new().file("dump.json", dump).file("justfile", source);
    let space = space.tool("just", "#!/bin/sh\nexec cat dump.json\n").tool("rm", RM);
    let output = space.run("import justfile");
    output.exits(0);
    space.run("builtin check").exits(0);
    (space, output.stdout.clone())
}

fn recipe(name: &str, more: &str, body: &str) -> String {
    format!(
        "\"{name}\":{{\"name\":\"{name}\",\"priors\":1,\"body\":{body},\"parameters\":[],\"dependencies\":[],\"attributes\":[]{more}}}"
    )
}

fn dump(settings: &str, assignments: &str, recipes: &[String]) -> String {
    let recipes = recipes.join(",");
    format!("{{\"settings\":{{{settings}}},\"assignments\":{{{assignments}}},\"recipes\":{{{recipes}}}}}")
}

/// A parameter as the dump has it; a key that stands twice counts as it stands last.
fn parameter(name: &str, kind: &str, default: &str) -> String {
    format!("\"parameters\":[{{\"name\":\"{name}\",\"kind\":\"{kind}\",\"default\":{default}}}]")
}

#[test]
fn a_value_of_a_justfile_that_is_not_understood_is_never_empty() {
    let source = "base := clean(root / prefix)\na:\n    rm -rf {{base}}/bin/app\nb target=base:\n    rm {{target}}\nc:\n    true\n";
    let recipes = [
        recipe("a", "", "[[\"rm -rf \",[[\"variable\",\"base\"]],\"/bin/app\"]]"),
        recipe("b", "", "[[\"rm \",[[\"variable\",\"target\"]]]]")
            .replace("\"parameters\":[]", &parameter("target", "singular", "[\"variable\",\"base\"]")),
        recipe("c", "", "[[\"true\"]]"),
    ];
    let base = "\"base\":{\"name\":\"base\",\"value\":[\"call\",\"clean\",\"x\"]}";
    let (space, told) = justfile(source, &dump("", base, &recipes));
    assert!(told.contains("justfile:1: the value of `base` is more than Shipway evaluates"), "{told}");
    assert!(told.contains("the default of `target` is more than a text: it has to be given here"), "{told}");
    space.run("a").exits(1);
    space.run("b").exits(2).says("needs the argument `target`");
    assert!(!space.has("removed"));
    space.run("c").exits(0);
    space.run("base=x a").exits(0);
    space.run("b y").exits(0);
    assert_eq!(space.read("removed"), "rm -rf x/bin/app\nrm y\n");
}

#[test]
fn a_lost_default_that_others_rely_on_is_asked_for_by_a_step() {
    let source = "b target=base:\n    rm {{target}}\nc: b\n    true\n";
    let parameters = parameter("target", "singular", "[\"call\",\"clean\",\"x\"]");
    let recipes = [
        recipe("b", "", "[[\"rm \",[[\"variable\",\"target\"]]]]").replace("\"parameters\":[]", &parameters),
        recipe("c", "", "[[\"true\"]]")
            .replace("\"dependencies\":[]", "\"dependencies\":[{\"recipe\":\"b\",\"arguments\":[]}]"),
    ];
    let (space, _) = justfile(source, &dump("", "", &recipes));
    space.run("c").exits(1).says("the default of target was not carried over");
    assert!(!space.has("removed"));
    space.run("b y").exits(0);
    assert_eq!(space.read("removed"), "rm y\n");
}

#[test]
fn what_a_justfile_gives_with_blanks_is_split_as_there() {
    needs!("bash");
    let source = "b flags=\"--release --locked\":\n    rm {{flags}}\nc *args=\"-v\":\n    rm {{args}}\nd target=def:\n    rm {{target}}\n";
    let recipes = [
        recipe("b", "", "[[\"rm \",[[\"variable\",\"flags\"]]]]")
            .replace("\"parameters\":[]", &parameter("flags", "singular", "\"--release --locked\"")),
        recipe("c", "", "[[\"rm \",[[\"variable\",\"args\"]]]]")
            .replace("\"parameters\":[]", &parameter("args", "star", "\"-v\"")),
        recipe("d", "", "[[\"rm \",[[\"variable\",\"target\"]]]]")
            .replace("\"parameters\":[]", &parameter("target", "singular", "[\"variable\",\"def\"]")),
    ];
    let def = "\"def\":{\"name\":\"def\",\"value\":\"out\"}";
    let (space, told) = justfile(source, &dump("", def, &recipes));
    assert!(told.contains("the default of `args` is more than a text: it has to be given"), "{told}");
    let space = space.tool("rm", "#!/bin/sh\nfor word; do echo \"[$word]\"; done\n");
    space.run("b").exits(0).prints("[--release]\n[--locked]\n");
    space.run("c").exits(2).says("needs the argument `args`");
    space.run("c x").exits(0).prints("[x]\n");
    space.run("d").exits(0).prints("[out]\n");
}

#[test]
fn what_a_recipe_says_of_itself_is_evaluated_or_fails() {
    let source = "[private]\np:\n    true\nq:\n    ls\nr:\n    ls\n";
    let recipes = [
        recipe("p", ",\"private\":true", "[[\"true\"]]"),
        recipe("q", "", "[[\"ls\"]]").replace(
            "\"attributes\":[]",
            "\"attributes\":[{\"working-directory\":[\"join\",\"sub\",\"x\"]},{\"confirm\":[\"concatenate\",\"Sure\",\"?\"]}]",
        ),
        recipe("r", "", "[[\"ls\"]]").replace(
            "\"attributes\":[]",
            "\"attributes\":[{\"working-directory\":[\"join\",\"sub\",[\"call\",\"uuid\"]]}]",
        ),
    ];
    let (space, told) = justfile(source, &dump("", "", &recipes));
    let text = space.read("tasks.toml");
    for expected in ["hide = true", "dir = \"sub/x\"", "confirm = \"Sure?\""] {
        assert!(squeezed(&text).contains(expected), "{expected}: {text}");
    }
    assert!(told.contains("the folder of `r` is more than a text: it fails here"), "{told}");
    space.run("r").exits(1);
}

#[test]
fn lines_of_a_recipe_are_a_script_where_the_file_says_so() {
    needs!("bash");
    let source =
        "set default-script\nset script-interpreter := [\"bash\", \"-eu\"]\na:\n    X=1\n    echo x$X\n";
    let recipes = [recipe("a", "", "[[\"X=1\"],[\"echo x$X\"]]")];
    let (space, _) = justfile(source, &dump("\"default_script\":true", "", &recipes));
    space.run("a").exits(0).prints("x1\n");
    assert!(space.read("tasks.toml").contains("bash -eu\nX=1\necho x$X\n"), "{}", space.read("tasks.toml"));
}

#[test]
fn positions_and_guards_of_a_recipe_fail() {
    let source = "a *args:\n    rm \"$@\"\nb:\n    awk '{print $1}'\nc:\n    ?rm x\n    rm y\n";
    let recipes = [
        recipe("a", "", "[[\"rm \\\"$@\\\"\"]]")
            .replace("\"parameters\":[]", &parameter("args", "star", "null")),
        recipe("b", "", "[[\"true '{print $1}'\"]]"),
        recipe("c", "", "[[\"?rm x\"],[\"rm y\"]]"),
    ];
    let settings = "\"positional_arguments\":true,\"guards\":true";
    let (space, told) = justfile(source, &dump(settings, "", &recipes));
    assert!(told.contains("a step of `a` takes its arguments as `$1` or `$@`: it fails here"), "{told}");
    assert!(told.contains("`?` ends `c` without a failure: it fails here"), "{told}");
    space.run("a x").exits(1);
    space.run("b").exits(0);
    space.run("c").exits(1);
    assert!(!space.has("removed"));
}

#[test]
fn a_shell_that_is_none_of_ours_gets_simple_commands_too() {
    let source = "set shell := [\"docker\", \"compose\", \"exec\", \"web\", \"sh\", \"-c\"]\na:\n    rm -rf x\nb v:\n    rm {{v}}\n";
    let recipes = [
        recipe("a", "", "[[\"rm -rf x\"]]"),
        recipe("b", "", "[[\"rm \",[[\"variable\",\"v\"]]]]")
            .replace("\"parameters\":[]", &parameter("v", "singular", "null")),
    ];
    let shell =
        "\"shell\":{\"command\":\"docker\",\"arguments\":[\"compose\",\"exec\",\"web\",\"sh\",\"-c\"]}";
    let (space, told) = justfile(source, &dump(shell, "", &recipes));
    let space = space.tool("docker", "#!/bin/sh\nfor word; do echo \"[$word]\"; done\n");
    space.run("a").exits(0).prints("[compose]\n[exec]\n[web]\n[sh]\n[-c]\n[rm -rf x]\n");
    assert!(told.contains("has a value for a shell whose quotes Shipway does not know"), "{told}");
    space.run("b x").exits(1);
    assert!(!space.has("removed"));
}

#[test]
fn a_shell_of_mise_that_is_none_of_ours_gets_simple_commands_too() {
    let (space, _) = lost("mise.toml", "[tasks.a]\nshell = \"nu -c\"\nrun = \"ls\"\n");
    let space = space.tool("nu", "#!/bin/sh\necho \"nu $*\"\n");
    space.run("a").exits(0).prints("nu -c ls\n");
}

#[test]
fn a_value_of_a_taskfile_that_is_not_understood_is_never_empty() {
    let taskfile = "version: '3'\nvars:\n  A: '{{splitList \",\" .X}}'\n  N:\n  ARGS: '{{.CLI_ARGS}}'\n  V: {sh: '[[ -n \"{{.X}}\" ]] && echo yes'}\ntasks:\n  a: rm -rf {{.A}}/bin\n  b: rm x{{.N}}\n  c: rm {{.ARGS}}\n  d: rm {{.V}}\n";
    let (space, lost) = lost("Taskfile.yml", taskfile);
    for line in [3, 5, 6] {
        assert!(lost.iter().any(|loss| loss.starts_with(&format!("{line}: the value of"))), "{lost:?}");
    }
    let space = space.tool("rm", RM);
    for task in ["a", "c", "d"] {
        space.run(task).exits(1);
    }
    assert!(!space.has("removed"));
    space.run("b").exits(0);
    assert_eq!(space.read("removed"), "rm x\n");
}

#[test]
fn a_required_variable_of_a_taskfile_has_to_be_given() {
    let taskfile = "version: '3'\ntasks:\n  a:\n    requires: {vars: [STAGE]}\n    cmds: ['echo {{.STAGE}}']\n  b:\n    requires: {vars: [{name: KIND, enum: [x, y]}]}\n    cmds: ['echo ok']\n  c:\n    internal: true\n    silent: true\n    label: it\n    desc: one\n    summary: more\n    cmds: ['echo {{.STAGE}}']\n";
    let (space, lost) = lost("Taskfile.yml", taskfile);
    assert_eq!(lost, ["9: `STAGE` has to be given for `c`, too", "9: `label`", "9: `summary`",]);
    space.run("a").exits(7).says("STAGE");
    space.run("STAGE=x a").exits(0).prints("x\n");
    space.run("b").exits(7).says("KIND");
    space.run("KIND=z b").exits(1).says("KIND is none of x, y");
    space.run("KIND=y b").exits(0).prints("ok\n");
    let text = space.read("tasks.toml");
    assert!(text.contains("hide") && text.contains("quiet"), "{text}");
}

#[test]
fn what_a_taskfile_says_of_files_and_systems_holds_here() {
    let taskfile = "version: '3'\ntasks:\n  a:\n    sources: ['src/**/*.c', {exclude: 'src/gen/**'}]\n    generates: [out]\n    cmds: ['touch out']\n  b:\n    sources: ['src/**/*.c']\n    method: none\n    cmds: ['echo b']\n  c:\n    dir: src\n    sources: ['*.c', {exclude: gen}]\n    cmds: ['echo c']\n  d:\n    dir: src\n    sources: ['*.c']\n    method: timestamp\n    timeout: 1m\n    cmds: ['echo d']\n  e:\n    platforms: [plan9, windows]\n    cmds: ['echo e']\n  f:\n    platforms: [linux, darwin]\n    cmds: ['echo f']\n  g:\n    if: 'false'\n    cmds: ['echo g']\n";
    let (space, lost) = lost("Taskfile.yml", taskfile);
    assert_eq!(
        lost,
        [
            "11: `dir`: Task makes the folder where it is not there",
            "11: `sources`: the task always runs here",
            "15: `dir`: Task makes the folder where it is not there",
            "15: `method: timestamp`: files are compared by content here",
            "21: `platforms`: `e` fails here",
            "27: `if`: `g` fails here",
        ]
    );
    let text = space.read("tasks.toml");
    for expected in [
        "sources = [\"src/**/*.c\", \"!src/gen/**\"]",
        "outputs = [\"out\"]",
        "sources = [\"src/*.c\"]",
        "timeout = \"1m\"",
    ] {
        assert!(squeezed(&text).contains(expected), "{expected}: {text}");
    }
    let space = space.file("src/a.c", "").file("src/gen/b.c", "");
    space.run("a").exits(0);
    std::fs::write(space.path("src/gen/b.c"), "changed").unwrap();
    assert!(!space.run("a").exits(0).all().contains("touch out"));
    space.run("f").exits(0).prints("f\n");
    space.run("e").exits(1);
    space.run("g").exits(1);
}

/// A tasks file without the blanks that stand in columns.
fn squeezed(text: &str) -> String {
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n").collect()
}

#[test]
fn what_a_task_ignores_ends_the_command_that_failed_and_no_other() {
    needs!("bash");
    let taskfile = "version: '3'\ntasks:\n  a:\n    ignore_error: true\n    cmds:\n      - 'false'\n      - |\n        echo 1\n        false\n        echo 2\n      - task: f\n      - echo end\n  f: 'false'\n  g: \"echo $(echo 1; false; echo 2)\"\n";
    let (space, lost) = lost("Taskfile.yml", taskfile);
    assert_eq!(lost, ["3: the step that calls `f` is a run of its own here"]);
    let space = space.tool("shipway", "#!/bin/sh\nexit 1\n");
    space.run("a").exits(0).prints("1\nend\n");
    space.run("g").exits(0).prints("1\n");
}

#[test]
fn the_switches_that_a_taskfile_sets_hold_here() {
    needs!("bash");
    let taskfile = "version: '3'\nset: [pipefail]\nvars: {G: '{{default \"hi\" .G}}'}\ntasks:\n  a: 'false | true'\n  b: {set: [u, noglob], cmds: ['echo \"$NOPE_UNSET\"; echo b']}\n  c: 'echo {{.G}} {{default 3 .N}}'\n";
    let (space, lost) = lost("Taskfile.yml", taskfile);
    assert_eq!(lost, ["6: `set: noglob`"]);
    space.run("a").exits(1);
    space.run("b").exits(1).prints("");
    space.run("c").exits(0).prints("hi 3\n");
}

#[test]
fn the_callers_environment_wins_over_a_taskfiles() {
    needs!("bash");
    let taskfile = "version: '3'\nvars: {X: g, ts: 'a b'}\nenv: {FOO: '{{.X}}', BAR: fixed}\ntasks:\n  a: 'echo \"$FOO $BAR {{.BAR}}\"'\n  b:\n    cmds: ['echo \"$FOO\" {{.ts}}']\n    env: {FOO: 'task {{.X}}', ts: '{{.ts}}!'}\n";
    let (space, lost) = lost("Taskfile.yml", taskfile);
    assert!(lost.is_empty(), "{lost:?}");
    space.run("a").exits(0).prints("g fixed fixed\n");
    space.run("b").exits(0).prints("task g a b\n");
    let with = |task: &str, value: &str| {
        space.shipway([task]).env("FOO", value).env("BAR", value).run().exits(0).stdout.clone()
    };
    assert_eq!(with("a", "caller"), "caller caller fixed\n");
    assert_eq!(with("a", ""), "  fixed\n");
    assert_eq!(with("b", "caller"), "caller a b\n");
}

#[test]
fn variables_of_a_task_are_those_that_task_sees_there() {
    needs!("bash");
    let taskfile = "version: '3'\nvars: {X: g, L: '{{.LATER}}', LATER: z}\ntasks:\n  a:\n    vars: {C: '{{.C | default \"main\"}}', P: 'k/{{.C}}/x', X: '{{.X}}-own'}\n    cmds: ['echo {{.P}} {{.X}}']\n  b: 'echo {{.L}}'\n  c: 'echo {{.NOPE | default \"y\"}} {{.X | default \"z\"}} {{.NOPE}} {{.NO | default .X}} {{.Q | default 3}}'\n  o: 'echo {{OS}}/{{ARCH}}'\n  call:\n    cmds: [{task: fixed, vars: {X: v}}, {task: a, vars: {C: '{{.X}}'}}]\n  fixed:\n    vars: {X: dflt}\n    cmds: ['echo {{.X}}']\n";
    let (space, lost) = lost("Taskfile.yml", taskfile);
    assert!(lost.iter().any(|loss| loss.contains("the value of `L`")), "{lost:?}");
    space.run("a").exits(0).prints("k/main/x g-own\n");
    space.run("b").exits(1);
    space.run("c").exits(0).prints("y g g 3\n");
    space.run("NOPE=n Q=4 c").exits(0).prints("n g n g 4\n");
    let machine = std::env::consts::ARCH.replace("x86_64", "amd64").replace("aarch64", "arm64");
    let system = std::env::consts::OS.replace("macos", "darwin");
    space.run("o").exits(0).prints(&format!("{system}/{machine}\n"));
    let text = space.read("tasks.toml");
    assert!(text.contains("\"shipway fixed\"") && text.contains("shipway a_C=\"{{ vars.X }}\" a"), "{text}");
}

#[test]
fn code_in_a_value_stands_where_it_is_used() {
    needs!("bash");
    let taskfile = "version: '3'\nvars:\n  G: {sh: echo v1}\n  FLAGS: '-ldflags \"-X a={{.G}}\"'\ntasks:\n  a: rm {{.FLAGS}} .\n  b: 'rm {{.Z | default \"> out\"}}'\n";
    let (space, lost) = lost("Taskfile.yml", taskfile);
    assert!(lost.iter().any(|loss| loss.contains("the value of `FLAGS` is code")), "{lost:?}");
    let space = space.tool("rm", "#!/bin/sh\nfor word; do echo \"[$word]\"; done\n");
    space.run("a").exits(0).prints("[-ldflags]\n[-X a=v1]\n[.]\n");
    space.run("b").exits(1);
}

#[test]
fn a_task_that_is_not_in_the_file_fails_who_needs_it_and_no_other() {
    let taskfile = "version: '3'\nincludes: {docs: ./docs}\ntasks:\n  a: {deps: [docs:build, null], cmds: ['echo a']}\n  b: {cmds: [{task: 'docs:build'}]}\n  c: {deps: [{task: d, vars: {W: x}}], cmds: ['echo c']}\n  d: 'echo {{.W}}'\n  '*-wildcard-*': 'echo {{index .MATCH 0}}'\n";
    let (space, lost) = lost("Taskfile.yml", taskfile);
    for told in ["the dependency `docs:build`, which is not in this file", "the step that calls `docs:build`"]
    {
        assert!(lost.iter().any(|loss| loss.contains(told)), "{lost:?}");
    }
    space.run("a").exits(1);
    space.run("b").exits(1);
    space.run("W=y d").exits(0).prints("y\n");
    assert!(space.read("tasks.toml").contains("shipway W=x d"));
}

#[test]
fn a_task_of_mise_that_is_not_in_the_file_fails_who_needs_it_and_no_other() {
    let (space, lost) =
        lost("mise.toml", "[tasks.a]\ndepends = [\"gone\"]\nrun = \"echo a\"\n[tasks.b]\nrun = \"echo b\"\n");
    assert!(lost.iter().any(|loss| loss.contains("the dependency `gone` fits no task")), "{lost:?}");
    space.run("a").exits(1);
    space.run("b").exits(0);
}

#[test]
fn what_mise_says_of_a_task_is_carried_over() {
    let text = "[vars]\nbase = \"{{ exec(command='x') }}\"\n[env]\nWHERE = \"{{ exec(command='x') }}\"\n[tasks.a]\nhide = true\nquiet = true\nsilent = \"stderr\"\ntimeout = \"30s\"\nsources = [\"src/*.c\"]\noutputs = [\"out\"]\nwait_for = [\"b\", \"gone\"]\ndepends_post = [\"c\"]\nrun = \"touch out\"\n[tasks.c]\nrun = \"true\"\n[tasks.b]\nusage = 'flag \"--force\" default=\"true\"'\nrun = \"echo {{ usage.force }}\"\n";
    let (space, lost) = lost("mise.toml", text);
    assert_eq!(
        lost,
        [
            "0: words behind a task's name were added to its last command; give a task `args` for that",
            "2: the value of `base` is more than Shipway evaluates: what uses it fails here",
            "4: `WHERE` of `env`: what gets it fails here",
            "5: `depends_post`: it runs only where the task ended well",
            "5: `silent`: what the commands print is shown here",
            "5: `sources`: files are compared by content here, not by time",
            "5: `wait_for` of `gone`, which fits no task of this file",
            "17: the flag `--force` is an option here: `--force=false`",
        ]
    );
    let text = squeezed(&space.read("tasks.toml"));
    for expected in [
        "hide = true",
        "quiet = true",
        "timeout = \"30s\"",
        "sources = [\"src/*.c\"]",
        "outputs = [\"out\"]",
        "wait_for = [\"b\"]",
        "depends_post = [\"c\"]",
        "args = [\"--force=true\"]",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    space.run("b").exits(1);
    space.run("ENV_WHERE=x b").exits(0).prints("true\n");
}

#[test]
fn code_in_a_variable_of_mise_stands_where_it_is_used() {
    needs!("bash");
    let text = "[vars]\nv = \"v1\"\nflags = \"-ldflags '-X a={{vars.v}}'\"\nopts = \"-o {{vars.v}}\"\n[tasks]\na = \"rm {{vars.flags}} {{vars.opts}}\"\n";
    let (space, lost) = lost("mise.toml", text);
    assert!(
        lost.contains(&"3: the value of `flags` is code: it stands where it is used".to_owned()),
        "{lost:?}"
    );
    let space = space.tool("rm", "#!/bin/sh\nfor word; do echo \"[$word]\"; done\n");
    space.run("a").exits(0).prints("[-ldflags]\n[-X a=v1]\n[-o]\n[v1]\n");
}
