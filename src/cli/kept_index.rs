//! The index of a large tasks file, kept beside its runs: `.shipway/NAME.index`, private to the user.
//!
//! It says what may be left out when the file is read, so it has to be our own: its first line is a digest with the user's key. One that
//! came with the project's files, or that was damaged, is as good as none. It is safe to lose.

use std::path::{Path, PathBuf};

use super::goals;
use super::options::Options;
use crate::journal::store::FOLDER;
use crate::ledger::DigestKey;
use crate::model::{Model, SourceLoader, index, is_current, is_worth_index, load_excerpt};
use crate::os::Doors;
use crate::os::files::stamp;

/// What the digest is of.
const NAME: &str = "index of a tasks file";

/// The part of `file` that these goals need; `None` where the whole has to be read.
pub(super) fn part(
    doors: &Doors,
    options: &Options,
    goals: &[Vec<String>],
    (file, loader): (&Path, &dyn SourceLoader),
) -> Option<Model> {
    // Whether a word is one that something asks for, all tasks have to be asked.
    if !options.confirm.is_empty() {
        return None;
    }
    let kept = read(doors, file)?;
    let names: Option<Vec<&str>> = goals.iter().map(|goal| goal.first().map(String::as_str)).collect();
    let model = load_excerpt(file, loader, (&kept, &own_stamp(doors)?), &names?)?;
    // Where something is wrong with their words, what is told may name other tasks.
    let is_right = |goal: &Vec<String>| match goal.split_first() {
        Some((name, words)) => {
            goals::task_goal(&model, &doors.environment, name, words, &mut |_, _| Ok(None)).is_ok()
        }
        None => false,
    };
    goals.iter().all(is_right).then_some(model)
}

/// Keeps the index of a file that was read whole, where it is of use and not there yet. Without one all goes on as well.
pub(super) fn keep(doors: &Doors, model: &Model) {
    if !is_worth_index(model) {
        return;
    }
    let Some(stamp) = own_stamp(doors) else { return };
    if read(doors, &model.file).is_some_and(|kept| is_current(&kept, model, &stamp)) {
        return;
    }
    let Some(index) = index(model, &stamp) else { return };
    let Ok(key) = DigestKey::of_user(doors) else { return };
    let text = format!("{}\n{index}", key.digest(NAME, index.as_bytes()).as_str());
    doors.files.write(&path(&model.file), text.as_bytes(), 0o600).ok();
}

fn read(doors: &Doors, file: &Path) -> Option<String> {
    let mut text = String::from_utf8(doors.files.read(&path(file)).ok()?).ok()?;
    let (digest, index) = text.split_once('\n')?;
    if DigestKey::there_is(doors)?.digest(NAME, index.as_bytes()).as_str() != digest {
        return None;
    }
    let start = text.len() - index.len();
    Some(text.split_off(start))
}

fn path(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    file.parent().unwrap_or(Path::new("")).join(FOLDER).join(format!("{name}.index"))
}

/// Which Shipway this is: a file that another one found right has to be read by this one.
fn own_stamp(doors: &Doors) -> Option<String> {
    let program = stamp(doors.environment.executable.as_deref()?).replace('\n', " ");
    (!program.is_empty()).then(|| format!("{} {program}", env!("CARGO_PKG_VERSION")))
}
