//! To which deployment a roll-back goes. Pure.

use crate::diagnostic::{Fault, FaultKind};
use crate::release::record::{Ended, Kind, Record};
use crate::text::list;

/// So many deployments are named in a refusal.
const NAMED: usize = 5;

/// The deployment whose release a roll-back makes live: the one that is named, or else what was live before the live one. Where a roll-back
/// made that live, what was live before the deployment that it returned to: so two roll-backs in a row go back two releases, and never
/// forward to what was left.
pub(super) fn retreat<'a>(
    environment: &str,
    records: &'a [Record],
    live: Option<&Record>,
    to: Option<u64>,
) -> Result<&'a Record, Fault> {
    let refused = |message: String| Fault::new(FaultKind::Refused, message);
    let Some(live) = live else {
        return Err(refused(format!(
            "nothing is live on `{environment}`, so there is nothing to go back from"
        ))
        .hint("`shipway deploy TAG` makes the first release"));
    };
    let is_good = |record: &&Record| record.result == Some(Ended::Succeeded) && record.release.is_some();
    let see = format!("`shipway releases -e {environment}` lists them");
    if let Some(number) = to {
        let Some(found) = records.iter().find(|record| record.number == number) else {
            let numbers: Vec<String> =
                records.iter().filter(is_good).take(NAMED).map(|it| format!("#{}", it.number)).collect();
            let fault = Fault::new(FaultKind::Usage, format!("`{environment}` has no deployment #{number}"));
            return Err(match numbers.is_empty() {
                true => fault.hint(see),
                false => {
                    fault.hint(format!("the last good ones are {}; {see}", list::and_ticked(&refs(&numbers))))
                }
            });
        };
        if !is_good(&found) {
            return Err(refused(format!("deployment #{number} of `{environment}` was never live")).hint(see));
        }
        if found.release == live.release {
            return Err(refused(format!("what deployment #{number} released is live on `{environment}`"))
                .hint("without a number, `shipway rollback` goes to the good release before it"));
        }
        return Ok(found);
    }
    let origin = origin(records, live);
    let before = records.iter().filter(is_good).filter(|it| it.number < origin && it.release != live.release);
    before
        .max_by_key(|record| record.number)
        .ok_or_else(|| refused(format!("`{environment}` has no good release before the live one")).hint(see))
}

/// The number of the deployment that a roll-back, or a roll-back to a roll-back, returned to in the end.
fn origin(records: &[Record], live: &Record) -> u64 {
    let mut at = live;
    while at.kind == Kind::Rollback {
        let returned_to = records.iter().filter(|it| {
            it.number < at.number && it.release == at.release && it.result == Some(Ended::Succeeded)
        });
        match returned_to.max_by_key(|it| it.number) {
            Some(record) => at = record,
            None => break,
        }
    }
    at.number
}

fn refs(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u64, kind: Kind, release: &str, result: Option<Ended>) -> Record {
        serde_json::from_value(serde_json::json!({
            "version": 1, "number": number, "environment": "prod", "kind": kind, "commit": "c0ffee",
            "by": "me", "from": "here", "release": release, "shipway": "0.1.0",
            "asked": "2026-11-22T10:00:00Z", "result": result,
        }))
        .unwrap()
    }

    fn to(records: &[Record], live: u64, named: Option<u64>) -> Result<u64, String> {
        let live = records.iter().find(|record| record.number == live);
        retreat("prod", records, live, named).map(|record| record.number).map_err(|fault| fault.message)
    }

    #[test]
    fn a_roll_back_goes_to_the_good_release_before_and_the_next_one_further() {
        let good = Some(Ended::Succeeded);
        let mut records = vec![
            record(4, Kind::Deploy, "4", good),
            record(3, Kind::Deploy, "3", Some(Ended::Failed)),
            record(2, Kind::Deploy, "2", good),
            record(1, Kind::Deploy, "1", good),
        ];
        assert_eq!(to(&records, 4, None), Ok(2));
        records.insert(0, record(5, Kind::Rollback, "2", good));
        assert_eq!(to(&records, 5, None), Ok(1));
        records.insert(0, record(6, Kind::Rollback, "1", good));
        assert!(to(&records, 6, None).unwrap_err().contains("no good release before"));
        assert_eq!(to(&records, 6, Some(4)), Ok(4));
    }

    #[test]
    fn after_an_old_version_was_deployed_anew_a_roll_back_returns_to_what_that_replaced() {
        let good = Some(Ended::Succeeded);
        let mut records = vec![
            record(4, Kind::Deploy, "1", good),
            record(2, Kind::Deploy, "2", good),
            record(1, Kind::Deploy, "1", good),
        ];
        assert_eq!(to(&records, 4, None), Ok(2), "#4 is a deployment, though of an old release");
        records[0] = record(4, Kind::Deploy, "4", good);
        records.insert(1, record(3, Kind::Rollback, "1", good));
        assert_eq!(to(&records, 4, None), Ok(3), "#3 was live before, and not #2, which was left");
        records.insert(0, record(5, Kind::Rollback, "1", good));
        assert!(to(&records, 5, None).is_err(), "#5 returned to #3, and that to #1");
    }

    #[test]
    fn what_was_never_live_and_what_is_live_is_refused() {
        let good = Some(Ended::Succeeded);
        let records = [
            record(3, Kind::Deploy, "3", good),
            record(2, Kind::Deploy, "2", Some(Ended::Failed)),
            record(1, Kind::Deploy, "1", good),
        ];
        assert!(to(&records, 3, Some(2)).unwrap_err().contains("was never live"));
        assert!(to(&records, 3, Some(3)).unwrap_err().contains("is live"));
        assert!(to(&records, 3, Some(9)).unwrap_err().contains("has no deployment #9"));
        assert!(to(&records, 9, None).unwrap_err().contains("nothing is live"));
    }
}
