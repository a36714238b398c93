//! Finds out which functions everyday work calls, so that the linker can put them beside each other (`build.rs`).
//!
//! ```text
//! cargo rustc --release --bin shipway -- -C strip=none && cp target/release/shipway target/with-symbols
//! cargo bench --profile dev --bench runner -- --shipway target/with-symbols --order link-order.txt
//! ```
//!
//! The digests of some functions are other ones in a build with that option than in a plain one: look whether a start has fewer page faults with the
//! new list than with the old, and keep the better. To be done again before a release, and after another compiler or crate: the digests in the names are others then. It needs valgrind, and
//! a processor that valgrind knows.

use std::collections::{HashMap, HashSet};
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

/// Runs `program`, which must have its symbols, under valgrind, and writes to `file` what the functions' sections are called.
pub(crate) fn write(program: &Path, folder: &Path, file: &Path) -> Result<()> {
    let sizes = sizes(program)?;
    let mut called = Vec::new();
    let mut known = HashSet::new();
    for (number, (shape, task)) in WORK.into_iter().enumerate() {
        let place = folder.join(number.to_string());
        Runner::Shipway.write(shape, &place)?;
        // What a first run makes is there for the next.
        for _ in 0..2 {
            let words = Runner::Shipway.words(task, 2, false).unwrap_or_default();
            let mut names = functions(program, &place, &words)?;
            names.retain(|name| sizes.contains_key(name) && known.insert(name.clone()));
            called.append(&mut names);
        }
    }
    let (mut all, mut hot): (HashMap<String, u64>, HashMap<String, u64>) = Default::default();
    for (name, size) in &sizes {
        *all.entry(pattern(name)).or_default() += size;
        if known.contains(name) {
            *hot.entry(pattern(name)).or_default() += size;
        }
    }
    let mut lines: Vec<String> = Vec::new();
    let mut written = HashSet::new();
    for name in called {
        let pattern = pattern(&name);
        // Many functions are called `drop_in_place`: which one is only in the digest, and that is another with another compiler.
        let is_one = hot[&pattern] * 2 >= all[&pattern];
        let line = if is_one { pattern } else { format!("{}*", plain(&name)) };
        if written.insert(line.clone()) {
            lines.push(line);
        }
    }
    std::fs::write(file, lines.join("\n") + "\n")?;
    println!("{} functions, {} bytes", lines.len(), hot.values().sum::<u64>());
    Ok(())
}

/// The functions that are called, by their symbols, in no order.
fn functions(program: &Path, folder: &Path, words: &[String]) -> Result<Vec<String>> {
    let out = folder.join("callgrind.out");
    let mut command = Command::new("valgrind");
    command.args(["-q", "--tool=callgrind", "--demangle=no"]);
    command.arg(format!("--callgrind-out-file={}", out.display())).arg(program).args(words);
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    ensure!(command.status().context("valgrind is needed")?.success(), "{words:?} failed under valgrind");
    let text = std::fs::read_to_string(&out)?;
    let mut names: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("fn=").or_else(|| line.strip_prefix("cfn=")))
        // A number has its name where it is first; `'2` is the same, called by itself.
        .filter_map(|line| Some(line.split_once(' ')?.1.split('\'').next()?.to_owned()))
        .filter(|name| is_rust(name))
        .collect();
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// The size of each function.
fn sizes(program: &Path) -> Result<HashMap<String, u64>> {
    let output = Command::new("nm").arg("-S").arg(program).output().context("nm is needed")?;
    let text = String::from_utf8(output.stdout)?;
    let sizes: HashMap<String, u64> = text
        .lines()
        .filter_map(|line| match line.split(' ').collect::<Vec<_>>().as_slice() {
            [_, size, "t" | "T", name] if is_rust(name) => {
                Some(((*name).to_owned(), u64::from_str_radix(size, 16).ok()?))
            }
            _ => None,
        })
        .collect();
    ensure!(
        !sizes.is_empty(),
        "{} has no symbols: it has to be built with `-C strip=none`",
        program.display()
    );
    Ok(sizes)
}

fn is_rust(name: &str) -> bool {
    name.starts_with("_ZN") || name.starts_with("_R")
}

/// The symbol without what the optimizer puts behind it.
fn plain(name: &str) -> &str {
    name.split(".llvm.").next().unwrap_or(name)
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
