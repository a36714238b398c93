//! Who asks for a deployment, and from where: what its record on the server says.

use super::git::ask;
use crate::adapters::git::{command, history};
use crate::diagnostic::Fault;
use crate::os::environment::Environment;
use crate::os::identity;
use crate::release::protocol::Asker;
use crate::run::StepContext;

/// Who asks: a CI job's actor, else whom git takes us for, else the user of the machine.
pub(super) fn asker(context: &mut StepContext<'_>, tag: Option<&str>, no_wait: bool) -> Result<Asker, Fault> {
    let environment = &context.doors().environment;
    let by = match actor(environment) {
        Some(actor) => actor,
        None => {
            let answer = ask(context, command::identity(context.root()))?;
            let named = answer.termination.is_success().then(|| history::identity(&answer.out)).flatten();
            named
                .or_else(|| environment.get("USER").map(str::to_owned))
                .unwrap_or_else(|| "unknown".to_owned())
        }
    };
    let from = job(environment).unwrap_or_else(identity::host);
    Ok(Asker { by: one_line(&by), from: one_line(&from), tag: tag.map(str::to_owned), no_wait })
}

/// As push options.
pub(super) fn push_options(asker: &Asker) -> Vec<String> {
    let mut options = vec![format!("by={}", asker.by), format!("from={}", asker.from)];
    options.extend(asker.tag.iter().map(|tag| format!("tag={tag}")));
    if asker.no_wait {
        options.push("no-wait".to_owned());
    }
    options
}

/// As arguments of a verb.
pub(super) fn arguments(asker: &Asker) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(tag) = &asker.tag {
        words.extend(["--tag".to_owned(), tag.clone()]);
    }
    if asker.no_wait {
        words.push("--no-wait".to_owned());
    }
    words.extend(["--by".to_owned(), asker.by.clone(), "--from".to_owned(), asker.from.clone()]);
    words
}

fn actor(environment: &Environment) -> Option<String> {
    let name = match (environment.is_set("GITHUB_ACTIONS"), environment.is_set("GITLAB_CI")) {
        (true, _) => environment.get("GITHUB_ACTOR"),
        (_, true) => environment.get("GITLAB_USER_LOGIN"),
        _ => None,
    };
    name.filter(|name| !name.is_empty()).map(str::to_owned)
}

/// The page of the CI job.
fn job(environment: &Environment) -> Option<String> {
    if environment.is_set("GITHUB_ACTIONS") {
        let get = |name| environment.get(name).filter(|value| !value.is_empty());
        let (server, repository, run) =
            (get("GITHUB_SERVER_URL")?, get("GITHUB_REPOSITORY")?, get("GITHUB_RUN_ID")?);
        return Some(format!("{server}/{repository}/actions/runs/{run}"));
    }
    environment.is_set("GITLAB_CI").then(|| environment.get("CI_JOB_URL").map(str::to_owned)).flatten()
}

/// A push option is a line (`git-push(1)`), and may not begin like an option where it is an argument.
fn one_line(text: &str) -> String {
    let text: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    text.trim().trim_start_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        let variables = pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Environment { variables, ..Environment::default() }
    }

    #[test]
    fn a_ci_job_is_named_by_its_page_and_actor() {
        let github = environment(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_ACTOR", "octocat"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "acme/app"),
            ("GITHUB_RUN_ID", "7"),
        ]);
        assert_eq!(actor(&github).as_deref(), Some("octocat"));
        assert_eq!(job(&github).as_deref(), Some("https://github.com/acme/app/actions/runs/7"));
        let gitlab =
            environment(&[("GITLAB_CI", "true"), ("GITLAB_USER_LOGIN", "me"), ("CI_JOB_URL", "https://x/1")]);
        assert_eq!((actor(&gitlab).as_deref(), job(&gitlab).as_deref()), (Some("me"), Some("https://x/1")));
        assert_eq!((actor(&environment(&[])), job(&environment(&[]))), (None, None));
    }

    #[test]
    fn who_asks_travels_as_one_line_in_both_forms() {
        let asker =
            Asker { by: one_line("--A\nB"), from: "box".into(), tag: Some("v2".into()), no_wait: true };
        assert_eq!(push_options(&asker), ["by=A B", "from=box", "tag=v2", "no-wait"]);
        assert_eq!(arguments(&asker), ["--tag", "v2", "--no-wait", "--by", "A B", "--from", "box"]);
    }
}
