//! Secrets of a repository and of its environments. GitHub gives names and times, never values.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::super::vendor::{Client, Method, Operation, Problem, Request, VendorError, segment};
use super::seal::{SealError, seal};
use super::{PAGE, RepositoryName, environments};
use crate::diagnostic::{Fault, FaultKind};

/// The most bytes that a secret's value may have: 48 KB (docs.github.com, "Secrets reference", "Limits for secrets").
pub const MOST_BYTES: usize = 48 * 1024;

/// The most secrets of a repository, and of each environment (the same page).
pub const MOST_SECRETS: usize = 100;

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// For all jobs of the repository.
    Repository(RepositoryName),
    /// For the jobs of one environment, which has to be there.
    Environment(RepositoryName, String),
}

/// A public key. Each repository and each environment has its own, and a new one now and then.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Key {
    /// Its name, which a PUT repeats.
    pub key_id: String,
    /// 32 bytes of base64.
    pub key: String,
}

/// What GitHub tells of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Listed {
    /// Its name, in upper case.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
}

/// What became of a PUT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// There was none of that name.
    Created,
    /// It has a new value, or was written with the same one: GitHub does not tell.
    Updated,
}

/// A secret that was not stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// GitHub did not take it.
    #[error(transparent)]
    Vendor(VendorError),
    /// It was not sent at all.
    #[error("can't store the secret `{name}`: {why}")]
    Seal {
        /// Its name.
        name: String,
        /// Why.
        why: SealError,
    },
}

impl Place {
    fn path(&self) -> String {
        match self {
            Self::Repository(repository) => format!("{}/actions/secrets", repository.path()),
            Self::Environment(repository, name) => {
                format!("{}/secrets", environments::path(repository, name))
            }
        }
    }

    /// What is missing where the answer is 404.
    fn thing(&self) -> String {
        match self {
            Self::Repository(repository) => repository.thing(),
            Self::Environment(repository, name) => environments::thing(repository, name),
        }
    }

    fn write(&self) -> &'static str {
        match self {
            Self::Repository(_) => "the scope `repo`, or the permission Secrets (write)",
            Self::Environment(..) => "the scope `repo`, or the permission Environments (write)",
        }
    }

    fn read(&self) -> &'static str {
        match self {
            Self::Repository(_) => "the scope `repo`, or the permission Secrets (read)",
            Self::Environment(..) => "the scope `repo`, or the permission Environments (read)",
        }
    }
}

/// What is wrong with the name of a secret (docs.github.com, "Secrets reference", "Naming your secrets"); `None`: nothing.
///
/// GitHub keeps names in upper case whatever it is given, and takes two that differ only in that for one.
pub fn wrong_name(name: &str) -> Option<&'static str> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.is_empty() {
        Some("it is empty")
    } else if !name.bytes().all(is_allowed) {
        Some("GitHub takes letters from A to Z, digits and `_` only")
    } else if name.as_bytes()[0].is_ascii_digit() {
        Some("it must not begin with a digit")
    } else if name.to_ascii_uppercase().starts_with("GITHUB_") {
        Some("names that begin with GITHUB_ are GitHub's own")
    } else {
        None
    }
}

/// Reads the public key that secrets of `place` are sealed for.
pub fn public_key(place: &Place) -> Operation<Key> {
    let purpose = format!("read the public key of {}", place.thing());
    let path = format!("{}/public-key", place.path());
    Operation {
        request: Request::new(Method::Get, path, purpose, place.thing(), place.read()),
        parse: |reply| reply.read(),
    }
}

/// Lists the secrets of `place`.
pub fn list(place: &Place) -> Operation<Vec<Listed>> {
    #[derive(Deserialize)]
    struct Answer {
        secrets: Vec<Listed>,
    }
    let purpose = format!("list the secrets of {}", place.thing());
    Operation {
        request: Request::new(Method::Get, place.path(), purpose, place.thing(), place.read())
            .query("per_page", PAGE),
        parse: |reply| Ok(reply.read::<Answer>()?.secrets),
    }
}

/// What GitHub tells of one secret.
pub fn one(place: &Place, name: &str) -> Operation<Listed> {
    let thing = format!("the secret `{name}` of {}", place.thing());
    let path = format!("{}/{}", place.path(), segment(name));
    Operation {
        request: Request::new(
            Method::Get,
            path,
            format!("read what is told of {thing}"),
            thing,
            place.read(),
        ),
        parse: |reply| reply.read(),
    }
}

/// Stores what was sealed for the key `key_id`.
pub fn put(place: &Place, name: &str, sealed: &str, key_id: &str) -> Operation<Stored> {
    let purpose = format!("store the secret `{name}` of {}", place.thing());
    let path = format!("{}/{}", place.path(), segment(name));
    let body = json!({"encrypted_value": sealed, "key_id": key_id});
    Operation {
        request: Request::new(Method::Put, path, purpose, place.thing(), place.write())
            .body(body, &["encrypted_value"]),
        parse: |reply| Ok(if reply.status() == 201 { Stored::Created } else { Stored::Updated }),
    }
}

/// Deletes a secret. Of one that is not there GitHub says 404: see [`Client::find`].
pub fn delete(place: &Place, name: &str) -> Operation<()> {
    let purpose = format!("delete the secret `{name}` of {}", place.thing());
    let thing = format!("the secret `{name}` of {}", place.thing());
    let path = format!("{}/{}", place.path(), segment(name));
    Operation {
        request: Request::new(Method::Delete, path, purpose, thing, place.write()),
        parse: |_| Ok(()),
    }
}

/// Seals `value` for `key` and stores it; gives the key that was right in the end, for the next secret of the same place.
///
/// Where GitHub has a new key since, it answers 422 to the old one: then the new one is read and the secret sealed for that, once.
pub fn store(
    client: &Client<'_>,
    place: &Place,
    name: &str,
    value: &[u8],
    key: Key,
) -> Result<(Stored, Key), StoreError> {
    let put_with = |key: &Key| -> Result<Stored, StoreError> {
        let sealed = seal(value, key).map_err(|why| StoreError::Seal { name: name.to_owned(), why })?;
        client.run(&put(place, name, &sealed, &key.key_id)).map_err(StoreError::Vendor)
    };
    match put_with(&key) {
        Err(StoreError::Vendor(error)) if matches!(*error.problem, Problem::Invalid(_)) => {
            let fresh = client.run(&public_key(place)).map_err(StoreError::Vendor)?;
            if fresh == key {
                return Err(StoreError::Vendor(error));
            }
            put_with(&fresh).map(|stored| (stored, fresh))
        }
        other => other.map(|stored| (stored, key)),
    }
}

impl From<&StoreError> for Fault {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Vendor(error) => Self::from(error),
            StoreError::Seal { why: SealError::TooLong { .. }, .. } => Self::new(FaultKind::File, error.to_string())
                .hint("split the file, or keep what is large elsewhere and store only its key; base64 makes 4 bytes of 3, so a file may have 36,864 bytes"),
            StoreError::Seal { .. } => Self::new(FaultKind::World, error.to_string())
                .hint("look whether the base address is that of the API, and whether a proxy answers in its place"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::vendor::Reply;
    use super::*;

    fn shop() -> RepositoryName {
        "ada/shop".parse().expect("a name")
    }

    #[test]
    fn a_secret_is_stored_where_it_belongs() {
        let request = put(&Place::Repository(shop()), "SSH_KEY", "Ym94", "7").request;
        assert_eq!(
            (request.method, request.path.as_str()),
            (Method::Put, "/repos/ada/shop/actions/secrets/SSH_KEY")
        );
        assert_eq!(
            request.body.as_ref().expect("a body").value(),
            &json!({"encrypted_value": "Ym94", "key_id": "7"})
        );
        assert!(!format!("{request:?}").contains("Ym94"));
        let place = Place::Environment(shop(), "prod/eu".to_owned());
        assert_eq!(
            public_key(&place).request.path,
            "/repos/ada/shop/environments/prod%2Feu/secrets/public-key"
        );
        assert_eq!(delete(&place, "A").request.path, "/repos/ada/shop/environments/prod%2Feu/secrets/A");
        let listed = list(&place).request;
        assert_eq!(
            listed.url("https://x"),
            "https://x/repos/ada/shop/environments/prod%2Feu/secrets?per_page=100"
        );
    }

    #[test]
    fn answers_are_read() {
        let place = Place::Repository(shop());
        let list = list(&place);
        let body = r#"{"total_count":1,"secrets":[{"name":"A","created_at":"2019-08-10T14:59:22Z","updated_at":"2020-01-10T14:59:22Z"}]}"#;
        let listed = (list.parse)(&Reply::new(200, &[], body)).expect("a list").remove(0);
        assert_eq!((listed.name.as_str(), listed.updated_at.as_second()), ("A", 1_578_668_362));
        let put = put(&place, "A", "x", "1");
        assert_eq!((put.parse)(&Reply::new(201, &[], "{}")), Ok(Stored::Created));
        assert_eq!((put.parse)(&Reply::new(204, &[], "")), Ok(Stored::Updated));
    }

    #[test]
    fn names_that_github_does_not_take_are_known_before() {
        assert_eq!(wrong_name("PROD_DJANGO2"), None);
        for name in ["", "2FA", "A-B", "A B", "É", "github_token", "GITHUB_X"] {
            assert!(wrong_name(name).is_some(), "{name}");
        }
    }
}
