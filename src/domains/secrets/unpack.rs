//! `secrets unpack`: a job's secrets back into the env files that they came from, byte for byte.
//!
//! All are decoded before the first is written, and a file that holds something else is left alone unless `--force` says otherwise: on a
//! laptop it may be the only copy. Each file is written whole or not at all.

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::diagnostic::{Fault, FaultKind};
use crate::event::Level;
use crate::masking::{dotenv_values, env_value_is_secret};
use crate::model::{EnvFiles, Model};
use crate::os::environment::Environment;
use crate::os::files::FileKind;
use crate::plan::{Effect, WhenOrphaned};
use crate::run::bindings::env_files::secret_name;
use crate::run::node::Node;
use crate::run::{Action, Outcome, StepContext};
use crate::text::count::count;

/// The step that unpacks the env files of `environment`.
pub(super) fn node(model: &Arc<Model>, environment: &str, force: bool) -> Result<Node, Fault> {
    let action = UnpackAction { model: Arc::clone(model), environment: environment.to_owned(), force };
    if action.entries().next().is_none() {
        return Err(Fault::new(
            FaultKind::Usage,
            format!("the environment `{environment}` has no env files"),
        )
        .hint(format!("name some: `env_files = [\"…\"]` in [environments.{environment}]")));
    }
    Ok(Node {
        name: "secrets:unpack".to_owned(),
        title: format!("unpack the env files of {environment}"),
        needs: Vec::new(),
        after: Vec::new(),
        effect: Effect::Changes,
        when_orphaned: WhenOrphaned::Stop,
        action: Box::new(action),
    })
}

struct UnpackAction {
    model: Arc<Model>,
    environment: String,
    force: bool,
}

/// A variable that holds a file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Packed {
    variable: String,
    /// From the root.
    path: PathBuf,
}

impl UnpackAction {
    fn entries(&self) -> impl Iterator<Item = &EnvFiles> {
        let environment = self.model.environments.get(&self.environment);
        let names = environment.map(|environment| environment.env_files.as_slice()).unwrap_or_default();
        names.iter().filter_map(|name| self.model.env_files.get(&name.value))
    }

    fn unpack(&self, context: &StepContext<'_>) -> Result<Outcome, Fault> {
        let doors = context.doors();
        let (mut wrong, mut files) = (Vec::new(), Vec::new());
        for entry in self.entries() {
            let kind = doors.files.kind(&self.model.root.join(&entry.path));
            for packed in packed(entry, kind, &doors.environment) {
                match decode(&packed, &doors.environment) {
                    Ok(bytes) => {
                        for (key, value) in dotenv_values(&bytes) {
                            if env_value_is_secret(&key, &value, &entry.mask, &entry.public) {
                                context.masker().add(&value);
                            }
                        }
                        files.push((packed, bytes));
                    }
                    Err(why) => wrong.push(format!("${}: {why}", packed.variable)),
                }
            }
        }
        if !wrong.is_empty() || files.is_empty() {
            return Err(self.refusal(wrong));
        }
        let holds_other = |(packed, bytes): &&(Packed, Vec<u8>)| {
            let path = self.model.root.join(&packed.path);
            doors.files.kind(&path) != FileKind::Missing
                && doors.files.read(&path).is_ok_and(|there| there != *bytes)
        };
        let differing: Vec<String> =
            files.iter().filter(holds_other).map(|(packed, _)| packed.path.display().to_string()).collect();
        if !differing.is_empty() && !self.force {
            let message = format!("{} other bytes than the secrets", has_or_have(differing.len()));
            let mut fault = Fault::new(FaultKind::Refused, message);
            fault.details = differing;
            return Err(fault.hint("nothing was written; `--force` writes over them"));
        }
        // Also those that are the same: their mode may be wider.
        for (packed, bytes) in &files {
            let path = self.model.root.join(&packed.path);
            let unwritable = |error: std::io::Error| {
                Fault::new(
                    FaultKind::World,
                    format!("{} could not be written: {error}", packed.path.display()),
                )
            };
            if let Some(folder) = path.parent().filter(|folder| doors.files.kind(folder) == FileKind::Missing)
            {
                doors.files.create_private_dir(folder).map_err(unwritable)?;
            }
            doors.files.write(&path, bytes, 0o600).map_err(unwritable)?;
            context.log().notice(Level::Note, &format!("${} → {}", packed.variable, packed.path.display()));
        }
        Ok(Outcome::done())
    }

    fn refusal(&self, wrong: Vec<String>) -> Fault {
        let environment = &self.environment;
        let mut fault = Fault::new(
            FaultKind::Refused,
            format!(
                "the env files of `{environment}` are not in the environment of this job; nothing was written"
            ),
        );
        if wrong.is_empty() {
            for entry in self.entries() {
                fault.details.push(format!("no variable begins with {}_", entry.prefix));
            }
        }
        fault.details.extend(wrong);
        fault
            .hint(format!("give them to the job, in GitHub Actions with `environment: {environment}` and, for each, `env: {{ NAME: ${{{{ secrets.NAME }}}} }}`"))
            .hint(format!("send them first: `shipway secrets push -e {environment}`"))
    }
}

impl Action for UnpackAction {
    fn describe(&self) -> Vec<String> {
        self.entries()
            .map(|entry| match entry.files.as_slice() {
                [] => format!("write {} from the variables {}_…", entry.path.display(), entry.prefix),
                files => files
                    .iter()
                    .map(|file| entry.path.join(file).display().to_string())
                    .collect::<Vec<_>>()
                    .join(", "),
            })
            .collect()
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.unpack(context).into()
    }
}

fn has_or_have(number: usize) -> String {
    format!("{} {}", count(number, "file"), if number == 1 { "has" } else { "have" })
}

/// Which variables hold which files. What the entry names has to be there; where it names nothing, the prefix tells, and names are taken
/// back as they are usual: `PROD_DJANGO` is `.django`.
fn packed(entry: &EnvFiles, kind: FileKind, environment: &Environment) -> Vec<Packed> {
    let named = |file: &str, path: PathBuf| {
        secret_name(&entry.prefix, file).map(|variable| Packed { variable, path })
    };
    if !entry.files.is_empty() {
        return entry.files.iter().filter_map(|file| named(file, entry.path.join(file))).collect();
    }
    let name = entry.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let sole = named(&name, entry.path.clone());
    // Of a path that is not there yet, the variable says that it is a file.
    let is_file = |sole: &Packed| match kind {
        FileKind::Missing => environment.get(&sole.variable).is_some(),
        kind => kind != FileKind::Folder,
    };
    if let Some(sole) = sole.filter(is_file) {
        return vec![sole];
    }
    let prefix = format!("{}_", entry.prefix.to_ascii_uppercase());
    let variables = environment.variables.keys().filter_map(|name| name.to_str());
    variables
        .filter_map(|name| {
            let rest = name.strip_prefix(&prefix).filter(|rest| !rest.is_empty())?;
            let path = entry.path.join(format!(".{}", rest.to_ascii_lowercase()));
            Some(Packed { variable: name.to_owned(), path })
        })
        .collect()
}

fn decode(packed: &Packed, environment: &Environment) -> Result<Vec<u8>, &'static str> {
    match environment.get(&packed.variable) {
        None => Err("is not set"),
        // What GitHub makes of a secret that does not exist.
        Some("") => Err("is empty: the forge has no such secret, or the job does not name the environment"),
        Some(text) => STANDARD.decode(text.trim_ascii()).map_err(|_| "is no base64 of a file"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Span;

    fn span() -> Span {
        let mut sources = crate::diagnostic::Sources::default();
        Span::new(sources.add("tasks.toml", String::new()), 0, 0)
    }

    fn entry(files: &[&str]) -> EnvFiles {
        EnvFiles {
            name: "production".to_owned(),
            span: span(),
            path: ".envs/.production".into(),
            path_span: span(),
            prefix: "PROD".to_owned(),
            files: files.iter().map(|file| (*file).to_owned()).collect(),
            ignore: Vec::new(),
            mask: Vec::new(),
            public: Vec::new(),
        }
    }

    fn told(entry: &EnvFiles, variables: &[(&str, &str)]) -> Vec<String> {
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let environment = Environment { variables, ..Environment::default() };
        let one = |packed: Packed| {
            let decoded = decode(&packed, &environment).map(|bytes| String::from_utf8(bytes).unwrap());
            format!("{} {} {decoded:?}", packed.variable, packed.path.display())
        };
        packed(entry, FileKind::Missing, &environment).into_iter().map(one).collect()
    }

    #[test]
    fn the_prefix_tells_which_variables_are_files_unless_the_entry_names_them() {
        let variables = [("PROD_DJANGO", "QT0x\n"), ("PRODUCT", "x"), ("PROD_", "x"), ("PROD_EMPTY", "")];
        assert_eq!(
            told(&entry(&[]), &variables),
            [
                r#"PROD_DJANGO .envs/.production/.django Ok("A=1")"#,
                r#"PROD_EMPTY .envs/.production/.empty Err("is empty: the forge has no such secret, or the job does not name the environment")"#,
            ]
        );
        assert_eq!(
            told(&entry(&["Django", ".db"]), &variables),
            [
                r#"PROD_DJANGO .envs/.production/Django Ok("A=1")"#,
                r#"PROD_DB .envs/.production/.db Err("is not set")"#,
            ]
        );
        assert_eq!(
            told(&entry(&[]), &[("PROD_PRODUCTION", "QT0x")]),
            [r#"PROD_PRODUCTION .envs/.production Ok("A=1")"#]
        );
    }
}
