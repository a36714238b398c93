//! GitHub: repositories, branches, environments, and secrets as the ciphertext that came, which the stand-in can open.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dryoc::classic::crypto_box::{crypto_box_keypair, crypto_box_seal_open};
use dryoc::constants::CRYPTO_BOX_SEALBYTES;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::depot::Depot;
use super::{Asked, Given, Vendor, page};

/// GitHub's state.
pub(crate) struct GitHub {
    pub(crate) token: String,
    /// Whose token it is.
    pub(crate) login: String,
    pub(crate) organisations: Vec<String>,
    /// By `OWNER/NAME`.
    pub(crate) repositories: BTreeMap<String, Repository>,
    /// Old names, and the new ones that GitHub sends one to.
    pub(crate) renamed: BTreeMap<String, String>,
    /// The most items of a list at a time.
    pub(crate) page: usize,
    /// A key that was just read is replaced: whoever uses it is late.
    pub(crate) rotates_after_reading: bool,
    /// Where repositories are real ones; `None`: they have GitHub's own addresses.
    pub(crate) depot: Option<Depot>,
    now: Timestamp,
}

/// A repository.
#[derive(Default)]
pub(crate) struct Repository {
    pub(crate) private: bool,
    pub(crate) secrets: Vault,
    /// By name.
    pub(crate) environments: BTreeMap<String, Environment>,
    /// Commits by ref, `refs/heads/main`.
    pub(crate) refs: BTreeMap<String, String>,
}

/// An environment.
#[derive(Default)]
pub(crate) struct Environment {
    /// A PUT without rules takes them away.
    pub(crate) protection_rules: Vec<Value>,
    pub(crate) secrets: Vault,
}

/// Secrets of one place, and all keys that it ever had.
#[derive(Default)]
pub(crate) struct Vault {
    keys: Vec<Key>,
    secrets: BTreeMap<String, Kept>,
}

struct Key {
    public: [u8; 32],
    private: [u8; 32],
}

struct Kept {
    sealed: Vec<u8>,
    key: usize,
    created: Timestamp,
    updated: Timestamp,
}

impl Vault {
    /// Makes a new key; boxes for the old ones can still be opened here, but are taken no more.
    pub(crate) fn rotate(&mut self) {
        let (public, private) = crypto_box_keypair();
        self.keys.push(Key { public, private });
    }

    /// A box as it came, with the public and the private key that it is for: to be opened by somebody else.
    pub(crate) fn sealed(&self, name: &str) -> [Vec<u8>; 3] {
        let kept = &self.secrets[name];
        let key = &self.keys[kept.key];
        [kept.sealed.clone(), key.public.to_vec(), key.private.to_vec()]
    }

    /// The bytes that were sealed.
    pub(crate) fn open(&self, name: &str) -> Option<Vec<u8>> {
        let kept = self.secrets.get(name)?;
        let key = &self.keys[kept.key];
        let mut bytes = vec![0; kept.sealed.len() - CRYPTO_BOX_SEALBYTES];
        crypto_box_seal_open(&mut bytes, &kept.sealed, &key.public, &key.private).unwrap();
        Some(bytes)
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.secrets.keys().map(String::as_str).collect()
    }

    /// Somebody else writes it.
    pub(crate) fn touch(&mut self, name: &str) {
        let kept = self.secrets.get_mut(name).unwrap();
        kept.updated += SignedDuration::from_secs(3600);
    }

    /// When a secret was last written.
    pub(crate) fn updated_at(&self, name: &str) -> Option<Timestamp> {
        self.secrets.get(name).map(|kept| kept.updated)
    }

    fn answer(&mut self, asked: &Asked, rest: &[&str], now: Timestamp, most: usize, rotates: bool) -> Given {
        if self.keys.is_empty() {
            self.rotate();
        }
        let key = self.keys.len() - 1;
        match (asked.method.as_str(), rest) {
            ("GET", ["public-key"]) => {
                let body = json!({"key_id": key_id(key), "key": STANDARD.encode(self.keys[key].public)});
                if rotates {
                    self.rotate();
                }
                Given::new(200, body)
            }
            ("GET", []) => {
                let listed: Vec<Value> = self
                    .secrets
                    .iter()
                    .map(|(name, kept)| {
                        json!({"name": name, "created_at": kept.created.to_string(), "updated_at": kept.updated.to_string()})
                    })
                    .collect();
                listing(asked, "secrets", &listed, most)
            }
            ("GET", [name]) => match self.secrets.get(&name.to_ascii_uppercase()) {
                Some(kept) => Given::new(
                    200,
                    json!({"name": name, "created_at": kept.created.to_string(), "updated_at": kept.updated.to_string()}),
                ),
                None => not_found(),
            },
            ("PUT", [name]) => self.put(&asked.json(), name, now),
            ("DELETE", [name]) => match self.secrets.remove(&name.to_ascii_uppercase()) {
                Some(_) => Given::empty(204),
                None => not_found(),
            },
            _ => not_found(),
        }
    }

    fn put(&mut self, body: &Value, name: &str, now: Timestamp) -> Given {
        let key = self.keys.len() - 1;
        if body["key_id"] != key_id(key) {
            // The words are ours: GitHub documents the status only.
            return Given::new(422, json!({"message": "Bad request - public key id is not the current one"}));
        }
        let sealed =
            STANDARD.decode(body["encrypted_value"].as_str().unwrap_or_default()).unwrap_or_default();
        if sealed.len() < CRYPTO_BOX_SEALBYTES {
            return Given::new(422, json!({"message": "Bad request - encrypted_value is no sealed box"}));
        }
        let name = name.to_ascii_uppercase();
        let created = self.secrets.get(&name).map(|kept| kept.created);
        self.secrets.insert(name, Kept { sealed, key, created: created.unwrap_or(now), updated: now });
        match created {
            Some(_) => Given::empty(204),
            None => Given::new(201, json!({})),
        }
    }
}

fn key_id(number: usize) -> String {
    (568_250_167_242_549_743 + number).to_string()
}

fn not_found() -> Given {
    Given::new(404, json!({"message": "Not Found", "documentation_url": "https://docs.github.com/rest"}))
}

/// A page, and the next one by a link. GitHub's links name a repository by its number.
fn listing(asked: &Asked, name: &str, items: &[Value], most: usize) -> Given {
    let (taken, next) = page(items, asked, 30, most);
    let given = Given::new(200, json!({"total_count": items.len(), name: taken}));
    let size = asked.parameter("per_page").unwrap_or("30");
    let base = "https://api.github.com/repositories/1300192";
    match next {
        Some(next) => {
            let link = format!(
                "<{base}/x?per_page={size}&page={next}>; rel=\"next\", <{base}/x?page=99>; rel=\"last\""
            );
            given.header("link", link)
        }
        None => given,
    }
}

impl Default for GitHub {
    fn default() -> Self {
        Self {
            token: "ghp_canary0123456789".to_owned(),
            login: "ada".to_owned(),
            organisations: vec!["acme".to_owned()],
            repositories: BTreeMap::new(),
            renamed: BTreeMap::new(),
            page: 100,
            rotates_after_reading: false,
            depot: None,
            now: Timestamp::from_second(1_800_000_000).unwrap(),
        }
    }
}

impl GitHub {
    /// With a repository that has one commit on `main`.
    pub(crate) fn with_repository(name: &str) -> Self {
        let mut github = Self::default();
        let refs = BTreeMap::from([(
            "refs/heads/main".to_owned(),
            "aa218f56b14c9653891f9e74264a383fa43fefbd".to_owned(),
        )]);
        github
            .repositories
            .insert(name.to_owned(), Repository { private: true, refs, ..Repository::default() });
        github
    }

    /// The secrets of a repository, or of one of its environments.
    pub(crate) fn vault(&mut self, repository: &str, environment: Option<&str>) -> &mut Vault {
        let repository = self.repositories.get_mut(repository).unwrap();
        match environment {
            Some(name) => &mut repository.environments.get_mut(name).unwrap().secrets,
            None => &mut repository.secrets,
        }
    }

    fn in_repository(&mut self, asked: &Asked, name: &str, rest: &[&str]) -> Given {
        let (now, most, rotates) = (self.now, self.page, self.rotates_after_reading);
        let Some(repository) = self.repositories.get_mut(name) else { return not_found() };
        match (asked.method.as_str(), rest) {
            ("GET", []) => Given::new(200, described(name, repository, self.depot.as_ref())),
            (_, ["actions", "secrets", rest @ ..]) => {
                repository.secrets.answer(asked, rest, now, most, rotates)
            }
            (_, ["environments", environment, "secrets", rest @ ..]) => {
                match repository.environments.get_mut(*environment) {
                    Some(environment) => environment.secrets.answer(asked, rest, now, most, rotates),
                    None => not_found(),
                }
            }
            ("GET", ["environments"]) => {
                let all: Vec<Value> =
                    repository.environments.iter().map(|(name, kept)| environment(name, kept)).collect();
                listing(asked, "environments", &all, most)
            }
            ("GET", ["environments", name]) => match repository.environments.get(*name) {
                Some(kept) => Given::new(200, environment(name, kept)),
                None => not_found(),
            },
            ("PUT", ["environments", name]) => {
                let kept = repository.environments.entry((*name).to_owned()).or_default();
                kept.protection_rules.clear();
                Given::new(200, environment(name, kept))
            }
            (_, ["git", ..]) if repository.refs.is_empty() => {
                Given::new(409, json!({"message": "Git Repository is empty."}))
            }
            ("GET", ["git", "ref", rest @ ..]) => {
                match repository.refs.get(&format!("refs/{}", rest.join("/"))) {
                    Some(sha) => Given::new(200, reference(&rest.join("/"), sha)),
                    None => not_found(),
                }
            }
            ("POST", ["git", "refs"]) => {
                let body = asked.json();
                let (name, sha) =
                    (body["ref"].as_str().unwrap().to_owned(), body["sha"].as_str().unwrap().to_owned());
                if repository.refs.contains_key(&name) {
                    return Given::new(422, json!({"message": "Reference already exists"}));
                }
                let given = Given::new(201, reference(&name, &sha));
                repository.refs.insert(name, sha);
                given
            }
            _ => not_found(),
        }
    }

    fn create(&mut self, owner: &str, body: &Value) -> Given {
        let name = format!("{owner}/{}", body["name"].as_str().unwrap());
        if self.repositories.contains_key(&name) {
            let error = json!({"resource": "Repository", "code": "custom", "field": "name", "message": "name already exists on this account"});
            return Given::new(422, json!({"message": "Repository creation failed.", "errors": [error]}));
        }
        let repository = Repository { private: body["private"] == true, ..Repository::default() };
        if let Some(depot) = &self.depot {
            depot.make(&name);
        }
        let given = Given::new(201, described(&name, &repository, self.depot.as_ref()));
        self.repositories.insert(name, repository);
        given
    }
}

fn described(name: &str, repository: &Repository, depot: Option<&Depot>) -> Value {
    let url = |by: &str, usual: String| depot.map_or(usual, |depot| depot.url(by, name));
    json!({
        "id": 1_300_192, "full_name": name, "private": repository.private, "default_branch": "main",
        "html_url": format!("https://github.com/{name}"),
        "ssh_url": url("ssh", format!("git@github.com:{name}.git")),
        "clone_url": url("https", format!("https://github.com/{name}.git")),
    })
}

fn environment(name: &str, kept: &Environment) -> Value {
    json!({"id": 161_088_068, "name": name, "protection_rules": kept.protection_rules, "deployment_branch_policy": null})
}

fn reference(name: &str, sha: &str) -> Value {
    json!({"ref": format!("refs/{}", name.trim_start_matches("refs/")), "object": {"type": "commit", "sha": sha}})
}

impl Vendor for GitHub {
    const DESCRIPTION: &'static str = include_str!("../../../fixtures/vendors/github.json");
    const PREFIXES: &'static [&'static str] = &["/api/v3"];
    const BASE: &'static str = "";
    const VARIABLES: [&'static str; 2] = ["GITHUB_API_URL", "GH_TOKEN"];

    fn token(&self) -> String {
        self.token.clone()
    }

    fn answer(&mut self, asked: &Asked, base: &str) -> Given {
        self.now += SignedDuration::from_secs(60);
        let credential = asked.headers.get("authorization").map_or("", String::as_str);
        // `gh` writes `token`.
        let is_known = ["Bearer", "token"].iter().any(|word| credential == format!("{word} {}", self.token));
        if !is_known {
            return Given::new(401, json!({"message": "Bad credentials"}));
        }
        let segments = asked.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let given = match (asked.method.as_str(), segments.as_slice()) {
            ("GET", ["user"]) => Given::new(200, json!({"login": self.login, "id": 1}))
                .header("x-oauth-scopes", "repo, read:org"),
            ("POST", ["user", "repos"]) => self.create(&self.login.clone(), &asked.json()),
            ("POST", ["orgs", organisation, "repos"]) => {
                match self.organisations.iter().any(|name| name == organisation) {
                    true => self.create(organisation, &asked.json()),
                    false => not_found(),
                }
            }
            (method, ["repos", owner, name, rest @ ..]) => {
                let name = format!("{owner}/{name}");
                match self.renamed.get(&name) {
                    Some(new) => {
                        let rest: String = rest.iter().map(|part| format!("/{part}")).collect();
                        let status = if method == "GET" { 301 } else { 307 };
                        Given::new(status, json!({"message": "Moved Permanently"}))
                            .header("location", format!("{base}/repos/{new}{rest}"))
                    }
                    None => self.in_repository(asked, &name, rest),
                }
            }
            _ => not_found(),
        };
        given.header("x-ratelimit-remaining", "4999").header("x-ratelimit-reset", "4000000000")
    }
}
