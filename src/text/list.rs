//! Lists in sentences. Each item is a literal, so it stands in backticks and is told from prose without
//! colour.

/// `` `a` ``, `` `a` and `b` ``, `` `a`, `b` and `c` ``.
pub fn and_ticked<T: AsRef<str>>(items: &[T]) -> String {
    joined(items, "and")
}

/// The same with "or".
pub fn or_ticked<T: AsRef<str>>(items: &[T]) -> String {
    joined(items, "or")
}

fn joined<T: AsRef<str>>(items: &[T], word: &str) -> String {
    let ticked: Vec<String> = items.iter().map(|item| format!("`{}`", item.as_ref())).collect();
    match ticked.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [init @ .., last] => format!("{} {word} {last}", init.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_ticked_and_the_last_is_joined_by_a_word() {
        assert_eq!(and_ticked::<&str>(&[]), "");
        assert_eq!(and_ticked(&["a"]), "`a`");
        assert_eq!(and_ticked(&["a", "b"]), "`a` and `b`");
        assert_eq!(and_ticked(&["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(or_ticked(&["a".to_owned(), "b".to_owned()]), "`a` or `b`");
    }
}
