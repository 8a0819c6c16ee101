//! The life of a cashbox in a pod, as one pure function.
//!
//! ```text
//!                          ┌─── Reloaded ────┐
//!                          ▼                 │
//!  Loading → Recovering → Ready ───────→ Reloading
//!     │          │          │                │
//!     │          │          ├─ LeaveAsked ───┼──→ Leaving ─────┬→ Released
//!     │          │          └─ HandOverBegun ┴──→ HandingOver ─┘
//!     │          │
//!     │          ├──────────┴─ FoundStale → Stale ── LeaveAsked, HandOverBegun, as above
//!     │          │
//!     ├──────────┴─ any of the above: Broke → Failed,  Fenced → Lost
//!     └ Refused
//! ```
//!
//! `Released`, `Refused`, `Failed` and `Lost` are ends: the instance is dropped, and the next request starts another.

use std::time::Instant;

use shared::identity::Epoch;
use thiserror::Error;

/// Where a cashbox is in its life, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// Which stage.
    pub stage: Stage,
    /// When it was entered.
    pub since: Instant,
}

/// The stages of a cashbox's life, with what is known in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reserved; its configuration is being fetched and checked.
    Loading,
    /// Claimed; its state is read and what was interrupted is being settled.
    Recovering {
        /// The epoch of the claim.
        epoch: Epoch,
    },
    /// Serving.
    Ready {
        /// The epoch of the claim.
        epoch: Epoch,
    },
    /// Fetching its configuration anew; requests wait.
    Reloading {
        /// The epoch of the claim.
        epoch: Epoch,
    },
    /// Serves nothing: its journal is older than what was signed already. It stays until an operator decides, so
    /// that the refusal costs no claim and everybody finds it in one place.
    Stale {
        /// The epoch of the claim.
        epoch: Epoch,
    },
    /// Takes nothing new; on its way to give the ownership back.
    Leaving {
        /// The epoch of the claim.
        epoch: Epoch,
    },
    /// Takes nothing new; another pod is asked to claim it.
    HandingOver {
        /// The epoch of the claim.
        epoch: Epoch,
    },
    /// End: given back.
    Released,
    /// End: never began, because the caller, the configuration or another owner forbade it.
    Refused,
    /// End: could not go on.
    Failed,
    /// End: a newer claim exists.
    Lost {
        /// The epoch that was superseded.
        epoch: Epoch,
    },
}

/// What happens to a cashbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The queue was claimed in the journal.
    Claimed(Epoch),
    /// State is loaded and every interrupted request has its outcome.
    Settled,
    /// A reset began.
    ReloadBegun,
    /// A reset ended, well or with the old configuration kept.
    Reloaded,
    /// Its journal is older than what was signed already.
    FoundStale,
    /// Nobody uses it, or the pod stops.
    LeaveAsked,
    /// Another pod is ready to take it, and the running receipt has ended.
    HandOverBegun,
    /// The ownership was given back or taken over as planned.
    Left,
    /// The start ended before a claim.
    Refused,
    /// It cannot go on.
    Broke,
    /// The journal says that a newer claim exists.
    Fenced,
}

/// An event that a stage does not know: a bug of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a cashbox that is {stage:?} cannot see {event:?}")]
pub struct OutOfPlace {
    /// The stage it was in.
    pub stage: Stage,
    /// What it was told.
    pub event: Event,
}

impl State {
    /// The beginning of a life.
    #[must_use]
    pub fn loading(now: Instant) -> Self {
        Self {
            stage: Stage::Loading,
            since: now,
        }
    }

    /// The state after an event.
    ///
    /// # Errors
    /// When the event has no place in this stage; the state stays.
    pub fn next(self, event: Event, now: Instant) -> Result<Self, OutOfPlace> {
        let stage = next(self.stage, event)?;
        Ok(Self { stage, since: now })
    }
}

/// The stage after an event: total over all pairs.
///
/// # Errors
/// When the event has no place in the stage.
pub fn next(stage: Stage, event: Event) -> Result<Stage, OutOfPlace> {
    use Stage::{
        Failed, HandingOver, Leaving, Loading, Lost, Ready, Recovering, Refused, Released, Reloading, Stale,
    };
    match (stage, event) {
        (Loading, Event::Claimed(epoch)) => Ok(Recovering { epoch }),
        (Recovering { epoch }, Event::Settled) => Ok(Ready { epoch }),
        (Ready { epoch }, Event::ReloadBegun) => Ok(Reloading { epoch }),
        (Reloading { epoch }, Event::Reloaded) => Ok(Ready { epoch }),
        (Recovering { epoch } | Ready { epoch } | Reloading { epoch }, Event::FoundStale) => {
            Ok(Stale { epoch })
        }
        (Ready { epoch } | Reloading { epoch } | Stale { epoch }, Event::LeaveAsked) => Ok(Leaving { epoch }),
        (Ready { epoch } | Reloading { epoch } | Stale { epoch }, Event::HandOverBegun) => {
            Ok(HandingOver { epoch })
        }
        (Leaving { .. } | HandingOver { .. }, Event::Left) => Ok(Released),
        (Loading, Event::Refused) => Ok(Refused),
        (stage, Event::Broke) if !stage.is_end() => Ok(Failed),
        (
            Recovering { epoch }
            | Ready { epoch }
            | Reloading { epoch }
            | Stale { epoch }
            | Leaving { epoch }
            | HandingOver { epoch },
            Event::Fenced,
        ) => Ok(Lost { epoch }),
        (stage, event) => Err(OutOfPlace { stage, event }),
    }
}

impl Stage {
    /// Every word of [`Stage::word`].
    pub const WORDS: [&str; 11] = [
        "loading",
        "recovering",
        "ready",
        "reloading",
        "stale",
        "leaving",
        "handing-over",
        "released",
        "refused",
        "failed",
        "lost",
    ];

    /// The stage in one word, as operators and metrics see it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Recovering { .. } => "recovering",
            Self::Ready { .. } => "ready",
            Self::Reloading { .. } => "reloading",
            Self::Stale { .. } => "stale",
            Self::Leaving { .. } => "leaving",
            Self::HandingOver { .. } => "handing-over",
            Self::Released => "released",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Lost { .. } => "lost",
        }
    }

    /// The epoch under which it lives or was lost, once it has one.
    #[must_use]
    pub fn epoch(self) -> Option<Epoch> {
        match self {
            Self::Recovering { epoch }
            | Self::Ready { epoch }
            | Self::Reloading { epoch }
            | Self::Stale { epoch }
            | Self::Leaving { epoch }
            | Self::HandingOver { epoch }
            | Self::Lost { epoch } => Some(epoch),
            Self::Loading | Self::Released | Self::Refused | Self::Failed => None,
        }
    }

    /// Whether nothing comes after it.
    #[must_use]
    pub fn is_end(self) -> bool {
        matches!(
            self,
            Self::Released | Self::Refused | Self::Failed | Self::Lost { .. }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EPOCH: Epoch = Epoch(7);

    fn any_event() -> impl Strategy<Value = Event> {
        prop_oneof![
            Just(Event::Claimed(EPOCH)),
            Just(Event::Settled),
            Just(Event::ReloadBegun),
            Just(Event::Reloaded),
            Just(Event::FoundStale),
            Just(Event::LeaveAsked),
            Just(Event::HandOverBegun),
            Just(Event::Left),
            Just(Event::Refused),
            Just(Event::Broke),
            Just(Event::Fenced),
        ]
    }

    /// The model: a life is a word over the events, and this grammar says which may come next.
    fn may_follow(history: &[Event], event: Event) -> bool {
        let claimed = history.contains(&Event::Claimed(EPOCH));
        let settled = history.contains(&Event::Settled);
        let leaving = history.contains(&Event::LeaveAsked) || history.contains(&Event::HandOverBegun);
        let stale = history.contains(&Event::FoundStale);
        let over =
            |event: &Event| matches!(event, Event::Left | Event::Refused | Event::Broke | Event::Fenced);
        let count = |wanted| history.iter().filter(|event| **event == wanted).count();
        let reloading = count(Event::ReloadBegun) > count(Event::Reloaded);
        if history.iter().any(over) {
            return false;
        }
        match event {
            Event::Claimed(_) | Event::Refused => !claimed,
            Event::Settled => claimed && !settled && !stale,
            Event::ReloadBegun => settled && !reloading && !leaving && !stale,
            Event::Reloaded => reloading && !leaving && !stale,
            Event::FoundStale => claimed && !leaving && !stale,
            Event::LeaveAsked | Event::HandOverBegun => (settled || stale) && !leaving,
            Event::Left => leaving,
            Event::Broke => true,
            Event::Fenced => claimed,
        }
    }

    proptest! {
        #[test]
        fn a_life_takes_exactly_the_events_that_the_diagram_draws(
            events in prop::collection::vec(any_event(), 0..40)
        ) {
            let mut stage = Stage::Loading;
            let mut history = Vec::new();
            for event in events {
                let after = next(stage, event);
                prop_assert_eq!(after.is_ok(), may_follow(&history, event), "{:?} then {:?}", history, event);
                if let Ok(after) = after {
                    stage = after;
                    history.push(event);
                }
            }
        }

        #[test]
        fn nothing_comes_after_an_end(event in any_event()) {
            for end in [Stage::Released, Stage::Refused, Stage::Failed, Stage::Lost { epoch: EPOCH }] {
                prop_assert_eq!(next(end, event), Err(OutOfPlace { stage: end, event }));
                prop_assert!(end.is_end());
            }
        }
    }

    #[test]
    fn every_stage_has_a_word_of_its_own() {
        let epoch = EPOCH;
        let all = [
            Stage::Loading,
            Stage::Recovering { epoch },
            Stage::Ready { epoch },
            Stage::Reloading { epoch },
            Stage::Stale { epoch },
            Stage::Leaving { epoch },
            Stage::HandingOver { epoch },
            Stage::Released,
            Stage::Refused,
            Stage::Failed,
            Stage::Lost { epoch },
        ];
        assert_eq!(all.map(Stage::word), Stage::WORDS);
    }
}
