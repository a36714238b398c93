//! Drives the built program in a project of its own, against real terraform and real git.
//!
//! `Space` is a temporary project, `program::Shipway` a command line in the making, `Running` a started one, `Output` its end; `Terminal` runs one
//! in a pseudo-terminal. Nothing here sleeps for a fixed time: whoever waits names a condition, and a deadline after which the test fails
//! with everything that was said until then.

pub(crate) mod app;
pub(crate) mod deploy_project;
pub(crate) mod docker;
pub(crate) mod events;
pub(crate) mod http_backend;
pub(crate) mod load;
pub(crate) mod patience;
pub(crate) mod postgres;
pub(crate) mod processes;
pub(crate) mod program;
pub(crate) mod registry;
pub(crate) mod s3;
pub(crate) mod seed;
pub(crate) mod series;
pub(crate) mod server;
pub(crate) mod space;
pub(crate) mod sshd;
pub(crate) mod terminal;
pub(crate) mod tools;
pub(crate) mod vendors;

pub(crate) use events::Story;
pub(crate) use program::Output;
pub(crate) use space::Space;

/// `user@host`, as terraform writes it into locks.
pub(crate) fn identity() -> String {
    let id = std::process::Command::new("id").arg("-un").output().unwrap();
    format!("{}@{}", String::from_utf8(id.stdout).unwrap().trim(), shipway::os::identity::host())
}

/// Ends the test, visibly, where one of the programs that it drives is not there. In CI that fails it.
macro_rules! needs {
    // Programs by name, and `docker engine`.
    ($($tool:literal),+) => {
        if !$crate::harness::tools::are_here(&[$($tool),+]) {
            return;
        }
    };
}
pub(crate) use needs;
