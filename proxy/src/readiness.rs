//! Whether the proxy takes requests, and what it lacks.
//!
//! It needs a way to pods: one pod that it knows of, from wherever, or an ownership store that answered once. After
//! that it stays ready: a store that is away does not make it unready, since running cashboxes can be reached by what
//! it remembers.

use crate::config::{PODS, PODS_DNS};
use crate::gateway::Shared;

/// Whether the proxy takes requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// It stops.
    Draining,
    /// It has never known a pod, for lack of these.
    Waiting(Vec<String>),
    /// It does, even if it lacks these.
    Ready(Vec<String>),
}

/// What the proxy knows at a moment.
#[derive(Debug, Clone, Copy)]
struct Known {
    drains: bool,
    pods: usize,
    /// Whether the store answered the last question.
    store_is_up: bool,
    /// Whether it answered once.
    store_was_up: bool,
    /// Where it is set; `None` when there is no store that others see.
    store: Option<&'static str>,
}

impl Readiness {
    /// As it is now.
    #[must_use]
    pub fn of(shared: &Shared) -> Self {
        let lookup = &shared.routes.lookup;
        Self::from(Known {
            drains: shared.drain.is_cancelled(),
            pods: shared.routes.membership.load().pods().count(),
            store_is_up: lookup.store_is_up(),
            store_was_up: lookup.store_was_up(),
            store: lookup.store().setting(),
        })
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Ready(_) => 200,
            Self::Draining | Self::Waiting(_) => 503,
        }
    }

    /// The answer, for people: it begins with one word.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Draining => "draining".to_owned(),
            Self::Waiting(lacks) => format!("waiting for: {}", lacks.join("; ")),
            Self::Ready(lacks) if lacks.is_empty() => "ready".to_owned(),
            Self::Ready(lacks) => format!("ready without: {}", lacks.join("; ")),
        }
    }
}

impl From<Known> for Readiness {
    fn from(known: Known) -> Self {
        let mut lacks = Vec::new();
        match known.store {
            Some(setting) if !known.store_is_up => lacks.push(format!("ownership store ({setting})")),
            None => lacks.push("an ownership store that pods share (none is set)".to_owned()),
            Some(_) => {}
        }
        if known.pods == 0 {
            lacks.push(format!("pods (on record, {} or {})", PODS.name, PODS_DNS.name));
        }
        let store_answered = known.store.is_some() && known.store_was_up;
        match known {
            _ if known.drains => Self::Draining,
            _ if known.pods > 0 || store_answered => Self::Ready(lacks),
            _ => Self::Waiting(lacks),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGINNING: Known = Known {
        drains: false,
        pods: 0,
        store_is_up: false,
        store_was_up: false,
        store: Some("Redis__ConnectionString"),
    };

    fn told(known: Known) -> (u16, String) {
        let readiness = Readiness::from(known);
        (readiness.status(), readiness.text())
    }

    #[test]
    fn it_waits_until_it_knows_a_pod_or_the_store_has_answered() {
        let (status, text) = told(BEGINNING);
        assert_eq!(status, 503);
        assert!(
            text.contains("Redis__ConnectionString") && text.contains("Byodc__Proxy__PodsDns"),
            "{text}"
        );
        let (status, text) = told(Known { pods: 3, ..BEGINNING });
        assert_eq!(
            (status, text.as_str()),
            (200, "ready without: ownership store (Redis__ConnectionString)")
        );
        let answers = Known {
            store_is_up: true,
            store_was_up: true,
            ..BEGINNING
        };
        assert_eq!(told(answers).0, 200);
        assert_eq!(told(Known { pods: 1, ..answers }), (200, "ready".to_owned()));
    }

    #[test]
    fn a_store_that_goes_away_later_leaves_it_ready() {
        let lost = Known {
            store_was_up: true,
            ..BEGINNING
        };
        assert_eq!(told(lost).0, 200);
        assert_eq!(told(Known { drains: true, ..lost }), (503, "draining".to_owned()));
    }

    #[test]
    fn a_store_of_its_own_is_no_way_to_pods() {
        let alone = Known {
            store: None,
            store_is_up: true,
            store_was_up: true,
            ..BEGINNING
        };
        assert_eq!(told(alone).0, 503);
        assert_eq!(told(Known { pods: 1, ..alone }).0, 200);
    }
}
