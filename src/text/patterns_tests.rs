//! What patterns mean, and which folders they enter.

use super::*;

fn patterns(list: &[&str]) -> Patterns {
    let mut patterns = Patterns::default();
    list.iter().for_each(|text| patterns.add("", text).unwrap());
    patterns
}

/// As a walk decides; that no folder is passed over that had something in it is a part of it.
fn means(patterns: &Patterns, path: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut place = patterns.start();
    for folder in folders.split('/').filter(|folder| !folder.is_empty()) {
        place = patterns.enter(&place, folder.as_bytes());
    }
    let is_meant = patterns.means(&place, name.as_bytes());
    assert!(!is_meant || patterns.goes_on(&place), "{path} would not be reached");
    is_meant
}

#[test]
fn the_last_pattern_that_fits_decides() {
    for (list, yes, no) in [
        (&["src/**/*.rs"][..], &["src/a.rs", "src/b/c/d.rs"][..], &["a.rs", "src/a.txt", "x/src/a.rs"][..]),
        (&["**/*.py", "!migrations"], &["a.py", "b/a.py", "a/migrations/b.py"], &["migrations/a.py"]),
        (&["**/*.py", "!**/migrations/**"], &["a.py"], &["migrations/a.py", "b/migrations/c/a.py"]),
        (&["src", "!src/a", "src/a/b"], &["src/x", "src/a/b", "src/a/b/c"], &["src/a/x", "srca", "x/src"]),
        (&["*"], &["a", ".hidden"], &["a/b"]),
        (&["**"], &["a", "a/b", ".x/y"], &[]),
        (&["a/**"], &["a/b", "a/b/c"], &["a"]),
        (&["{a,b/{c,d}}/*.t?t"], &["a/x.txt", "b/d/x.tot"], &["b/x.txt", "a/x.tt"]),
        (&["[ab][!c]"], &["ax", "bd"], &["ac", "cx", "a"]),
        (&["a\\*b", "\\!x"], &["a*b", "!x"], &["axb", "x"]),
        (&["a/**/b/**/c"], &["a/b/c", "a/x/b/y/z/c"], &["a/c", "b/c"]),
        (&["./a//b/../c"], &["a/c"], &["a/b/c"]),
        (&["x/!y*"], &["x/!yes"], &["x/no"]),
        (&["?", "[aäx-ü]?"], &["ä", "日", "ab", "ää", "öz"], &["日本", "ÿz", "äää"]),
    ] {
        let patterns = patterns(list);
        for path in yes {
            assert!(means(&patterns, path), "{list:?} does not mean {path}");
        }
        for path in no {
            assert!(!means(&patterns, path), "{list:?} means {path}");
        }
    }
}

#[test]
fn what_a_list_takes_back_is_not_taken_away_by_it() {
    let sources = patterns(&["**", "!d/c"]).without(&patterns(&["d/**", "!d/a", "!d/e", "d/e/x"]));
    for path in ["a", "d/a", "d/e/y"] {
        assert!(means(&sources, path), "{path}");
    }
    for path in ["d/b", "d/c", "d/e/x"] {
        assert!(!means(&sources, path), "{path}");
    }
    let named = patterns(&["a", "d/a"]).without(&patterns(&["d", "!d/a"]));
    assert!(means(&named, "d/a") && means(&named, "a"));
    let place = |patterns: &Patterns| patterns.enter(&patterns.start(), b"d");
    let shut = patterns(&["**"]).without(&patterns(&["d"]));
    assert!(!shut.goes_on(&place(&shut)));
    assert!(sources.goes_on(&place(&sources)));
}

#[test]
fn bytes_that_are_no_letters_fit_one_sign_each() {
    let patterns = patterns(&["ä?*"]);
    let start = patterns.start();
    assert!(patterns.means(&start, b"\xc3\xa4\xff") && patterns.means(&start, b"\xc3\xa4\xff\xfe"));
    assert!(!patterns.means(&start, b"\xc3\xa4") && !patterns.means(&start, b"\xc3\xff"));
}

#[test]
fn folders_in_which_nothing_can_fit_are_not_entered() {
    let patterns = patterns(&["src/**/*.rs", "!src/generated", "docs/*.md"]);
    let goes_on = |path: &str| {
        let names = path.split('/').map(str::as_bytes);
        let place = names.fold(patterns.start(), |place, name| patterns.enter(&place, name));
        patterns.goes_on(&place)
    };
    for (path, expected) in [
        ("src", true),
        ("src/a/b", true),
        ("src/generated", false),
        ("docs", true),
        ("docs/a", false),
        ("x", false),
    ] {
        assert_eq!(goes_on(path), expected, "{path}");
    }
    assert_eq!(patterns.names(&patterns.start()), Some(vec![&b"docs"[..], b"src"]));
    assert_eq!(patterns.names(&patterns.enter(&patterns.start(), b"src")), None);
}

#[test]
fn what_can_be_no_pattern_is_told() {
    for (folder, text, fault) in [
        ("", "/etc/passwd", PatternFault::Absolute),
        ("", "~/x", PatternFault::Absolute),
        ("", "../x", PatternFault::Outside),
        ("docs", "../../x", PatternFault::Outside),
        ("", "a/*/../b", PatternFault::UpOverWildcard),
        ("", "a/.git/HEAD", PatternFault::Never(".git")),
        ("", "!.shipway", PatternFault::Never(".shipway")),
        ("", "a[b", PatternFault::Unclosed('[')),
        ("", "a{b,c", PatternFault::Unclosed('{')),
        ("", "a**b", PatternFault::DeepInName),
        ("", "a\\", PatternFault::NothingEscaped),
        ("", "!", PatternFault::Empty),
        ("", "{1,2,3,4}{1,2,3,4}{1,2,3,4}{1,2,3,4}{1,2,3,4}", PatternFault::TooMany),
    ] {
        assert_eq!(check(folder, text), Err(fault), "{text}");
    }
    assert_eq!(check("docs", "../shared/**"), Ok(()));
}

#[test]
fn a_value_means_itself_whatever_it_holds() {
    for text in ["a*b", "{x,y}", "[z]", "!n", "q?", "b\\s"] {
        let mut patterns = Patterns::default();
        patterns.add("", &format!("d/{}.txt", literal(text))).unwrap();
        assert!(means(&patterns, &format!("d/{text}.txt")), "{text}");
        assert!(patterns.is_name());
    }
}
