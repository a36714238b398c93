//! A recipe's lines: which of them are one command, and the signs before them. Pure.

use super::make_shell::Part;
use super::script::Value;

/// The lines of a recipe with their continuations, or all of them as one script.
pub(super) fn steps(recipe: &[String], is_one: bool) -> Vec<String> {
    if is_one {
        return (!recipe.is_empty()).then(|| recipe.join("\n")).into_iter().collect();
    }
    let mut steps: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in recipe {
        match steps.last_mut().filter(|_| is_open) {
            Some(step) => step.push_str(&format!("\n{line}")),
            None => steps.push(line.clone()),
        }
        is_open = is_continued(line);
    }
    // What the last line's `\` would continue is not there.
    let whole = |step: String| if is_continued(&step) { step[..step.len() - 1].to_owned() } else { step };
    steps.into_iter().map(whole).filter(|step| !step.trim().is_empty()).collect()
}

/// The lines that a text becomes when its variables are texts: make gives each to a shell of its own.
pub(super) fn lines(parts: Vec<Part>) -> Vec<Vec<Part>> {
    let mut lines = vec![Vec::new()];
    for part in parts {
        let Part::Text(text) = part else {
            lines.last_mut().into_iter().for_each(|line: &mut Vec<Part>| line.push(part.clone()));
            continue;
        };
        let mut open = String::new();
        for line in text.split_inclusive('\n') {
            open.push_str(line);
            if line.ends_with('\n') && !is_continued(line.trim_end_matches('\n')) {
                let whole = std::mem::take(&mut open);
                let whole = whole.trim_end_matches('\n').to_owned();
                lines.last_mut().into_iter().for_each(|line| line.push(Part::Text(whole.clone())));
                lines.push(Vec::new());
            }
        }
        lines.last_mut().into_iter().for_each(|line| line.push(Part::Text(open.clone())));
    }
    lines
}

/// Whether a line goes on in the next one.
pub(super) fn is_continued(line: &str) -> bool {
    (line.len() - line.trim_end_matches('\\').len()) % 2 == 1
}

/// Takes the signs before a command away; whether one of them is `-`, which means that its failure is nobody's. Where a variable begins with
/// them, its text is put there, and its name is among `as_text`.
pub(super) fn prefix(parts: &mut Vec<Part>, as_text: &mut Vec<String>) -> bool {
    let mut ignore = false;
    while let Some(part) = parts.first_mut() {
        if let Part::Value(_, name, Some(text)) = part
            && text.starts_with(['@', '-', '+'])
        {
            as_text.push(name.clone());
            *part = Part::Text(std::mem::take(text));
        }
        let Part::Text(text) = part else { break };
        let rest = text.trim_start_matches(['@', '-', '+', ' ', '\t']);
        ignore |= text[..text.len() - rest.len()].contains('-');
        if !rest.is_empty() {
            *text = rest.to_owned();
            break;
        }
        parts.remove(0);
    }
    ignore
}

/// Whether a text has a command that goes to another folder, and goes on behind it.
fn leaves(text: &str) -> bool {
    let text = text.replace("\\\n", " ");
    let is_end = |c: char| ";&|(){}`\n\"'".contains(c);
    let mut commands: Vec<&str> = text.split(is_end).collect();
    commands.pop();
    commands.iter().any(|command| {
        command.split_whitespace().any(|word| matches!(word, "cd" | "pushd" | "popd" | "chdir"))
    })
}

/// Behind `cd`, what make had expanded before: `folder` gives the value that `$(CURDIR)` is there, and what `$(shell …)` prints is asked
/// before the line.
pub(super) fn before_it_leaves(parts: Vec<Part>, folder: &mut dyn FnMut() -> Value) -> Vec<Part> {
    let (mut before, mut ahead, mut rest) = (String::new(), Vec::new(), Vec::new());
    for part in parts {
        let leaves = leaves(&before);
        match part {
            Part::Value(value, name, text)
                if leaves && value.reference.is_empty() && value.variable == "PWD" =>
            {
                rest.push(Part::Value(Value { is_word: value.is_word, ..folder() }, name, text));
            }
            Part::Shell(command, source) if leaves => {
                let name = format!("{ASKED}{}", ahead.len() / 3 + 1);
                ahead.push(Part::Text(format!("{name}=")));
                ahead.push(Part::Shell(command, source.clone()));
                ahead.push(Part::Text(" || :\n".to_owned()));
                rest.push(Part::Shell(vec![Part::Text(format!("printf '%s\\n' \"${name}\""))], source));
            }
            part => {
                if let Part::Text(text) | Part::Value(_, _, Some(text)) = &part {
                    before.push_str(text);
                }
                rest.push(part);
            }
        }
    }
    ahead.append(&mut rest);
    ahead
}

/// How variables begin that hold what a command printed before the line.
pub(super) const ASKED: &str = "SHELL_OF_MAKE_";

/// Takes them away before each line of a recipe that is one script: make does it where the shell is one of Bourne's kind, and then they
/// mean nothing.
pub(super) fn bare_lines(parts: &mut [Part]) {
    let has_document =
        parts.iter().any(|part| matches!(part, Part::Text(text) if text.replace("<<<", "").contains("<<")));
    let mut begins = true;
    for part in parts {
        let Part::Text(text) = part else {
            begins = false;
            continue;
        };
        let mut bare = String::new();
        for line in text.split_inclusive('\n') {
            let rest = line.trim_start_matches(['@', '-', '+', ' ', '\t']);
            let signs = &line[..line.len() - rest.len()];
            let is_taken = begins && (has_document || !signs.trim().is_empty());
            bare.push_str(if is_taken { rest } else { line });
            begins = line.ends_with('\n') && !is_continued(line.trim_end_matches('\n'));
        }
        *text = bare;
    }
}
