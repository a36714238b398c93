//! Which environment is meant: pure.

use crate::diagnostic::{Fault, FaultKind};
use crate::model::Model;
use crate::os::environment::Environment;
use crate::text::{list, suggest};

/// The environment that `flag`, the caller's variables or the file say. A name that does not exist is an error even where nothing uses it;
/// no name at all is one only for whoever needs it, so that comes back as the inner result.
pub(super) fn choose(
    model: &Model,
    flag: Option<&str>,
    variables: &Environment,
) -> Result<Result<String, Fault>, Fault> {
    let names: Vec<&str> = model.environments.keys().map(String::as_str).collect();
    let named = flag.map(|name| (name, "-e")).or_else(|| {
        let name = variables.get("SHIPWAY_ENVIRONMENT").filter(|name| !name.is_empty())?;
        Some((name, "$SHIPWAY_ENVIRONMENT"))
    });
    if let Some((name, by)) = named {
        if names.contains(&name) {
            return Ok(Ok(name.to_owned()));
        }
        let fault = Fault::new(
            FaultKind::Usage,
            format!("{by} names the environment `{name}`, which does not exist"),
        );
        return Err(match suggest::nearest(name, names.iter().copied()) {
            Some(near) => fault.hint(format!("did you mean `{near}`?")),
            None if names.is_empty() => fault.hint("the tasks file has no [environments]"),
            None => fault.hint(format!("there are {}", list::and_ticked(&names))),
        });
    }
    if let Some(name) = of_ci(model, variables) {
        return Ok(Ok(name));
    }
    if let [only] = names.as_slice() {
        return Ok(Ok((*only).to_owned()));
    }
    let mut deployed = model.environments.values().filter(|environment| environment.deploy.is_some());
    if let (Some(only), None) = (deployed.next(), deployed.next()) {
        return Ok(Ok(only.name.clone()));
    }
    Ok(model.project.default_environment.clone().ok_or_else(|| {
        let fault = Fault::new(FaultKind::Refused, "it is not clear which environment is meant");
        if names.is_empty() {
            fault.hint("the tasks file has no [environments]")
        } else {
            fault.hint(format!("name it with -e: {}", list::or_ticked(&names)))
        }
    }))
}

/// In CI: the one whose `tags` or `branch` matches what the job runs for.
fn of_ci(model: &Model, variables: &Environment) -> Option<String> {
    let (tag, branch) = if variables.is_set("GITHUB_ACTIONS") {
        let name = variables.get("GITHUB_REF_NAME");
        match variables.get("GITHUB_REF_TYPE") {
            Some("tag") => (name, None),
            _ => (None, name),
        }
    } else if variables.is_set("GITLAB_CI") {
        (variables.get("CI_COMMIT_TAG"), variables.get("CI_COMMIT_BRANCH"))
    } else {
        (None, None)
    };
    let matches = |environment: &&crate::model::Environment| {
        let tag_matches =
            tag.zip(environment.tags.as_deref()).is_some_and(|(tag, glob)| fast_glob::glob_match(glob, tag));
        tag_matches || branch.is_some() && branch == environment.branch.as_deref()
    };
    model.environments.values().find(matches).map(|environment| environment.name.clone())
}
