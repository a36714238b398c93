//! What `make -p` prints: variables, rules and where they come from. Pure.

use std::collections::HashMap;

use super::make_lines::is_continued;

/// A variable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Variable {
    /// Its text; of a simply expanded one the result.
    pub(super) value: String,
    /// `makefile`, `environment`, `default`, `automatic`, ….
    pub(super) origin: String,
    /// The file and line of its last definition.
    pub(super) place: Option<(String, usize)>,
}

/// A variable of a target: `target: NAME += value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// Its name.
    pub name: String,
    /// `=`, `:=` or `+=`.
    pub sign: &'static str,
    /// Its text; with `:=` the result.
    pub value: String,
    /// The file and the line.
    pub place: Option<(String, usize)>,
}

/// A rule of one target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) needs: Vec<String>,
    /// Needs behind `|`.
    pub(super) order_only: Vec<String>,
    /// The recipe's lines without their tab, as they are written.
    pub(super) recipe: Vec<String>,
    /// The file and the first line of the recipe.
    pub(super) place: Option<(String, usize)>,
    /// Variables that it has for itself.
    pub(super) variables: Vec<Own>,
    /// What `%` of its static pattern stands for.
    pub(super) stem: Option<String>,
    pub(super) is_phony: bool,
    pub(super) is_double: bool,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Database {
    pub(super) variables: HashMap<String, Variable>,
    pub(super) rules: Vec<Rule>,
    /// Pattern rules with a recipe.
    pub(super) patterns: Vec<Pattern>,
    /// What only a pattern rule could make, or one that make has itself, and of which it is not known how.
    pub(super) unmade: Vec<String>,
}

/// `%.o: %.c`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    /// Its first line.
    pub(super) header: String,
    /// What stands in it, the targets as one name.
    pub(super) rule: Rule,
}

/// Reads it. What is not understood is of no rule and no variable.
pub(super) fn parse(text: &str) -> Database {
    let mut database = Database::default();
    let mut lines = text.lines().skip_while(|line| *line != "# Variables").peekable();
    let mut origin = (String::new(), None);
    while let Some(line) = lines.next_if(|line| *line != "# Implicit Rules" && *line != "# Files") {
        if let Some(comment) = line.strip_prefix("# ") {
            let said = comment.split(" (from").next().unwrap_or_default();
            let said = if said == "'override' directive" { "override" } else { said };
            origin = (said.to_owned(), place(comment));
            continue;
        }
        let variable = |value: String| Variable { value, origin: origin.0.clone(), place: origin.1.clone() };
        if let Some(name) = line.strip_prefix("define ") {
            let mut value: Vec<&str> = Vec::new();
            while let Some(line) = lines.next_if(|line| *line != "endef") {
                value.push(line);
            }
            let name = name.trim_end_matches([' ', '=', ':']);
            database.variables.insert(name.to_owned(), variable(value.join("\n")));
        } else if let Some((name, value)) = assignment(line) {
            database.variables.insert(name.to_owned(), variable(value.to_owned()));
        }
    }
    let rest: Vec<&str> = lines.collect();
    let mut is_implicit = false;
    // What it was when everything was read, until make says another.
    let sign = database.variables.get(".RECIPEPREFIX").and_then(|variable| variable.value.chars().next());
    let mut prefix = sign.unwrap_or('\t');
    for block in blocks(&rest) {
        match block {
            ["# Implicit Rules"] => is_implicit = true,
            block if block.contains(&"# Files") => is_implicit = false,
            block if block.iter().take(2).any(|line| *line == "# Not a target:") => {}
            block if is_implicit => {
                let header = block
                    .iter()
                    .find(|line| line.contains('%') && line.contains(':') && !line.starts_with('#'));
                let rule = read_rule(block, &mut prefix).filter(|rule| rule.place.is_some());
                if let (Some(header), Some(rule)) = (header, rule) {
                    database.patterns.push(Pattern { header: (*header).to_owned(), rule });
                }
            }
            block => database.rules.extend(read_rule(block, &mut prefix)),
        }
    }
    // Nothing was made: of what is phony make only knows that somebody said so.
    let phony: Vec<String> = database
        .rules
        .iter()
        .filter(|rule| rule.name == ".PHONY")
        .flat_map(|rule| rule.needs.clone())
        .collect();
    for rule in &mut database.rules {
        rule.is_phony = phony.contains(&rule.name);
    }
    for name in phony {
        if !database.rules.iter().any(|rule| rule.name == name) {
            database.rules.push(Rule { name, is_phony: true, ..Rule::default() });
        }
    }
    database
}

/// Between empty lines; one that a recipe's line continues is none.
fn blocks<'l, 't>(lines: &'l [&'t str]) -> Vec<&'l [&'t str]> {
    let mut blocks = Vec::new();
    let (mut start, mut is_recipe, mut is_open) = (0, false, false);
    for (index, line) in lines.iter().enumerate() {
        if line.is_empty() && !is_open {
            blocks.push(&lines[start..index]);
            (start, is_recipe) = (index + 1, false);
        }
        is_open = is_recipe && is_continued(line);
        is_recipe |= line.starts_with("#  recipe to execute");
    }
    blocks.push(&lines[start..]);
    blocks
}

/// Reads one; `prefix` is what the lines of recipes begin with, and stays until make says another.
fn read_rule(block: &[&str], prefix: &mut char) -> Option<Rule> {
    let mut rule = Rule::default();
    let mut is_recipe = false;
    let mut above = None;
    for line in block {
        // What a `\` continues may begin with anything.
        let is_rest = rule.recipe.last().is_some_and(|last| is_continued(last));
        if is_rest && !line.starts_with(*prefix) {
            rule.recipe.push((*line).to_owned());
        } else if let Some(recipe) = line.strip_prefix(*prefix).filter(|_| is_recipe) {
            rule.recipe.push(recipe.to_owned());
        } else if let Some(other) = other_prefix(line) {
            *prefix = other;
        } else if let Some(comment) = line.strip_prefix('#') {
            if comment.contains("recipe to execute") {
                is_recipe = true;
                rule.place = place(comment);
            } else if let Some((_, stem)) = comment.split_once("Implicit/static pattern stem: '") {
                rule.stem = stem.strip_suffix('\'').map(str::to_owned);
            }
            above = place(comment);
        } else if let Some((name, needs)) = header(line) {
            let own = assignment(needs.trim_start_matches(':').trim_start());
            if let Some((variable, value)) = own.filter(|(variable, _)| !variable.contains(' ')) {
                let left = needs.split('=').next().unwrap_or_default().trim_end();
                let sign = match left.chars().last() {
                    Some(':') => ":=",
                    Some('+') => "+=",
                    _ => "=",
                };
                let (name, value) = (variable.to_owned(), value.to_owned());
                rule.variables.push(Own { name, sign, value, place: above.take() });
                continue;
            }
            rule.name = name.to_owned();
            rule.is_double = needs.starts_with(':');
            let (needs, order_only) = needs.split_once('|').unwrap_or((needs, ""));
            let words =
                |text: &str| text.trim_start_matches(':').split_whitespace().map(str::to_owned).collect();
            (rule.needs, rule.order_only) = (words(needs), words(order_only));
        }
    }
    (!rule.name.is_empty()).then_some(rule)
}

/// `.RECIPEPREFIX = >`, which make says where it is another one than before.
fn other_prefix(line: &str) -> Option<char> {
    let other = line.strip_prefix(".RECIPEPREFIX =")?;
    Some(other.strip_prefix(' ').and_then(|other| other.chars().next()).unwrap_or('\t'))
}

/// `name: needs`; a colon within the name is followed by something.
fn header(line: &str) -> Option<(&str, &str)> {
    let at = line.char_indices().find(|(at, c)| {
        *c == ':' && *at > 0 && line[at + 1..].chars().next().is_none_or(|next| next == ' ' || next == ':')
    })?;
    Some((&line[..at.0], &line[at.0 + 1..]))
}

/// `NAME = value`, `NAME := value`.
pub(super) fn assignment(line: &str) -> Option<(&str, &str)> {
    let (left, value) = line.split_once('=')?;
    let name = left.trim_end_matches(['?', '+', ':', '!']).trim();
    (!name.is_empty() && !name.contains(['\t', '(', ')']))
        .then(|| (name, value.strip_prefix(' ').unwrap_or(value)))
}

/// `… (from 'Makefile', line 3)`.
pub(super) fn place(comment: &str) -> Option<(String, usize)> {
    let (_, rest) = comment.split_once("(from '")?;
    let (file, rest) = rest.split_once("', line ")?;
    Some((file.to_owned(), rest.trim_end_matches([')', ':']).parse().ok()?))
}
