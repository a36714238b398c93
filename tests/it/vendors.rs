//! The vendors' APIs against their stand-ins: what is asked, what is made of each failure, and what a person is told to do.

mod digitalocean;
mod github;
mod gitlab;
mod web;

use std::ffi::OsString;
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use shipway::adapters::vendor::{Access, Client, Pace, Vendor};
use shipway::diagnostic::Fault;
use shipway::http::RealWeb;
use shipway::os::environment::Environment;

use crate::harness::vendors::{self as stand_ins, StandIn};

/// Time that goes on only when somebody waits, and so at once.
struct Patience {
    now: Mutex<Timestamp>,
    waits: Mutex<Vec<u64>>,
    is_cancelled: bool,
}

impl Pace for Patience {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    fn wait(&self, time: Duration) -> bool {
        self.waits.lock().unwrap().push(time.as_secs());
        *self.now.lock().unwrap() += time;
        !self.is_cancelled
    }
}

/// When the tests take place: 2027-01-15 08:00:00 UTC.
const NOW: i64 = 1_800_000_000;

/// Somebody who asks a stand-in.
struct Desk {
    web: RealWeb,
    pace: Patience,
    access: Access,
}

impl Desk {
    fn at<V: stand_ins::Vendor>(stand_in: &StandIn<V>, vendor: &'static Vendor) -> Self {
        Self::with(vendor, &stand_in.variables())
    }

    fn with(vendor: &'static Vendor, variables: &[(String, String)]) -> Self {
        let environment = environment(variables);
        let now = Mutex::new(Timestamp::from_second(NOW).unwrap());
        Self {
            web: RealWeb::new(&environment),
            pace: Patience { now, waits: Mutex::default(), is_cancelled: false },
            access: Access::gather(vendor, &environment).unwrap(),
        }
    }

    fn client(&self) -> Client<'_> {
        Client::new(&self.web, &self.pace, &self.access)
    }

    /// The seconds of all waits.
    fn waits(&self) -> Vec<u64> {
        self.pace.waits.lock().unwrap().clone()
    }
}

fn environment(variables: &[(String, String)]) -> Environment {
    let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    Environment { variables: variables.collect(), ..Environment::default() }
}

/// The variables with one of them set to something else.
fn with(mut variables: Vec<(String, String)>, name: &str, value: &str) -> Vec<(String, String)> {
    variables.retain(|(other, _)| other != name);
    variables.push((name.to_owned(), value.to_owned()));
    variables
}

/// All that a person is told, a line each, with `host` as HOST.
#[track_caller]
fn assert_told<'a, E>(error: &'a E, host: &str, expected: &[&str])
where
    Fault: From<&'a E>,
{
    let fault = Fault::from(error);
    let lines = [vec![fault.message], fault.details, fault.hints].concat();
    let lines: Vec<String> = lines.iter().map(|line| line.replace(host, "HOST")).collect();
    assert_eq!(lines, expected);
}
