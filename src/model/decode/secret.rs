//! `[secrets]`, `[forge]` and `[databases]`.

use toml::de::DeValue;

use super::name::is_variable;
use super::reader::{Entry, Node, Reader, Subject};
use super::template::Scope;
use crate::diagnostic::{Diagnostic, Spanned};
use crate::model::project::{Binding, Variable};
use crate::model::secret::{
    Database, Encoding, FileSource, ForgeKind, ForgeSettings, RepositorySecret, SECRET_PREFIX, SecretValue,
};

impl<'f> Reader<'f, '_> {
    /// All of `[secrets]`, with the variables that hold their values.
    pub(super) fn secrets(&mut self, entry: Option<Entry<'f>>) -> (Vec<RepositorySecret>, Vec<Variable>) {
        let mut variables = Vec::new();
        let entries = self.section(entry);
        let secrets =
            entries.into_iter().filter_map(|entry| self.secret_entry(entry, &mut variables)).collect();
        (secrets, variables)
    }

    fn secret_entry(&mut self, entry: Entry<'f>, variables: &mut Vec<Variable>) -> Option<RepositorySecret> {
        self.check_secret_name(entry);
        let owner = Subject::Table("secrets", entry.name());
        let table = self.table(owner, entry.value)?;
        let [value, values, environments] = self.fields(table, owner, ["value", "values", "environments"]);
        let mut found = Vec::new();
        if let (Some(value), Some(values)) = (value, values) {
            let fault = Diagnostic::error(
                "conflicting-keys",
                format!("the secret `{}` has both `value` and `values`", entry.name()),
                self.key(values),
                "the second",
            )
            .also(self.key(value), "the first");
            self.fault(fault);
            return None;
        }
        if let (Some(_), Some(environments)) = (values, environments) {
            let place = self.key(environments);
            self.fault(
                Diagnostic::error(
                    "conflicting-keys",
                    "`environments` belongs to `value`; `values` names its environments itself",
                    place,
                    "has no meaning here",
                )
                .help("leave it out"),
            );
        }
        match (value, values) {
            (Some(value), _) => {
                let name = format!("{SECRET_PREFIX}{}", entry.name());
                variables.push(self.secret_variable(name.clone(), value)?);
                let environments = self.secret_environments(environments);
                if environments.is_empty() {
                    found.push(SecretValue { environment: None, variable: name });
                } else {
                    found.extend(
                        environments
                            .into_iter()
                            .map(|each| SecretValue { environment: Some(each), variable: name.clone() }),
                    );
                }
            }
            (None, Some(values)) => {
                let table = self.table(Subject::Key("values"), values.value)?;
                for each in Self::entries(table) {
                    let span = self.key(each);
                    if let Err(diagnostic) = self.environment_name(each.name(), span) {
                        self.fault(diagnostic);
                        continue;
                    }
                    let name = format!("{SECRET_PREFIX}{}.{}", entry.name(), each.name());
                    if let Some(variable) = self.secret_variable(name.clone(), each) {
                        variables.push(variable);
                        let environment = Spanned::new(each.name().to_owned(), span);
                        found.push(SecretValue { environment: Some(environment), variable: name });
                    }
                }
            }
            (None, None) => {
                self.missing(owner, "value", entry.value);
                return None;
            }
        }
        Some(RepositorySecret { name: entry.name().to_owned(), span: self.key(entry), values: found })
    }

    /// GitHub keeps names in capitals, so two that differ only in case would be one (`seeds.md` 1.2).
    fn check_secret_name(&mut self, entry: Entry<'f>) {
        let name = entry.name();
        let is_upper =
            name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
        if is_variable(name) && is_upper && !name.starts_with("GITHUB_") {
            return;
        }
        let span = self.key(entry);
        self.fault(
            Diagnostic::error("bad-name", format!("`{name}` can't be the name of a secret"), span, "")
                .help("write capitals, digits and `_`, not beginning with a digit or `GITHUB_`"),
        );
    }

    fn secret_environments(&mut self, entry: Option<Entry<'f>>) -> Vec<Spanned<String>> {
        let mut names = self.texts(entry);
        names.retain(|name| match self.environment_name(&name.value, name.span) {
            Ok(()) => true,
            Err(diagnostic) => {
                self.fault(diagnostic);
                false
            }
        });
        names
    }

    /// A text with `{{ }}`, or `{ env | file | sh | prompt = … }`.
    fn secret_variable(&mut self, name: String, entry: Entry<'f>) -> Option<Variable> {
        let binding = match entry.value.get_ref() {
            DeValue::String(_) => {
                let template = self.template(Subject::Key("value"), entry.value, Scope::GLOBAL)?;
                if template.references().next().is_none() {
                    let span = self.at(entry.value);
                    self.fault(
                        Diagnostic::error("secret-in-file", "a secret stands in the tasks file", span, "readable by everybody")
                            .help("take it from elsewhere: `{ env = \"NAME\" }`, `{ file = \"path\" }`, `{ sh = \"…\" }` or `{ prompt = \"…\" }`"),
                    );
                    return None;
                }
                Binding::Text(template)
            }
            DeValue::Table(table) if table.contains_key("file") => {
                Binding::File(self.file_source(entry.value)?)
            }
            DeValue::Table(table) => self.binding(entry, table)?.0,
            _ => {
                self.wrong_type(Subject::Key("value"), "a string or a table", entry.value);
                return None;
            }
        };
        Some(Variable {
            name,
            span: self.key(entry),
            binding,
            secret: true,
            folder: self.file.folder.clone(),
        })
    }

    fn file_source(&mut self, node: Node<'f>) -> Option<FileSource> {
        let owner = Subject::Plain("the source of a secret");
        let table = self.table(owner, node)?;
        let [file, encoding] = self.fields(table, owner, ["file", "encoding"]);
        let file = file?;
        let encoding = match encoding {
            None => Encoding::Text,
            Some(entry) => match self.text(entry)?.as_str() {
                "text" => Encoding::Text,
                "base64" => Encoding::Base64,
                other => {
                    let span = self.at(entry.value);
                    let title = format!("`{other}` is no encoding of a file");
                    self.fault(
                        Diagnostic::error("bad-value", title, span, "unknown")
                            .help("write `\"base64\"` for files that are no text, or leave it out"),
                    );
                    return None;
                }
            },
        };
        Some(FileSource {
            path: self.path(Subject::Key("file"), file.value)?,
            span: self.at(file.value),
            encoding,
        })
    }

    /// `[forge]`.
    pub(super) fn forge(&mut self, entry: Entry<'f>) -> Option<ForgeSettings> {
        let owner = Subject::Section("forge");
        let table = self.table(owner, entry.value)?;
        let [kind, repo, api] = self.fields(table, owner, ["kind", "repo", "api"]);
        let (Some(kind), Some(repo)) = (kind, repo) else {
            self.missing(owner, if kind.is_none() { "kind" } else { "repo" }, entry.value);
            return None;
        };
        let api = api.and_then(|entry| self.api(entry));
        let kind = match self.text(kind)?.as_str() {
            "github" => ForgeKind::Github,
            "gitlab" => ForgeKind::Gitlab,
            other => {
                let span = self.at(kind.value);
                self.fault(
                    Diagnostic::error("bad-value", format!("there is no forge `{other}`"), span, "unknown")
                        .help("write `\"github\"` or `\"gitlab\"`"),
                );
                return None;
            }
        };
        let span = self.at(repo.value);
        let repo = self.text(repo)?;
        let parts: Vec<&str> = repo.split('/').collect();
        let is_part = |part: &&str| {
            !part.is_empty()
                && *part != "."
                && *part != ".."
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        let fits = match kind {
            ForgeKind::Github => parts.len() == 2,
            ForgeKind::Gitlab => parts.len() >= 2,
        };
        if !fits || !parts.iter().all(is_part) {
            self.fault(
                Diagnostic::error(
                    "bad-value",
                    format!("`{repo}` names no repository of {}", kind.title()),
                    span,
                    "",
                )
                .help("write `owner/name`, without an address before it"),
            );
            return None;
        }
        Some(ForgeSettings { kind, repo, span, api })
    }

    /// The address of an interface; a token goes there, so it has to be encrypted.
    fn api(&mut self, entry: Entry<'f>) -> Option<String> {
        let text = self.text(entry)?;
        let rest = text.strip_prefix("https://").unwrap_or_default();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:/[]".contains(&byte);
        if !rest.is_empty() && rest.bytes().all(is_plain) && !rest.starts_with('/') {
            return Some(text.trim_end_matches('/').to_owned());
        }
        let span = self.at(entry.value);
        self.fault(
            Diagnostic::error("bad-value", format!("`{text}` is no address of an interface"), span, "")
                .note("a token is sent there, so it has to be `https://`")
                .help("write for example `https://github.example.com/api/v3`"),
        );
        None
    }

    /// All of `[databases]`.
    pub(super) fn databases(&mut self, entry: Option<Entry<'f>>) -> Vec<Database> {
        let entries = self.section(entry);
        entries.into_iter().filter_map(|entry| self.database_entry(entry)).collect()
    }

    fn database_entry(&mut self, entry: Entry<'f>) -> Option<Database> {
        self.check_name("a database", entry);
        let owner = Subject::Table("databases", entry.name());
        let table = self.table(owner, entry.value)?;
        let [provider, name, database, private, api] =
            self.fields(table, owner, ["provider", "name", "database", "private", "api"]);
        let (Some(provider), Some(name)) = (provider, name) else {
            self.missing(owner, if provider.is_none() { "provider" } else { "name" }, entry.value);
            return None;
        };
        let provider_name = self.text(provider)?;
        if provider_name != "digitalocean" {
            let span = self.at(provider.value);
            self.fault(
                Diagnostic::error(
                    "bad-value",
                    format!("there is no provider `{provider_name}`"),
                    span,
                    "unknown",
                )
                .help("write `\"digitalocean\"`"),
            );
            return None;
        }
        Some(Database {
            name: entry.name().to_owned(),
            span: self.key(entry),
            cluster: self.text(name)?,
            database: database.and_then(|entry| self.text(entry)),
            private: private.and_then(|entry| self.boolean(entry)).unwrap_or(true),
            api: api.and_then(|entry| self.api(entry)),
        })
    }

    /// The databases that a task names.
    pub(super) fn database_names(&mut self, entry: Option<Entry<'f>>) -> Vec<Spanned<String>> {
        let mut names = self.texts(entry);
        names.retain(|name| {
            if self.names.databases.contains_key(&name.value) {
                return true;
            }
            let diagnostic = Diagnostic::error(
                "unknown-database",
                format!("there is no database `{}`", name.value),
                name.span,
                "unknown database",
            );
            let near = self.names.nearest("", &name.value, self.names.databases.keys());
            let diagnostic = match near {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help(format!("define it: `[databases.{}]`", name.value)),
            };
            self.fault(diagnostic);
            false
        });
        names
    }
}
