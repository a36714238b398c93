//! Words as a POSIX shell reads them.

use std::borrow::Cow;

/// `word` so that a shell gives back exactly its bytes: as it is where that is safe, else in single quotes.
pub fn shell(word: &str) -> Cow<'_, str> {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:=@%+,".contains(&byte);
    if !word.is_empty() && word.bytes().all(safe) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(format!("'{}'", word.replace('\'', "'\\''")))
    }
}
