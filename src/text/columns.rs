//! Tables for people: columns under each other, two blanks between them.

/// The rows with every column as wide as its widest cell; the last column is not padded.
pub fn render(rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (index, cell) in row.iter().enumerate() {
            let width = cell.chars().count();
            match widths.get_mut(index) {
                Some(known) => *known = (*known).max(width),
                None => widths.push(width),
            }
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (index, cell) in row.iter().enumerate() {
            let width = widths.get(index).copied().unwrap_or(0);
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count()) + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_stand_under_each_other_without_trailing_blanks() {
        let rows =
            [vec!["a".to_owned(), "bb".into(), "c".into()], vec!["aaa".into(), "ü".into(), String::new()]];
        assert_eq!(super::render(&rows), "a    bb  c\naaa  ü\n");
    }
}
