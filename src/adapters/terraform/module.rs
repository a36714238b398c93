//! Where a module comes from, and whether it can move under our feet.
//!
//! Terraform installs a module once and keeps it; when its source moves, neither plan nor apply notices (measured). So a source that
//! names no version is a fact worth telling. <https://developer.hashicorp.com/terraform/language/modules/sources>

/// A call of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleCall {
    /// The label of its block.
    pub name: String,
    /// Its source as written; empty where it is an expression.
    pub source: String,
    /// Its version constraint; only a registry's module has one.
    pub version: Option<String>,
}

/// What kind of source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// A folder of the project.
    Local,
    /// A repository of git or Mercurial.
    Repository,
    /// A file on a server or in a bucket.
    Archive,
    /// A registry, public or private.
    Registry,
}

impl ModuleCall {
    /// What kind of source it has.
    pub fn kind(&self) -> SourceKind {
        let source = self.source.as_str();
        let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| source.starts_with(prefix));
        if source.is_empty() || starts(&["./", "../", "/"]) || matches!(source, "." | "..") {
            SourceKind::Local
        } else if starts(&["git::", "hg::", "git@", "github.com/", "bitbucket.org/"]) {
            SourceKind::Repository
        } else if starts(&["s3::", "gcs::", "http://", "https://", "file://"]) {
            SourceKind::Archive
        } else {
            SourceKind::Registry
        }
    }

    /// Whether the same call may mean other code tomorrow, because it names no revision or version. A branch counts as one:
    /// it can't be told from a tag.
    pub fn is_unpinned(&self) -> bool {
        match self.kind() {
            SourceKind::Local | SourceKind::Archive => false,
            SourceKind::Repository => {
                let query = self.source.split_once('?').map_or("", |(_, query)| query);
                !query.split('&').any(|part| part.starts_with("ref=") || part.starts_with("rev="))
            }
            SourceKind::Registry => self.version.is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(source: &str, version: Option<&str>) -> ModuleCall {
        ModuleCall { name: "m".into(), source: source.into(), version: version.map(Into::into) }
    }

    #[test]
    fn a_repository_without_a_revision_is_unpinned() {
        for source in [
            "github.com/acme/net",
            "git::https://example.com/net.git",
            "git::ssh://git@example.com/net.git//sub?depth=1",
            "git@github.com:acme/net.git",
            "hg::http://example.com/net",
        ] {
            assert!(call(source, None).is_unpinned(), "{source}");
        }
        for source in [
            "github.com/acme/net?ref=v1",
            "git::https://e.com/n.git//s?depth=1&ref=v1",
            "hg::http://e.com/n?rev=1",
        ] {
            assert!(!call(source, None).is_unpinned(), "{source}");
        }
    }

    #[test]
    fn a_registry_module_is_pinned_by_its_version_and_a_folder_always() {
        assert!(call("terraform-aws-modules/vpc/aws", None).is_unpinned());
        assert!(!call("terraform-aws-modules/vpc/aws", Some("~> 5.0")).is_unpinned());
        assert!(!call("../net", None).is_unpinned());
        assert_eq!(call("https://example.com/net.zip", None).kind(), SourceKind::Archive);
    }
}
