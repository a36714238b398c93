//! Whether a task runs at all, and when it is done: `if` and `wait_until`.

use std::path::Path;
use std::time::Duration;

use crate::diagnostic::{Fault, FaultKind};
use crate::event::{Level, Termination};
use crate::http;
use crate::model::{Condition, Ready, Script, WaitUntil};
use crate::os::files::FileKind;
use crate::os::sockets;
use crate::run::{CommandRun, StepContext, script};
use crate::text::{duration, list};

use super::action::{Place, TaskAction};

/// Between two looks.
const OFTEN: Duration = Duration::from_millis(100);

/// One look at a service takes no longer.
const ONE_LOOK: Duration = Duration::from_secs(5);

/// When an attempt has to be over.
#[derive(Clone, Copy)]
pub(super) struct Deadline {
    /// On the clock that only goes forward.
    pub(super) at: Duration,
    /// So long after it began.
    pub(super) timeout: Duration,
}

impl TaskAction {
    /// Why the task does not run here; `None`: it does.
    pub(super) fn held_back(
        &self,
        context: &mut StepContext<'_>,
        condition: &Condition,
        place: &Place,
    ) -> Result<Option<String>, Fault> {
        let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
        if !condition.os.is_empty() && !condition.os.iter().any(|wanted| wanted == os) {
            return Ok(Some(format!("it is for {}, and this is {os}", list::or_ticked(&condition.os))));
        }
        if !condition.arch.is_empty() && !condition.arch.iter().any(|wanted| wanted == arch) {
            return Ok(Some(format!("it is for {}, and this is {arch}", list::or_ticked(&condition.arch))));
        }
        for name in &condition.env {
            if !context.doors().environment.has(name) {
                return Ok(Some(format!("${name} is not set")));
            }
        }
        if !condition.environment.is_empty() {
            let here = context.bindings().environment()?;
            if !condition.environment.contains(&here) {
                return Ok(Some(format!(
                    "it is for {}, and this is `{here}`",
                    list::or_ticked(&condition.environment)
                )));
            }
        }
        let Some(run) = &condition.run else { return Ok(None) };
        let timeout = self.model.task(&self.task).and_then(|task| task.rules.timeout);
        let (termination, line) = self.asks(context, run, place, timeout)?;
        if let (Termination::TimedOut, Some(timeout)) = (termination, timeout) {
            return Err(self.too_long(timeout).detail(format!("$ {line}")));
        }
        match termination {
            Termination::Exited { status: 0 } => Ok(None),
            Termination::Exited { status: 1 } => Ok(Some(format!("`{line}` says no"))),
            // A program that is missing or broken is no "no".
            other => {
                Err(Fault::new(FaultKind::Failed, format!("the `if` of `{}` failed: {other}", self.task))
                    .detail(format!("$ {line}"))
                    .hint("0 means yes and 1 means no; anything else is an error"))
            }
        }
    }

    /// Waits until the task's work can be used; `deadline`: of the attempt that this is a part of.
    pub(super) fn wait_until(
        &self,
        context: &mut StepContext<'_>,
        wait: &WaitUntil,
        place: &Place,
        deadline: Option<Deadline>,
    ) -> Result<(), Fault> {
        let now = |context: &StepContext<'_>| context.doors().clock.monotonic();
        let own = now(context) + wait.timeout;
        let end = deadline.map_or(own, |deadline| own.min(deadline.at));
        loop {
            let left = end.saturating_sub(now(context));
            let reason = match self.is_ready(context, &wait.ready, place, left)? {
                Ok(()) => return Ok(()),
                Err(reason) => reason,
            };
            let left = end.saturating_sub(now(context));
            if left.is_zero() {
                if let Some(deadline) = deadline.filter(|deadline| deadline.at <= own) {
                    return Err(self.too_long(deadline.timeout).detail(reason));
                }
                let after = duration::render(wait.timeout);
                let message = format!("`{}` is not ready after {after}: {reason}", self.task);
                return Err(
                    Fault::new(FaultKind::Failed, message).hint("give it longer: `wait_until.timeout`")
                );
            }
            if !context.wait(OFTEN.min(left)) {
                return Err(context.interruption());
            }
        }
    }

    /// An attempt took longer than the task allows.
    pub(super) fn too_long(&self, timeout: Duration) -> Fault {
        let message =
            format!("`{}` took longer than {}, and was ended", self.task, duration::render(timeout));
        let mut fault = Fault::new(FaultKind::Failed, message).hint("give it longer: `timeout`");
        fault.status = Some(Termination::TimedOut.status());
        fault
    }

    /// The inner error says why not yet.
    fn is_ready(
        &self,
        context: &mut StepContext<'_>,
        ready: &Ready,
        place: &Place,
        left: Duration,
    ) -> Result<Result<(), String>, Fault> {
        // A service is asked once at least, however little time is left.
        let one_look = ONE_LOOK.min(left.max(OFTEN));
        Ok(match ready {
            Ready::Http(url) => match http::get(url, None, one_look) {
                Ok(answer) if (200..400).contains(&answer.status) => Ok(()),
                Ok(answer) => Err(format!("{url} answers {}", answer.status)),
                Err(error) => Err(format!("{url}: {error}")),
            },
            Ready::Tcp(address) => {
                sockets::connect(address, one_look).map_err(|error| format!("{address}: {error}"))
            }
            Ready::File(path) => match context.doors().files.kind(&place.dir.join(Path::new(path))) {
                FileKind::Missing => Err(format!("{path} is not there")),
                _ => Ok(()),
            },
            Ready::Run(run) => match self.asks(context, run, place, Some(left.max(OFTEN)))? {
                (termination, _) if termination.is_success() => Ok(()),
                (termination, line) => Err(format!("`{line}`: {termination}")),
            },
        })
    }

    /// Runs a command whose status is all that matters.
    fn asks(
        &self,
        context: &mut StepContext<'_>,
        run: &Script,
        place: &Place,
        timeout: Option<Duration>,
    ) -> Result<(Termination, String), Fault> {
        let mut spec = script::shell_spec(context, &self.scope, run, place.dir.clone(), place.env.clone())?;
        spec.timeout = timeout;
        let cleans_up = self.cleans_up_after.is_some();
        let how = CommandRun { is_look: true, cleans_up, ..CommandRun::default() };
        let termination = context.run_command(&spec, how)?;
        if context.is_cancelled() && !termination.is_success() {
            return Err(context.interruption());
        }
        Ok((termination, spec.to_string()))
    }

    /// Says that a failed attempt is followed by another, and waits for that.
    pub(super) fn wait_for_next(
        &self,
        context: &StepContext<'_>,
        (attempt, attempts): (u32, u32),
        delay: Duration,
        fault: &Fault,
    ) -> bool {
        let text = format!(
            "attempt {attempt} of {attempts}: {}; trying again in {}",
            fault.message,
            duration::render(delay)
        );
        context.log().notice(Level::Warning, &text);
        context.wait(delay)
    }
}
