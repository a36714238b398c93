//! A recipe's lines: which of them are one command, and the signs before them. Pure.

use super::make_shell::Part;

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

/// Takes the signs before a command away; whether one of them is `-`, which means that its failure is nobody's.
pub(super) fn prefix(parts: &mut Vec<Part>) -> bool {
    let mut ignore = false;
    while let Some(Part::Text(text)) = parts.first_mut() {
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
