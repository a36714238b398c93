//! Texts that are told in part.

use std::borrow::Cow;

/// The first `most` characters of `text`, with `…` where there are more.
pub fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_stands_and_the_rest_is_left_out() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("aé\u{1f600}d", 3), "aé\u{1f600}…");
    }
}
