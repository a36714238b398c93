//! Counts with their noun, so that no message ever says "task(s)".

/// `1 task`, `2 tasks`, `0 tasks`; `noun` is the singular. Of several words the last one changes: `2 env
/// files`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {}", plural(noun)) }
}

/// The plural of `noun`, by the rules that Shipway's own nouns need and no more.
pub fn plural(noun: &str) -> String {
    for (singular, plural) in [("child", "children"), ("person", "people")] {
        if let Some(before) = noun.strip_suffix(singular) {
            return format!("{before}{plural}");
        }
    }
    if let Some(stem) = noun.strip_suffix('y')
        && !stem.ends_with(['a', 'e', 'i', 'o', 'u'])
    {
        return format!("{stem}ies");
    }
    let hisses = ["s", "x", "z", "sh", "ch"].iter().any(|ending| noun.ends_with(ending));
    format!("{noun}{}", if hisses { "es" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_singular() {
        assert_eq!(count(0, "task"), "0 tasks");
        assert_eq!(count(1, "task"), "1 task");
        assert_eq!(count(2, "task"), "2 tasks");
    }

    #[test]
    fn plurals_follow_the_noun() {
        for (noun, expected) in [
            ("error", "errors"),
            ("key", "keys"),
            ("day", "days"),
            ("dependency", "dependencies"),
            ("retry", "retries"),
            ("proxy", "proxies"),
            ("process", "processes"),
            ("alias", "aliases"),
            ("branch", "branches"),
            ("hash", "hashes"),
            ("box", "boxes"),
            ("child process", "child processes"),
            ("child", "children"),
            ("person", "people"),
            ("replica", "replicas"),
        ] {
            assert_eq!(plural(noun), expected);
        }
    }
}
