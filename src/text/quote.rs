//! Words as a POSIX shell reads them.

use std::borrow::Cow;

/// `word` so that a shell gives back exactly its bytes as one argument: as it is where that is safe, else in
/// single quotes.
///
/// As an *argument*: in front of a command `A=b` would be an assignment and `if` a keyword. A NUL is kept,
/// though no process can be given one.
pub fn shell(word: &str) -> Cow<'_, str> {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:=@%+,".contains(&byte);
    // To zsh `=ls` is the place of ls.
    if !word.is_empty() && !word.starts_with('=') && word.bytes().all(safe) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(format!("'{}'", word.replace('\'', "'\\''")))
    }
}

/// The words of a line that `shell` quoted; `None` where it can't have.
pub fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars();
    while let Some(letter) = rest.next() {
        match letter {
            ' ' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next()? {
                        '\'' => break,
                        quoted => word.push(quoted),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(rest.next()?),
            plain => word.get_or_insert_default().push(plain),
        }
    }
    words.extend(word);
    Some(words)
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
            ("=ls", "'=ls'"),
            ("a*", "'a*'"),
            ("é", "'é'"),
            ("line\nline", "'line\nline'"),
        ] {
            assert_eq!(shell(word), quoted);
        }
    }

    /// What a shell of this machine makes of words, each ended by a NUL byte; `None` where there is no such shell.
    #[expect(clippy::disallowed_methods, reason = "the claim is about real shells")]
    fn as_a_shell_reads_them(shell: &str, quoted: &str) -> Option<Vec<u8>> {
        use std::io::Write as _;
        let mut script = tempfile::NamedTempFile::new().expect("a file");
        write!(script, "printf '%s\\0' {quoted}").expect("written");
        let output = std::process::Command::new(shell).arg(script.path()).output().ok()?;
        assert!(output.status.success() && output.stderr.is_empty(), "{shell}: {output:?}");
        Some(output.stdout)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn real_shells_give_the_words_back(
            words in proptest::collection::vec("([^\\x00]|['\"$`\\\\!*?~ \n\t-]){0,12}", 100),
        ) {
            let quoted: Vec<_> = words.iter().map(|word| shell(word)).collect();
            let expected: Vec<u8> = words.iter().flat_map(|word| [word.as_bytes(), b"\0"].concat()).collect();
            let mut shells = 0;
            for name in ["sh", "bash", "dash", "zsh"] {
                if let Some(read) = as_a_shell_reads_them(name, &quoted.join(" ")) {
                    prop_assert_eq!(&read, &expected, "{}", name);
                    shells += 1;
                }
            }
            prop_assert!(shells > 0);
        }

        #[test]
        fn a_line_gives_its_words_back(line in proptest::collection::vec("([ -~\\t\\n]|\\PC){0,12}", 0..5)) {
            let quoted: Vec<_> = line.iter().map(|word| shell(word)).collect();
            prop_assert_eq!(words(&quoted.join(" ")), Some(line));
        }
    }
}
