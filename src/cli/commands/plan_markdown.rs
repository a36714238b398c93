//! A preview as Markdown, for a comment on a pull or merge request. Pure.
//!
//! What is lost stands first and is never cut; details are left out where a comment would be refused: GitHub takes 65,536 characters, and
//! somebody may want to write something around it.

use super::plan::{COLUMNS, cells, legend};
use crate::domains::workspace::{Change, Preview};
use crate::text::markdown::{block, code, escaped};

/// As much as fits into a comment.
const LONGEST: usize = 60_000;

/// By this a job finds the comment that it wrote before.
const MARK: &str = "<!-- shipway plan -->";

/// The table, what is lost, and the changes of each workspace to be unfolded.
pub(super) fn render(rows: &[Preview]) -> String {
    let mut text = format!("{MARK}\n");
    let lost = |change: &&Change| matches!(change.action, "delete" | "replace");
    let all_lost: Vec<String> = rows
        .iter()
        .flat_map(|row| row.changes.iter().filter(lost).map(move |change| line(row, change)))
        .collect();
    if !all_lost.is_empty() {
        text.push_str("> [!CAUTION]\n> This destroys or replaces what exists:\n");
        all_lost.iter().for_each(|line| text.push_str(&format!("> {line}\n")));
        text.push('\n');
    }
    let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    text.push_str(&row(&COLUMNS.map(|name| name.to_lowercase())));
    text.push_str(&row(&COLUMNS.map(|_| "---".to_owned())));
    for each in rows {
        text.push_str(&row(&cells(each).iter().map(|cell| escaped(cell)).collect::<Vec<_>>()));
    }
    for line in legend(rows).lines().filter(|line| !line.is_empty()) {
        text.push_str(&format!("\n{}\n", escaped(line)));
    }
    let mut cut = 0;
    for each in rows.iter().filter(|row| !row.changes.is_empty() || row.problem.is_some()) {
        let details = details(each);
        if text.len() + details.len() > LONGEST {
            cut += 1;
        } else {
            text.push_str(&details);
        }
    }
    if cut > 0 {
        text.push_str(&format!("\nThe details of {cut} more are left out: a comment can't be so long.\n"));
    }
    text
}

fn details(row: &Preview) -> String {
    let mut text = format!("\n<details><summary>{}</summary>\n\n", escaped(&row.workspace));
    for change in &row.changes {
        text.push_str(&format!("- {} {}\n", change.action, code(&change.address)));
    }
    for change in &row.drift {
        text.push_str(&format!("- drift: {} {}\n", change.action, code(&change.address)));
    }
    if let Some(problem) = &row.problem {
        text.push_str(&format!("\n{}", block(problem)));
    }
    text.push_str("\n</details>\n");
    text
}

fn line(row: &Preview, change: &Change) -> String {
    let uncertain = if change.uncertain { " (if its values turn out so)" } else { "" };
    format!("- {} {} of {}{uncertain}", change.action, code(&change.address), escaped(&row.workspace))
}
