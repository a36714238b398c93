//! Expressions of a justfile: what they are here, and what they most likely are there. Pure.

use serde_json::Value as Json;

use super::just::{Parameter, Reader, list, text};
use super::script::{Piece, Shape, Value, is_evaluated, prints_a_word, shape};
use super::{Source, literal, variable_name};

impl Reader<'_> {
    /// A value of ours, from a variable that the file does not have.
    fn helper(&mut self, name: &str, source: Source, is_word: bool) -> Piece {
        let own = self.imported.helper(name, source, &self.variables);
        Piece::Value(Value { reference: format!("vars.{own}"), variable: own, is_word, argument: None })
    }

    /// `env("NAME", "default")` and its older names.
    pub(super) fn environment(&self, value: &Json) -> Option<Source> {
        let [call, function, name, default @ ..] = list(value) else { return None };
        let is_env = call == "call" && ["env", "env_var", "env_var_or_default"].contains(&text(function));
        let name = name.as_str().filter(|_| is_env)?.to_owned();
        match default {
            [] => Some(Source::Required(name)),
            [default] => Some(Source::Environment(name, default.as_str()?.to_owned())),
            _ => None,
        }
    }

    /// The pieces of an expression; `None` where it is more than values and texts one after another.
    pub(super) fn pieces(&mut self, value: &Json, parameters: &[Parameter]) -> Option<Vec<Piece>> {
        if let Some(text) = value.as_str() {
            return Some(vec![Piece::Text(text.to_owned())]);
        }
        match list(value) {
            [kind, name] if kind == "variable" => self.value(text(name), parameters),
            [kind, _] if kind == "evaluate" && self.strange_shell().is_some() => None,
            [kind, command] if kind == "evaluate" => {
                let source = Source::Shell(literal(text(command)));
                Some(vec![self.helper("printed", source, prints_a_word(text(command)))])
            }
            [kind, one, other] if kind == "concatenate" => {
                let mut pieces = self.pieces(one, parameters)?;
                pieces.extend(self.pieces(other, parameters)?);
                Some(pieces)
            }
            [kind, one, other] if kind == "join" => {
                let mut pieces = self.pieces(one, parameters)?;
                pieces.push(Piece::Text("/".to_owned()));
                pieces.extend(self.pieces(other, parameters)?);
                Some(pieces)
            }
            [kind, function, args @ ..] if kind == "call" => match (text(function), args) {
                ("justfile_directory" | "justfile_dir", []) => {
                    Some(vec![self.helper("justfile_directory", Source::Shell("pwd".to_owned()), true)])
                }
                (name @ ("os" | "arch"), []) => Some(vec![Piece::Value(Value {
                    reference: name.to_owned(),
                    variable: name.to_uppercase(),
                    is_word: true,
                    argument: None,
                })]),
                ("env" | "env_var" | "env_var_or_default", [name, ..]) => {
                    let source = self.environment(value)?;
                    let is_word =
                        !matches!(&source, Source::Environment(_, text) if shape(text) != Shape::Word);
                    Some(vec![self.helper(&format!("env_{}", text(name)), source, is_word)])
                }
                ("quote", [inner]) => {
                    let mut pieces = vec![Piece::Text("\"".to_owned())];
                    let before = std::mem::replace(&mut self.is_kept, true);
                    let inner = self.pieces(inner, parameters);
                    self.is_kept = before;
                    pieces.extend(inner?);
                    pieces.push(Piece::Text("\"".to_owned()));
                    Some(pieces)
                }
                _ => None,
            },
            [only] => self.pieces(only, parameters),
            _ => None,
        }
    }

    /// A variable or a parameter; `None` where its text would be code that stands nowhere here.
    fn value(&mut self, name: &str, parameters: &[Parameter]) -> Option<Vec<Piece>> {
        if let Some(parameter) = parameters.iter().find(|parameter| parameter.name == name) {
            if !self.is_kept && parameter.likely.iter().any(|text| is_evaluated(text)) {
                return None;
            }
            return Some(vec![Piece::Value(Value {
                reference: parameter.here.clone(),
                variable: variable_name(&parameter.here),
                is_word: !parameter.likely.iter().any(|text| text.contains([' ', '\t', '*', '?', '['])),
                argument: Some(parameter.form.clone()),
            })]);
        }
        let value = &self.dump["assignments"][name]["value"];
        let (likely, is_fixed) = self.likely(value);
        // Of a value that is not known, the texts in it are.
        let likely = likely.or_else(|| Some(self.texts_of(value)).filter(|text| is_evaluated(text)));
        let is_code = likely.as_ref().is_some_and(|text| shape(text) == Shape::Code);
        let line = self.line(name);
        let what = "is code: it stands where it is used, and";
        let told = format!("the value of `{name}` {what} `{name}=…` does not change that");
        Some(vec![match likely {
            Some(text) if is_code && is_fixed => {
                self.lose(line, told);
                Piece::Text(text)
            }
            // As a value it would be words with quotes in them.
            Some(text) if is_code && !self.is_kept && is_evaluated(&text) => {
                if self.environment(value).is_some() {
                    return None;
                }
                self.lose(line, told);
                return self.pieces(value, &[]);
            }
            _ if is_code => {
                self.lose(line, format!("the value of `{name}` is code there; here it is words"));
                self.by_name(name, false)
            }
            likely => self.by_name(name, likely.is_some_and(|text| shape(&text) == Shape::Word)),
        }])
    }

    /// The texts that stand in an expression one after another.
    fn texts_of(&self, value: &Json) -> String {
        match list(value) {
            [kind, name] if kind == "variable" => {
                self.texts_of(&self.dump["assignments"][text(name)]["value"])
            }
            [kind, one, other] if kind == "concatenate" || kind == "join" => {
                format!("{}{}", self.texts_of(one), self.texts_of(other))
            }
            [only] => self.texts_of(only),
            _ => text(value).to_owned(),
        }
    }

    fn by_name(&self, name: &str, is_word: bool) -> Piece {
        let own = self.variables.get(name).cloned().unwrap_or_else(|| variable_name(name));
        Piece::Value(Value { reference: format!("vars.{own}"), variable: own, is_word, argument: None })
    }

    /// What an expression is where nobody says otherwise, as far as it is known, and whether it is just that text.
    pub(super) fn likely(&self, value: &Json) -> (Option<String>, bool) {
        if let Some(text) = value.as_str() {
            return (Some(text.to_owned()), true);
        }
        match list(value) {
            [kind, name] if kind == "variable" => self.likely(&self.dump["assignments"][text(name)]["value"]),
            [kind, one, other] if kind == "concatenate" || kind == "join" => {
                let (one, is_one) = self.likely(one);
                let (other, is_other) = self.likely(other);
                let between = if kind == "join" { "/" } else { "" };
                let text = one.zip(other).map(|(one, other)| format!("{one}{between}{other}"));
                (text, is_one && is_other)
            }
            [kind, command] if kind == "evaluate" => {
                (prints_a_word(text(command)).then(|| "x".to_owned()), false)
            }
            [kind, ..] if kind == "call" => match self.environment(value) {
                Some(Source::Environment(_, default)) => (Some(default), false),
                _ => (Some("x".to_owned()), false),
            },
            [only] => self.likely(only),
            _ => (None, false),
        }
    }
}
