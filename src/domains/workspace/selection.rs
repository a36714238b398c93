//! Is it the state that is meant, and the plan that is shown? Both can be changed from outside of the tasks file: by terraform's own
//! workspaces, and by options in the environment.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::site::Site;
use crate::adapters::terraform::{command, dialect, init};
use crate::diagnostic::{Fault, FaultKind};
use crate::model::Part;
use crate::os::Doors;
use crate::os::command::EnvironmentValue;
use crate::os::environment::Environment;
use crate::os::files::FileKind;
use crate::run::StepContext;

/// The variable that gives terraform's own folder another place.
const DATA_DIR: &str = "TF_DATA_DIR";

impl Site {
    /// Refuses a call that would be about another state, or make another plan, than what is shown.
    ///
    /// terraform's own "workspaces" keep several states behind one root. Ours have one: another that is selected by hand would make what
    /// is alive look empty. (`cloud` blocks use the same mark for the name of their workspace.)
    pub(super) fn refuse_another_state(
        &self,
        context: &StepContext<'_>,
        env: &BTreeMap<String, EnvironmentValue>,
    ) -> Result<(), Fault> {
        let value = |name: &str| match env.get(name) {
            Some(EnvironmentValue::Plain(value)) => Some(value.clone()),
            Some(EnvironmentValue::Secret(_)) => None,
            None => context.doors().environment.get(name).map(str::to_owned),
        };
        for name in command::ARGS_VARIABLES {
            let words = value(name).unwrap_or_default();
            if let Some(word) = command::ours(words.split_whitespace()) {
                let message = format!("${name} holds `{word}`, which Shipway sets itself");
                return Err(Fault::new(FaultKind::Refused, message)
                    .hint(format!("what is shown has to be what is applied: `unset {name}`")));
            }
        }
        let mark = self.data_folder(&context.doors().environment)?.join("environment");
        let mark = context.doors().files.read(&mark).unwrap_or_default();
        let (selected, cure) = match value("TF_WORKSPACE").filter(|name| !name.is_empty()) {
            Some(name) => (name, "unset TF_WORKSPACE".to_owned()),
            None => {
                let dir = self.workspace()?.dir.display();
                let cure = format!("{} -chdir={dir} workspace select default", self.tool());
                (String::from_utf8_lossy(&mark).trim().to_owned(), cure)
            }
        };
        if selected.is_empty() || selected == "default" || self.has_cloud(context.doors())? {
            return Ok(());
        }
        let message = format!(
            "`{}` has terraform's workspace `{selected}` selected, with a state of its own",
            self.name
        );
        Err(Fault::new(FaultKind::Refused, message)
            .hint(format!("Shipway looks after the default one: `{cure}`")))
    }

    /// Where terraform keeps what init made: `.terraform`, or what `TF_DATA_DIR` says, from the root's folder.
    pub(super) fn data_folder(&self, environment: &Environment) -> Result<PathBuf, Fault> {
        let own = self.workspace()?.env.get(DATA_DIR).and_then(|template| match template.parts.as_slice() {
            [Part::Text(text)] => Some(text.as_str()),
            _ => None,
        });
        let named = own.or_else(|| environment.get(DATA_DIR)).filter(|named| !named.is_empty());
        Ok(self.folder()?.join(named.unwrap_or(".terraform")))
    }

    fn has_cloud(&self, doors: &Doors) -> Result<bool, Fault> {
        let files = self.files(doors)?;
        let files: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        Ok(init::static_need(&files).cloud)
    }

    /// The root's own configuration: names and texts.
    pub(super) fn files(&self, doors: &Doors) -> Result<Vec<(String, String)>, Fault> {
        let folder = self.folder()?;
        let names = doors.files.list(&folder).map_err(|error| {
            Fault::new(FaultKind::File, format!("{} could not be read: {error}", folder.display()))
                .hint(format!("it is the folder of the workspace `{}`", self.name))
        })?;
        let mut files = Vec::new();
        for name in dialect::configuration(names, self.tool()) {
            let path = folder.join(&name);
            if doors.files.kind(&path) == FileKind::File {
                // A file that can't be read is terraform's to complain about, with a place.
                let bytes = doors.files.read(&path).unwrap_or_default();
                files.push((name, String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
        Ok(files)
    }
}
