//! DigitalOcean.

use shipway::adapters::digitalocean::{DIGITALOCEAN, connection, databases};
use shipway::adapters::vendor::Problem;
use shipway::os::command::EnvironmentValue;

use super::{Desk, NOW, assert_told, with};
use crate::harness::vendors::digitalocean::{Database, DigitalOcean};
use crate::harness::vendors::{StandIn, failures};

fn stand_in(names: &[&str]) -> (StandIn<DigitalOcean>, Desk) {
    let online = |name: &&str| Database::online(name, "pg", &format!("canary-{name}"));
    let stand_in = StandIn::start(DigitalOcean::with_databases(names.iter().map(online).collect()));
    let desk = Desk::at(&stand_in, &DIGITALOCEAN);
    (stand_in, desk)
}

#[test]
fn a_database_is_found_by_its_exact_name_on_whatever_page() {
    let (stand_in, desk) = stand_in(&["shop-old", "shop2", "other", "more", "shop"]);
    stand_in.vendor(|vendor| vendor.page = 2);
    let found = databases::find(&desk.client(), "shop").unwrap();
    let variables = connection::variables(&found, true).unwrap();
    assert_eq!(variables["PGHOST"], EnvironmentValue::Plain("private-shop.db.example".to_owned()));
    let EnvironmentValue::Secret(url) = &variables["DATABASE_URL"] else { panic!("in clear") };
    let expected = "postgresql://doadmin:canary-shop@private-shop.db.example:25060/defaultdb?sslmode=require";
    assert_eq!(url.expose(), expected);
    assert!(!format!("{found:?} {variables:?}").contains("canary"));
    let read = desk.client().run(&databases::database(&found.id)).unwrap();
    assert_eq!(read, found);
    assert_eq!(stand_in.lines()[..3], ["GET /v2/databases"; 3]);
}

#[test]
fn none_and_several_of_a_name_are_told() {
    let (stand_in, desk) = stand_in(&["one", "two", "two"]);
    assert_told(
        &databases::find(&desk.client(), "shop").unwrap_err(),
        &stand_in.host(),
        &[
            "none of DigitalOcean's 3 databases that the token may see is called `shop`",
            "there are `one`, `two` and `two`; correct the name, or use a token of the right team",
        ],
    );
    assert_told(
        &databases::find(&desk.client(), "two").unwrap_err(),
        &stand_in.host(),
        &[
            "2 databases at DigitalOcean are called `two`, and only one may be",
            "rename one of them: nobody should have to guess whose credentials these are",
        ],
    );
}

#[test]
fn credentials_that_the_token_may_not_see_are_told() {
    let (stand_in, desk) = stand_in(&["shop"]);
    stand_in.vendor(|vendor| vendor.shows_credentials = false);
    let found = databases::find(&desk.client(), "shop").unwrap();
    assert_told(
        &connection::variables(&found, false).unwrap_err(),
        &stand_in.host(),
        &[
            "DigitalOcean tells no credentials of the database `shop`: the token lacks the scope `database:view_credentials`",
            "make a token with the scopes `database:read` and `database:view_credentials` at https://cloud.digitalocean.com/account/api/tokens",
        ],
    );
    stand_in.vendor(|vendor| vendor.databases[0].status = "creating".to_owned());
    let found = databases::find(&desk.client(), "shop").unwrap();
    assert_told(
        &connection::variables(&found, false).unwrap_err(),
        &stand_in.host(),
        &["the database `shop` has no address: it is `creating`", "run it again when the database is online"],
    );
}

#[test]
fn a_wrong_token_a_missing_right_and_a_missing_database_are_told() {
    let (stand_in, desk) = stand_in(&["shop"]);
    let wrong =
        Desk::with(&DIGITALOCEAN, &with(stand_in.variables(), "DIGITALOCEAN_ACCESS_TOKEN", "dop_wrong"));
    let renew = "make a token at https://cloud.digitalocean.com/account/api/tokens, and set";
    assert_told(
        &wrong.client().list(&databases::list()).unwrap_err(),
        &stand_in.host(),
        &[
            "DigitalOcean can't list the databases: the token of `DIGITALOCEAN_ACCESS_TOKEN` is wrong, revoked or expired (401)",
            "GET https://HOST/v2/databases",
            "DigitalOcean says “Unable to authenticate you”",
            &format!("{renew} `DIGITALOCEAN_ACCESS_TOKEN` to it"),
        ],
    );
    stand_in.fail(failures::digitalocean_forbidden().times(1));
    assert_told(
        &desk.client().list(&databases::list()).unwrap_err(),
        &stand_in.host(),
        &[
            "DigitalOcean can't list the databases: the token of `DIGITALOCEAN_TOKEN` may not do that (403): it needs the scopes `database:read` and `database:view_credentials`",
            "GET https://HOST/v2/databases",
            "DigitalOcean says “You are not authorized to perform this operation”",
            &format!(
                "give the token the scopes `database:read` and `database:view_credentials`; {renew} `DIGITALOCEAN_TOKEN` to it"
            ),
        ],
    );
    let error = desk.client().run(&databases::database("none")).unwrap_err();
    assert_told(
        &error,
        &stand_in.host(),
        &[
            "DigitalOcean can't read the database none: the database none is not there, or the token may not see it (404)",
            "GET https://HOST/v2/databases/none",
            "look whether the database none exists and is spelt so",
            "DigitalOcean says 404, too, of what is private and the token of `DIGITALOCEAN_TOKEN` may not see: it needs the scopes `database:read` and `database:view_credentials`",
        ],
    );
}

#[test]
fn limits_faults_and_cuts_pass() {
    let (stand_in, desk) = stand_in(&["shop"]);
    stand_in.fail(failures::limited(NOW + 10).times(1));
    stand_in.fail(failures::broken(500).times(1));
    assert_eq!(databases::find(&desk.client(), "shop").unwrap().name, "shop");
    assert_eq!(desk.waits(), [11, 2]);
    stand_in.fail(failures::cut().times(1));
    assert_eq!(databases::find(&desk.client(), "shop").unwrap().name, "shop");
    stand_in.fail(failures::limited(NOW + 3600).times(1));
    let error = desk.client().list(&databases::list()).unwrap_err().to_string();
    assert_eq!(
        error,
        "DigitalOcean can't list the databases: too many requests; the limit is lifted at 09:00:00 UTC"
    );
    stand_in.fail(failures::broken(500));
    let error = desk.client().list(&databases::list()).unwrap_err();
    assert_eq!(*error.problem, Problem::Broken { status: 500, tries: 3, is_open: false });
}
