//! Points at which a test has us killed, to see that whoever comes next puts things in order. Only in debug builds.

/// Passes a point: counts it, and ends us hard where it is the one that `SHIPWAY_KILL_AT` names (from 1). Where `SHIPWAY_COUNT_POINTS`
/// names a file, the count so far is in it.
#[cfg(debug_assertions)]
#[expect(clippy::disallowed_methods, reason = "this is a door, and only tests open it")]
pub fn pass() {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static PASSED: AtomicU64 = AtomicU64::new(0);
    static ASKED: OnceLock<(Option<u64>, Option<std::ffi::OsString>)> = OnceLock::new();

    let (kill_at, file) = ASKED.get_or_init(|| {
        let at = std::env::var("SHIPWAY_KILL_AT").ok().and_then(|number| number.parse().ok());
        (at, std::env::var_os("SHIPWAY_COUNT_POINTS"))
    });
    let number = PASSED.fetch_add(1, Ordering::SeqCst) + 1;
    if let Some(file) = file {
        std::fs::write(file, number.to_string()).ok();
    }
    if *kill_at == Some(number) {
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).ok();
    }
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub fn pass() {}
