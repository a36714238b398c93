//! What a text says for one target: automatic variables, and those that a target has for itself. Pure.

use super::make_database::{Database, Own, Rule};
use super::make_shell::Part;
use super::make_template::of_the_shell;
use super::make_text::{At, DEPTH, Texts, closing};

/// The automatic variables.
pub(super) const AUTOMATIC: [&str; 8] = ["@", "<", "^", "+", "?", "*", "|", "%"];

impl Own {
    /// A text that is what it is.
    pub(super) fn new(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), sign: ":=", value: value.to_owned(), place: None }
    }
}

/// Whether what stands between `$(` and `)` is an automatic variable, or a part of one: `@`, `@D`.
pub(super) fn is_automatic(inside: &str) -> bool {
    let name = inside.strip_suffix(['D', 'F']).filter(|name| !name.is_empty()).unwrap_or(inside);
    AUTOMATIC.contains(&name)
}

/// Whether a text, or a variable in it, has a reference that `is`: it is given what stands between `$(` and `)`.
pub(super) fn reaches(database: &Database, text: &str, depth: usize, is: &dyn Fn(&str) -> bool) -> bool {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('$') {
        let Some(first) = after.chars().next() else { return false };
        let end = match first {
            '(' | '{' => closing(after),
            _ => None,
        };
        let (inside, left) = match end {
            Some(end) => (&after[1..end], &after[end + 1..]),
            None => after.split_at(first.len_utf8()),
        };
        rest = left;
        if first == '$' {
            continue;
        }
        if is(inside) {
            return true;
        }
        let called = inside.strip_prefix("call ").and_then(|words| words.split(',').next()).unwrap_or(inside);
        let value = database.variables.get(called.trim()).map_or("", |variable| variable.value.as_str());
        if depth < DEPTH && [inside, value].iter().any(|text| reaches(database, text, depth + 1, is)) {
            return true;
        }
    }
    false
}

/// The value of an automatic variable. What only make can see, which of the needs are newer, is all of them: a task always runs.
pub(super) fn automatic(database: &Database, rule: &Rule, name: &str) -> String {
    match name {
        "@" => rule.name.clone(),
        "<" => rule.needs.first().cloned().unwrap_or_default(),
        "^" | "?" => {
            let mut needs: Vec<&str> = Vec::new();
            for need in &rule.needs {
                if !needs.contains(&need.as_str()) {
                    needs.push(need);
                }
            }
            needs.join(" ")
        }
        "+" => rule.needs.join(" "),
        "|" => rule.order_only.join(" "),
        "*" => rule.stem.clone().unwrap_or_else(|| without_suffix(database, &rule.name)),
        // `%` is of archives.
        _ => String::new(),
    }
}

/// Endings that make knows unless it is told others (manual, 10.7).
const SUFFIXES: [&str; 34] = [
    ".out", ".a", ".ln", ".o", ".c", ".cc", ".C", ".cpp", ".p", ".f", ".F", ".m", ".r", ".y", ".l", ".ym",
    ".lm", ".s", ".S", ".mod", ".sym", ".def", ".h", ".info", ".dvi", ".tex", ".texinfo", ".texi", ".txinfo",
    ".w", ".ch", ".sh", ".elc", ".el",
];

/// `$*` of a rule that is of no pattern: the target without its ending, if make knows that, else nothing (manual, 10.5.3).
fn without_suffix(database: &Database, target: &str) -> String {
    let own = database.rules.iter().find(|rule| rule.name == ".SUFFIXES");
    let own = own.into_iter().flat_map(|rule| rule.needs.iter().map(String::as_str));
    let mut endings = own.chain(SUFFIXES);
    endings.find_map(|ending| target.strip_suffix(ending)).unwrap_or_default().to_owned()
}

impl Texts<'_> {
    /// The value of a variable of the caller's environment to which several definitions add, one after another.
    pub(super) fn of_its_chain(
        &mut self,
        name: &str,
        text: &str,
        place: &(String, usize),
        depth: usize,
    ) -> Option<Vec<Part>> {
        if depth > DEPTH || !self.environment.iter().any(|known| known == name) {
            return None;
        }
        let round = text.replace(&format!("${{{name}}}"), &format!("$({name})"));
        let mut parts = Vec::new();
        for (index, text) in round.split(&format!("$({name})")).enumerate() {
            match self.files.last_before(name, place) {
                _ if index == 0 => {}
                None => parts.push(of_the_shell(name, format!("env.{name}"))),
                Some((text, sign, place)) if sign == ":" => {
                    parts.extend(self.of_its_chain(name, &text, &place, depth + 1)?);
                }
                Some(_) => return None,
            }
            parts.extend(self.parts(text, None, (&place.0, place.1), depth + 1)?);
        }
        Some(parts)
    }

    /// The value of a variable that `rule` has for itself.
    pub(super) fn of_the_target(
        &mut self,
        own: &Own,
        rule: &Rule,
        at: At<'_>,
        depth: usize,
    ) -> Option<Vec<Part>> {
        let written = own.place.as_ref().filter(|_| own.sign == ":=").and_then(|place| {
            let text = self.files.own_written(own, place)?;
            self.later(&text, place, 0).is_none().then_some(text)
        });
        let Some(text) = written else { return self.parts(&own.value, Some(rule), at, depth + 1) };
        // In its own value it is still that of the whole Makefile.
        let mut before = rule.clone();
        before.variables.retain(|known| known.name != own.name);
        self.parts(&text, Some(&before), at, depth + 1)
    }
}
