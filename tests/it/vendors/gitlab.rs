//! GitLab.

use shipway::adapters::gitlab::variables::{self, EVERYWHERE, NewVariable};
use shipway::adapters::gitlab::{GITLAB, project};
use shipway::adapters::vendor::{Access, Problem};
use shipway::masking::Secret;

use super::{Desk, NOW, assert_told, environment, with};
use crate::harness::vendors::gitlab::{GitLab, Variable};
use crate::harness::vendors::{StandIn, failures};

const SHOP: &str = "team/shop";

fn stand_in() -> (StandIn<GitLab>, Desk) {
    let stand_in = StandIn::start(GitLab::with_project(SHOP));
    let desk = Desk::at(&stand_in, &GITLAB);
    (stand_in, desk)
}

fn new<'a>(key: &'a str, value: &'a Secret, scope: &'a str) -> NewVariable<'a> {
    NewVariable { key, value, protected: true, masked: true, environment_scope: scope }
}

#[test]
fn a_variable_is_made_written_and_deleted_in_its_scope() {
    let (stand_in, desk) = stand_in();
    let client = desk.client();
    let [one, two] = ["p$ssw0rd!", "another-one"].map(Secret::new);
    client.run(&variables::create(SHOP, &new("KEY", &one, EVERYWHERE))).unwrap();
    client.run(&variables::create(SHOP, &new("KEY", &one, "prod"))).unwrap();
    client.run(&variables::update(SHOP, &new("KEY", &two, "prod"))).unwrap();
    let listed = client.list(&variables::list(SHOP)).unwrap();
    let values: Vec<_> = listed
        .iter()
        .map(|one| (one.environment_scope.as_str(), one.value.as_ref().unwrap().expose()))
        .collect();
    assert_eq!(values, [("*", "p$ssw0rd!"), ("prod", "another-one")]);
    client.run(&variables::delete(SHOP, "KEY", EVERYWHERE)).unwrap();
    assert_eq!(client.find(&variables::delete(SHOP, "KEY", EVERYWHERE)).unwrap(), None);
    let left = stand_in.vendor(|gitlab| gitlab.projects[SHOP].variables.clone());
    let expected = Variable {
        key: "KEY".into(),
        value: "another-one".into(),
        protected: true,
        masked: true,
        raw: true,
        scope: "prod".into(),
    };
    assert_eq!(left, [expected]);
}

#[test]
fn a_variable_that_is_there_and_one_that_is_not_are_told() {
    let (stand_in, desk) = stand_in();
    let (client, value) = (desk.client(), Secret::new("canary-value"));
    let variable = new("KEY", &value, "prod");
    let error = client.run(&variables::update(SHOP, &variable)).unwrap_err();
    assert_told(
        &error,
        &stand_in.host(),
        &[
            "GitLab can't write the variable `KEY` (environment `prod`) of team/shop: the variable `KEY` (environment `prod`) of team/shop is not there, or the token may not see it (404)",
            "PUT https://HOST/api/v4/projects/team%2Fshop/variables/KEY",
            "look whether the variable `KEY` (environment `prod`) of team/shop exists and is spelt so",
            "GitLab says 404, too, of what is private and the token of `GITLAB_TOKEN` may not see: it needs the scope `api` and the role Maintainer",
        ],
    );
    client.run(&variables::create(SHOP, &variable)).unwrap();
    let error = client.run(&variables::create(SHOP, &variable)).unwrap_err();
    assert_told(
        &error,
        &stand_in.host(),
        &[
            "GitLab can't make the variable `KEY` (environment `prod`) of team/shop: it does not take what was sent",
            "POST https://HOST/api/v4/projects/team%2Fshop/variables",
            "GitLab says “key (KEY) has already been taken”",
            "correct what the vendor names, then run it again",
        ],
    );
}

#[test]
fn what_gitlab_says_back_of_a_value_goes_no_further() {
    let (stand_in, desk) = stand_in();
    let value = Secret::new("canary with blanks and\nlines ");
    let error = desk.client().run(&variables::create(SHOP, &new("KEY", &value, EVERYWHERE))).unwrap_err();
    assert_told(
        &error,
        &stand_in.host(),
        &[
            "GitLab can't make the variable `KEY` of team/shop: it does not take what was sent",
            "POST https://HOST/api/v4/projects/team%2Fshop/variables",
            "GitLab says “value is invalid: ***”",
            "correct what the vendor names, then run it again",
        ],
    );
    assert!(!format!("{error:?}").contains("canary"));
}

#[test]
fn several_scopes_without_a_filter_are_a_conflict() {
    let (stand_in, desk) = stand_in();
    let (client, value) = (desk.client(), Secret::new("some-value"));
    for scope in ["stage", "prod"] {
        client.run(&variables::create(SHOP, &new("KEY", &value, scope))).unwrap();
    }
    let mut delete = variables::delete(SHOP, "KEY", "prod");
    delete.request.query.clear();
    let error = client.run(&delete).unwrap_err();
    assert_told(
        &error,
        &stand_in.host(),
        &[
            "GitLab can't delete the variable `KEY` (environment `prod`) of team/shop: something else stands in the way (409)",
            "DELETE https://HOST/api/v4/projects/team%2Fshop/variables/KEY",
            "GitLab says “There are multiple variables with provided parameters. Please use 'filter[environment_scope]'”",
            "look at what is there already, then run it again",
        ],
    );
}

#[test]
fn a_wrong_token_and_a_missing_right_are_told() {
    let (stand_in, desk) = stand_in();
    let wrong = Desk::with(&GITLAB, &with(stand_in.variables(), "GITLAB_TOKEN", "glpat-wrong"));
    let renew = "make a personal or project access token with the scope `api` in GitLab under Access tokens (the CI_JOB_TOKEN of a job can't write variables), and set `GITLAB_TOKEN` to it";
    assert_told(
        &wrong.client().run(&project::user()).unwrap_err(),
        &stand_in.host(),
        &[
            "GitLab can't tell whose token it is: the token of `GITLAB_TOKEN` is wrong, revoked or expired (401)",
            "GET https://HOST/api/v4/user",
            "GitLab says “401 Unauthorized”",
            renew,
        ],
    );
    stand_in.fail(failures::gitlab_insufficient_scope().times(1));
    let error = desk.client().run(&project::project(SHOP)).unwrap_err();
    assert_told(
        &error,
        &stand_in.host(),
        &[
            "GitLab can't read the project team/shop: the token of `GITLAB_TOKEN` may not do that (403): it needs the scope `api`",
            "GET https://HOST/api/v4/projects/team%2Fshop",
            "GitLab says “The request requires higher privileges than provided by the access token.”",
            &format!("give the token the scope `api`; {renew}"),
        ],
    );
    stand_in.fail(failures::gitlab_forbidden().times(1));
    let error = desk.client().list(&variables::list(SHOP)).unwrap_err().to_string();
    assert!(
        error.ends_with("may not do that (403): it needs the scope `api` and the role Maintainer"),
        "{error}"
    );
}

#[test]
fn the_token_of_a_job_is_no_token() {
    let variables = [("CI_JOB_TOKEN".to_owned(), "job".to_owned())];
    assert_told(
        &Access::gather(&GITLAB, &environment(&variables)).unwrap_err(),
        "-",
        &[
            "no token for GitLab",
            "set `GITLAB_TOKEN`",
            "make a personal or project access token with the scope `api` in GitLab under Access tokens (the CI_JOB_TOKEN of a job can't write variables)",
        ],
    );
}

#[test]
fn limits_faults_and_cuts_pass() {
    let (stand_in, desk) = stand_in();
    stand_in.fail(failures::limited(NOW + 10).times(1));
    stand_in.fail(failures::broken(500).times(1));
    assert_eq!(desk.client().run(&project::user()).unwrap().username, "ada");
    assert_eq!(desk.waits(), [11, 2]);
    stand_in.fail(failures::cut().times(1));
    assert_eq!(desk.client().run(&project::project(SHOP)).unwrap().path_with_namespace, SHOP);
    stand_in.fail(failures::limited(NOW + 3600).times(1));
    let error = desk.client().run(&project::user()).unwrap_err().to_string();
    assert_eq!(
        error,
        "GitLab can't tell whose token it is: too many requests; the limit is lifted at 09:00:00 UTC"
    );
    stand_in.fail(failures::broken(500));
    let error = desk.client().run(&project::user()).unwrap_err();
    assert_eq!(*error.problem, Problem::Broken { status: 500, tries: 3, is_open: false });
}

#[test]
fn lists_have_pages() {
    let (stand_in, desk) = stand_in();
    let (client, value) = (desk.client(), Secret::new("some-value"));
    stand_in.vendor(|gitlab| gitlab.page = 2);
    for key in ["A", "B", "C", "D", "E"] {
        client.run(&variables::create(SHOP, &new(key, &value, EVERYWHERE))).unwrap();
    }
    let listed = client.list(&variables::list(SHOP)).unwrap();
    assert_eq!(listed.iter().map(|variable| variable.key.as_str()).collect::<String>(), "ABCDE");
    assert_eq!(stand_in.lines().iter().filter(|line| line.starts_with("GET")).count(), 3);
}

#[test]
fn projects_and_environments_are_made_where_they_are_missing() {
    let (stand_in, desk) = stand_in();
    let client = desk.client();
    let namespace = client.run(&project::namespace("team")).unwrap();
    let made = client.run(&project::create("site", Some(namespace.id), "private")).unwrap();
    assert_eq!(made.path_with_namespace, "team/site");
    let error = client.run(&project::create("site", Some(namespace.id), "private")).unwrap_err();
    assert_eq!(*error.problem, Problem::Invalid(Some("path has already been taken".to_owned())));
    assert_eq!(project::ensure_environment(&client, "team/site", "prod"), Ok(true));
    assert_eq!(project::ensure_environment(&client, "team/site", "prod"), Ok(false));
    assert_eq!(stand_in.vendor(|gitlab| gitlab.projects["team/site"].environments.clone()), ["prod"]);
    assert_eq!(client.find(&project::project("team/none")).unwrap(), None);
}
