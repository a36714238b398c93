//! The way to any vendor: TLS, roots of trust, proxies.

use std::net::TcpListener;

use shipway::adapters::github::{GITHUB, repository};
use shipway::adapters::vendor::Problem;
use shipway::diagnostic::{Fault, FaultKind};

use super::{Desk, assert_told, with};
use crate::harness::vendors::github::GitHub;
use crate::harness::vendors::proxy::Proxy;
use crate::harness::vendors::{Authority, Given, StandIn, failures};

#[test]
fn a_certificate_of_somebody_else_is_not_believed() {
    let stand_in = StandIn::start(GitHub::default());
    let other = Authority::new();
    let path = other.path().display().to_string();
    let desk = Desk::with(&GITHUB, &with(stand_in.variables(), "SSL_CERT_FILE", &path));
    let error = desk.client().run(&repository::user()).unwrap_err();
    let Problem::Tls { why, .. } = &*error.problem else { panic!("{error:?}") };
    assert_told(
        &error,
        &stand_in.host(),
        &[
            &format!("GitHub can't tell whose token it is: its certificate is not believed: {why}"),
            "GET https://HOST/user",
            &format!(
                "the certificates of SSL_CERT_FILE ({path}) were used; where a proxy or a server of your own signs, put its certificate with the others into the file that SSL_CERT_FILE names"
            ),
        ],
    );
    assert!(why.contains("certificate"), "{why}");
    assert_eq!((desk.waits(), stand_in.asked().len()), (vec![], 0));
}

#[test]
fn certificates_that_cannot_be_read_are_not_replaced_by_others() {
    let stand_in = StandIn::start(GitHub::default());
    let desk = Desk::with(&GITHUB, &with(stand_in.variables(), "SSL_CERT_FILE", "/nowhere/ca.pem"));
    let error = desk.client().run(&repository::user()).unwrap_err();
    let fault = Fault::from(&error);
    let expected =
        "GitHub can't tell whose token it is: SSL_CERT_FILE (/nowhere/ca.pem) gives no certificate: ";
    assert!(fault.message.starts_with(expected), "{fault:?}");
    assert_eq!(
        (fault.kind, fault.hints),
        (FaultKind::World, vec!["correct or unset what is named above".to_owned()])
    );
}

#[test]
fn a_folder_of_certificates_is_believed() {
    let stand_in = StandIn::start(GitHub::default());
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(stand_in.authority().path(), folder.path().join("ours.pem")).unwrap();
    let mut variables = with(stand_in.variables(), "SSL_CERT_DIR", &folder.path().display().to_string());
    variables.retain(|(name, _)| name != "SSL_CERT_FILE");
    assert_eq!(Desk::with(&GITHUB, &variables).client().run(&repository::user()).unwrap().login, "ada");
}

#[test]
fn nobody_there_is_told_after_three_tries() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let stand_in = StandIn::start(GitHub::default());
    let base = format!("https://127.0.0.1:{port}");
    let desk = Desk::with(&GITHUB, &with(stand_in.variables(), "GITHUB_API_URL", &base));
    let error = desk.client().run(&repository::user()).unwrap_err();
    let Problem::Unreachable { why, tries: 3 } = &*error.problem else { panic!("{error:?}") };
    assert_told(
        &error,
        &format!("127.0.0.1:{port}"),
        &[
            &format!("GitHub can't tell whose token it is: it can't be reached: {why} (tried 3 times)"),
            "GET https://HOST/user",
            "look at the network, and at HTTPS_PROXY and NO_PROXY where there is a proxy; then run it again",
        ],
    );
    assert_eq!(desk.waits(), [1, 2]);
}

#[test]
fn a_proxy_is_used_but_for_those_that_no_proxy_names_and_sees_no_token() {
    let (stand_in, proxy) = (StandIn::start(GitHub::default()), Proxy::start());
    let variables = with(stand_in.variables(), "HTTPS_PROXY", &proxy.url());
    assert_eq!(Desk::with(&GITHUB, &variables).client().run(&repository::user()).unwrap().login, "ada");
    let seen = proxy.seen();
    assert_eq!(seen[0], format!("CONNECT {} HTTP/1.1", stand_in.host()));
    assert!(!seen.concat().contains("canary"), "{seen:?}");
    let direct = with(variables.clone(), "NO_PROXY", "example.com,127.0.0.1");
    assert_eq!(Desk::with(&GITHUB, &direct).client().run(&repository::user()).unwrap().login, "ada");
    assert_eq!(proxy.seen(), seen);
    let wrong = with(variables, "HTTPS_PROXY", "://canary@");
    let error = Desk::with(&GITHUB, &wrong).client().run(&repository::user()).unwrap_err();
    assert_eq!(*error.problem, Problem::Setup("HTTPS_PROXY holds no URL of an HTTP proxy".to_owned()));
}

#[test]
fn what_is_no_answer_of_the_api_is_told() {
    let stand_in = StandIn::start(GitHub::default());
    let desk = Desk::at(&stand_in, &GITHUB);
    stand_in.fail(failures::given(Given::new(200, "<html>Sign in to the network: canary</html>".into())));
    let error = desk.client().run(&repository::user()).unwrap_err();
    assert_told(
        &error,
        &stand_in.host(),
        &[
            "GitHub can't tell whose token it is: its answer can't be read: it has not the members that it should have (line 1, column 45)",
            "GET https://HOST/user",
            "look whether the base address is that of the API, and whether a proxy answers in its place",
        ],
    );
}

#[test]
fn a_token_that_no_header_can_carry_is_not_shown() {
    let stand_in = StandIn::start(GitHub::default());
    let desk = Desk::with(&GITHUB, &with(stand_in.variables(), "GH_TOKEN", "ghp_\ncanary"));
    let error = desk.client().run(&repository::user()).unwrap_err();
    assert_eq!(*error.problem, Problem::Setup("the token has a character that no token has".to_owned()));
    assert!(stand_in.asked().is_empty());
}
