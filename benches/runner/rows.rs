//! What is measured, and what has to come out of it.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::measure::{Line, Meter, median};
use super::workload::{Runner, STAMP, Shape};

/// What the machine itself asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Floor {
    /// So many runs of `sh -c true`, so many at a time.
    Spawn(usize, usize),
    /// The file of Shipway, read by the TOML crate and by nobody else.
    Parse,
    /// A look at the times of all files.
    Newest,
    /// The lines, printed by nobody but who makes them.
    Seq(usize),
}

/// What has to come out, of Shipway.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// So many times the floor, at most.
    Ratio(f64),
    /// So many milliseconds of processor time, at most.
    Millis(f64),
    /// So many MiB, at most.
    Peak(f64),
    /// It comes to an end.
    Works,
}

/// One row.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    /// The task that is run.
    pub(crate) task: &'static str,
    pub(crate) jobs: usize,
    pub(crate) floor: Floor,
    pub(crate) goal: Goal,
    /// So many runs are one figure, where one is too short.
    pub(crate) times: usize,
}

/// All rows, with so many tasks, files and thousands of lines for what is a thousand.
pub(crate) fn rows(thousand: usize) -> Vec<Row> {
    let (ten, many) = (thousand * 10, thousand * 1000);
    let row = |name, shape, (task, jobs), floor, goal| Row { name, shape, task, jobs, floor, goal, times: 1 };
    let short = |row: Row| Row { times: 20, ..row };
    let width = 10.min(thousand);
    vec![
        short(row("start-up", Shape::Flat(1), ("t0", 1), Floor::Spawn(1, 1), Goal::Ratio(1.6))),
        short(row(
            "1,000 tasks, run one",
            Shape::Flat(thousand),
            ("t0", 1),
            Floor::Spawn(1, 1),
            Goal::Millis(8.0),
        )),
        row("10,000 tasks, run one", Shape::Flat(ten), ("t0", 1), Floor::Parse, Goal::Ratio(1.3)),
        row(
            "1,000 tasks, -j2",
            Shape::Flat(thousand),
            ("all", 2),
            Floor::Spawn(thousand, 2),
            Goal::Ratio(0.95),
        ),
        row(
            "memory, 1,000 tasks",
            Shape::Flat(thousand),
            ("all", 2),
            Floor::Spawn(thousand, 2),
            Goal::Peak(10.0),
        ),
        row(
            "chain of 1,000",
            Shape::Chain(thousand),
            ("all", 2),
            Floor::Spawn(thousand, 1),
            Goal::Ratio(1.05),
        ),
        row(
            "layers, 1,000 tasks",
            Shape::Layers(thousand / width, width, 3.min(width)),
            ("all", 2),
            Floor::Spawn(thousand / width * width, 2),
            Goal::Ratio(1.0),
        ),
        row("no-op, 10,000 sources", Shape::Sources(ten), ("all", 2), Floor::Newest, Goal::Ratio(1.12)),
        row(
            "a million lines, prefixed",
            Shape::Lines(many / 2),
            ("all", 2),
            Floor::Seq(many),
            Goal::Ratio(5.0),
        ),
        row("chain of 100,000", Shape::Chain(thousand * 100), ("all", 2), Floor::Spawn(1, 1), Goal::Works),
        row(
            "layers of 100 × 100, all linked",
            Shape::Layers((thousand / 10).max(1), (thousand / 10).max(1), (thousand / 10).max(1)),
            ("all", 2),
            Floor::Spawn(1, 1),
            Goal::Works,
        ),
    ]
}

/// What one runner needed for one row.
pub(crate) struct Figure {
    pub(crate) runner: Runner,
    /// Medians: milliseconds, MiB, times the floor.
    pub(crate) millis: f64,
    pub(crate) peak: f64,
    pub(crate) ratio: f64,
    /// How long one has to wait, in milliseconds.
    pub(crate) wall: f64,
    /// Of the floor, in milliseconds.
    pub(crate) floor: f64,
}

impl Row {
    /// Measures one runner; `None` where it is not installed or can't do this.
    pub(crate) fn measure(
        &self,
        meter: &Meter,
        runner: (Runner, &Path),
        pairs: usize,
        folder: &Path,
    ) -> Result<Option<Figure>> {
        let (runner, program) = runner;
        let prefixed = matches!(self.shape, Shape::Lines(_));
        let words = runner.words(self.task, self.jobs, prefixed).filter(|_| runner.takes(self.shape));
        let Some(words) = words else { return Ok(None) };
        let folder =
            folder.join(format!("{:?}-{}", self.shape, runner.program()).replace([' ', '(', ')', ','], "-"));
        if !folder.exists() {
            runner.write(self.shape, &folder)?;
        }
        let line = Line { program: program.to_owned(), words, folder: folder.clone() };
        let floor = self.floor(meter, &folder)?;
        // What is up to date has to be made once.
        if matches!(self.shape, Shape::Sources(_)) {
            meter.cost(&line, 1)?;
        }
        // Where it only has to work, once is enough, and no floor is near it.
        let is_endurance = matches!(self.goal, Goal::Works);
        let costs = if is_endurance {
            let cost = meter.cost(&line, 1)?;
            vec![(cost, cost)]
        } else {
            meter.pairs((&line, &floor), pairs, self.times)?
        };
        Ok(Some(Figure {
            runner,
            millis: median(costs.iter().map(|(cost, _)| cost.millis).collect()),
            peak: median(costs.iter().map(|(cost, _)| cost.peak).collect()),
            ratio: median(costs.iter().map(|(cost, floor)| cost.millis / floor.millis).collect()),
            wall: median(costs.iter().map(|(cost, _)| cost.wall).collect()),
            floor: median(costs.iter().map(|(_, floor)| floor.millis).collect()),
        }))
    }

    fn floor(&self, meter: &Meter, folder: &Path) -> Result<Line> {
        Ok(match self.floor {
            Floor::Spawn(count, jobs) => meter
                .floor_line(&["spawn", &count.to_string(), &jobs.to_string(), "sh", "-c", "true"], folder),
            Floor::Newest => meter.floor_line(&["newest", "src", STAMP], folder),
            Floor::Seq(count) => {
                let program = meter.find("seq").context("there is no `seq`")?;
                Line { program, words: vec![count.to_string()], folder: folder.to_owned() }
            }
            Floor::Parse => {
                let file = folder.join("bare.toml");
                Runner::Shipway.write(self.shape, &folder.join("bare"))?;
                std::fs::copy(folder.join("bare/tasks.toml"), &file)?;
                let words = vec!["--parse".to_owned(), file.display().to_string()];
                Line { program: std::env::current_exe()?, words, folder: folder.to_owned() }
            }
        })
    }

    /// The goal in words.
    pub(crate) fn goal(&self) -> String {
        match self.goal {
            Goal::Ratio(ratio) => format!("≤ {ratio} × the floor"),
            Goal::Millis(millis) => format!("≤ {millis} ms"),
            Goal::Peak(peak) => format!("≤ {peak} MiB"),
            Goal::Works => "works".to_owned(),
        }
    }

    /// Whether Shipway's figure is as it should be: by its own goal, and ahead of every other runner of tasks. Otherwise by how much not.
    pub(crate) fn verdict(&self, figures: &[Figure]) -> String {
        let Some(own) = figures.iter().find(|figure| figure.runner == Runner::Shipway) else {
            return String::new();
        };
        let (is, goal) = match self.goal {
            Goal::Ratio(goal) => (own.ratio, goal),
            Goal::Millis(goal) => (own.millis, goal),
            Goal::Peak(goal) => (own.peak, goal),
            Goal::Works => (0.0, 1.0),
        };
        let mut verdict = if is <= goal {
            "met".to_owned()
        } else {
            format!("missed by {:.0} %", (is / goal - 1.0) * 100.0)
        };
        let counted = |figure: &Figure| match self.goal {
            Goal::Peak(_) => figure.peak,
            _ => figure.ratio,
        };
        let is_ahead = |it: &&Figure| it.runner.is_task_runner() && counted(it) < counted(own);
        for ahead in figures.iter().filter(is_ahead) {
            verdict.push_str(&format!("; {} is ahead", ahead.runner.program()));
        }
        verdict
    }
}
