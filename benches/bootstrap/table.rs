//! Figures of pairs in a table.

use std::time::Duration;

use crate::measure::Cost;

/// What was measured, pair by pair: by hand, by Shipway, and at best.
#[derive(Default)]
pub(crate) struct Table {
    pub(crate) bootstrap: Vec<[Cost; 3]>,
    pub(crate) again: Vec<[Cost; 2]>,
    pub(crate) teardown: Vec<[Cost; 2]>,
}

/// The most that a ratio of times on the clock should be.
#[derive(Clone, Copy)]
pub(crate) struct Goal(pub(crate) f64);

type Kind = fn(&Cost) -> Duration;
const KINDS: [(&str, Kind); 2] = [("processor", |cost| cost.processor), ("wall", |cost| cost.wall)];

impl Table {
    pub(crate) fn print(&self, bootstrap: Option<Goal>, again: Option<Goal>) {
        let (first, of): (Vec<Cost>, Vec<Cost>) = self.bootstrap.iter().map(|[a, b, _]| (*a, *b)).unzip();
        let best: Vec<Cost> = self.bootstrap.iter().map(|[_, _, c]| *c).collect();
        title("bootstrap");
        for (kind, time) in KINDS {
            figures(kind, "A", &first, time);
            figures("", "B", &of, time);
            figures("", "C", &best, time);
            ratios("B/A", (&of, &first), time, bootstrap.filter(|_| kind == "wall"));
            ratios("C/A", (&best, &first), time, None);
            ratios("B/C", (&of, &best), time, None);
        }
        if let Some(Goal(most)) = bootstrap {
            println!("{}", bound(most, median_ratio((&best, &first), |cost| cost.wall)));
        }
        let (a, b): (Vec<Cost>, Vec<Cost>) = self.again.iter().map(|[a, b]| (*a, *b)).unzip();
        title("the same again");
        for (kind, time) in KINDS {
            figures(kind, "A", &a, time);
            figures("", "B", &b, time);
            ratios("B/A", (&b, &a), time, None);
            ratios("B/first A", (&b, &first), time, again.filter(|_| kind == "wall"));
        }
        let (a, b): (Vec<Cost>, Vec<Cost>) = self.teardown.iter().map(|[a, b]| (*a, *b)).unzip();
        title("teardown");
        for (kind, time) in KINDS {
            figures(kind, "A", &a, time);
            figures("", "B", &b, time);
            ratios("B/A", (&b, &a), time, None);
        }
        println!();
    }
}

fn title(name: &str) {
    println!("{name:22}{:>9} {:>9} {:>9}", "min", "median", "max");
}

fn figures(kind: &str, name: &str, costs: &[Cost], time: Kind) {
    let [min, median, max] = spread(costs.iter().map(|cost| time(cost).as_secs_f64()).collect());
    println!("  {kind:10}{name:10}{min:9.2} {median:9.2} {max:9.2} s");
}

/// What the critical path of bare terraform says of the goal.
fn bound(most: f64, limit: f64) -> String {
    let start = format!("  the bound is C/A, here {limit:.2}: ");
    if limit > most {
        start
            + &format!(
                "{most} can't be had by any order. Four of the five workspaces stand in a row, each with a plan and an apply that the \
                 next one waits for"
            )
    } else {
        start + "the goal is within it"
    }
}

fn median_ratio((of, to): (&[Cost], &[Cost]), time: Kind) -> f64 {
    let ratio = |(of, to): (&Cost, &Cost)| time(of).as_secs_f64() / time(to).as_secs_f64().max(0.001);
    let [_, median, _] = spread(of.iter().zip(to).map(ratio).collect());
    median
}

fn ratios(name: &str, (of, to): (&[Cost], &[Cost]), time: Kind, goal: Option<Goal>) {
    let ratio = |(of, to): (&Cost, &Cost)| time(of).as_secs_f64() / time(to).as_secs_f64().max(0.001);
    let [min, median, max] = spread(of.iter().zip(to).map(ratio).collect());
    let said = goal.map(|Goal(most)| {
        let word = if median <= most { "met" } else { "missed" };
        format!("   goal {most}: {word}")
    });
    println!("  {:10}{name:10}{min:9.2} {median:9.2} {max:9.2}{}", "", said.unwrap_or_default());
}

/// Least, median and greatest; of an even number the upper of the two in the middle.
pub(crate) fn spread(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    [at(0), at(values.len() / 2), at(values.len().saturating_sub(1))]
}

/// `12.3 ms`.
pub(crate) fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// `1.9 %`.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
