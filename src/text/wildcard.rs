//! Patterns of names such as `lint-*`, `docs:*` and `**:build`: `*` stands for anything but `:`, `**` for that, too.

/// Whether `text` is a pattern. No name has a `*`.
pub fn is_pattern(text: &str) -> bool {
    text.contains('*')
}

/// Whether the pattern means `name`.
pub fn fits(pattern: &str, name: &str) -> bool {
    // What `:` is to names, `/` is to paths.
    fast_glob::glob_match(pattern.replace(':', "/"), name.replace(':', "/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_within_a_part_of_a_name() {
        for (pattern, name, does_fit) in [
            ("lint-*", "lint-py", true),
            ("lint-*", "lint", false),
            ("*", "lint", true),
            ("*", "docs:lint", false),
            ("docs:*", "docs:build", true),
            ("docs:*", "docs:api:build", false),
            ("docs:**", "docs:api:build", true),
            ("*:build", "docs:build", true),
            ("**:build", "docs:api:build", true),
            ("a.b*", "aXbc", false),
        ] {
            assert_eq!(fits(pattern, name), does_fit, "{pattern} {name}");
        }
    }
}
