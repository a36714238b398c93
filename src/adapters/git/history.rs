//! What git says of the way from one commit to another.

/// How many commits only the first and only the second of two has.
pub fn counts(output: &str) -> Option<(usize, usize)> {
    let (left, right) = output.trim().split_once('\t')?;
    Some((left.parse().ok()?, right.parse().ok()?))
}

/// Paths with NUL after each.
pub fn paths(output: &str) -> Vec<String> {
    output
        .split('\0')
        .map(|path| path.trim_end_matches('\n'))
        .filter(|path| !path.is_empty())
        .map(str::to_owned)
        .collect()
}

/// `NAME <ADDRESS>` of `NAME <ADDRESS> SECONDS ZONE`.
pub fn identity(output: &str) -> Option<String> {
    let (identity, _) = output.trim().rsplit_once('>')?;
    Some(format!("{identity}>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_and_noise_is_none() {
        assert_eq!(counts("2\t13\n"), Some((2, 13)));
        assert_eq!(counts("fatal: bad revision"), None);
        assert_eq!(paths("a b\0c\0\n"), ["a b", "c"]);
        assert_eq!(identity("A > B <a@b.c> 1700000000 +0100\n").as_deref(), Some("A > B <a@b.c>"));
        assert_eq!(identity(""), None);
    }
}
