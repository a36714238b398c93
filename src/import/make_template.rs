//! How parts of make's texts are written as values and commands of variables. Pure.

use super::make_shell::Part;
use super::make_text::{Texts, is_plain};
use super::script::{Value, is_simple};

/// A variable that commands have anyway; without a reference only they know it.
pub(super) fn of_the_shell(name: &str, reference: String) -> Part {
    let value = Value { reference, variable: name.to_owned(), is_word: false, argument: None };
    Part::Value(value, name.to_owned(), None)
}

/// The text of a part, as far as it is known.
pub(super) fn known(part: &Part) -> Option<String> {
    match part {
        Part::Text(text) => Some(text.clone()),
        Part::Value(_, _, text) => text.clone(),
        Part::Shell(..) => None,
    }
}

/// Parts as a text with `{{ }}`; `None` where that would not be the same: a shell's own `$` in what is no command.
pub(super) fn template(parts: &[Part], is_command: bool) -> Option<String> {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Text(part) if !is_command && !is_plain(part) => return None,
            Part::Text(part) => text.push_str(&super::literal(part)),
            Part::Value(value, ..) if value.reference.is_empty() && is_command => {
                text.push_str(&format!("${{{}}}", value.variable));
            }
            Part::Value(value, ..) if value.reference.is_empty() => return None,
            Part::Value(value, ..) if is_command && value.reference.starts_with("env.") => {
                text.push_str(&format!("${{{}}}", value.variable));
            }
            Part::Value(value, ..) => text.push_str(&format!("{{{{ {} }}}}", value.reference)),
            Part::Shell(parts, _) if is_command => text.push_str(&format!("$({})", template(parts, true)?)),
            Part::Shell(..) => return None,
        }
    }
    Some(text)
}

/// Whether a value begins and ends as parts do, as far as they are known.
pub(super) fn may_be(parts: &[Part], value: &str) -> bool {
    let texts = |parts: &mut dyn Iterator<Item = &Part>| -> Vec<String> {
        parts.map_while(|part| if let Part::Text(text) = part { Some(text.clone()) } else { None }).collect()
    };
    let first = texts(&mut parts.iter()).concat();
    let mut last = texts(&mut parts.iter().rev());
    last.reverse();
    value.starts_with(&first) && value.ends_with(&last.concat())
}

impl Texts<'_> {
    /// A command whose output is a value, as it has to be written: to make, a failure is an empty value or what was printed until then.
    /// `None` where a value stands in it at a place that no value may have.
    pub(super) fn command_of_a_variable(&self, command: &str, parts: &[Part]) -> Option<String> {
        let has_values =
            parts.iter().any(|part| matches!(part, Part::Value(value, ..) if !value.reference.is_empty()));
        let written = if is_simple(command) {
            format!("{command} || true")
        } else if has_values {
            format!("set +u\n(\n{command}\n) || true\n")
        } else {
            format!("{}\n(\n{command}\n) || true\n", self.shell)
        };
        let mut vars = toml::Table::new();
        for (name, _) in &self.imported.vars {
            vars.insert(name.clone(), "x".into());
        }
        let name = std::iter::repeat_n('x', 40).collect::<String>();
        vars.insert(name, toml::Table::from_iter([("sh".to_owned(), written.clone().into())]).into());
        let file = toml::Table::from_iter([("vars".to_owned(), vars.into())]);
        super::loads(&file.to_string()).then_some(written)
    }
}
