//! Each way in which a run is told to end, with a program that needs a while to shut down and a process of its own in the background:
//! Ctrl-C or Ctrl-\ on a terminal, SIGTERM to us as when a CI job is cancelled, SIGINT to us alone, a terminal that is closed.
//!
//! Always the same is asked: the program is told once and waited for, nothing is left alive, what comes after does not start, and the status
//! tells of the signal.

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::patience::until_true;
use crate::harness::program::PROGRAM;
use crate::harness::{Space, needs, processes, tools};

/// Needs a while when it is told to end. What it has in the background ignores SIGINT, as bash arranges it.
const WORKER: &str = "sleep 300 >/dev/null 2>&1 &\n\
    trap 'echo told >>heard; sleep 0.7; echo done >>heard; exit 5' INT TERM HUP QUIT\n\
    : >runs\nwhile :; do wait || :; done\n";

/// How a run is told to end.
#[derive(Clone, Copy, Debug)]
enum Told {
    CtrlC,
    CtrlBackslash,
    Terminate,
    InterruptAlone,
    HangUp,
}

/// A task whose shell is not replaced by the program: it has something to do after it.
fn space(shell: &str) -> Space {
    Space::with_tasks(&format!(
        "[tasks.work]\nshell = \"{shell} -c\"\nrun = \"bash worker.sh; echo ended $?\"\n[tasks.next]\ndepends = [\"work\"]\nrun = \": >next\"\n"
    ))
    .file("worker.sh", WORKER)
}

#[track_caller]
fn assert_ends(shell: &str, told: Told) {
    let space = space(shell);
    let place = space.root.parent().unwrap().to_str().unwrap().to_owned();
    let code = match told {
        Told::CtrlC | Told::CtrlBackslash => {
            let (key, code) = if matches!(told, Told::CtrlC) { ("\x03", 130) } else { ("\x1c", 131) };
            let terminal = space.shipway(["next"]).terminal();
            space.wait_for("runs");
            terminal.types(key);
            terminal.wait().exits(code);
            code
        }
        Told::HangUp => {
            let terminal = space.shipway(["next"]).terminal();
            space.wait_for("runs");
            terminal.hang_up().unwrap()
        }
        Told::Terminate | Told::InterruptAlone => {
            let (signal, code) = match told {
                Told::Terminate => (Signal::TERM, 143),
                _ => (Signal::INT, 130),
            };
            let running = space.start("next");
            space.wait_for("runs");
            running.signal(signal);
            running.wait().exits(code);
            code
        }
    };
    let left = processes::below(&place);
    assert!(left.is_empty(), "{told:?} under {shell} leaves {left:?}");
    assert_eq!(space.read("heard"), "told\ndone\n", "{told:?} under {shell}");
    assert!(!space.has("next"), "{told:?} under {shell}");
    if matches!(told, Told::HangUp) {
        assert_eq!(code, 129, "{shell}");
    }
}

#[test]
fn ctrl_c_on_a_terminal_ends_all_in_order() {
    needs!("bash");
    assert_ends("bash", Told::CtrlC);
    assert_ends("sh", Told::CtrlC);
}

#[test]
fn ctrl_backslash_on_a_terminal_ends_all_in_order() {
    needs!("bash");
    assert_ends("bash", Told::CtrlBackslash);
    assert_ends("sh", Told::CtrlBackslash);
}

#[test]
fn a_cancelled_job_ends_all_in_order() {
    needs!("bash");
    assert_ends("bash", Told::Terminate);
    assert_ends("sh", Told::Terminate);
}

#[test]
fn an_interrupt_to_us_alone_ends_all_in_order() {
    needs!("bash");
    assert_ends("bash", Told::InterruptAlone);
    assert_ends("sh", Told::InterruptAlone);
}

#[test]
fn a_terminal_that_is_closed_ends_all_in_order() {
    needs!("bash");
    assert_ends("bash", Told::HangUp);
    assert_ends("sh", Told::HangUp);
}

/// Has a group of its own, as `timeout` gives it to what it runs, and a shell to each of its jobs under `set -m`.
const ALONE: [&str; 3] = [
    ": >runs; timeout 300 sleep 300; echo ended",
    "set -m; sleep 300 & : >runs; wait; echo ended",
    "python3 -c 'import subprocess as s; p = s.Popen([\"sh\", \"-c\", \": >runs; sleep 300; :\"], process_group=0); p.wait()'; echo ended",
];

#[test]
fn what_is_in_a_group_of_its_own_is_told_too() {
    needs!("bash", "timeout", "python3");
    for script in ALONE {
        for shell in ["sh", "bash"] {
            for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129)] {
                let space = Space::new().file("script", script).file(
                    "tasks.toml",
                    &format!("[tasks.work]\nshell = \"{shell} -c\"\nrun = \". ./script; :\"\n"),
                );
                let place = space.root.parent().unwrap().to_str().unwrap().to_owned();
                let running = space.start("work");
                space.wait_for("runs");
                running.signal(signal);
                running.wait().exits(code);
                let left = processes::below(&place);
                assert!(left.is_empty(), "{script} under {shell} and {signal:?} leaves {left:?}");
            }
        }
    }
}

#[test]
fn a_time_limit_and_fail_fast_reach_what_is_in_a_group_of_its_own() {
    needs!("timeout");
    let space = Space::with_tasks(
        "[tasks.slow]\ntimeout = \"500ms\"\nrun = \"timeout 300 sleep 300; :\"\n\
         [tasks.runs]\nrun = \": >runs; timeout 300 sleep 300; :\"\n\
         [tasks.fails]\nrun = \"until [ -e runs ]; do sleep 0.05; done; exit 4\"\n\
         [tasks.both]\ndepends = [\"runs\", \"fails\"]\n",
    );
    let place = space.root.parent().unwrap().to_str().unwrap().to_owned();
    space.run("slow").exits(124);
    assert_eq!(processes::below(&place).len(), 0, "{:?}", processes::below(&place));
    space.run("-j2 --fail-fast both").exits(4);
    assert_eq!(processes::below(&place).len(), 0, "{:?}", processes::below(&place));
}

/// A container's processes may be of a session that has no number in it, as are those of a CI job.
#[test]
fn a_time_limit_is_kept_where_our_own_session_has_no_number() {
    needs!("timeout", "unshare");
    let space = Space::with_tasks("[tasks.slow]\ntimeout = \"500ms\"\nrun = \"timeout 300 sleep 300; :\"\n");
    let contained = |program: &str| {
        let mut command = space.program("unshare");
        command.args(["--pid", "--fork", "--kill-child", "--mount-proc", program]);
        command
    };
    if !contained("true").output().unwrap().status.success() {
        return tools::say_skipped("leave to make a PID namespace");
    }
    let ended = contained(PROGRAM).arg("slow").output().unwrap();
    assert_eq!(ended.status.code(), Some(124), "{}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn a_second_signal_ends_what_is_waited_for_at_once() {
    needs!("bash");
    let space = Space::with_tasks("[tasks.work]\nshell = \"sh -c\"\nrun = \"bash deaf.sh; true\"\n")
        .file("deaf.sh", "trap ': >heard' TERM\nturns=600\n: >runs\nwhile [ $((turns -= 1)) -gt 0 ]; do sleep 0.1 || :; done\n");
    let place = space.root.parent().unwrap().to_str().unwrap().to_owned();
    let running = space.start("work");
    space.wait_for("runs");
    running.signal(Signal::TERM);
    space.wait_for("heard");
    running.signal(Signal::TERM);
    running.wait().exits(143);
    until_true("nothing is left", || processes::below(&place).is_empty());
}

#[test]
fn what_ends_well_may_leave_something_in_the_background() {
    needs!("bash");
    let space = Space::with_tasks("[tasks.serve]\nrun = \"sleep 300 >/dev/null 2>&1 & echo $! >pid\"\n");
    space.run("serve").exits(0);
    let pid = Pid::from_raw(space.read("pid").trim().parse().unwrap()).unwrap();
    assert!(processes::all().iter().any(|process| process.pid == pid), "it was ended");
    kill_process(pid, Signal::KILL).unwrap();
}

/// The state of a process: `T` where it is stopped.
fn state(pid: Pid) -> String {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").map(|(_, rest)| rest.chars().take(1).collect()).unwrap_or_default()
}

#[test]
fn ctrl_z_stops_the_commands_too_and_fg_lets_them_go_on() {
    needs!("bash");
    let space = Space::with_tasks(
        "[tasks.work]\nrun = \"echo $$ >pid; : >runs; until [ -e go ]; do sleep 0.05; done; : >done\"\n",
    );
    let terminal = space.shipway(["work"]).terminal();
    space.wait_for("runs");
    let child = Pid::from_raw(space.read("pid").trim().parse().unwrap()).unwrap();
    let own = terminal.pid();
    terminal.types("\x1a");
    until_true("both are stopped", || state(own) == "T" && state(child) == "T");
    kill_process(own, Signal::CONT).unwrap();
    until_true("both go on", || state(own) != "T" && state(child) != "T");
    space.write("go", "");
    terminal.wait().exits(0);
    assert!(space.has("done"));
}

#[test]
fn an_interactive_task_has_the_terminal_and_ctrl_c_is_its_own() {
    needs!("bash");
    let space = Space::with_tasks(
        r#"
[tasks.ask]
interactive = true
run = "bash ask.sh"
[tasks.quiet]
run = "sleep 0.2; test ! -e asking; : >quiet"
[tasks.all]
depends = ["quiet", "ask", "late"]
run = ": >after"
[tasks.late]
run = ": >late"
"#,
    )
    .file(
        "ask.sh",
        "trap 'echo not now; : >told' INT\n: >asking\ntest -t 0 && test -t 1 && echo a terminal\n\
         until [ -e told ]; do sleep 0.1 || :; done\nread -r -p 'Name? ' name\nrm asking\necho \"hello $name\"\n",
    );
    let terminal = space.shipway(["-j4", "all"]).terminal();
    terminal.wait_for("a terminal");
    assert!(!space.has("after"));
    terminal.types("\x03");
    terminal.wait_for("not now");
    terminal.wait_for("Name?");
    terminal.types("Ada\r");
    terminal.wait().exits(0).shows("hello Ada");
    assert!(space.has("after") && space.has("late") && space.has("quiet"));

    // Without one it is a task like any other.
    let space = Space::with_tasks("[tasks.ask]\ninteractive = true\nrun = \"test -t 1 || echo none\"\n");
    space.run("ask").exits(0).prints("none\n");
}

#[test]
fn an_interactive_task_that_ctrl_c_ends_fails_with_its_status() {
    needs!("bash");
    let space = Space::with_tasks(
        "[tasks.stay]\ninteractive = true\nrun = \": >runs; exec sleep 60\"\nfinally = \": >cleaned\"\n[tasks.next]\ndepends = [\"stay\"]\nrun = \": >next\"\n",
    );
    let terminal = space.shipway(["next"]).terminal();
    space.wait_for("runs");
    terminal.types("\x03");
    terminal.wait().exits(130);
    assert!(space.has("cleaned") && !space.has("next"));
}

#[test]
fn a_reader_that_has_had_enough_is_no_fault() {
    needs!("bash");
    let space = Space::with_tasks("[tasks.many]\nrun = \"for i in $(seq 20000); do echo line $i; done\"\n");
    let program = env!("CARGO_BIN_EXE_shipway");
    let line = format!("'{program}' many 2>err | head -n 1; '{program}' list --all | true");
    let output = std::process::Command::new("bash")
        .args(["-c", &line])
        .current_dir(&space.root)
        .env_clear()
        .envs(&space.environment)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "line 1\n");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let said = space.read("err");
    assert!(!said.contains("roken pipe") && !said.contains("panic") && !said.contains("bug"), "{said}");
}

#[test]
fn what_an_interactive_task_started_is_told_and_waited_for() {
    needs!("bash");
    for script in ["sleep 300 & : >runs; sleep 300", "trap '' TERM; sleep 300 & : >runs; sleep 300; wait"] {
        let space = Space::with_tasks("[tasks.i]\ninteractive = true\nrun = \"bash ./script; :\"\n")
            .file("script", script);
        let place = space.root.parent().unwrap().to_str().unwrap().to_owned();
        let terminal = space.shipway(["i"]).terminal();
        space.wait_for("runs");
        kill_process(terminal.pid(), Signal::TERM).unwrap();
        if script.starts_with("trap") {
            // Whoever does not want to hear is ended by the second one.
            std::thread::sleep(std::time::Duration::from_millis(200));
            kill_process(terminal.pid(), Signal::TERM).unwrap();
        }
        terminal.wait().exits(143);
        let left = processes::below(&place);
        assert!(left.is_empty(), "{script} leaves {left:?}");
    }
}

#[test]
fn what_is_stopped_hears_a_signal_too() {
    needs!("bash");
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let space =
            Space::with_tasks("[tasks.asks]\nrun = \"echo $$ >pid; read x </dev/tty; echo got $x\"\n");
        let terminal = space.shipway(["asks"]).terminal();
        space.wait_for("pid");
        let pid = Pid::from_raw(space.read("pid").trim().parse().unwrap()).unwrap();
        until_true("its question stops it, since it has no terminal", || state(pid) == "T");
        kill_process(terminal.pid(), signal).unwrap();
        terminal.wait().exits(code);
        assert!(state(pid).is_empty(), "{signal:?} leaves it");
    }
}
