//! A call that changes nothing is made again where its failure is one that passes: init, a plan, a look at a state. Never an apply or a destroy:
//! after one that failed, only a fresh plan knows what is left to do.

use super::site::{Answer, Site};
use crate::adapters::terraform::{Root, TerraformDiagnostic, text_box, transient};
use crate::diagnostic::Fault;
use crate::event::{Level, Termination};
use crate::os::command::CommandSpec;
use crate::run::{StepContext, interrupted};
use crate::text::duration;

impl Site {
    /// Whether a call that failed is made again. Then its time to wait is over, and it was said why.
    pub(super) fn tries_again(
        &self,
        context: &StepContext<'_>,
        what: &str,
        tries: u32,
        (diagnostics, complaint): (&[TerraformDiagnostic], &str),
    ) -> Result<bool, Fault> {
        let settings = &self.model.terraform;
        let Some(known) = transient::transient(diagnostics, complaint, &settings.retry_on) else {
            return Ok(false);
        };
        if tries >= settings.retry.attempts || context.is_cancelled() {
            return Ok(false);
        }
        // It doubles from one to the next.
        let wait = settings.retry.delay.saturating_mul(1 << (tries - 1).min(16));
        let text = format!(
            "{what} of `{}` failed with what may pass ({known}); again in {}, for the {} of {} times",
            self.name,
            duration::render(wait),
            ordinal(tries + 1),
            settings.retry.attempts
        );
        context.log().notice(Level::Warning, &text);
        if context.wait(wait) { Ok(true) } else { Err(interrupted()) }
    }

    /// Runs a call that only looks, and reads its answer whole; again where its failure is one that passes.
    pub(super) fn ask_again(
        &self,
        context: &mut StepContext<'_>,
        what: &str,
        call: impl Fn(&Root<'_>) -> CommandSpec,
    ) -> Result<(Termination, Answer), Fault> {
        let mut tries = 1;
        loop {
            let (termination, answer) = self.ask(context, &call)?;
            let said = text_box::parse(&answer.err);
            if termination.is_success() || !self.tries_again(context, what, tries, (&said, &answer.err))? {
                return Ok((termination, answer));
            }
            tries += 1;
        }
    }
}

fn ordinal(number: u32) -> String {
    let ending = match (number % 10, number % 100) {
        (1, other) if other != 11 => "st",
        (2, other) if other != 12 => "nd",
        (3, other) if other != 13 => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}
