//! What is said where a task is wrong in itself, and how its texts are shown.

use crate::harness::Space;

#[test]
fn what_the_file_says_of_a_task_steers_no_terminal() {
    let space = Space::with_tasks(
        r#"
[tasks.sly]
description = "quiet\u001b[2J\u001b]0;owned\u0007"
args = [{ name = "who", help = "some\u001b[31mbody", choices = ["a\u001b[1m", "b"] }, "tone=low\u001b[5m"]
confirm = "Really\u001b[2K?"
env = { NAME = "\u001b[7m" }
run = { exec = ["echo", "\u001b[8m{{ who }}"] }
[tasks.calls]
depends = [{ task = "sly", args = ["b", "\u001b[9m"] }]
"#,
    );
    let lines = ["sly --help", "help sly", "show sly", "show calls", "list", "graph calls"];
    let drawn = ["graph calls --format dot", "graph calls --format mermaid", "--dry-run calls"];
    for line in lines.into_iter().chain(drawn) {
        let output = space.run(line);
        output.exits(0);
        assert!(!output.stdout.contains(['\u{1b}', '\u{7}']), "`{line}`: {:?}", output.stdout);
    }
    let help = space.run("sly --help").stdout;
    assert!(help.contains("quiet\\u{1b}[2J") && help.contains("some\\u{1b}[31mbody"), "{help}");
    let said = space.run("--yes calls").exits(0).stderr.clone();
    assert!(!said.contains(['\u{1b}', '\u{7}']), "{said:?}");

    let terminal = space.shipway(["sly"]).terminal();
    terminal.wait_for("some\\u{1b}[31mbody");
    terminal.wait_for("a\\u{1b}[1m");
    terminal.types("\x1b[B\r");
    terminal.wait_for_question("Really\\u{1b}[2K?");
    terminal.types("n\r");
    let closed = terminal.wait();
    closed.exits(5);
    let raw = String::from_utf8_lossy(&closed.raw);
    assert!(!raw.contains("some\u{1b}[31mbody") && !raw.contains("a\u{1b}[1m\u{1b}"), "{raw:?}");
    assert!(!raw.contains("Really\u{1b}"), "{raw:?}");
}
