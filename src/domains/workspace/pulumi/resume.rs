//! What a dead update of a stack leaves: named before anything else runs, from its events and from what the state says was being done.

use super::StackFound;
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::workspace::plan::Purpose;
use crate::domains::workspace::resume::{Doubt, salvage};
use crate::domains::workspace::site::Site;
use crate::event::Level;
use crate::run::StepContext;
use crate::text::count::count;

/// Compares what is doubtful with the state, and names it. Pulumi's program alone says what is there, so nothing is imported by us.
pub(in crate::domains::workspace) fn clear_up(
    context: &mut StepContext<'_>,
    site: &Site,
    purpose: Purpose,
    doubt: &Doubt,
) -> Result<(), Fault> {
    let (managed, pending) = match site.stack_state(context, false)? {
        StackFound::State(state, _) => (state.reading.managed, state.pending),
        StackFound::None => (Vec::new(), Vec::new()),
    };
    let salvage = salvage(doubt, &managed);
    let mut text = String::new();
    let made = salvage.imports.iter().map(|made| format!("{} (id {})", made.address, made.id));
    let lost: Vec<String> = made.chain(salvage.lost).collect();
    let mut list = |what: &str, addresses: &[String]| {
        addresses.iter().for_each(|address| text.push_str(&format!("\n  {what}: {address}")));
    };
    list("was made and is not in the state, so it would be made again", &lost);
    list("may exist and is not in the state; look before you approve that it is made", &salvage.maybe);
    list("is in the state, and the next plan looks at it", &salvage.looked_at);
    let begun: Vec<String> = pending.iter().map(|(doing, address)| format!("{doing} {address}")).collect();
    list("the state says that this was begun", &begun);
    if !text.is_empty() {
        let text = format!("what becomes of that in `{}`:{text}", site.name);
        context.log().notice(Level::Warning, &text);
    }
    if lost.is_empty() || purpose == Purpose::Apply {
        return Ok(());
    }
    let message = format!(
        "`{}` can't be destroyed whole: {} that an update made {} not in its state",
        site.name,
        count(lost.len(), "resource"),
        if lost.len() == 1 { "is" } else { "are" }
    );
    Err(Fault::new(FaultKind::Refused, message)
        .hint("`pulumi import` takes it in; then this again")
        .hint(format!("or remove it at its provider, and `shipway up {}`; then destroy", site.name)))
}
