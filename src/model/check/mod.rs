//! What only the decoded whole can tell.
pub(super) fn check() {}
