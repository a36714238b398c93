//! Env files and other secrets of the project, and the places that hold them: the forge, workspaces, servers.
//!
//! `item` puts together what there is, `values` finds it, `compare` says whether a place still holds it. `push` sends, `unpack` is the way
//! back in a CI job. A value is only ever in memory, in a sealed box, or in the file that it came from.

mod compare;
mod forge;
mod forge_session;
mod generate;
mod item;
mod limits;
mod lint;
mod merge;
mod push;
mod unpack;
mod values;

use std::sync::Arc;

pub use compare::{Held, State, compare};
pub use forge::{FORGE_STEP, HeldByScope, Listing};
pub use item::{Found, FoundFile, FoundFiles, FoundValue, Item, Selection, Source, items};
pub use lint::{FileFinding, LintReport};
pub use merge::MergeRequest;
pub use push::{PushRequest, state};
pub use values::{files_step, value_step};

use crate::diagnostic::{Fault, FaultKind};
use crate::ledger::LedgerError;
use crate::model::{ForgeSettings, Model};
use crate::run::node::Node;

/// What a person wants of the project's secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// What there is, and what each place holds.
    List(Selection),
    /// What is not known to be there is sent.
    Push(PushRequest),
    /// What is wrong with env files.
    Lint {
        /// Whose; all where none is named.
        environment: Option<String>,
    },
    /// Places that are not set in env files get strong values.
    Generate {
        /// Whose; all where none is named.
        environment: Option<String>,
    },
    /// Several env files become one.
    Merge(MergeRequest),
    /// A job's secrets become files again.
    Unpack {
        /// Whose.
        environment: String,
        /// Also over files that hold something else.
        force: bool,
    },
}

/// The nodes that do it.
pub fn nodes(model: &Arc<Model>, request: &Request) -> Result<Vec<Node>, Fault> {
    match request {
        Request::List(selection) => {
            something(model)?;
            let mut nodes = values::nodes(model, selection);
            nodes.extend(model.forge.as_ref().map(|forge| forge::look_node(model, forge, selection, &[])));
            Ok(nodes)
        }
        Request::Push(request) => {
            something(model)?;
            Ok(push::nodes(model, settings(model)?, request))
        }
        Request::Lint { environment } => Ok(vec![lint::node(model, environment.as_deref())]),
        Request::Generate { environment } => Ok(generate::nodes(model, environment.as_deref())),
        Request::Merge(request) => Ok(vec![merge::node(model, request)]),
        Request::Unpack { environment, force } => Ok(vec![unpack::node(model, environment, *force)?]),
    }
}

fn something(model: &Model) -> Result<(), Fault> {
    if model.secrets.is_empty() && model.env_files.is_empty() {
        return Err(Fault::new(FaultKind::Usage, "the tasks file has no secrets")
            .hint("env files stand in [env_files.NAME], other secrets in [secrets.NAME]"));
    }
    Ok(())
}

fn settings(model: &Model) -> Result<&ForgeSettings, Fault> {
    model.forge.as_ref().ok_or_else(|| {
        Fault::new(FaultKind::Usage, "the tasks file does not say where the repository is kept")
            .hint("add this:\n[forge]\nkind = \"github\"\nrepo = \"owner/name\"")
    })
}

impl From<&LedgerError> for Fault {
    fn from(error: &LedgerError) -> Self {
        let (kind, hint) = match error {
            LedgerError::Io { .. } => {
                (FaultKind::World, "look at its owner, its mode and the room on the disk")
            }
            LedgerError::Malformed { .. } => {
                (FaultKind::World, "remove it: then nothing is known of what was sent, and all is sent again")
            }
            LedgerError::Newer(_) => (FaultKind::World, "use the Shipway that wrote it, or a newer one"),
            LedgerError::Locked => (FaultKind::Locked, "wait until it is done, and run this again"),
            LedgerError::NoHome => (FaultKind::World, "set HOME"),
        };
        Self::new(kind, error.to_string()).hint(hint)
    }
}
