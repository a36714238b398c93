//! Durations as people write and read them.
//!
//! What is written is strict: whole numbers, each with a unit, largest unit first, each unit once. A bare `5`
//! is refused because half of the tools mean seconds by it and half minutes. What is shown drops everything
//! that nobody reads: a run of two hours has no tenths.

use std::time::Duration;

/// Units from large to small, in milliseconds.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// `"90s"`, `"2m"`, `"1h30m"`, `"500ms"`, `"1d"`; anything else is `None`, as is what overflows 64 bits of
/// milliseconds.
pub fn parse(text: &str) -> Option<Duration> {
    if text.is_empty() {
        return None;
    }
    let mut units = UNITS.iter();
    let mut milliseconds = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let (unit, after) = after.split_at(after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len()));
        // The iterator goes on where it stopped, so a unit that was passed or used is not found again.
        let (_, size) = units.find(|(name, _)| *name == unit)?;
        milliseconds = number.parse::<u64>().ok()?.checked_mul(*size)?.checked_add(milliseconds)?;
        rest = after;
    }
    Some(Duration::from_millis(milliseconds))
}

/// `40ms`, `0.4s`, `12s`, `1m05s`, `2h03m`, `1d02h`, and without the second part where that is zero: `2m`.
///
/// Cuts and never rounds up, as a clock does: `59.9s` is not yet a minute.
pub fn render(duration: Duration) -> String {
    let pair = |large: u64, unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{large}{unit}"),
        _ => format!("{large}{unit}{small:02}{small_unit}"),
    };
    let seconds = duration.as_secs();
    match duration.as_millis() {
        0 => "0s".to_owned(),
        milliseconds @ 1..100 => format!("{milliseconds}ms"),
        100..10_000 => match duration.subsec_millis() / 100 {
            0 => format!("{seconds}s"),
            tenths => format!("{seconds}.{tenths}s"),
        },
        10_000..60_000 => format!("{seconds}s"),
        60_000..3_600_000 => pair(seconds / 60, "m", seconds % 60, "s"),
        3_600_000..86_400_000 => pair(seconds / 3_600, "h", seconds / 60 % 60, "m"),
        _ => pair(seconds / 86_400, "d", seconds / 3_600 % 24, "h"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_with_units_are_durations() {
        for (text, milliseconds) in [
            ("90s", 90_000),
            ("2m", 120_000),
            ("1h30m", 5_400_000),
            ("500ms", 500),
            ("1d", 86_400_000),
            ("1d2h3m4s5ms", 93_784_005),
            ("1m05s", 65_000),
            ("0s", 0),
            ("0m0s", 0),
        ] {
            assert_eq!(parse(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "5",
            "s",
            "-1s",
            "+1s",
            "1x",
            "1.5s",
            "1 s",
            " 1s",
            "1s ",
            "1S",
            "30m1h",
            "1m1m",
            "1h30",
            "1sm",
            "٣s",
            "1ś",
            "99999999999999999999s",
            "18446744073709551615s",
            "213503982335d1h1m",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn durations_are_shown_as_short_as_they_are_read() {
        for (milliseconds, text) in [
            (0, "0s"),
            (40, "40ms"),
            (430, "0.4s"),
            (999, "0.9s"),
            (2_000, "2s"),
            (9_990, "9.9s"),
            (12_300, "12s"),
            (59_999, "59s"),
            (60_000, "1m"),
            (65_000, "1m05s"),
            (3_600_000, "1h"),
            (7_380_000, "2h03m"),
            (90_000_000, "1d01h"),
        ] {
            assert_eq!(render(Duration::from_millis(milliseconds)), text);
        }
        assert_eq!(render(Duration::from_nanos(1)), "0s");
    }

    proptest! {
        #[test]
        fn whole_minutes_survive_showing_and_reading(minutes in 1_u64..1_440) {
            let duration = Duration::from_secs(minutes * 60);
            prop_assert_eq!(parse(&render(duration)), Some(duration));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            let _ = parse(&text);
        }
    }
}
