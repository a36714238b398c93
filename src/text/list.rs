//! Lists in sentences.

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
