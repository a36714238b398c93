//! Where a value may not stand, and what to do instead.
//!
//! The title says what the place is, the help says how to write it: nearly always `"$name"`, for each argument is in the
//! command's environment under its own name.

use std::ops::Range;

/// Something in a script that forbids a hole, or the whole script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlaceFault {
    /// Which hole, where it is about one.
    pub(crate) hole: Option<usize>,
    /// The bytes of the script to mark.
    pub(crate) range: Range<usize>,
    /// A stable name of the rule, in kebab case.
    pub(crate) code: &'static str,
    /// One sentence without a final period.
    pub(crate) title: String,
    /// What to write instead.
    pub(crate) help: String,
}

/// Why a hole is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    AfterBackslash,
    AfterDollar,
    AnsiQuote,
    Arithmetic,
    Array,
    AssignmentName,
    Backticks,
    BeforeKeyword,
    Brace,
    Bracket,
    CasePattern,
    CommandSubstitution,
    Comment,
    Condition,
    Descriptor,
    EvaluatedCode,
    EvaluatedName,
    EvaluatedVariable,
    FunctionName,
    HereDelimiter,
    HereDocument,
    LocaleQuote,
    LoopVariable,
    ParameterExpansion,
    Pattern,
    ProcessSubstitution,
    Shebang,
    Subscript,
    Tilde,
}

/// What is said of one kind of place.
struct Wording {
    code: &'static str,
    place: &'static str,
    advice: Advice,
}

/// How a help begins; all of them name the variable.
enum Advice {
    /// `"$name"` does the job in that very place.
    Quoted,
    /// `$name` does, without quotes.
    Plain,
    /// `"$name"` does, inside of code that is in single quotes.
    InCode,
    /// `"$name"` does, but not there.
    Elsewhere,
    /// Only other words do.
    Other(&'static str),
}

impl Refusal {
    fn wording(self) -> Wording {
        use Advice::{Elsewhere, InCode, Other, Plain, Quoted};
        let (code, place, advice) = match self {
            Self::AfterBackslash => {
                ("place-after-backslash", "directly after a backslash", Other("take the backslash away"))
            }
            Self::AfterDollar => ("place-after-dollar", "directly after `$`", Quoted),
            Self::AnsiQuote => ("place-ansi-quote", "in `$'…'`", Other("end the quote before it")),
            Self::Arithmetic => ("place-arithmetic", "in arithmetic", Plain),
            Self::Array => ("place-array", "in an array", Quoted),
            Self::AssignmentName => {
                ("place-assignment-name", "in the name of a variable", Other("write the name out"))
            }
            Self::Backticks => ("place-backticks", "in backticks", Quoted),
            Self::BeforeKeyword => (
                "place-before-keyword",
                "before a word that is a keyword once the value is absent",
                Other("begin with a word that is always there"),
            ),
            Self::Brace => ("place-brace", "in braces", Other("put the whole word in quotes")),
            Self::Bracket => ("place-bracket", "in brackets", Other("put the brackets in quotes")),
            Self::CasePattern => ("place-case-pattern", "in a pattern of `case`", Quoted),
            Self::CommandSubstitution => ("place-command-substitution", "in `$(…)`", Quoted),
            Self::Comment => ("place-comment", "in a comment", Other("write the name without braces")),
            Self::Condition => ("place-condition", "in `[[ … ]]`", Quoted),
            Self::Descriptor => (
                "place-descriptor",
                "where the number of a file descriptor may stand",
                Other("write the number"),
            ),
            Self::EvaluatedCode => {
                ("place-evaluated-code", "here: this command would read the value as code", InCode)
            }
            Self::EvaluatedName => (
                "place-evaluated-name",
                "here: this command would evaluate the value as the name of a variable, and so as code",
                Elsewhere,
            ),
            Self::EvaluatedVariable => (
                "place-evaluated-variable",
                "here: the shell would read the value of this variable as code or as a setting",
                InCode,
            ),
            Self::FunctionName => {
                ("place-function-name", "in the name of a function or coprocess", Other("write the name out"))
            }
            Self::HereDelimiter => (
                "place-here-delimiter",
                "in the delimiter of a here-document",
                Other("write the delimiter out"),
            ),
            Self::HereDocument => ("place-here-document", "in a here-document", Plain),
            Self::LocaleQuote => ("place-locale-quote", "in `$\"…\"`", Other("take the `$` away")),
            Self::LoopVariable => {
                ("place-loop-variable", "in the name of a loop's variable", Other("write the name out"))
            }
            Self::ParameterExpansion => ("place-parameter-expansion", "in `${…}`", Plain),
            Self::Pattern => ("place-pattern", "in a pattern's parentheses", Quoted),
            Self::ProcessSubstitution => ("place-process-substitution", "in `<(…)` or `>(…)`", Quoted),
            Self::Shebang => {
                ("place-shebang", "in a script with its own interpreter", Other("read the environment"))
            }
            Self::Subscript => ("place-subscript", "in a subscript", Plain),
            Self::Tilde => (
                "place-tilde",
                "in a word that begins with an open `~` or `=`",
                Other("put the sign in quotes, or use \"$HOME\""),
            ),
        };
        Wording { code, place, advice }
    }

    /// The fault for hole number `hole`, which stands at `range` and is written `written`.
    pub(super) fn fault(self, hole: usize, range: Range<usize>, written: &str) -> PlaceFault {
        let Wording { code, place, advice } = self.wording();
        let (name, whence) = variable(written);
        let help = match advice {
            Advice::Quoted => format!("use `\"${name}\"`: {whence}"),
            Advice::Plain => format!("use `${name}`: {whence}"),
            Advice::InCode => {
                format!(
                    "write the text out in single quotes, with `\"${name}\"` in it where it is code: {whence}"
                )
            }
            Advice::Elsewhere => {
                format!(
                    "write it out; as data, `\"${name}\"` may stand in a plain `v=…` or another command: {whence}"
                )
            }
            Advice::Other(instead) => format!("{instead}, or use `\"${name}\"`: {whence}"),
        };
        PlaceFault { hole: Some(hole), range, code, title: format!("a value can't stand {place}"), help }
    }
}

/// The variable that holds what `{{ … }}` stands for, and how it gets there.
fn variable(written: &str) -> (String, String) {
    let inner = written.trim_start_matches('{').trim_end_matches('}').trim();
    let last = inner.rsplit('.').next().unwrap_or(inner);
    let name: String =
        last.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    if let Some(outer) = inner.strip_prefix("env.") {
        return (outer.to_owned(), "it is already in the command's environment".to_owned());
    }
    if inner.contains('.') || ["os", "arch", "environment"].contains(&inner) {
        let name = name.to_ascii_uppercase();
        let whence = format!("with `env = {{ {name} = \"{{{{ {inner} }}}}\" }}` in the task");
        return (name, whence);
    }
    (name, "the argument is in the command's environment under that name".to_owned())
}

/// A script that can't be read for sure, and where that shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// The bytes to mark.
    pub(super) range: Range<usize>,
    /// What is the matter, to follow "the script can't be read for sure: ".
    pub(super) reason: &'static str,
}

impl Unreadable {
    pub(super) fn fault(self) -> PlaceFault {
        PlaceFault {
            hole: None,
            range: self.range,
            code: "script-unreadable",
            title: format!("the places of the values in this script are not sure: {}", self.reason),
            help: "write it more plainly, or use `\"$name\"` instead of each `{{ name }}`: the arguments are in \
                   the command's environment under their names"
                .to_owned(),
        }
    }
}
