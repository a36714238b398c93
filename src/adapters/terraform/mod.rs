//! Terraform: which command lines to use, and what its answers mean.
//!
//! Everything is judged from two witnesses together, the `-json` stream and the way the process ended, because neither is enough:
//! a rejected plan prints its summary before its error, an errored plan leaves a plan file, and a Go panic exits with 2 just as a
//! plan with changes does. The facts were measured with terraform 1.11.4; the streams in `tests/fixtures/terraform` come from it.
//!
//! This room does not know what a workspace is, in which order roots are applied, or what to do after a failure.
//! <https://developer.hashicorp.com/terraform/internals/machine-readable-ui>

pub mod action;
pub mod apply;
pub mod backend;
pub mod bookmark;
pub mod command;
pub mod deferral;
pub mod diagnostic;
pub mod dialect;
pub mod frame;
mod hcl;
mod hcl_json;
mod hcl_places;
pub mod init;
mod json;
pub mod lock;
pub mod meaning;
pub mod module;
pub mod narration;
pub mod output;
pub mod plan;
pub mod plan_text;
pub mod providers;
pub mod reads;
pub mod shadow;
pub mod state;
pub mod stream;
pub mod text_box;
pub mod transient;
pub mod var_file;
pub mod version;

pub use action::Action;
pub use apply::{ApplyFold, ApplyReading};
pub use command::Root;
pub use diagnostic::TerraformDiagnostic;
pub use lock::LockInfo;
pub use plan::{PlanFold, PlanReading, PlannedChanges};
pub use stream::StreamEvent;
