//! The doors to the machine: processes, files, clock, environment, signals, the terminal, tools.
//!
//! Everything that Shipway does to the machine goes through here, so that all above can be tested without one: a door that decides
//! something is a small trait with a real and a scripted implementation, a door that only tells is a value that a test can write down.
//! No door knows why it is opened.

pub mod clock;
pub mod command;
pub mod contents;
pub mod detached;
pub mod environment;
pub mod files;
pub mod identity;
pub mod kill_point;
pub mod lock;
pub mod process;
pub mod random;
pub mod relay;
pub mod scripted;
pub mod shim;
pub mod signal;
pub mod sockets;
pub mod sources;
pub mod terminal;
pub mod tool;
pub mod tree;
pub mod walk;
pub mod watch;

use clock::Clock;
use environment::Environment;
use files::Files;
use process::Processes;
use tool::Tools;

/// All doors of one process.
pub struct Doors {
    /// Starts child processes.
    pub processes: Box<dyn Processes>,
    /// Reads and writes files.
    pub files: Box<dyn Files>,
    /// Knows the time.
    pub clock: Box<dyn Clock>,
    /// What we were started with.
    pub environment: Environment,
    /// Finds programs.
    pub tools: Tools,
}

impl Doors {
    /// The doors to the real machine.
    pub fn real() -> Self {
        let environment = Environment::gather();
        Self {
            processes: Box::new(process::RealProcesses),
            files: Box::new(files::RealFiles),
            clock: Box::new(clock::RealClock::default()),
            tools: Tools::default(),
            environment,
        }
    }
}
