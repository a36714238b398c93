//! `clean-cache`: forgets what is recorded of earlier successes, so that what was up to date runs again.

use crate::cli::goals;
use crate::cli::options::Options;
use crate::cli::session::Session;
use crate::cli::{print, project};
use crate::diagnostic::{Fault, FaultKind};
use crate::journal::store::FOLDER;
use crate::os::Doors;
use crate::run::freshness;
use crate::text::count::count;

pub(super) fn run(doors: &Doors, options: Options, names: &[String]) -> Result<u8, Fault> {
    let (json, only_looks) = (options.json, options.dry_run);
    let mut steps = Vec::new();
    let root = if names.is_empty() {
        // Nothing of the file is needed, and it may be wrong.
        project::root(doors, options.file.as_deref())?
    } else {
        let session = Session::open(doors, options, &[])?;
        for name in names {
            let task = session.model.task(name).ok_or_else(|| goals::unknown(&session.model, name, &[]))?;
            steps.push(format!("task:{}", task.name));
        }
        session.model.root.clone()
    };
    let number = freshness::forget(doors, &root, &steps, only_looks).map_err(|error| {
        let message = format!("the records in {FOLDER}/cache could not be removed: {error}");
        Fault::new(FaultKind::World, message)
    })?;
    print(&match (json, only_looks) {
        (true, _) => format!("{}\n", serde_json::json!({ "forgotten": number, "dry_run": only_looks })),
        (false, _) if number == 0 => "nothing is recorded, so nothing was up to date\n".to_owned(),
        (false, true) => format!("would forget the last success of {}\n", count(number, "step")),
        (false, false) => format!("forgot the last success of {}\n", count(number, "step")),
    });
    Ok(0)
}
