//! Shipway, or all that runs, is killed at a moment that nobody chose, and whoever comes next brings things in order.
//!
//! A moment is a share of the time that an undisturbed run took just before. A few are tried here; with `UP_KILLS` set to `random:N` that many in
//! each test, and with `random:N:SEED` the same shares again.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};

use crate::harness::needs;
use crate::harness::postgres::Postgres;
use crate::resume::place::{Place, WORKSPACES};

/// Numbers that follow from a seed (an LCG; Knuth, MMIX).
struct Draws(u64);

impl Draws {
    /// A number of `0..limit`.
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// How many kills there shall be, and what their moments follow from.
fn wanted(few: u64) -> (u64, u64) {
    let asked = std::env::var("UP_KILLS").ok();
    let asked = asked.as_deref().and_then(|asked| asked.strip_prefix("random:"));
    let mut numbers = asked.into_iter().flat_map(|numbers| numbers.split(':')).map(|it| it.parse().unwrap());
    let number = numbers.next().unwrap_or(few);
    (number, numbers.next().unwrap_or_else(|| RandomState::new().hash_one(number)))
}

/// Kills Shipway, and in every other turn all that it has started, in the middle of `command`; and sees what the same command then makes of it.
fn killed_at_random_moments(postgres: Option<&Postgres>, command: &str, few: u64) {
    let is_up = command == "up";
    let prepare = || {
        let place = Place::two(postgres);
        if !is_up {
            place.space.run("up --yes").exits(0);
        }
        place
    };
    let line = format!("{command} --yes");
    let (wanted, seed) = wanted(few);
    let backend = if postgres.is_some() { "pg" } else { "local" };
    println!("{command}, {backend}: seed {seed}");
    let undisturbed = prepare();
    let start = Instant::now();
    undisturbed.space.run(&line).exits(0);
    let whole = start.elapsed();
    let mut draws = Draws(seed);
    let (mut kills, mut recovered, mut late) = ([0, 0], 0, 0);
    while kills[0] + kills[1] < wanted {
        let (with_all, share) = (draws.below(2) == 1, draws.below(1000));
        let after = whole.mul_f64(f64::from(u32::try_from(share).unwrap()) / 1000.0);
        let place = prepare();
        let mut running = place.space.start(&line);
        let is_late = running.ends_within(after.max(Duration::from_millis(1)));
        if !is_late {
            kill_process(running.pid, Signal::KILL).ok();
        }
        if with_all {
            place.kill_all();
        }
        let killed = running.wait();
        if is_late || killed.signal() != Some(9) {
            late += 1;
            assert!(late <= 3 * wanted, "kills come too late: an undisturbed run took {whole:?}");
            continue;
        }
        kills[usize::from(with_all)] += 1;
        let whom = if with_all { "all" } else { "Shipway" };
        let before: Vec<Vec<String>> = WORKSPACES.map(|name| place.lines(name)).into();
        let next = place.space.run(&format!("--json {line}"));
        let context = format!("{whom} killed after {after:?} of {whole:?}: {}\n{}", killed.all(), next.all());
        assert!(next.signal().is_none() && next.stdout.contains("run-finished"), "{context}");
        next.exits(0);
        match (is_up, with_all) {
            (true, false) => place.assert_in_order(&context),
            (true, true) => place.assert_made_or_named(&before, &next, &context),
            (false, _) => place.assert_is_gone(&context),
        }
        recovered += 1;
    }
    let [alone, all] = kills;
    println!(
        "random moments of {command}, {backend}: {alone} kills of Shipway, {all} of all; {recovered} recovered; {late} came too late"
    );
}

#[test]
fn killed_at_any_moment_of_an_up_loses_nothing_on_a_local_backend() {
    needs!("terraform");
    killed_at_random_moments(None, "up", 3);
}

#[test]
fn killed_at_any_moment_of_an_up_loses_nothing_on_postgresql() {
    needs!("terraform", "postgres");
    killed_at_random_moments(Some(&Postgres::start()), "up", 2);
}

#[test]
fn killed_at_any_moment_of_a_down_ends_with_nothing_left_on_a_local_backend() {
    needs!("terraform");
    killed_at_random_moments(None, "down", 2);
}

#[test]
fn killed_at_any_moment_of_a_down_ends_with_nothing_left_on_postgresql() {
    needs!("terraform", "postgres");
    killed_at_random_moments(Some(&Postgres::start()), "down", 2);
}
