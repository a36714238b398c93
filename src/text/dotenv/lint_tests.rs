//! Each kind of finding once, and that none shows a value.

use proptest::prelude::*;

use super::*;

/// "code line:column KEY" of each finding; an error has `!` in front, a note `?`.
fn codes(file: impl AsRef<[u8]>) -> Vec<String> {
    let each = |finding: Finding| {
        let severity = match finding.severity {
            Severity::Error => "!",
            Severity::Warning => "",
            Severity::Note => "?",
        };
        let key = finding.key.map(|key| format!(" {key}")).unwrap_or_default();
        format!("{severity}{} {}:{}{key}", finding.code, finding.line, finding.column)
    };
    lint(file.as_ref()).into_iter().map(each).collect()
}

#[test]
fn a_plain_file_has_no_findings() {
    let file = "# General\nDJANGO_SETTINGS_MODULE=config.settings.production\n\nPORT=5432\nURL=redis://redis:6379/0\nE=\n";
    assert_eq!(codes(file), [""; 0]);
    assert_eq!(codes(""), [""; 0]);
}

#[test]
fn each_kind_of_fault_has_its_code_and_place() {
    for (file, expected) in [
        ("A=!!!SET A!!!\n", &["!unset-marker 1:3 A"][..]),
        ("A='x/!!!SET B!!!/y'\n", &["!unset-marker 1:6 A"]),
        ("A=!!!put it here!!!\n", &["!unset-marker 1:3 A"]),
        ("A=wow!!!\nB=!!!!!!\n", &[]),
        ("A= <your key>\n", &["!placeholder 1:4 A"]),
        ("A=\"<>\"\n", &["!placeholder 1:3 A"]),
        ("A='<a href=\"x\">'\n", &["readers-differ 1:3 A"]),
        ("A=1\nB=1\nA=2\n", &["!duplicate-key 3:1 A"]),
        ("A=1\nexport A=1\n", &["export 2:1 A", "duplicate-key 2:8 A"]),
        ("A-B=1\n", &["key-name 1:1 A-B"]),
        ("export A=1\n", &["export 1:1 A"]),
        ("HOME\n", &["no-assignment 1:1"]),
        ("  two words\n", &["!no-assignment 1:3"]),
        ("=1\n", &["!no-assignment 1:1"]),
        ("A =1\n", &["!blank-before-equals 1:2 A"]),
        ("é\nÄÖ=a\0\n", &["!no-assignment 1:1", "key-name 2:1", "!nul 2:5"]),
        ("\u{feff}A=1\n", &["byte-order-mark 1:1"]),
        ("A=1\r\n", &["carriage-return 1:4 A"]),
        ("A=1", &["?no-final-newline 1:4"]),
        (
            "A='1\n2'\nB='1\n 2' x\nC=1",
            &["readers-differ 1:3 A", "!readers-differ 3:3 B", "?no-final-newline 5:4"],
        ),
    ] {
        assert_eq!(codes(file), expected, "{file:?}");
    }
    assert_eq!(codes(b"A=ab\xff\n"), ["!not-utf8 1:5 A"]);
}

#[test]
fn the_last_line_of_a_key_without_quotes_is_not_taken_for_a_name() {
    let file = "A=-----BEGIN-----\nq83vAbCd/+\nq83vAbCd==\n";
    assert_eq!(codes(file), ["!no-assignment 2:1", "!no-assignment 3:1"]);
    let findings = lint(file.as_bytes());
    assert!(!format!("{findings:?}").contains("q83v"), "{findings:?}");
}

/// The severity and the message of the one finding about a value.
fn difference(raw: &str) -> (Severity, String) {
    let found = lint(format!("A={raw}\n").as_bytes());
    let [finding] = found.as_slice() else { panic!("{raw:?}: {found:?}") };
    assert_eq!(finding.code, "readers-differ");
    let message = finding.message.strip_prefix("the value of `A` is read in several ways: ").expect("words");
    (finding.severity, message.to_owned())
}

#[test]
fn readers_that_differ_are_named_with_what_they_do() {
    for (raw, severity, message) in [
        (
            "two words",
            Severity::Warning,
            "compose 2, python-dotenv and docker --env-file: takes every byte as it stands; a shell: runs what follows \
             a blank as a command",
        ),
        (
            "'a b'",
            Severity::Warning,
            "compose 2, python-dotenv and a shell: removes quotes; docker --env-file: takes every byte as it stands",
        ),
        (
            "a # b",
            Severity::Warning,
            "compose 2, python-dotenv and a shell: drops what follows `#`; docker --env-file: takes every byte as it \
             stands",
        ),
        (
            "a$B",
            Severity::Error,
            "compose 2 and a shell: replaces `$` names; python-dotenv and docker --env-file: takes every byte as it \
             stands",
        ),
        (
            "`id`",
            Severity::Warning,
            "compose 2, python-dotenv and docker --env-file: takes every byte as it stands; a shell: runs what stands \
             in backquotes as a command",
        ),
        (
            "a&b",
            Severity::Warning,
            "compose 2, python-dotenv and docker --env-file: takes every byte as it stands; a shell: takes one of \
             `;&|<>()` for a sign of its own",
        ),
        (
            "a\\b",
            Severity::Warning,
            "compose 2, python-dotenv and docker --env-file: takes every byte as it stands; a shell: resolves \
             backslashes",
        ),
        (
            "\"\\$\\n\"",
            Severity::Error,
            "compose 2: removes quotes, resolves backslashes and replaces `$` names; python-dotenv: removes quotes and \
             resolves backslashes, in its own way; docker --env-file: takes every byte as it stands; a shell: removes \
             quotes and resolves backslashes, in its own way",
        ),
        (
            "'a\"",
            Severity::Error,
            "compose 2: refuses its quotes or its `${`; python-dotenv: reads on after a quote that nothing closes, \
             or skips the line; \
             docker --env-file: takes every byte as it stands; a shell: reads on after a quote that nothing closes",
        ),
    ] {
        assert_eq!(difference(raw), (severity, message.to_owned()), "{raw:?}");
    }
}

#[test]
fn only_the_readers_that_matter_are_asked() {
    let of = |readers: &[Reader], file: &str| Lint { readers, ..Lint::default() }.run(file.as_bytes()).len();
    assert_eq!(of(&[Reader::Compose, Reader::Python], "A='two words' # three\n"), 0);
    assert_eq!(of(&[Reader::DockerEnvFile], "A='two words' # three\n"), 0);
    assert_eq!(of(&[Reader::Compose, Reader::DockerEnvFile], "A='two words'\n"), 1);
    assert_eq!(of(&[Reader::Shell], "A=two words\n"), 1);
}

#[test]
fn a_secret_that_is_too_weak_to_mask_is_told() {
    let is_too_weak = |key: &str, value: &[u8]| key == "PASSWORD" && value == b"postgres";
    let lint = Lint { is_too_weak: &is_too_weak, readers: &[] };
    for raw in ["postgres", "'postgres' # yes"] {
        let found = lint.run(format!("OTHER={raw}\nPASSWORD={raw}\nLONG=1\n").as_bytes());
        let places: Vec<_> = found.iter().map(|one| (one.code, one.line, one.key.as_deref())).collect();
        assert_eq!(places, [("too-weak-to-mask", 2, Some("PASSWORD"))]);
        assert!(!found[0].message.contains("postgres") && !found[0].help.contains("postgres"));
    }
}

proptest! {
    #[test]
    fn no_finding_shows_a_value(
        before in "(['\" $#<]|!!!|export |\\$\\{|\\\\)?",
        value in "Zq[a-z]{6}9",
        after in "(['\" $#>}]|!!!|\\n|\\r\\n|\\\\|\\x00| #|;)?",
        name in "(A|a-b|A |export A|é|)=?",
    ) {
        for file in [
            format!("{name}{before}{value}{after}"),
            format!("A={before}{value}{after}{value}\nA={value}{after}\n{value}{after}"),
            format!("{before}{value}{after}\n{value}=\n{value}=="),
        ] {
            let shown = format!("{:?}", lint(file.as_bytes()));
            prop_assert!(!shown.contains(&value), "{:?}: {}", file, shown);
        }
    }

    #[test]
    fn every_finding_has_a_place_in_the_file(file in "(A=|export |[= #'\"$\n\r\0\\\\ab<>!]|\u{feff}|\\PC){0,40}") {
        let lines = file.matches('\n').count() + 1;
        let found = lint(file.as_bytes());
        for finding in &found {
            prop_assert!((1..=lines).contains(&finding.line) && finding.column >= 1, "{:?}", finding);
            prop_assert!(!finding.message.is_empty() && !finding.help.is_empty());
        }
        prop_assert!(found.is_sorted_by_key(|finding| finding.line));
    }
}
