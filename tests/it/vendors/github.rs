//! GitHub.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dryoc::classic::crypto_box::crypto_box_seal_open;
use shipway::adapters::github::environments::{self, Ensured};
use shipway::adapters::github::repository::{self, NewRepository};
use shipway::adapters::github::secrets::{self, Place, Stored};
use shipway::adapters::github::{GITHUB, RepositoryName, base_of};
use shipway::adapters::vendor::{Access, Problem};
use shipway::diagnostic::{Fault, FaultKind};

use super::{Desk, NOW, assert_told, environment, with};
use crate::code;
use crate::harness::vendors::github::GitHub;
use crate::harness::vendors::{Given, StandIn, failures};

fn shop() -> RepositoryName {
    "ada/shop".parse().unwrap()
}

fn stand_in() -> (StandIn<GitHub>, Desk) {
    let stand_in = StandIn::start(GitHub::with_repository("ada/shop"));
    let desk = Desk::at(&stand_in, &GITHUB);
    (stand_in, desk)
}

fn prod() -> Place {
    Place::Environment(shop(), "prod/eu west".to_owned())
}

#[test]
fn what_libsodium_seals_the_stand_in_can_open() {
    let path = Path::new("tests/fixtures/vendors/libsodium_box.json");
    let fixture: serde_json::Value = serde_json::from_str(&code::read(path)).unwrap();
    let bytes = |name: &str| STANDARD.decode(fixture[name].as_str().unwrap()).unwrap();
    let key = |name: &str| -> [u8; 32] { bytes(name).try_into().unwrap() };
    let sealed = bytes("sealed");
    let mut message = vec![0; sealed.len() - 48];
    crypto_box_seal_open(&mut message, &sealed, &key("public"), &key("private")).unwrap();
    assert_eq!(message, fixture["message"].as_str().unwrap().as_bytes());
}

#[test]
fn a_secret_arrives_byte_for_byte_and_never_in_clear() {
    let (stand_in, desk) = stand_in();
    let client = desk.client();
    assert_eq!(environments::ensure(&client, &shop(), "prod/eu west"), Ok(Ensured::Made));
    let value = b"\n SECRET_KEY=canary-hunter2\xff\0\n\n".as_slice();
    for place in [Place::Repository(shop()), prod()] {
        let key = client.run(&secrets::public_key(&place)).unwrap();
        let (stored, key) = secrets::store(&client, &place, "PROD_DJANGO", value, key).unwrap();
        assert_eq!(stored, Stored::Created);
        let (stored, _) = secrets::store(&client, &place, "PROD_DJANGO", value, key).unwrap();
        assert_eq!(stored, Stored::Updated);
        let listed = client.list(&secrets::list(&place)).unwrap().remove(0);
        assert_eq!(listed.name, "PROD_DJANGO");
        assert!(listed.updated_at > listed.created_at);
        let environment = matches!(place, Place::Environment(..)).then_some("prod/eu west");
        let kept = stand_in.vendor(|github| github.vault("ada/shop", environment).updated_at("PROD_DJANGO"));
        assert_eq!(Some(listed.updated_at), kept);
    }
    stand_in.vendor(|github| {
        for environment in [None, Some("prod/eu west")] {
            let vault = github.vault("ada/shop", environment);
            assert_eq!(vault.open("PROD_DJANGO").unwrap(), value);
            assert_eq!(vault.names(), ["PROD_DJANGO"]);
        }
    });
    for asked in stand_in.asked() {
        assert!(!String::from_utf8_lossy(&asked.body).contains("canary"), "{}", asked.line());
        assert_eq!(asked.headers["x-github-api-version"], "2022-11-28");
    }
    let deleted = client.find(&secrets::delete(&prod(), "PROD_DJANGO")).unwrap();
    assert_eq!((deleted, client.find(&secrets::delete(&prod(), "PROD_DJANGO")).unwrap()), (Some(()), None));
}

#[test]
fn an_environment_that_is_there_keeps_its_rules() {
    let (stand_in, desk) = stand_in();
    let client = desk.client();
    assert_eq!(environments::ensure(&client, &shop(), "prod"), Ok(Ensured::Made));
    let rule = serde_json::json!({"id": 1, "type": "required_reviewers"});
    let rules = |github: &mut GitHub| {
        let environments = &mut github.repositories.get_mut("ada/shop").unwrap().environments;
        std::mem::take(&mut environments.get_mut("prod").unwrap().protection_rules)
    };
    stand_in.vendor(|github| {
        let environments = &mut github.repositories.get_mut("ada/shop").unwrap().environments;
        environments.get_mut("prod").unwrap().protection_rules.push(rule.clone());
    });
    assert_eq!(environments::ensure(&client, &shop(), "prod"), Ok(Ensured::Present));
    assert_eq!(stand_in.vendor(rules), [rule]);
    assert_eq!(client.list(&environments::list(&shop())).unwrap()[0].name, "prod");
}

#[test]
fn a_secret_before_its_environment_is_not_found() {
    let (stand_in, desk) = stand_in();
    let place = Place::Environment(shop(), "prod".to_owned());
    let error = desk.client().run(&secrets::put(&place, "A", "c2VhbGVk", "1")).unwrap_err();
    assert_told(
        &error,
        &stand_in.host(),
        &[
            "GitHub can't store the secret `A` of the environment `prod` of ada/shop: the environment `prod` of ada/shop is not there, or the token may not see it (404)",
            "PUT https://HOST/repos/ada/shop/environments/prod/secrets/A",
            "look whether the environment `prod` of ada/shop exists and is spelt so",
            "GitHub says 404, too, of what is private and the token of `GH_TOKEN` may not see: it needs the scope `repo`, or the permission Environments (write)",
        ],
    );
    assert_eq!(Fault::from(&error).kind, FaultKind::Failed);
}

#[test]
fn a_key_that_is_new_since_is_read_again() {
    let (stand_in, desk) = stand_in();
    let (client, place) = (desk.client(), Place::Repository(shop()));
    let key = client.run(&secrets::public_key(&place)).unwrap();
    stand_in.vendor(|github| github.vault("ada/shop", None).rotate());
    let (stored, fresh) = secrets::store(&client, &place, "A", b"one", key.clone()).unwrap();
    assert_eq!(stored, Stored::Created);
    assert_ne!(fresh, key);
    assert_eq!(stand_in.vendor(|github| github.vault("ada/shop", None).open("A").unwrap()), b"one");
    let path = "/repos/ada/shop/actions/secrets";
    let expected = ["GET /public-key", "PUT /A", "GET /public-key", "PUT /A"];
    assert_eq!(stand_in.lines(), expected.map(|line| line.replace(' ', &format!(" {path}"))));
}

#[test]
fn a_key_that_is_always_old_ends_with_what_github_says() {
    let (stand_in, desk) = stand_in();
    let (client, place) = (desk.client(), Place::Repository(shop()));
    stand_in.vendor(|github| github.rotates_after_reading = true);
    let key = client.run(&secrets::public_key(&place)).unwrap();
    let error = secrets::store(&client, &place, "A", b"one", key).unwrap_err();
    assert_told(
        &error,
        &stand_in.host(),
        &[
            "GitHub can't store the secret `A` of the repository ada/shop: it does not take what was sent",
            "PUT https://HOST/repos/ada/shop/actions/secrets/A",
            "GitHub says “Bad request - public key id is not the current one”",
            "correct what the vendor names, then run it again",
        ],
    );
    assert_eq!(stand_in.asked().len(), 4);
}

#[test]
fn what_is_too_long_is_not_sent() {
    let (stand_in, desk) = stand_in();
    let (client, place) = (desk.client(), Place::Repository(shop()));
    let key = client.run(&secrets::public_key(&place)).unwrap();
    let error = secrets::store(&client, &place, "A", &vec![b'a'; 48 * 1024 + 1], key).unwrap_err();
    assert_told(
        &error,
        &stand_in.host(),
        &[
            "can't store the secret `A`: it has 49153 bytes, and GitHub takes at most 49152 (48 KB) in one secret",
            "split the file, or keep what is large elsewhere and store only its key; base64 makes 4 bytes of 3, so a file may have 36,864 bytes",
        ],
    );
    assert_eq!(stand_in.asked().len(), 1);
}

#[test]
fn a_wrong_token_is_told_with_where_it_comes_from() {
    let stand_in = StandIn::start(GitHub::with_repository("ada/shop"));
    let desk = Desk::with(&GITHUB, &with(stand_in.variables(), "GH_TOKEN", "ghp_wrong"));
    let error = desk.client().run(&repository::user()).unwrap_err();
    assert_told(
        &error,
        &stand_in.host(),
        &[
            "GitHub can't tell whose token it is: the token of `GH_TOKEN` is wrong, revoked or expired (401)",
            "GET https://HOST/user",
            "GitHub says “Bad credentials”",
            "make a token at https://github.com/settings/tokens, and set `GH_TOKEN` to it",
        ],
    );
    assert!(!format!("{error:?}").contains("ghp_wrong"));
    assert_eq!(desk.waits(), [0; 0]);
}

#[test]
fn a_missing_scope_and_a_missing_permission_are_named() {
    let (stand_in, desk) = stand_in();
    let put = secrets::put(&Place::Repository(shop()), "A", "c2VhbGVk", "1");
    stand_in.fail(failures::github_forbidden().times(1));
    let error = desk.client().run(&put).unwrap_err();
    assert_told(
        &error,
        &stand_in.host(),
        &[
            "GitHub can't store the secret `A` of the repository ada/shop: the token of `GH_TOKEN` may not do that (403): it needs the scope `repo`",
            "PUT https://HOST/repos/ada/shop/actions/secrets/A",
            "GitHub says “Must have admin rights to Repository.”",
            "give the token the scope `repo`; make a token at https://github.com/settings/tokens, and set `GH_TOKEN` to it",
        ],
    );
    stand_in.fail(failures::github_fine_grained_forbidden().times(1));
    let error = desk.client().run(&put).unwrap_err().to_string();
    assert!(error.ends_with("may not do that (403): it needs the permission `secrets=write`"), "{error}");
}

#[test]
fn limits_are_waited_for_where_that_is_soon() {
    let (stand_in, desk) = stand_in();
    stand_in.fail(failures::github_secondary_limit(7).times(1));
    stand_in.fail(failures::github_primary_limit(NOW + 8 + 20).times(1));
    assert_eq!(desk.client().run(&repository::user()).unwrap().login, "ada");
    assert_eq!(desk.waits(), [8, 21]);
}

#[test]
fn a_limit_that_ends_late_is_told_with_its_end() {
    let (stand_in, desk) = stand_in();
    stand_in.fail(failures::github_primary_limit(NOW + 1800));
    let error = desk.client().run(&repository::user()).unwrap_err();
    assert_told(
        &error,
        &stand_in.host(),
        &[
            "GitHub can't tell whose token it is: too many requests; the limit is lifted at 08:30:00 UTC",
            "GET https://HOST/user",
            "run it again after 08:30:00 UTC: what is done already is not done twice",
        ],
    );
    assert_eq!(desk.waits(), [0; 0]);
}

#[test]
fn whoever_cancels_does_not_wait() {
    let (stand_in, mut desk) = stand_in();
    desk.pace.is_cancelled = true;
    stand_in.fail(failures::broken(502));
    let error = desk.client().run(&repository::user()).unwrap_err();
    assert_eq!((*error.problem, desk.waits(), stand_in.asked().len()), (Problem::Cancelled, vec![1], 1));
}

#[test]
fn a_fault_that_passes_is_tried_again_and_one_that_stays_is_told() {
    let (stand_in, desk) = stand_in();
    stand_in.fail(failures::broken(502).times(1));
    stand_in.fail(failures::cut().times(1));
    assert_eq!(desk.client().run(&repository::user()).unwrap().login, "ada");
    assert_eq!(desk.waits(), [1, 2]);
    stand_in.fail(failures::broken(503));
    let error = desk.client().run(&repository::user()).unwrap_err();
    assert_told(
        &error,
        &stand_in.host(),
        &[
            "GitHub can't tell whose token it is: it is out of order: status 503 (tried 3 times)",
            "GET https://HOST/user",
            "see GitHub's status page, and run it again later",
        ],
    );
}

#[test]
fn what_may_have_been_done_is_not_done_twice() {
    let (stand_in, desk) = stand_in();
    let name: RepositoryName = "acme/new".parse().unwrap();
    let new = NewRepository { name: &name, is_organisation: true, private: true, description: "" };
    stand_in.fail(failures::cut().on("POST", "/orgs/").times(1));
    let error = desk.client().run(&repository::create(&new)).unwrap_err();
    let fault = Fault::from(&error);
    assert!(
        fault.message.contains("the connection broke: ") && fault.message.ends_with("(tried 1 time)"),
        "{fault:?}"
    );
    let hint = "the request was sent once, and nobody knows what became of it: look whether it was done before you try again";
    assert_eq!(fault.hints, [hint]);
    assert_eq!(stand_in.lines(), ["POST /orgs/acme/repos"]);
    stand_in.fail(failures::broken(502).on("POST", "/orgs/").times(1));
    let error = desk.client().run(&repository::create(&new)).unwrap_err();
    assert_eq!(*error.problem, Problem::Broken { status: 502, tries: 1, is_open: true });
    assert_eq!(Fault::from(&error).hints, [hint]);
    // That it is too often says that it was not done.
    stand_in.fail(failures::github_secondary_limit(2).on("POST", "/orgs/").times(1));
    let made = desk.client().run(&repository::create(&new)).unwrap();
    assert_eq!((made.full_name.as_str(), made.private), ("acme/new", true));
    let error = desk.client().run(&repository::create(&new)).unwrap_err();
    let said = Some("Repository creation failed.; name already exists on this account".to_owned());
    assert_eq!(*error.problem, Problem::Invalid(said));
}

#[test]
fn lists_have_pages() {
    let (stand_in, desk) = stand_in();
    let (client, place) = (desk.client(), Place::Repository(shop()));
    stand_in.vendor(|github| github.page = 2);
    let mut key = client.run(&secrets::public_key(&place)).unwrap();
    for name in ["A", "B", "C", "D", "E"] {
        (_, key) = secrets::store(&client, &place, name, b"x", key).unwrap();
    }
    let listed = client.list(&secrets::list(&place)).unwrap();
    assert_eq!(listed.iter().map(|secret| secret.name.as_str()).collect::<String>(), "ABCDE");
    assert_eq!(stand_in.lines().iter().filter(|line| line.ends_with("/actions/secrets")).count(), 3);
}

#[test]
fn branches_are_read_and_made() {
    let (_stand_in, desk) = stand_in();
    let client = desk.client();
    let main = client.run(&repository::repository(&shop())).unwrap().default_branch;
    let commit = client.run(&repository::branch(&shop(), &main)).unwrap();
    client.run(&repository::create_branch(&shop(), "stage", &commit)).unwrap();
    assert_eq!(client.run(&repository::branch(&shop(), "stage")).unwrap(), commit);
    let error = client.run(&repository::create_branch(&shop(), "stage", &commit)).unwrap_err();
    assert_eq!(*error.problem, Problem::Invalid(Some("Reference already exists".to_owned())));
    assert_eq!(client.find(&repository::branch(&shop(), "other")).unwrap(), None);
}

#[test]
fn an_empty_repository_has_no_branches_yet() {
    let (stand_in, desk) = stand_in();
    let name: RepositoryName = "ada/new".parse().unwrap();
    let new = NewRepository { name: &name, is_organisation: false, private: true, description: "New." };
    desk.client().run(&repository::create(&new)).unwrap();
    let error = desk.client().run(&repository::create_branch(&name, "stage", "abc")).unwrap_err();
    assert_told(
        &error,
        &stand_in.host(),
        &[
            "GitHub can't make the branch `stage` of ada/new: something else stands in the way (409)",
            "POST https://HOST/repos/ada/new/git/refs",
            "GitHub says “Git Repository is empty.”",
            "look at what is there already, then run it again",
        ],
    );
}

#[test]
fn a_renamed_repository_is_followed_and_another_host_is_not() {
    let (stand_in, desk) = stand_in();
    let (client, old) = (desk.client(), "ada/old".parse().unwrap());
    stand_in.vendor(|github| github.renamed.insert("ada/old".to_owned(), "ada/shop".to_owned()));
    assert_eq!(client.run(&repository::repository(&old)).unwrap().full_name, "ada/shop");
    let place = Place::Repository(old);
    let key = client.run(&secrets::public_key(&place)).unwrap();
    secrets::store(&client, &place, "A", b"one", key).unwrap();
    assert_eq!(stand_in.vendor(|github| github.vault("ada/shop", None).open("A").unwrap()), b"one");
    let other = StandIn::start(GitHub::default());
    let there = Given::empty(302).header("location", format!("{}/user", other.base()));
    stand_in.fail(failures::given(there));
    let error = client.run(&repository::user()).unwrap_err();
    assert_told(
        &error,
        &stand_in.host(),
        &[
            "GitHub can't tell whose token it is: it sends us to another host, where the token does not go",
            "GET https://HOST/user",
            "it may have a new name: use that; or correct the base address",
        ],
    );
    assert!(other.asked().is_empty());
}

#[test]
fn an_enterprise_server_has_its_api_elsewhere() {
    let (stand_in, desk) = stand_in();
    let base = base_of(&stand_in.host());
    let access = Access::at(&GITHUB, &base, "GITHUB_API_URL", desk.access.token.clone()).unwrap();
    let desk = Desk { access, ..desk };
    assert_eq!(desk.client().run(&repository::user()).unwrap().login, "ada");
    assert!(base.ends_with("/api/v3"));
}

#[test]
fn a_token_is_looked_for_in_order_and_its_base_has_to_be_safe() {
    let variables = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let gather = |pairs: &[(&str, &str)]| Access::gather(&GITHUB, &environment(&variables(pairs)));
    let both = gather(&[("GITHUB_TOKEN", "two"), ("GH_TOKEN", "one\n")]).unwrap();
    assert_eq!((both.token.secret.expose(), both.token.source.to_string().as_str()), ("one", "`GH_TOKEN`"));
    assert_eq!(both.base, "https://api.github.com");
    let second = gather(&[("GITHUB_TOKEN", "two"), ("GH_TOKEN", " ")]).unwrap();
    assert_eq!(second.token.secret.expose(), "two");
    assert_told(
        &gather(&[]).unwrap_err(),
        "-",
        &[
            "no token for GitHub",
            "set `GH_TOKEN` or `GITHUB_TOKEN`",
            "make a token at https://github.com/settings/tokens",
        ],
    );
    for base in ["http://api.github.com", "api.github.com", "https://a@b", "https://a?b", "ftp://localhost"] {
        assert!(gather(&[("GH_TOKEN", "one"), ("GITHUB_API_URL", base)]).is_err(), "{base}");
    }
    assert!(gather(&[("GH_TOKEN", "one"), ("GITHUB_API_URL", "http://127.0.0.1:1/x/")]).is_ok());
}

#[test]
fn the_stand_in_takes_only_what_github_describes() {
    let (stand_in, desk) = stand_in();
    let mut put = secrets::put(&Place::Repository(shop()), "A", "x", "1");
    put.request = put.request.body(serde_json::json!({"encrypted_value": 1, "id": "1"}), &[]).query("x", "y");
    assert!(desk.client().run(&put).is_err());
    put.request.path = "/repos/ada/shop/actions/secret/A".to_owned();
    assert!(desk.client().run(&put).is_err());
    let put = secrets::put(&Place::Repository(shop()), "A", "in clear", "1");
    assert!(desk.client().run(&put).is_err());
    let line = "PUT /repos/ada/shop/actions/secrets/A";
    assert_eq!(
        stand_in.take_misfits(),
        [
            format!("{line}: no such parameter `x`"),
            format!("{line}: body: no `key_id`"),
            format!("{line}: body.encrypted_value: no string"),
            format!("{line}: body: no such member `id`"),
            "PUT /repos/ada/shop/actions/secret/A: no such operation".to_owned(),
            format!("{line}: body.encrypted_value: no base64"),
        ]
    );
}
