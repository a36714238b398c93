//! Says which secret stands where in a text, in all forms that the masker knows.

use std::collections::BTreeSet;
use std::ops::Range;

use super::forms;
use super::table::Table;

/// Secrets by their names, ready to be looked for.
pub struct Finder {
    /// All of them at once: most texts hold none.
    all: Table,
    each: Vec<(String, Table)>,
}

impl Finder {
    /// Looks for these secrets, each with a name that may be said and as one piece. One that is too short to be masked is not looked for.
    pub fn new(secrets: &[(String, Vec<u8>)]) -> Self {
        let mut all = BTreeSet::new();
        let mut each = Vec::new();
        for (name, secret) in secrets {
            let forms = forms::whole_forms(secret);
            if !forms.is_empty() {
                each.push((name.clone(), Table::new(&forms)));
                all.extend(forms);
            }
        }
        Self { all: Table::new(&all), each }
    }

    /// Every place of `text` that holds one, with its name, in the order of the text.
    pub fn find(&self, text: &[u8]) -> Vec<(Range<usize>, &str)> {
        if self.each.is_empty() || self.all.ranges(text).is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for (name, table) in &self.each {
            found.extend(table.ranges(text).into_iter().map(|range| (range, name.as_str())));
        }
        found.sort_by_key(|(range, _)| range.start);
        found
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn each_secret_is_found_by_its_name_in_every_form() {
        let secrets = [("A", "correct horse"), ("B", "hunter22!"), ("short", "abc")];
        let secrets = secrets.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
        let finder = Finder::new(&secrets);
        let text = format!("x=hunter22!\ny={}\nabc\n", STANDARD.encode("correct horse"));
        let found: Vec<(usize, &str)> =
            finder.find(text.as_bytes()).into_iter().map(|(range, name)| (range.start, name)).collect();
        assert_eq!(found, [(2, "B"), (14, "A")]);
        assert!(finder.find(b"nothing of it").is_empty());
        assert!(Finder::new(&[]).find(b"abc").is_empty());
        // A line of a longer secret may stand anywhere.
        let file = Finder::new(&[("F".to_owned(), b"type: account\npassword: x9!kLm\n".to_vec())]);
        assert!(file.find(b"type: account\n").is_empty());
        assert_eq!(file.find(b"a: |\ntype: account\npassword: x9!kLm").len(), 1);
    }
}
