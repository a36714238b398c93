//! Finds out which functions everyday work calls, so that the linker can put them beside each other (`build.rs`).
//!
//! ```text
//! SHIPWAY_LINK_MAP=$PWD/target/link.map cargo build --release
//! cargo bench --profile dev --bench runner -- --shipway target/release/shipway --map target/link.map --order link-order.txt
//! ```
//!
//! What the list names already stays in it: digests in names are others in the build of `cargo bench`, which is to be asked, too. Who wants to
//! begin anew removes it first.
//!
//! The linker writes to that file where each function of this very program stands, and valgrind tells which instructions are run. To be done
//! again before a release, and after another compiler or crate: the digests in the names are others then. It needs a processor that
//! valgrind knows.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use super::workload::{Runner, Shape};

/// What is looked at: a start first, since that is what is waited for.
const WORK: [(Shape, &str); 6] = [
    (Shape::Flat(1), "t0"),
    (Shape::Flat(1000), "t0"),
    (Shape::Flat(100), "all"),
    (Shape::Chain(100), "all"),
    (Shape::Sources(1000), "all"),
    (Shape::Lines(100_000), "all"),
];

/// Where a function stands in the program.
struct Place {
    start: u64,
    size: u64,
    /// Its symbol.
    name: String,
}

/// Runs `program` under valgrind, and writes to `file` what the sections of the functions are called that are run. `map` is the linker's.
pub(crate) fn write((program, map): (&Path, &Path), folder: &Path, file: &Path) -> Result<()> {
    let places = places(map)?;
    let mut called: Vec<&Place> = Vec::new();
    let mut known = HashSet::new();
    for (number, (shape, task)) in WORK.into_iter().enumerate() {
        let place = folder.join(number.to_string());
        Runner::Shipway.write(shape, &place)?;
        // What a first run makes is there for the next.
        for _ in 0..2 {
            let words = Runner::Shipway.words(task, 2, false).unwrap_or_default();
            let run = instructions(program, &place, &words)?;
            let is_run = |place: &&Place| run.range(place.start..place.start + place.size).next().is_some();
            called.extend(places.iter().filter(is_run).filter(|place| known.insert(place.start)));
        }
    }
    let (mut all, mut hot): (HashMap<String, u64>, HashMap<String, u64>) = Default::default();
    for place in &places {
        *all.entry(pattern(&place.name)).or_default() += place.size;
    }
    for place in &called {
        *hot.entry(pattern(&place.name)).or_default() += place.size;
    }
    let mut lines: Vec<String> = Vec::new();
    let mut written = HashSet::new();
    for place in called {
        let pattern = pattern(&place.name);
        // Many functions are called `drop_in_place`: which one is only in the digest, and that is another with another compiler.
        let is_one = hot[&pattern] * 2 >= all[&pattern];
        let line = if is_one { pattern } else { format!("{}*", plain(&place.name)) };
        if written.insert(line.clone()) {
            lines.push(line);
        }
    }
    println!("{} functions, {} bytes", lines.len(), hot.values().sum::<u64>());
    let old = std::fs::read_to_string(file).unwrap_or_default();
    std::fs::write(file, merged(&old, &lines).join("\n") + "\n")?;
    Ok(())
}

/// The functions of the program, as the linker tells: address, address, size, alignment, and `FILE:(.text.NAME)`.
fn places(map: &Path) -> Result<Vec<Place>> {
    let text = std::fs::read_to_string(map).with_context(|| format!("{} can't be read", map.display()))?;
    let place = |line: &str| {
        let (before, section) = line.split_once(":(.text.")?;
        let section = section.strip_suffix(')')?;
        let name = section.strip_prefix("unlikely.").unwrap_or(section);
        let mut words = before.split_ascii_whitespace();
        let (start, size) = (words.next()?, words.nth(1)?);
        let number = |word| u64::from_str_radix(word, 16).ok();
        let place = Place { start: number(start)?, size: number(size)?, name: name.to_owned() };
        (is_rust(name) && place.size > 0).then_some(place)
    };
    let places: Vec<Place> = text.lines().filter_map(place).collect();
    ensure!(!places.is_empty(), "{} names no function", map.display());
    Ok(places)
}

/// The addresses of all instructions that are run.
fn instructions(program: &Path, folder: &Path, words: &[String]) -> Result<BTreeSet<u64>> {
    let out = folder.join("callgrind.out");
    let mut command = Command::new("valgrind");
    command.args(["-q", "--tool=callgrind", "--dump-instr=yes", "--compress-pos=no"]);
    command.arg(format!("--callgrind-out-file={}", out.display())).arg(program).args(words);
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    ensure!(command.status().context("valgrind is needed")?.success(), "{words:?} failed under valgrind");
    let text = std::fs::read_to_string(&out)?;
    let address = |line: &str| u64::from_str_radix(line.strip_prefix("0x")?.split(' ').next()?, 16).ok();
    Ok(text.lines().filter_map(address).collect())
}

fn is_rust(name: &str) -> bool {
    name.starts_with("_ZN") || name.starts_with("_R")
}

/// The symbol without what the optimizer puts behind it.
fn plain(name: &str) -> &str {
    let name = name.split(".llvm.").next().unwrap_or(name);
    match name.rsplit_once('.') {
        Some((before, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => before,
        _ => name,
    }
}

/// Both lists: what only `new` has stands behind what stands before it there.
fn merged(old: &str, new: &[String]) -> Vec<String> {
    let known: HashSet<&str> = old.lines().collect();
    let mut behind: HashMap<Option<&str>, Vec<&str>> = HashMap::new();
    let mut last = None;
    for line in new {
        if known.contains(line.as_str()) {
            last = Some(line.as_str());
        } else {
            behind.entry(last).or_default().push(line);
        }
    }
    let places = std::iter::once(None).chain(old.lines().map(Some));
    let lines = places.flat_map(|place| place.into_iter().chain(behind.remove(&place).unwrap_or_default()));
    lines.map(str::to_owned).collect()
}

/// The symbol with `*` where digests are: it holds for every compiler.
fn pattern(name: &str) -> String {
    let name = plain(name);
    if name.starts_with("_ZN") {
        // `17h`, sixteen digits and `E`.
        let end = name.len().saturating_sub(20);
        return match name.get(end..) {
            Some(tail) if tail.starts_with("17h") => format!("{}17h*", &name[..end]),
            _ => format!("{name}*"),
        };
    }
    // `Cs`, a digest in base 62 and `_` before the name of each crate.
    let mut pattern = String::new();
    let mut rest = name;
    while let Some(at) = rest.find("Cs") {
        let (before, digest) = rest.split_at(at + 2);
        let end = digest.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(0);
        pattern.push_str(before);
        if digest[end..].starts_with('_') && end > 0 {
            pattern.push('*');
            rest = &digest[end..];
        } else {
            rest = digest;
        }
    }
    pattern + rest + "*"
}
