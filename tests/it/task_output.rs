//! The bytes that a task's commands print, on their way to whoever reads them: as they were written, but for secrets.

use std::fs::File;

use crate::harness::{Output, Space, needs};

/// latin-1, a NUL, a character in two writes, the beginning of one that never ends, a bar drawn over itself, both ends of a line, colour,
/// a line longer than what is ever kept in memory, and no newline at the end.
const PRINT: &str = r"
printf 'gr\374n\n'
printf 'nul \0 here\n'
printf 'caf\303'
sleep 0.1
printf '\251 \342\202\n'
printf '10%%\r100%%\r\n'
printf '\033[31mred\033[0m \207\n'
head -c 700000 /dev/zero | tr '\0' '\351'
";

fn printed() -> Vec<u8> {
    let lines = b"gr\xfcn\nnul \0 here\ncaf\xc3\xa9 \xe2\x82\n10%\r100%\r\n\x1b[31mred\x1b[0m \x87\n";
    [&lines[..], &[0xe9; 700_000]].concat()
}

const TASKS: &str = r#"
[tasks.print]
run = "sh print.sh"
[tasks.complain]
run = "sh print.sh >&2"
[tasks.other]
run = "echo other >&2"
[tasks.interactive]
interactive = true
run = "sh print.sh"
[tasks.tty]
tty = true
run = "sh print.sh"
[tasks.secret]
env = { TOKEN = "{{ vars.token }}" }
run = ["sh tell.sh", "sh tell.sh >&2"]
[vars]
token = { env = "THE_TOKEN", default = "", secret = true }
"#;

/// A secret among bytes that are no UTF-8, also in two writes and in base64.
const TELL: &str = r#"
printf '\377%s\303\n' "$TOKEN"
printf '\351%.4s' "$TOKEN"
sleep 0.1
printf '%s\200\n' "${TOKEN#????}"
printf '\302%s\0\n' "$(printf %s "$TOKEN" | base64)"
"#;

const TOLD: &[u8] = b"\xff***\xc3\n\xe9***\x80\n\xc2***\0\n";

fn space() -> Space {
    Space::with_tasks(TASKS).file("print.sh", PRINT).file("tell.sh", TELL)
}

/// How a run may be shown: options, a variable that stands for the place.
const MODES: [(&[&str], &str); 7] = [
    (&[], "NO_PLACE"),
    (&["--group"], "NO_PLACE"),
    (&["--quiet"], "NO_PLACE"),
    (&["--color", "always"], "NO_PLACE"),
    (&[], "GITHUB_ACTIONS"),
    (&[], "GITLAB_CI"),
    (&["--group"], "GITHUB_ACTIONS"),
];

fn run(space: &Space, (options, place): (&[&str], &str), tasks: &[&str]) -> Output {
    let line: Vec<&str> = options.iter().chain(tasks).copied().collect();
    space.shipway(line).env(place, "true").env("THE_TOKEN", "hunter-2-is-long").run()
}

/// Where `part` is, as a text of hexadecimal digits would be unreadable.
#[track_caller]
fn has(whole: &[u8], part: &[u8]) {
    let is_there = whole.windows(part.len()).any(|window| window == part);
    let shown = &whole[..whole.len().min(2000)];
    assert!(
        is_there,
        "{:?} is not in {:?}",
        part.escape_ascii().to_string(),
        shown.escape_ascii().to_string()
    );
}

#[test]
fn a_program_reads_the_bytes_that_the_command_wrote() {
    needs!("bash");
    let space = space();
    for mode in MODES {
        for task in ["print", "interactive", "tty"] {
            let output = run(&space, mode, &[task]);
            output.exits(0);
            assert!(output.raw[0] == printed(), "{mode:?} {task}: {}", output.raw[0][..200].escape_ascii());
        }
        // With another one beside it.
        let output = run(&space, mode, &["-j2", "print", ":::", "other"]);
        output.exits(0).says("other");
        assert!(output.raw[0] == printed(), "{mode:?}: {}", output.raw[0][..200].escape_ascii());
    }
}

#[test]
fn people_see_the_bytes_too_but_nothing_that_steers() {
    needs!("bash");
    let space = space();
    for mode in MODES {
        let (options, place) = mode;
        for tasks in [&["complain"][..], &["-j2", "complain", ":::", "other"]] {
            let output = run(&space, mode, tasks);
            output.exits(0);
            let is_prefixed = tasks.len() > 1 && place == "NO_PLACE";
            let prefix = match (is_prefixed, options) {
                (false, _) => "",
                (true, ["--color", _]) => "complain |\x1b[0m ",
                (true, _) => "complain | ",
            };
            let said = &output.raw[1];
            for line in [
                &b"gr\xfcn\n"[..],
                b"nul  here\n",
                b"caf\xc3\xa9 \xe2\x82\n",
                b"100%\n",
                &[[0xe9; 200_000].as_slice(), b"\n"].concat(),
            ] {
                // A line that is too long to be kept comes in pieces.
                let prefix = if line.len() > 1000 { "" } else { prefix };
                has(said, &[prefix.as_bytes(), line].concat());
            }
            assert_eq!(said.iter().filter(|&&byte| byte == 0xe9).count(), 700_000, "{mode:?}");
            has(said, b"red");
        }
    }
}

#[test]
fn a_terminal_gets_the_bytes() {
    needs!("bash");
    let space = space();
    for line in [
        &["print"][..],
        &["--group", "print"],
        &["--quiet", "print"],
        &["-j2", "complain", ":::", "other"],
        &["tty"],
    ] {
        let closed = space.shipway(line).terminal().wait();
        closed.exits(0);
        for part in [&b"gr\xfcn\r\n"[..], b"caf\xc3\xa9 \xe2\x82\r\n", b"\x87"] {
            has(&closed.raw, part);
        }
        assert_eq!(closed.raw.iter().filter(|&&byte| byte == 0xe9).count(), 700_000, "{line:?}");
    }
    // This one has the terminal for itself.
    let closed = space.shipway(["interactive"]).terminal().wait();
    closed.exits(0);
    has(&closed.raw, b"nul \0 here\r\ncaf\xc3\xa9 \xe2\x82\r\n10%\r100%\r\r\n");
}

#[test]
fn one_log_of_both_outputs_has_the_bytes() {
    needs!("bash");
    let space = space();
    let log = File::create(space.path("log")).unwrap();
    let mut command = space.program(crate::harness::program::PROGRAM);
    let status =
        command.args(["-j2", "print", ":::", "other"]).stdout(log.try_clone().unwrap()).stderr(log).status();
    assert!(status.unwrap().success());
    has(&space.bytes("log"), b"print | gr\xfcn\n");
    has(&space.bytes("log"), b"print | caf\xc3\xa9 \xe2\x82\n");
}

#[test]
fn a_secret_among_bytes_of_any_kind_is_masked() {
    needs!("bash");
    let space = space();
    for mode in MODES {
        let output = run(&space, mode, &["secret"]);
        output.exits(0);
        assert_eq!(output.raw[0].escape_ascii().to_string(), TOLD.escape_ascii().to_string(), "{mode:?}");
        has(&output.raw[1], b"\xff***\xc3\n\xe9***\x80\n\xc2***\n");
        // But for what GitHub has to be told to mask.
        let said = output.stderr.replace("::add-mask::hunter-2", "");
        assert!(!said.contains("hunter-2"), "{mode:?}: {}", output.all());
    }
    let closed = space.shipway(["--group", "secret"]).env("THE_TOKEN", "hunter-2-is-long").terminal().wait();
    closed.exits(0);
    has(&closed.raw, b"\xff***\xc3\r\n\xe9***\x80\r\n");
    assert!(!closed.raw.windows(8).any(|window| window == b"hunter-2"));
}

#[test]
fn json_and_logs_are_text_whatever_was_printed() {
    needs!("bash");
    let space = space();
    let output = space.run("--json print");
    output.exits(0);
    let text = String::from_utf8(output.raw[0].clone()).expect("JSON is UTF-8");
    let lines: Vec<String> = crate::harness::space::lines(&text)
        .iter()
        .filter(|event| event["kind"]["event"] == "line")
        .map(|event| event["kind"]["text"].as_str().unwrap().to_owned())
        .collect();
    let expected = ["gr\u{fffd}n", "nul \0 here", "café \u{fffd}", "100%", "\u{1b}[31mred\u{1b}[0m \u{fffd}"];
    assert_eq!(lines[..5], expected);
    assert_eq!(lines[5..].concat(), "\u{fffd}".repeat(700_000));
    let log = space.run("logs");
    log.exits(0);
    assert!(
        log.stdout.contains("gr\u{fffd}n\n") && log.stdout.contains("café \u{fffd}\n"),
        "{}",
        &log.stdout[..200]
    );
    String::from_utf8(log.raw[0].clone()).expect("what is kept is UTF-8");
}

/// A command of several lines.
const SCRIPT: &str = "[tasks.it]\nrun = \"\"\"\nmkdir -p dist\nrm -f dist/*\n\necho ok >&2\n\"\"\"\n[tasks.other]\nrun = \"echo other >&2\"\n";

#[test]
fn of_a_command_of_several_lines_each_is_shown() {
    needs!("bash");
    let space = Space::with_tasks(SCRIPT);
    let lines = ["$ mkdir -p dist", "  rm -f dist/*", "", "  echo ok >&2"];
    let alone = format!("{}\n", lines.join("\n"));
    let apart = lines.map(|line| format!("it | {line}").trim_end().to_owned()).join("\n");
    for mode in MODES.into_iter().filter(|(options, _)| !options.contains(&"--quiet")) {
        let (options, place) = mode;
        let plain = |output: &Output| output.stderr.replace("\u{1b}[2m", "").replace("\u{1b}[0m", "");
        let output = run(&space, mode, &["it"]);
        assert!(plain(output.exits(0)).contains(&alone), "{mode:?}: {}", output.stderr);
        let several = run(&space, mode, &["-j1", "it", ":::", "other"]);
        let expected = if place == "NO_PLACE" { &apart } else { &alone };
        assert!(plain(several.exits(0)).contains(expected), "{options:?} {place}: {}", several.stderr);
    }
    space.run("it").exits(0);
    for line in ["logs", "logs --step it"] {
        let output = space.run(line);
        assert!(output.exits(0).stdout.contains(&alone), "{line}: {}", output.stdout);
    }
    let terminal = space.shipway(["it"]).terminal().wait();
    terminal.exits(0).shows(&alone);
}

#[test]
fn what_a_full_disk_takes_is_told_and_ends_no_run() {
    let space =
        Space::with_tasks("[tasks]\ncat = \"echo data; touch went-on\"\nbad = \"echo data; exit 3\"\n");
    let shipway = env!("CARGO_BIN_EXE_shipway");
    let shell = |line: String| {
        let output = space.program("sh").args(["-c", &line]).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for line in
        ["cat", "-q cat", "--json cat", "--group cat", "logs", "--json logs", "help", "--help", "--version"]
    {
        std::fs::remove_file(space.path("went-on")).ok();
        let (code, said) = shell(format!("{shipway} {line} >/dev/full"));
        assert_eq!(code, Some(7), "{line}: {said}");
        let told = said.matches("standard output could not be written").count();
        assert_eq!(told, 1, "{line}: {said}");
        assert_eq!(space.has("went-on"), line.ends_with("cat"), "{line}");
    }
    // What failed before matters more, and is told too.
    let (code, said) = shell(format!("{shipway} bad >/dev/full"));
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("standard output could not be written"), "{said}");
    let (code, _) = shell(format!("{shipway} cat 2>/dev/full"));
    assert_eq!(code, Some(7));
    // A reader that has enough is no loss.
    let (code, said) = shell(format!("{{ {shipway} -q cat; echo $? >&2; }} | true"));
    assert_eq!((code, said.as_str()), (Some(0), "0\n"));
}

#[test]
fn an_interactive_task_reads_what_shipway_is_given_to_read() {
    let space = Space::with_tasks(
        "[tasks]\nother = \"cat; echo end\"\n[tasks.restore]\ninteractive = true\nrun = \"cat; echo end\"\n",
    );
    let shipway = env!("CARGO_BIN_EXE_shipway");
    for (task, prints) in [("restore", "one\ntwo\nend\n"), ("other", "end\n")] {
        let line = format!("printf 'one\\ntwo\\n' | {shipway} {task}");
        let output = space.program("sh").args(["-c", &line]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), prints, "{task}");
    }
}
