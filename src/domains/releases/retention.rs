//! Which releases stay: pure.

use std::collections::BTreeSet;

/// Of `releases` (numbers of those that are whole), the ones that stay: what is live, what one goes back to, and the newest others, `limit`
/// in all.
pub fn kept(releases: &[u64], live: Option<u64>, previous: Option<u64>, limit: usize) -> BTreeSet<u64> {
    let there: BTreeSet<u64> = releases.iter().copied().collect();
    let mut kept: BTreeSet<u64> =
        [live, previous].into_iter().flatten().filter(|it| there.contains(it)).collect();
    for number in there.iter().rev() {
        if kept.len() >= limit {
            break;
        }
        kept.insert(*number);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_stay_and_always_the_live_one_and_the_one_before() {
        let all: Vec<u64> = (1..=30).collect();
        assert_eq!(kept(&all, Some(30), Some(29), 5), BTreeSet::from([26, 27, 28, 29, 30]));
        assert_eq!(kept(&all, Some(3), Some(2), 5), BTreeSet::from([2, 3, 28, 29, 30]));
        assert_eq!(kept(&[4, 7], Some(7), None, 2), BTreeSet::from([4, 7]));
        assert_eq!(kept(&[1, 2, 3], Some(2), Some(9), 1), BTreeSet::from([2]));
        assert_eq!(kept(&[], None, None, 5), BTreeSet::new());
    }
}
