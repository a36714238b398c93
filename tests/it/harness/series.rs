//! One deployment after another of the same project under one load, whoever deploys: what all of them together lost.

use std::fmt;
use std::time::{Duration, Instant};

use super::deploy_project::DeployProject;
use super::load::{Kind, Load, Report};

/// Requests before the first deployment, between two, and after the last.
const BETWEEN: u64 = 100;

/// What was measured.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    /// What the load met from before the first deployment until after the last.
    pub(crate) report: Report,
    /// How long each deployment took.
    pub(crate) took: Vec<Duration>,
}

impl Series {
    /// Commits the versions 2, 3, … of a project that serves version 1, and calls `deploy` for each, which returns what it
    /// was told when the version is live.
    #[track_caller]
    pub(crate) fn run(
        project: &DeployProject,
        kind: &Kind,
        deployments: usize,
        deploy: impl Fn() -> String,
    ) -> Self {
        let load = Load::start(project.address, kind);
        // A slow load needs longer for as many.
        let between = BETWEEN.min(u64::from(kind.rate));
        load.goes_on_for(between);
        let mut took = Vec::new();
        for version in (2..).take(deployments).map(|number: usize| number.to_string()) {
            project.version(&version);
            let begun = Instant::now();
            let said = deploy();
            took.push(begun.elapsed());
            project.serves(&version, 10, &said);
            load.goes_on_for(between);
        }
        Self { report: load.stop(), took }
    }

    /// The middle one of the times that the deployments took.
    pub(crate) fn median(&self) -> Duration {
        let mut took = self.took.clone();
        took.sort();
        took.get(took.len() / 2).copied().unwrap_or_default()
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {:.1} s: {}", self.took.len(), self.median().as_secs_f64(), self.report)
    }
}
