//! Splits the command line, pure: options of ours, `NAME=value`, then the words of each goal.
//!
//! Shipway's own options stand before the first task; all after a task's name is that task's. So clap reads only the front; what
//! follows the first word goes to whoever has that name.

use crate::diagnostic::{Fault, FaultKind};

/// The command line in its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    /// Options of ours with their values, as written.
    pub(super) options: Vec<String>,
    /// `NAME=value`, in order.
    pub(super) overrides: Vec<(String, String)>,
    /// For each goal its words, the name first; empty where there is none.
    pub(super) goals: Vec<Vec<String>>,
}

/// Options of ours that take their value as the next word.
const WITH_VALUE: [&str; 12] = [
    "--allow-destroy",
    "--report",
    "-f",
    "--file",
    "-j",
    "--jobs",
    "--confirm",
    "-e",
    "--environment",
    "--color",
    "-n",
    "--number",
];

/// Splits `words`, the program's name left out.
pub(super) fn split(words: &[String]) -> Result<Words, Fault> {
    let mut split = Words::default();
    let mut rest = words.iter();
    let mut first = None;
    while let Some(word) = rest.next() {
        if word == "--" {
            first = rest.next();
            break;
        }
        if word.starts_with('-') && word.len() > 1 {
            split.options.push(word.clone());
            if WITH_VALUE.contains(&word.as_str()) {
                split.options.extend(rest.next().cloned());
            }
        } else if let Some((name, value)) = assignment(word) {
            split.overrides.push((name.to_owned(), value.to_owned()));
        } else {
            first = Some(word);
            break;
        }
    }
    let Some(first) = first else { return Ok(split) };
    let mut goal = vec![first.clone()];
    for word in rest {
        if word == ":::" {
            split.goals.push(std::mem::take(&mut goal));
        } else {
            goal.push(word.clone());
        }
    }
    split.goals.push(goal);
    if split.goals.iter().any(Vec::is_empty) {
        return Err(Fault::new(FaultKind::Usage, "`:::` stands without a task beside it")
            .hint("write `shipway TASK ::: TASK`"));
    }
    Ok(split)
}

/// `NAME=value` with a name that a variable could have, the prefix of its file included.
fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (starts && name.chars().all(allowed)).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Words {
        let words: Vec<String> = line.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        split(&words).unwrap()
    }

    fn goals(line: &str) -> Vec<String> {
        words(line).goals.iter().map(|goal| goal.join(" ")).collect()
    }

    #[test]
    fn all_after_a_tasks_name_is_that_tasks() {
        let split = words("-j 4 --yes region=fra1 test -j 9 --keep a=b ::: lint");
        assert_eq!(split.options, ["-j", "4", "--yes"]);
        assert_eq!(split.overrides, [("region".to_owned(), "fra1".to_owned())]);
        assert_eq!(split.goals, [vec!["test", "-j", "9", "--keep", "a=b"], vec!["lint"]]);
    }

    #[test]
    fn options_alone_and_values_that_stand_in_one_word() {
        assert_eq!(words("--json -j4 --file=x.toml").options, ["--json", "-j4", "--file=x.toml"]);
        assert!(goals("--json").is_empty());
        assert_eq!(goals("-- -odd"), ["-odd"]);
        assert_eq!(goals("- x"), ["- x"]);
    }

    #[test]
    fn a_separator_without_a_task_is_refused() {
        for line in ["a :::", "a ::: ::: b"] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(split(&words).unwrap_err().kind, FaultKind::Usage, "{line}");
        }
    }
}
