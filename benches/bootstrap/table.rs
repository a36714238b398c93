//! Figures of pairs in a table.

use std::fmt::{Display, Formatter, Result};
use std::time::Duration;

use crate::measure::Cost;

/// The costs of both sides of one row, pair by pair.
pub(crate) struct Pairs {
    name: &'static str,
    costs: Vec<(Cost, Cost)>,
}

impl Pairs {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, costs: Vec::new() }
    }

    pub(crate) fn push(&mut self, a: Cost, b: Cost) {
        self.costs.push((a, b));
    }
}

impl Display for Pairs {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        writeln!(formatter, "{:16}{:>9} {:>9} {:>9}", self.name, "min", "median", "max")?;
        type Kind = fn(&Cost) -> Duration;
        let kinds: [(&str, Kind); 2] = [("processor", |cost| cost.processor), ("wall", |cost| cost.wall)];
        for (kind, of) in kinds {
            let line = |values: Vec<f64>| {
                let [min, median, max] = spread(values);
                format!("{min:9.2} {median:9.2} {max:9.2}")
            };
            let a = self.costs.iter().map(|(a, _)| of(a).as_secs_f64()).collect();
            let b = self.costs.iter().map(|(_, b)| of(b).as_secs_f64()).collect();
            let ratio = self
                .costs
                .iter()
                .map(|(a, b)| of(b).as_secs_f64() / of(a).as_secs_f64().max(0.001))
                .collect();
            writeln!(formatter, "  {kind:10}A   {} s", line(a))?;
            writeln!(formatter, "  {:10}B   {} s", "", line(b))?;
            writeln!(formatter, "  {:10}B/A {}", "", line(ratio))?;
        }
        Ok(())
    }
}

/// Least, median and greatest; of an even number the upper of the two in the middle.
fn spread(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    [at(0), at(values.len() / 2), at(values.len().saturating_sub(1))]
}

/// `12.3 ms`.
pub(crate) fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
