//! The place in the trace that the running task works for.
//!
//! Deep below a request, where nothing else would have to know of traces (the client of the configuration service, a
//! call to a TSE), the place is asked for here. It travels from task to task only where it is carried on purpose.

use std::future::Future;

use super::record::Kind;
use super::span::{Place, Span};

tokio::task_local! {
    static CURRENT: Place;
}

/// Where the running task works; the empty place where nobody said.
#[must_use]
pub fn place() -> Place {
    CURRENT.try_with(Place::clone).unwrap_or_default()
}

/// A piece of work for whoever the running task works for.
#[must_use]
pub fn child(name: &'static str, kind: Kind) -> Span {
    CURRENT
        .try_with(|place| place.child(name, kind))
        .unwrap_or_default()
}

/// Does some work for this place.
pub fn within<F: Future>(place: Place, work: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(place, work)
}

/// Does some work for whoever asked for it, in a task that is about to be spawned.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    within(place(), work)
}

/// Does some work as a step of its own.
pub async fn step<F: Future>(name: &'static str, work: F) -> F::Output {
    let span = child(name, Kind::Internal);
    within(span.place().clone(), work).await
}
