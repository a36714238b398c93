//! `import` of a Makefile where a mistake would be a quiet one: make and Shipway start the same, or the task fails and that is told.
//!
//! `show` writes down its arguments; what it wrote is compared after the same call of both.

use crate::harness::{Space, needs};

const SHOW: &str = "#!/bin/sh\nline=show\nfor word; do line=\"$line [$word]\"; done\nprintf '%s\\n' \"$line\" >>\"$CALLS\"\n";

/// A project with this Makefile.
fn space(makefile: &str) -> Space {
    let mut space = Space::new().file("Makefile", makefile).file("sub/.keep", "").tool("show", SHOW);
    let ours = std::path::Path::new(env!("CARGO_BIN_EXE_shipway")).parent().unwrap().display().to_string();
    let path = space.environment[std::ffi::OsStr::new("PATH")].to_string_lossy().into_owned();
    space.environment.insert("PATH".into(), format!("{path}:{ours}").into());
    space.environment.insert("CALLS".into(), space.path("calls-made").into());
    space
}

/// Imports it; what was told.
#[track_caller]
fn imported(space: &Space) -> String {
    let output = space.run("import Makefile --yes --force");
    output.exits(0);
    output.stdout.clone()
}

/// What `line` starts, and whether it went well.
fn started(space: &Space, line: &str) -> (bool, String) {
    space.write("calls-made", "");
    let output = space.program("bash").args(["-c", line]).output().unwrap();
    (output.status.success(), space.read("calls-made"))
}

/// Each of the calls starts `expected` under make and here.
#[track_caller]
fn same(space: &Space, calls: &[(&str, &str)]) {
    imported(space);
    for (call, expected) in calls {
        let (words, goal) = call.rsplit_once(' ').unwrap_or(("", call));
        let expected = (true, expected.replace("ROOT", &space.root.display().to_string()));
        assert_eq!(started(space, &format!("make {goal} {words}")), expected, "make {call}");
        let told = space.read("tasks.toml");
        assert_eq!(started(space, &format!("shipway -j1 {words} {goal}")), expected, "{call}: {told}");
    }
}

#[test]
fn a_line_that_goes_on_without_a_tab_is_part_of_its_command() {
    needs!("make", "bash");
    let space = space("b:\n\tshow x \\\ny z\n\tshow w \\\n\n\tshow v\nc:\n\tshow c\n");
    same(&space, &[("b", "show [x] [y] [z]\nshow [w]\nshow [v]\n"), ("c", "show [c]\n")]);
}

#[test]
fn a_variable_that_is_made_of_its_own_value_has_the_one_that_stood_before() {
    needs!("make", "bash");
    let space = space("D := /srv\nD := $(D)/app\nall:\n\tshow $(D)\n");
    same(&space, &[("all", "show [/srv/app]\n"), ("D=x all", "show [x]\n")]);
}

#[test]
fn behind_cd_the_folder_is_still_the_one_that_make_started_in() {
    needs!("make", "bash");
    let space = space(
        "X = $(shell pwd)\nall:\n\tcd sub && show $(CURDIR) '$(PWD)' $(shell pwd) $(X) \"$(shell pwd)\"\n\
         \tcd $(CURDIR)/sub && show '$(shell ls -d sub)'\n",
    );
    same(&space, &[("all", "show [ROOT] [ROOT] [ROOT] [ROOT] [ROOT]\nshow [sub]\n")]);
}

#[test]
fn the_stem_is_known_where_make_knows_it() {
    needs!("make", "bash");
    let space = space("build-a build-b: build-%:\n\tshow $* $(*F)\nfoo.o:\n\tshow '$*'\nbar:\n\tshow '$*'\n");
    same(
        &space,
        &[
            ("build-a", "show [a] [a]\n"),
            ("build-b", "show [b] [b]\n"),
            ("foo.o", "show [foo]\n"),
            ("bar", "show []\n"),
        ],
    );
}

#[test]
fn variables_of_a_target_add_to_others_reach_them_and_are_exported() {
    needs!("make", "bash");
    let space = space(
        "CFLAGS = -O2\nT = 1\nTEST = show -t $(T)\n.PHONY: debug bench\ndebug: CFLAGS += -g\ndebug: export STAGE=dev\n\
         debug:\n\tshow $(CFLAGS) \"$$STAGE\"\nbench: T=30s\nbench:\n\t$(TEST)\nplain:\n\t$(TEST) $(CFLAGS)\n\
         bash: SHELL := /bin/bash\nbash: .SHELLFLAGS = -o pipefail -c\nbash:\n\tfalse | true; show $$?\n",
    );
    same(
        &space,
        &[
            ("debug", "show [-O2] [-g] [dev]\n"),
            ("bench", "show [-t] [30s]\n"),
            ("plain", "show [-t] [1] [-O2]\n"),
            ("bash", "show [1]\n"),
        ],
    );
}

#[test]
fn what_came_by_the_environment_goes_on_there_with_its_new_value() {
    needs!("make", "bash");
    let space =
        space("PATH := ./tools:$(PATH)\nHOME := /h\nOWN = 1\nall:\n\t@mine\n\tshow $$HOME \"$$OWN\"\n");
    space.write("tools/mine", "#!/bin/sh\nshow mine\n");
    assert!(space.program("chmod").args(["+x", "tools/mine"]).status().unwrap().success());
    same(&space, &[("all", "show [mine]\nshow [/h] []\n")]);
    let space = space.file("Makefile", "PATH := $(CURDIR)/$(shell echo tools):$(PATH)\nall:\n\t@mine\nhere: PATH := ./sub:$(PATH)\nhere:\n\tmine; case $$PATH in ./sub:*) show sub; esac\n");
    same(&space, &[("all", "show [mine]\n"), ("here", "show [mine]\nshow [sub]\n")]);
    let text = space.read("tasks.toml");
    assert!(!text.contains(&space.root.display().to_string()) && !text.contains("/usr/bin:"), "{text}");
}

#[test]
fn what_several_definitions_add_to_a_variable_of_the_caller_stays_his() {
    needs!("make", "bash");
    let space =
        space("export PATH := a:$(PATH)\nPATH := b:$(PATH)\nall:\n\tcase $$PATH in b:a:/*) show all; esac\n");
    same(&space, &[("all", "show [all]\n")]);
    assert!(
        space.read("tasks.toml").contains("PATH = \"b:a:{{ env.PATH }}\""),
        "{}",
        space.read("tasks.toml")
    );
}

#[test]
fn what_scripts_give_to_programs_is_told() {
    needs!("make");
    let space = space("GOFLAGS = -v -x\nexport KEPT = 1 2\nall:\n\tshow $(GOFLAGS) $(KEPT); true\n");
    assert!(imported(&space).contains("find GOFLAGS in their environment, which make gives them only"));
}

#[test]
fn what_stands_in_an_included_dotenv_file_stays_there() {
    needs!("make", "bash");
    let makefile = "-include .env\nexport\nURL := https://me:$(API_TOKEN)@host.example\nall:\n\tshow $(URL) \"$$API_TOKEN\"\n";
    let space = space(makefile).file(".env", "# mine\nAPI_TOKEN=s3cr3tTokenValue99\n");
    same(&space, &[("all", "show [https://me:s3cr3tTokenValue99@host.example] [s3cr3tTokenValue99]\n")]);
    let text = space.read("tasks.toml");
    assert!(text.contains("dotenv = [\".env?\"]") && !text.contains("s3cr3t"), "{text}");
    // What make has to expand would hold it.
    let space = space.file("Makefile", "include .env\nall:\n\tshow $(subst a,b,$(API_TOKEN))\n");
    assert!(imported(&space).contains("has a value of a dotenv file, which belongs into no other"));
    assert_eq!(started(&space, "shipway all"), (false, String::new()));
    let space = space.file("Makefile", "include .env\nX := $(strip $(API_TOKEN))\nall:\n\tshow $(X)\n");
    let output = space.run("import Makefile --yes --force");
    assert!(
        !output.all().contains("s3cr3t") && !space.read("tasks.toml").contains("s3cr3t"),
        "{}",
        output.all()
    );
}

#[test]
fn a_shell_of_several_words_runs_the_recipes() {
    needs!("make", "bash");
    for shell in
        ["SHELL := env A=b /bin/bash", "SHELL := /usr/bin/env bash -e", "override SHELL := /bin/bash"]
    {
        let space = space(&format!("{shell}\nall:\n\tshow \"$${{BASH##*/}}\" \"$$A\"\n"));
        let set = if shell.contains("A=b") { "b" } else { "" };
        same(&space, &[("all", &format!("show [bash] [{set}]\n"))]);
    }
    let space = space("SHELL := /bin/bash -o pipefail\nall:\n\tfalse | true; show $$?\n");
    same(&space, &[("all", "show [1]\n")]);
    let space = space.file("Makefile", "SHELL := ./in-container\nall:\n\tshow a\n");
    assert!(
        imported(&space)
            .contains("`./in-container` as a shell gets a file here, and no line: the task fails")
    );
    assert_eq!(started(&space, "shipway all"), (false, String::new()));
}

#[test]
fn a_recipe_that_make_ends_at_an_error_in_fails_before_its_first_step() {
    needs!("make", "bash");
    let space = space(
        "plain:\n\tshow a\n\t$(if $(TARGET),,$(error TARGET is not set))\n\tshow rm $(TARGET)/x\n\
         given = $(if $($(1)),,$(error no $(1)))\ncalled:\n\t$(call given,VERSION)\n\tshow rm $(VERSION)/x\n\
         sets:\n\t$(eval X := $(shell echo hi))\n\tshow rm $(X)/x\n",
    );
    let told = imported(&space);
    assert!(told.contains("make ends with an error where it expands `$(call given,VERSION)`"), "{told}");
    assert!(told.contains("`$(eval X := $(shell echo hi))` sets a variable"), "{told}");
    for task in ["plain", "called", "sets"] {
        assert_eq!(started(&space, &format!("shipway {task}")), (false, String::new()), "{task}");
    }
    for task in ["plain", "called"] {
        assert_eq!(started(&space, &format!("make {task}")), (false, String::new()), "{task}");
    }
}

#[test]
fn a_variable_of_automatic_ones_is_another_for_each_target() {
    needs!("make", "bash");
    let space = space(
        "LD = show -o $@ $^\nIN = $(firstword $^)\nout: a b\n\t$(LD) $(IN)\nnext: b\n\t$(LD)\na b:\n\ttrue\n",
    );
    same(&space, &[("out", "show [-o] [out] [a] [b] [a]\n"), ("next", "show [-o] [next] [b]\n")]);
}

#[test]
fn the_signs_before_a_command_may_come_of_any_variable() {
    needs!("make", "bash");
    let space =
        space("Q = $(if $(V),,@)\nAT = $(Q)\nS = @show\nall:\n\t$(Q)show a\n\t$(AT)show b\n\t$(S) c\n");
    same(&space, &[("all", "show [a]\nshow [b]\nshow [c]\n")]);
}

#[test]
fn a_command_of_a_variable_may_fail_and_have_any_form() {
    needs!("make", "bash");
    let space = space(
        "A := $(shell git describe --tags 2>/dev/null)\nB := $(shell echo b; exit 3)\nC = $(shell echo $(B) | cat; exit 3)\n\
         D := $(shell echo `echo $(B)`)\nE := $(shell echo \"$$(echo $(B))\")\nall:\n\tshow \"$(A)\" \"$(B)\" $(C) $(D) $(E)\n",
    );
    same(&space, &[("all", "show [] [b] [b] [b] [b]\n")]);
}

#[test]
fn what_only_a_pattern_rule_makes_is_made_or_the_task_fails() {
    needs!("make", "bash");
    let space = space(
        "app: main.o util.o\n\tshow link $^\n%.o: %.c\n\tshow cc $< $*\nutil.o: util.h\nlib: out/lib\nout/%: src/%\n\tshow $@\n\
         old.a: old.o\n\tshow ar\n",
    );
    ["main.c", "util.c", "util.h"].iter().for_each(|file| space.write(file, ""));
    let made = "show [cc] [main.c] [main]\nshow [cc] [util.c] [util]\nshow [link] [main.o] [util.o]\n";
    same(&space, &[("app", made)]);
    assert!(
        imported(&space)
            .contains("nothing makes out/lib here, which a pattern rule makes there: the task fails")
    );
    for goal in ["lib", "old.a"] {
        for tool in ["make", "shipway"] {
            assert_eq!(started(&space, &format!("{tool} {goal}")), (false, String::new()), "{tool} {goal}");
        }
    }
}

#[test]
fn a_run_of_make_itself_gives_its_words_to_variables_and_to_the_environment() {
    needs!("make", "bash");
    let space = space("NAME = d\nother:\n\tshow $(NAME) \"$$MORE\"\nall:\n\t$(MAKE) other NAME=x MORE=2\n");
    same(&space, &[("all", "show [x] [2]\n")]);
}

#[test]
fn an_export_of_a_branch_that_was_not_taken_is_none() {
    needs!("make", "bash");
    let space = space("ifeq (0,1)\nexport STAGE=1\nendif\nall:\n\tshow \"$${STAGE-unset}\"\n");
    same(&space, &[("all", "show [unset]\n")]);
    let space = space.file("Makefile", "all:\n\tX=$(shell echo \"a b\"); show \"$$X\"\n");
    assert!(imported(&space).contains("`$(shell echo \"a b\")` is one word here"));
}
