//! Scripted doors: everything above the machine is tested with these.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::process::{Child, ChildControl, ChildEvent, Launch, Processes};
use crate::event::{Stream, Termination};

/// What a scripted process does.
#[derive(Clone, Debug)]
pub struct ScriptedAnswer {
    /// What it prints, in order.
    pub output: Vec<(Stream, Vec<u8>)>,
    /// How it ends; `None`: only when it is told to, by the signal that it was told with.
    pub ends: Option<Termination>,
}

impl ScriptedAnswer {
    /// It prints `out` and exits with `status`.
    pub fn new(out: &str, status: i32) -> Self {
        let output = vec![(Stream::Out, out.as_bytes().to_vec())];
        Self { output, ends: Some(Termination::Exited { status }) }
    }

    /// It prints `out` and runs until it is told to end.
    pub fn endless(out: &str) -> Self {
        Self { ends: None, ..Self::new(out, 0) }
    }
}

/// Starts no process: each start takes the next answer.
#[derive(Clone, Debug, Default)]
pub struct ScriptedProcesses {
    inner: Arc<Mutex<Script>>,
}

#[derive(Debug, Default)]
struct Script {
    answers: VecDeque<ScriptedAnswer>,
    started: Vec<String>,
}

impl ScriptedProcesses {
    /// Processes that answer so, in the order in which they are started.
    pub fn new(answers: impl IntoIterator<Item = ScriptedAnswer>) -> Self {
        let script = Script { answers: answers.into_iter().collect(), started: Vec::new() };
        Self { inner: Arc::new(Mutex::new(script)) }
    }

    /// The command lines that were started.
    pub fn started(&self) -> Vec<String> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).started.clone()
    }
}

impl Processes for ScriptedProcesses {
    fn start(&self, launch: &Launch) -> io::Result<Box<dyn Child>> {
        let mut script = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let words =
            std::iter::once(launch.program.as_os_str()).chain(launch.args.iter().map(|arg| arg.as_os_str()));
        let words: Vec<_> = words.map(|word| word.to_string_lossy().into_owned()).collect();
        script.started.push(words.join(" "));
        let answer = script.answers.pop_front().ok_or_else(|| io::Error::other("no answer is left"))?;
        Ok(Box::new(ScriptedChild {
            output: answer.output.into(),
            ends: answer.ends,
            control: Arc::new(ScriptedControl::default()),
        }))
    }
}

struct ScriptedChild {
    output: VecDeque<(Stream, Vec<u8>)>,
    ends: Option<Termination>,
    control: Arc<ScriptedControl>,
}

#[derive(Default)]
struct ScriptedControl {
    told: Mutex<Option<i32>>,
    changed: Condvar,
}

impl ScriptedControl {
    fn tell(&self, signal: i32) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(signal);
        self.changed.notify_all();
    }
}

impl ChildControl for ScriptedControl {
    fn ask_to_end(&self, signal: i32) {
        self.tell(signal);
    }

    fn kill(&self) {
        self.tell(signal_hook::consts::SIGKILL);
    }
}

impl Child for ScriptedChild {
    fn pid(&self) -> u32 {
        0
    }

    fn next(&mut self, limit: Duration) -> ChildEvent {
        if let Some((stream, bytes)) = self.output.pop_front() {
            return ChildEvent::Output(stream, bytes);
        }
        if let Some(termination) = self.ends {
            return ChildEvent::Ended { termination, leaked: false, swept: Vec::new() };
        }
        let told = self.control.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (told, _) = self
            .control
            .changed
            .wait_timeout_while(told, limit, |told| told.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        match *told {
            Some(signal) => ChildEvent::Ended {
                termination: Termination::Signaled { signal },
                leaked: false,
                swept: Vec::new(),
            },
            None => ChildEvent::Quiet,
        }
    }

    fn control(&self) -> Arc<dyn ChildControl> {
        Arc::clone(&self.control) as Arc<dyn ChildControl>
    }
}
