//! Draws what an approval would allow: each change with its counts, and by address whatever would be destroyed or replaced. The marks
//! are terraform's, with the word beside them, so nothing depends on colour.

use crate::plan::Proposal;
use crate::report::clean;
use crate::report::style::{Label, Style};

/// The changes, a line each, and below it what would be lost. Empty where there is nothing to name.
pub fn render(proposal: &Proposal, style: &Style) -> String {
    let mut text = String::new();
    let width = proposal.changes.iter().map(|change| change.name.chars().count()).max().unwrap_or_default();
    for change in &proposal.changes {
        let name = clean::line(&change.name, false);
        let gap = " ".repeat(width.saturating_sub(name.chars().count()));
        let summary = clean::line(&change.summary, false);
        let line = format!("  {}{gap}  {summary}", style.paint(Label::Title, &name));
        text.push_str(line.trim_end());
        text.push('\n');
        let lost = [("- destroy  ", &change.destroys), ("-/+ replace", &change.replaces)];
        for (mark, addresses) in lost {
            for address in addresses {
                let line = format!("{mark} {}", clean::line(address, false));
                text.push_str(&format!("    {}\n", style.paint(Label::Destroy, &line)));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use snapbox::{assert_data_eq, str};

    use super::*;
    use crate::plan::{Digest, ProposedChange};
    use crate::report::tape;

    #[test]
    fn what_is_lost_is_named_by_address_and_marked() {
        let mut proposal = tape::proposal(&[]);
        proposal.changes.push(ProposedChange {
            name: "production".into(),
            summary: String::new(),
            destroys: vec![],
            replaces: vec![],
            digest: Digest("d".into()),
        });
        assert_data_eq!(
            render(&proposal, &Style::plain()),
            str![[r#"
  base        2 to add, 2 to destroy
    - destroy   digitalocean_droplet.web
    -/+ replace digitalocean_volume.data
  production

"#]]
        );
        let coloured = render(&proposal, &Style { colour: true, ..Style::plain() });
        assert!(coloured.contains("\u{1b}[31m- destroy   digitalocean_droplet.web\u{1b}[0m"), "{coloured:?}");
    }
}
