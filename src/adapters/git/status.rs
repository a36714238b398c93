//! What `git status --porcelain=v1 -z` says.

/// Paths that are not as the last commit has them, in git's order. Of a rename the new path.
pub fn parse(output: &str) -> Vec<String> {
    let mut paths = Vec::new();
    // Two letters, a blank and a path; whatever is shorter is no entry but the end of the text.
    let mut entries = output.split('\0').filter(|entry| entry.len() > 3);
    while let Some(entry) = entries.next() {
        let (state, path) = entry.split_at_checked(3).unwrap_or((entry, ""));
        paths.push(path.to_owned());
        // A rename or a copy is followed by the path that it came from.
        if state.starts_with(['R', 'C']) {
            entries.next();
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_rename_counts_once_and_odd_names_stand_as_they_are() {
        let output = " M a b.txt\0?? new \"x\"\n.txt\0R  to\0from\0D  gone\0\n";
        assert_eq!(super::parse(output), ["a b.txt", "new \"x\"\n.txt", "to", "gone"]);
        assert!(super::parse("").is_empty());
    }
}
