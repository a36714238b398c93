//! Secrets, and the masker that keeps them out of all that is printed or kept.

/// A secret text. It has no `Display`, its `Debug` says only that it is one.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself: for a child's environment, a private file, a request; never for a message.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret")
    }
}

/// What stands where a secret stood.
pub const MASK: &str = "***";

/// Knows every secret of a run, in all its encoded forms. Shared between threads; secrets may be added at any time.
#[derive(Debug, Default)]
pub struct Masker {}

impl Masker {
    /// From now on `secret` is masked. Values under 4 bytes can't be.
    pub fn add(&self, secret: &[u8]) {
        let _ = secret;
    }

    /// `text` without secrets.
    pub fn mask(&self, text: &str) -> String {
        text.to_owned()
    }
}
