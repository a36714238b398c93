//! What it costs to start at all: a task that does nothing, in Shipway and in other task runners.

use std::path::Path;
use std::process::Command;

use crate::SHIPWAY;
use crate::measure::{command, cost};
use crate::table::milliseconds;

/// One task runner: its file with the task `noop`, and its words.
struct Runner {
    program: &'static str,
    file: &'static str,
    text: &'static str,
    words: &'static [&'static str],
}

/// `true` alone is the floor: what it costs to start a process that does nothing.
const RUNNERS: [Runner; 6] = [
    Runner { program: "true", file: "nothing", text: "", words: &[] },
    Runner { program: SHIPWAY, file: "tasks.toml", text: "[tasks.noop]\nrun = \"true\"\n", words: &["noop"] },
    Runner { program: "make", file: "Makefile", text: ".PHONY: noop\nnoop:\n\t@true\n", words: &["noop"] },
    Runner { program: "just", file: "justfile", text: "noop:\n\t@true\n", words: &["noop"] },
    Runner {
        program: "ninja",
        file: "build.ninja",
        text: "rule run\n command = true\nbuild noop: run\n",
        words: &["noop"],
    },
    Runner {
        program: "task",
        file: "Taskfile.yml",
        text: "version: '3'\ntasks:\n  noop: 'true'\n",
        words: &["noop"],
    },
];

pub(crate) fn measure(starts: usize) -> anyhow::Result<()> {
    println!("{starts} starts of a task that does nothing, each on average\n");
    println!("            processor        wall");
    for runner in RUNNERS {
        let name = Path::new(runner.program).file_name().unwrap_or_default().to_string_lossy();
        let Ok(program) = which::which(runner.program) else {
            println!("{name:8}  not installed");
            continue;
        };
        let dir = tempfile::tempdir()?;
        std::fs::write(dir.path().join(runner.file), runner.text)?;
        let mut command: Command = command(program, dir.path());
        command.args(runner.words);
        // Once for the caches.
        cost(&mut command, 1)?;
        let cost = cost(&mut command, starts)?;
        let count = u32::try_from(starts)?;
        let (processor, wall) = (cost.processor / count, cost.wall / count);
        println!("{name:8}  {:>11} {:>11}", milliseconds(processor), milliseconds(wall));
    }
    Ok(())
}
