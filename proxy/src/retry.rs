//! What to do after each try: pure decisions, no I/O.
//!
//! A request that names a cashbox may be sent again whatever became of it: the pod recognises its operation id.
//! One that names none may be sent again only when nothing of it was sent.

use std::time::Duration;

use shared::api::refusal::Refusal;
use shared::identity::Incarnation;

use crate::message::answer::Notes;
use crate::reply::Refused;

/// How many redirects are followed in a row before the request waits a moment.
const HOPS_MAX: u32 = 4;
/// The first wait; each further one is twice as long.
const WAIT_FIRST: Duration = Duration::from_millis(5);
/// The longest wait.
const WAIT_MAX: Duration = Duration::from_millis(250);
/// How long a request waits for any pod to be ready.
const WITHOUT_PODS_MAX: Duration = Duration::from_secs(30);
/// How many pods a request without a cashbox tries.
const PODS_TRIED_MAX: u32 = 3;

/// Every reason of the proxy's own for sending a request again; the others are words of refusals.
pub const RESEND_REASONS: [&str; 6] = [
    "refused",
    "lost",
    "superseded",
    "no_pod_ready",
    "redirected",
    "owner_unreachable",
];

/// What became of one try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// The pod answered with this status, and told this beside.
    Answered(u16, &'a Notes),
    /// The answer was for another cashbox or operation.
    Crossed,
    /// The answer cannot be understood.
    Broken,
    /// The pod could not be reached: nothing was sent.
    NotSent,
    /// The connection ended before an answer: the pod may have received the request.
    Lost,
    /// The request waits at a pod that cannot serve it any more.
    Superseded,
    /// There was no pod to ask.
    NoPod,
    /// The deadline passed.
    TooLate {
        /// Whether the request was on its way to a pod.
        sent: bool,
    },
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The answer goes to the POS.
    Final,
    /// Try the pod that the answer names as the owner.
    TryOwner,
    /// Find out where to go and try again at once, for this reason.
    Again(&'static str),
    /// Wait for the cashbox to settle, then try again, for this reason.
    Wait(&'static str),
    /// Answer this.
    GiveUp(Refused),
}

impl Verdict {
    /// Why the request is sent to a pod once more, if it is.
    #[must_use]
    pub fn sends_again(self) -> Option<&'static str> {
        match self {
            Self::TryOwner => Some("redirected"),
            Self::Again(reason) | Self::Wait(reason) => Some(reason),
            Self::Final | Self::GiveUp(_) => None,
        }
    }
}

/// What is known about a request's tries so far.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Attempts {
    /// The start of a pod that could not be reached; the next candidate is told.
    pub suspect: Option<Incarnation>,
    /// Whether a pod may have received the request.
    pub maybe_received: bool,
    /// How often it was sent again.
    pub resends: u32,
    /// How many redirects were followed.
    pub redirects: u32,
    hops: u32,
    waits: u32,
    without_pods: Duration,
}

/// Whether a request may be sent again after a pod may have received it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeatable {
    /// It names a cashbox: pods recognise its operation id.
    ByOperationId,
    /// It does not.
    OnlyUnsent,
}

impl Attempts {
    /// Decides what to do after a try, and remembers it.
    pub fn decide(&mut self, outcome: Outcome<'_>, repeatable: Repeatable) -> Verdict {
        // A pod that refused has not begun; only what is not known to have been refused is in doubt.
        self.maybe_received |= matches!(
            outcome,
            Outcome::Lost
                | Outcome::Superseded
                | Outcome::Broken
                | Outcome::Crossed
                | Outcome::TooLate { sent: true }
        );
        let verdict = match repeatable {
            Repeatable::ByOperationId => self.decide_by_operation_id(outcome),
            Repeatable::OnlyUnsent => self.decide_only_unsent(outcome),
        };
        match verdict {
            Verdict::TryOwner => self.redirects += 1,
            Verdict::Again(_) | Verdict::Wait(_) => self.resends += 1,
            Verdict::Final | Verdict::GiveUp(_) => {}
        }
        verdict
    }

    fn decide_by_operation_id(&mut self, outcome: Outcome<'_>) -> Verdict {
        match outcome {
            Outcome::Answered(status, notes) => self.decide_answered(status, notes),
            Outcome::Crossed => Verdict::GiveUp(Refused::CrossedWire),
            Outcome::Broken => Verdict::GiveUp(Refused::AnswerBroken),
            // The first time the way out is obvious: another pod, or a fresh connection.
            Outcome::NotSent => self.soon("refused"),
            Outcome::Lost => self.soon("lost"),
            Outcome::Superseded => Verdict::Again("superseded"),
            Outcome::NoPod if self.without_pods >= WITHOUT_PODS_MAX => Verdict::GiveUp(Refused::NoPodReady),
            Outcome::NoPod => {
                self.without_pods += self.next_wait();
                Verdict::Wait("no_pod_ready")
            }
            Outcome::TooLate { .. } if self.maybe_received => Verdict::GiveUp(Refused::OutcomeUnknown),
            Outcome::TooLate { .. } => Verdict::GiveUp(Refused::TooLate),
        }
    }

    fn decide_answered(&mut self, status: u16, notes: &Notes) -> Verdict {
        match notes.refusal {
            Some(Refusal::HeldByOther) | None if status == 421 => {
                self.hops += 1;
                if self.hops > HOPS_MAX || notes.owner.is_none() || notes.owner_address.is_none() {
                    self.hops = 0;
                    return Verdict::Wait("redirected");
                }
                Verdict::TryOwner
            }
            Some(refusal) if refusal.passes_by_itself() => Verdict::Wait(refusal.word()),
            _ => Verdict::Final,
        }
    }

    fn decide_only_unsent(&mut self, outcome: Outcome<'_>) -> Verdict {
        match outcome {
            Outcome::Answered(..) => Verdict::Final,
            Outcome::NotSent if self.resends + 1 < PODS_TRIED_MAX => Verdict::Again("refused"),
            Outcome::NotSent => Verdict::GiveUp(Refused::NoPodReached),
            Outcome::NoPod => Verdict::GiveUp(Refused::NoPodReady),
            Outcome::Crossed => Verdict::GiveUp(Refused::CrossedWire),
            Outcome::Broken => Verdict::GiveUp(Refused::AnswerBroken),
            Outcome::Lost | Outcome::Superseded => Verdict::GiveUp(Refused::AnswerLost),
            Outcome::TooLate { .. } => Verdict::GiveUp(Refused::OutcomeUnknown),
        }
    }

    /// At once the first few times, then after a wait: a pod that keeps failing is not hammered.
    fn soon(&mut self, reason: &'static str) -> Verdict {
        self.hops += 1;
        if self.hops > HOPS_MAX {
            Verdict::Wait(reason)
        } else {
            Verdict::Again(reason)
        }
    }

    /// How long the next wait may be: twice the last one, up to a bound, and shortened by chance so that those
    /// who wait together do not come together.
    pub fn take_wait(&mut self) -> Duration {
        let wait = self.next_wait();
        self.waits += 1;
        wait.mul_f64(rand::random_range(0.5..=1.0))
    }

    fn next_wait(&self) -> Duration {
        (WAIT_FIRST * 2u32.saturating_pow(self.waits.min(10))).min(WAIT_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use shared::identity::pod::PodId;

    fn redirect() -> Notes {
        Notes {
            refusal: Some(Refusal::HeldByOther),
            owner: Some(PodId {
                name: "byodc-1".parse().unwrap(),
                incarnation: Incarnation::random(),
            }),
            owner_address: Some(([127, 0, 0, 1], 1).into()),
            ..Notes::default()
        }
    }

    #[test]
    fn a_few_redirects_are_followed_then_the_request_waits() {
        let (mut attempts, notes) = (Attempts::default(), redirect());
        let mut decide = || attempts.decide(Outcome::Answered(421, &notes), Repeatable::ByOperationId);
        for _ in 0..HOPS_MAX {
            assert_eq!(decide(), Verdict::TryOwner);
        }
        assert_eq!(decide(), Verdict::Wait("redirected"));
        assert_eq!(decide(), Verdict::TryOwner);
    }

    #[test]
    fn a_refusal_that_passes_is_waited_out_and_another_is_passed_on() {
        for refusal in Refusal::ALL {
            let notes = Notes {
                refusal: Some(refusal),
                ..Notes::default()
            };
            let verdict =
                Attempts::default().decide(Outcome::Answered(503, &notes), Repeatable::ByOperationId);
            assert_eq!(
                verdict != Verdict::Final,
                refusal.passes_by_itself(),
                "{refusal:?}"
            );
        }
    }

    #[test]
    fn the_deadline_tells_apart_what_was_never_sent_from_what_may_have_happened() {
        let mut attempts = Attempts::default();
        attempts.decide(Outcome::NotSent, Repeatable::ByOperationId);
        let verdict = attempts.decide(Outcome::TooLate { sent: false }, Repeatable::ByOperationId);
        assert_eq!(verdict, Verdict::GiveUp(Refused::TooLate));
        attempts.decide(Outcome::Lost, Repeatable::ByOperationId);
        let verdict = attempts.decide(Outcome::TooLate { sent: false }, Repeatable::ByOperationId);
        assert_eq!(verdict, Verdict::GiveUp(Refused::OutcomeUnknown));
    }

    proptest! {
        #[test]
        fn without_a_cashbox_nothing_is_sent_again_that_a_pod_may_have_received(tries in 0u32..5) {
            let mut attempts = Attempts::default();
            for _ in 0..tries {
                attempts.decide(Outcome::NotSent, Repeatable::OnlyUnsent);
            }
            for outcome in [Outcome::Lost, Outcome::Superseded, Outcome::Broken, Outcome::Crossed] {
                let verdict = attempts.clone().decide(outcome, Repeatable::OnlyUnsent);
                prop_assert!(matches!(verdict, Verdict::GiveUp(_)), "{verdict:?}");
            }
        }

        #[test]
        fn no_run_of_failures_goes_on_without_waiting(lost in prop::collection::vec(any::<bool>(), 10)) {
            let mut attempts = Attempts::default();
            let mut verdicts = lost.iter().map(|lost| {
                let outcome = if *lost { Outcome::Lost } else { Outcome::NotSent };
                attempts.decide(outcome, Repeatable::ByOperationId)
            });
            prop_assert!(verdicts.any(|verdict| matches!(verdict, Verdict::Wait(_))));
        }
    }
}
