//! `import`: what comes out of other tools' files does what they did.
//!
//! Each folder of `tests/fixtures/imports` has a file in the style of a real one, written by us; `expected.toml`, what is made of it; `calls`, command lines for
//! the tool and for Shipway; and `log`, what the tool started then. Every program is replaced by a stand-in that writes down its arguments.
//! Shipway's log always has to be `log`. That `log` is the tool's own is looked at where the tool is installed (last with GNU make 4.3, just
//! 1.59.0, Task 3.54.0 and mise 2026.10.25). `SNAPSHOTS=overwrite` writes `expected.toml`, and `log` where the tool is there.
//!
//! Commands of variables (`git rev-parse`, `git describe`) are not compared: each tool asks them when it likes. Lines with `~>` are compared without
//! their order: make and just do dependencies one after another, Shipway side by side.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::tools::find;
use crate::harness::{Space, needs};

/// The programs that the files call.
const PROGRAMS: &[&str] = &[
    "ansible-playbook",
    "apt",
    "ar",
    "cargo",
    "clang",
    "curl",
    "docker",
    "doxygen",
    "gcc",
    "golangci-lint",
    "go",
    "gzip",
    "ls",
    "mkdir",
    "node",
    "npm",
    "pip",
    "pytest",
    "python3",
    "rm",
    "rsync",
    "ruff",
    "ssh",
    "tar",
    "terraform",
    "tofu",
    "touch",
];

/// Writes its name and its arguments down, a call a line, with nothing but what the shell itself can do.
const STAND_IN: &str = "#!/bin/sh\nline=${0##*/}\nfor word; do line=\"$line [$word]\"; done\nprintf '%s\\n' \"$line\" >>\"$CALLS\"\n";

const GIT: &str = "case $1 in rev-parse | describe) echo abc123; exit ;; esac\n";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/imports")
}

fn overwrites() -> bool {
    std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite")
}

/// A file of another tool, with its calls.
struct Case {
    name: String,
    tool: &'static str,
    file: &'static str,
    /// The tool's words, Shipway's words, and whether the order counts.
    calls: Vec<(String, String, bool)>,
}

impl Case {
    fn all() -> Vec<Self> {
        let mut names: Vec<String> = folder()
            .read_dir()
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names.into_iter().map(Self::read).collect()
    }

    fn read(name: String) -> Self {
        let (tool, file) = match name.split('-').next() {
            Some("make") => ("make", "Makefile"),
            Some("just") => ("just", "justfile"),
            Some("task") => ("task", "Taskfile.yml"),
            _ => ("mise", "mise.toml"),
        };
        let calls = std::fs::read_to_string(folder().join(&name).join("calls")).unwrap();
        let calls = calls
            .lines()
            .map(|line| {
                let (sign, counts) = if line.contains(" ~> ") { (" ~> ", false) } else { (" => ", true) };
                let (theirs, ours) = line.split_once(sign).unwrap();
                (theirs.to_owned(), ours.to_owned(), counts)
            })
            .collect();
        Self { name, tool, file, calls }
    }

    fn path(&self, file: &str) -> PathBuf {
        folder().join(&self.name).join(file)
    }

    /// A project with the file, in which every program is a stand-in, and so is `just` where it only says what it read.
    fn space(&self) -> Space {
        let mut space = Space::new();
        for entry in folder().join(&self.name).read_dir().unwrap().map(Result::unwrap) {
            space
                .write(&entry.file_name().to_string_lossy(), &std::fs::read_to_string(entry.path()).unwrap());
        }
        for file in ["app/.keep", "deploy/.keep", "infra/.keep", "a.c", "b.c"] {
            space.write(file, "");
        }
        for program in PROGRAMS {
            space = space.tool(program, STAND_IN);
        }
        space = space.tool("git", &STAND_IN.replacen("line=", &format!("{GIT}line="), 1));
        if self.path("dump.json").is_file() {
            let just = find("just").map(|path| path.display().to_string()).unwrap_or_default();
            let text =
                format!("#!/bin/sh\ncase $* in *--dump*) exec cat dump.json ;; esac\nexec '{just}' \"$@\"\n");
            space = space.tool("just", &text);
        }
        let ours = Path::new(env!("CARGO_BIN_EXE_shipway")).parent().unwrap().display().to_string();
        let path = space.environment[std::ffi::OsStr::new("PATH")].to_string_lossy().into_owned();
        space.environment.insert("PATH".into(), format!("{path}:{ours}").into());
        space.environment.insert("CALLS".into(), space.path("calls-made").into());
        space
    }

    /// What was started by each of the calls, told by `line` how to make one.
    fn log(&self, space: &Space, line: impl Fn(&str, &str) -> String) -> String {
        let mut log = String::new();
        for (theirs, ours, counts) in &self.calls {
            std::fs::write(space.path("calls-made"), "").unwrap();
            let mut shell = space.program("bash");
            let output = shell.args(["-c", &line(theirs, ours)]).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {theirs}: {said}", self.name);
            let made = space.read("calls-made");
            let mut calls: Vec<&str> = made.lines().collect();
            if !counts {
                calls.sort_unstable();
            }
            log.push_str(&format!("$ {theirs}\n"));
            calls.iter().for_each(|call| {
                log.push_str(&format!("{}\n", call.replace(&space.root.display().to_string(), ".")))
            });
        }
        log
    }

    fn imported(&self) -> Space {
        let space = self.space();
        space.shipway(["import", self.file, "--yes"]).run().exits(0);
        space
    }
}

/// Compares, or writes what came out.
#[track_caller]
fn same(path: &Path, actual: &str) {
    if overwrites() {
        std::fs::write(path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(actual, expected, "{}", path.display());
}

#[test]
fn there_are_files_of_every_tool() {
    let mut tools: BTreeMap<&str, usize> = BTreeMap::new();
    Case::all().iter().for_each(|case| *tools.entry(case.tool).or_default() += 1);
    assert!(tools["make"] >= 12 && tools.len() == 4, "{tools:?}");
}

#[test]
fn what_is_made_of_each_file_is_as_expected_and_in_order() {
    needs!("make", "bash");
    for case in Case::all() {
        let space = case.imported();
        let text = space.read("tasks.toml");
        same(&case.path("expected.toml"), &text);
        space.run("builtin check").exits(0);
        space.run("builtin fmt --check").exits(0);
    }
}

#[test]
fn imported_files_start_what_the_originals_started() {
    needs!("make", "bash");
    for case in Case::all() {
        let space = case.imported();
        let log = case.log(&space, |_, ours| format!("shipway -j1 {ours}"));
        let expected = std::fs::read_to_string(case.path("log")).unwrap_or_default();
        assert_eq!(log, expected, "{}", case.name);
    }
}

fn the_logs_are_of(tool: &str, call: &str) {
    for case in Case::all().iter().filter(|case| case.tool == tool) {
        let space = case.space();
        let log = case.log(&space, |theirs, _| format!("{call} {theirs}"));
        same(&case.path("log"), &log);
    }
}

#[test]
fn the_logs_of_makefiles_are_makes() {
    needs!("make", "bash");
    the_logs_are_of("make", "make");
}

#[test]
fn the_logs_of_justfiles_are_justs() {
    // No part of CI's machine: the recorded logs are compared there.
    if find("just").is_some() {
        the_logs_are_of("just", "just");
    }
}

#[test]
fn the_logs_of_taskfiles_are_tasks() {
    // No part of CI's machine: the recorded logs are compared there.
    if find("task").is_some() {
        the_logs_are_of("task", "task");
    }
}

#[test]
fn the_logs_of_mise_files_are_mises() {
    // No part of CI's machine: the recorded logs are compared there.
    if find("mise").is_some() {
        the_logs_are_of(
            "mise",
            "MISE_TRUSTED_CONFIG_PATHS=$PWD MISE_OFFLINE=1 mise run --skip-tools --quiet --jobs 1",
        );
    }
}

#[test]
fn make_evaluates_nothing_before_it_may() {
    needs!("make");
    let makefile = "X := $(shell touch evaluated)\nall:\n\techo $(X)\n";
    let space = Space::new().file("Makefile", makefile);
    space.run("import Makefile").exits(4).says("`$(shell …)`").says("--yes");
    assert!(!space.has("evaluated") && !space.has("tasks.toml"));
    space.run("import Makefile --yes").exits(0).says("note: make evaluates Makefile");
    assert!(space.has("evaluated") && space.has("tasks.toml"));
    // Without anything to evaluate there is nothing to ask.
    Space::new().file("Makefile", "all:\n\ttrue\n").run("import Makefile").exits(0);
}

#[test]
fn no_value_of_the_environment_gets_into_the_new_file() {
    needs!("make");
    let token = "s3cr3t-9xQ7";
    // What `eval` made of the name gets the name back.
    let makefile = "define rule\n$(1):\n\techo $(1) $(API_TOKEN)\nendef\n$(eval $(call rule,a))\n";
    let space = Space::new().file("Makefile", makefile);
    space.shipway(["import", "Makefile", "--yes"]).env("API_TOKEN", token).run().exits(0);
    let text = space.read("tasks.toml");
    assert!(text.contains("echo a ${API_TOKEN}") && !text.contains(token), "{text}");
    space.shipway(["a"]).env("API_TOKEN", token).run().exits(0).prints(&format!("a {token}\n"));
    // What only make can expand is not written down.
    let makefile = "send = echo $(1) $(API_TOKEN)\na:\n\t$(call send,a)\n";
    let space = Space::new().file("Makefile", makefile);
    for words in
        [&["import", "Makefile"][..], &["import", "Makefile", "--print"], &["--json", "import", "Makefile"]]
    {
        let output = space.shipway(words).env("API_TOKEN", token).run();
        output.exits(4);
        assert!(!output.all().contains(token) && output.all().contains("$API_TOKEN"), "{}", output.all());
        assert!(!space.has("tasks.toml"));
    }
    space.run("import Makefile").exits(0);
}

#[test]
fn no_value_of_the_environment_comes_by_an_included_file() {
    needs!("make");
    let token = "s3cr3tTokenValue99";
    let space = Space::new()
        .file("Makefile", "include common.mk\nall:\n\t@echo $(URL)\n")
        .file("common.mk", "URL := https://user:$(API_TOKEN)@host.example\n");
    space.shipway(["import", "Makefile", "--yes"]).env("API_TOKEN", token).run().exits(0);
    let text = space.read("tasks.toml");
    assert!(text.contains("API_TOKEN") && !text.contains(token), "{text}");
    let url = format!("https://user:{token}@host.example\n");
    space.shipway(["all"]).env("API_TOKEN", token).run().exits(0).prints(&url);
    // Where only make can say the value, nothing is written, also if it is cut into pieces.
    for (token, secret) in
        [(token, token), ("two\nk3y-of-9xQ7", "k3y-of-9xQ7"), ("a$$k3y-of-9xQ7", "k3y-of-9xQ7")]
    {
        let space = Space::new()
            .file("Makefile", "include common.mk\nall:\n\t@echo $(call url,x)\n")
            .file("common.mk", "url = https://$(API_TOKEN)@host.example/$(1)\n");
        let output = space.shipway(["import", "Makefile", "--yes"]).env("API_TOKEN", token).run();
        output.exits(4).says("$API_TOKEN");
        assert!(!output.all().contains(secret) && !space.has("tasks.toml"), "{}", output.all());
    }
}

#[test]
fn what_the_caller_may_give_keeps_its_default_also_where_the_caller_of_the_import_gave_it() {
    needs!("make");
    let space = Space::new().file("Makefile", "TAG ?= latest\nall:\n\t@echo $(TAG) '$(TAG)'\n");
    space.shipway(["import", "Makefile"]).env("TAG", "mine").run().exits(0);
    assert!(!space.read("tasks.toml").contains("mine"));
    space.run("all").exits(0).prints("latest latest\n");
    space.shipway(["all"]).env("TAG", "v1").run().exits(0).prints("v1 v1\n");
}

#[test]
fn make_makes_no_makefile_and_writes_nothing_unasked() {
    needs!("make");
    let space = Space::new()
        .file("Makefile.in", "")
        .file("Makefile", "all: ; @echo hi\nMakefile: Makefile.in\n\ttouch pwned\n");
    let output = space.run("import Makefile --print");
    output.exits(0);
    assert!(output.stdout.contains("Makefile:2: make makes `Makefile` anew"), "{}", output.all());
    space.run("import Makefile --yes").exits(0);
    assert!(!space.has("pwned"), "make was asked what it knows, and made something");
    let space = Space::new().file(
        "Makefile",
        "-include gen.mk\ninclude no.mk no-*.mk\nall: ; @echo hi\ngen.mk no.mk: ; touch pwned >$@\n",
    );
    let output = space.run("import Makefile --yes");
    output.exits(0);
    for told in [
        "Makefile:1: `gen.mk` was not there",
        "Makefile:2: `no.mk` was not there",
        "Makefile:2: `no-*.mk` was not there",
    ] {
        assert!(output.stdout.contains(told), "{}", output.all());
    }
    assert!(!space.has("pwned") && !space.has("gen.mk"));
    for busy in
        ["$(file >wrote,x)", "$(eval A := $$(file >wrote,x))", "$(call file,>wrote,x)", "include a.mk"]
    {
        let space = Space::new()
            .file("Makefile", &format!("{busy}\nall: ; @echo hi\n"))
            .file("a.mk", "$(file >wrote,x)\n");
        for words in ["import Makefile", "import Makefile --print", "import Makefile --json"] {
            let output = space.run(words);
            output.exits(4);
            assert!(output.all().contains("--yes") && !space.has("wrote"), "{busy}: {}", output.all());
        }
        space.run("import Makefile --yes").exits(0);
        assert!(space.has("wrote"), "{busy}");
    }
}

#[test]
fn a_tasks_file_that_is_there_is_not_replaced_unasked() {
    let space = Space::with_tasks("[tasks]\na = \"true\"\n").file("mise.toml", "[tasks]\nb = \"true\"\n");
    space.run("import mise.toml").exits(4).says("tasks.toml is there already").says("--force");
    let printed = space.run("import mise.toml --print");
    printed.exits(0);
    assert!(printed.stdout.contains("[tasks.b]\nrun = \"true\"\n"), "{}", printed.all());
    assert!(space.read("tasks.toml").contains("a ="));
    space.run("import mise.toml --force").exits(0);
    assert!(space.read("tasks.toml").contains("[tasks.b]"));
    space.run("import unknown.xyz").exits(2).says("--from make");
    space.file("ops", "[tasks]\nc = \"true\"\n").run("import ops --from mise --force").exits(0);
}

#[test]
fn what_is_lost_is_told_with_its_line_also_as_data() {
    let taskfile = "version: '3'\nincludes:\n  docs: ./docs\ntasks:\n  a:\n    status: [x]\n    cmds:\n      - echo {{ splitList \",\" .X }}\n";
    let space = Space::new().file("Taskfile.yml", taskfile);
    let output = space.run("import Taskfile.yml --json");
    output.exits(0);
    let told: Value = serde_json::from_str(&output.stdout).unwrap();
    let lost: Vec<String> = told["lost"]
        .as_array()
        .unwrap()
        .iter()
        .map(|loss| format!("{}: {}", loss["line"], loss["what"].as_str().unwrap()))
        .collect();
    assert_eq!(
        lost,
        [
            "2: `includes` of the file",
            "5: `status`: the task always runs here",
            "5: a step of `a` has a template that Shipway does not know: it fails here",
        ]
    );
    // What could not be understood fails where it would be needed, and is not passed over.
    space.run("a").exits(1);
    assert!(space.read("tasks.toml").contains("# - Taskfile.yml:5: `status`"));
}

#[test]
fn what_only_make_does_is_listed_with_its_line() {
    needs!("make");
    let makefile = "include rules.mk\nVPATH = src\n.EXPORT_ALL_VARIABLES:\n.NOTPARALLEL:\nunexport HOME\n\
        export a-b = 1\nall:\n\t@echo $(MAKECMDGOALS)\n\t@echo $(WHO)\n.DELETE_ON_ERROR:\n";
    let space = Space::new().file("Makefile", makefile).file("rules.mk", "%.o: %.c\n\tcc $<\nWHO = me\n");
    let output = space.run("import Makefile --yes --json");
    output.exits(0);
    let told: Value = serde_json::from_str(&output.stdout).unwrap();
    let lost: Vec<String> = told["lost"]
        .as_array()
        .unwrap()
        .iter()
        .map(|loss| {
            let [file, what] = ["file", "what"].map(|key| loss[key].as_str().unwrap());
            format!("{file}:{}: {what}", loss["line"])
        })
        .collect();
    assert_eq!(
        lost,
        [
            "Makefile:0: `make` alone makes `all`; `shipway` alone lists the tasks",
            "Makefile:2: make looks for files in other folders too: here `$<` and `$^` are the names as they are written",
            "Makefile:3: `.EXPORT_ALL_VARIABLES` has no like here",
            "Makefile:4: `.NOTPARALLEL` has no like here",
            "Makefile:5: `unexport HOME`: commands get it",
            "Makefile:6: `export a-b`: no shell has a variable of this name",
            "Makefile:8: `$(MAKECMDGOALS)` is the task's own target here, whoever needs it",
            "Makefile:10: `.DELETE_ON_ERROR` has no like here",
            "rules.mk:2: the pattern rule `%.o: %.c` of rules.mk: write a task with an argument",
            "rules.mk:3: `WHO` is one word here: make would split `WHO=\"a b\"`",
        ]
    );
}

#[test]
fn files_that_are_wrong_are_told() {
    needs!("make");
    Space::new().file("Makefile", "all:\n    spaces\n").run("import Makefile").exits(3).says("Makefile");
    Space::new()
        .file("mise.toml", "[tasks")
        .run("import mise.toml")
        .exits(3)
        .says("mise.toml could not be understood");
    Space::new().file("Taskfile.yml", "a: [").run("import Taskfile.yml").exits(3).says("Taskfile.yml");
}

#[test]
fn a_link_that_leads_nowhere_is_a_tasks_file_that_is_there() {
    let space = Space::new().file("mise.toml", "[tasks.a]\nrun = \"true\"\n");
    std::os::unix::fs::symlink("elsewhere.toml", space.path("tasks.toml")).unwrap();
    space.run("import mise.toml").exits(4).says("tasks.toml is there already");
    assert!(space.path("tasks.toml").is_symlink() && !space.has("elsewhere.toml"));
}

/// What `import` says of a file that holds `text`: its project, and the lines of what is lost.
pub(crate) fn lost(file: &str, text: &str) -> (Space, Vec<String>) {
    let space = Space::new().file(file, text);
    let output = space.run(&format!("import {file} --json"));
    output.exits(0);
    space.run("builtin check").exits(0);
    let told: Value = serde_json::from_str(&output.stdout).unwrap();
    let losses = told["lost"].as_array().unwrap().iter();
    let lost = losses.map(|loss| format!("{}: {}", loss["line"], loss["what"].as_str().unwrap())).collect();
    (space, lost)
}

#[test]
fn a_command_of_several_lines_stops_at_its_first_failure_as_in_task() {
    needs!("bash");
    let taskfile = "version: '3'\ntasks:\n  a:\n    - |\n      false\n      echo after\n  b:\n    cmds:\n      - cmd: |\n          echo before\n          false\n          echo after\n        ignore_error: yes\n      - echo end\n";
    let (space, lost) = lost("Taskfile.yml", taskfile);
    assert!(lost.is_empty(), "{lost:?}");
    let output = space.run("a");
    output.exits(1);
    assert!(!output.stdout.contains("after"), "{}", output.all());
    space.run("b").exits(0).prints("before\nend\n");
}

#[test]
fn nothing_of_a_taskfile_that_is_not_known_vanishes() {
    let taskfile = "version: '3'\nvars:\n  STAGE: dev\ndotenv: ['.env.{{.STAGE}}', '.env.{{.HOST}}']\ntasks:\n  a:\n    - defer: echo {{.EXIT_CODE}}\n    - echo {{.USER_WORKING_DIR}}\n    - defer: 'echo {{.X | default \"y\"}}'\n";
    let (space, lost) = lost("Taskfile.yml", taskfile);
    assert_eq!(
        lost,
        [
            "4: the dotenv file `.env.{{.HOST}}`",
            "4: the dotenv file `.env.{{.STAGE}}`: a variable that is given does not change it",
            "6: `defer` is `finally` here: it runs also where a step before it failed",
            "6: a step of `a` has a template that Shipway does not know: it fails here",
        ]
    );
    let text = space.read("tasks.toml");
    assert!(text.contains("dotenv = [\".env.dev?\"]"), "{text}");
    assert_eq!(text.matches("exit 1").count(), 2, "{text}");
}

#[test]
fn a_variable_without_a_default_has_to_be_set() {
    let (space, _) = lost("mise.toml", "[tasks]\na = 'echo \"{{env.NOPE_TOKEN}}/bin\"'\n");
    space.run("a").exits(7).says("$NOPE_TOKEN, which is not set");
    space.shipway(["a"]).env("NOPE_TOKEN", "x").run().exits(0).prints("x/bin\n");
}

#[test]
fn what_mise_says_more_of_files_variables_and_calls_is_told() {
    let text = "[env]\nNODE_ENV = false\n_.file = [\".env\", { path = \".secrets\", redact = true }]\n[tasks.a]\ndir = \"{{cwd}}\"\ndepends = [{ task = \"b\", env = { X = \"1\" } }]\n[tasks.b]\nrun = [{ task = \"c\", args = [\"x\"], env = { Y = \"2\" } }]\n[tasks.c]\nusage = 'arg \"<x>\"'\nrun = \"true\"\n";
    let (space, lost) = lost("mise.toml", text);
    assert_eq!(
        lost,
        [
            "0: words behind a task's name were added to its last command; give a task `args` for that",
            "2: `NODE_ENV = false` of `[env]`: there it takes the variable away",
            "3: `redact = true` of a file of `[env]`",
            "4: `dir`: `a` fails here",
            "4: the dependency `b` has `env`: `a` fails here",
            "7: the step that calls c is a run of its own here",
            "7: the step that calls c says more than that: it fails here",
        ]
    );
    assert!(space.read("tasks.toml").contains("dotenv = [\".env?\", \".secrets?\"]"));
}

#[test]
fn what_a_justfile_says_of_folders_systems_and_variables_is_carried_over_or_told() {
    let justfile = "set working-directory := 'sub'\nunexport HOME\na:\n    echo {{invocation_directory()}}\nb:\n    rm -rf \"{{env('NOPE_TOKEN')}}/bin\"\n[macos]\nmac:\n    echo mac\n";
    let body = |body: &str| {
        format!(
            "\"attributes\":[],\"dependencies\":[],\"parameters\":[],\"priors\":0,\"shebang\":false,\"body\":{body}"
        )
    };
    let dump = format!(
        "{{\"aliases\":{{}},\"assignments\":{{}},\"first\":null,\"modules\":{{}},\"settings\":{{\"working_directory\":\"sub\"}},\"unexports\":[\"HOME\"],\"recipes\":{{\"a\":{{\"name\":\"a\",{}}},\"b\":{{\"name\":\"b\",{}}}}}}}",
        body("[[\"echo \",[[\"call\",\"invocation_directory\"]]]]"),
        body("[[\"rm -rf \\\"\",[[\"call\",\"env\",\"NOPE_TOKEN\"]],\"/bin\\\"\"]]"),
    );
    let space = Space::new().file("dump.json", &dump).file("sub/bin", "").file("justfile", justfile);
    let space = space.tool("just", "#!/bin/sh\nexec cat dump.json\n");
    let output = space.run("import justfile");
    output.exits(0);
    for told in [
        "justfile:2: `unexport HOME`",
        "justfile:3: a step of `a` has an expression that Shipway does not know: it fails here",
        "justfile:7: the recipe `mac` of `[macos]`",
    ] {
        assert!(output.stdout.contains(told), "{}", output.all());
    }
    assert_eq!(space.read("tasks.toml").matches("dir = \"sub\"").count(), 2, "{}", space.read("tasks.toml"));
    space.run("a").exits(1);
    space.run("b").exits(7).says("$NOPE_TOKEN, which is not set");
}
