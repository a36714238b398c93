//! `[env_files]` and `[environments]`.

use std::path::PathBuf;

use super::rollout::Deploy;
use crate::diagnostic::{Span, Spanned};

/// `[env_files.NAME]`: files outside version control that become secrets.
#[derive(Clone, Debug)]
pub struct EnvFiles {
    /// Its name.
    pub name: String,
    /// Where it is defined.
    pub span: Span,
    /// A folder or one file, from the root.
    pub path: PathBuf,
    /// Where the path stands.
    pub path_span: Span,
    /// Before each secret's name: `PROD` makes `PROD_DJANGO` of `.django`.
    pub prefix: String,
    /// The files of the folder that are secrets, where the entry names them; all others are none then.
    pub files: Vec<String>,
    /// File names in the folder that are no secrets.
    pub ignore: Vec<String>,
    /// Keys whose values are masked though their names do not say so.
    pub mask: Vec<String>,
    /// Keys whose values are shown though their names say secret.
    pub public: Vec<String>,
}

/// `[environments.NAME]`: a named place that the project is deployed to.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// Where it is defined.
    pub span: Span,
    /// The branch whose pushes mean it.
    pub branch: Option<String>,
    /// A glob of the tags that mean it.
    pub tags: Option<String>,
    /// Names in `[env_files]`.
    pub env_files: Vec<Spanned<String>>,
    /// Changes need its name typed, or `--confirm NAME`; `--yes` is not enough.
    pub protected: bool,
    /// Where and how it is deployed to.
    pub deploy: Option<Deploy>,
}
