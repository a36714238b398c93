//! Deployment by git tag. Of it stands here what the user's side needs first: a tag that is made once, on a commit that everybody can have.

mod git;
mod tag;
mod tags;

pub use tag::{TagRequest, tag_nodes};
pub use tags::{TagList, tags_nodes};
