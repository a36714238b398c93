//! Commands and variables of the shell itself that make code of what they are given, however it is quoted.

use super::lexer::Lexer;
use super::refusal::Refusal;
use super::word::Word;

/// Builtins that evaluate arguments: when they do, and what these are to them.
const EVALUATES: &[(&str, When, Refusal)] = &[
    ("alias", When::Always, Refusal::EvaluatedCode),
    ("bind", When::Always, Refusal::EvaluatedCode),
    ("compgen", When::Always, Refusal::EvaluatedCode),
    ("complete", When::Always, Refusal::EvaluatedCode),
    ("enable", When::Option(b'f'), Refusal::EvaluatedCode),
    ("eval", When::Always, Refusal::EvaluatedCode),
    ("fc", When::Always, Refusal::EvaluatedCode),
    ("history", When::Always, Refusal::EvaluatedCode),
    ("trap", When::Always, Refusal::EvaluatedCode),
    // `bash -c CODE`.
    ("bash", When::CodeAfterC, Refusal::EvaluatedCode),
    ("dash", When::CodeAfterC, Refusal::EvaluatedCode),
    ("ksh", When::CodeAfterC, Refusal::EvaluatedCode),
    ("sh", When::CodeAfterC, Refusal::EvaluatedCode),
    ("zsh", When::CodeAfterC, Refusal::EvaluatedCode),
    // The subscript of `a[…]` is arithmetic, and arithmetic runs `$(…)`.
    ("float", When::Always, Refusal::Arithmetic),
    ("integer", When::Always, Refusal::Arithmetic),
    ("let", When::Always, Refusal::Arithmetic),
    ("declare", When::BehindOption, Refusal::EvaluatedName),
    ("export", When::BehindOption, Refusal::EvaluatedName),
    ("local", When::BehindOption, Refusal::EvaluatedName),
    ("readonly", When::BehindOption, Refusal::EvaluatedName),
    ("typeset", When::BehindOption, Refusal::EvaluatedName),
    ("getopts", When::Always, Refusal::EvaluatedName),
    ("mapfile", When::Always, Refusal::EvaluatedName),
    ("read", When::Always, Refusal::EvaluatedName),
    ("readarray", When::Always, Refusal::EvaluatedName),
    ("unset", When::Always, Refusal::EvaluatedName),
    ("wait", When::Option(b'p'), Refusal::EvaluatedName),
    ("printf", When::BeforeFormat, Refusal::EvaluatedName),
    ("[", When::AsksForVariable, Refusal::EvaluatedName),
    ("test", When::AsksForVariable, Refusal::EvaluatedName),
];

/// Variables whose value a shell evaluates sooner or later, or that change how it reads everything after.
const VARIABLES: [&str; 10] =
    ["BASHOPTS", "BASH_ENV", "ENV", "IFS", "PROMPT_COMMAND", "PS0", "PS1", "PS2", "PS4", "SHELLOPTS"];

/// Which arguments are evaluated.
#[derive(Clone, Copy)]
enum When {
    /// All.
    Always,
    /// All, if there is this option.
    Option(u8),
    /// All behind an option: without one it is a plain assignment.
    BehindOption,
    /// Those of `printf`, if there is or may be a `-v` before the format.
    BeforeFormat,
    /// Those of `test`, if there is a `-v` or `-R`.
    AsksForVariable,
    /// The first that is no option, behind `-c`.
    CodeAfterC,
}

impl When {
    /// The arguments that are evaluated, of all of them.
    fn of(self, arguments: &[Word]) -> &[Word] {
        let all_if = |condition| if condition { arguments } else { &[] };
        match self {
            Self::Always => arguments,
            Self::Option(letter) => all_if(
                arguments.iter().any(|word| word.head().starts_with(b"-") && word.head().contains(&letter)),
            ),
            Self::AsksForVariable => {
                all_if(arguments.iter().any(|word| matches!(word.literal(), Some(b"-v" | b"-R"))))
            }
            Self::BehindOption => {
                // Holes in names are refused where the word is read.
                let plain = arguments.iter().take_while(|word| !may_be_option(word)).count();
                arguments.get(plain..).unwrap_or_default()
            }
            Self::BeforeFormat => match arguments.first() {
                Some(first) if may_be_option_of_printf(first) => arguments,
                _ => &[],
            },
            Self::CodeAfterC => code_after_c(arguments),
        }
    }
}

/// It begins as an option does, or with something that only the running script knows.
fn may_be_option(word: &Word) -> bool {
    match word.head().first() {
        Some(first) => b"-+".contains(first),
        None => word.literal().is_none() && word.holes.is_empty(),
    }
}

/// It may be `-v`, or `-vNAME`: what ends in more than a name or a subscript is none.
fn may_be_option_of_printf(word: &Word) -> bool {
    if word.literal() == Some(b"--") || !matches!(word.head().first(), None | Some(b'-')) {
        return false;
    }
    let tail = word.tail();
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    word.literal().is_some_and(|text| text.starts_with(b"-"))
        || (word.literal().is_none() && (tail.ends_with(b"]") || tail.iter().all(is_name)))
}

/// The code of `sh -c CODE`.
fn code_after_c(arguments: &[Word]) -> &[Word] {
    let mut code = false;
    let mut skip = false;
    for (index, word) in arguments.iter().enumerate() {
        if std::mem::take(&mut skip) {
            continue;
        }
        match word.literal() {
            Some(option) if option.starts_with(b"--") => {
                skip = matches!(option, b"--rcfile" | b"--init-file");
            }
            Some(option) if option.starts_with(b"-") || option.starts_with(b"+") => {
                code |= option.starts_with(b"-") && option.contains(&b'c');
                skip = option.ends_with(b"o") || option.ends_with(b"O");
            }
            None if !code => {}
            _ if code => return arguments.get(index..=index).unwrap_or_default(),
            _ => return &[],
        }
    }
    &[]
}

/// The name before the `=` or `[` of what may be an assignment, quoted or not.
fn assigned(word: &Word) -> Option<&str> {
    let head = word.head();
    let length = head.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let sign = head.get(length).or_else(|| word.has_subscript().then_some(&b'['));
    let name = std::str::from_utf8(head.get(..length)?).ok()?;
    (length > 0 && matches!(sign, Some(b'=' | b'+' | b'['))).then_some(name)
}

impl Lexer<'_> {
    /// Refuses the holes of `arguments` that the command `name` would evaluate.
    pub(super) fn check_arguments(&mut self, name: &Word, arguments: &[Word]) {
        let Some(name) = name.literal() else { return };
        for (builtin, when, refusal) in EVALUATES {
            // A shell is mostly a file.
            let is_file = matches!(when, When::CodeAfterC);
            let name = if is_file { name.rsplit(|byte| *byte == b'/').next().unwrap_or(name) } else { name };
            if name == builtin.as_bytes() {
                for word in when.of(arguments) {
                    self.refuse_word(word, *refusal);
                }
            }
        }
    }

    /// Refuses the holes of an assignment to one of `VARIABLES`.
    pub(super) fn check_assignment(&mut self, word: &Word) {
        if assigned(word).is_some_and(|name| VARIABLES.contains(&name)) {
            self.refuse_word(word, Refusal::EvaluatedVariable);
        }
    }
}
