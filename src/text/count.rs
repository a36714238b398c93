//! Counts with their noun.

/// `1 task`, `2 tasks`, `0 tasks`; `noun` is the singular.
pub fn count(number: usize, noun: &str) -> String {
    let plural =
        if noun.ends_with('y') && !noun.ends_with("ay") && !noun.ends_with("ey") && !noun.ends_with("oy") {
            format!("{}ies", &noun[..noun.len() - 1])
        } else if noun.ends_with('s') || noun.ends_with("sh") || noun.ends_with("ch") || noun.ends_with('x') {
            format!("{noun}es")
        } else {
            format!("{noun}s")
        };
    if number == 1 { format!("1 {noun}") } else { format!("{number} {plural}") }
}
