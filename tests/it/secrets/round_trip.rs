//! A thousand random env files to the forge and back, byte for byte.

use std::os::unix::fs::PermissionsExt as _;

use crate::harness::space::Space;
use crate::harness::vendors::StandIn;
use crate::harness::vendors::github::GitHub;

const TASKS: &str = r#"
[env_files.all]
path = "envs"
prefix = "ALL"
[environments.stage]
env_files = ["all"]
[forge]
kind = "github"
repo = "ada/shop"
"#;

/// Numbers that only look random, the same in each run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> usize {
        usize::try_from(self.next() % limit).unwrap()
    }
}

/// An env file of one of the kinds that there are: text, CRLF, a byte order mark, no final newline, any bytes, up to GitHub's limit.
fn file(numbers: &mut Numbers, number: usize) -> Vec<u8> {
    let lines = 1 + numbers.below(20);
    let ending = if number % 5 == 1 { "\r\n" } else { "\n" };
    let mut text = String::new();
    for line in 0..lines {
        text.push_str(&format!("KEY_{line}=värde-{:x} \"$x\" #{ending}", numbers.next()));
    }
    let mut bytes = text.into_bytes();
    match number % 7 {
        1 => bytes.truncate(bytes.len() - ending.len()),
        2 => bytes.splice(0..0, *b"\xef\xbb\xbf").for_each(drop),
        3 => {
            bytes = (0..1 + numbers.below(2000)).map(|_| u8::try_from(numbers.below(256)).unwrap()).collect()
        }
        4 => bytes.extend(*b"\n\n\n"),
        _ => {}
    }
    if number % 100 == 50 {
        bytes.resize(36_864, u8::try_from(numbers.below(256)).unwrap());
    }
    bytes
}

#[test]
fn a_thousand_files_come_back_as_they_were() {
    const AT_ONCE: usize = 95;
    let mut numbers = Numbers(0x5eed_0000_0000_0001);
    let mut all = 0;
    while all < 1000 {
        let forge = StandIn::start(GitHub::with_repository("ada/shop"));
        let mut space = Space::with_tasks(TASKS).file(".gitignore", "envs/\n");
        space
            .environment
            .extend(forge.variables().into_iter().map(|(name, value)| (name.into(), value.into())));
        std::fs::create_dir(space.path("envs")).unwrap();
        let files: Vec<(String, Vec<u8>)> =
            (all..all + AT_ONCE).map(|number| (format!(".f{number}"), file(&mut numbers, number))).collect();
        for (name, bytes) in &files {
            std::fs::write(space.path("envs").join(name), bytes).unwrap();
        }
        space.run("secrets push --yes").exits(0);
        std::fs::remove_dir_all(space.path("envs")).unwrap();
        // What a job of that environment is given.
        let given = forge.vendor(|github| {
            let vault = &github.repositories["ada/shop"].environments["stage"].secrets;
            let names = vault.names();
            names.iter().map(|name| ((*name).to_owned(), vault.open(name).unwrap())).collect::<Vec<_>>()
        });
        assert_eq!(given.len(), AT_ONCE);
        for (name, value) in given {
            space.environment.insert(name.into(), String::from_utf8(value).unwrap().into());
        }
        space.run("secrets unpack -e stage").exits(0);
        for (name, bytes) in &files {
            let path = space.path("envs").join(name);
            assert!(std::fs::read(&path).unwrap() == *bytes, "{name}");
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        all += AT_ONCE;
    }
    println!("{all} files came back as they were");
}
