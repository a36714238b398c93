//! What a test has in docker, all of it under one name of its own, and gone with the value.
//!
//! A name is in every container, image, network and volume that the test makes: as a part of its name, or as its label. Nothing is ever
//! removed by any other rule, so tests and people share an engine.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::Range;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use super::tools;

/// The label of images, of which only the last has a name.
pub(crate) const LABEL: &str = "shipway.it";

/// A name in docker; what has it is removed with the value.
pub(crate) struct DockerName {
    /// Letters and digits, the first a letter.
    pub(crate) text: String,
}

/// A container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Container {
    /// All digits.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// Its compose service.
    pub(crate) service: String,
    /// What it was started from.
    pub(crate) image: String,
    /// `running`, `exited`, `created`, …
    pub(crate) state: String,
}

impl DockerName {
    /// A new one.
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // Process ids come again in another container; the clock does not.
        let time = std::time::UNIX_EPOCH.elapsed().unwrap().as_micros() % 1_000_000_000;
        Self { text: format!("swit{}x{count}x{time}", std::process::id()) }
    }

    /// All its containers, by name.
    pub(crate) fn containers(&self) -> Vec<Container> {
        let format = "{{.ID}}\t{{.Names}}\t{{.Label \"com.docker.compose.service\"}}\t{{.Image}}\t{{.State}}";
        let filter = format!("name={}", self.text);
        let text = docker(&["ps", "--all", "--no-trunc", "--filter", &filter, "--format", format]);
        let mut containers: Vec<Container> = text
            .lines()
            .map(|line| {
                let mut fields = line.split('\t').map(str::to_owned);
                let mut next = || fields.next().unwrap_or_default();
                Container { id: next(), name: next(), service: next(), image: next(), state: next() }
            })
            .collect();
        containers.sort_by(|one, other| one.name.cmp(&other.name));
        containers
    }

    /// The references of its images, `NAME:TAG`.
    pub(crate) fn images(&self) -> Vec<String> {
        let text = docker(&["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]);
        let mut images: Vec<String> =
            text.lines().filter(|line| line.contains(&self.text)).map(str::to_owned).collect();
        images.sort();
        images
    }

    /// Removes all that has the name.
    pub(crate) fn clean(&self) {
        let by_name = format!("name={}", self.text);
        let by_label = format!("label={LABEL}={}", self.text);
        // Somebody may be in the middle of making the next one.
        for _ in 0..5 {
            let containers = words(
                &["ps", "--all", "--quiet", "--filter", &by_name],
                &["ps", "-aq", "--filter", &by_label],
            );
            let networks = words(&["network", "ls", "--quiet", "--filter", &by_name], &[]);
            let volumes = words(&["volume", "ls", "--quiet", "--filter", &by_name], &[]);
            // By reference, for an image may have several; what has none is left to the label.
            let mut images = self.images();
            images.extend(words(&["image", "ls", "--quiet", "--filter", &by_label], &[]));
            if [&containers, &networks, &volumes, &images].iter().all(|found| found.is_empty()) {
                return;
            }
            remove(&["rm", "--force", "--volumes"], &containers);
            remove(&["network", "rm"], &networks);
            remove(&["volume", "rm", "--force"], &volumes);
            remove(&["image", "rm", "--force"], &images);
        }
    }
}

impl Drop for DockerName {
    fn drop(&mut self) {
        if tools::find("docker").is_some() {
            self.clean();
        }
    }
}

/// Runs docker to a good end.
#[track_caller]
pub(crate) fn docker(args: &[&str]) -> String {
    let output = output_of(args).expect("docker starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "docker {}: {}\n{said}", args.join(" "), output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// What docker says on both streams, however it ends.
pub(crate) fn docker_says(args: &[&str]) -> String {
    let output = output_of(args).expect("docker starts");
    [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat()
}

/// A free port of the loopback that no other test gets, in this program or another.
///
/// It lies below those that the kernel gives to clients: one of theirs could be taken between now and when the server starts. A program
/// takes blocks of ports, and for as long as it runs it listens on the first of a block, which says that the block is taken.
pub(crate) fn free_port() -> SocketAddr {
    const BLOCK: u16 = 40;
    static TAKEN: Mutex<(Vec<TcpListener>, Range<u16>)> = Mutex::new((Vec::new(), 0..0));
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if let Some(port) = taken.1.next() {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            if TcpListener::bind(address).is_ok() {
                return address;
            }
        } else {
            // Not all begin with the same block.
            let offset = std::process::id() as usize + taken.0.len();
            let first = (20_000..32_000).step_by(BLOCK.into()).cycle().skip(offset % 300);
            let claim = |port| Some((port, TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?));
            let (first, listener) = first.take(300).find_map(claim).expect("a block of free ports");
            taken.0.push(listener);
            taken.1 = first + 1..first + BLOCK;
        }
    }
}

fn output_of(args: &[&str]) -> std::io::Result<Output> {
    let docker = tools::find("docker").unwrap_or_else(|| "docker".into());
    Command::new(docker).args(args).stdin(Stdio::null()).output()
}

/// The words of two answers, each once; none where docker does not answer: it is asked while a failed test is cleaned up.
fn words(first: &[&str], second: &[&str]) -> Vec<String> {
    let mut found: Vec<String> = [first, second]
        .into_iter()
        .filter(|args| !args.is_empty())
        .filter_map(|args| output_of(args).ok())
        .flat_map(|output| {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.split_whitespace().map(str::to_owned).collect::<Vec<String>>()
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

/// What can't be removed yet is tried again.
fn remove(command: &[&str], names: &[String]) {
    if !names.is_empty() {
        let args: Vec<&str> = command.iter().copied().chain(names.iter().map(String::as_str)).collect();
        output_of(&args).ok();
    }
}
