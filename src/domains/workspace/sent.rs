//! Which secrets a workspace was given by an apply, noted so that `secrets list` knows which of them are stale there.
//!
//! What can't be noted is told and fails nothing: the apply is done.

use crate::diagnostic::Fault;
use crate::event::Level;
use crate::ledger::{DigestKey, Ledger, LedgerError, LedgerWriter, Sent, secret_key};
use crate::model::{Reference, SECRET_PREFIX, Workspace};
use crate::run::StepContext;
use crate::run::bindings::Scope;

/// As the ledger calls a workspace.
pub fn ledger_place(workspace: &str) -> String {
    format!("workspace:{workspace}")
}

/// Notes what an apply of `workspace` gave it.
pub(super) fn note_given(context: &mut StepContext<'_>, workspace: &Workspace) {
    let bindings = context.bindings();
    let references = bindings.model().secrets_of(workspace);
    if references.is_empty() {
        return;
    }
    let given =
        references.iter().map(|reference| given(context, reference)).collect::<Result<Vec<_>, Fault>>();
    let noted = given.map(|given| note(context, workspace, given.concat()));
    let problem = match noted {
        Ok(Ok(()) | Err(LedgerError::NoHome)) => return,
        Ok(Err(error)) => error.to_string(),
        Err(fault) => fault.message,
    };
    let text = format!("`{}` has its secrets, but that could not be noted: {problem}", workspace.name);
    context.log().notice(Level::Warning, &text);
}

/// Notes that a destroyed workspace has none any more.
pub(super) fn note_gone(context: &StepContext<'_>, workspace: &str) {
    let place = ledger_place(workspace);
    let forget = || {
        let mut ledger = LedgerWriter::open_soon(context.doors(), context.root())?;
        let result = ledger.forget_place(&place);
        ledger.close()?;
        result
    };
    if let Err(error) = forget() {
        let text = format!("`{workspace}` has its secrets no more, but that could not be noted: {error}");
        context.log().notice(Level::Warning, &text);
    }
}

/// The secrets behind a reference: their keys in the ledger, and the values that were given. They are known already, the apply had them.
fn given(context: &mut StepContext<'_>, reference: &Reference) -> Result<Vec<(String, String)>, Fault> {
    let bindings = context.bindings();
    let value = bindings.value(context, &Scope::default(), reference)?;
    Ok(match reference {
        Reference::EnvFileMap { environment } => {
            let map = value.json.as_object().cloned().unwrap_or_default();
            map.into_iter()
                .map(|(name, value)| {
                    (secret_key(Some(environment), &name), value.as_str().unwrap_or_default().to_owned())
                })
                .collect()
        }
        Reference::Variable(name) => {
            let name = name.strip_prefix(SECRET_PREFIX).unwrap_or(name);
            vec![(secret_key(None, name), value.text())]
        }
        _ => Vec::new(),
    })
}

fn note(
    context: &StepContext<'_>,
    workspace: &Workspace,
    given: Vec<(String, String)>,
) -> Result<(), LedgerError> {
    let key = DigestKey::of_user(context.doors())?;
    let place = ledger_place(&workspace.name);
    let at = context.doors().clock.now();
    let sent: Vec<(String, Sent)> = given
        .into_iter()
        .map(|(secret, value)| {
            let digest = key.digest(&secret, value.as_bytes());
            (secret, Sent { digest, at, remote_updated_at: None })
        })
        .collect();
    // Most runs change nothing.
    let known = Ledger::read(context.doors(), context.root())?;
    let is_known = |(secret, sent): &(String, Sent)| {
        known.sent(&place, secret).is_some_and(|it| it.digest == sent.digest)
    };
    if sent.iter().all(is_known) {
        return Ok(());
    }
    let mut ledger = LedgerWriter::open_soon(context.doors(), context.root())?;
    let result = ledger.note_all(&place, sent);
    ledger.close()?;
    result
}
