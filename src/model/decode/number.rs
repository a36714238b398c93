//! Durations and whole numbers.

use std::ops::RangeInclusive;
use std::time::Duration;

use toml::de::DeValue;

use super::reader::{Entry, Node, Reader, Subject};
use crate::diagnostic::Diagnostic;
use crate::text::duration;

impl<'f> Reader<'f, '_> {
    /// A duration with its unit.
    pub(super) fn duration(&mut self, entry: Entry<'f>) -> Option<Duration> {
        if let DeValue::Integer(number) = entry.value.get_ref() {
            let span = self.at(entry.value);
            self.fault(
                Diagnostic::error(
                    "bad-duration",
                    format!("`{}` has no unit", entry.name()),
                    span,
                    "of what?",
                )
                .help(format!("write `\"{number}s\"` for seconds")),
            );
            return None;
        }
        let text = self.text(entry)?;
        let parsed = duration::parse(&text);
        if parsed.is_none() {
            let span = self.at(entry.value);
            self.fault(
                Diagnostic::error("bad-duration", format!("`{text}` is not a duration"), span, "")
                    .help("write for example `\"90s\"`, `\"2m\"` or `\"1h30m\"`"),
            );
        }
        parsed
    }

    /// The same where no time at all makes no sense.
    pub(super) fn some_time(&mut self, entry: Entry<'f>) -> Option<Duration> {
        let parsed = self.duration(entry)?;
        if parsed.is_zero() {
            let span = self.at(entry.value);
            self.fault(Diagnostic::error(
                "bad-duration",
                format!("`{}` leaves no time", entry.name()),
                span,
                "must be more than nothing",
            ));
            return None;
        }
        Some(parsed)
    }

    /// A whole number of `range`; an end of `u32::MAX` is no limit that anybody meets.
    pub(super) fn whole_number(
        &mut self,
        name: &str,
        node: Node<'f>,
        range: RangeInclusive<u32>,
    ) -> Option<u32> {
        let (DeValue::Integer(_) | DeValue::Float(_)) = node.get_ref() else {
            self.wrong_type(Subject::Key(name), "a number", node);
            return None;
        };
        let number = match node.get_ref() {
            DeValue::Integer(number) => u32::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let bounds = match *range.end() {
                u32::MAX => format!("{} or more", range.start()),
                end => format!("from {} to {end}", range.start()),
            };
            let span = self.at(node);
            self.fault(Diagnostic::error(
                "bad-number",
                format!("`{name}` must be a whole number, {bounds}"),
                span,
                "not possible",
            ));
        }
        number
    }
}
