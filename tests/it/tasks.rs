//! Tasks from the command line to their commands, and what Shipway says about them.

use crate::harness::space::resource;
use crate::harness::{Output, Space, needs};
use shipway::event::EventKind;

/// Two tasks of which each waits for the other's file, though not for ever.
const TWO_THAT_MEET: &str = "[tasks.left]\nrun = \"bash meet.sh left right\"\n[tasks.right]\nrun = \"bash meet.sh right left\"\n\
                             [tasks.both]\ndepends = [\"left\", \"right\"]\n";

fn two_that_meet(turns: u32) -> Space {
    let meet =
        format!("touch $1; for turn in $(seq 1 {turns}); do [ -e $2 ] && exit 0; sleep 0.05; done; exit 1\n");
    Space::with_tasks(TWO_THAT_MEET).file("meet.sh", &meet)
}

#[test]
fn what_a_command_prints_goes_to_standard_output_and_the_talk_does_not() {
    let space = Space::with_tasks("[tasks.hello]\nrun = \"echo out; echo err >&2; printf 'no newline'\"\n");
    let output = space.run("hello");
    output.exits(0).says("err").does_not_say("out\n");
    assert_eq!(output.stdout.trim_end_matches('\n'), "out\nno newline", "{}", output.all());
    assert!(!output.stdout.contains('\u{1b}'));
}

#[test]
fn the_status_of_the_command_that_failed_is_passed_on() {
    let space = Space::with_tasks(
        "[tasks.seven]\nrun = [\"exit 7\", \"touch next\"]\n[tasks.needs]\ndepends = [\"seven\"]\nrun = \"touch needs\"\n\
         [tasks.killed]\nrun = \"kill -9 $$\"\n[tasks.absent]\nrun = \"no-such-program-here x\"\n[tasks.pipe]\nrun = \"false | true\"\n\
         [tasks.unset]\nrun = \"echo $no_such_variable; touch next\"\n",
    );
    space.run("seven").exits(7).says("seven").says("7");
    space.run("needs").exits(7);
    assert!(!space.has("next") && !space.has("needs"));
    space.run("killed").exits(137).says("9");
    space.run("pipe").exits(1);
    assert_ne!(space.run("unset").exits(1).stderr, "");
    assert!(!space.has("next"));
    space.run("absent").exits(7).says("no-such-program-here");
}

#[test]
fn tasks_that_do_not_wait_for_each_other_run_at_the_same_time() {
    needs!("bash");
    let space = two_that_meet(600);
    space.run("both").exits(0);
    let space = two_that_meet(600);
    space.run("left ::: right").exits(0);
}

#[test]
fn one_job_runs_one_task_after_the_other() {
    needs!("bash");
    let space = two_that_meet(2);
    // The first waits in vain, so nothing is started after it.
    space.run("-j1 both").exits(1);
    assert_eq!([space.has("left"), space.has("right")].iter().filter(|it| **it).count(), 1);
    let story = two_that_meet(2).run("-j1 -k --json both").story();
    let mut spans = ["task:left", "task:right"].map(|step| (story.started(step), story.ended(step)));
    spans.sort_unstable();
    assert!(spans[0].1 < spans[1].0, "{spans:?}");
}

#[test]
fn a_chain_of_thousands_of_tasks_runs_to_its_end() {
    let mut tasks = String::from("[tasks.t0]\nrun = \"touch first\"\n");
    for task in 1..5_000 {
        tasks += &format!("[tasks.t{task}]\ndepends = [\"t{}\"]\n", task - 1);
    }
    tasks += "[tasks.last]\ndepends = [\"t4999\"]\nrun = \"test -e first && touch last\"\n";
    let space = Space::with_tasks(&tasks);
    space.run("last").exits(0);
    assert!(space.has("last"));
}

#[test]
fn a_task_that_several_need_runs_once() {
    let space = Space::with_tasks(
        "[tasks.base]\nrun = \"echo x >>base\"\n[tasks.a]\ndepends = [\"base\"]\nrun = \"true\"\n[tasks.b]\ndepends = [\"base\"]\n\
         run = \"true\"\n[tasks.all]\ndepends = [\"a\", \"b\", \"base\"]\n",
    );
    space.run("all ::: a ::: base").exits(0);
    assert_eq!(space.read("base"), "x\n");
}

#[test]
fn after_a_failure_nothing_new_is_started_unless_asked_for() {
    let tasks = "[tasks.bad]\nrun = \"exit 3\"\n[tasks.needy]\ndepends = [\"bad\"]\nrun = \"touch needy\"\n[tasks.other]\n\
                 run = \"touch other\"\n[tasks.all]\ndepends = [\"bad\", \"needy\", \"other\"]\n";
    let space = Space::with_tasks(tasks);
    space.run("-j1 all").exits(3);
    assert!(!space.has("needy") && !space.has("other"));
    space.run("-j1 --keep-going all").exits(3).says("needy");
    assert!(!space.has("needy") && space.has("other"));
}

#[test]
fn with_fail_fast_what_still_runs_is_ended_and_cleans_up() {
    let space = Space::with_tasks(
        r#"
[tasks.bad]
run = "until [ -e runs ] && [ -e deaf ]; do sleep 0.05; done; exit 4"
[tasks.slow]
retry = 3
run = "trap 'touch told; exit 3' TERM; touch runs; while :; do sleep 0.1; done"
finally = "touch cleaned"
[tasks.deaf]
run = "trap '' TERM; touch deaf; while :; do sleep 0.1; done"
[tasks.waiting]
depends = ["slow"]
run = "touch waited"
[tasks.all]
depends = ["bad", "waiting", "deaf"]
"#,
    );
    let output = space.run("-j3 --fail-fast all");
    output
        .exits(4)
        .says("✗ slow  failed: ended, since `bad` failed")
        .says("✗ deaf  failed: ended, since `bad` failed");
    output.says("waiting  not started").does_not_say("attempt 2");
    assert!(space.has("told") && space.has("cleaned") && !space.has("waited"), "{}", output.all());
    space.run("--fail-fast --keep-going all").exits(2).says("cannot be used with");
}

#[test]
fn finally_runs_after_a_failure_and_the_first_error_is_told() {
    let space = Space::with_tasks(
        "[tasks.t]\nrun = \"exit 5\"\nfinally = [\"echo first-$SHIPWAY_STATUS >>order; exit 6\", \"echo second-$SHIPWAY_STATUS >>order\"]\n",
    );
    space.run("t").exits(5);
    assert_eq!(space.read("order"), "second-5\nfirst-5\n");
}

/// A project in which everything that runs would leave `pwned`, and a PATH in which every program only says in `started` that it was.
fn full_of_traps() -> Space {
    let mut space = Space::with_tasks(
        "[vars]\nslow = { sh = \"touch pwned\" }\nasked = { prompt = \"Which\" }\n[terraform]\nroot = \"terraform\"\n[workspaces.one]\n\
         vars = { word = \"{{ vars.slow }}\" }\nbefore_init = \"touch pwned\"\n[workspaces.two]\ndepends = [\"one\"]\n\
         vars = { word = \"{{ workspaces.one.outputs.word }}\" }\n\
         [tasks.before]\nrun = \"touch pwned\"\n[tasks.t]\ndepends = [\"before\"]\nargs = [\"name=x\"]\nconfirm = \"Sure?\"\n\
         run = [\"touch pwned {{ vars.slow }}\", { exec = [\"git\", \"tag\", \"{{ git.commit }}\"] }, \"echo {{ name }} {{ vars.asked }}\"]\n\
         finally = \"touch pwned\"\n",
    )
    .workspace("one", "variable \"word\" {}\nterraform {\n  backend \"local\" {}\n}\n")
    .workspace("two", "variable \"word\" {}\n");
    let log = space.path("started");
    for name in ["terraform", "git", "sh", "bash", "touch", "echo", "env"] {
        space = space.tool(name, &format!("#!/bin/sh\necho {name} >>'{}'\nexit 1\n", log.display()));
    }
    let bin = space.root.parent().unwrap().join("bin");
    space.environment.insert("PATH".into(), bin.into_os_string());
    space
}

#[track_caller]
fn assert_starts_nothing(space: &Space, line: &str) -> Output {
    let output = space.run(line);
    output.exits(0);
    assert!(!space.has("started"), "`shipway {line}` started {}", space.read("started"));
    assert!(!space.has("pwned") && !space.has(".shipway"), "`shipway {line}` leaves something behind");
    output
}

#[test]
fn a_dry_run_starts_no_process_and_says_what_would_be_done_in_order() {
    let space = full_of_traps();
    for line in ["--dry-run down", "--dry-run t", "--dry-run --json up", "--dry-run apply-two"] {
        assert_starts_nothing(&space, line);
    }
    let dry = assert_starts_nothing(&space, "--dry-run up");
    for phrase in ["terraform", "plan", "apply", "terraform/one", "terraform/two"] {
        assert!(dry.stdout.contains(phrase), "{phrase}: {}", dry.all());
    }
    let (one, two) = (dry.stdout.find("apply one"), dry.stdout.find("apply two"));
    assert!(one.is_some() && one < two, "in order: {}", dry.all());
    // The traps work: the same without --dry-run falls into one.
    space.run("up --yes");
    assert!(space.has("started"));
}

#[test]
fn looking_starts_no_process() {
    let space = full_of_traps();
    for line in
        ["", "list --all", "list --json", "help", "help up", "help t", "t --help", "show t", "show one"]
    {
        assert_starts_nothing(&space, line);
    }
    // `check` asks git and terraform about themselves, and runs nothing of the file.
    space.run("check").exits(0);
    assert!(!space.has("pwned") && !space.has(".shipway"));
    let started = space.read("started");
    assert!(started.lines().all(|name| ["git", "terraform"].contains(&name)), "{started}");
}

#[test]
fn every_line_of_json_is_an_event_and_the_run_frames_them() {
    needs!("terraform");
    let space = Space::three_in_a_row();
    for (line, code) in
        [("--json up --yes", 0), ("--json up", 0), ("--json down", 4), ("--json down --yes", 0)]
    {
        let output = space.run(line);
        let story = output.exits(code).story();
        assert!(matches!(story.events[0].kind, EventKind::RunStarted { .. }));
        let EventKind::RunFinished { exit_code, .. } = story.events.last().unwrap().kind else {
            panic!("the last event is another: {}", output.all())
        };
        assert_eq!(i32::from(exit_code), code);
        assert_eq!(
            story.count(|kind| matches!(kind, EventKind::RunStarted { .. } | EventKind::RunFinished { .. })),
            2
        );
        assert_eq!(output.stderr, "", "everything is in the events");
        let starts = story.count(|kind| matches!(kind, EventKind::CommandStarted { .. }));
        assert_eq!(starts, story.count(|kind| matches!(kind, EventKind::CommandEnded { .. })));
        assert_eq!(story.endings().len(), story.shapes().len(), "each step ends once");
    }
    let failing = Space::with_tasks("[tasks.t]\nrun = \"echo one; echo two >&2; exit 3\"\n");
    let story = failing.run("--json t").exits(3).story();
    let lines = story.count(|kind| matches!(kind, EventKind::Line { .. }));
    assert_eq!(lines, 2);
    assert!(!story.done().contains(&"task:t"));
}

#[test]
fn github_gets_groups_and_annotations() {
    needs!("terraform");
    let space = Space::with_tasks("[terraform]\nroot = \"terraform\"\n[workspaces.one]\n[tasks.t]\nrun = \"echo '::notice::from a linter'; echo '::set-env name=A::b' >&2; exit 3\"\n")
        .workspace("one", &resource("a", "exit 4"));
    let run =
        |line: &str| space.shipway(line.split(' ')).env("GITHUB_ACTIONS", "true").env("CI", "true").run();
    let all = |output: &Output| format!("{}{}", output.stdout, output.stderr);
    let failed = run("up --yes");
    failed.exits(1);
    let said = all(&failed);
    assert!(said.contains("::group::") && said.contains("::endgroup::"), "{said}");
    let error = said.lines().find(|line| line.starts_with("::error ")).expect("an annotation");
    assert!(error.contains("file=terraform/one/main.tf") && error.contains("line=3"), "{error}");
    assert_eq!(said.lines().filter(|line| line.starts_with("::error ")).count(), 1, "{said}");
    assert_eq!(said.matches("::group::").count(), said.matches("::endgroup::").count(), "{said}");

    let task = run("t");
    task.exits(3).prints("::notice::from a linter\n");
    let fence = task.stderr.find("::stop-commands::").expect("what is only shown is not obeyed");
    assert!(fence < task.stderr.find("\n::set-env").unwrap(), "{}", task.all());
    // Nobody can be asked in CI.
    run("destroy-one").exits(4).says("--yes");
}

#[test]
fn gitlab_gets_sections_and_the_error() {
    needs!("terraform");
    let space = Space::with_tasks("[terraform]\nroot = \"terraform\"\n[workspaces.one]\n")
        .workspace("one", &resource("a", "exit 4"));
    let failed = space.shipway(["up", "--yes"]).env("GITLAB_CI", "true").env("CI", "true").run();
    failed.exits(1);
    let said = format!("{}{}", failed.stdout, failed.stderr);
    assert!(said.contains("section_start:") && said.contains("terraform/one/main.tf:3"), "{said}");
    assert_eq!(said.matches("section_start:").count(), said.matches("section_end:").count(), "{said}");
}

#[test]
fn dotenv_files_are_read_in_order_and_the_callers_environment_wins() {
    let space = Space::with_tasks(
        "[project]\ndotenv = [\".env\", \".env.local?\"]\n[env]\nB = \"table\"\nC = \"table\"\n[tasks.t]\nenv = { C = \"task\" }\n\
         dotenv = [\"own.env\"]\nargs = [\"D=argument\"]\nrun = \"echo $A $B $C $D $E $F >seen\"\n",
    )
    .file(".env", "A=first\nB=first\nC=first\nE=first\nF=first\n")
    .file("own.env", "E=own\n");
    space.run("t").exits(0);
    assert_eq!(space.read("seen"), "first table task argument own first\n");
    space.write(".env.local", "A=local\nE=local\n");
    space.shipway(["t", "given"]).env("F", "caller").run().exits(0);
    assert_eq!(space.read("seen"), "local table task given own caller\n");
    std::fs::remove_file(space.path(".env")).unwrap();
    space.run("t").exits(3).says(".env").says("tasks.toml:2");
}

#[test]
fn arguments_are_told_from_options_and_from_further_tasks() {
    let space = Space::with_tasks(
        "[tasks.t]\nargs = [\"suite=all\", \"--keep\", \"--jobs=4\", \"rest...\"]\nrun = \"printf '%s|' {{ suite }} {{ keep }} {{ jobs }} {{ rest }} >t\"\n\
         [tasks.lint]\nrun = \"touch lint\"\n[tasks.must]\nargs = [\"what\"]\nrun = \"printf %s {{ what }} >must\"\n",
    );
    let t = |line: &str| {
        space.run(line).exits(0);
        space.read("t")
    };
    assert_eq!(t("t"), "all|false|4|");
    assert_eq!(t("t unit --keep --jobs 9 a b"), "unit|true|9|a|b|");
    assert_eq!(t("t --jobs=2 unit -- --keep -x"), "unit|false|2|--keep|-x|");
    assert_eq!(t("t unit ::: lint"), "unit|false|4|");
    assert!(space.has("lint"));
    space.run("lint t").exits(2).says("lint ::: t");
    space.run("lint nonsense").exits(2).says("nonsense").does_not_say(":::");
    space.run("t --keeep").exits(2).says("--keep");
    space.run("must").exits(2).says("what");
    space.run("must a b").exits(2).says("`b`");
    space.run("t :::").exits(2);
}

#[test]
fn an_unknown_name_gets_the_nearest_one() {
    let space = Space::with_tasks(
        "[vars]\nregion = \"nyc3\"\n[tasks.build]\nalias = \"b\"\nrun = \"printf %s {{ vars.region }} >built\"\n[terraform]\nroot = \"t\"\n[workspaces.base]\n",
    );
    space.run("biuld").exits(2).says("did you mean `build`");
    space.run("aply-base").exits(2).says("apply-base");
    space.run("up bas").exits(2).says("base");
    space.run("regoin=x build").exits(2).says("region");
    space.run("-e stgae build").exits(2).says("stgae");
    space.run("--dryrun build").exits(2).says("--dry-run");
    assert!(!space.has("built"));
    space.run("region=fra1 b").exits(0);
    assert_eq!(space.read("built"), "fra1");
}

#[test]
fn a_projects_own_task_wins_over_a_command_of_the_same_name() {
    let space = Space::with_tasks("[tasks.status]\ndescription = \"own\"\nrun = \"touch own\"\n");
    space.run("status").exits(0);
    assert!(space.has("own"));
    let listed = space.run("builtin list");
    assert!(listed.exits(0).stdout.contains("builtin status"), "{}", listed.all());
    space.run("run status").exits(0);
}

#[test]
fn a_wrong_file_is_told_whole_before_anything_runs() {
    let space = Space::with_tasks(
        "[tasks.t]\nrum = \"x\"\n[tasks.u]\nrun = \"echo {{ vars.absent }}\"\ndepends = [\"w\"]\n",
    );
    let wrong = space.run("u");
    wrong.exits(3).says("tasks.toml:2").says("tasks.toml:4").says("tasks.toml:5").says("`run`");
    assert!(!space.has(".shipway"));
}

#[test]
fn the_file_is_found_from_a_folder_below_and_commands_run_beside_it() {
    let space = Space::with_tasks(
        "[tasks.here]\nrun = \"pwd -P >here\"\n[tasks.there]\ndir = \"a\"\nrun = \"pwd -P >there\"\n",
    )
    .file("a/b/c.txt", "");
    space.shipway(["here"]).dir(space.path("a/b")).run().exits(0);
    assert_eq!(space.read("here").trim(), space.root.to_str().unwrap());
    space.shipway(["there"]).dir(space.path("a/b")).run().exits(0);
    assert_eq!(space.read("a/there").trim(), space.path("a").to_str().unwrap());
    let outside = space.root.parent().unwrap().join("home");
    space.shipway(["here"]).dir(outside).run().exits(2).says("tasks.toml");
}

/// Values that somebody's quoting once got wrong.
const HOSTILE: [&str; 40] = [
    "",
    "'",
    "\"",
    "''",
    "\\",
    "\\\\'",
    "\\n",
    "a b",
    " lead and trail ",
    "\t",
    "$(touch pwned)",
    "`touch pwned`",
    "$HOME",
    "${HOME}",
    "'$(touch pwned)'",
    "\"; touch pwned; \"",
    "'; touch pwned; '",
    "; touch pwned",
    "| touch pwned",
    "&",
    "&& touch pwned",
    "<(touch pwned)",
    "> pwned",
    "*",
    "?",
    "[a-z]*",
    "{a,b}",
    "~",
    "~root",
    "#x",
    "!!",
    "-n",
    "--",
    "--help",
    "%s%n",
    "x=y",
    "{{ value }}",
    "line one\nline two",
    "\r\n",
    "ünïcödé 🚢 \u{202e}",
];

/// A program that appends its arguments, and `$VALUE`, to a file, each with a NUL behind it.
const DUMP: &str = "#!/bin/sh\nfor each; do printf '%s\\000' \"$each\" >>\"$DUMP\"; done\n";
const DUMP_ENV: &str = "#!/bin/sh\nprintf '%s\\000' \"$VALUE\" >>\"$DUMP\"\n";
const DUMP_DIR: &str = "#!/bin/sh\nprintf '%s\\000' \"${PWD##*/}\" >>\"$DUMP\"\n";

fn dumping(tasks: &str) -> Space {
    Space::with_tasks(tasks).tool("dump", DUMP).tool("dump-env", DUMP_ENV).tool("dump-dir", DUMP_DIR)
}

/// What the programs got.
fn dumped(space: &Space, args: &[&str]) -> Vec<String> {
    std::fs::remove_file(space.path("dumped")).ok();
    space.shipway(args).env("DUMP", space.path("dumped")).run().exits(0);
    assert!(!space.has("pwned"), "{args:?} ran as code");
    let mut all: Vec<String> = space.read("dumped").split('\0').map(str::to_owned).collect();
    assert_eq!(all.pop().as_deref(), Some(""));
    all
}

#[test]
fn hostile_arguments_reach_programs_byte_for_byte_in_every_place() {
    needs!("bash");
    let space = dumping(
        r#"
[tasks.t]
args = ["value"]
env  = { VALUE = "{{ value }}" }
run  = [
  "dump {{ value }}",
  "dump \"{{ value }}\"",
  "dump '{{ value }}'",
  "dump <{{ value }}>",
  "true && dump {{ value }} \"<{{ value }}>\" '<{{ value }}>' | cat",
  { exec = ["dump", "{{ value }}", "<{{ value }}>"] },
  "dump \"$value\" | cat",
  "dump-env",
]
"#
        .replace("dump <{{ value }}>", "dump pre{{ value }}post")
        .as_str(),
    );
    for value in HOSTILE {
        let around = format!("<{value}>");
        let expected = [
            value,
            value,
            value,
            &format!("pre{value}post"),
            value,
            &around,
            &around,
            value,
            &around,
            value,
            value,
        ];
        assert_eq!(dumped(&space, &["t", "--", value]), expected, "{value:?}");
    }
}

#[test]
fn hostile_words_of_a_variadic_stay_one_word_each() {
    needs!("bash");
    let space = dumping(
        "[tasks.t]\nargs = [\"rest...\"]\nrun = [\"dump {{ rest }}\", \"dump {{ rest }} | cat\", { exec = [\"dump\", \"{{ rest }}\"] }]\n",
    );
    let mut args = vec!["t", "--"];
    args.extend(HOSTILE);
    assert_eq!(dumped(&space, &args), [HOSTILE, HOSTILE, HOSTILE].concat());
}

#[test]
fn hostile_variables_and_dependencies_arguments_reach_programs_byte_for_byte() {
    needs!("bash");
    let space = dumping(
        r#"
[vars]
given  = ""
caller = { env = "CALLER" }
printed = { sh = "cat value" }

[tasks.inner]
args = ["value", "again"]
run  = "dump {{ value }} \"{{ again }}\" | cat"

[tasks.t]
args    = ["value"]
depends = [{ task = "inner", args = ["--", "{{ value }}", "<{{ value }}>"] }]
env     = { VALUE = "{{ vars.given }}" }
run     = ["dump {{ vars.given }} '{{ vars.caller }}' \"{{ vars.printed }}\" | cat", { exec = ["dump", "{{ vars.caller }}"] }, "dump-env"]
"#,
    );
    // Line endings of what a command prints have a test of their own.
    for value in HOSTILE.into_iter().filter(|value| !value.contains('\r')) {
        space.write("value", value);
        std::fs::remove_file(space.path("dumped")).ok();
        space
            .shipway([format!("given={value}").as_str(), "t", "--", value])
            .env("DUMP", space.path("dumped"))
            .env("CALLER", value)
            .run()
            .exits(0);
        assert!(!space.has("pwned"), "{value:?} ran as code");
        let seen = space.read("dumped");
        let expected = [value, &format!("<{value}>"), value, value, value, value, value];
        assert_eq!(seen, expected.map(|each| format!("{each}\0")).concat(), "{value:?}");
    }
}

#[test]
fn what_a_variables_command_prints_loses_only_its_last_newlines() {
    needs!("bash");
    let space = dumping("[vars]\nprinted = { sh = \"cat value\" }\n[tasks.t]\nrun = \"dump-var\"\nenv = { VALUE = \"{{ vars.printed }}\" }\n")
        .tool("dump-var", "#!/bin/sh\nprintf %s \"$VALUE\" >\"$DUMP\"\n");
    // Linux takes no single variable of more than 128 KB.
    let long = "0123456789".repeat(12_000);
    for value in
        ["a\n\nb", "\ttab ", "progress 10%\rprogress 100%", "dos\r\nlines\r\nend", "\r", "last \r", &long]
    {
        space.write("value", &format!("{value}\n\n"));
        space.shipway(["t"]).env("DUMP", space.path("dumped")).run().exits(0);
        assert_eq!(space.read("dumped"), *value);
    }
}

#[test]
fn a_folder_with_a_hostile_name_is_entered() {
    let space = dumping(
        "[tasks.t]\nargs = [\"value\"]\ndir = \"places/{{ value }}\"\nrun = { exec = [\"dump-dir\"] }\n",
    );
    for value in HOSTILE.into_iter().filter(|value| !value.is_empty() && !value.contains('/')) {
        std::fs::create_dir_all(space.path("places").join(value)).unwrap();
        assert_eq!(dumped(&space, &["t", "--", value]), [value], "{value:?}");
    }
}

#[test]
fn an_empty_optional_that_stands_bare_is_no_argument() {
    let space = dumping(
        "[tasks.t]\nargs = [\"a=\", \"b=\"]\nrun = [\"dump x {{ a }} \\\"{{ b }}\\\"\", { exec = [\"dump\", \"{{ a }}\", \"y\"] }]\n",
    );
    assert_eq!(dumped(&space, &["t"]), ["x", "", "y"]);
    assert_eq!(dumped(&space, &["t", "1", "2"]), ["x", "1", "2", "1", "y"]);
}
