//! Processor time of commands, pair by pair: each run of a runner beside one of what the machine itself asks for, so that a machine that
//! drifts, or that others load, changes both.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

/// What a command cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// Processor time, user and system, of it and all that it waited for, in milliseconds.
    pub(crate) millis: f64,
    /// The largest resident set of one process, in MiB.
    pub(crate) peak: f64,
    /// How long one has to wait for it, in milliseconds.
    pub(crate) wall: f64,
}

/// A command, and the folder that it runs in.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) program: PathBuf,
    pub(crate) words: Vec<String>,
    pub(crate) folder: PathBuf,
}

/// Measures.
pub(crate) struct Meter {
    /// `floor.c`, compiled.
    pub(crate) floor: PathBuf,
    /// Where the tools are looked for first.
    pub(crate) tools: Option<PathBuf>,
    file: PathBuf,
}

impl Meter {
    /// Compiles what measures into `folder`.
    pub(crate) fn new(folder: &Path, tools: Option<PathBuf>) -> Result<Self> {
        let floor = folder.join("floor");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/runner/floor.c");
        let compiled = Command::new("cc").args(["-O2", "-o"]).arg(&floor).arg(source).status();
        ensure!(compiled.context("a C compiler is needed")?.success(), "floor.c can't be compiled");
        Ok(Self { floor, tools, file: folder.join("cost") })
    }

    /// The line that runs the machine's own part.
    pub(crate) fn floor_line(&self, words: &[&str], folder: &Path) -> Line {
        let words = words.iter().map(|&word| word.to_owned()).collect();
        Line { program: self.floor.clone(), words, folder: folder.to_owned() }
    }

    /// What one of `times` runs of the command costs.
    pub(crate) fn cost(&self, line: &Line, times: usize) -> Result<Cost> {
        let mut command = Command::new(&self.floor);
        command.arg("measure").arg(&self.file).arg(times.to_string()).arg(&line.program).args(&line.words);
        command.current_dir(&line.folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.env("MISE_TRUSTED_CONFIG_PATHS", &line.folder).env("MISE_OFFLINE", "1");
        let status = command.status()?;
        ensure!(status.success(), "{} {:?} ended with {status}", line.program.display(), line.words);
        let text = std::fs::read_to_string(&self.file)?;
        let mut numbers = text.split_whitespace().map(str::parse::<f64>);
        let mut next = || numbers.next().context("no figures").and_then(|number| Ok(number?));
        #[expect(clippy::cast_precision_loss, reason = "a handful of runs")]
        let times = times as f64;
        Ok(Cost { millis: next()? / 1000.0 / times, peak: next()? / 1024.0, wall: next()? / 1000.0 / times })
    }

    /// The costs of `pairs` runs of both, taken in turn after one that is not counted.
    pub(crate) fn pairs(
        &self,
        (one, other): (&Line, &Line),
        pairs: usize,
        times: usize,
    ) -> Result<Vec<(Cost, Cost)>> {
        let mut costs = Vec::new();
        for _ in 0..=pairs {
            costs.push((self.cost(one, times)?, self.cost(other, times)?));
        }
        costs.remove(0);
        Ok(costs)
    }

    /// The program, from the tools' own folder or from PATH.
    pub(crate) fn find(&self, program: &str) -> Option<PathBuf> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = self.tools.iter().cloned().chain(std::env::split_paths(&path));
        folders.map(|folder| folder.join(program)).find(|path| path.is_file())
    }
}

/// The one in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
