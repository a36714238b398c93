//! Releases on a server's disk: a commit's files as a fresh folder (`checkout`), and which are taken away when there are too many
//! (`retention`, pure).
//!
//! `prepare` makes an environment's folder ready for all this, `move_ref` says in git what is live.
//!
//! Deliberately absent: what is done with a release; that is `domains::rollout`.

mod checkout;
mod forget;
mod git;
mod move_ref;
mod prepare;
mod retention;

pub use checkout::{CheckoutRequest, checkout_nodes};
pub use forget::{ForgetRequest, forget_nodes};
pub use move_ref::{MoveRefRequest, move_ref_nodes};
pub use prepare::{PrepareRequest, has_proc_receive, prepare_nodes};
pub use retention::kept;
