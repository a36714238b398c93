//! Takes away releases that are not kept: the tags of their images, then their folders.
//!
//! An image that still has another tag or a container stays with docker; only what Shipway built is touched at all.

use std::path::PathBuf;

use crate::diagnostic::{Fault, FaultKind};
use crate::event::{Level, Stream};
use crate::os::command::CommandSpec;
use crate::plan::{Effect, WhenOrphaned};
use crate::run::node::Node;
use crate::run::{Action, CommandRun, Outcome, StepContext, StepLog};
use crate::text::count::count;

/// What is to go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForgetRequest {
    /// References of images that no release that stays needs.
    pub images: Vec<String>,
    /// Folders of releases.
    pub folders: Vec<PathBuf>,
}

struct ForgetAction(ForgetRequest);

/// The node that does it.
pub fn forget_nodes(request: &ForgetRequest) -> Vec<Node> {
    vec![Node {
        name: "release:forget".to_owned(),
        title: format!("forget {}", count(request.folders.len(), "old release")),
        needs: Vec::new(),
        after: Vec::new(),
        effect: Effect::Destroys,
        when_orphaned: WhenOrphaned::Stop,
        action: Box::new(ForgetAction(request.clone())),
    }]
}

impl Action for ForgetAction {
    fn describe(&self) -> Vec<String> {
        let images = self.0.images.iter().map(|image| format!("docker image rm {image}"));
        images.chain(self.0.folders.iter().map(|folder| format!("remove {}", folder.display()))).collect()
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.forget(context).map(|()| Outcome::done()).into()
    }
}

impl ForgetAction {
    fn forget(&self, context: &mut StepContext<'_>) -> Result<(), Fault> {
        let root = context.root().to_owned();
        for image in &self.0.images {
            let mut err = Vec::new();
            let mut reader = |_: StepLog<'_>, stream: Stream, line: &str| {
                if stream == Stream::Err {
                    err.push(line.to_owned());
                }
            };
            let run = CommandRun { reader: Some(&mut reader), ..CommandRun::default() };
            let ended =
                context.run_command(&CommandSpec::new("docker", &root).args(["image", "rm", image]), run)?;
            // One that is gone already is as wanted.
            if !ended.is_success() && !err.iter().any(|line| line.contains("No such image")) {
                let text = format!("the image {image} could not be removed: {}", err.join(" "));
                context.log().notice(Level::Warning, &text);
            }
        }
        for folder in &self.0.folders {
            context.doors().files.remove_dir(folder).map_err(|error| {
                Fault::new(FaultKind::World, format!("{} could not be removed: {error}", folder.display()))
            })?;
        }
        Ok(())
    }
}
