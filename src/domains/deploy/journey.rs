//! What lies between what is live and what is to be, in words. Pure.

use crate::text::count::{count, plural};

/// So many commits are named.
pub(super) const NAMED: usize = 20;

/// The way from what is live to what is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Journey {
    /// Nothing is live yet.
    First,
    /// It is what is live.
    None,
    /// This clone has not the commit that is live.
    Unknown {
        /// That commit.
        live: String,
    },
    /// Some commits.
    Way {
        /// Commits that come in.
        ahead: usize,
        /// Commits that go.
        behind: usize,
        /// Those that come in, or, where none does, those that go; at most `NAMED`.
        subjects: Vec<String>,
        /// Files that look like migrations.
        migrations: Vec<String>,
    },
}

impl Journey {
    /// In short, for a question.
    pub(super) fn summary(&self) -> String {
        match self {
            Self::First => "nothing is live yet".to_owned(),
            Self::None => "the commit that is live".to_owned(),
            Self::Unknown { live } => format!("{} is live, which this clone has not", short(live)),
            Self::Way { ahead, behind, migrations, .. } => {
                let mut parts = Vec::new();
                if *ahead > 0 {
                    parts.push(count(*ahead, "commit"));
                }
                if *behind > 0 {
                    parts.push(format!("goes back {}", count(*behind, "commit")));
                }
                if !migrations.is_empty() {
                    parts.push(count(migrations.len(), "migration"));
                }
                parts.join(", ")
            }
        }
    }

    /// At length, a line each.
    pub(super) fn lines(&self) -> Vec<String> {
        let Self::Way { ahead, behind, subjects, migrations } = self else {
            return match self {
                Self::Unknown { live } => vec![format!(
                    "{} is live, and this clone has not that commit: what changes can't be told; `git fetch` may bring it",
                    short(live)
                )],
                _ => Vec::new(),
            };
        };
        let mut lines = Vec::new();
        let number = if *ahead > 0 { *ahead } else { *behind };
        if *ahead > 0 {
            lines.push(format!("{} that {} not live yet:", count(*ahead, "commit"), is_or_are(*ahead)));
        } else {
            lines.push(format!("this goes back {}, and takes away:", count(*behind, "commit")));
        }
        lines.extend(subjects.iter().map(|subject| format!("  {subject}")));
        if number > subjects.len() {
            lines.push(format!("  and {} more", number - subjects.len()));
        }
        if *ahead > 0 && *behind > 0 {
            let gone =
                format!("{} of what is live {} not in it", count(*behind, "commit"), is_or_are(*behind));
            lines.push(format!("another line of history: {gone}"));
        }
        if !migrations.is_empty() {
            let back = if *ahead == 0 { "; nothing undoes those that ran" } else { "" };
            let noun = if migrations.len() == 1 { "file looks" } else { "files look" };
            lines.push(format!("{} {noun} like {}{back}:", migrations.len(), plural("migration")));
            lines.extend(migrations.iter().take(NAMED).map(|path| format!("  {path}")));
            if migrations.len() > NAMED {
                lines.push(format!("  and {} more", migrations.len() - NAMED));
            }
        }
        lines
    }
}

fn is_or_are(number: usize) -> &'static str {
    if number == 1 { "is" } else { "are" }
}

/// A commit as people read it.
pub(super) fn short(commit: &str) -> &str {
    commit.trim().get(..12).unwrap_or(commit.trim())
}

/// Those paths that look like changes to a database: in a folder `migrations`, `migrate` or `migration`, or SQL below `db`. Folders that are
/// named so for other reasons are told of for nothing, which costs less than one that is not told of.
pub(super) fn migrations(paths: &[String]) -> Vec<String> {
    let looks = |path: &str| {
        let Some((folders, file)) = path.rsplit_once('/') else { return false };
        let mut folders = folders.split('/');
        let is_code = file != "__init__.py" && !file.starts_with('.');
        let is_sql = file.ends_with(".sql");
        is_code
            && folders.any(|folder| {
                matches!(folder, "migrations" | "migrate" | "migration")
                    || is_sql && matches!(folder, "db" | "database")
            })
    };
    paths.iter().filter(|path| looks(path)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_found_by_where_they_lie() {
        let paths = [
            "app/migrations/0002_more.py",
            "app/migrations/__init__.py",
            "db/migrate/20261122_add.rb",
            "db/structure.sql",
            "migrations/V2__x.sql",
            "src/migration/m1.rs",
            "docs/migrations.md",
            "migrate",
            "sql/report.sql",
            "immigrations/x.py",
        ]
        .map(str::to_owned);
        let expected = [
            "app/migrations/0002_more.py",
            "db/migrate/20261122_add.rb",
            "db/structure.sql",
            "migrations/V2__x.sql",
            "src/migration/m1.rs",
        ];
        assert_eq!(migrations(&paths), expected);
    }

    fn way(ahead: usize, behind: usize, subjects: &[&str], migrations: &[&str]) -> Journey {
        let own = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        Journey::Way { ahead, behind, subjects: own(subjects), migrations: own(migrations) }
    }

    #[test]
    fn the_way_is_told_in_short_and_at_length() {
        let forward = way(3, 0, &["c3 three", "c2 two"], &["m/migrations/1.py"]);
        assert_eq!(forward.summary(), "3 commits, 1 migration");
        assert_eq!(
            forward.lines(),
            [
                "3 commits that are not live yet:",
                "  c3 three",
                "  c2 two",
                "  and 1 more",
                "1 file looks like migrations:",
                "  m/migrations/1.py",
            ]
        );
        let back = way(0, 1, &["c3 three"], &["m/migrations/1.py"]);
        assert_eq!(back.summary(), "goes back 1 commit, 1 migration");
        assert_eq!(back.lines()[0], "this goes back 1 commit, and takes away:");
        assert!(back.lines()[2].contains("nothing undoes those that ran"));
        let aside = way(2, 1, &["c3 three", "c2 two"], &[]);
        assert_eq!(aside.summary(), "2 commits, goes back 1 commit");
        assert!(aside.lines().last().unwrap().contains("1 commit of what is live is not in it"));
        assert_eq!(Journey::First.summary(), "nothing is live yet");
        assert!(Journey::None.lines().is_empty());
        let unknown = Journey::Unknown { live: "0123456789abcdef".into() };
        assert!(unknown.lines()[0].starts_with("0123456789ab is live"));
    }
}
