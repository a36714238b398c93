//! Words as a POSIX shell reads them.

use std::borrow::Cow;

/// `word` so that a shell gives back exactly its bytes as one argument: as it is where that is safe, else in
/// single quotes.
///
/// As an *argument*: in front of a command `A=b` would be an assignment and `if` a keyword. A NUL is kept,
/// though no process can be given one.
pub fn shell(word: &str) -> Cow<'_, str> {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:=@%+,".contains(&byte);
    if !word.is_empty() && word.bytes().all(safe) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(format!("'{}'", word.replace('\'', "'\\''")))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn safe_words_stay_as_they_are() {
        for word in ["build", "--option=value", "a/b.c", "user@host:22", "50%", "a,b", "+x"] {
            assert!(matches!(shell(word), Cow::Borrowed(same) if same == word), "{word}");
        }
    }

    #[test]
    fn all_others_are_quoted() {
        for (word, quoted) in [
            ("", "''"),
            ("two words", "'two words'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
            ("~", "'~'"),
            ("a*", "'a*'"),
            ("é", "'é'"),
            ("line\nline", "'line\nline'"),
        ] {
            assert_eq!(shell(word), quoted);
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the claim is about a real shell")]
    fn as_sh_reads_it(quoted: &str) -> Vec<u8> {
        let script = format!("printf %s {quoted}");
        std::process::Command::new("sh").arg("-c").arg(script).output().expect("sh starts").stdout
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_real_shell_gives_the_word_back(word in "([ -~\\t\\n]|\\PC){0,12}") {
            prop_assert_eq!(as_sh_reads_it(&shell(&word)), word.as_bytes());
        }
    }
}
