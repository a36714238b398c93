//! The last part of `server setup`, on the server: prepares the environment's folder and says what it found.

use super::answer::print_json;
use super::store::{Store, unwritable};
use crate::assemble::Goal;
use crate::cli::{Options, Session};
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::releases::PrepareRequest;
use crate::os::files::FileKind;
use crate::plan::Ending;
use crate::release::protocol::Settings;

/// Prepares the folder; prints `Settings`.
pub(super) fn run(store: Store<'_>, project: &str) -> Result<(), Fault> {
    let (layout, files) = (store.layout, &store.doors.files);
    let program = layout.program();
    if files.kind(&program) != FileKind::File {
        return Err(Fault::new(FaultKind::World, format!("{} is not there", program.display()))
            .hint("`shipway server setup` brings it"));
    }
    files.create_private_dir(&layout.home).map_err(|error| unwritable(&layout.home, &error))?;
    let pinned = store.settings().ok();
    let file = layout.home.join("tasks.toml");
    // The first name stays: containers and volumes are found by it, whatever the project is called later.
    if files.kind(&file) == FileKind::Missing {
        files
            .write(&file, tasks_file(project, &layout.environment).as_bytes(), 0o600)
            .map_err(|error| unwritable(&file, &error))?;
    }
    let options = Options { file: Some(file), ..Options::default() };
    let session = Session::open(store.doors, options, &[])?.recorded_in(&layout.home);
    let request = PrepareRequest { layout: layout.clone(), pinned };
    let result = session.look(&[Goal::Prepare(request)])?;
    for (_, ending) in &result.endings {
        if let Ending::Failed { fault } = ending {
            return Err(fault.clone());
        }
    }
    let settings = result.values.into_iter().find_map(|value| value.downcast::<Settings>().ok());
    let settings = settings.ok_or_else(|| Fault::new(FaultKind::Bug, "preparing left no settings"))?;
    let path = layout.settings();
    serde_json::to_vec_pretty(settings.as_ref())
        .map_err(std::io::Error::other)
        .and_then(|bytes| files.write_durable(&path, &bytes, 0o600))
        .map_err(|error| unwritable(&path, &error))?;
    print_json(settings.as_ref())
}

/// The environment's own tasks file: what the parts of a deployment run under that need no release.
fn tasks_file(project: &str, environment: &str) -> String {
    let name = serde_json::json!(project);
    format!(
        "# Written by `shipway server setup`.\n[project]\nname = {name}\n\n[environments.{environment}]\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environments_tasks_file_is_toml_whatever_the_project_is_called() {
        let text = tasks_file("a \"b\" \\ é", "prod");
        let table: toml::Table = text.parse().unwrap();
        assert_eq!(table["project"]["name"].as_str(), Some("a \"b\" \\ é"));
    }
}
