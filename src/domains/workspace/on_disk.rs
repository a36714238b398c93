//! A state that lies in a file of this machine, read from there: a start of terraform less.
//!
//! Only where nothing else could be meant: init recorded the `local` backend that the files ask for, the default one of terraform's own
//! workspaces is selected, and the file is a state in clear. In every other case terraform is asked, which also says what is wrong.

use super::site::Site;
use crate::adapters::terraform::backend;
use crate::adapters::terraform::state::{self, StateReading};
use crate::diagnostic::Fault;
use crate::os::files::FileKind;
use crate::run::StepContext;

/// A state as its file has it.
pub(super) struct OnDisk {
    /// The file's text; empty where there is none.
    pub(super) text: String,
    /// What is in it; `None` where there is no state yet.
    pub(super) reading: Option<StateReading>,
}

impl Site {
    /// The state, where it can be read without terraform.
    pub(super) fn state_on_disk(&self, context: &mut StepContext<'_>) -> Result<Option<OnDisk>, Fault> {
        let doors = context.doors();
        let folder = self.folder()?;
        if doors.files.kind(&folder) != FileKind::Folder {
            return Ok(None);
        }
        let env = self.environment(context)?;
        self.refuse_another_state(context, &env)?;
        let files = self.files(doors)?;
        let files: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let record = doors.files.read(&self.data_folder(&doors.environment)?.join("terraform.tfstate")).ok();
        let record = record.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let Some(path) = backend::state_file(record.as_deref(), &files) else { return Ok(None) };
        let path = folder.join(path);
        let text = match doors.files.kind(&path) {
            FileKind::Missing => String::new(),
            _ => match doors.files.read(&path).map(String::from_utf8) {
                Ok(Ok(text)) => text,
                _ => return Ok(None),
            },
        };
        // Another writes it at this moment, or it is encrypted.
        Ok(state::parse(&text).ok().map(|reading| OnDisk { text, reading }))
    }
}
