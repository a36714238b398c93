//! What is in a plan only for the sake of what runs after a step: it has its turn when that step has ended well. Pure.
//!
//! `post` is followed by `report`, which needs `prepare`: a `prepare` that nobody else wants would otherwise run at once, beside `post` and
//! even where that fails. What somebody else wants too may run whenever that allows it.

use std::collections::BTreeMap;

/// Steps by their number, as far as this is about them.
pub(super) struct Steps {
    /// What each step pulls into the plan because it needs it.
    pub(super) needs: Vec<Vec<usize>>,
    /// What each step comes after beyond that, where it is in the plan.
    pub(super) waits: Vec<Vec<usize>>,
    /// Steps that follow others: the one that follows, and the one that it follows.
    pub(super) follows: Vec<(usize, usize)>,
    /// What was asked for.
    pub(super) roots: Vec<usize>,
}

/// Pairs of a step and one that it has to wait for, those that follow included.
pub(super) fn turns(steps: Steps) -> Vec<(usize, usize)> {
    let Steps { needs, waits, follows, roots } = steps;
    let mut order: Vec<Vec<usize>> =
        needs.iter().zip(&waits).map(|(needs, waits)| [needs.as_slice(), waits].concat()).collect();
    let mut followers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &(after, before) in &follows {
        order[after].push(before);
        followers.entry(before).or_default().push(after);
    }
    let mut turns = follows.clone();
    for (before, after) in followers {
        let mut pulls = needs.clone();
        for (follower, followed) in follows.iter().filter(|(follower, _)| !after.contains(follower)) {
            pulls[*followed].push(*follower);
        }
        let is_wanted = reach(&pulls, &roots);
        let comes_first = reach(&order, &[before]);
        for step in (0..order.len()).filter(|step| !is_wanted[*step] && !comes_first[*step]) {
            order[step].push(before);
            turns.push((step, before));
        }
    }
    turns
}

/// Whether each step can be reached from some.
fn reach(edges: &[Vec<usize>], from: &[usize]) -> Vec<bool> {
    let mut found = vec![false; edges.len()];
    let mut open = from.to_vec();
    while let Some(step) = open.pop() {
        if !std::mem::replace(&mut found[step], true) {
            open.extend_from_slice(&edges[step]);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pairs beyond those of `follows`, for steps that need others.
    fn further(needs: &[&[usize]], follows: &[(usize, usize)], roots: &[usize]) -> Vec<(usize, usize)> {
        let steps = Steps {
            needs: needs.iter().map(|needs| needs.to_vec()).collect(),
            waits: vec![Vec::new(); needs.len()],
            follows: follows.to_vec(),
            roots: roots.to_vec(),
        };
        turns(steps).into_iter().filter(|pair| !follows.contains(pair)).collect()
    }

    #[test]
    fn what_only_the_follower_needs_waits_and_what_others_want_does_not() {
        // 0 is followed by 1, which needs 2 and 3; 2 needs 4; 0 needs 3.
        let needs: [&[usize]; 5] = [&[3], &[2, 3], &[4], &[], &[]];
        assert_eq!(further(&needs, &[(1, 0)], &[0]), [(2, 0), (4, 0)]);
        assert_eq!(further(&needs, &[(1, 0)], &[0, 4]), [(2, 0)]);
        assert_eq!(further(&needs, &[(1, 0)], &[0, 1]), []);
    }

    #[test]
    fn what_all_followers_of_a_step_share_waits_and_a_follower_of_two_waits_for_both() {
        let needs: [&[usize]; 4] = [&[], &[3], &[3], &[]];
        assert_eq!(further(&needs, &[(1, 0), (2, 0)], &[0]), [(3, 0)]);
        let needs: [&[usize]; 4] = [&[], &[], &[3], &[]];
        assert_eq!(further(&needs, &[(2, 0), (2, 1)], &[0, 1]), [(3, 0), (3, 1)]);
    }

    #[test]
    fn what_has_to_come_first_does() {
        // 0 is followed by 1, which needs 2; 0 follows 2.
        let needs: [&[usize]; 3] = [&[], &[2], &[]];
        assert_eq!(further(&needs, &[(1, 0), (0, 2)], &[0]), []);
    }
}
