//! The key of the digests: 32 random bytes in the user's state folder, made once.

use std::path::PathBuf;

use super::{Digest, LedgerError};
use crate::os::files::FileKind;
use crate::os::{Doors, random};

/// The key of a user's digests.
#[derive(Clone)]
pub struct DigestKey([u8; 32]);

impl DigestKey {
    /// From its bytes.
    pub fn of(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The user's key: `$XDG_STATE_HOME/shipway/digest.key`, or that below `~/.local/state`. Made where there is none.
    pub fn of_user(doors: &Doors) -> Result<Self, LedgerError> {
        let path = path(doors).ok_or(LedgerError::NoHome)?;
        let io = |error| LedgerError::Io { path: path.clone(), error };
        if doors.files.kind(&path) == FileKind::Missing {
            if let Some(folder) = path.parent() {
                doors.files.create_private_dir(folder).map_err(io)?;
            }
            let mut bytes = [0; 32];
            random::fill(&mut bytes).map_err(io)?;
            // Of two that begin at once, the first one's key is both's.
            doors.files.write_new(&path, &bytes, 0o600).map_err(io)?;
        }
        let bytes = doors.files.read(&path).map_err(io)?;
        bytes.try_into().map(Self).map_err(|_| LedgerError::Malformed {
            path,
            reason: "a key has 32 bytes; remove the file, and everything is sent anew".to_owned(),
        })
    }

    /// The user's key where there is one; for whoever may make none.
    pub fn there_is(doors: &Doors) -> Option<Self> {
        let bytes = doors.files.read(&path(doors)?).ok()?;
        bytes.try_into().map(Self).ok()
    }

    /// The digest of a secret's value. The name is part of it, so that two secrets of the same value don't look the same.
    pub fn digest(&self, secret: &str, value: &[u8]) -> Digest {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(secret.as_bytes()).update(b"\0").update(value);
        let name = blake3::keyed_hash(&self.0, b"the name of this key").to_hex();
        Digest(format!("{}:{}", &name[..8], hasher.finalize().to_hex()))
    }
}

impl std::fmt::Debug for DigestKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("DigestKey")
    }
}

fn path(doors: &Doors) -> Option<PathBuf> {
    let environment = &doors.environment;
    let state = environment.get("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let state = state.or_else(|| Some(environment.home()?.join(".local/state")))?;
    Some(state.join("shipway/digest.key"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_kept_private_and_tells_values_and_names_apart() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let mut doors = Doors::real();
        doors.environment.variables.insert("XDG_STATE_HOME".into(), folder.path().into());
        let key = DigestKey::of_user(&doors).unwrap();
        let again = DigestKey::of_user(&doors).unwrap();
        assert_eq!(key.digest("A", b"x"), again.digest("A", b"x"));
        assert_ne!(key.digest("A", b"x"), key.digest("B", b"x"));
        assert_ne!(key.digest("A", b"x"), key.digest("A", b"y"));
        assert_ne!(key.digest("A", b"x"), DigestKey::of([0; 32]).digest("A", b"x"));
        let path = folder.path().join("shipway/digest.key");
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn without_a_home_there_is_no_key() {
        let mut doors = Doors::real();
        doors.environment.variables.clear();
        assert!(matches!(DigestKey::of_user(&doors), Err(LedgerError::NoHome)));
    }
}
