//! Roots with a `cloud` block: their states lie in workspaces of HCP Terraform, and terraform runs here.

mod backend_remote;
mod death;
mod doge;
mod project;
mod refusals;
