//! The decision: what to do next with the containers of a group. Pure; everything that it goes by is what is seen now.
//!
//! Rules, strongest first:
//! 1. A container that answers is never told to leave while another could be made to answer first.
//! 2. One that was told to leave, or is not what is wanted, ends up gone, whatever it answers.
//! 3. Every service ends up with exactly one container, as it is wanted, that answers.
//!
//! On the way back to an earlier release the new container of one of several services is made while the old one leaves, as a *spare* that
//! does not run, and started when the old one has ended, which is removed once the new one answers. It is a spare only for the run that
//! made it: whoever comes after a crash finds a container that does not run.
//!
//! Each act either finds something out about a container, makes one, or takes one away, so it comes to an end: what is made is as
//! wanted, and what is as wanted and answers is taken away only where there are two of it.

/// A container of a rolled service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Replica {
    /// The container.
    pub(super) id: String,
    /// Its service.
    pub(super) service: String,
    /// It is as the release wants it, and was never told to leave.
    pub(super) is_wanted: bool,
    /// Its first process is at work.
    pub(super) runs: bool,
    /// It was made in this run, as it is wanted, and waits to be started.
    pub(super) is_spare: bool,
    /// What is known of its health.
    pub(super) standing: Standing,
}

/// What is known of a container's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody asked yet.
    Unknown,
    /// It answered, and may have traffic.
    Serves,
    /// It did not answer.
    Silent,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Remove a container that does not run.
    Discard(String),
    /// Wait until a container that is as wanted answers.
    Admit(String),
    /// Ask once whether a container answers.
    Ask(String),
    /// Take a running container out of traffic, let it finish, stop it, and remove it where no spare waits for its end.
    Retire(String),
    /// Make the one container of a service.
    Create(String),
    /// Start the spare of a service that has no container at work.
    Start(String),
    /// Make a second container of a service beside the one that serves.
    Double(String),
    /// All is as wanted.
    Done,
}

/// What to do next with `replicas`, which are all containers of `services`.
pub(super) fn next_act(services: &[String], replicas: &[Replica]) -> Act {
    let running = || replicas.iter().filter(|replica| replica.runs);
    let is_of = |service: &String, replica: &Replica| replica.runs && replica.service == *service;
    let is_served = |service: &String| replicas.iter().any(|one| is_of(service, one));
    if let Some(spare) = replicas.iter().find(|replica| replica.is_spare && !is_served(&replica.service)) {
        return Act::Start(spare.id.clone());
    }
    if let Some(new) = running().find(|replica| replica.is_wanted && replica.standing == Standing::Unknown) {
        return Act::Admit(new.id.clone());
    }
    if let Some(dead) = replicas.iter().find(|replica| !replica.runs && !replica.is_spare) {
        return Act::Discard(dead.id.clone());
    }
    let is_right = |replica: &&Replica| replica.is_wanted && replica.standing != Standing::Silent;
    if let Some(old) = running().find(|replica| replica.standing == Standing::Unknown) {
        return Act::Ask(old.id.clone());
    }
    if let Some(service) = services.iter().find(|service| !is_served(service)) {
        return Act::Create(service.clone());
    }
    if let Some(silent) = in_order(services, replicas).find(|replica| replica.standing == Standing::Silent) {
        return Act::Retire(silent.id.clone());
    }
    // From here on all that run answer.
    for service in services {
        if let Some(surplus) = running().filter(|one| is_of(service, one)).filter(is_right).nth(1) {
            return Act::Retire(surplus.id.clone());
        }
    }
    let mut old = in_order(services, replicas).filter(|replica| replica.runs && !replica.is_wanted);
    match old.next() {
        None => {
            replicas.iter().find(|one| one.is_spare).map_or(Act::Done, |one| Act::Discard(one.id.clone()))
        }
        Some(old) if running().any(|other| other.id != old.id && (other.is_wanted || services.len() > 1)) => {
            Act::Retire(old.id.clone())
        }
        Some(old) => Act::Double(old.service.clone()),
    }
}

/// Whether the container `id`, which is about to leave, will have to be replaced by another one of its service: it is the only one of it,
/// and the others of the group serve meanwhile.
pub(super) fn leaves_a_gap(services: &[String], replicas: &[Replica], id: &str) -> bool {
    let leaving = replicas.iter().find(|replica| replica.id == id);
    leaving.is_some_and(|leaving| {
        let own = replicas.iter().filter(|replica| replica.service == leaving.service);
        services.len() > 1 && own.count() == 1
    })
}

/// By service, in the order of the group.
fn in_order<'a>(services: &'a [String], replicas: &'a [Replica]) -> impl Iterator<Item = &'a Replica> {
    services
        .iter()
        .flat_map(move |service| replicas.iter().filter(move |replica| replica.service == *service))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn services(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn replica(id: &str, service: &str, is_wanted: bool, standing: Standing) -> Replica {
        Replica {
            id: id.to_owned(),
            service: service.to_owned(),
            is_wanted,
            runs: true,
            is_spare: false,
            standing,
        }
    }

    fn spare(id: &str, service: &str) -> Replica {
        Replica { runs: false, is_spare: true, ..replica(id, service, true, Unknown) }
    }

    use Standing::{Serves, Silent, Unknown};

    #[test]
    fn a_first_roll_out_makes_each_service_and_waits_for_it() {
        let pair = services(&["web", "web2"]);
        assert_eq!(next_act(&pair, &[]), Act::Create("web".to_owned()));
        assert_eq!(next_act(&pair, &[replica("a", "web", true, Unknown)]), Act::Admit("a".to_owned()));
        assert_eq!(next_act(&pair, &[replica("a", "web", true, Serves)]), Act::Create("web2".to_owned()));
        let both = [replica("a", "web", true, Serves), replica("b", "web2", true, Serves)];
        assert_eq!(next_act(&pair, &both), Act::Done);
    }

    #[test]
    fn of_a_pair_the_first_leaves_only_while_the_second_answers() {
        let pair = services(&["web", "web2"]);
        let old = [replica("a", "web", false, Serves), replica("b", "web2", false, Unknown)];
        assert_eq!(next_act(&pair, &old), Act::Ask("b".to_owned()));
        let old = [replica("b", "web2", false, Serves), replica("a", "web", false, Serves)];
        assert_eq!(next_act(&pair, &old), Act::Retire("a".to_owned()));
        // The second one does not answer: it is made anew first.
        let half = [replica("a", "web", false, Serves), replica("b", "web2", false, Silent)];
        assert_eq!(next_act(&pair, &half), Act::Retire("b".to_owned()));
    }

    #[test]
    fn what_is_missing_is_made_before_anything_leaves() {
        let pair = services(&["web", "web2"]);
        assert_eq!(next_act(&pair, &[replica("a", "web", false, Serves)]), Act::Create("web2".to_owned()));
        assert_eq!(next_act(&pair, &[replica("a", "web", false, Silent)]), Act::Create("web2".to_owned()));
    }

    #[test]
    fn a_single_service_has_two_containers_while_it_is_replaced() {
        let single = services(&["web"]);
        let old = replica("a", "web", false, Serves);
        assert_eq!(next_act(&single, std::slice::from_ref(&old)), Act::Double("web".to_owned()));
        let new = replica("b", "web", true, Serves);
        assert_eq!(next_act(&single, &[old.clone(), new]), Act::Retire("a".to_owned()));
        // One that does not answer is no reason to have two.
        let silent = Replica { standing: Silent, ..old };
        assert_eq!(next_act(&single, &[silent]), Act::Retire("a".to_owned()));
    }

    #[test]
    fn a_spare_waits_until_its_service_has_no_other() {
        let pair = services(&["web", "web2"]);
        let old = [replica("a", "web", false, Serves), replica("b", "web2", false, Serves)];
        assert!(leaves_a_gap(&pair, &old, "a"));
        assert!(!leaves_a_gap(&services(&["web"]), &old[..1], "a"), "a single one has a second beside it");
        let [a, b] = old;
        let with = [a.clone(), b.clone(), spare("c", "web")];
        assert!(!leaves_a_gap(&pair, &with, "a"), "it has its spare");
        assert_eq!(next_act(&pair, &with), Act::Retire("a".to_owned()));
        assert_eq!(next_act(&pair, &with[1..]), Act::Start("c".to_owned()));
        // The old one is removed while the proxy notices the spare.
        let ended = Replica { runs: false, ..a.clone() };
        let [_, b, c] = with;
        assert_eq!(next_act(&pair, &[ended.clone(), b.clone(), c.clone()]), Act::Start("c".to_owned()));
        let booting = Replica { runs: true, is_spare: false, ..c };
        assert_eq!(next_act(&pair, &[ended.clone(), b.clone(), booting.clone()]), Act::Admit("c".to_owned()));
        let booted = Replica { standing: Serves, ..booting };
        assert_eq!(next_act(&pair, &[ended, b.clone(), booted]), Act::Discard("a".to_owned()));
        // One that nobody needs goes at the end.
        let new = [replica("c", "web", true, Serves), replica("d", "web2", true, Serves), spare("e", "web2")];
        assert_eq!(next_act(&pair, &new), Act::Discard("e".to_owned()));
        // One of another run is a container that does not run.
        let left = [a, b, Replica { is_spare: false, ..spare("c", "web") }];
        assert_eq!(next_act(&pair, &left), Act::Discard("c".to_owned()));
    }

    #[test]
    fn leftovers_go_and_of_two_that_are_right_one_stays() {
        let single = services(&["web"]);
        let dead = Replica { runs: false, ..replica("a", "web", true, Unknown) };
        assert_eq!(next_act(&single, &[dead]), Act::Discard("a".to_owned()));
        let two = [replica("a", "web", true, Serves), replica("b", "web", true, Serves)];
        assert_eq!(next_act(&single, &two), Act::Retire("b".to_owned()));
    }

    /// A world in which acts have effects; whether an old container answers is its own secret until it is asked.
    #[derive(Debug)]
    struct World {
        services: Vec<String>,
        replicas: Vec<Replica>,
        answers: Vec<(String, bool)>,
        made: usize,
        /// Spares are made while an old one leaves.
        has_spares: bool,
    }

    impl World {
        fn answers(&self, id: &str) -> bool {
            self.answers.iter().any(|(other, answers)| other == id && *answers)
        }

        fn serving(&self) -> usize {
            self.replicas.iter().filter(|replica| replica.runs && self.answers(&replica.id)).count()
        }

        fn make(&mut self, service: &str) {
            self.made += 1;
            let id = format!("new{}", self.made);
            self.answers.push((id.clone(), true));
            self.replicas.push(replica(&id, service, true, Unknown));
        }

        fn make_spare(&mut self, service: &str) {
            assert!(!self.replicas.iter().any(|replica| replica.is_spare && replica.service == service));
            self.made += 1;
            self.replicas.push(spare(&format!("spare{}", self.made), service));
        }

        fn act(&mut self, act: &Act) {
            match act {
                Act::Discard(id) => {
                    assert!(self.replicas.iter().any(|replica| replica.id == *id && !replica.runs));
                    self.replicas.retain(|replica| replica.id != *id);
                }
                Act::Retire(id) => {
                    let before = self.serving();
                    let leaving =
                        self.replicas.iter().find(|replica| replica.id == *id).expect("a container");
                    let service = leaving.service.clone();
                    if self.has_spares && leaves_a_gap(&self.services, &self.replicas, id) {
                        self.make_spare(&service);
                        let leaving = self.replicas.iter_mut().find(|replica| replica.id == *id);
                        leaving.expect("a container").runs = false;
                    } else {
                        self.replicas.retain(|replica| replica.id != *id);
                    }
                    assert!(before == 0 || self.serving() > 0, "the last one that answered was taken away");
                }
                Act::Admit(id) | Act::Ask(id) => {
                    let standing = if self.answers(id) { Serves } else { Silent };
                    for replica in self.replicas.iter_mut().filter(|replica| replica.id == *id) {
                        replica.standing = standing;
                    }
                }
                Act::Start(id) => {
                    let at = self.replicas.iter().position(|replica| replica.id == *id).expect("a spare");
                    let service = self.replicas[at].service.clone();
                    assert!(self.replicas[at].is_spare);
                    assert!(!self.replicas.iter().any(|replica| replica.runs && replica.service == service));
                    self.answers.push((id.clone(), true));
                    self.replicas[at] = replica(id, &service, true, Unknown);
                }
                Act::Create(service) => {
                    assert!(self.replicas.iter().all(|replica| replica.service != *service));
                    self.make(service);
                }
                Act::Double(service) => {
                    assert_eq!(self.services.len(), 1);
                    self.make(service);
                }
                Act::Done => {}
            }
        }
    }

    prop_compose! {
        fn any_world()(number in 1_usize..4)(
            number in Just(number),
            has_spares in any::<bool>(),
            spares in prop::collection::btree_set(0..number, 0..3),
            parts in prop::collection::vec((0..number, any::<bool>(), prop::bool::weighted(0.8), any::<bool>()), 0..7),
        ) -> World {
            let services: Vec<String> = (0..number).map(|number| format!("web{number}")).collect();
            let mut world = World { services: services.clone(), replicas: vec![], answers: vec![], made: 0, has_spares };
            for number in spares {
                world.make_spare(&services[number]);
            }
            for (at, (service, is_wanted, runs, answers)) in parts.into_iter().enumerate() {
                let id = format!("old{at}");
                world.answers.push((id.clone(), runs && answers));
                world.replicas.push(Replica { runs, ..replica(&id, &services[service], is_wanted, Unknown) });
            }
            world
        }
    }

    proptest! {
        #[test]
        fn from_any_start_one_answers_throughout_and_the_end_is_what_is_wanted(mut world in any_world()) {
            let served = world.serving() > 0;
            let mut acts = 0;
            loop {
                let act = next_act(&world.services, &world.replicas);
                if act == Act::Done {
                    break;
                }
                world.act(&act);
                acts += 1;
                prop_assert!(acts < 60, "no end: {act:?}");
                prop_assert!(!served || world.serving() > 0);
            }
            prop_assert_eq!(world.replicas.len(), world.services.len());
            for service in &world.services {
                let right = world.replicas.iter().filter(|replica| replica.service == *service);
                let right: Vec<_> = right.filter(|replica| replica.is_wanted && world.answers(&replica.id)).collect();
                prop_assert_eq!(right.len(), 1);
            }
        }
    }
}
