//! Random scripts, most of them nonsense: where `classify` lets a hole stand, no shell may run what is in the value.
//!
//! Ignored by default for it takes minutes; `cargo test --lib fuzz -- --ignored --nocapture`.

use std::path::Path;

use super::places::ALLOWED;
use super::{holes, text};
use crate::model::script::{Script, classify};

/// What the scripts are made of. No loop that never ends, no `/` to write outside of the folder.
const TOKENS: &[&str] = &[
    " ",
    " ",
    " ",
    " ",
    " ",
    "\n",
    "\n",
    ";",
    ";;",
    "&",
    "&&",
    "|",
    "||",
    "|&",
    "(",
    ")",
    ")",
    "((",
    "))",
    "{",
    "}",
    "{ ",
    "; }",
    "<",
    ">",
    "2>",
    ">&",
    "<<E",
    "<<-'E'",
    "E\n",
    "\nE\n",
    "\n\tE\n",
    "<<<",
    "<(",
    "$(",
    "$((",
    "${u:-",
    "${u#",
    "\"${u:-",
    "\"${u%",
    "${",
    "}",
    "}\"",
    "`",
    "`",
    "'",
    "'",
    "\"",
    "\"",
    "\\",
    "\\\n",
    "$",
    "$u",
    "$u[",
    "$'",
    "'",
    "$\"",
    "$[",
    "#",
    " #",
    "=",
    "v=",
    "v+=",
    "v=(",
    "v[",
    "]=",
    "a",
    "b",
    "1",
    "2",
    "~",
    "!",
    "*",
    "@(",
    "+(",
    "[",
    "]",
    "[[ ",
    " ]]",
    "if a; then ",
    "if ",
    "; then ",
    "; fi",
    "; else ",
    "for i in ",
    "; do ",
    "; done",
    "case ",
    " in ",
    "; esac",
    ";; esac",
    "a)",
    "(a)",
    "|b)",
    "while ",
    "function f ",
    "f()",
    "f() { ",
    "time ",
    "export ",
    "let ",
    "eval ",
    "declare ",
    "printf ",
    "test ",
    "builtin ",
    "-v ",
    "PS4=",
    ",",
    "{a,",
    "..",
    ":",
    "+",
    "-",
    "é",
    "--x=",
    "coproc ",
    "\r\n",
    "\t",
    "{{x}}",
    "{{x}}",
    "{{x}}",
    "{{x}}",
    "{{x}}",
    "{{x}}",
    "\"{{x}}\"",
    "'{{x}}'",
    " {{x}} ",
    "\n{{x}}\n",
    " \"{{x}}\" ",
    " b {{x}}; ",
];

/// Each makes a file `P` if any of it is run.
const VALUES: &[&str] = &[
    "';>P;'",
    "\";>P;\"",
    "$(>P)",
    "`>P`",
    "\n>P\n",
    "a[$(>P)]",
    ")>P;(",
    "}\n>P;{",
    "' >P \" >P \n>P\n` >P",
    "\\';>P #",
    ";>P;",
    "\nE\n>P\n",
    "\n\tE\n>P\n",
    "';$(>P)`>P`\n>P\n#",
    "\"';>P;'\"",
];

const BATCH: usize = 100;

/// How many batches are run. `SHIPWAY_FUZZ_ROUNDS=200 cargo test no_value_is_ever_run` looks for new scripts for minutes; without it the
/// same few are run each time.
const ROUNDS: Option<&str> = option_env!("SHIPWAY_FUZZ_ROUNDS");

/// A small generator: numbers that are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % (limit as u64)).unwrap()
    }
}

/// Tokens at random, or a script that is right with some tokens put in and some bytes cut out.
fn source(numbers: &mut Numbers) -> String {
    if numbers.below(3) == 0 {
        return (0..2 + numbers.below(14)).map(|_| TOKENS[numbers.below(TOKENS.len())]).collect();
    }
    let (seed, _) = ALLOWED[numbers.below(ALLOWED.len())];
    let mut source = seed.to_owned();
    for _ in 0..1 + numbers.below(4) {
        let mut places: Vec<_> = source.char_indices().map(|(at, _)| at).collect();
        places.push(source.len());
        let first = numbers.below(places.len());
        if numbers.below(3) == 0 {
            let last = (first + numbers.below(4)).min(places.len() - 1);
            source.replace_range(places[first]..places[last], "");
        } else {
            source.insert_str(places[first], TOKENS[numbers.below(TOKENS.len())]);
        }
    }
    source
}

/// A random script that may take values, rendered with one of `VALUES`.
fn rendered(numbers: &mut Numbers) -> String {
    loop {
        let source = source(numbers);
        let ranges = holes(&source);
        // These run other shells (zsh may set its own PATH), evaluate variables that were given a value before, or never end.
        let left_out = ["sh", "su -c", "until", "(("].iter().any(|word| source.contains(word));
        if !left_out && !ranges.is_empty() && classify(&source, &ranges).is_ok() {
            let script: Script = super::script(&source);
            let value = VALUES[numbers.below(VALUES.len())];
            return script.render(&mut |_| text(value));
        }
    }
}

/// Runs every script of `folder`, and gives those after which there was a `P`.
#[expect(clippy::disallowed_methods, reason = "the test is about real shells")]
fn run(shell: &str, folder: &Path) -> String {
    let driver = "ulimit -t 2; for f in *.script; do mkdir w; cd w; PATH= \"$0\" \"../$f\" </dev/null >/dev/null 2>&1; \
                  [ ! -e P ] || echo \"$f\"; cd ..; rm -rf w; done";
    let shell = which::which(shell).unwrap();
    let output = std::process::Command::new("sh")
        .args(["-c", driver])
        .arg(shell)
        .current_dir(folder)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn no_value_is_ever_run() {
    let shells: Vec<_> =
        ["bash", "dash", "zsh", "mksh"].into_iter().filter(|shell| which::which(shell).is_ok()).collect();
    let rounds: usize = ROUNDS.map_or(1, |rounds| rounds.parse().unwrap());
    let seed = ROUNDS.map_or(1, |_| std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64 | 1);
    println!("seed {seed}, shells {shells:?}");
    let mut numbers = Numbers(seed);
    for round in 0..rounds {
        let folder = tempfile::tempdir().unwrap();
        let scripts: Vec<_> = (0..BATCH).map(|_| rendered(&mut numbers)).collect();
        for (index, script) in scripts.iter().enumerate() {
            let mut file = std::fs::File::create(folder.path().join(format!("{index:04}.script"))).unwrap();
            std::io::Write::write_all(&mut file, script.as_bytes()).unwrap();
        }
        for shell in &shells {
            let ran = run(shell, folder.path());
            if let Some(name) = ran.lines().next() {
                let index: usize = name.trim_end_matches(".script").parse().unwrap();
                panic!(
                    "round {round}, {shell} ran the value in {name}:\n{}\n{:?}",
                    scripts[index], scripts[index]
                );
            }
        }
    }
}
