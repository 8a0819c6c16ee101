//! Every setting of a pod, one part per concern, all faults at once.
//!
//! Each part declares and reads its own settings beside what they configure; this file only lists the parts.

use shared::env::{Faults, Setting, Settings};
use shared::ownership::config as record;
use shared::ownership::config::OwnershipConfig;
use shared::timings::{self, PodTimes, Told};
use shared::trace::config as trace;

use crate::journal::config as journal;
use crate::journal::config::JournalConfig;
use crate::ownership::WhenUnreachable;
use crate::ownership::peer_keys::{self, PeerKeys};
use crate::scu::simulator;
use crate::{cashbox, config_service, deletion_cost, http, ownership, pod, rebalance, shutdown};

/// How a pod is configured.
#[derive(Debug, Clone)]
pub struct Config {
    /// How it presents itself.
    pub pod: pod::Config,
    /// Where it listens and how it answers.
    pub http: http::Config,
    /// Where ownership is recorded, and how long a lease lasts.
    pub ownership: OwnershipConfig,
    /// By which key pods know each other.
    pub peer_keys: PeerKeys,
    /// What happens to a cashbox without a known owner while that place is away.
    pub when_unreachable: WhenUnreachable,
    /// Where receipts are kept.
    pub journal: JournalConfig,
    /// Where cashboxes are described.
    pub config_service: config_service::Config,
    /// Where simulated TSEs live.
    pub simulator: simulator::Config,
    /// How many cashboxes it hosts, and how.
    pub cashbox: cashbox::Config,
    /// Whether idle cashboxes move to pods that were added.
    pub rebalance: rebalance::Config,
    /// Whether the platform is told what its removal costs.
    pub deletion_cost: deletion_cost::Config,
    /// How it stops.
    pub shutdown: shutdown::Config,
    /// Where spans go.
    pub trace: trace::Config,
}

/// Notes every time of a pod that does not fit another.
fn check_times(settings: &Settings, shutdown: &shutdown::Config, faults: &mut Faults) {
    let drain = Told {
        setting: &shutdown::DRAIN_SECONDS,
        time: shutdown.budget,
    };
    let grace = timings::grace(settings, faults);
    PodTimes { drain, grace }.check(faults);
}

impl Config {
    /// Reads every part. What is wrong is noted in `faults`, and reading goes on.
    pub fn read(settings: &Settings, faults: &mut Faults) -> Self {
        let shutdown = shutdown::Config::read(settings, faults);
        check_times(settings, &shutdown, faults);
        Self {
            pod: pod::Config::read(settings, faults),
            http: http::Config::read(settings, faults),
            ownership: OwnershipConfig::read(settings, faults),
            peer_keys: PeerKeys::read(settings, faults),
            when_unreachable: WhenUnreachable::read(settings, faults),
            journal: JournalConfig::read(settings, faults),
            config_service: config_service::Config::read(settings, faults),
            simulator: simulator::Config::read(settings, faults),
            cashbox: cashbox::Config::read(settings, faults),
            rebalance: rebalance::Config::read(settings, faults),
            deletion_cost: deletion_cost::Config::read(settings, faults),
            shutdown,
            trace: trace::Config::read(settings, faults),
        }
    }
}

/// The settings of every part, in the order above: what the README's table and `config show` are made of.
#[must_use]
pub fn settings() -> Vec<&'static [Setting]> {
    vec![
        pod::SETTINGS,
        http::SETTINGS,
        peer_keys::SETTINGS,
        http::journal::config::SETTINGS,
        record::SETTINGS,
        ownership::SETTINGS,
        journal::SETTINGS,
        config_service::SETTINGS,
        simulator::SETTINGS,
        cashbox::SETTINGS,
        cashbox::export::SETTINGS,
        rebalance::SETTINGS,
        deletion_cost::SETTINGS,
        shutdown::SETTINGS,
        timings::SETTINGS,
        trace::SETTINGS,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::env::Origin;

    #[test]
    fn every_default_is_right() {
        let mut faults = Faults::default();
        let _ = Config::read(&Settings::default(), &mut faults);
        assert_eq!(faults.lines(), &[] as &[String]);
    }

    #[test]
    fn faults_of_all_parts_are_reported_together() {
        let wrong = [
            ("Byodc__Http__Listen", "everywhere"),
            ("Byodc__Pod__Name", "Upper Case"),
            ("Byodc__Cashbox__MailboxDepth", "0"),
        ];
        let mut faults = Faults::default();
        let _ = Config::read(&Settings::default().with(Origin::Environment, wrong), &mut faults);
        for (name, _) in wrong {
            assert!(
                faults.lines().iter().any(|line| line.starts_with(name)),
                "{name}: {faults}"
            );
        }
    }

    #[test]
    fn no_setting_is_declared_twice() {
        let mut names: Vec<_> = settings().concat().iter().map(|setting| setting.name).collect();
        let declared = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), declared);
    }
}
