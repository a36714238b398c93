//! TOML values as JSON, and values whose strings are templates.

use indexmap::IndexMap;
use serde_json::Value as Json;
use toml::de::{DeFloat, DeInteger, DeValue};

use super::reader::{Entry, Node, Reader, Subject};
use super::template::Scope;
use crate::diagnostic::Diagnostic;
use crate::model::workspace::VarValue;

impl<'f> Reader<'f, '_> {
    /// A table of typed values whose strings are templates.
    pub(super) fn values(&mut self, entry: Option<Entry<'f>>, noun: &str) -> IndexMap<String, VarValue> {
        let mut values = IndexMap::new();
        for entry in self.section_or_table(entry) {
            self.check_identifier(noun, entry);
            if let Some(value) = self.value(entry.value) {
                values.insert(entry.name().to_owned(), value);
            }
        }
        values
    }

    fn value(&mut self, node: Node<'f>) -> Option<VarValue> {
        match node.get_ref() {
            DeValue::String(_) => {
                self.template(Subject::Plain("a value"), node, Scope::GLOBAL).map(VarValue::Text)
            }
            DeValue::Array(items) => {
                let items: Vec<Option<VarValue>> = items.iter().map(|item| self.value(item)).collect();
                Some(VarValue::List(items.into_iter().collect::<Option<_>>()?))
            }
            DeValue::Table(table) => {
                let mut map = IndexMap::new();
                for entry in Self::entries(table) {
                    if let Some(value) = self.value(entry.value) {
                        map.insert(entry.name().to_owned(), value);
                    }
                }
                Some(VarValue::Map(map))
            }
            _ => self.literal(node).map(VarValue::Literal),
        }
    }

    /// A value without templates.
    pub(super) fn literal(&mut self, node: Node<'f>) -> Option<Json> {
        match node.get_ref() {
            DeValue::String(_) => {
                self.plain(Subject::Plain("a string inside a value"), node).map(Json::String)
            }
            DeValue::Integer(number) => integer(number).or_else(|| self.no_number(node)),
            DeValue::Float(number) => float(number).or_else(|| self.no_number(node)),
            DeValue::Boolean(value) => Some(Json::Bool(*value)),
            DeValue::Datetime(date) => Some(Json::String(date.to_string())),
            DeValue::Array(items) => {
                let items: Vec<Option<Json>> = items.iter().map(|item| self.literal(item)).collect();
                Some(Json::Array(items.into_iter().collect::<Option<_>>()?))
            }
            DeValue::Table(table) => {
                let mut map = serde_json::Map::new();
                for entry in Self::entries(table) {
                    if let Some(value) = self.literal(entry.value) {
                        map.insert(entry.name().to_owned(), value);
                    }
                }
                Some(Json::Object(map))
            }
        }
    }

    fn no_number(&mut self, node: Node<'f>) -> Option<Json> {
        let span = self.at(node);
        self.fault(
            Diagnostic::error(
                "bad-number",
                "this number can't be passed on",
                span,
                "too large, or no number",
            )
            .note("values are passed as JSON: 64-bit integers and finite numbers"),
        );
        None
    }
}

fn integer(number: &DeInteger<'_>) -> Option<Json> {
    let signed = i64::from_str_radix(number.as_str(), number.radix()).ok().map(Json::from);
    signed.or_else(|| u64::from_str_radix(number.as_str(), number.radix()).ok().map(Json::from))
}

fn float(number: &DeFloat<'_>) -> Option<Json> {
    let value: f64 = number.as_str().parse().ok()?;
    serde_json::Number::from_f64(value).map(Json::Number)
}
