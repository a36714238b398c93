//! Values: lists and tables in one line, or one item a line where the author broke them.

use toml_parser::parser::EventKind;

use super::{Comment, Shaper, WITHIN};

/// What stands between two items of a broken list.
enum Note {
    Blank,
    Comment(String),
}

/// An item with what stands around it.
struct Item {
    before: Vec<Note>,
    text: String,
    comment: Option<Comment>,
}

/// The depth of one level.
const INDENT: usize = 2;

impl Shaper<'_> {
    /// A value that begins in a line that is `indent` deep. The parser has limited how deep values lie in each other.
    pub(super) fn value(&mut self, indent: usize) -> String {
        match self.kind() {
            Some(EventKind::ArrayOpen) => self.container(indent, true),
            Some(EventKind::InlineTableOpen) => self.container(indent, false),
            _ => self.take().replace('\n', &WITHIN.to_string()),
        }
    }

    fn container(&mut self, indent: usize, is_list: bool) -> String {
        let is_broken = self.is_broken();
        let inner = if is_broken { indent + INDENT } else { indent };
        self.at += 1;
        let mut items: Vec<Item> = Vec::new();
        let mut notes: Vec<Note> = Vec::new();
        // The opening bracket is no item that a comment could belong to.
        let (mut is_behind, mut is_blank, mut ends_with_comma) = (false, false, false);
        loop {
            match self.kind() {
                None => break,
                Some(EventKind::ArrayClose | EventKind::InlineTableClose) => {
                    self.at += 1;
                    break;
                }
                Some(EventKind::Whitespace) => self.at += 1,
                Some(EventKind::ValueSep) => {
                    self.at += 1;
                    (ends_with_comma, is_blank) = (true, false);
                }
                Some(EventKind::Newline) => {
                    self.at += 1;
                    if std::mem::replace(&mut is_blank, true) && !matches!(notes.last(), Some(Note::Blank)) {
                        notes.push(Note::Blank);
                    }
                    is_behind = false;
                }
                Some(EventKind::Comment) => {
                    let comment = self.comment();
                    is_blank = false;
                    match items.last_mut().filter(|item| is_behind && item.comment.is_none()) {
                        Some(item) => item.comment = Some(comment),
                        None => notes.push(Note::Comment(comment.text)),
                    }
                }
                Some(_) => {
                    let mut text = String::new();
                    if !is_list {
                        text = format!("{} = ", self.key());
                        self.equals();
                    }
                    text.push_str(&self.value(inner));
                    items.push(Item { before: std::mem::take(&mut notes), text, comment: None });
                    (is_behind, is_blank, ends_with_comma) = (true, false, false);
                }
            }
        }
        if is_broken {
            broken((items, notes), indent, is_list, is_list || ends_with_comma)
        } else {
            let items: Vec<String> = items.into_iter().map(|item| item.text).collect();
            let items = items.join(", ");
            match (is_list, items.is_empty()) {
                (true, _) => format!("[{items}]"),
                (false, true) => "{}".to_owned(),
                (false, false) => format!("{{ {items} }}"),
            }
        }
    }

    /// Whether the list that begins here has a line of its own for an item.
    fn is_broken(&self) -> bool {
        let mut depth = 0_usize;
        for event in &self.events[self.at..] {
            match event.kind() {
                EventKind::ArrayOpen | EventKind::InlineTableOpen => depth += 1,
                EventKind::ArrayClose | EventKind::InlineTableClose => {
                    depth -= 1;
                    if depth == 0 {
                        return false;
                    }
                }
                EventKind::Newline | EventKind::Comment if depth == 1 => return true,
                _ => {}
            }
        }
        false
    }
}

/// One item a line. A comma behind the last item of an inline table is newer than TOML 1.0, so only an author writes it.
fn broken((items, rest): (Vec<Item>, Vec<Note>), indent: usize, is_list: bool, last_comma: bool) -> String {
    let (open, close) = if is_list { ('[', ']') } else { ('{', '}') };
    let (outer, inner) = (" ".repeat(indent), " ".repeat(indent + INDENT));
    let mut text = format!("{open}\n");
    let count = items.len();
    for (index, item) in items.into_iter().enumerate() {
        push_notes(&mut text, item.before, &inner, index == 0);
        let comma = if index + 1 < count || last_comma { "," } else { "" };
        let line = format!("{inner}{}{comma}", item.text);
        text.push_str(&item.comment.map_or_else(|| line.clone(), |comment| comment.behind(&line)));
        text.push('\n');
    }
    let rest_end = rest.iter().rposition(|note| matches!(note, Note::Comment(_))).map_or(0, |last| last + 1);
    push_notes(&mut text, rest.into_iter().take(rest_end), &inner, count == 0);
    text.push_str(&outer);
    text.push(close);
    text
}

/// Comments and blank lines; at the top no blank one.
fn push_notes(text: &mut String, notes: impl IntoIterator<Item = Note>, indent: &str, is_top: bool) {
    let mut is_top = is_top;
    for note in notes {
        match note {
            Note::Blank if is_top => {}
            Note::Blank => text.push('\n'),
            Note::Comment(comment) => {
                text.push_str(&format!("{indent}{comment}\n"));
                is_top = false;
            }
        }
    }
}
