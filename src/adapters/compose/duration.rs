//! Durations as compose files write them: `1m30s`, `1.5s`, `300ms`, `2h`.

use std::time::Duration;

/// `None` where it is none. Fractions are taken; units may stand in any order, as in compose.
pub fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut sum = 0.0_f64;
    while !rest.is_empty() {
        let number_ends = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(number_ends);
        let unit_ends = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_ends);
        let size = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        sum += number.parse::<f64>().ok()? * size;
        rest = after;
    }
    Duration::try_from_secs_f64(sum).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_compose_are_understood_and_others_are_none() {
        assert_eq!(parse("4s"), Some(Duration::from_secs(4)));
        assert_eq!(parse("1m30s"), Some(Duration::from_secs(90)));
        assert_eq!(parse("1.5s"), Some(Duration::from_millis(1500)));
        assert_eq!(parse("1h0m0.5s"), Some(Duration::from_millis(3_600_500)));
        for wrong in ["", "4", "s", "4x", "never"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
