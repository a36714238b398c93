//! Where in a script each hole stands, found by reading the script as a POSIX shell or bash does.
//!
//! # What for
//!
//! A value that comes from a person or from a provider must reach the program byte for byte, whatever is in it. A shell
//! gives exactly one promise of that kind: nothing between single quotes means anything. So every value is put into single
//! quotes of its own (`render`), and all that has to be known is whether the hole stands outside of quotes, between double
//! quotes or between single quotes of a word. Everywhere else a quoted value would be wrong (a here-document keeps the
//! quotes) or become code after all (arithmetic evaluates `a[$(…)]`, quoted or not), and so the hole is refused.
//!
//! # States
//!
//! Recursive descent instead of a table of states: `command` and `compound` read lists and commands, `word` the pieces of
//! words, `quotes` and `substitution` what is inside of these, `redirection` here-documents. The state between two bytes is
//! the stack of these functions, plus `Lexer::refusal` (the outermost construct that forbids holes) and `Lexer::pending`
//! (here-documents whose bodies begin behind the next line end).
//!
//! # Why conservative
//!
//! To misjudge where a quote ends is to run a value as code, so three rules hold. What this grammar does not know is an
//! error, not a guess. Where shells disagree (bash 3.2 of macOS counts parentheses in `$(…)`; dash has no `$'…'`; a `'` in
//! `"${…}"`; zsh subscripts in `"$a[1]"`), either both readings give the same end or the script is refused. And a script
//! without holes is never refused for its syntax: there is nothing to put in, the shell itself will say what is wrong.
//!
//! What the shell itself evaluates however it is quoted (`eval`, `unset`, `declare -i`, `PS4=`, `sh -c`) is in `evaluates`, and
//! takes no holes. What another program does with a word that reached it (`ssh host {{ x }}`), or the script with a variable
//! that holds a value (`(( v ))`), is not known here: their author asked for it. `setopt rc_quotes` in zsh doubles as an
//! escape and is not supported.

use std::ops::Range;

use super::lexer::{Lexer, may_have_pipeline};
use super::refusal::{PlaceFault, Refusal, Unreadable};
use super::words::plain_words;
use super::{Place, ScriptShell};

/// What was found out about a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Classified {
    /// How each hole stands, in their order.
    pub(crate) places: Vec<Place>,
    /// A `|` or `|&` stands between commands, at any depth. Where the script can't be read, whether that is possible.
    pub(crate) pipeline: bool,
    /// What runs it.
    pub(crate) shell: ScriptShell,
    /// The words, where the script is one simple command that needs no shell.
    pub(crate) words: Option<Vec<Vec<Piece>>>,
}

/// A piece of a word that needs no shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text, unquoted.
    Text(String),
    /// The value of this hole.
    Hole(usize),
}

/// Finds the place of each hole of `text`; `holes` are the bytes of each `{{ … }}`, in order. Or everything that is wrong.
pub(crate) fn classify(text: &str, holes: &[Range<usize>]) -> Result<Classified, Vec<PlaceFault>> {
    if let Some(at) = text.find('\0') {
        return Err(vec![PlaceFault {
            hole: None,
            range: at..at + 1,
            code: "script-nul",
            title: "a script can't hold a NUL byte".to_owned(),
            help: "take it out: no shell and no program can be given one".to_owned(),
        }]);
    }
    let fault = |hole: usize, refusal: Refusal| {
        let range = holes.get(hole).cloned().unwrap_or_default();
        refusal.fault(hole, range.clone(), text.get(range).unwrap_or_default())
    };
    if text.starts_with("#!") {
        return match holes.len() {
            0 => Ok(Classified {
                places: Vec::new(),
                pipeline: false,
                shell: ScriptShell::Shebang,
                words: None,
            }),
            count => Err((0..count).map(|hole| fault(hole, Refusal::Shebang)).collect()),
        };
    }
    let mut lexer = Lexer::new(text, holes);
    let read = lexer.script();
    let readable = read.is_ok();
    let mut faults = Vec::new();
    let mut places = Vec::new();
    for (hole, verdict) in lexer.verdicts.iter().enumerate() {
        match verdict {
            Some(Ok(place)) => places.push(*place),
            Some(Err(refusal)) => faults.push(fault(hole, *refusal)),
            // Behind the place where reading stopped.
            None if !readable => {}
            None => {
                let range = holes.get(hole).cloned().unwrap_or_default();
                faults.push(Unreadable { range, reason: "this one was not met" }.fault());
            }
        }
    }
    if let (Err(unreadable), false) = (read, holes.is_empty()) {
        faults.push(unreadable.fault());
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(Classified {
        places,
        pipeline: if readable { lexer.pipeline } else { may_have_pipeline(text) },
        shell: ScriptShell::Default,
        words: plain_words(text, holes).filter(|_| readable),
    })
}
