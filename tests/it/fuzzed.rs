//! A short random run over the doors that `shipway fuzz` opens to libFuzzer for as long as one likes: the same functions, with damaged texts
//! of the repository and with noise.

#[expect(unreachable_pub, reason = "in its own crate it is reached")]
#[path = "../../fuzz/src/lib.rs"]
mod doors;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::model::EVERYTHING;
use crate::texts::Texts;

/// Bytes of a text with a few edits, or noise.
fn damaged(texts: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        3 => proptest::sample::select(PIECES.to_vec()).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..4),
    ];
    let edits = vec((any::<proptest::sample::Index>(), 0_usize..9, piece), 0..6);
    let edited = (proptest::sample::select(texts.to_vec()), edits).prop_map(|(text, edits)| {
        let mut bytes = text.as_bytes().to_vec();
        for (at, taken, piece) in edits {
            let at = at.index(bytes.len() + 1);
            let end = (at + taken).min(bytes.len());
            bytes.splice(at..end, piece);
        }
        bytes
    });
    prop_oneof![4 => edited, 1 => vec(any::<u8>(), 0..200)]
}

/// What means something in one of the languages.
const PIECES: &[&str] = &[
    "{{",
    "}}",
    "{{ vars.v }}",
    "{{ \"",
    "\"",
    "'",
    "'''",
    "[",
    "]",
    "=",
    "\\",
    "\n",
    "\r",
    "\0",
    "#",
    "$",
    "${",
    "}",
    "$(",
    "`",
    "export ",
    "<<E",
    " ",
    "\u{feff}",
    "é",
    "9e999",
    "1.",
    "[tasks.t]\n",
    "{",
    ",",
];

const TASKS_FILES: &[&str] = &[EVERYTHING, include_str!("../../templates/local/tasks.toml")];

const EXPRESSIONS: &[&str] = &[
    include_str!("../../fuzz/seeds/expressions/words"),
    include_str!("../../fuzz/seeds/expressions/text"),
    include_str!("../../fuzz/seeds/expressions/script"),
    include_str!("../../fuzz/seeds/expressions/shebang"),
];

const ENV_FILES: &[&str] =
    &[include_str!("../../fuzz/seeds/dotenv/quotes"), include_str!("../../fuzz/seeds/dotenv/crlf")];

const JOURNALS: &[&str] = &[
    include_str!("../../fuzz/seeds/journal/run.jsonl"),
    include_str!("../../fuzz/seeds/journal/events.jsonl"),
];

/// With a lock file that lacks one of our libraries `shipway fuzz` builds nothing.
#[test]
fn the_lock_file_knows_all_that_we_use() {
    let read = |text: &str| text.parse::<toml::Table>().unwrap();
    let (ours, lock) = (read(include_str!("../../Cargo.toml")), read(include_str!("../../fuzz/Cargo.lock")));
    let packages = lock["package"].as_array().unwrap();
    let of_us = packages.iter().find(|package| package["name"].as_str() == Some("shipway")).unwrap();
    // Of a crate with two versions the one that is meant stands behind a blank.
    let first = |name: &'_ toml::Value| name.as_str().unwrap().split(' ').next().unwrap().to_owned();
    let listed: Vec<String> = of_us["dependencies"].as_array().unwrap().iter().map(first).collect();
    for (name, wanted) in ours["dependencies"].as_table().unwrap() {
        let wanted = wanted.as_str().or_else(|| wanted["version"].as_str()).unwrap();
        let wanted = semver::VersionReq::parse(wanted).unwrap();
        let is_it = |package: &&toml::Value| {
            package["name"].as_str() == Some(name)
                && wanted.matches(&package["version"].as_str().unwrap().parse().unwrap())
        };
        assert!(packages.iter().any(|package| is_it(&package)), "fuzz/Cargo.lock has no {name} {wanted}");
        assert!(listed.contains(name), "fuzz/Cargo.lock: `cargo update -p shipway` there, for {name}");
    }
}

/// Seeds that nothing reads try nothing.
#[test]
fn the_seeds_are_what_is_read() {
    for line in JOURNALS[0].lines() {
        serde_json::from_str::<shipway::journal::record::Record>(line).expect(line);
    }
    for line in JOURNALS[1].lines() {
        serde_json::from_str::<shipway::event::Event>(line).expect(line);
    }
}

/// A place that takes no text tries nothing.
#[test]
fn each_place_for_a_text_takes_one() {
    let texts = ["x", "{{ vars.v }}", "http://localhost", "localhost:1"].map(doors::with_text);
    // In the first file all stand together, and no text is right for each.
    for place in 1..texts[0].len() {
        let taken = texts.iter().any(|files| Texts::main(files[place].clone()).load().is_ok());
        assert!(taken, "nothing is taken in\n{}", texts[0][place]);
    }
}

/// What libFuzzer found: half of it ends between the record and the noise.
#[test]
fn noise_behind_a_record_spoils_its_line_only() {
    let record = JOURNALS[0].lines().next().unwrap();
    let noise = format!("{}x", " ".repeat(record.len() + 2));
    doors::journal(format!("{record}{noise}\n").as_bytes());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_tasks_file_loads_or_is_told(bytes in damaged(TASKS_FILES)) {
        doors::tasks_file(&bytes);
    }

    #[test]
    fn any_env_file_is_read_or_told(bytes in damaged(ENV_FILES)) {
        doors::dotenv(&bytes);
    }

    #[test]
    fn any_journal_is_read_as_far_as_it_is_whole(bytes in damaged(JOURNALS)) {
        doors::journal(&bytes);
    }
}

proptest! {
    // Each of them is some thirty files.
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_expression_is_taken_or_told(bytes in damaged(EXPRESSIONS)) {
        doors::expressions(&bytes);
    }
}
