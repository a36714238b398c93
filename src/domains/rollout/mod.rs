//! What a server does with a release: makes its images, and then makes it what serves.
//!
//! The second part is a reconciliation: `look at the replicas → decide the next act → journal it → do it`, until nothing is left to do.
//! The decision is a pure function of what is seen, so it does not matter who died where before: a roll-out, a roll-back, putting back
//! after a failure and recovery after a crash are one algorithm with different targets.

mod resolve;
pub mod state;
pub use resolve::resolve;

use crate::release::layout::Layout;
use crate::release::protocol::Settings;
use crate::release::record::Release;
use crate::run::node::Node;

/// What is wanted of the containers of an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The environment's folder.
    pub layout: Layout,
    /// Which part of a deployment.
    pub part: Part,
}

/// A part of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Lints the compose files, builds the images that are not there, and writes `override.yml` and `release.json`. Touches nothing that
    /// serves. For a project without compose files it writes `release.json` alone.
    Build {
        /// The release with everything but its images: `compose` names flavour, project and files where there are compose files.
        draft: Box<Release>,
        /// What is live: a service that is not rolled and whose image did not change keeps its name for it, and so its container.
        live: Option<Box<Release>>,
        /// What `server setup` pinned.
        settings: Box<Settings>,
    },
    /// Makes `to` what serves: `current`, the services that are not rolled, then each group.
    Converge {
        /// What is to serve; `None`: nothing, what `from` started is taken away.
        to: Option<Box<Release>>,
        /// What served before, or was on its way.
        from: Option<Box<Release>>,
    },
}

/// The nodes of a part.
pub fn nodes(request: &Request) -> Vec<Node> {
    let _ = request;
    Vec::new()
}
