//! Pattern rules for what other rules need by name: each becomes a rule of that name, as make finds it. Pure but for `expand`, which says
//! what files there are.
//!
//! make takes the rule whose needs are there or can be made, the shortest stem first (manual, 10.5.4 and 10.5.5). Its own rules are not
//! looked at: what they would make is `unmade`.

use super::make_database::{Database, Pattern, Rule};
use super::make_losses::is_special;
use super::make_text::{Expand, Probe};

/// How many pattern rules one may need after another.
const CHAIN: usize = 4;

/// Adds those rules to `database`.
pub(super) fn instantiate(database: &mut Database, expand: &mut Expand<'_>) {
    let named = database.rules.iter().filter(|rule| !is_special(rule));
    let mut wanted: Vec<String> = named
        .flat_map(|rule| {
            let itself = (!rule.is_phony && rule.recipe.is_empty()).then_some(&rule.name);
            itself.into_iter().chain(&rule.needs).chain(&rule.order_only)
        })
        .cloned()
        .collect();
    let mut next = 0;
    while let Some(name) = wanted.get(next).cloned() {
        next += 1;
        if wanted[..next - 1].contains(&name) || is_made(database, &name) {
            continue;
        }
        let matching: Vec<Rule> = rules(&database.patterns, &name);
        if let Some(rule) = matching.iter().find(|rule| can_make(database, rule, expand, CHAIN)) {
            wanted.extend(rule.needs.iter().cloned());
            add(database, rule.clone());
        } else if is_of_make_itself(database, &name) || (!matching.is_empty() && !is_there(&name, expand)) {
            database.unmade.push(name);
        }
    }
}

/// Whether a rule that is written says how something is made.
fn is_made(database: &Database, name: &str) -> bool {
    database.rules.iter().any(|rule| rule.name == name && (rule.is_phony || !rule.recipe.is_empty()))
}

/// What a program of C is made of, by rules that stand in no file.
fn is_of_make_itself(database: &Database, name: &str) -> bool {
    let known = database.rules.iter().find(|rule| rule.name == name);
    let sources = [".o", ".c", ".cc", ".cpp", ".C"].map(|ending| format!("{name}{ending}"));
    name.ends_with(".o") || known.is_some_and(|rule| rule.needs.iter().any(|need| sources.contains(need)))
}

fn is_there(name: &str, expand: &mut Expand<'_>) -> bool {
    let probe = Probe { text: format!("$(wildcard {name})"), variables: Vec::new() };
    expand(&probe).is_some_and(|found| !found.trim().is_empty())
}

/// Whether everything is there that a rule needs, or can be made.
fn can_make(database: &Database, rule: &Rule, expand: &mut Expand<'_>, chain: usize) -> bool {
    rule.needs.iter().chain(&rule.order_only).all(|need| {
        database.rules.iter().any(|known| known.name == *need)
            || is_there(need, expand)
            || chain > 0
                && rules(&database.patterns, need).iter().any(|it| can_make(database, it, expand, chain - 1))
    })
}

/// The rules that patterns say for a name, the best first.
fn rules(patterns: &[Pattern], name: &str) -> Vec<Rule> {
    let mut found: Vec<(usize, Rule)> = Vec::new();
    for pattern in patterns {
        for target in pattern.rule.name.split_whitespace() {
            // A pattern without a folder is one of names in any folder.
            let folder = match target.contains('/') {
                true => "",
                false => &name[..name.rfind('/').map_or(0, |at| at + 1)],
            };
            let Some((before, after)) = target.split_once('%') else { continue };
            let stem = name[folder.len()..].strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            let Some(stem) = stem.filter(|stem| !stem.is_empty()) else { continue };
            let put = |needs: &[String]| {
                let put = needs.iter().map(|need| match need.contains('%') {
                    true => format!("{folder}{}", need.replacen('%', stem, 1)),
                    false => need.clone(),
                });
                put.collect()
            };
            let rule = Rule {
                name: name.to_owned(),
                needs: put(&pattern.rule.needs),
                order_only: put(&pattern.rule.order_only),
                stem: Some(format!("{folder}{stem}")),
                ..pattern.rule.clone()
            };
            found.push((stem.len(), rule));
        }
    }
    found.sort_by_key(|(length, _)| *length);
    found.into_iter().map(|(_, rule)| rule).collect()
}

/// Adds a rule; of what is there without a recipe it is the recipe, and its needs come first.
fn add(database: &mut Database, mut rule: Rule) {
    match database.rules.iter_mut().find(|known| known.name == rule.name) {
        Some(known) => {
            rule.needs.append(&mut known.needs);
            rule.order_only.append(&mut known.order_only);
            rule.variables.append(&mut known.variables);
            *known = rule;
        }
        None => database.rules.push(rule),
    }
}
