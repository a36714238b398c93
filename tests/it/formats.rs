//! `fmt`: what it writes says what was said before, and it says what it would write.

use std::path::{Path, PathBuf};

use shipway::cli::format::{FormatFault, format};
use shipway::model::Model;

use crate::harness::Space;
use crate::harness::space::lines;
use crate::texts::Texts;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Every TOML file below `folder` that is a tasks file.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in folder.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            files(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "toml") {
            found.push(entry);
        }
    }
}

/// All that a model says but for places in its text.
fn meaning(model: &Model) -> String {
    let Model { project, variables, env, tasks, env_files, environments, terraform, workspaces, .. } = model;
    let Model { secrets, forge, databases, rollout, .. } = model;
    let first =
        format!("{:?}", (project, variables, env, tasks, env_files, environments, terraform, workspaces));
    let text = format!("{first}{:?}", (secrets, forge, databases, rollout));
    let mut shown = String::new();
    for part in text.split("start: ") {
        shown.push_str(
            part.split_once('}').filter(|(head, _)| head.contains("end: ")).map_or(part, |it| it.1),
        );
    }
    shown
}

/// The codes of everything that is said about a file, or its meaning.
fn reading(text: &str) -> Result<String, Vec<&'static str>> {
    match Texts::main(text).load() {
        Ok(model) => Ok(meaning(&model)),
        Err(failure) => Err(failure.diagnostics.iter().map(|each| each.code).collect()),
    }
}

/// The comments of a text, and where its lines end without one: read apart from how `fmt` reads them.
fn comments(text: &str) -> (Vec<&str>, Vec<usize>) {
    let (mut comments, mut bare_ends) = (Vec::new(), Vec::new());
    let mut rest = text;
    while let Some(at) = rest.find(['#', '"', '\'', '\n']) {
        let start = text.len() - rest.len() + at;
        rest = &rest[at..];
        if rest.starts_with('\n') {
            bare_ends.push(start);
            rest = &rest[1..];
            continue;
        }
        if rest.starts_with('#') {
            let (comment, after) = rest.split_once('\n').unwrap_or((rest, ""));
            comments.push(comment.trim_end());
            rest = after;
            continue;
        }
        let quote = &rest[..1];
        let long = quote.repeat(3);
        let end = if rest.starts_with(&long) { long.as_str() } else { quote };
        rest = &rest[end.len()..];
        // To its end, past what `\` takes away from it.
        while !rest.starts_with(end) {
            let escaped = usize::from(quote == "\"" && rest.starts_with('\\'));
            let mut letters = rest.chars();
            letters.nth(escaped).expect("the string's end");
            rest = letters.as_str();
        }
        rest = &rest[end.len()..];
        // Two quotes more may end a long one.
        if end.len() == 3 {
            rest = rest.trim_start_matches(quote);
        }
    }
    (comments, bare_ends)
}

#[test]
fn comments_are_found_outside_of_strings() {
    let text = "# a\nx = 'no # b' # c\n[t] # d\ny = \"\"\"\n# no \\\"\"\"\" # e\n\
                z = '''\n'# no'''' #f  \nw = [\"\\\"# no\", # g\n]\n";
    assert_eq!(comments(text), (vec!["# a", "# c", "# d", "# e", "#f", "# g"], vec![text.len() - 1]));
}

/// The texts of all tasks files that we have, with where they are from.
fn corpus() -> Vec<(String, String)> {
    let root = Path::new(ROOT);
    let mut all = vec![root.join("tasks.toml")];
    files(&root.join("templates"), &mut all);
    files(&root.join("tests/it"), &mut all);
    let mut texts: Vec<(String, String)> =
        all.iter().map(|path| (path.display().to_string(), std::fs::read_to_string(path).unwrap())).collect();
    for page in ["README.md", "docs/tasks-file.md", "docs/deploy.md", "docs/secrets.md"] {
        let text = std::fs::read_to_string(root.join(page)).unwrap();
        let blocks = text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
        texts.push((page.to_owned(), blocks.collect::<Vec<_>>().join("\n")));
    }
    texts
}

#[test]
fn every_comment_of_a_file_that_we_have_is_kept() {
    let mut kept = 0;
    for (name, text) in corpus() {
        if format(&text).is_err() {
            continue;
        }
        // As it is, and with a comment at the end of each line that has none.
        let mut full = text.clone();
        for (number, end) in comments(&text).1.into_iter().enumerate().rev() {
            full.insert_str(end, &format!(" # {number}"));
        }
        for text in [text, full] {
            let formatted = format(&text).unwrap();
            let (mut before, mut after) = (comments(&text).0, comments(&formatted).0);
            before.sort_unstable();
            after.sort_unstable();
            assert_eq!(after, before, "{name}");
            kept += before.len();
        }
    }
    assert!(kept >= 1000, "{kept}");
}

#[test]
fn no_file_that_we_have_changes_its_meaning() {
    let (mut loaded, mut wrong) = (0, 0);
    for (name, text) in corpus() {
        let formatted = match format(&text) {
            Ok(formatted) => formatted,
            Err(FormatFault::Syntax(_)) => continue,
            Err(fault) => panic!("{name}: {fault}"),
        };
        assert_eq!(format(&formatted).as_ref(), Ok(&formatted), "{name}: not the same a second time");
        let (before, after) = (reading(&text), reading(&formatted));
        assert_eq!(after, before, "{name}");
        match before {
            Ok(_) => loaded += 1,
            Err(_) => wrong += 1,
        }
    }
    assert!(loaded >= 4 && wrong >= 60, "{loaded} {wrong}");
}

#[test]
fn our_own_files_are_in_shape() {
    for file in ["tasks.toml", "templates/local/tasks.toml"] {
        let text = std::fs::read_to_string(Path::new(ROOT).join(file)).unwrap();
        assert_eq!(format(&text).unwrap(), text, "{file}: give `shipway fmt`");
    }
}

const CROOKED: &str = "# ours\n[tasks]\nlint='true'   # quick\nbuild  =[ 'a','b' ]\n[include]\ndocs='docs'\n";

#[test]
fn a_check_shows_what_would_change_and_writes_nothing() {
    let space = Space::with_tasks(CROOKED).file("docs/tasks.toml", "[tasks]\nx = \"true\"\n");
    let diff = "--- a/tasks.toml\n+++ b/tasks.toml\n@@ -1,6 +1,7 @@\n # ours\n [tasks]\n-lint='true'   # quick\n\
                -build  =[ 'a','b' ]\n+lint  = 'true'  # quick\n+build = ['a', 'b']\n+\n [include]\n\
                -docs='docs'\n+docs = 'docs'\n";
    space.run("fmt --check").exits(1).prints(diff);
    space.run("fmt --dry-run").exits(0).prints(diff);
    let rows = lines(&space.run("fmt --check --json").exits(1).stdout);
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["in_shape"], &rows[0]["diff"]), (&false.into(), &diff.into()));
    assert_eq!((&rows[1]["file"], &rows[1]["in_shape"]), (&"docs/tasks.toml".into(), &true.into()));
    assert_eq!(space.read("tasks.toml"), CROOKED);
}

#[test]
fn files_are_written_once_and_with_those_that_they_include() {
    let space = Space::with_tasks(CROOKED).file("docs/tasks.toml", "[tasks]\nx=\"true\"\n");
    space.run("fmt").exits(0).prints("formatted tasks.toml\nformatted docs/tasks.toml\n");
    assert_eq!(space.read("docs/tasks.toml"), "[tasks]\nx = \"true\"\n");
    space.run("fmt").exits(0).prints("2 files in shape\n");
    space.run("fmt --check").exits(0);
}

#[test]
fn a_file_that_cannot_be_read_is_told_at_its_place_and_left() {
    let space = Space::with_tasks("[tasks\nx=1\n");
    space.run("fmt").exits(3).says("tasks.toml:1:");
    assert_eq!(space.read("tasks.toml"), "[tasks\nx=1\n");
    // What is wrong in another way still has a shape.
    Space::with_tasks("[tasks.a]\nrnu='x'\n").run("fmt").exits(0).prints("formatted tasks.toml\n");
}

#[test]
fn fmt_keeps_the_line_ends_and_the_byte_order_mark() {
    let text = "\u{feff}[tasks]\r\na=\"\"\"\r\necho one\r\necho two\r\n\"\"\"\r\nbb='true'\r\n";
    let space = Space::with_tasks(text);
    space.run("fmt --check").exits(1);
    space.run("fmt").exits(0);
    let shaped = text.replace("a=", "a  = ").replace("bb=", "bb = ");
    assert_eq!(space.read("tasks.toml"), shaped);
    space.run("fmt --check").exits(0);
    space.run("a").exits(0).prints("one\ntwo\n");
}

#[test]
fn a_byte_that_is_no_text_is_told_at_its_place() {
    let space = Space::with_tasks(
        "[include]\nx = { path = \"x.toml\", optional = true }\n[tasks]\nhello = \"true\"\n",
    );
    let broken = b"[tasks]\nb = \"\xc3\xa9\xff\"\nc = \"true\"\n";
    std::fs::write(space.path("x.toml"), broken).unwrap();
    let said = "`x.toml` is not UTF-8";
    space.run("hello").exits(3).says(said).says("x.toml:2:7").says("included here");
    std::fs::write(space.path("tasks.toml"), broken).unwrap();
    for line in ["hello", "check", "fmt"] {
        let output = space.run(line);
        output.exits(3);
        let all = output.all();
        assert!(all.contains("`tasks.toml` is not UTF-8") && all.contains("tasks.toml:2:7"), "{all}");
    }
}

#[test]
fn a_tasks_file_that_is_a_folder_is_said_to_be_one() {
    let space = Space::new().file("tasks.toml/x", "");
    space
        .run("hello")
        .exits(2)
        .says("there is no tasks.toml here")
        .says("tasks.toml is a folder, not a file");
    space.run("-f tasks.toml hello").exits(2).says("is no file");
}
