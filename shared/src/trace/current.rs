//! Whom the running task works for: its place in a trace, and the cashbox that its work is about.
//!
//! Deep below a request, where nothing else would have to know of either (the client of the configuration service, a
//! call to a TSE, a line in the log), they are asked for here. They travel from task to task only where they are
//! carried on purpose: a spawned task works for nobody until it is [`carried`] or says whose cashbox it is about.
//!
//! [`carried`]: crate::trace::current::carried

use std::cell::Cell;
use std::future::Future;

use super::record::Kind;
use super::span::{Place, Span};
use crate::identity::CashBoxId;

/// What the running task has; the cashbox may become known while it runs.
struct Current {
    place: Place,
    cashbox: Cell<Option<CashBoxId>>,
}

tokio::task_local! {
    static CURRENT: Current;
}

/// Whom a task works for, to be taken along to where another task goes on.
#[derive(Debug, Clone, Default)]
pub struct Errand {
    /// The place in its trace; the empty one where nobody said.
    pub place: Place,
    /// The cashbox, where it is about one.
    pub cashbox: Option<CashBoxId>,
}

impl Errand {
    /// The running task's.
    #[must_use]
    pub fn now() -> Self {
        CURRENT
            .try_with(|current| Self {
                place: current.place.clone(),
                cashbox: current.cashbox.get(),
            })
            .unwrap_or_default()
    }

    /// Does some work for it.
    pub fn run<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self.into(), work)
    }

    /// Does some work for it that waits for nothing.
    pub fn run_at_once<R>(&self, work: impl FnOnce() -> R) -> R {
        CURRENT.sync_scope(self.clone().into(), work)
    }
}

impl From<Errand> for Current {
    fn from(errand: Errand) -> Self {
        Self {
            place: errand.place,
            cashbox: Cell::new(errand.cashbox),
        }
    }
}

/// Where the running task works; the empty place where nobody said.
#[must_use]
pub fn place() -> Place {
    CURRENT
        .try_with(|current| current.place.clone())
        .unwrap_or_default()
}

/// Notes which cashbox the running piece of work is about, as soon as that is known.
pub fn concerns(cashbox: CashBoxId) {
    // Without a piece of work there is nothing to note it on, and nobody who would read it.
    let _ = CURRENT.try_with(|current| current.cashbox.set(Some(cashbox)));
}

/// A piece of work for whoever the running task works for.
#[must_use]
pub fn child(name: &'static str, kind: Kind) -> Span {
    CURRENT
        .try_with(|current| current.place.child(name, kind))
        .unwrap_or_default()
}

/// Does some work for this place, about the same cashbox.
pub fn within<F: Future>(place: Place, work: F) -> impl Future<Output = F::Output> {
    let cashbox = Errand::now().cashbox;
    Errand { place, cashbox }.run(work)
}

/// Does some work about this cashbox, at the place of the task that does it.
pub async fn about<F: Future>(cashbox: CashBoxId, work: F) -> F::Output {
    let cashbox = Some(cashbox);
    Errand {
        place: place(),
        cashbox,
    }
    .run(work)
    .await
}

/// Does some work for whoever asked for it, in a task that is about to be spawned.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    Errand::now().run(work)
}

/// Does some work as a step of its own.
pub async fn step<F: Future>(name: &'static str, work: F) -> F::Output {
    let span = child(name, Kind::Internal);
    within(span.place().clone(), work).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::context::{TraceContext, TraceParent};
    use crate::trace::tracer::Tracer;

    const BOX: CashBoxId = CashBoxId::from_u128(7);
    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

    fn traced() -> Place {
        let parent = TraceParent::parse(PARENT.as_bytes()).unwrap();
        let context = TraceContext { parent, state: None };
        Tracer::default().serve("test", Some(context)).place().clone()
    }

    fn known() -> (bool, Option<CashBoxId>) {
        let now = Errand::now();
        (now.place.trace_id().is_some(), now.cashbox)
    }

    #[tokio::test]
    async fn a_cashbox_that_becomes_known_is_known_to_what_follows() {
        concerns(BOX);
        assert_eq!(known(), (false, None));
        within(traced(), async {
            assert_eq!(known(), (true, None));
            concerns(BOX);
            assert_eq!(known(), (true, Some(BOX)));
            step("deeper", async { assert_eq!(known(), (true, Some(BOX))) }).await;
        })
        .await;
        assert_eq!(known(), (false, None));
    }

    #[tokio::test]
    async fn a_spawned_task_works_for_nobody_unless_it_is_carried() {
        let work = about(BOX, async {
            let alone = tokio::spawn(async { known() }).await.unwrap();
            let carried = tokio::spawn(carried(async { known() })).await.unwrap();
            let anew = tokio::spawn(about(BOX, async { known() })).await.unwrap();
            (alone, carried, anew)
        });
        let (alone, carried, anew) = within(traced(), work).await;
        assert_eq!(alone, (false, None));
        assert_eq!(carried, (true, Some(BOX)));
        assert_eq!(anew, (false, Some(BOX)));
    }

    #[tokio::test]
    async fn an_errand_can_be_taken_up_again_without_waiting() {
        let errand = within(traced(), about(BOX, async { Errand::now() })).await;
        assert_eq!(errand.run_at_once(known), (true, Some(BOX)));
    }
}
