//! `[secrets]`, `[forge]` and `[databases]`.

use std::path::PathBuf;

use crate::diagnostic::{Span, Spanned};

/// `[secrets.NAME]`: a secret that is kept with the repository.
#[derive(Clone, Debug)]
pub struct RepositorySecret {
    /// Its name there.
    pub name: String,
    /// Where it is defined.
    pub span: Span,
    /// What it is, and for whom.
    pub values: Vec<SecretValue>,
}

/// One value of a secret.
#[derive(Clone, Debug)]
pub struct SecretValue {
    /// The environment whose jobs get it; `None`: every job of the repository.
    pub environment: Option<Spanned<String>>,
    /// The variable that holds it: `secrets.NAME`, or `secrets.NAME.ENVIRONMENT`.
    pub variable: String,
}

/// Before the names of variables that are values of secrets; no name in `[vars]` has a dot.
pub const SECRET_PREFIX: &str = "secrets.";

/// A variable's name as it stands between `{{` and `}}`.
pub(super) fn shown(variable: &str) -> String {
    if variable.starts_with(SECRET_PREFIX) { variable.to_owned() } else { format!("vars.{variable}") }
}

/// `[forge]`: where the repository is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForgeSettings {
    /// Whose.
    pub kind: ForgeKind,
    /// `owner/name`; GitLab has `group/subgroup/name` too.
    pub repo: String,
    /// Where `repo` stands.
    pub span: Span,
    /// The address of the interface, where it is not the vendor's own: `https://github.example.com/api/v3`.
    pub api: Option<String>,
}

/// Whose forge it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForgeKind {
    /// GitHub, also one of a company.
    Github,
    /// GitLab, also one of a company.
    Gitlab,
}

impl ForgeKind {
    /// As its makers write it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Github => "GitHub",
            Self::Gitlab => "GitLab",
        }
    }
}

/// `[databases.NAME]`: a managed database whose address and password are asked of its provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Its name in the file.
    pub name: String,
    /// Where it is defined.
    pub span: Span,
    /// Its exact name with the provider.
    pub cluster: String,
    /// The database in it, where it is not the provider's default.
    pub database: Option<String>,
    /// Reached over the provider's private network.
    pub private: bool,
    /// The address of the provider's interface, where it is not the vendor's own.
    pub api: Option<String>,
}

/// How the bytes of a file become a secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// As they are; they have to be text.
    #[default]
    Text,
    /// As base64: any bytes.
    Base64,
}

/// A file whose content is a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSource {
    /// From the root.
    pub path: PathBuf,
    /// Where the path stands.
    pub span: Span,
    /// How it is taken.
    pub encoding: Encoding,
}
