//! What a forge refuses, said before anything is sent. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::item::Item;
use crate::diagnostic::{Fault, FaultKind};
use crate::model::ForgeKind;
use crate::text::count::count;

/// GitHub: a secret may have 48 KB (docs.github.com, "Secrets reference").
const GITHUB_BYTES: usize = 48 * 1024;

/// GitHub: so many secrets for a repository, and so many for each environment (the same page).
const GITHUB_NUMBER: usize = 100;

/// GitLab: a variable may have 10,000 characters (docs.gitlab.com, "CI/CD variables").
const GITLAB_BYTES: usize = 10_000;

/// Everything that is wrong with `items`, all at once; `there` are the names that each scope has already.
pub(super) fn check(
    kind: ForgeKind,
    items: &[Item],
    there: &BTreeMap<Option<String>, BTreeSet<String>>,
) -> Result<(), Fault> {
    let limit = match kind {
        ForgeKind::Github => GITHUB_BYTES,
        ForgeKind::Gitlab => GITLAB_BYTES,
    };
    let mut wrong = Vec::new();
    let mut names: BTreeMap<Option<String>, BTreeSet<String>> = BTreeMap::new();
    for item in items {
        if !names.entry(item.environment.clone()).or_default().insert(item.name.clone()) {
            wrong.push(format!(
                "{}: two sources give it a value; the second is {}",
                shown(item),
                item.source
            ));
        }
        let Ok(value) = &item.value else { continue };
        let bytes = value.expose().len();
        if bytes > limit {
            let text = format!("{}: {bytes} bytes, {} takes {limit}", shown(item), kind.title());
            wrong.push(match item.source {
                super::item::Source::File(_) => {
                    format!("{text} (a file of {} bytes, as base64)", limit / 4 * 3)
                }
                super::item::Source::Value(_) => text,
            });
        }
        if bytes == 0 {
            wrong.push(format!("{}: it is empty, which no forge takes", shown(item)));
        }
    }
    if kind == ForgeKind::Github {
        for (scope, names) in &names {
            let all =
                names.iter().chain(there.get(scope).into_iter().flatten()).collect::<BTreeSet<_>>().len();
            if all > GITHUB_NUMBER {
                let whose = scope.as_ref().map_or("the repository".to_owned(), |name| format!("`{name}`"));
                wrong.push(format!(
                    "{whose} would have {all} secrets, GitHub takes {GITHUB_NUMBER} at each level"
                ));
            }
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let mut fault = Fault::new(
        FaultKind::Refused,
        format!("{} would not be taken; nothing was sent", count(wrong.len(), "secret")),
    )
    .hint("split a large file, or keep large secrets where the app fetches them itself");
    fault.details = wrong;
    Err(fault)
}

fn shown(item: &Item) -> String {
    match &item.environment {
        Some(environment) => format!("{} of {environment}", item.name),
        None => item.name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::item::Source;
    use super::*;
    use crate::masking::Secret;

    fn item(name: &str, environment: Option<&str>, bytes: usize) -> Item {
        Item {
            name: name.to_owned(),
            environment: environment.map(str::to_owned),
            source: Source::Value(name.to_owned()),
            value: Ok(Secret::new("x".repeat(bytes))),
        }
    }

    fn told(kind: ForgeKind, items: &[Item], there: &[(Option<&str>, usize)]) -> Vec<String> {
        let there = there
            .iter()
            .map(|(scope, number)| {
                (scope.map(str::to_owned), (0..*number).map(|index| format!("OLD_{index}")).collect())
            })
            .collect();
        check(kind, items, &there).err().map(|fault| fault.details).unwrap_or_default()
    }

    #[test]
    fn sizes_numbers_and_doubles_are_all_told_before_the_first_call() {
        let github = ForgeKind::Github;
        assert!(told(github, &[item("A", None, 48 * 1024)], &[(None, 99)]).is_empty());
        assert_eq!(
            told(github, &[item("A", None, 48 * 1024 + 1), item("B", Some("prod"), 0)], &[]),
            ["A: 49153 bytes, GitHub takes 49152", "B of prod: it is empty, which no forge takes",]
        );
        assert_eq!(
            told(github, &[item("A", Some("prod"), 1)], &[(Some("prod"), 100), (None, 5)]),
            ["`prod` would have 101 secrets, GitHub takes 100 at each level"]
        );
        assert_eq!(
            told(github, &[item("A", None, 1), item("A", None, 1), item("A", Some("prod"), 1)], &[]),
            ["A: two sources give it a value; the second is [secrets.A]"]
        );
        assert_eq!(told(ForgeKind::Gitlab, &[item("A", None, 10_001)], &[(None, 200)]).len(), 1);
    }
}
