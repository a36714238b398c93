//! `completions`: the script that makes a shell complete our command lines.

use crate::cli::{complete, print};
use crate::diagnostic::{Fault, FaultKind};
use crate::text::{list, suggest};

pub(super) fn run(shell: &str) -> Result<u8, Fault> {
    let Some(script) = complete::script(shell) else {
        let fault = Fault::new(FaultKind::Usage, format!("there are no completions for `{shell}`"));
        return Err(match suggest::nearest(shell, complete::SHELLS) {
            Some(near) => fault.hint(format!("did you mean `{near}`?")),
            None => fault.hint(format!("there are some for {}", list::and_ticked(&complete::SHELLS))),
        });
    };
    print(script);
    Ok(0)
}
