//! A copy of the state before each apply and destroy: the way back when everything else is lost.
//!
//! `.shipway/snapshots/WORKSPACE/SERIAL-TIME.tfstate`, private, since a state holds secrets in clear; the last ten of each workspace are kept.
//! Without a copy nothing is changed. Where there is no state yet, there is nothing to copy.

use std::path::PathBuf;

use super::on_disk::OnDisk;
use super::pulumi::StackFound;
use super::site::Site;
use crate::adapters::terraform::state::{self, StateReading};
use crate::adapters::terraform::text_box;
use crate::diagnostic::{Fault, FaultKind};
use crate::run::StepContext;

/// So many are kept of each workspace.
const KEPT: usize = 10;

impl Site {
    /// Copies the state, and tells what is in it.
    pub(super) fn snapshot(&self, context: &mut StepContext<'_>) -> Result<Option<StateReading>, Fault> {
        if self.is_pulumi() {
            return self.stack_snapshot(context);
        }
        let text = match self.state_text(context)? {
            Ok(text) if text.is_empty() => return Ok(None),
            Ok(text) => text,
            Err(said) => {
                let diagnostics = text_box::parse(&said);
                return Err(self.failure(context, "copying the state", &diagnostics, &said));
            }
        };
        let reading = state::parse(&text).map_err(|error| self.not_copied(&error))?;
        // A backend that is no file prints an empty state where there is none: one without a lineage.
        let Some(reading) = reading.filter(|state| !state.lineage.is_empty()) else { return Ok(None) };
        self.keep(context, reading, &text).map(Some)
    }

    /// The same of a stack. Its secrets stay encrypted, as `pulumi stack import` takes them back.
    fn stack_snapshot(&self, context: &mut StepContext<'_>) -> Result<Option<StateReading>, Fault> {
        match self.stack_state(context, false)? {
            StackFound::State(state, text) if !state.reading.managed.is_empty() => {
                self.keep(context, state.reading, &text).map(Some)
            }
            StackFound::State(..) | StackFound::None => Ok(None),
        }
    }

    fn keep(
        &self,
        context: &StepContext<'_>,
        reading: StateReading,
        text: &str,
    ) -> Result<StateReading, Fault> {
        let name = format!("{:08}", reading.serial);
        self.keep_snapshot(context, &name, text.as_bytes()).map_err(|error| self.not_copied(&error))?;
        Ok(reading)
    }

    /// The state as text, empty where there is none; the inner error is what terraform said to standard error.
    pub(super) fn state_text(&self, context: &mut StepContext<'_>) -> Result<Result<String, String>, Fault> {
        if let Some(OnDisk { text, .. }) = self.state_on_disk(context)? {
            return Ok(Ok(text));
        }
        let (termination, answer) = self.ask_again(context, "reading the state", |root| root.state_pull())?;
        Ok(if termination.is_success() { Ok(answer.out) } else { Err(answer.err) })
    }

    /// Keeps a state under the name that begins with `name`, and removes the oldest beyond those that are kept.
    pub(super) fn keep_snapshot(
        &self,
        context: &StepContext<'_>,
        name: &str,
        bytes: &[u8],
    ) -> std::io::Result<PathBuf> {
        let files = &context.doors().files;
        let folder = context.root().join(".shipway/snapshots").join(&self.name);
        files.create_private_dir(&folder)?;
        let time = context.doors().clock.now().strftime("%Y%m%dT%H%M%S%3fZ").to_string();
        let path = folder.join(format!("{name}-{time}.tfstate"));
        files.write(&path, bytes, 0o600)?;
        for old in surplus(files.list(&folder)?) {
            files.remove(&folder.join(old))?;
        }
        Ok(path)
    }

    fn not_copied(&self, error: &dyn std::fmt::Display) -> Fault {
        let message = format!("the state of `{}` could not be copied: {error}", self.name);
        Fault::new(FaultKind::World, message).hint(
            "nothing is changed without a copy in .shipway/snapshots; make that possible and run this again",
        )
    }
}

/// The names of those that go. The time stands after the last `-`.
fn surplus(mut names: Vec<String>) -> Vec<String> {
    names.retain(|name| name.ends_with(".tfstate"));
    names.sort_by(|one, other| one.rsplit('-').next().cmp(&other.rsplit('-').next()));
    let kept = names.len().min(KEPT);
    names.truncate(names.len() - kept);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_whatever_their_serial() {
        let name = |number: usize| format!("{:08}-20261122T1000{number:02}000Z.tfstate", 50 - number);
        let mut names: Vec<String> = (0..12).map(name).collect();
        names.push("notes".to_owned());
        assert_eq!(surplus(names), [name(0), name(1)]);
        assert_eq!(surplus(vec![name(3)]), Vec::<String>::new());
    }
}
