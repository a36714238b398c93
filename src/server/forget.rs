//! Which releases go after a deployment, and what of docker's goes with them.

use super::order::Order;
use super::store::{Store, live, made, previous, release_number, unreadable, unwritable};
use crate::diagnostic::Fault;
use crate::domains::releases::{ForgetRequest, kept};
use crate::domains::rollout;
use crate::release::record::{Compose, Ended, Record, Release};

/// Takes away releases that are not kept, and what only they needed.
pub(super) fn forget(store: Store<'_>) -> Result<(), Fault> {
    let records = store.records()?;
    let folder = store.layout.releases();
    let names = store.doors.files.list(&folder).map_err(|error| unreadable(&folder, &error))?;
    let mut whole = Vec::new();
    let mut broken = Vec::new();
    for name in names {
        let succeeded = records.iter().any(|record| {
            record.release.as_deref() == Some(&name) && record.result == Some(Ended::Succeeded)
        });
        match store.release(&name)? {
            Some(release) if succeeded => whole.push(release),
            other => broken.push((name, other)),
        }
    }
    let number = |record: Option<&Record>| record.and_then(made);
    let live = number(live(&records));
    let limit = whole
        .iter()
        .find(|release| Some(release.number) == live)
        .map_or(usize::MAX, |release| release.rollout.keep_releases);
    let numbers: Vec<u64> = whole.iter().filter_map(|release| release_number(&release.name)).collect();
    let kept = kept(&numbers, live, number(previous(&records)), limit);
    let old = whole.iter().filter(|release| !kept.contains(&release.number));
    let going: Vec<&Release> = old.chain(broken.iter().filter_map(|(_, release)| release.as_ref())).collect();
    if going.is_empty() && broken.is_empty() {
        return Ok(());
    }
    let mut request = ForgetRequest::default();
    for release in &going {
        if let Some(compose) = &release.compose {
            let stays = |name: &str| release_number(name).is_some_and(|number| kept.contains(&number));
            request.images.extend(removable(store, compose, stays)?);
        }
        request.folders.push(store.layout.release(&release.name));
    }
    let unfinished = broken.iter().filter(|(_, release)| release.is_none());
    request.folders.extend(unfinished.map(|(name, _)| store.layout.release(name)));
    Order::new(store)?.forget(request)?;
    let staying: Vec<Release> = whole.into_iter().filter(|release| kept.contains(&release.number)).collect();
    rollout::mounts::sweep(store.doors.files.as_ref(), store.layout, &staying)
        .map_err(|error| unwritable(&store.layout.home, &error))
}

/// The images that Shipway built for a release and that none of those names that stay.
pub(super) fn removable(
    store: Store<'_>,
    compose: &Compose,
    stays: impl Fn(&str) -> bool,
) -> Result<Vec<String>, Fault> {
    let folder = store.layout.releases();
    let names = store.doors.files.list(&folder).map_err(|error| unreadable(&folder, &error))?;
    let mut needed = Vec::new();
    for other in names.iter().filter(|name| stays(name)) {
        if let Some(other) = store.release(other)?.and_then(|release| release.compose) {
            needed.extend(other.images.into_values().map(|image| image.reference));
        }
    }
    let built = compose.images.values().filter(|image| image.built).map(|image| image.reference.clone());
    let mut images: Vec<String> = built.filter(|image| !needed.contains(image)).collect();
    images.sort();
    images.dedup();
    Ok(images)
}
