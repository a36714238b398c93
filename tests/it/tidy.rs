//! Habits of the house that no compiler keeps.

use std::path::{Path, PathBuf};

use crate::code;

/// Longer files hide what they are about. Unit tests are not counted.
const LONGEST: usize = 500;

/// Everything that is wrong, a line each.
fn assert_none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

#[test]
fn every_source_says_what_it_is() {
    let silent: Vec<String> = code::sources()
        .iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| source.path.display().to_string())
        .collect();
    assert_none("these files do not open with `//!`", &silent);
}

#[test]
fn no_source_is_long() {
    let long: Vec<String> = code::sources()
        .iter()
        .filter_map(|source| {
            let length = source.text.lines().count() - source.lines_of_tests();
            (!source.is_test && length > LONGEST)
                .then(|| format!("{}: {length} lines", source.path.display()))
        })
        .collect();
    assert_none("these files want to be several", &long);
}

#[test]
fn nothing_ends_the_program_but_main() {
    const ENDS: [&str; 7] =
        [".unwrap()", ".unwrap_err()", ".expect(\"", "panic!(", "todo!(", "unimplemented!(", "unreachable!("];
    let mut found = Vec::new();
    for source in code::sources() {
        let code = source.without_tests();
        for (number, (line, code)) in source.text.lines().zip(code.lines()).enumerate() {
            let is_code = |at: usize| code.as_bytes().get(at).is_some_and(|byte| *byte != b' ');
            if ENDS.iter().any(|end| line.match_indices(end).any(|(at, _)| is_code(at))) {
                found.push(format!("{}:{}: {}", source.path.display(), number + 1, line.trim()));
            }
        }
    }
    assert_none("a fault is a value, not the end of the program", &found);
}

#[test]
fn only_the_doors_reach_the_machine() {
    const WAYS: [&str; 11] = [
        "std::fs::",
        "std::net::",
        "std::process::Command",
        "duct::",
        "rustix::",
        "signal_hook::",
        "tempfile::",
        "ureq::",
        "which::",
        "Timestamp::now",
        "Zoned::now",
    ];
    // An open file is a value like others; and the report owns the screen and the keyboard, whose modes it sets.
    let is_known = |path: &Path, line: &str| {
        line == "use std::fs::File;" || path.starts_with("src/report") && line.contains("rustix::")
    };
    let mut found = Vec::new();
    for source in code::sources() {
        if source.path.starts_with("src/os") || source.path.starts_with("src/http") {
            continue;
        }
        for (number, line) in source.without_tests().lines().map(str::trim).enumerate() {
            if WAYS.iter().any(|way| line.contains(way)) && !is_known(&source.path, line) {
                found.push(format!("{}:{}: {line}", source.path.display(), number + 1));
            }
        }
    }
    assert_none("these go past the doors of `os`", &found);
}

#[test]
fn no_file_has_tabs_or_knows_a_machine() {
    let checkout = code::root().to_string_lossy().into_owned();
    // Written in pieces, for this file is read as well.
    let homes = [["/ho", "me/"], ["/Us", "ers/"], ["C:\\Us", "ers\\"]].map(|pieces| pieces.concat());
    let mut found = Vec::new();
    for path in project_files() {
        let Ok(text) = String::from_utf8(code::bytes(&path)) else { continue };
        // Other kinds of files may be examples of what is wrong.
        let is_rust = path.extension().is_some_and(|ending| ending == "rs");
        for (number, line) in text.lines().enumerate() {
            let place = format!("{}:{}", path.display(), number + 1);
            if is_rust && line.contains('\t') {
                found.push(format!("{place}: a tab"));
            }
            if homes.iter().any(|home| line.contains(home)) || line.contains(&checkout) {
                found.push(format!("{place}: a path of one machine"));
            }
            if is_rust && line.ends_with(' ') {
                found.push(format!("{place}: blanks at the end"));
            }
        }
    }
    assert_none("tidy up", &found);
}

#[test]
fn every_test_runs() {
    let ignored: Vec<String> = project_files()
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .filter(|path| code::scrub(&code::read(path)).contains("#[ignore"))
        .map(|path| path.display().to_string())
        .collect();
    assert_none("a test that nobody runs proves nothing", &ignored);
    let main = code::read(Path::new("tests/it/main.rs"));
    let absent: Vec<String> = code::files("tests/it", ".rs")
        .iter()
        .filter(|path| path.components().count() == 3)
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .filter(|name| name != "main" && !main.contains(&format!("mod {name};")))
        .collect();
    assert_none("these files of tests/it are no modules of main.rs", &absent);
}

#[test]
fn every_dependency_has_its_reason() {
    let text = code::read(Path::new("Cargo.toml"));
    let mut is_among = false;
    let mut last = "";
    let mut bare = Vec::new();
    for line in text.lines() {
        if line.starts_with('[') {
            is_among = line.ends_with("dependencies]");
        } else if is_among && line.contains(" = ") && !line.starts_with('#') && !last.starts_with('#') {
            bare.push(line.to_owned());
        }
        last = line;
    }
    assert_none("these dependencies have no comment above", &bare);
}

/// All files of the project that are kept in git: not those of `target` and of folders of tools.
fn project_files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = ["src", "tests", "benches", "templates"]
        .into_iter()
        .flat_map(|folder| code::files(folder, ""))
        .collect();
    for entry in code::root().read_dir().expect("folder").map(|entry| entry.expect("entry").path()) {
        if entry.is_file() {
            files.push(entry.strip_prefix(code::root()).expect("below").to_owned());
        }
    }
    // In a worktree, `.git` is a file with a path.
    files.retain(|path| path != Path::new(".git"));
    files
}
