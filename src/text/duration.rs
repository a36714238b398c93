//! Durations as people write and read them.

use std::time::Duration;

/// `"90s"`, `"2m"`, `"1h30m"`, `"500ms"`; anything else is `None`.
pub fn parse(text: &str) -> Option<Duration> {
    let _ = text;
    None
}

/// `0.4s`, `12s`, `1m05s`, `2h03m`.
pub fn render(duration: Duration) -> String {
    format!("{duration:?}")
}
