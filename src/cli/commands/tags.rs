//! `tags`: the tags, the newest first.

use crate::assemble::Goal;
use crate::cli::print;
use crate::cli::session::Session;
use crate::diagnostic::Fault;
use crate::domains::deploy::TagList;
use crate::plan::Ending;
use crate::text::columns;

pub(super) fn run(session: &Session<'_>, number: usize) -> Result<u8, Fault> {
    let result = session.look(&[Goal::Tags])?;
    for (_, ending) in &result.endings {
        if let Ending::Failed { fault } = ending {
            return Err(fault.clone());
        }
    }
    let lists: Vec<_> =
        result.values.into_iter().filter_map(|list| list.downcast::<TagList>().ok()).collect();
    let tags = lists.iter().flat_map(|list| &list.tags).take(number);
    if session.options.json {
        tags.filter_map(|tag| serde_json::to_string(tag).ok()).for_each(|row| print(&format!("{row}\n")));
        return Ok(result.exit_code);
    }
    let mut rows = vec![["TAG", "COMMIT", "MADE", "KIND", "SUBJECT"].map(str::to_owned).to_vec()];
    rows.extend(tags.map(|tag| {
        let commit = tag.commit.get(..12).unwrap_or(&tag.commit).to_owned();
        let kind = if tag.annotated { "annotated" } else { "lightweight" };
        let made = tag.created.strftime("%Y-%m-%d %H:%M").to_string();
        vec![tag.name.clone(), commit, made, kind.to_owned(), tag.subject.clone()]
    }));
    if rows.len() == 1 {
        print("There are no tags yet; `shipway tag NAME` makes one.\n");
    } else {
        print(&columns::render(&rows));
    }
    Ok(result.exit_code)
}
