//! The files that make reads: the Makefile itself, and what it includes. Pure.

use super::make_database::{Database, Own, Rule, Variable, assignment, place};

/// A file that make read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MakeFile {
    /// Its name, as make says it.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// A definition of a variable: its text, the sign before its `=`, the file and the line.
pub(super) type Definition = (String, String, (String, usize));

/// All of them; the first is the Makefile itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Files<'a>(pub(super) &'a [MakeFile]);

impl<'a> Files<'a> {
    /// The name of the Makefile itself.
    pub(super) fn main(&self) -> &'a str {
        self.0.first().map_or("", |file| file.name.as_str())
    }

    /// The text of one of them; empty where it is none.
    pub(super) fn text(&self, name: &str) -> &'a str {
        self.0.iter().find(|file| file.name == name).map_or("", |file| file.text.as_str())
    }

    /// Every line with its file and its number.
    pub(super) fn lines(&self) -> impl Iterator<Item = (&'a str, usize, &'a str)> + use<'a> {
        self.0.iter().flat_map(|file| {
            file.text.lines().enumerate().map(|(index, line)| (file.name.as_str(), index + 1, line))
        })
    }

    /// The file and the number of the first line that `is`.
    pub(super) fn line_where(&self, is: impl Fn(&str) -> bool) -> Option<(&'a str, usize)> {
        self.lines().find(|(_, _, line)| is(line)).map(|(file, number, _)| (file, number))
    }

    /// Whether a recipe stands in a file as it is.
    pub(super) fn has(&self, rule: &Rule) -> bool {
        let Some((file, line)) = &rule.place else { return false };
        let written = self.text(file).lines().nth(line.saturating_sub(1)).unwrap_or_default();
        // Behind `target: ;` it has no tab.
        rule.recipe.first().is_some_and(|first| written.trim_start().ends_with(first.as_str()))
    }

    /// The definition of a variable that the caller's environment has: `NAME ?= text` is for those whose has not.
    pub(super) fn optional(&self, name: &str) -> Option<Variable> {
        self.lines().find_map(|(file, line, _)| {
            let place = Some((file.to_owned(), line));
            let variable = Variable { place, origin: "makefile".to_owned(), value: String::new() };
            let (value, _) = self.written(name, &variable).filter(|(_, sign)| sign == "?")?;
            Some(Variable { value, ..variable })
        })
    }

    /// The included files that are lists of `NAME=value`, such as other tools read too; whether they may be absent.
    pub(super) fn dotenv(&self) -> Vec<(&'a MakeFile, bool)> {
        let is_optional = |name: &str| {
            self.lines().any(|(_, _, line)| {
                let mut words = line.split_whitespace();
                matches!(words.next(), Some("-include" | "sinclude")) && words.any(|word| word == name)
            })
        };
        let lists = self.0.iter().skip(1).filter(|file| is_dotenv(file));
        lists.map(|file| (file, is_optional(&file.name))).collect()
    }

    /// Whether a variable is of such a file.
    pub(super) fn is_of_dotenv(&self, database: &Database, name: &str) -> bool {
        let place = database.variables.get(name).and_then(|variable| variable.place.as_ref());
        place.is_some_and(|(file, _)| self.0.iter().any(|it| it.name == *file && is_dotenv(it)))
    }

    /// Whether a line before `place` says what a variable is, as far as files are read one after the other.
    pub(super) fn is_defined_before(&self, name: &str, place: &(String, usize)) -> bool {
        self.last_before(name, place).is_some()
    }

    /// The last definition before `place`, with the sign before its `=`; both empty where that is not one line.
    pub(super) fn last_before(&self, name: &str, place: &(String, usize)) -> Option<Definition> {
        let is_of = |line: &str| {
            let line = line.trim().trim_start_matches("export ").trim_start_matches("override ");
            let is_assigned = assignment(line).is_some_and(|(found, _)| found == name);
            let several = line.strip_prefix("define ").map(|rest| rest.trim_end_matches([' ', '=', ':']));
            !line.starts_with('#') && (is_assigned || several == Some(name))
        };
        let mut before = self.lines().filter(|(file, number, _)| *file != place.0 || *number < place.1);
        let (file, line) = before.by_ref().filter(|(.., line)| is_of(line)).last().map(|it| (it.0, it.1))?;
        let place = (file.to_owned(), line);
        let variable = Variable { place: Some(place.clone()), ..Variable::default() };
        let (text, sign) = self.written(name, &variable).unwrap_or_default();
        Some((text, sign, place))
    }

    /// The text of a target's own definition as it is written, which has its values in it; none where it holds no other variable.
    pub(super) fn own_written(&self, own: &Own, (file, line): &(String, usize)) -> Option<String> {
        let written = self.text(file).lines().nth(line.saturating_sub(1))?;
        let (_, definition) = written.split_once(':')?;
        let (left, value) = definition.split_once('=')?;
        let is_it = left.trim_end_matches([' ', ':']).split_whitespace().last() == Some(own.name.as_str());
        (is_it && value.contains('$') && !value.contains('#') && !value.ends_with('\\'))
            .then(|| value.trim().to_owned())
    }

    /// The text of a definition as it is written, with the sign before its `=`; none where the line is none, as those that `eval` makes, or
    /// where several lines make the value.
    pub(super) fn written(&self, name: &str, variable: &Variable) -> Option<(String, String)> {
        let (file, line) = variable.place.as_ref()?;
        let mut lines = self.text(file).lines().skip(line.saturating_sub(1));
        let mut text = lines.next()?.to_owned();
        while let Some(head) = text.strip_suffix('\\') {
            text = format!("{} {}", head.trim_end(), lines.next().unwrap_or_default().trim());
        }
        let text = text.trim().trim_start_matches("export ").trim_start_matches("override ").to_owned();
        let (found, value) = assignment(&text).filter(|(found, _)| *found == name)?;
        let sign = text[found.len()..].trim_start().chars().next().map(String::from).unwrap_or_default();
        // A `#` begins a comment, also behind a value.
        let value = value.split(" #").next().unwrap_or_default().trim().to_owned();
        (sign != "+" && sign != "!").then_some((value, sign))
    }
}

/// `.env`, `.env.local`, `prod.env`, with nothing but `NAME=value` in it.
pub fn is_dotenv(file: &MakeFile) -> bool {
    let name = file.name.rsplit('/').next().unwrap_or_default();
    let is_called = name.starts_with(".env") || name.ends_with(".env");
    let is_entry = |line: &str| {
        let line = line.trim_start_matches("export ");
        line.is_empty() || line.starts_with('#') || assignment(line).is_some_and(|(name, _)| is_name(name))
    };
    is_called && file.text.lines().all(|line| is_entry(line.trim()))
}

fn is_name(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The names of the files that make read, by what its database says.
pub fn files(database: &str) -> Vec<String> {
    let list = database.lines().find_map(|line| line.strip_prefix("MAKEFILE_LIST := "));
    let listed = list.unwrap_or_default().split_whitespace().map(str::to_owned);
    // A Makefile may set the list itself: what is defined somewhere was read there.
    let placed = database.lines().filter_map(|line| Some(place(line.strip_prefix('#')?)?.0));
    let mut names: Vec<String> = Vec::new();
    listed.chain(placed).for_each(|name| {
        if !names.contains(&name) {
            names.push(name)
        }
    });
    names
}

/// Whether make may run or write something while it only reads a Makefile with this text. What is built of parts needs `eval`, or a `call`
/// of a name that is a value.
pub fn evaluates(source: &str) -> bool {
    const FUNCTIONS: [&str; 4] = ["shell", "file", "eval", "guile"];
    let begins = |text: &str| FUNCTIONS.iter().any(|function| text.starts_with(function));
    let is_called = source.match_indices(['(', '{']).any(|(at, _)| {
        let inside = &source[at + 1..];
        let called =
            inside.strip_prefix("call").map(|name| name.trim_start_matches([' ', '\t', '\n', '\r', '\\']));
        begins(inside) || called.is_some_and(|name| name.starts_with('$') || begins(name))
    });
    let is_loaded = source.lines().any(|line| {
        matches!(line.split_whitespace().next(), Some("load" | "-load")) && !line.starts_with('\t')
    });
    is_called || is_loaded || source.contains("!=") || source.contains("include")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_makefile_that_only_says_what_is_made_is_told_from_one_that_does_something() {
        for quiet in ["all: a\n\techo $(A) $$(date)\n", "A := $(wildcard *.c)\nfile = $(call f,shell)\n"] {
            assert!(!evaluates(quiet), "{quiet}");
        }
        for busy in [
            "A := $(shell x)",
            "A := ${shell x}",
            "A != x",
            "-include x",
            "sinclude x",
            "$(file >x,y)",
            "A := $$\n$(eval $(A)(sh)",
            "$(call shell,x)",
            "$(call $(A),x)",
            "${call  file,>x}",
            "$(call \\\n shell,x)",
            "$(guile (x))",
            "load x.so",
        ] {
            assert!(evaluates(busy), "{busy}");
        }
    }

    #[test]
    fn the_files_are_those_that_make_lists_and_those_that_something_comes_from() {
        let database = "# makefile (from 'b.mk', line 2)\nMAKEFILE_LIST := Makefile a.mk /tmp/Gm1\n";
        assert_eq!(files(database), ["Makefile", "a.mk", "/tmp/Gm1", "b.mk"]);
    }
}
