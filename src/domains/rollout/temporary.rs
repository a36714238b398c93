//! Until the branches are merged.
use crate::release::record::Rollout;
use std::path::PathBuf;
pub fn resolve(model: &crate::model::Model) -> (Rollout, Vec<PathBuf>) {
    let r = model.rollout.as_ref();
    (
        Rollout {
            keep_releases: r.map_or(5, |r| r.keep_releases),
            has_after: r.is_some_and(|r| !r.after.is_empty()),
            ..Default::default()
        },
        vec![],
    )
}
pub fn compose_project(a: &str, b: &str) -> String {
    format!("{a}-{b}")
}
