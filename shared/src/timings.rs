//! Every time that must fit another, each with its reason, and the check at start that they do.
//!
//! ```text
//! a pod falls silent ─ its lease runs out ─ proxies read the pods ─ a waiting request looks ─ the owner is asked ─ claim
//! |<───────────── lease ────────────>|<─ READ_EVERY ─>|<── LOOK_EVERY ──>|<─ ANSWER ─>|<─ CLAIM ─>|
//! |<──────────────────────── Lease::takeover_without_evidence ───────────────────────────────────>|
//! ```
//!
//! What only one part waits for, and nothing else has to outlast, stands with that part. Safety rests on none of
//! these: a time that is wrong costs somebody a wait or a refusal, never a chain.

use std::time::Duration;

use crate::env::{Faults, Setting, Settings};
use crate::ownership::config::{LEASE_SECONDS, RENEW_SECONDS};

/// How often proxies and pods read which pods there are, when no event tells them: a lease that runs out announces
/// nothing.
pub const READ_EVERY: Duration = Duration::from_secs(1);
/// How often a request that waits at a pod looks whether the pod can still serve it. It adds to every takeover from
/// a silent pod, and costs a timer for each request that takes longer.
pub const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long connecting to a peer may take when a pod questions it. A refusal comes at once, so that a process that
/// is gone never costs this.
pub const PEER_CONNECT: Duration = Duration::from_millis(500);
/// How long a peer may take to answer, connecting included. It answers from memory; whoever takes longer is silent,
/// which is evidence of nothing.
pub const PEER_ANSWER: Duration = Duration::from_millis(800);
/// What a start may take from the decision to take over until the cashbox serves, so that others wait for it rather
/// than give up: reserving, claiming, settling an interrupted receipt with a TSE that answers.
pub const CLAIM: Duration = Duration::from_secs(1);
/// How long open connections may take to end once nothing is left to serve on them.
pub const CONNECTIONS_END: Duration = Duration::from_secs(5);
/// What a process needs beside its drain: to notice the signal, to write its last words, to be scheduled at all.
pub const EXIT_MARGIN: Duration = Duration::from_secs(5);

/// How long whoever stops a process waits before killing it.
pub const GRACE_SECONDS: Setting = Setting::plain(
    "Byodc__Drain__GraceSeconds",
    "130",
    "seconds from the signal to stop until the process is killed, 1 to 7200: Kubernetes' \
     terminationGracePeriodSeconds, less what a preStop hook takes; every drain must fit into it",
);

/// Every setting of this part.
pub const SETTINGS: &[Setting] = &[GRACE_SECONDS];

/// Reads [`GRACE_SECONDS`].
pub fn grace(settings: &Settings, faults: &mut Faults) -> Duration {
    Duration::from_secs(settings.number(&GRACE_SECONDS, 1..=7200, faults))
}

/// How long a pod's record lives, and how often it is renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// How long a record lives without renewal.
    pub lasts: Duration,
    /// How often it is renewed.
    pub renew_every: Duration,
}

impl Lease {
    /// How long a request may wait until another pod serves the cashbox of one that fell silent: nothing listens
    /// to it any more, but nothing refuses either, so that only the end of its lease tells.
    #[must_use]
    pub fn takeover_without_evidence(&self) -> Duration {
        self.lasts + READ_EVERY + LOOK_EVERY + PEER_ANSWER + CLAIM
    }

    /// How long a pod may be missing from a store that has lost everything before it counts as gone. Each has its
    /// next renewal to come back, and the one after if that is lost.
    #[must_use]
    pub fn return_after_loss(&self) -> Duration {
        self.renew_every * 2 + READ_EVERY
    }

    /// A record must outlast the loss of one renewal: else a single lost message looks like a dead pod.
    pub fn check(&self, faults: &mut Faults) {
        if self.renew_every * 2 > self.lasts {
            faults.add_text(format!(
                "{} = {} and {} = {}: a lease must outlast two renewals, so that one may be lost",
                RENEW_SECONDS.name,
                self.renew_every.as_secs(),
                LEASE_SECONDS.name,
                self.lasts.as_secs()
            ));
        }
    }

    fn takeover(&self) -> Needed {
        Needed {
            time: self.takeover_without_evidence(),
            reason: format!(
                "which the takeover from a silent pod takes with {} = {}",
                LEASE_SECONDS.name,
                self.lasts.as_secs()
            ),
        }
    }
}

/// A time as a setting gives it.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    /// The setting.
    pub setting: &'static Setting,
    /// What it says.
    pub time: Duration,
}

/// A time that another must reach, and why.
struct Needed {
    time: Duration,
    reason: String,
}

/// The times of a proxy that must fit each other and the pods'.
#[derive(Debug, Clone, Copy)]
pub struct ProxyTimes {
    /// How long pods' records live.
    pub lease: Lease,
    /// How long a POS waits for its answer.
    pub deadline: Told,
    /// How long connecting to a pod may take.
    pub connect: Told,
    /// How long new connections are taken after the signal to stop.
    pub lame_duck: Told,
    /// How long running requests may take to end after that.
    pub drain: Told,
    /// How long until the process is killed.
    pub grace: Duration,
}

impl ProxyTimes {
    /// Notes every time that does not fit.
    pub fn check(&self, faults: &mut Faults) {
        // A request that waits for a takeover is answered by the new owner, not refused just before.
        reaches(self.deadline, &self.lease.takeover(), faults);
        // The same for a request that waits when the proxy itself is told to stop.
        reaches(self.drain, &self.lease.takeover(), faults);
        // A pod that swallows the attempt to connect leaves time to ask another one.
        let another = Needed {
            time: self.connect.time,
            reason: format!(
                "which one attempt may take by {}: no other pod could be asked",
                self.connect.setting.name
            ),
        };
        reaches(self.deadline, &another, faults);
        fits(&[self.lame_duck, self.drain], Duration::ZERO, self.grace, faults);
    }
}

/// The times of a pod that must fit each other.
#[derive(Debug, Clone, Copy)]
pub struct PodTimes {
    /// How long it may take to give up its cashboxes.
    pub drain: Told,
    /// How long until the process is killed.
    pub grace: Duration,
}

impl PodTimes {
    /// Notes every time that does not fit.
    pub fn check(&self, faults: &mut Faults) {
        fits(&[self.drain], CONNECTIONS_END, self.grace, faults);
    }
}

fn reaches(told: Told, needed: &Needed, faults: &mut Faults) {
    if told.time < needed.time {
        faults.add_text(format!(
            "{} is {} ms: less than the {} ms {}",
            told.setting.name,
            told.time.as_millis(),
            needed.time.as_millis(),
            needed.reason
        ));
    }
}

/// A drain that outlasts the grace period ends in a kill: what is left is taken over, and requests are cut off.
fn fits(drain: &[Told], and: Duration, grace: Duration, faults: &mut Faults) {
    let told: Duration = drain.iter().map(|step| step.time).sum();
    let needed = told + and + EXIT_MARGIN;
    if needed > grace {
        let names: Vec<_> = drain.iter().map(|step| step.setting.name).collect();
        faults.add_text(format!(
            "{} = {}: the process would be killed before its drain of up to {} s ends ({} and {} s to exit)",
            GRACE_SECONDS.name,
            grace.as_secs(),
            needed.as_secs_f64(),
            names.join(", "),
            (and + EXIT_MARGIN).as_secs()
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEADLINE: Setting = Setting::plain("Deadline", "", "");
    const CONNECT: Setting = Setting::plain("Connect", "", "");
    const LAME_DUCK: Setting = Setting::plain("LameDuck", "", "");
    const DRAIN: Setting = Setting::plain("Drain", "", "");

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    const fn told(setting: &'static Setting, time: Duration) -> Told {
        Told { setting, time }
    }

    const LEASE: Lease = Lease {
        lasts: seconds(10),
        renew_every: seconds(2),
    };
    const PROXY: ProxyTimes = ProxyTimes {
        lease: LEASE,
        deadline: told(&DEADLINE, seconds(15)),
        connect: told(&CONNECT, seconds(15)),
        lame_duck: told(&LAME_DUCK, seconds(2)),
        drain: told(&DRAIN, seconds(13)),
        grace: seconds(20),
    };

    fn faults(check: impl FnOnce(&mut Faults)) -> Vec<String> {
        let mut faults = Faults::default();
        check(&mut faults);
        faults.lines().to_vec()
    }

    #[test]
    fn another_pod_serves_a_silent_ones_cashbox_within_thirteen_seconds_by_default() {
        assert_eq!(LEASE.takeover_without_evidence(), seconds(13));
    }

    #[test]
    fn times_that_just_fit_are_no_fault() {
        assert_eq!(faults(|faults| PROXY.check(faults)), [] as [&str; 0]);
        let pod = PodTimes {
            drain: told(&DRAIN, seconds(120)),
            grace: seconds(130),
        };
        assert_eq!(faults(|faults| pod.check(faults)), [] as [&str; 0]);
    }

    #[test]
    fn a_proxy_that_gives_up_before_a_takeover_is_told_both_times() {
        let impatient = ProxyTimes {
            deadline: told(&DEADLINE, seconds(5)),
            connect: told(&CONNECT, seconds(1)),
            drain: told(&DRAIN, seconds(3)),
            ..PROXY
        };
        let said = faults(|faults| impatient.check(faults));
        let rule = "less than the 13000 ms which the takeover from a silent pod takes with Byodc__Lease__Seconds = 10";
        assert_eq!(
            said,
            [
                format!("Deadline is 5000 ms: {rule}"),
                format!("Drain is 3000 ms: {rule}")
            ]
        );
    }

    #[test]
    fn a_deadline_that_one_attempt_to_connect_uses_up_is_a_fault() {
        let slow = ProxyTimes {
            connect: told(&CONNECT, seconds(16)),
            ..PROXY
        };
        assert_eq!(
            faults(|faults| slow.check(faults)),
            [
                "Deadline is 15000 ms: less than the 16000 ms which one attempt may take by Connect: \
                 no other pod could be asked"
            ]
        );
    }

    #[test]
    fn a_drain_that_would_be_cut_off_by_a_kill_is_a_fault_of_either_role() {
        let proxy = ProxyTimes {
            grace: seconds(19),
            ..PROXY
        };
        assert_eq!(
            faults(|faults| proxy.check(faults)),
            [
                "Byodc__Drain__GraceSeconds = 19: the process would be killed before its drain of up to 20 s ends \
                 (LameDuck, Drain and 5 s to exit)"
            ]
        );
        let pod = PodTimes {
            drain: told(&DRAIN, seconds(120)),
            grace: seconds(129),
        };
        assert_eq!(
            faults(|faults| pod.check(faults)),
            [
                "Byodc__Drain__GraceSeconds = 129: the process would be killed before its drain of up to 130 s ends \
                 (Drain and 10 s to exit)"
            ]
        );
    }

    #[test]
    fn a_lease_that_one_lost_renewal_would_end_is_a_fault() {
        let lease = |lasts, renew_every| Lease {
            lasts: seconds(lasts),
            renew_every: seconds(renew_every),
        };
        let said = faults(|faults| lease(3, 2).check(faults));
        assert!(
            said.len() == 1 && said[0].contains("must outlast two renewals"),
            "{said:?}"
        );
        assert_eq!(faults(|faults| lease(4, 2).check(faults)), [] as [&str; 0]);
    }

    #[test]
    fn a_peer_is_given_less_time_than_the_shortest_lease() {
        let shortest = seconds(2);
        assert!(PEER_CONNECT < PEER_ANSWER && PEER_ANSWER + READ_EVERY < shortest);
    }
}
