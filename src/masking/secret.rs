//! A text that cannot be printed by accident.
//!
//! It has neither `Display` nor `Serialize`, so that a secret in a message is a compile error. It is not
//! wiped from memory: its value also lives in the environment of children and in buffers that nobody could
//! wipe.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_says_nothing_of_the_text_not_even_its_length() {
        assert_eq!(format!("{:?}", Some(Secret::new("hunter2"))), "Some(Secret)");
        assert_eq!(format!("{:#?} {:10?}", Secret::new(""), Secret::new("x")), "Secret Secret");
    }

    #[test]
    fn the_text_is_had_only_by_asking_for_it() {
        assert_eq!(Secret::new("hunter2").expose(), "hunter2");
    }
}
