//! The order in which a pod stops.

use std::time::Duration;

use shared::env::{Faults, Setting, Settings};

/// How long a drain may take.
pub const DRAIN_SECONDS: Setting = Setting::plain(
    "Byodc__Drain__Seconds",
    "120",
    "how long a pod that is told to stop finishes receipts and releases cashboxes, 1 to 3600; what is left then \
     is taken over by others",
);
/// How many cashboxes are released at once.
pub const RELEASES_MAX: Setting = Setting::plain(
    "Byodc__Drain__ReleasesMax",
    "64",
    "how many cashboxes are released at the same time while the pod stops, 1 to 4096",
);

/// Every setting of this part.
pub const SETTINGS: &[Setting] = &[DRAIN_SECONDS, RELEASES_MAX];

/// How a pod stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `Byodc__Drain__Seconds`.
    pub budget: Duration,
    /// `Byodc__Drain__ReleasesMax`.
    pub releases_max: usize,
}

impl Config {
    /// Reads how a pod stops.
    pub fn read(settings: &Settings, faults: &mut Faults) -> Self {
        let releases_max = settings.number(&RELEASES_MAX, 1..=4096, faults);
        Self {
            budget: Duration::from_secs(settings.number(&DRAIN_SECONDS, 1..=3600, faults)),
            releases_max: usize::try_from(releases_max).expect("4096 fits into usize"),
        }
    }
}
