//! Sealed boxes: what GitHub takes secrets in, so that they are never in clear on their way nor in its logs.
//!
//! A sealed box of libsodium (`crypto_box_seal`) is an ephemeral X25519 key, then XSalsa20-Poly1305 with a nonce that is the BLAKE2b of
//! both public keys. Only the holder of the private key can open it; we can't.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_box::PublicKey;
use crypto_box::aead::OsRng;

use super::secrets::{Key, MOST_BYTES};

/// A value that could not be sealed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The value is too long.
    #[error("it has {bytes} bytes, and GitHub takes at most {MOST_BYTES} (48 KB) in one secret")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The key is no X25519 key.
    #[error("the public key `{0}` that GitHub gave is not 32 bytes of base64")]
    Key(String),
    /// The machine gives no randomness.
    #[error("it could not be sealed")]
    Seal,
}

/// `value` as `encrypted_value` of a PUT: the base64 of the box that only the holder of `key` can open. Each time another one.
pub fn seal(value: &[u8], key: &Key) -> Result<String, SealError> {
    if value.len() > MOST_BYTES {
        return Err(SealError::TooLong { bytes: value.len() });
    }
    let wrong = || SealError::Key(key.key_id.clone());
    let bytes = STANDARD.decode(key.key.trim()).map_err(|_| wrong())?;
    let public = PublicKey::from_slice(&bytes).map_err(|_| wrong())?;
    let sealed = public.seal(&mut OsRng, value).map_err(|_| SealError::Seal)?;
    Ok(STANDARD.encode(sealed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(bytes: &[u8]) -> Key {
        Key { key_id: "1".to_owned(), key: STANDARD.encode(bytes) }
    }

    #[test]
    fn a_box_is_as_long_as_libsodiums_and_never_the_same() {
        let key = key(&[9; 32]);
        let [one, two] = [(), ()].map(|()| seal(b"hunter2\n", &key).expect("a box"));
        assert_ne!(one, two);
        // `crypto_box_SEALBYTES` is 48: the ephemeral key and the tag.
        assert_eq!(STANDARD.decode(one).expect("base64").len(), 48 + 8);
    }

    #[test]
    fn what_is_too_long_or_has_a_wrong_key_is_refused() {
        assert!(seal(&vec![0; MOST_BYTES], &key(&[9; 32])).is_ok());
        assert_eq!(seal(&vec![0; MOST_BYTES + 1], &key(&[9; 32])), Err(SealError::TooLong { bytes: 49_153 }));
        assert_eq!(seal(b"x", &key(&[9; 31])), Err(SealError::Key("1".to_owned())));
        let broken = Key { key_id: "2".to_owned(), key: "?".to_owned() };
        assert_eq!(seal(b"x", &broken), Err(SealError::Key("2".to_owned())));
    }
}
