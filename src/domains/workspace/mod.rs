//! Workspaces: terraform root modules with their own state, or stacks of Pulumi, applied in order and destroyed in reverse.
//!
//! A workspace becomes `init? → plan → approve → apply → outputs`, so that one can be planned as soon as what it needs is applied. A
//! teardown becomes a plan for each, one question for all of them, and a chain of destroys: serial, dependents first, stopped by the
//! first failure. What is applied is the plan file that was shown; the approval is bound to its digest. Before all of it stands one step
//! that deals with what earlier runs left open (`resume`).
//!
//! Deliberately absent: the shape of terraform's answers (`adapters::terraform`), the screen, other domains but by the names of steps.

mod after_apply;
mod ahead;
mod apply;
mod approve;
mod cloud;
mod conclude;
mod configuration;
mod drift;
mod facts;
mod graph;
mod ground;
mod guard;
mod hold;
mod init;
mod on_disk;
mod order;
mod outputs;
mod plain;
mod plan;
mod preview;
mod preview_graph;
mod preview_values;
mod previewed;
mod promised;
mod provider_store;
mod pulumi;
mod resume;
mod retry;
mod saved;
mod saved_apply;
mod saved_graph;
mod selection;
mod sent;
mod shadow;
mod site;
mod snapshot;
mod stateful;
mod status;
mod values;
mod verb;

pub use ahead::initialise_ahead;
pub use drift::{Drift, DriftStatus};
pub use graph::{nodes, outputs_nodes};
pub use order::with_downstream;
pub use plan::Purpose;
pub use preview_graph::{nodes as preview_nodes, up_as_previewed};
pub use previewed::{Change, Counts, Preview, PreviewStatus};
pub use promised::Promised;
pub use resume::{Doubt, OpenState, Unfinished, read_leftover, workspace_of};
pub use saved::saved_workspaces;
pub use saved_graph::{SavedRequest, nodes as saved_nodes};
pub use sent::ledger_place;
pub use status::StatusRow;
pub use verb::Verb;
