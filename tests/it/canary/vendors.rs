//! What goes to vendors and comes from them, refused pushes included.

use super::places::GITLAB_VALUES;
use super::scene::{Mode, Scene};
use crate::harness::needs;
use crate::harness::vendors::depot::Depot;
use crate::harness::vendors::failures::{broken, cut, github_forbidden, given};
use crate::harness::vendors::gitlab::{GitLab, Variable};
use crate::harness::vendors::{Given, Vendor};

#[test]
fn no_push_to_github_shows_a_secret() {
    needs!("terraform", "bash", "git", "base64");
    let mut scene = Scene::new("secrets", "github", super::github);
    // Where `repo create` finds the repository that the forge tells of.
    let depot = Depot::new(&scene.space.root.with_file_name("depot"));
    depot.make("ada/shop");
    scene.forge.vendor(|github| github.depot = Some(depot));
    scene.run("up source --yes", Mode::Plain, 0);
    // What a job is given.
    for (secret, file) in [("PROD_DJANGO", ".django"), ("PROD_POSTGRES", ".postgres")] {
        use base64::Engine as _;
        let bytes = scene.space.bytes(&format!(".envs/.production/{file}"));
        let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
        scene.space.environment.insert(secret.into(), encoded.into());
    }
    // Before `unpack` a job has nothing but its variables.
    let (files, away) = (scene.space.path(".envs"), scene.space.path("private/away"));
    std::fs::rename(&files, &away).unwrap();
    scene.run("database", Mode::Plain, 4);
    std::fs::rename(&away, &files).unwrap();
    super::run_all(&mut scene, "secrets");
    failing_pushes(&mut scene);
    scene.end("bodies of requests");
}

#[test]
fn no_push_to_gitlab_shows_a_secret() {
    needs!("terraform", "bash", "git", "base64");
    let mut scene = Scene::new("gitlab", "gitlab", |token, theirs| {
        let mut gitlab = GitLab::with_project("ada/shop");
        gitlab.token = token.to_owned();
        let variable = Variable {
            key: "JSON".to_owned(),
            value: theirs.to_owned(),
            protected: false,
            masked: false,
            raw: true,
            scope: "*".to_owned(),
        };
        gitlab.projects.get_mut("ada/shop").unwrap().variables.push(variable);
        gitlab
    });
    scene.run("up source --yes", Mode::Plain, 0);
    for mode in super::MODES {
        for (line, code) in super::cases::of("gitlab").filter_map(|case| case.in_mode(mode)) {
            scene.run(&line, mode, code);
        }
    }
    failing_pushes(&mut scene);
    scene.end(GITLAB_VALUES);
}

/// A vendor that repeats in its refusal what it was sent, as some do.
fn failing_pushes<V: Vendor>(scene: &mut Scene<V>) {
    let token = scene.forge.vendor(|forge| forge.token());
    let sent = scene.canary("CRLF").text().to_owned();
    let told = serde_json::json!({"message": format!("{sent} is not valid for {token}"), "error": sent});
    let failures = [
        given(Given::new(401, serde_json::json!({"message": format!("Bad credentials: {token}")}))),
        given(Given::new(422, told.clone())),
        given(Given::new(400, told)),
        github_forbidden(),
        broken(502),
        cut(),
    ];
    for (number, failure) in failures.into_iter().enumerate() {
        let method = if number == 0 { "GET" } else { "PUT" };
        scene.forge.fail(failure.clone().on(method, ""));
        scene.forge.fail(failure.on("POST", ""));
        for mode in [Mode::Plain, Mode::Json, Mode::GitHub] {
            let output = scene.command("secrets push --yes --all", mode).run();
            assert!(output.signal().is_none(), "{}", output.all());
            scene.said(&format!("a push that fails in the way {number}"), &output.stdout, &output.stderr);
        }
        scene.forge.forgive();
    }
}
