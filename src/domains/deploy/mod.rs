//! Deployment by git tag: the user's side.
//!
//! A tag is made once, on a commit that everybody can have (`tag`, `tags`). A deployment is a push of that commit to the server's ref of an
//! environment; its steps are `survey` (does the server answer?) → `check` (what would change?) → `approve` (a protected environment) →
//! `perform`. `login` finds out how a person gets in. `remote` and `server` call the server, `look` and `follow` read what it says, `server_setup` prepares it. `target`, `journey`
//! and `retreat` are pure.
//!
//! Deliberately absent: how a server makes a release live. It does not need us for that: whoever stands here may go away at any time.

mod approve;
mod asker;
mod check;
mod follow;
mod git;
mod journey;
mod login;
mod look;
mod perform;
mod remote;
mod request;
mod retreat;
mod server;
mod server_setup;
mod survey;
mod tag;
mod tags;
mod target;

pub use login::{Login, LoginRequest};
pub use look::{ReleaseLog, Releases, Seen, status_step};
pub use request::{Request, Version, VersionRequest, Wish, env_files_step, nodes, task};
pub use server_setup::EnvFilesSeen;
pub use tag::{TagRequest, tag_nodes};
pub use tags::{TagList, tags_nodes};
