//! `[env_files]` and `[environments]`.

use super::name::is_variable;
use super::reader::{Entry, Reader, Subject};
use crate::diagnostic::{Diagnostic, Spanned};
use crate::model::environment::{EnvFiles, Environment};

impl<'f> Reader<'f, '_> {
    /// All of `[env_files]`.
    pub(super) fn env_files(&mut self, entry: Option<Entry<'f>>) -> Vec<EnvFiles> {
        let entries = self.section(entry);
        entries.into_iter().filter_map(|entry| self.env_files_entry(entry)).collect()
    }

    fn env_files_entry(&mut self, entry: Entry<'f>) -> Option<EnvFiles> {
        self.check_name("env files", entry);
        let owner = Subject::Table("env_files", entry.name());
        let table = self.table(owner, entry.value)?;
        let [path, prefix, files, ignore, mask, public] =
            self.fields(table, owner, ["path", "prefix", "files", "ignore", "mask", "public"]);
        let prefix = prefix.and_then(|entry| self.prefix(entry));
        let texts = |reader: &mut Self, entry| {
            reader.texts(entry).into_iter().map(|text| text.value).collect::<Vec<String>>()
        };
        if let (Some(files), Some(ignore)) = (files, ignore) {
            let place = self.key(ignore);
            let fault = Diagnostic::error(
                "conflicting-keys",
                "where `files` names the files, all others are ignored",
                place,
                "has no meaning here",
            );
            self.fault(fault.also(self.key(files), "named here"));
        }
        let (files, ignore) = (self.file_names(files), texts(self, ignore));
        let (mask, public) = (self.texts(mask), self.texts(public));
        for key in &public {
            if let Some(masked) = mask.iter().find(|masked| masked.value == key.value) {
                self.fault(
                    Diagnostic::error(
                        "conflicting-keys",
                        format!("`{}` is both masked and public", key.value),
                        key.span,
                        "shown",
                    )
                    .also(masked.span, "masked"),
                );
            }
        }
        let Some(path) = path else {
            self.missing(owner, "path", entry.value);
            return None;
        };
        let path_span = self.at(path.value);
        Some(EnvFiles {
            name: entry.name().to_owned(),
            span: self.key(entry),
            path: self.path(Subject::Key("path"), path.value)?,
            path_span,
            prefix: prefix.unwrap_or_else(|| default_prefix(entry.name())),
            files,
            ignore,
            mask: mask.into_iter().map(|key| key.value).collect(),
            public: public.into_iter().map(|key| key.value).collect(),
        })
    }

    /// Names of files in a folder.
    fn file_names(&mut self, entry: Option<Entry<'f>>) -> Vec<String> {
        let mut names = self.texts(entry);
        names.retain(|name| {
            let is_name = !name.value.contains(['/', '\0']) && name.value != "." && name.value != "..";
            if !is_name {
                self.fault(
                    Diagnostic::error(
                        "bad-path",
                        format!("`{}` is no file of the folder", name.value),
                        name.span,
                        "",
                    )
                    .help("write the file's name alone"),
                );
            }
            is_name
        });
        names.into_iter().map(|name| name.value).collect()
    }

    fn prefix(&mut self, entry: Entry<'f>) -> Option<String> {
        let prefix = self.text(entry)?;
        if is_variable(&prefix) {
            return Some(prefix);
        }
        let span = self.at(entry.value);
        self.fault(
            Diagnostic::error("bad-name", format!("`{prefix}` can't start the name of a secret"), span, "")
                .help("a prefix has letters, digits and `_`, and starts with a letter or `_`"),
        );
        None
    }

    /// All of `[environments]`.
    pub(super) fn environments(&mut self, entry: Option<Entry<'f>>) -> Vec<Environment> {
        let entries = self.section(entry);
        entries.into_iter().filter_map(|entry| self.environment_entry(entry)).collect()
    }

    fn environment_entry(&mut self, entry: Entry<'f>) -> Option<Environment> {
        self.check_name("an environment", entry);
        let owner = Subject::Named("environment", entry.name());
        let table = self.table(owner, entry.value)?;
        let [branch, tags, env_files, protected, deploy] =
            self.fields(table, owner, ["branch", "tags", "env_files", "protected", "deploy"]);
        let branch = branch.and_then(|entry| self.text(entry));
        let tags = tags.and_then(|entry| self.text(entry));
        let protected = protected.and_then(|entry| self.boolean(entry)).unwrap_or_default();
        let env_files = self.texts(env_files);
        for name in &env_files {
            self.check_env_files(name);
        }
        Some(Environment {
            name: entry.name().to_owned(),
            span: self.key(entry),
            branch,
            tags,
            env_files,
            protected,
            deploy: deploy.and_then(|deploy| self.deploy(entry, deploy)),
        })
    }

    fn check_env_files(&mut self, name: &Spanned<String>) {
        if self.names.env_files.contains_key(&name.value) {
            return;
        }
        let diagnostic = Diagnostic::error(
            "unknown-env-files",
            format!("there are no env files `{}`", name.value),
            name.span,
            "unknown env files",
        );
        let near = self.names.nearest("", &name.value, self.names.env_files.keys());
        let diagnostic = match near {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help(format!("define them: `[env_files.{}]`", name.value)),
        };
        self.fault(diagnostic);
    }
}

/// `production` → `PRODUCTION`: a prefix that no other env files have.
fn default_prefix(name: &str) -> String {
    let upper = name.to_ascii_uppercase().replace(['.', '-'], "_");
    if upper.starts_with(|first: char| first.is_ascii_digit()) { format!("_{upper}") } else { upper }
}
