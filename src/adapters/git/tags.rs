//! What `for-each-ref` says of tags.

use jiff::Timestamp;
use serde::Serialize;

/// One tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tag {
    /// Its name.
    pub name: String,
    /// The commit that it names in the end, whole.
    pub commit: String,
    /// When it was made; of a lightweight tag, when its commit was.
    pub created: Timestamp,
    /// It has a message, a maker and a date of its own.
    pub annotated: bool,
    /// The first line of its message, or of its commit's.
    pub subject: String,
}

/// The tags, in the order in which they were printed. A line of another form is passed over.
pub fn parse(output: &str) -> Vec<Tag> {
    output.lines().filter_map(tag).collect()
}

fn tag(line: &str) -> Option<Tag> {
    let mut fields = line.splitn(5, '\0');
    let mut next = || fields.next();
    let (name, commit, created, kind) = (next()?, next()?, next()?, next()?);
    Some(Tag {
        name: name.to_owned(),
        commit: commit.to_owned(),
        created: Timestamp::from_second(created.parse().ok()?).ok()?,
        annotated: kind == "tag",
        subject: next().unwrap_or_default().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_line_gives_a_tag_and_noise_gives_none() {
        let output = "v2\0c0ffee\x001700000000\0tag\0version v2\nv1\0beef\x001600000000\0commit\0\nnoise\n";
        let tags = super::parse(output);
        assert_eq!(tags.len(), 2);
        assert_eq!((tags[0].name.as_str(), tags[0].annotated), ("v2", true));
        assert_eq!((tags[1].commit.as_str(), tags[1].annotated), ("beef", false));
    }
}
