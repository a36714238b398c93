//! Tasks whose commands believe that they print to a terminal.

use std::collections::HashSet;

use crate::harness::{Space, needs};

const TASKS: &str = r#"
[tasks.paint]
tty = true
env = { TOKEN = "{{ vars.token }}" }
run = "sh paint.sh; : >painted"
[tasks.plain]
run = "until [ -e painted ]; do sleep 0.05; done; sh paint.sh"
[tasks.both]
depends = ["paint", "plain"]
[vars]
token = { env = "THE_TOKEN", default = "", secret = true }
"#;

/// Paints where it is a terminal, as most programs do.
const PAINT: &str = r#"
if [ -t 1 ] && [ -t 2 ]; then
  printf '\033[31mred\033[0m wide %s, pages by %s\n' "$(stty size <&2 | cut -d' ' -f2)" "$GIT_PAGER"
  printf '\033[32mtoken %s\033[0m\n' "$TOKEN" >&2
else
  echo "no terminal"
fi
"#;

fn space() -> Space {
    Space::with_tasks(TASKS).file("paint.sh", PAINT)
}

#[test]
fn colours_stay_behind_a_prefix_and_secrets_are_masked() {
    needs!("bash");
    let closed = space().shipway(["-j2", "both"]).env("THE_TOKEN", "hunter-2-is-long").terminal().wait();
    closed.exits(0).shows("no terminal").shows("pages by cat").shows("token ***");
    let raw = String::from_utf8_lossy(&closed.raw);
    assert!(raw.contains("\u{1b}[31mred\u{1b}[0m wide 1"), "{raw}");
    assert!(!raw.contains("hunter-2"), "{raw}");
    assert!(raw.contains("\u{1b}[32mtoken ***\u{1b}[0m"), "{raw}");
}

#[test]
fn where_nobody_looks_it_is_a_pipe() {
    needs!("bash");
    space().run("paint").exits(0).prints("no terminal\n");
}

#[test]
fn all_that_is_printed_comes_also_at_the_very_end_and_much_of_it() {
    needs!("bash");
    let tasks = "[tasks.much]\ntty = true\nrun = \"seq 30000; printf 'the end'\"\n";
    let space = Space::with_tasks(tasks);
    let closed = space.shipway(["much"]).terminal().wait();
    closed.exits(0).shows("the end");
    let raw = String::from_utf8_lossy(&closed.raw);
    // What is drawn below the lines is wiped away before the next one.
    let lines: HashSet<&str> =
        raw.split("\r\n").map(|line| line.rsplit("\u{1b}[2K").next().unwrap()).collect();
    let lost = (1..=30000).map(|number| number.to_string()).find(|number| !lines.contains(number.as_str()));
    assert_eq!(lost, None);
}

#[test]
fn ctrl_c_ends_it_as_any_other() {
    needs!("bash");
    let tasks = "[tasks.stay]\ntty = true\nrun = \"trap ': >told; exit 3' INT; : >runs; while :; do sleep 0.1; done\"\n";
    let space = Space::with_tasks(tasks);
    let terminal = space.shipway(["stay"]).terminal();
    space.wait_for("runs");
    terminal.types("\x03");
    terminal.wait().exits(130);
    assert!(space.has("told"));
}
