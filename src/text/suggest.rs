//! "did you mean": the one name that somebody who mistyped most likely meant.
//!
//! At most one name is given, and none rather than a far one: a wrong guess costs the reader more than no
//! guess.

/// The candidate nearest to `name`, if one is near enough to be meant.
///
/// A name that differs only in the case of its letters is always nearest. Otherwise a third of the letters
/// may be wrong, as in rustc, and something has to be right: `x` is not suggested for `y`. Of two equally
/// near names the first is given, and `name` itself never is.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name)
        .filter_map(|candidate| Some((distance(&wanted, &candidate.to_lowercase())?, candidate)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters are wrong; `None` where that is too many.
fn distance(name: &str, candidate: &str) -> Option<usize> {
    let (shorter, longer) = {
        let (name, candidate) = (name.chars().count(), candidate.chars().count());
        (name.min(candidate), name.max(candidate))
    };
    let allowed = (longer / 3).max(1);
    let distance = strsim::damerau_levenshtein(name, candidate);
    (distance == 0 || (distance <= allowed && distance < shorter)).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name() {
        let keys = ["depends", "depends_post", "description", "timeout"];
        assert_eq!(nearest("depend", keys), Some("depends"));
        assert_eq!(nearest("dpeends", keys), Some("depends"));
        assert_eq!(nearest("depends-post", keys), Some("depends_post"));
        assert_eq!(nearest("tiemout", keys), Some("timeout"));
    }

    #[test]
    fn a_name_in_other_letters_case_beats_all_others() {
        assert_eq!(nearest("BUILD", ["built", "build"]), Some("build"));
        assert_eq!(nearest("Test", ["Tent", "TEST"]), Some("TEST"));
    }

    #[test]
    fn nothing_far_is_suggested() {
        assert_eq!(nearest("deploy", ["test", "lint", "build"]), None);
        assert_eq!(nearest("x", ["y", "z"]), None);
        assert_eq!(nearest("ab", ["b", "cd"]), None);
        assert_eq!(nearest("", ["a", "ab"]), None);
        assert_eq!(nearest("anything", []), None);
    }

    #[test]
    fn the_first_of_equals_is_given_and_never_the_name_itself() {
        assert_eq!(nearest("tast", ["test", "task"]), Some("test"));
        assert_eq!(nearest("test", ["test", "tests"]), Some("tests"));
    }
}
